//! `mcpmon slo simulate`

use jiff::Timestamp;
use serde_json::json;

use super::{Context, chosen};
use crate::commands::Project;
use crate::commands::shape::Shape;
use crate::exit::{Exit, Stop};
use crate::manifest::{Duration, Percent};
use crate::route;
use crate::slo::simulate::{Alarm, Outage, simulate};
use crate::slo::{Slo, Subject};

/// Say what an outage would do.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Objectives; all of them where none is named
    pub names: Vec<String>,
    /// How long it lasts
    #[arg(long, value_name = "DURATION", value_parser = Duration::parse)]
    pub outage: Duration,
    /// The share of events that is bad meanwhile
    #[arg(long, value_name = "PERCENT", value_parser = Percent::parse, default_value = "100%")]
    pub errors: Percent,
    /// The service that it happens to; the first that the objective is about where none is named
    #[arg(long)]
    pub service: Option<String>,
    /// How much Prometheus has seen before, where that is less than the windows
    #[arg(long, value_name = "DURATION", value_parser = Duration::parse)]
    pub history: Option<Duration>,
    /// Events per second, which `min_events` asks for
    #[arg(long, value_name = "NUMBER")]
    pub rate: Option<f64>,
    /// When it begins, for mute times, instead of now: `2027-01-31T23:30` (UTC)
    #[arg(long, value_name = "TIME", value_parser = route::moment)]
    pub at: Option<Timestamp>,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Shape,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let slos = chosen(&project.stack.slos, &args.names)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // At most 75 seconds.
    let outage = Outage {
        lasts: args.outage.millis() / 1000,
        errors: args.errors.share(),
        history: args.history.map(|history| history.millis() / 1000),
        events: args.rate,
        scrape: project.stack.scrape.interval_seconds.ceil() as u64,
    };
    let at = args.at.unwrap_or_else(Timestamp::now);
    let mut lines = Vec::new();
    let mut documents = Vec::new();
    for slo in slos {
        let subject = match &args.service {
            None => slo.subjects.first(),
            Some(name) => slo.subjects.iter().find(|subject| subject.service == *name),
        };
        let Some(subject) = subject else { continue };
        let outcome = simulate(slo, slo.objective_of(&subject.service), &outage);
        lines.push(outcome.headline(&subject.service));
        let mut alarms = Vec::new();
        for alarm in &outcome.tiers {
            let told = if alarm.from.is_some() {
                people(&project, slo, subject, alarm, at)?
            } else {
                Vec::new()
            };
            lines.push(format!("  {:8}  {:8}  {}", alarm.tier, alarm.severity, alarm.when()));
            lines.extend(told.iter().map(|who| format!("            → {who}")));
            alarms.push(json!({"alarm": alarm, "told": told}));
        }
        documents.push(json!({
            "slo": outcome.slo, "service": subject.service, "objective": outcome.objective,
            "budget_used": outcome.budget_used, "burn": outcome.burn, "tiers": alarms,
        }));
    }
    if documents.is_empty() {
        let service = args.service.as_deref().unwrap_or_default();
        return Err(
            Stop::new(Exit::Usage, format!("no objective is about a service `{service}`")).into()
        );
    }
    if args.output == Shape::Json {
        context.printer.json(&json!({"schema_version": 1, "objectives": documents}))?;
    } else {
        context.printer.data(&lines.join("\n"));
    }
    Ok(Exit::Done)
}

/// Who is told, and how long the message waits for others of its group.
fn people(
    project: &Project,
    slo: &Slo,
    subject: &Subject,
    alarm: &Alarm,
    at: Timestamp,
) -> anyhow::Result<Vec<String>> {
    let tier = slo.tiers.iter().find(|tier| tier.window.name == alarm.tier);
    let labels = slo.labels(tier, Some(subject));
    let rules = route::rule_labels(&project.bundle)?;
    let labels = route::assemble(&project.document, &project.stack, &rules, None, &labels);
    let report = route::explain(&project.document, &project.stack, &labels, at);
    let mut out: Vec<String> = report
        .told
        .iter()
        .map(|person| {
            let muted = person.muted.as_ref().map(|why| format!(", but not then: {why}"));
            format!(
                "{} ({}), {} later{}",
                person.receiver,
                person.ways.join("; "),
                person.group_wait,
                muted.unwrap_or_default()
            )
        })
        .collect();
    if out.is_empty() {
        out.push("nobody".to_owned());
    }
    Ok(out)
}
