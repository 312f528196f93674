//! The team's own message templates.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::manifest::{Document, io_reason};

/// Reads every `*.tmpl` of `templates_dir`; whether they are right is for Alertmanager to say.
pub fn resolve(document: &Document, found: &mut Vec<Diagnostic>) -> BTreeMap<String, String> {
    let mut own = BTreeMap::new();
    let Some(dir) = &document.manifest.notifications.templates_dir else { return own };
    let span = document.locate(&["notifications".into(), "templates_dir".into()]);
    let path = document.dir.join(dir);
    let entries = match std::fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) => {
            let reason = io_reason(&error);
            found.push(
                Diagnostic::error(span, format!("cannot read the folder {}: {reason}", path.display()))
                    .help("make it, or remove `templates_dir`; a relative path starts at the manifest's folder"),
            );
            return own;
        }
    };
    let mut files: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.sort();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "tmpl")) {
        let Some(name) = file.file_name().and_then(|n| n.to_str()) else { continue };
        match std::fs::read_to_string(file) {
            Err(error) => {
                let reason = io_reason(&error);
                found.push(Diagnostic::error(
                    span,
                    format!("cannot read {}: {reason}", file.display()),
                ));
            }
            Ok(text)
                if !text.contains("{{ define \"")
                    && !text.contains("{{define \"")
                    && !text.contains("{{- define \"") =>
            {
                found.push(
                    Diagnostic::error(span, format!("{} defines no template", file.display()))
                        .help("write `{{ define \"mcpmon.slack.text\" }}…{{ end }}`; the names stand in docs/notifications.md"),
                );
            }
            Ok(text) => _ = own.insert(name.to_owned(), text),
        }
    }
    if own.is_empty() && found.iter().all(|d| d.span != span) {
        found.push(
            Diagnostic::warning(span, format!("{} holds no message template", path.display()))
                .help("put files there whose names end in `.tmpl`, or remove `templates_dir`"),
        );
    }
    own
}
