//! `mcpmon query`

use indexmap::IndexMap;
use serde::Serialize;

use super::Context;
use super::shape::Shape;
use crate::check::http::Http;
use crate::check::subject::near;
use crate::diagnostic::suggest;
use crate::engine::Status;
use crate::exit::{Exit, Stop};
use crate::manifest::{Duration, Language, Query};
use crate::query::{Asked, ask, library, table};
use crate::stack::{self, Stack};

/// Run a saved query, or any, against the running stack; list the saved ones where none is named.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a saved query, or an expression in `PromQL`
    #[arg(value_name = "NAME|EXPR")]
    pub query: Option<String>,
    /// The expression is `LogQL`
    #[arg(long, requires = "query")]
    pub logql: bool,
    /// Ask about this service alone
    #[arg(long, requires = "query")]
    pub service: Option<String>,
    /// Ask about this group of services alone
    #[arg(long, requires = "query")]
    pub group: Option<String>,
    /// How far back: lines and counts of the last hour where nothing is said; metrics are shown as they are now, or
    /// with their last, least, mean and largest value over this time
    #[arg(long, value_name = "DURATION", value_parser = Duration::parse, requires = "query")]
    pub since: Option<Duration>,
    /// Lines at most, the newest
    #[arg(long, short = 'n', default_value_t = 100)]
    pub limit: usize,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Shape,
}

/// How far back lines are looked for where nothing is said.
const SINCE: Duration = Duration::from_secs(3600);

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    language: &'static str,
    description: Option<&'a str>,
    expr: &'a str,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let document = context.document()?;
    let catalog = Context::catalog(&document)?;
    let own =
        document.manifest.queries.iter().map(|(name, query)| (name.to_string(), query.clone()));
    let saved = library(&catalog.assets, &own.collect())?;
    let Some(wanted) = &args.query else {
        list(&saved, args.output, context)?;
        return Ok(Exit::Done);
    };
    let stack = stack::resolve(&document, &catalog)
        .map_err(|found| context.wrong(&found, &document.sources))?
        .stack;
    let query = find(wanted, args.logql, &saved)?;
    known(args, &stack)?;
    let asked = Asked {
        service: args.service.clone(),
        group: args.group.clone(),
        range: format!("{}s", args.since.unwrap_or(SINCE).millis().div_ceil(1000)),
    };
    let expr = asked.fill(&query).map_err(|problem| Stop::new(Exit::Usage, problem))?;
    let since = match query.language {
        Language::Promql => args.since,
        Language::Logql => Some(args.since.unwrap_or(SINCE)),
    };
    let address = address(query.language.component(), &stack, context).await?;
    let question = ask::Question {
        base_url: &address,
        language: query.language,
        expr: &expr,
        since: since.map(|since| since.millis().div_ceil(1000)),
        limit: args.limit,
        now: jiff::Timestamp::now().as_second(),
    };
    let (answer, raw) = ask(&Http::default(), &question).await.map_err(anyhow::Error::msg)?;
    if args.output == Shape::Json {
        let language = query.language.as_str();
        let document = serde_json::json!({
            "schema_version": 1, "query": wanted, "language": language, "expr": expr, "result": raw,
        });
        context.printer.json(&document)?;
    } else if let Some(text) = table::draw(&answer) {
        context.printer.data(&text);
    } else {
        context.printer.line(format!("no result: {expr}"));
    }
    Ok(Exit::Done)
}

/// The saved query of that name, or the expression itself.
fn find(wanted: &str, logql: bool, saved: &IndexMap<String, Query>) -> anyhow::Result<Query> {
    if let Some(query) = saved.get(wanted).filter(|_| !logql) {
        return Ok(query.clone());
    }
    // `up` is an expression; `request-rat` would be a difference that nobody asks for.
    let name = wanted.contains('-') && wanted.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    if name && !logql {
        let help = suggest(wanted, saved.keys().map(String::as_str));
        return Err(
            Stop::new(Exit::Usage, format!("there is no saved query `{wanted}`: {help}")).into()
        );
    }
    let language = if logql { Language::Logql } else { Language::Promql };
    Ok(Query { description: None, language, expr: wanted.to_owned() })
}

/// Services and groups that are named exist.
fn known(args: &Args, stack: &Stack) -> anyhow::Result<()> {
    let services = || stack.services.iter().map(|s| s.name.as_str());
    let groups = || stack.services.iter().map(|s| s.group.as_str());
    let unknown = |what: &str, name: &str, help: String| {
        anyhow::Error::from(Stop::new(Exit::Usage, format!("there is no {what} `{name}`: {help}")))
    };
    if let Some(name) =
        args.service.as_deref().filter(|name| services().all(|known| known != *name))
    {
        return Err(unknown("service", name, suggest(name, services())));
    }
    if let Some(name) = args.group.as_deref().filter(|name| groups().all(|known| known != *name)) {
        let groups: std::collections::BTreeSet<&str> = groups().collect();
        return Err(unknown("group", name, suggest(name, groups)));
    }
    Ok(())
}

fn list(saved: &IndexMap<String, Query>, output: Shape, context: &Context) -> anyhow::Result<()> {
    let listed: Vec<Listed<'_>> = saved
        .iter()
        .map(|(name, query)| Listed {
            name,
            language: query.language.as_str(),
            description: query.description.as_deref(),
            expr: &query.expr,
        })
        .collect();
    if output == Shape::Json {
        return context.printer.json(&serde_json::json!({"schema_version": 1, "queries": listed}));
    }
    let width = listed.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let line = |row: &Listed<'_>| {
        format!("{:width$}  {:6}  {}", row.name, row.language, row.description.unwrap_or(row.expr))
    };
    context.printer.data(&listed.iter().map(line).collect::<Vec<_>>().join("\n"));
    Ok(())
}

/// Where a component of the running stack answers.
pub(super) async fn address(
    name: &str,
    stack: &Stack,
    context: &Context,
) -> anyhow::Result<String> {
    let part = stack.components.get(name).ok_or_else(|| {
        Stop::new(Exit::Usage, format!("{name} is not part of the stack {}", stack.name))
    })?;
    let container = context.reader().await?.container(&stack.container(name)).await?;
    let found = container.filter(|container| container.state.status == Status::Running).and_then(
        |container| {
            container.published(part.spec.port).map(|port| format!("http://{}", near(port)))
        },
    );
    found.ok_or_else(|| {
        Stop::new(Exit::Failed, format!("{name} does not run; `mcpmon up` starts it")).into()
    })
}
