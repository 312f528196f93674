//! `mcpmon upgrade`

use std::path::PathBuf;

use super::agree;
use super::change::ChangeArgs;
use super::chosen::chosen;
use super::shape::Shape;
use super::up::parse_duration;
use super::{Context, Project};
use crate::apply::{self, Options, self_image_reference};
use crate::engine::Reader;
use crate::exit::{Exit, Stop};
use crate::history::{History, place};
use crate::manifest::Duration;
use crate::output::Mark;
use crate::plan;
use crate::stack::Secrets;
use crate::upgrade::{self, Move, Report, hold};

/// Bring programs to the versions that the manifest wants.
///
/// Shows which version of each component runs, which one is wanted (what `version:` says in the
/// manifest, else the one that this mcpmon was written for) and what breaks in between; then it goes
/// the way of `mcpmon up`: checked first, proven after, undone if wrong. The manifest is never edited.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these; the others stay at the version that they run
    #[arg(value_name = "COMPONENT")]
    pub components: Vec<String>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Copy the data of what changes to this folder first, one tar for each volume; each program stands
    /// still while it is copied
    #[arg(long, value_name = "DIR")]
    pub backup: Option<PathBuf>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Shape of the report
    #[arg(long, value_enum, default_value_t)]
    pub output: Shape,
    /// How long everything may take to become ready
    #[arg(long, default_value = "5m", value_parser = parse_duration)]
    pub timeout: Duration,
    /// What every change takes.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let chosen = chosen(&args.components, &project)?;
    let secrets = context.secrets(&project)?;
    let engine = context.engine().await?;
    let (project, report, moves) = look(context, engine.reader(), project, &chosen).await?;
    match args.output {
        Shape::Text => context.printer.data(&report.text()),
        Shape::Json => context.printer.json(&report)?,
    }
    if !report.pending {
        let text = "every component runs the version that is wanted";
        context.printer.mark(Mark::Good, text);
        return Ok(Exit::Done);
    }
    upgrade::require(&moves)?;
    if args.dry_run {
        return Ok(Exit::Done);
    }
    agree(args, context, &report)?;
    let changed: Vec<&str> = moves.iter().map(|step| step.name.as_str()).collect();
    if let Some(dir) = &args.backup {
        let how = ("mcpmon upgrade", args.change.lock.wait());
        apply::backup(context, &engine, &project.stack, &changed, dir, how).await?;
    }
    let options = args.change.options("mcpmon upgrade", args.timeout);
    let options = Options { only_running: true, told: true, ..options };
    apply::run_on(context, &engine, &project, &secrets, &options).await
}

/// What is to be brought to another version. Where only some are, the manifest is the one in which
/// the others stay as they are.
async fn look(
    context: &Context,
    reader: &Reader,
    project: Project,
    chosen: &[String],
) -> anyhow::Result<(Project, Report, Vec<Move>)> {
    let name = &project.stack.name;
    let containers: std::collections::BTreeMap<_, _> = reader
        .containers(name)
        .await?
        .into_iter()
        .map(|container| (container.name.clone(), container))
        .collect();
    if !containers.values().any(|container| container.component().is_some()) {
        let message = format!("nothing of the stack `{name}` runs; `mcpmon up` brings it up");
        return Err(Stop::new(Exit::Failed, message).into());
    }
    let history = match place::find(reader, name).await? {
        Some(container) => History::read(reader, &container).await?,
        None => History::default(),
    };
    let before = upgrade::running::before(&history);
    let running = upgrade::images(&project.stack, &containers, &before);
    let moves = async |project: &Project| {
        let own = self_image_reference(&project.stack)?;
        let units = plan::wanted(&project.stack, &project.bundle, &Secrets::default(), &own);
        let seen = (&containers, &history);
        anyhow::Ok(upgrade::guard(reader, project, &units, seen, &[].into()).await?)
    };
    let mut found = moves(&project).await?;
    let others: Vec<&str> = found
        .iter()
        .map(|step| step.name.as_str())
        .filter(|name| !chosen.is_empty() && chosen.iter().all(|chosen| chosen != name))
        .collect();
    let mut project = project;
    if !others.is_empty() {
        let document = hold::hold(&project.document, &project.stack, &running, &others)
            .map_err(|wrong| context.wrong(&wrong, &project.document.sources))?;
        project = context.project_of(document, false)?;
        found = moves(&project).await?;
    }
    let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
    let report = Report::new(&project, &running, &found, &chosen);
    Ok((project, report, found))
}

/// Asks whoever is there.
fn agree(args: &Args, context: &Context, report: &Report) -> anyhow::Result<()> {
    let printer = &context.printer;
    if args.backup.is_none() && !report.volumes.is_empty() {
        printer.line(format!("Other versions will open {}.", report.volumes.join(", ")));
        printer.line("`--backup DIR` copies them first; mcpmon has no other copy of data.");
    }
    if args.yes {
        return Ok(());
    }
    let alone = "this brings programs to other versions over their data; say so with --yes where nobody can be asked";
    agree::agree(printer, ("yes", "Type `yes` to go on:"), alone, "nothing was changed")
}
