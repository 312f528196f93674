//! What `init --from` and `discover` say about what they found.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::Context;
use crate::discover::{self, Found, Names, Note};
use crate::exit::{Exit, Stop};
use crate::integrate::Entry;
use crate::manifest::{Document, EnvValue, Name, Service, io_reason};
use crate::mcp::Heard;
use crate::output::Mark;
use crate::start;

/// Reads files, all of them or none. What a manifest has already is not found again.
pub fn read(files: &[PathBuf], names: &mut Names, document: &Document) -> anyhow::Result<Found> {
    let known: Vec<Entry> = document.manifest.services.iter().filter_map(known).collect();
    let there = known.len();
    let mut found = Found { entries: known, ..Found::default() };
    for file in files {
        let name = file.display().to_string();
        let wrong = |message: String| Stop::new(Exit::Usage, message);
        let text = std::fs::read_to_string(file)
            .map_err(|error| wrong(format!("cannot read {name}: {}", io_reason(&error))))?;
        let folder = file.parent().filter(|dir| !dir.as_os_str().is_empty());
        let folder = start::folder_name(folder.unwrap_or(Path::new(".")))?;
        discover::read(&mut found, names, &name, &folder, &text).map_err(|problem| {
            let help = problem.help.map(|help| format!("\n  = help: {help}")).unwrap_or_default();
            wrong(format!("{}{help}", problem.message))
        })?;
    }
    found.entries.drain(..there);
    Ok(found)
}

/// A service of a manifest as it would be found.
fn known((name, service): (&Name, &Service)) -> Option<Entry> {
    let server = &service.mcp.as_ref()?.0;
    let env = server.env.iter().map(|(key, value)| {
        let text = match value {
            EnvValue::Text(text) => text.as_str().into(),
            EnvValue::Secret(_) => Json::Null,
        };
        (key.to_string(), text)
    });
    let mcp = match &server.url {
        Some(url) => json!({"url": url.to_string()}),
        None if server.env.is_empty() => json!({"command": server.command}),
        None => json!({"command": server.command, "env": Json::Object(env.collect())}),
    };
    Some(Entry { name: name.clone(), fields: vec![("mcp", mcp)], network: None })
}

/// Says what was changed and left out, and which secrets are to be moved.
pub fn tell(found: &Found, context: &Context) {
    let printer = &context.printer;
    for entry in &found.entries {
        printer.mark(Mark::Good, format!("services.{}", entry.name));
    }
    for note in &found.notes {
        printer.mark(Mark::Note, line(found, note));
    }
    for secret in &found.secrets {
        let place = found.place(secret.span).map(|place| format!(" ({place})")).unwrap_or_default();
        printer.mark(Mark::Note, format!("put {}{place} into {}", secret.what, secret.file));
    }
}

/// A note in one line.
pub fn line(found: &Found, note: &Note) -> String {
    let place = found.place(note.span).map(|place| format!("{place}: ")).unwrap_or_default();
    let out = if note.left_out { "left out: " } else { "" };
    format!("{place}{}: {out}{}", note.about, note.text)
}

/// Nothing to write down is an error.
pub fn some(found: &Found, files: &[PathBuf]) -> Result<(), Stop> {
    if !found.entries.is_empty() {
        return Ok(());
    }
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let message = format!("nothing of {} can be taken over; nothing was written", files.join(", "));
    Err(Stop::new(Exit::Failed, message))
}

/// Who a server says that it is, and what it speaks.
pub fn who(heard: &Heard) -> String {
    let report = &heard.report;
    let server = report.server.as_ref().map(|server| format!("{} {}", server.name, server.version));
    let server = server.map(|server| server.trim().to_owned()).filter(|server| !server.is_empty());
    let spoken = report.protocol.as_ref().map(|spoken| spoken.version.clone());
    match (server, spoken) {
        (Some(server), Some(version)) => format!("{server} ({version})"),
        (None, Some(version)) => format!("a server without a name ({version})"),
        _ if report.challenge.is_some() => "it asks who you are".to_owned(),
        _ => "a server".to_owned(),
    }
}
