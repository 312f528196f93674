//! What is rendered for Elasticsearch, Logstash, Kibana and Fluentd. None of these programs can be had where
//! mcpmon is built, so their files are checked against their grammars and their documented settings, what
//! Elasticsearch is sent against the types of Elastic's own client, and the Ruby by running it.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fluentd;
mod injection;
mod logstash;
mod ruby;
mod settings;
mod types;

use std::collections::BTreeMap;
use std::path::Path;

use mcpmon::assets::Assets;
use mcpmon::catalog::Catalog;
use mcpmon::stack::Stack;
use mcpmon::{manifest, render, stack};

/// The manifest of `tests/elk/mcpmon.yaml`.
const MANIFEST: &str = include_str!("mcpmon.yaml");

/// Resolves and renders: path → text.
///
/// # Panics
/// When the manifest is wrong.
pub fn rendered(text: &str) -> (Stack, BTreeMap<String, String>) {
    let document = manifest::load_text("mcpmon.yaml", text, Path::new("")).unwrap();
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    let resolved = stack::resolve(&document, &catalog).unwrap_or_else(|e| panic!("{e:?}"));
    let bundle = render::render(&resolved.stack, &catalog).unwrap();
    let tree = bundle.tree().into_iter().map(|(path, text)| (path, text.to_owned())).collect();
    (resolved.stack, tree)
}

/// Every file of the five components, byte for byte. `UPDATE_GOLDEN=1` writes them anew.
#[test]
fn the_small_stack_renders_to_its_golden_files() {
    let (_, tree) = rendered(MANIFEST);
    let own = ["elasticsearch/", "kibana/", "logstash/", "fluentd/"];
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/elk/golden");
    let mut wrong = Vec::new();
    for (path, text) in tree.iter().filter(|(path, _)| own.iter().any(|o| path.starts_with(o))) {
        let file = golden.join(path);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, text).unwrap();
        } else if std::fs::read_to_string(&file).ok().as_ref() != Some(text) {
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "not as in tests/elk/golden: {wrong:?}");
}

/// Nothing that people write can become code: neither file holds any of it.
#[test]
fn no_text_of_the_manifest_stands_in_a_program() {
    let hostile = r#"x" }} #[`id`] #\{`id`\} $\{HOME\} %\{[y]\} </match> '"#;
    let text = format!("{MANIFEST}logs:\n  drop: [{}]\n", serde_json::to_string(hostile).unwrap());
    let (_, plain) = rendered(MANIFEST);
    let (_, tree) = rendered(&text);
    for path in ["fluentd/fluent.conf", "logstash/pipeline/logstash.conf", "logstash/filter.rb"] {
        assert_eq!(tree[path], plain[path], "{path}");
    }
    assert_ne!(tree["logstash/pipeline.json"], plain["logstash/pipeline.json"]);
}
