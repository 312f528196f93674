//! docs/manifest.md and docs/components.md name every key that there is, and what they show is valid.
//! `UPDATE_GOLDEN=1` writes the tables of keys anew.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use mcpmon::assets::Assets;
use mcpmon::catalog::{Catalog, Spec};
use mcpmon::manifest::{self, Common};
use mcpmon::yaml;
use schemars::JsonSchema as _;
use schemars::generate::SchemaSettings;
use serde_json::Value;

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
}

fn schema() -> Value {
    manifest::schema(&Catalog::load(Assets::shipped()).unwrap())
}

/// The schema of one type, by the name that a page's marker uses.
fn part(schema: &Value, name: &str) -> Value {
    match name {
        "Manifest" => schema.clone(),
        "Component" => {
            let mut generator = SchemaSettings::draft07().into_generator();
            let mut common = Common::json_schema(&mut generator).to_value();
            common["properties"]["config"] =
                schema["properties"]["components"]["properties"]["prometheus"]["properties"]["config"].clone();
            common
        }
        // Its variants are keys.
        "Auth" => {
            let mut all = serde_json::Map::new();
            for variant in schema["definitions"]["Auth"]["oneOf"].as_array().unwrap() {
                all.extend(variant["properties"].as_object().unwrap().clone());
            }
            serde_json::json!({"properties": all})
        }
        name => schema["definitions"][name].clone(),
    }
}

/// A type in a reader's words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return match reference.rsplit('/').next().unwrap() {
            "ByteSize" => "size".to_owned(),
            "SecretRef" => "secret".to_owned(),
            "UrlOrSecret" => "URL or secret".to_owned(),
            "Url" | "Link" => "URL".to_owned(),
            "Address" => "`host:port`".to_owned(),
            "Host" => "host".to_owned(),
            "TlsProbe" => "`host:port` or map".to_owned(),
            "Method" => "`GET`, `HEAD`, `POST`, `PUT` or `OPTIONS`".to_owned(),
            "Record" => "a kind of record".to_owned(),
            "Endpoint" | "HttpProbe" | "Mcp" => "URL or map".to_owned(),
            "Protocol" => "`auto`, `modern`, `legacy` or `sse`".to_owned(),
            "Depth" => "`handshake`, `ping` or `tools`".to_owned(),
            "HostHeader" => "host, with or without a port".to_owned(),
            "Matcher" => "text or list of text".to_owned(),
            "PublishedPort" => "port".to_owned(),
            "Duration" | "Name" | "Share" => reference.rsplit('/').next().unwrap().to_lowercase(),
            "Day" => "day".to_owned(),
            "DockerName" | "LabelName" | "AlertLabel" | "EnvName" | "HeaderName" | "TimeSpan"
            | "Weekdays" | "DaysOfMonth" | "Months" | "Location" | "MessageLine" => {
                "text".to_owned()
            }
            "Collector" => "`promtail`, `alloy` or `fluentd`".to_owned(),
            "SentryBy" => "`file` or `environment`".to_owned(),
            "Dialect" => {
                "`fastapi`, `mcp`, `otel-http`, `task-http` or `customer-success`".to_owned()
            }
            "Pattern" | "FieldName" | "TimeFormat" | "LogPath" | "MailAddress" => "text".to_owned(),
            "Parse" => "word or `{regex: …}`".to_owned(),
            "LabelFields" => "list or map of text".to_owned(),
            "Builtin" => "`true`, `false` or list of text".to_owned(),
            "SyslogFormat" => "`rfc5424` or `rfc3164`".to_owned(),
            "Language" => "`promql` or `logql`".to_owned(),
            name if name.starts_with("Switch") => "`false` or map".to_owned(),
            "Severity" => "`critical`, `high`, `warning` or `info`".to_owned(),
            _ => "map".to_owned(),
        };
    }
    for key in ["anyOf", "allOf", "oneOf"] {
        let some = |s: &&Value| s.get("type").is_none_or(|t| t != "null");
        if let Some(first) =
            schema.get(key).and_then(Value::as_array).and_then(|l| l.iter().find(some))
        {
            return kind(first);
        }
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        Value::String(kind) => vec![kind],
        _ => vec![],
    };
    match kinds.first().copied() {
        Some("array") => format!("list of {}", kind(&schema["items"])),
        Some("object") => "map".to_owned(),
        Some("string") => "text".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some(other) => other.to_owned(),
        None => "any".to_owned(),
    }
}

