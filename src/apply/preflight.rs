//! What would make a change fail half-way, found before anything is touched.

use std::net::TcpListener;
use std::path::Path;

use super::Pull;
use crate::check::certificates;
use crate::commands::{Context, Project};
use crate::engine::{Engine, EngineError, image_self, labels};
use crate::exit::{Exit, Stop};
use crate::output::Mark;
use crate::plan::{self, Action, Observed, Plan, Unit};
use crate::stack::Stack;

/// Room below which a stack would stop within hours.
const LEAST_FREE: u64 = 256 << 20;
/// Room below which it is worth a word.
const LITTLE_FREE: u64 = 2 << 30;

/// Seconds within which an image may have been packed by a run that has not made its containers yet.
const JUST_PACKED: i64 = 600;

/// No container of somebody else has a name that we need.
pub fn names(observed: &Observed) -> anyhow::Result<()> {
    if observed.foreign.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> =
        observed.foreign.iter().map(|(name, what)| format!("  {name}: {what}")).collect();
    let message = format!(
        "these container names are taken by containers that are not this stack's:\n{}\nrename them, or give the stack another `name`",
        lines.join("\n")
    );
    Err(Stop::new(Exit::Failed, message).into())
}

/// Every certificate proves what it must: a program that is not trusted cannot be asked why.
pub fn certificates(stack: &Stack, units: &[Unit]) -> anyhow::Result<()> {
    let (_, found) = certificates::look(stack, units, std::time::Duration::ZERO);
    if found.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = found.iter().map(|finding| format!("  {finding}")).collect();
    let message = format!(
        "{}\nnothing was touched; `mcpmon secrets --renew` makes new ones, or replace your own in their files",
        lines.join("\n")
    );
    Err(Stop::new(Exit::Failed, message).into())
}

/// Every image is there, pulled or packed; those that cannot be had are named all at once. Says
/// whether there is a new one.
pub async fn images(
    context: &Context,
    engine: &Engine,
    project: &Project,
    units: &[Unit],
    observed: &Observed,
    pull: Pull,
) -> anyhow::Result<bool> {
    let mut new = false;
    let own = super::self_image_reference(&project.stack)?;
    let used = units.iter().any(|unit| unit.spec.image == own);
    if used && !observed.images.contains_key(&own) {
        let step = context.printer.step("packing mcpmon into an image");
        image_self::ensure_self_image(engine).await?;
        new = true;
        step.end(Mark::Good, format!("packed mcpmon into the image {own}"));
    }
    let mut references: Vec<&str> = units.iter().map(|unit| unit.spec.image.as_str()).collect();
    references.sort_unstable();
    references.dedup();
    references.retain(|reference| *reference != own);
    let mut failed = Vec::new();
    for reference in references {
        let missing = !observed.images.contains_key(reference);
        let wanted = match pull {
            Pull::Missing => missing,
            Pull::Always => true,
            Pull::Never => false,
        };
        if wanted {
            match crate::output::pull::pull(&context.printer, engine, reference).await {
                Ok(()) => new = true,
                // What is there already still serves.
                Err(error) if !missing => {
                    context.printer.mark(Mark::Note, format!("kept {reference} as it is: {error}"));
                }
                Err(error) => failed.push(format!("  {reference}: {error}")),
            }
        } else if missing {
            failed
                .push(format!("  {reference}: it is not here, and --pull=never forbids to get it"));
        }
    }
    if failed.is_empty() {
        return Ok(new);
    }
    let message = format!(
        "{} image{} cannot be had; nothing was created:\n{}\n`registry:` in the manifest takes them from another registry",
        failed.len(),
        if failed.len() == 1 { "" } else { "s" },
        failed.join("\n")
    );
    Err(Stop::new(Exit::Failed, message).into())
}

/// Removes images of earlier builds of mcpmon that no container uses.
pub async fn forget_old_self_images(engine: &Engine, own: &str) -> Result<(), EngineError> {
    if own.is_empty() {
        return Ok(());
    }
    let now = jiff::Timestamp::now().as_second();
    for (reference, created) in engine.images_labelled(labels::SELF_IMAGE).await? {
        if reference != own && now - created > JUST_PACKED {
            match engine.remove_image(&reference, false).await {
                // Another stack still uses it.
                Err(error) if error.is_conflict() => {}
                // Another stack's change removes it at this very moment, which the engine calls an error of its own.
                Err(_) if engine.image(&reference).await?.is_none() => {}
                outcome => outcome?,
            }
        }
    }
    Ok(())
}

/// Every port that is to be published is free.
pub async fn ports(
    engine: &Engine,
    stack: &Stack,
    units: &[Unit],
    planned: &Plan,
    observed: &Observed,
) -> anyhow::Result<()> {
    // A container that keeps running keeps its ports.
    let made: Vec<&Unit> = planned
        .units
        .iter()
        .filter(|p| matches!(p.action, Action::Create | Action::Recreate | Action::Start))
        .filter_map(|p| units.get(p.index))
        .collect();
    if made.is_empty() {
        return Ok(());
    }
    let publishing = engine.containers_publishing().await?;
    let ours: Vec<u16> = observed
        .containers
        .values()
        .flat_map(|container| container.ports.iter().map(|port| port.host_port))
        .collect();
    // Only on this machine can a port be tried.
    let local = Path::new("/proc/self").exists() && engine.facts().os == "linux";
    let bindable =
        |address: &str, port: u16| !local || ours.contains(&port) || !in_use(address, port);
    let taken = plan::taken_ports(&stack.name, &made, &publishing, &bindable);
    if taken.is_empty() {
        return Ok(());
    }
    let message = format!(
        "these ports are not free; nothing was created:\n  {}\nstop what has them, or choose others: `components: {{NAME: {{port: …}}}}`",
        taken.join("\n  ")
    );
    Err(Stop::new(Exit::Failed, message).into())
}

/// Whether the operating system says that the port is in use; any other answer is left to the engine.
fn in_use(address: &str, port: u16) -> bool {
    matches!(TcpListener::bind((address, port)), Err(error) if error.kind() == std::io::ErrorKind::AddrInUse)
}

/// Says so when the engine's disk is nearly full. An engine on another machine is not asked.
pub fn disk(context: &Context, engine: &Engine) {
    let root = &engine.facts().docker_root_dir;
    let Some(free) = free_space(Path::new(root)) else { return };
    if free < LITTLE_FREE {
        let urgency = if free < LEAST_FREE { "nearly nothing" } else { "little" };
        context.printer.mark(
            Mark::Note,
            format!(
                "{urgency} is free on the disk of {root}: {} MiB; metrics and logs need room",
                free >> 20
            ),
        );
    }
}

fn free_space(path: &Path) -> Option<u64> {
    let facts = rustix::fs::statvfs(path).ok()?;
    Some(facts.f_bavail.saturating_mul(facts.f_frsize))
}
