//! `mcpmon metrics`

use std::io::Read as _;
use std::path::Path;

use clap::Subcommand;

use super::Context;
use super::credentials::{self, text};
use crate::assets::Assets;
use crate::catalog::Catalog;
use crate::exit::{Exit, Stop};
use crate::manifest::{Auth, Document};
use crate::metrics::{Credentials, Exposition, Report, fetch, place, report::Known};
use crate::output::Format;
use crate::render::rules::{self, Unit};

/// Look at the metrics of a service.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do with them
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with them.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Say which dialect an endpoint speaks, what is missing, and what will hurt later
    Check(Check),
}

/// Check one endpoint.
///
/// Ends with 1 when it speaks no dialect, lacks a required role, or serves lines that Prometheus would refuse.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// A URL, the name of a service in the manifest, or `-` for a text on standard input
    #[arg(value_name = "URL|SERVICE")]
    pub subject: String,
    /// Credentials that the URL asks for
    #[command(flatten)]
    pub credentials: credentials::Flags,
    /// Print a dialect file to start from
    #[arg(long)]
    pub draft: bool,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let Action::Check(check) = &args.action;
    self::check(check, context).await
}

/// What is asked, and what the manifest says about it.
struct Subject {
    /// The address as containers know it.
    url: String,
    text: String,
    /// The service's name and dialect.
    service: Option<(String, Option<String>)>,
}

async fn check(args: &Check, context: &Context) -> anyhow::Result<Exit> {
    let is_url = args.subject.contains("://");
    // A URL or a text can be checked anywhere; where there is a manifest, its own dialects count.
    let has_manifest = context.global.files.iter().all(|file| file.is_file());
    let document = match (is_url || args.subject == "-", has_manifest) {
        (true, false) => None,
        _ => Some(context.document()?),
    };
    let subject = match (&document, args.subject.as_str()) {
        (_, "-") => from_stdin()?,
        (Some(document), name) if !is_url => service(name, document, context).await?,
        (_, url) => {
            let credentials = credentials(&args.credentials)?;
            let text = fetch(url, credentials.as_ref()).await.map_err(failed)?;
            Subject { url: url.to_owned(), text, service: None }
        }
    };
    let served = Exposition::read(&subject.text);
    if served.samples.is_empty() && !served.problems.is_empty() {
        return Err(failed(format!("{}: the answer holds no metrics", subject.url)));
    }
    if args.draft {
        context.printer.data(&Report::draft(&served).map_err(failed)?);
        return Ok(Exit::Done);
    }
    let catalog = match &document {
        Some(document) => Context::catalog(document)?,
        None => Catalog::load(Assets::shipped())?,
    };
    let dialects = rules::dialects(&catalog.assets)?;
    let thresholds = thresholds(&catalog, document.as_ref())?;
    let service = subject.service.as_ref();
    let known = Known {
        dialects: &dialects,
        thresholds: &thresholds,
        service: service.map(|(name, dialect)| (name.as_str(), dialect.as_deref())),
        url: &subject.url,
    };
    let report = Report::new(&subject.url, &served, &known);
    match args.output {
        Format::Text => report.print(&context.printer),
        Format::Json => context.printer.json(&report)?,
        Format::Junit => {
            return Err(Stop::new(Exit::Usage, "metrics are told as text or json").into());
        }
    }
    Ok(if report.is_ok() { Exit::Done } else { Exit::Failed })
}

fn failed(problem: String) -> anyhow::Error {
    Stop::new(Exit::Failed, problem).into()
}

fn from_stdin() -> anyhow::Result<Subject> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|error| failed(format!("cannot read standard input: {error}")))?;
    if text.trim().is_empty() {
        return Err(failed("standard input is empty".to_owned()));
    }
    Ok(Subject { url: "standard input".to_owned(), text, service: None })
}

async fn service(name: &str, document: &Document, context: &Context) -> anyhow::Result<Subject> {
    let url = place::metrics_url(document, name).map_err(|e| Stop::new(Exit::Usage, e))?;
    let reader = context.reader().await?;
    let here = place::from_here(&reader, document, &url).await?;
    let manifest = &document.manifest;
    let found = manifest.services.iter().find(|(key, _)| key.as_str() == name);
    let found = found.map(|(_, service)| service);
    let auth = found.and_then(|service| service.metrics.as_ref()?.auth.as_ref());
    let credentials = auth.map(|auth| of_manifest(auth, &document.dir)).transpose()?;
    let text = fetch(&here, credentials.as_ref()).await.map_err(|problem| {
        failed(format!(
            "{problem}\n`{url}` is an address for containers. Where this host cannot reach it, publish its port, or ask from inside: `docker exec CONTAINER wget -qO- http://localhost:{}{} | mcpmon metrics check -`",
            url.port(),
            url.path()
        ))
    })?;
    let demo = found.and_then(|service| service.run.as_ref()?.demo.as_ref());
    let dialect = found
        .and_then(|service| service.dialect.clone())
        .or_else(|| demo.map(|demo| demo.dialect.as_str().to_owned()))
        .or_else(|| manifest.defaults.dialect.clone());
    Ok(Subject { url: url.to_string(), text, service: Some((name.to_owned(), dialect)) })
}

fn credentials(args: &credentials::Flags) -> anyhow::Result<Option<Credentials>> {
    let here = Path::new("");
    Ok(match (&args.bearer, &args.basic, &args.header) {
        (Some(source), ..) => Some(Credentials::Bearer(text(source, here)?)),
        (_, Some((user, source)), _) => Some(Credentials::Basic(user.clone(), text(source, here)?)),
        (.., Some((name, source))) => Some(Credentials::Header(name.clone(), text(source, here)?)),
        _ => None,
    })
}

fn of_manifest(auth: &Auth, dir: &Path) -> anyhow::Result<Credentials> {
    Ok(match auth {
        Auth::Bearer(source) => Credentials::Bearer(text(source, dir)?),
        Auth::Basic { username, password } => {
            Credentials::Basic(username.clone(), text(password, dir)?)
        }
        Auth::Header { name, value } => Credentials::Header(name.to_string(), text(value, dir)?),
    })
}

/// What the alerts in use ask about latency.
fn thresholds(
    catalog: &Catalog,
    document: Option<&Document>,
) -> anyhow::Result<Vec<(String, f64)>> {
    let all = rules::catalog(&catalog.assets)?;
    let alerts = document.map(|document| &document.manifest.alerts);
    let mut found = Vec::new();
    for (pack, facts) in &all.packs {
        let used = alerts.map_or(pack == "services", |alerts| alerts.packs.contains(pack));
        for (name, facts) in facts.alerts.iter().filter(|_| used) {
            let change = alerts.and_then(|alerts| alerts.overrides.get(name)?.threshold);
            let threshold = change.or(facts.threshold);
            if facts.category == "latency" && facts.unit == Some(Unit::Seconds) {
                found.extend(threshold.map(|threshold| (name.clone(), threshold)));
            }
        }
    }
    Ok(found)
}
