//! The manifest's JSON Schema: what editors show and check while a manifest is written.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use mcpmon::assets::{self, Assets};
use mcpmon::catalog::Catalog;
use mcpmon::{manifest, yaml};
use serde_json::{Value, json};

fn schema() -> Value {
    manifest::schema(&Catalog::load(Assets::shipped()).unwrap())
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft7::new(&schema()).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> yaml::Node {
    let text = fs::read_to_string(path).unwrap();
    yaml::parse(0, &text).unwrap_or_else(|e| panic!("{}: {e:?}", path.display()))
}

/// Every schema of a property, with its path.
fn properties(schema: &Value, path: &str, see: &mut dyn FnMut(&str, &Value)) {
    match schema {
        Value::Object(map) => {
            for (key, below) in map {
                if key == "properties" {
                    for (name, property) in below.as_object().unwrap() {
                        let path = format!("{path}.{name}");
                        see(&path, property);
                        properties(property, &path, see);
                    }
                } else if key != "default" {
                    properties(below, path, see);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|item| properties(item, path, see)),
        _ => {}
    }
}

fn problems(document: &Value) -> Vec<String> {
    validator().iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn it_is_draft_07() {
    let schema = schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert!(jsonschema::draft7::meta::is_valid(&schema));
    let text = schema.to_string();
    assert!(!text.contains("$defs"), "draft-07 has `definitions`");
}

#[test]
fn every_property_has_a_description() {
    let schema = schema();
    let mut without = Vec::new();
    properties(&schema, "", &mut |path, property| {
        if property.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            without.push(path.to_owned());
        }
    });
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn examples_fit() {
    for dir in fs::read_dir(root().join("examples")).unwrap().map(|e| e.unwrap().path()) {
        let document = read(&dir.join("mcpmon.yaml")).to_json();
        let found = problems(&document);
        assert!(found.is_empty(), "{}: {found:#?}", dir.display());
    }
}

#[test]
fn profiles_fit_but_for_the_name_that_their_user_gives() {
    for name in assets::profiles() {
        let mut document = yaml::parse(0, assets::profile(name).unwrap()).unwrap().to_json();
        document["name"] = json!("acme");
        let found = problems(&document);
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn null_removes_anything_but_the_name() {
    let everything = json!({
        "name": "acme", "description": null, "registry": null, "collector": null, "networks": null,
        "defaults": null, "services": null, "alerts": null, "notifications": null, "logs": null,
        "dashboards": null, "components": null, "extends": null, "components_dir": null,
    });
    assert_eq!(problems(&everything), Vec::<String>::new());
    assert!(manifest::load_text("m.yaml", &everything.to_string(), Path::new("")).is_ok());
    let parts = json!({
        "name": "acme",
        "defaults": {"scrape": {"interval": null, "timeout": null}, "labels": {"a": null}, "dialect": null},
        "components": {"loki": null, "prometheus": {"config": {"a": null}}, "grafana": {"admin_password": null, "port": null, "env": {"A": null}, "resources": {"memory": null}}},
        "services": {"one": null, "two": {"mcp": null, "run": {"image": null, "demo": null, "env": {"A": null}}, "scrape": null, "labels": null}},
        "alerts": {"override": {"X": null, "Y": {"threshold": null, "for": null, "severity": null}}, "disable": null},
        "notifications": {"receivers": {"chat": null, "mail": {"email": null}}, "default": null, "timing": {"group_wait": null}, "smtp": null},
    });
    assert_eq!(problems(&parts), Vec::<String>::new());
    assert!(manifest::load_text("m.yaml", &parts.to_string(), Path::new("")).is_ok());
    assert!(!problems(&json!({"name": null})).is_empty());
}

/// Shape errors that a schema cannot say, with the reason.
const BEYOND_A_SCHEMA: [(&str, &str); 10] = [
    ("name-too-long", "depends on the names of the components"),
    ("secret-literal-config", "stands in a part whose keys are another program's"),
    ("secret-missing-setting", "a profile may give it"),
    ("type-header-reserved", "is a list of names in upper and lower case"),
    ("secret-empty", "is about the value that is read"),
    ("secret-placeholder", "is about the value that is read"),
    ("secret-unreadable", "is about the value that is read"),
    ("secret-unset", "is about the value that is read"),
    ("secret-environment", "is a guess, and a warning"),
    ("secret-component-environment", "is a guess, and a warning"),
];

#[test]
fn shape_errors_are_seen_by_the_editor_as_well() {
    let mut missed = Vec::new();
    let mut seen = 0;
    let mut cases: Vec<PathBuf> =
        fs::read_dir(root().join("tests/bad")).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    for case in cases.iter().filter(|path| path.extension().is_some_and(|e| e == "yaml")) {
        let name = case.file_stem().unwrap().to_str().unwrap();
        let kinds =
            ["type-", "unknown-key-", "unknown-component", "unknown-setting", "name-", "secret-"];
        let beyond = BEYOND_A_SCHEMA.iter().any(|(case, _)| *case == name);
        if !kinds.iter().any(|kind| name.starts_with(kind)) || beyond {
            continue;
        }
        let mut document = read(case);
        if document.get("extends").and_then(yaml::Node::as_str) == Some("base/fleet.yaml") {
            let mut merged = read(&root().join("tests/bad/base/fleet.yaml"));
            yaml::merge(&mut merged, document);
            document = merged;
        }
        seen += 1;
        if problems(&document.to_json()).is_empty() {
            missed.push(name.to_owned());
        }
    }
    assert!(missed.is_empty(), "the schema takes these: {missed:?}");
    assert!(seen > 40, "{seen}");
}
