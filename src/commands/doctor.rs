//! `mcpmon doctor`

use super::Context;
use crate::apply::self_image_reference;
use crate::doctor::{self, Diagnosis, Finding, Level, Patient, fix};
use crate::engine::{Engine, Reader};
use crate::exit::Exit;
use crate::output::{Format, Mark, Printer};
use crate::plan;

/// Look for what is wrong with the engine, the host and the stack, and say what mends it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Mend what can be mended without that anybody loses anything
    #[arg(long)]
    pub fix: bool,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let secrets = context.secrets(&project)?;
    let endpoint = Context::endpoint()?;
    let reader = Reader::connect(&endpoint).await?;
    let own = self_image_reference(&project.stack)?;
    let units = plan::wanted(&project.stack, &project.bundle, &secrets, &own);
    let observed = plan::observe(&reader, &project.stack.name, &units, None).await?;
    let patient = Patient {
        reader: &reader,
        endpoint: &endpoint,
        project: &project,
        units: &units,
        secrets: &secrets,
        observed: &observed,
    };
    let diagnosis = doctor::examine(&patient).await?;
    match args.output {
        Format::Json => context.printer.json(&diagnosis)?,
        _ => show(&diagnosis, &context.printer),
    }
    if args.fix {
        for done in fix::apply(&Engine::from(reader), &diagnosis).await? {
            context.printer.mark(Mark::Good, done);
        }
    }
    Ok(if diagnosis.level == Level::Problem { Exit::Failed } else { Exit::Done })
}

fn show(diagnosis: &Diagnosis, printer: &Printer) {
    for finding in &diagnosis.findings {
        print(finding, printer);
    }
    let count = |level| diagnosis.findings.iter().filter(|f| f.level == level).count();
    let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
    let (mark, text) = match diagnosis.level {
        Level::Fine => (Mark::Good, "nothing is wrong".to_owned()),
        _ => (
            if problems > 0 { Mark::Bad } else { Mark::Note },
            format!("{problems} wrong, {warnings} to look at"),
        ),
    };
    printer.mark(mark, format!("{}: {text}", diagnosis.stack));
}

/// Prints one finding.
pub fn print(finding: &Finding, printer: &Printer) {
    let mark = match finding.level {
        Level::Fine => Mark::Good,
        Level::Warning => Mark::Note,
        Level::Problem => Mark::Bad,
    };
    printer.mark(mark, finding.text());
}
