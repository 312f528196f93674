//! A program's complaint → the place in the manifest that it comes from.

use super::validate::Finding;
use crate::commands::Project;
use crate::yaml::{Node, Span, Value};

/// The complaint with the place that it comes from, as far as that can be told.
pub fn explain(project: &Project, finding: &Finding) -> String {
    let text: Vec<&str> = finding.text.lines().filter(|line| tells_something(line)).collect();
    let text = if text.is_empty() { vec![finding.text.as_str()] } else { text };
    let indented: Vec<String> =
        text.iter().take(12).map(|line| format!("    {}", line.trim_end())).collect();
    let place = place(project, finding).map(|place| format!("\n  --> {place}")).unwrap_or_default();
    format!(
        "{} does not accept its configuration:{place}\n{}",
        finding.component,
        indented.join("\n")
    )
}

/// Lines that only say that a check began or went well.
fn tells_something(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty()
        && !line.starts_with("Checking ")
        && !line.contains("SUCCESS")
        && !line.starts_with("Found:")
}

fn place(project: &Project, finding: &Finding) -> Option<String> {
    own_rules(project, &finding.text).or_else(|| manifest(project, finding))
}

/// A file of the team's own stands in the bundle as `rules/own-<name>.yml`, line for line.
fn own_rules(project: &Project, text: &str) -> Option<String> {
    let (name, own) = project
        .stack
        .alerts
        .own
        .iter()
        .find(|(name, _)| text.contains(&format!("rules/own-{name}.yml")))?;
    // The first mention may only say that the file is being checked.
    let position = text
        .split(&format!("rules/own-{name}.yml"))
        .skip(1)
        .map(line_and_column)
        .find(|position| !position.is_empty())
        .unwrap_or_default();
    // Without a position the complaint still quotes the expression.
    let position = if position.is_empty() { quoted_line(&own.text, text) } else { position };
    Some(format!("{}{position}", own.path))
}

/// `:line:column` at the start of what follows a file's name.
fn line_and_column(after: &str) -> String {
    let digits = after.trim_start_matches([':', ' ', '"']).split(|c: char| !c.is_ascii_digit());
    digits.take_while(|n| !n.is_empty()).take(2).flat_map(|n| [":", n]).collect()
}

/// `:line` of the first line that holds a text which the complaint quotes.
fn quoted_line(source: &str, complaint: &str) -> String {
    words(complaint)
        .iter()
        .find_map(|word| source.lines().position(|line| line.contains(word.as_str())))
        .map(|index| format!(":{}", index + 1))
        .unwrap_or_default()
}

/// The key or value under the component that the complaint speaks of; else the component itself.
fn manifest(project: &Project, finding: &Finding) -> Option<String> {
    let document = &project.document;
    let part = project.stack.components.get(&finding.component);
    let key = part.map_or(finding.component.as_str(), |part| part.key.as_str());
    let component = document.root.get("components").and_then(|c| c.get(key));
    let words = words(&finding.text);
    let span = component.and_then(|node| words.iter().find_map(|word| find(node, word)));
    let span = span.or_else(|| {
        // What comes from services and notifications is rendered into Prometheus and Alertmanager.
        let section = match finding.component.as_str() {
            "prometheus" => "services",
            "alertmanager" => "notifications",
            _ => return None,
        };
        let node = document.root.get(section)?;
        words.iter().find_map(|word| find(node, word))
    });
    let path = ["components".into(), key.into(), "config".into()];
    span.or_else(|| document.locate_key(&path)).map(|span| document.sources.place(span))
}

/// Texts that a complaint quotes or names, longest first.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for quote in ['"', '`', '\''] {
        words.extend(text.split(quote).skip(1).step_by(2).map(str::to_owned));
    }
    for (before, after) in
        [("field ", " not found"), ("receiver ", " "), ("unknown fields in ", " ")]
    {
        let starts = text.match_indices(before).map(|(at, _)| at + before.len());
        for start in starts {
            let rest = text.get(start..).unwrap_or_default();
            words.push(rest.split(after).next().unwrap_or_default().trim().to_owned());
        }
    }
    words.retain(|word| word.len() > 1 && !word.contains('\n'));
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// The place of a key or a scalar with that text.
fn find(node: &Node, word: &str) -> Option<Span> {
    match &node.value {
        Value::Map(map) => {
            map.iter().find_map(
                |(key, entry)| {
                    if key == word { Some(entry.key) } else { find(&entry.node, word) }
                },
            )
        }
        Value::List(list) => list.iter().find_map(|item| find(item, word)),
        Value::String(text) | Value::Number(text) => (text == word).then_some(node.span),
        Value::Bool(_) | Value::Null => None,
    }
}
