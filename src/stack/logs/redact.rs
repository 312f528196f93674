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
    /// A line that holds none of these texts does not match.
    #[serde(default)]
    pub hints: Vec<String>,
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
    // Those that ship with mcpmon are proven by its tests; compiling them takes longer than all else here.
    let own = assets.shown(path) != path;
    for pattern in patterns.iter().filter(|_| own) {
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
    let mut patterns: Vec<(&str, String, &[String])> = Vec::new();
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
            patterns.push((&pattern.name, pattern.expression.clone(), &pattern.hints));
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
        patterns.retain(|(other, ..)| other != &name.as_str());
        let whole = pattern.regex().captures_len() == 1;
        let expression = if whole { format!("({pattern})") } else { pattern.to_string() };
        patterns.push((name.as_str(), expression, &[]));
    }
    let any: Vec<String> =
        patterns.iter().map(|(_, expression, _)| format!("(?:{expression})")).collect();
    let any = format!("\\A([\\s\\S]*(?:{})[\\s\\S]*)\\z", any.join("|"));
    let nothing = patterns.is_empty();
    let line = |(name, expression, hints): (&str, String, &[String])| Stage::Redact {
        name: name.to_owned(),
        expression,
        replacement: format!("[redacted:{name}]"),
        fields: Vec::new(),
        hints: hints.to_vec(),
    };
    let mut stages: Vec<Stage> = patterns.into_iter().map(line).collect();
    if !nothing && !fields.is_empty() {
        // A label with a secret in it is no use as a label: all of it goes, and one expression is enough.
        stages.push(Stage::Redact {
            name: "labels".to_owned(),
            expression: any,
            replacement: "[redacted]".to_owned(),
            fields: fields.to_vec(),
            hints: Vec::new(),
        });
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::logs::Pipeline;
    use crate::stack::logs::evaluate::Evaluator;

    /// A pipeline of the shipped patterns alone.
    fn pipeline() -> Pipeline {
        let patterns = shipped(&Assets::shipped()).unwrap();
        let stage = |pattern: Shipped| Stage::Redact {
            replacement: format!("[redacted:{}]", pattern.name),
            name: pattern.name,
            expression: pattern.expression,
            fields: Vec::new(),
            hints: pattern.hints,
        };
        Pipeline {
            services: None,
            selector: None,
            stages: patterns.into_iter().map(stage).collect(),
        }
    }

    /// What becomes of one entry.
    fn covered(line: &str) -> String {
        let pipeline = pipeline();
        let evaluator = Evaluator::new(&pipeline).unwrap();
        let traces = evaluator.run(std::iter::once(line), &std::collections::BTreeMap::default());
        traces.into_iter().next().unwrap().line.unwrap()
    }

    #[test]
    fn shipped_patterns_cover_their_examples_and_nothing_else() {
        for pattern in shipped(&Assets::shipped()).unwrap() {
            assert!(pattern.covers.len() >= 2 && pattern.leaves.len() >= 2, "{}", pattern.name);
            assert!(!pattern.description.is_empty());
            assert!(re2::compile(&pattern.expression).unwrap().captures_len() > 1);
            for example in &pattern.covers {
                assert_eq!(covered(&example.line), example.becomes, "{}", pattern.name);
                let shown = format!("[redacted:{}]", pattern.name);
                assert!(example.becomes.contains(&shown), "{}: {}", pattern.name, example.line);
                assert_eq!(
                    covered(&example.becomes),
                    example.becomes,
                    "covering twice changes nothing"
                );
            }
            for line in &pattern.leaves {
                assert_eq!(&covered(line), line, "{}", pattern.name);
            }
        }
    }

    #[test]
    fn whatever_a_pattern_matches_holds_one_of_its_hints() {
        use proptest::strategy::{Strategy as _, ValueTree as _};
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        for pattern in shipped(&Assets::shipped()).unwrap().iter().filter(|p| !p.hints.is_empty()) {
            let regex = re2::compile(&pattern.expression).unwrap();
            // Texts are made of the expression without its anchors, and only those that it matches count.
            let free = pattern.expression.replace("\\b", "").replace("|\\z", "");
            let free = free.replace("\\s", " ");
            let texts = proptest::string::string_regex(&free).unwrap();
            let mut seen = 0;
            for _ in 0..2000 {
                let text = texts.new_tree(&mut runner).unwrap().current();
                for found in regex.find_iter(&text) {
                    seen += 1;
                    let hinted = pattern.hints.iter().any(|hint| found.as_str().contains(hint));
                    assert!(hinted, "{}: {:?}", pattern.name, found.as_str());
                }
            }
            assert!(seen > 30, "{}: only {seen} texts matched", pattern.name);
        }
    }

    #[test]
    fn expressions_are_read_alike_by_ruby_and_java() {
        for pattern in shipped(&Assets::shipped()).unwrap() {
            let expression = pattern.expression;
            for foreign in ["(?P<", "(?s", "(?m", "(?U", "[["] {
                assert!(!expression.contains(foreign), "{}: {foreign}", pattern.name);
            }
            let anchor = expression.replace("[^", "").replace("\\$", "").contains(['^', '$']);
            assert!(!anchor, "{}: Ruby's `^` and `$` are of the line", pattern.name);
        }
    }
}
