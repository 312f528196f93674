//! What is covered in log lines: the patterns that ship with mcpmon and those of the manifest.

use serde::Deserialize;

use super::Stage;
use crate::assets::Assets;
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{Builtin, Document, Redact, Switch};
use crate::re2;
use crate::yaml::Segment;

/// A pattern that ships with mcpmon.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shipped {
    /// What is shown instead: `[redacted:NAME]`.
    pub name: String,
    /// What it covers.
    pub description: String,
    /// The expression.
    pub expression: String,
    /// Lines that it covers something in.
    #[serde(default)]
    pub covers: Vec<Covered>,
    /// Lines that no pattern changes.
    #[serde(default)]
    pub leaves: Vec<String>,
}

/// An example of a line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Covered {
    /// The line.
    pub line: String,
    /// What becomes of it.
    pub becomes: String,
}

/// The patterns that ship with mcpmon, in the order in which they act.
///
/// # Errors
/// When the file is not what it should be.
pub fn shipped(assets: &Assets) -> anyhow::Result<Vec<Shipped>> {
    let path = "logs/redact.yaml";
    let patterns: Vec<Shipped> = assets.yaml(path)?.unwrap_or_default();
    for pattern in &patterns {
        let shown = || format!("{}: {}", assets.shown(path), pattern.name);
        let regex =
            re2::compile(&pattern.expression).map_err(|p| anyhow::anyhow!("{}: {p}", shown()))?;
        anyhow::ensure!(regex.captures_len() > 1, "{}: no group says what is covered", shown());
    }
    Ok(patterns)
}

/// A level of the manifest that speaks of redaction, and where.
pub struct Said<'a> {
    /// What it says.
    pub redact: Option<&'a Switch<Redact>>,
    /// Where it stands.
    pub place: Vec<Segment>,
}

/// The stages for what the manifest says, the service's word over the stack's.
pub fn stages(
    document: &Document,
    shipped: &[Shipped],
    general: &Said<'_>,
    service: Option<&Said<'_>>,
    fields: &[String],
    found: &mut Vec<Diagnostic>,
) -> Vec<Stage> {
    let plain = Redact::default();
    let general_redact = general.redact.map_or(Some(&plain), Switch::on);
    let nearest = service.filter(|said| said.redact.is_some()).unwrap_or(general);
    let Some(redact) = nearest.redact.map_or(Some(&plain), Switch::on) else { return Vec::new() };
    let mut patterns: Vec<(&str, String)> = Vec::new();
    let known = || shipped.iter().map(|pattern| pattern.name.as_str());
    if let Builtin::Named(names) = &redact.builtin {
        for (index, name) in
            names.iter().enumerate().filter(|(_, name)| !known().any(|k| k == *name))
        {
            let mut place = nearest.place.clone();
            place.extend(["redact".into(), "builtin".into(), index.into()]);
            found.push(
                Diagnostic::error(document.locate(&place), format!("there is no pattern `{name}`"))
                    .help(suggest(name, known())),
            );
        }
    }
    for pattern in shipped {
        let wanted = match &redact.builtin {
            Builtin::All => true,
            Builtin::None => false,
            Builtin::Named(names) => names.contains(&pattern.name),
        };
        if wanted {
            patterns.push((&pattern.name, pattern.expression.clone()));
        }
    }
    let inherited = general_redact.filter(|general| !std::ptr::eq(*general, redact));
    let own = inherited.iter().flat_map(|general| &general.patterns).chain(&redact.patterns);
    for (name, pattern) in own {
        if let Some(group) = re2::group_names(&pattern.regex()).first() {
            // Promtail would take what such a group matches for a field of that name.
            let mut place = nearest.place.clone();
            place.extend(["redact".into(), "patterns".into(), name.as_str().into()]);
            found.push(
                Diagnostic::error(
                    document.locate(&place),
                    format!("the group `{group}` has a name"),
                )
                .help(
                    "write it without: `(…)`; what groups match is covered, whatever their names",
                ),
            );
        }
        // One of the same name takes the other's place.
        patterns.retain(|(other, _)| other != &name.as_str());
        let whole = pattern.regex().captures_len() == 1;
        let expression = if whole { format!("({pattern})") } else { pattern.to_string() };
        patterns.push((name.as_str(), expression));
    }
    let stage = |(name, expression): (&str, String)| Stage::Redact {
        name: name.to_owned(),
        expression,
        replacement: format!("[redacted:{name}]"),
        fields: fields.to_vec(),
    };
    patterns.into_iter().map(stage).collect()
}
