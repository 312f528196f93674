//! `mcpmon integrate`

use std::path::PathBuf;

use super::Context;
use super::found::who;
use crate::exit::{Exit, Stop};
use crate::integrate::{Entry, Seen, Standing, environment, look, place};
use crate::manifest::Name;
use crate::output::Mark;
use crate::render::rules;
use crate::yaml;

/// Add a running container to the manifest.
///
/// Looks at the container and its ports, and shows the entry that it gets. Nothing is written without `--write`, and
/// the container itself is never touched.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the container
    pub container: String,
    /// Name of the service; the container's name where none is given
    #[arg(long, value_parser = name)]
    pub name: Option<Name>,
    /// Group of the service
    #[arg(long, value_parser = name)]
    pub group: Option<Name>,
    /// Write the manifest, and the env file
    #[arg(long)]
    pub write: bool,
    /// Env file that gets a block with what the container needs
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
}

fn name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.replace(yaml::HELP, "; "))
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let document = context.document()?;
    let catalog = Context::catalog(&document)?;
    let dialects = rules::dialects(&catalog.assets)?;
    let reader = context.reader().await?;
    let seen = look(&reader, &document, &dialects, &args.container).await?;
    tell(&seen, context);

    let mut changes = Vec::new();
    let nothing = seen.metrics.is_none() && seen.mcp.is_none();
    let entry = Entry::new(&seen, args.name.clone(), args.group.as_ref());
    match entry.standing(&document) {
        Standing::Taken => {
            let message = format!(
                "`services.{}` is another service already; choose a name with --name",
                entry.name
            );
            return Err(Stop::new(Exit::Usage, message).into());
        }
        Standing::There(name, differs) => {
            let text = format!("it is in the manifest already, as `{name}`");
            context.printer.mark(Mark::Good, text);
            for difference in differs {
                context.printer.mark(Mark::Note, format!("services.{name}: {difference}"));
            }
        }
        // Without an address there is nothing to write down, but the environment may bring one.
        Standing::New if nothing => {}
        Standing::New => {
            changes.extend(place::changes(&[entry], &document, &context.global.files)?);
        }
    }
    if let Some(file) = &args.env_file {
        changes.push(environment::change(file, &seen)?);
    }
    for change in &changes {
        if change.is_empty() {
            let text = format!("{} is as it should be", change.path.display());
            context.printer.mark(Mark::Good, text);
            continue;
        }
        if args.write {
            change.write()?;
            context.printer.mark(Mark::Good, format!("wrote {}", change.path.display()));
        } else {
            context.printer.data(&change.diff());
        }
    }
    if !args.write && changes.iter().any(|change| !change.is_empty()) {
        context.printer.line("nothing was written; `--write` does");
    }
    advise(args, &seen, context);
    if nothing {
        let message = format!(
            "{} answers no question about metrics or MCP, so there is nothing to write down yet",
            seen.container
        );
        return Err(Stop::new(Exit::Failed, message).into());
    }
    Ok(Exit::Done)
}

fn tell(seen: &Seen, context: &Context) {
    let printer = &context.printer;
    let about = &seen.about;
    let health = about.health.as_ref().map(|health| format!(", {health}")).unwrap_or_default();
    let network = seen.network.as_deref().unwrap_or("the host's own");
    printer.line(format!("{} ({}{health}) in the network {network}", seen.container, about.image));
    if let Some(metrics) = &seen.metrics {
        let dialect = metrics.dialect.as_deref().unwrap_or("none that is known");
        let text = format!(
            "metrics at port {}{}: {} series, dialect {dialect}",
            metrics.port, metrics.path, metrics.series
        );
        printer.mark(if metrics.dialect.is_some() { Mark::Good } else { Mark::Note }, text);
    }
    if let Some(mcp) = &seen.mcp {
        let text = format!("MCP at port {}{}: {}", mcp.port, mcp.heard.path, who(&mcp.heard));
        printer.mark(Mark::Good, text);
    }
    for note in &seen.notes {
        printer.mark(Mark::Note, note);
    }
}

fn advise(args: &Args, seen: &Seen, context: &Context) {
    let printer = &context.printer;
    let missing = environment::missing(seen);
    if missing.is_empty() {
        printer.mark(Mark::Good, "its environment is as it should be");
    } else {
        printer.line("\nThe container should be told:");
        for (name, value) in &missing {
            printer.line(format!("  {name}={value}"));
        }
        if !seen.about.env.contains_key("SENTRY_DSN") {
            printer
                .line("  (and SENTRY_DSN, if you use Sentry: a secret, so never in the manifest)");
        }
        printer.line("A restart does not read the environment anew; make the container anew:");
        printer.line(format!("  {}", environment::recreate(seen, args.env_file.as_deref())));
    }
    printer
        .line("\nThen: `mcpmon validate`, and `mcpmon reload` (`mcpmon up` if a network is new)");
}
