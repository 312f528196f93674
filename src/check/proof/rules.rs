//! The rules that Prometheus has loaded.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::Value as Json;

use super::prometheus::Data;
use super::{Attempt, nothing_in};
use crate::check::compare;
use crate::check::http::shorten;
use crate::check::subject::Subject;

/// Questions about expressions at a time.
const AT_ONCE: usize = 16;
/// As many differences as people read.
const SHOWN: usize = 8;

/// Every rule of Prometheus.
#[derive(Clone, Debug, Deserialize)]
pub struct Groups {
    /// Rule groups.
    pub groups: Vec<LoadedGroup>,
}

/// A rule group as Prometheus has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadedGroup {
    /// Its name.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// Seconds between two evaluations.
    #[serde(default)]
    pub interval: f64,
    /// When it was evaluated last, RFC 3339.
    #[serde(default)]
    pub last_evaluation: String,
    /// Its rules, in order.
    pub rules: Vec<LoadedRule>,
}

/// A rule as Prometheus has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadedRule {
    /// The alert's or the recorded series' name.
    pub name: String,
    /// The expression as Prometheus prints it.
    pub query: String,
    /// Seconds of `for`.
    #[serde(default)]
    pub duration: f64,
    /// Seconds of `keep_firing_for`.
    #[serde(default)]
    pub keep_firing_for: f64,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Annotations, of alerts.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// `inactive`, `pending` or `firing`, of alerts.
    #[serde(default)]
    pub state: String,
    /// `ok`, `err` or `unknown`.
    #[serde(default)]
    pub health: String,
    /// What the last evaluation failed with.
    #[serde(default)]
    pub last_error: String,
}

/// All rules that Prometheus has.
pub async fn groups(subject: &Subject<'_>) -> Result<Vec<LoadedGroup>, String> {
    let rules: Data<Groups> = subject.http.json(&subject.url("/api/v1/rules"), None).await?;
    Ok(rules.data.groups)
}

/// Whether Prometheus has each rendered rule as it was rendered, and no other.
pub async fn loaded(subject: &Subject<'_>) -> Attempt {
    let mut files = Vec::new();
    for (file, text) in subject.folder("rules") {
        files.push((file, compare::yaml(file, text)?));
    }
    let groups = groups(subject).await?;
    let mut loaded: BTreeMap<(&str, &str), &LoadedGroup> = groups
        .iter()
        .map(|group| {
            let file = group.file.rsplit('/').next().unwrap_or(&group.file);
            ((file, group.name.as_str()), group)
        })
        .collect();
    let mut lines = Vec::new();
    let mut expressions = Vec::new();
    for (file, rendered) in &files {
        for group in rendered.get("groups").and_then(Json::as_array).into_iter().flatten() {
            let name = string(group, "name");
            match loaded.remove(&(*file, name)) {
                Some(found) => compare_group(group, found, &mut lines, &mut expressions),
                None => lines.push(format!(
                    "prometheus: rendered the rule group {name} ({file}), loaded none of that name"
                )),
            }
        }
    }
    for (file, name) in loaded.keys() {
        lines
            .push(format!("prometheus: the rule group {name} ({file}) is loaded and not rendered"));
    }
    lines.extend(compare_expressions(subject, expressions).await);
    let more = lines.len().saturating_sub(SHOWN);
    if more > 0 {
        lines.truncate(SHOWN);
        lines.push(format!("prometheus: and {more} more differences in rules"));
    }
    nothing_in(lines)
}

/// A rule's name, its rendered and its loaded expression.
type Expressions = Vec<(String, String, String)>;

