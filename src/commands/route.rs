//! `mcpmon route`

use clap::Subcommand;
use jiff::Timestamp;

use super::Context;
use crate::diagnostic::suggest;
use crate::exit::{Exit, Stop};
use crate::output::{Format, Mark};
use crate::route;

/// Ask who is told about an alert.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to ask.
    #[command(subcommand)]
    pub command: Command,
}

/// What to ask about routes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say who would be told about an alert with these labels, and why
    Test(TestArgs),
}

/// Say who would be told about an alert.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// Labels of the alert: `severity=critical service=terminal`
    #[arg(value_name = "LABEL=VALUE", value_parser = label)]
    pub labels: Vec<(String, String)>,
    /// Take the labels that the rule of this alert gives it
    #[arg(long, value_name = "NAME")]
    pub alert: Option<String>,
    /// The moment at which mute times are looked at, instead of now: `2027-01-31T23:30` (UTC)
    #[arg(long, value_name = "TIME", value_parser = route::moment)]
    pub at: Option<Timestamp>,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a label is written like `severity=critical`".to_owned()),
    }
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let Command::Test(args) = &args.command;
    let project = context.project_without_warnings()?;
    let rules = route::rule_labels(&project.bundle)?;
    let alert = args.alert.as_ref().map(|name| {
        rules.get(name).ok_or_else(|| {
            let help = suggest(name, rules.keys().map(String::as_str));
            Stop::new(Exit::Usage, format!("this stack has no alert `{name}`: {help}"))
        })
    });
    let given = args.labels.iter().cloned().collect();
    let labels =
        route::assemble(&project.document, &project.stack, &rules, alert.transpose()?, &given);
    let now = || Timestamp::now().round(jiff::Unit::Second).unwrap_or_else(|_| Timestamp::now());
    let at = args.at.unwrap_or_else(now);
    let report = route::explain(&project.document, &project.stack, &labels, at);
    if args.output == Format::Json {
        context.printer.json(&report)?;
    } else {
        context.printer.data(&report.text());
        for note in &report.notes {
            context.printer.mark(Mark::Note, note);
        }
    }
    Ok(Exit::Done)
}
