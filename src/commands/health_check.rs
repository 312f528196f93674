//! `mcpmon health-check`

use std::time::Instant;

use super::Context;
use crate::apply::self_image_reference;
use crate::check::{self, HealthContext, Report, Verdict};
use crate::diagnostic::suggest;
use crate::doctor::{self, Finding, Patient};
use crate::exit::{Exit, Stop};
use crate::manifest::Duration;
use crate::output::Format;
use crate::plan;

/// Ask whether everything works, with evidence
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Wait until every check passes
    #[arg(long)]
    pub wait: bool,
    /// How long to wait
    #[arg(long, default_value = "2m", value_parser = Duration::parse, requires = "wait")]
    pub timeout: Duration,
    /// Run these checks alone
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Say for every failed check what leads to its cause
    #[arg(long)]
    pub explain: bool,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    known(&args.only)?;
    let (project, reader) = context.project_beside(false, Box::pin(context.reader())).await?;
    let secrets = context.secrets(&project)?;
    let reader = reader?;
    let image = self_image_reference(&project.stack)?;
    let units = plan::wanted(&project.stack, &project.bundle, &secrets, &image);
    let health =
        HealthContext { reader: &reader, stack: &project.stack, units: &units, secrets: &secrets };
    let report = if args.wait {
        let _waiting = context.printer.step("waiting until every check passes");
        check::wait_healthy(&health, &args.only, Instant::now() + args.timeout.std()).await
    } else {
        check::health(&health, &args.only).await
    };
    show(&report, args.output, context)?;
    if args.explain {
        let endpoint = Context::endpoint()?;
        let observed = plan::observe(&reader, &project.stack.name, &units, None).await?;
        let patient = Patient {
            reader: &reader,
            endpoint: &endpoint,
            project: &project,
            units: &units,
            secrets: &secrets,
            observed: &observed,
        };
        explain(&report, &patient, context).await;
    } else if !report.is_healthy() && args.output == Format::Text {
        context.printer.line("`mcpmon doctor` looks for the cause");
    }
    Ok(if report.is_healthy() { Exit::Done } else { Exit::Failed })
}

/// Says what leads to the cause of each failed check; the same cause is told once.
async fn explain(report: &Report, patient: &Patient<'_>, context: &Context) {
    let mut told: Vec<Finding> = Vec::new();
    let failed = report.checks.iter().filter(|check| check.verdict == Verdict::Failed);
    for check in failed {
        for finding in doctor::explain(patient, check.name).await {
            if !told.contains(&finding) {
                super::doctor::print(&finding, &context.printer);
                told.push(finding);
            }
        }
    }
}

fn known(only: &[String]) -> anyhow::Result<()> {
    let names = check::names();
    match only.iter().find(|name| names.iter().all(|(known, _)| known != name)) {
        None => Ok(()),
        Some(name) => {
            let help = suggest(name, names.iter().map(|(name, _)| *name));
            Err(Stop::new(Exit::Usage, format!("there is no check `{name}`: {help}")).into())
        }
    }
}

fn show(report: &Report, format: Format, context: &Context) -> anyhow::Result<()> {
    match format {
        Format::Text => report.print(&context.printer),
        Format::Json => context.printer.json(report)?,
        Format::Junit => context.printer.data(&report.junit()),
    }
    Ok(())
}