fn table(schema: &Value) -> String {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut text = String::from("| key | type | default | meaning |\n|---|---|---|---|\n");
    for (key, property) in schema["properties"].as_object().unwrap() {
        let default = match property.get("default") {
            _ if required.contains(&key.as_str()) => "required".to_owned(),
            None | Some(Value::Null | Value::Object(_)) => String::new(),
            Some(Value::Array(list)) => list
                .iter()
                .map(|v| format!("`{}`", v.as_str().unwrap()))
                .collect::<Vec<_>>()
                .join(", "),
            Some(Value::String(text)) => format!("`{text}`"),
            Some(value) => format!("`{value}`"),
        };
        let words = property["description"].as_str().unwrap().split_whitespace();
        let meaning = words.collect::<Vec<_>>().join(" ");
        let meaning = meaning.trim_end_matches('.').replace('|', "\\|");
        let _ = writeln!(text, "| `{key}` | {} | {default} | {meaning} |", kind(property));
    }
    text
}

#[test]
fn every_key_is_in_its_table() {
    let schema = schema();
    let text = page("manifest.md");
    let mut expected = String::new();
    let mut rest = text.as_str();
    let mut named = BTreeSet::new();
    while let Some((before, after)) = rest.split_once("<!-- keys: ") {
        let (name, after) = after.split_once(" -->\n").unwrap();
        let (_, after) = after.split_once("<!-- end -->").unwrap();
        named.insert(name.to_owned());
        let _ = write!(
            expected,
            "{before}<!-- keys: {name} -->\n{}<!-- end -->",
            table(&part(&schema, name))
        );
        rest = after;
    }
    expected.push_str(rest);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/manifest.md");
        fs::write(path, &expected).unwrap();
    } else {
        assert_eq!(text, expected, "UPDATE_GOLDEN=1 cargo test --test manifest_docs");
    }
    for (name, definition) in schema["definitions"].as_object().unwrap() {
        let has_keys = definition.get("properties").is_some();
        assert!(!has_keys || named.contains(name), "docs/manifest.md has no table of {name}");
    }
    for name in ["Manifest", "Component", "Auth"] {
        assert!(named.contains(name), "docs/manifest.md has no table of {name}");
    }
}

/// Fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect()
}

#[test]
fn every_example_in_the_pages_fits() {
    for name in ["manifest.md", "components.md", "notifications.md", "security.md"] {
        let blocks = blocks(&page(name), "yaml");
        assert!(!blocks.is_empty());
        for block in blocks {
            let mut node = yaml::parse(0, "name: acme\n").unwrap();
            yaml::merge(
                &mut node,
                yaml::parse(1, &block).unwrap_or_else(|e| panic!("{e:?} in\n{block}")),
            );
            let text = yaml::emit_node(&node);
            let document = manifest::load_text("mcpmon.yaml", &text, Path::new(""))
                .unwrap_or_else(|e| panic!("{:?} in\n{block}", e.diagnostics));
            if document.manifest.components_dir.is_none() {
                let problems = jsonschema::draft7::new(&schema()).unwrap();
                let problems: Vec<String> =
                    problems.iter_errors(&node.to_json()).map(|e| e.to_string()).collect();
                assert!(problems.is_empty(), "{problems:?} in\n{block}");
            }
        }
    }
}

#[test]
fn the_example_component_fits_and_every_key_of_one_is_named() {
    let text = page("components.md");
    for block in blocks(&text, "component") {
        yaml::from_str::<Spec>("component.yaml", &block).unwrap();
    }
    // What serde says about an unknown key lists all that there are.
    let message = yaml::from_str::<Spec>("x", "zzzzzzzz: 1\n").unwrap_err().to_string();
    let keys = message.split("known here: ").nth(1).unwrap().trim_end_matches(')');
    for key in keys.split(", ") {
        assert!(text.contains(&format!("| `{key}` |")), "docs/components.md does not name `{key}`");
    }
    for filter in [
        "quote",
        "matcher",
        "alternatives",
        "untemplated",
        "ini",
        "alloy_list",
        "clock",
        "weekday_names",
        "month_numbers",
        "slack_channel",
    ] {
        assert!(
            text.contains(&format!("| `{filter}` |")),
            "docs/components.md does not name {filter}"
        );
    }
}
