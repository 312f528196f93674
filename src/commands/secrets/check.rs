//! `mcpmon secrets check`

use std::collections::BTreeMap;

use super::super::Context;
use crate::exit::Exit;
use crate::output::Mark;
use crate::plan;
use crate::stack::{SecretFile, Secrets};

/// Runs the command.
pub async fn run(context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let mut sources: BTreeMap<String, Vec<&SecretFile>> = BTreeMap::new();
    for secret in &project.stack.secrets {
        sources.entry(secret.source.to_string()).or_default().push(secret);
    }
    let running = match context.reader().await {
        Ok(reader) => plan::running_secrets(&reader, &project.stack).await?,
        Err(error) => {
            context.printer.mark(Mark::Note, format!("what runs is not known: {error:#}"));
            Secrets::default()
        }
    };
    // Some are written to their file in another form, so that all of them are read to compare one.
    let wanted = context.secrets_or(&project, &running).ok();
    let mut bad = false;
    for (source, readers) in &sources {
        let mut names: Vec<&str> = readers.iter().map(|s| s.component.as_str()).collect();
        names.dedup();
        let names = names.join(", ");
        let Some(first) = readers.first() else { continue };
        if let Err((message, help)) = context.secret(&project, &first.source) {
            bad = true;
            context.printer.mark(Mark::Bad, format!("{message}, for {names}\n  → {help}"));
            continue;
        }
        let states: Vec<Option<bool>> = readers
            .iter()
            .map(|s| {
                let there = running.get(&s.component, &s.path)?;
                Some(wanted.as_ref()?.get(&s.component, &s.path) == Some(there))
            })
            .collect();
        if states.contains(&Some(false)) {
            let text =
                format!("{source}: {names} run with another one; `mcpmon reload` brings this one");
            context.printer.mark(Mark::Note, text);
        } else {
            let runs = if states.contains(&Some(true)) { ", as it runs" } else { "" };
            context.printer.mark(Mark::Good, format!("{source}: fit{runs}, for {names}"));
        }
    }
    if sources.is_empty() {
        context.printer.line("the stack needs no secret");
    }
    Ok(if bad { Exit::Failed } else { Exit::Done })
}
