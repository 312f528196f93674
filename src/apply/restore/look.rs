//! What is looked at before a copy takes the place of anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::fs;

use crate::backup::{Backup, Kept};
use crate::commands::{Context, Project};
use crate::exit::{Exit, Stop};
use crate::output::Mark;
use crate::plan::{Action, Plan, Unit};
use crate::stack::Component;
use crate::upgrade;

/// What of a copy is for this stack, by component.
pub fn chosen<'a>(
    context: &Context,
    project: &'a Project,
    backup: &Backup,
    names: &[&str],
) -> anyhow::Result<Vec<(&'a Component, Vec<Kept>)>> {
    let held = backup.components();
    if let Some(absent) = names.iter().find(|name| !held.contains(name)) {
        let message = format!("the copy has nothing of `{absent}`: it holds {}", held.join(", "));
        return Err(Stop::new(Exit::Usage, message).into());
    }
    let mut parts: Vec<(&Component, Vec<Kept>)> = Vec::new();
    for kept in &backup.files {
        if !names.is_empty() && !names.contains(&kept.component.as_str()) {
            continue;
        }
        let part = project.stack.components.get(&kept.component);
        let Some(part) = part.filter(|part| part.spec.volumes.contains_key(&kept.volume)) else {
            let text = format!("left out {}: the stack has no such volume", kept.file);
            context.printer.mark(Mark::Note, text);
            continue;
        };
        match parts.iter_mut().find(|(other, _)| other.name == part.name) {
            Some((_, files)) => files.push(kept.clone()),
            None => parts.push((part, vec![kept.clone()])),
        }
    }
    if parts.is_empty() {
        let message = "the copy has nothing for this stack; nothing was touched";
        return Err(Stop::new(Exit::Usage, message).into());
    }
    Ok(parts)
}

/// Refuses data that the programs of the stack cannot read.
pub fn require_readable(
    project: &Project,
    parts: &[(&Component, Vec<Kept>)],
    units: &[Unit],
) -> anyhow::Result<()> {
    let wrote = parts.iter().filter_map(|(part, kept)| {
        Some((part.name.clone(), kept.iter().find_map(|kept| kept.image.clone())?))
    });
    let wanted = upgrade::wanted(units, &BTreeMap::new());
    let moves = upgrade::moves(&project.stack, &wrote.collect(), &wanted);
    let refused = moves.iter().filter_map(|step| {
        let (reason, part) = (step.refused.as_ref()?, project.stack.components.get(&step.name)?);
        Some(format!(
            "{} {} cannot read what {} wrote: {reason}\n  to have that one: write `components: {{{}: {{version: {}}}}}`, run `mcpmon up`, then restore",
            step.name, step.to, step.from, part.key, step.from
        ))
    });
    let refused: Vec<String> = refused.collect();
    if refused.is_empty() {
        return Ok(());
    }
    let message = format!("{}\nnothing was touched", refused.join("\n"));
    Err(Stop::new(Exit::Rejected, message).into())
}

/// Refuses a stack that would be brought to something else than what runs: should that fail, it would
/// not be the copy's fault. A component whose data is restored may lie there as it is.
pub fn require_as_wanted(plan: &Plan, parts: &[&str], stack: &str) -> anyhow::Result<()> {
    let network = plan.network || plan.engine_network;
    let differs = plan.units.iter().any(|unit| match unit.action {
        Action::None => false,
        Action::Start | Action::Create => !parts.contains(&unit.name.as_str()),
        _ => true,
    });
    if !network && !differs && plan.remove.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{stack} does not run what the manifest says; nothing was touched\n`mcpmon up` brings it to that, then restore (`mcpmon plan` shows what differs)"
    );
    Err(Stop::new(Exit::Failed, message).into())
}

/// Where what is there is copied to: beside the copy.
pub async fn aside(dir: &Path) -> anyhow::Result<PathBuf> {
    let whole = fs::canonicalize(dir).await;
    let whole = whole.with_context(|| format!("cannot find {}", dir.display()))?;
    let named = dir.file_name().map_or(whole.as_path(), |_| dir);
    let name = named.file_name().unwrap_or_default().to_string_lossy();
    let aside = named.with_file_name(format!("{name}-before-restore"));
    if aside.exists() {
        let shown = aside.display();
        let message = format!(
            "{shown} is there already: an earlier restore put there what it took away; nothing was touched\nmove it away, or keep nothing of what is there now: `--discard-current`"
        );
        return Err(Stop::new(Exit::Usage, message).into());
    }
    Ok(aside)
}
