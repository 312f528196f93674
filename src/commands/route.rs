//! `mcpmon route`

use clap::Subcommand;
use jiff::Timestamp;

use super::Context;
use super::query::address;
use crate::diagnostic::suggest;
use crate::engine::Holder;
use crate::exit::{Exit, Stop};
use crate::manifest::Duration;
use crate::output::{Format, Mark};
use crate::route::send::{self, Alertmanager, Outcome, Sent};
use crate::route::{self, AlertLabels, Report};
use crate::stack::Stack;

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
#[command(after_help = "Examples:
  mcpmon route test --alert ServiceDown service=terminal
  mcpmon route test severity=critical service=terminal --send")]
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
    /// Also send such an alert to the running Alertmanager, and wait until everybody is told; it says that
    /// it is only a test, and is resolved at the end
    #[arg(long, conflicts_with = "at")]
    pub send: bool,
    /// How long to wait for its delivery, instead of the wait of its group (`group_wait`, or
    /// `group_interval` after an earlier test) and 30 s
    #[arg(long, value_parser = Duration::parse, requires = "send")]
    pub timeout: Option<Duration>,
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

impl Args {
    /// Whether something is sent that is cleaned up when Ctrl-C ends the command.
    pub fn sends(&self) -> bool {
        let Command::Test(args) = &self.command;
        args.send
    }
}

/// A report, and what became of the alert.
#[derive(serde::Serialize)]
struct WithSent<'a> {
    #[serde(flatten)]
    report: &'a Report,
    sent: &'a Sent,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
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
    let mut labels =
        route::assemble(&project.document, &project.stack, &rules, alert.transpose()?, &given);
    if args.send {
        send::name(&mut labels);
    }
    let now = || Timestamp::now().round(jiff::Unit::Second).unwrap_or_else(|_| Timestamp::now());
    let at = args.at.unwrap_or_else(now);
    let report = route::explain(&project.document, &project.stack, &labels, at);
    if args.output != Format::Json {
        context.printer.data(&report.text());
        for note in &report.notes {
            context.printer.mark(Mark::Note, note);
        }
    }
    if args.send {
        let sent = sent(args, &project.stack, &labels, &report, context).await?;
        return told(&report, &sent, args.output, context);
    }
    if args.output == Format::Json {
        context.printer.json(&report)?;
    }
    Ok(Exit::Done)
}

/// Sends the alert.
async fn sent(
    args: &TestArgs,
    stack: &Stack,
    labels: &AlertLabels,
    report: &Report,
    context: &Context,
) -> anyhow::Result<Sent> {
    let stop = crate::stop::requested()?;
    let alertmanager = Alertmanager::at(address("alertmanager", stack, context).await?);
    let timeout = args.timeout.map_or_else(|| send::patience(report), Duration::std);
    let Holder { user, host, .. } = Holder::current("route test");
    let test = send::Test {
        report,
        notifications: &stack.notifications,
        labels: &labels.labels,
        sender: &format!("{user}@{host}"),
        timeout,
    };
    let _waiting = context.printer.step(format!("waiting until all are told, {timeout:?} at most"));
    send::send(&alertmanager, &test, stop).await.map_err(anyhow::Error::msg)
}

/// Says who was told.
fn told(report: &Report, sent: &Sent, output: Format, context: &Context) -> anyhow::Result<Exit> {
    let printer = &context.printer;
    if output == Format::Json {
        printer.json(&WithSent { report, sent })?;
    } else {
        for delivery in &sent.deliveries {
            let mark = match delivery.outcome {
                Outcome::Delivered => Mark::Good,
                Outcome::Later => Mark::Note,
                Outcome::Failed | Outcome::Muted | Outcome::Unsent => Mark::Bad,
            };
            printer.mark(mark, delivery.line());
        }
        if sent.deliveries.is_empty() {
            printer.mark(Mark::Bad, "nothing was sent: no route leads such an alert to anybody");
        }
    }
    if let Some(left) = &sent.left {
        printer.mark(Mark::Bad, left);
    }
    Ok(if sent.interrupted {
        Exit::Interrupted
    } else if sent.is_delivered() {
        Exit::Done
    } else {
        Exit::Failed
    })
}
