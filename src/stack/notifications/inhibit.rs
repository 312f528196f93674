//! Which alerts mute which others: `alertmanager/inhibit.yaml`.

use anyhow::Context as _;
use indexmap::IndexMap;
use serde::Deserialize;

use super::{Inhibit, Matcher};
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;

/// The file, under the templates.
const FILE: &str = "alertmanager/inhibit.yaml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    because: String,
    source: Side,
    target: Side,
    #[serde(default)]
    equal: Vec<String>,
}

/// Labels with the values that they must have, or must not have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    #[serde(default)]
    is: IndexMap<String, Vec<String>>,
    #[serde(default)]
    not: IndexMap<String, Vec<String>>,
}

impl Side {
    fn matchers(self) -> Vec<Matcher> {
        let side = |labels: IndexMap<String, Vec<String>>, not| {
            labels.into_iter().map(move |(label, values)| Matcher { label, not, values })
        };
        side(self.is, false).chain(side(self.not, true)).collect()
    }
}

/// Reads the rules.
pub fn resolve(catalog: &Catalog, found: &mut Vec<Diagnostic>) -> Vec<Inhibit> {
    let file = catalog
        .assets
        .yaml::<File>(FILE)
        .and_then(|file| file.context(format!("there is no {FILE}")));
    match file {
        Ok(file) => file
            .rules
            .into_iter()
            .map(|rule| Inhibit {
                because: rule.because,
                source: rule.source.matchers(),
                target: rule.target.matchers(),
                equal: rule.equal,
            })
            .collect(),
        Err(error) => {
            found.push(Diagnostic::general(format!("{error:#}")));
            Vec::new()
        }
    }
}
