//! `mcpmon secrets set`

use std::io::Read as _;

use super::super::Context;
use super::find;
use crate::exit::{Exit, Stop};
use crate::output::Mark;
use crate::{stack, start};

/// Runs the command.
pub fn run(name: &str, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let (path, readers) = find(&project, name)?;
    let mut value = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut value)
        .map_err(|error| Stop::new(Exit::Usage, format!("standard input is no text: {error}")))?;
    // What ends the line is no part of a password.
    let value = value.strip_suffix('\n').unwrap_or(&value);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.trim().is_empty() || stack::is_placeholder(value.as_bytes()) {
        let message = "that is empty, or a placeholder; nothing was written: `mcpmon secrets set NAME < FILE`";
        return Err(Stop::new(Exit::Usage, message).into());
    }
    start::private_file(&path, &format!("{value}\n"))?;
    let mut names: Vec<&str> = readers.iter().map(|secret| secret.component.as_str()).collect();
    names.dedup();
    let shown = path.display();
    context.printer.mark(Mark::Good, format!("wrote {shown}, for {}", names.join(", ")));
    context.printer.line("`mcpmon reload` brings it there");
    Ok(Exit::Done)
}