fn compare_group(
    rendered: &Json,
    loaded: &LoadedGroup,
    lines: &mut Vec<String>,
    expressions: &mut Expressions,
) {
    let group = &loaded.name;
    if let Some(interval) = seconds(rendered, "interval").filter(|i| differ(*i, loaded.interval)) {
        lines.push(format!(
            "rule group {group}: rendered interval {interval}s, loaded {}s",
            loaded.interval
        ));
    }
    let rules = rendered.get("rules").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let names = |rule: &Json| {
        if rule.get("alert").is_some() { string(rule, "alert") } else { string(rule, "record") }
            .to_owned()
    };
    let rendered_names: Vec<String> = rules.iter().map(names).collect();
    let loaded_names: Vec<&str> = loaded.rules.iter().map(|rule| rule.name.as_str()).collect();
    if rendered_names != loaded_names {
        for name in rendered_names.iter().filter(|name| !loaded_names.contains(&name.as_str())) {
            lines.push(format!("rule {name} ({group}): rendered, not loaded"));
        }
        for name in loaded_names.iter().filter(|name| !rendered_names.iter().any(|r| r == *name)) {
            lines.push(format!("rule {name} ({group}): loaded, not rendered"));
        }
        if rendered_names.len() != loaded_names.len() || lines.is_empty() {
            lines.push(format!(
                "rule group {group}: rendered {} rules, loaded {}",
                rendered_names.len(),
                loaded_names.len()
            ));
        }
        return;
    }
    for (rendered, loaded) in rules.iter().zip(&loaded.rules) {
        compare_rule(rendered, loaded, lines);
        let expression = scalar_text(rendered.get("expr"));
        if squeezed(&expression) != squeezed(&loaded.query) {
            expressions.push((loaded.name.clone(), expression, loaded.query.clone()));
        }
    }
}

fn compare_rule(rendered: &Json, loaded: &LoadedRule, lines: &mut Vec<String>) {
    let name = &loaded.name;
    for (key, has) in [("for", loaded.duration), ("keep_firing_for", loaded.keep_firing_for)] {
        let wanted = seconds(rendered, key).unwrap_or_default();
        if differ(wanted, has) {
            lines.push(format!("rule {name}: {key}: rendered {wanted}s, loaded {has}s"));
        }
    }
    for (key, has) in [("labels", &loaded.labels), ("annotations", &loaded.annotations)] {
        let wanted: BTreeMap<String, String> = rendered
            .get(key)
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), scalar_text(Some(value))))
            .collect();
        for (label, value) in &wanted {
            if has.get(label) != Some(value) {
                let has = has.get(label).map_or("nothing".to_owned(), |has| shorten(has, 120));
                let value = shorten(value, 120);
                lines.push(format!("rule {name}: {key}.{label}: rendered {value}, loaded {has}"));
            }
        }
        for label in has.keys().filter(|label| !wanted.contains_key(*label)) {
            lines.push(format!("rule {name}: {key}.{label} is loaded and not rendered"));
        }
    }
}

/// Prometheus prints expressions in its own form, with sorted matchers; so what was rendered is
/// brought into that form by Prometheus itself.
async fn compare_expressions(subject: &Subject<'_>, expressions: Expressions) -> Vec<String> {
    let checked = stream::iter(expressions).map(|(name, rendered, loaded)| async move {
        let url = reqwest::Url::parse_with_params(
            &subject.url("/api/v1/format_query"),
            [("query", &rendered)],
        );
        let formatted = match url {
            Ok(url) => subject.http.json::<Data<String>>(url.as_str(), None).await,
            Err(error) => Err(error.to_string()),
        };
        match formatted {
            Ok(form) if squeezed(&form.data) == squeezed(&loaded) => None,
            _ => Some(format!(
                "rule {name}: expr: rendered {}, loaded {}",
                one_line(&rendered),
                one_line(&loaded)
            )),
        }
    });
    checked.buffered(AT_ONCE).filter_map(|line| async move { line }).collect().await
}

fn string<'a>(value: &'a Json, key: &str) -> &'a str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn scalar_text(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn seconds(value: &Json, key: &str) -> Option<f64> {
    compare::seconds(value.get(key)?.as_str()?)
}

fn differ(a: f64, b: f64) -> bool {
    (a - b).abs() > 1e-6
}

fn squeezed(expression: &str) -> String {
    expression.chars().filter(|c| !c.is_whitespace()).collect()
}

fn one_line(expression: &str) -> String {
    shorten(&expression.split_whitespace().collect::<Vec<_>>().join(" "), 160)
}
