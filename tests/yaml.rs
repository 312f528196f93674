//! Laws of reading, merging and writing YAML, for arbitrary documents.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use indexmap::IndexMap;
use mcpmon::manifest;
use mcpmon::yaml::{self, Entry, Node, Span, Value};
use proptest::prelude::*;
use serde_json::Value as Json;

/// Text that YAML readers are known to trip over, and any other.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            " ",
            "~",
            "null",
            "yes",
            "no",
            "on",
            "true",
            "0755",
            "0o17",
            "1_000",
            "1e3",
            "3e1117841328",
            ".inf",
            "12:30:45",
            "2024-01-01",
            "- a",
            "a: b",
            "# c",
            "a #b",
            "| x",
            "> x",
            "!tag",
            "&a",
            "*a",
            "%x",
            "@x",
            "`x`",
            "{",
            "[",
            "'",
            "\"",
            "\\",
            "---",
            "...",
            "=",
            "<<",
            "?",
            ":",
            "-",
            " x",
            "x ",
            "\tx",
            "a\nb",
            "\n",
            "a\n",
            "\n\na",
            "a\n\n",
            "  a\nb",
            "${x} {{ y }}",
            "3.10",
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,6}",
        "\\PC{0,12}",
        "[ -~\n\t]{0,20}",
    ]
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-1.0e6..1.0e6_f64).prop_map(Json::from),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::vec((text(), inner), 0..5)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

/// A document without places; `null` appears in it only where `nulls` says so.
fn node(nulls: bool) -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        "[a-d]".prop_map(Value::String),
        Just(if nulls { Value::Null } else { Value::Bool(true) }),
    ]
    .prop_map(at_nowhere);
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|l| at_nowhere(Value::List(l))),
            prop::collection::vec(("[a-e]", inner), 0..4).prop_map(map_of),
        ]
    })
}

fn map(nulls: bool) -> impl Strategy<Value = Node> {
    prop::collection::vec(("[a-e]", node(nulls)), 0..5).prop_map(map_of)
}

/// A document in which a key always holds the same kind of value, as in manifests that fit.
fn fitting() -> impl Strategy<Value = Node> {
    let leaf = || {
        prop_oneof![
            any::<bool>().prop_map(|b| at_nowhere(Value::Bool(b))),
            prop::collection::vec(node(false), 0..3).prop_map(|l| at_nowhere(Value::List(l))),
        ]
    };
    let flat = prop::collection::vec(("[ab]", leaf()), 0..3).prop_map(map_of);
    flat.prop_recursive(3, 20, 4, move |inner| {
        prop::collection::vec(prop_oneof![("[ab]", leaf()), ("[cde]", inner)], 0..4)
            .prop_map(map_of)
    })
}

fn at_nowhere(value: Value) -> Node {
    Node { span: Span::default(), value }
}

fn map_of(entries: Vec<(String, Node)>) -> Node {
    let entry = |node| Entry { key: Span::default(), node };
    let map: IndexMap<String, Entry> = entries.into_iter().map(|(k, n)| (k, entry(n))).collect();
    at_nowhere(Value::Map(map))
}

fn merged(base: &Node, over: &Node) -> Node {
    let mut base = base.clone();
    yaml::merge(&mut base, over.clone());
    base
}

fn quiet() -> ProptestConfig {
    // A failing case prints itself; a file of old ones would only grow.
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) }
}

proptest! {
    #![proptest_config(quiet())]

    #[test]
    fn what_is_written_is_read_back(value in json()) {
        let written = yaml::emit(&value).unwrap();
        match yaml::parse(0, &written) {
            // An empty document reads as an empty map.
            Ok(read) if value.is_null() => prop_assert!(read.as_map().is_some() || read.to_json().is_null()),
            Ok(read) => prop_assert_eq!(read.to_json(), value, "{}", written),
            Err(problem) => prop_assert!(false, "{:?} in {}", problem, written),
        }
    }

    #[test]
    fn a_document_is_written_as_it_was_read(value in json()) {
        let read = yaml::parse(0, &yaml::emit(&value).unwrap()).unwrap();
        let written = yaml::emit_node(&read);
        let again = yaml::parse(1, &written).map_err(|p| TestCaseError::fail(format!("{p:?} in {written}")))?;
        prop_assert_eq!(again.to_json(), read.to_json(), "{}", written);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        prop_assert_eq!(yaml::check(&text).is_ok(), yaml::parse(0, &text).is_ok());
    }

    #[test]
    fn any_lines_are_read_or_refused(text in "([ \\-:\\[\\]{}#&*!|>'\"a-c\n\t,]|: |- ){0,60}") {
        let read = yaml::parse(0, &text);
        prop_assert_eq!(yaml::check(&text).is_ok(), read.is_ok());
        if let Err(problem) = read {
            prop_assert!(problem.span.end as usize <= text.len());
            prop_assert!(!problem.message.is_empty());
        }
        match manifest::load_text("m.yaml", &text, Path::new("")) {
            Ok(_) => {}
            Err(error) => {
                // Drawing must not fail either, whatever the place.
                let drawn = mcpmon::diagnostic::draw(&error.diagnostics, &error.sources, false);
                prop_assert!(drawn.starts_with("error: "), "{}", drawn);
            }
        }
    }

    #[test]
    fn any_document_is_a_manifest_or_refused(value in json()) {
        let text = yaml::emit(&value).unwrap();
        if let Err(error) = manifest::load_text("m.yaml", &text, Path::new("")) {
            prop_assert!(!error.diagnostics.is_empty());
            let _ = mcpmon::diagnostic::draw(&error.diagnostics, &error.sources, false);
        }
    }

    #[test]
    fn an_empty_manifest_changes_nothing(base in map(true)) {
        prop_assert_eq!(merged(&base, &Node::empty_map()).to_json(), base.to_json());
        prop_assert_eq!(merged(&Node::empty_map(), &base).to_json(), base.to_json());
    }

    #[test]
    fn the_same_manifest_again_changes_nothing(base in map(false)) {
        prop_assert_eq!(merged(&base, &base).to_json(), base.to_json());
    }

    /// Where something is removed, order matters: what was removed first may come back. So it does
    /// where one file has a map and another a scalar.
    #[test]
    fn without_removals_files_may_be_merged_in_any_grouping(
        a in fitting(), b in fitting(), c in fitting(),
    ) {
        let left = merged(&merged(&a, &b), &c);
        let right = merged(&a, &merged(&b, &c));
        prop_assert_eq!(left.to_json(), right.to_json());
    }

    #[test]
    fn null_removes(base in map(false), key in "[a-e]") {
        let over = map_of(vec![(key.clone(), at_nowhere(Value::Null))]);
        let had = base.get(&key).is_some();
        let found = merged(&base, &over);
        // A removal of nothing stays, for the checks to complain about.
        prop_assert_eq!(found.get(&key).is_some(), !had);
        prop_assert_eq!(found.as_map().unwrap().len(), base.as_map().unwrap().len() + usize::from(!had) - usize::from(had));
    }

    #[test]
    fn lists_and_scalars_replace(base in map(false), key in "[a-e]", list in prop::collection::vec(node(true), 0..3)) {
        let list = at_nowhere(Value::List(list));
        let found = merged(&base, &map_of(vec![(key.clone(), list.clone())]));
        prop_assert_eq!(found.get(&key).unwrap().to_json(), list.to_json());
    }

    #[test]
    fn keys_keep_the_order_in_which_they_were_first_written(base in map(false), over in map(false)) {
        let found = merged(&base, &over);
        let keys = |node: &Node| node.as_map().unwrap().keys().cloned().collect::<Vec<_>>();
        let mut expected = keys(&base);
        expected.extend(keys(&over).into_iter().filter(|key| base.get(key).is_none()));
        prop_assert_eq!(keys(&found), expected);
    }
}

#[test]
fn a_check_takes_what_is_read_and_nothing_else() {
    for text in [
        "",
        "# a",
        "a",
        "~",
        "1: a",
        "true: a",
        "~: a",
        "1.5: a",
        "[a]: b",
        "{a: 1}: b",
        "? a",
        "a: !x 1",
        "a: !!str 1",
        "a: &x 1\nb: *x",
        "b: *x",
        "<<: {a: 1}",
        "<<: 1",
        "a: 1\na: 2",
        "a: 1\n---\nb: 2",
        "a: 18446744073709551616",
        "a: -9223372036854775809",
        "a: .nan",
        "a: 2026-11-22",
        "a: !!binary aGk=",
        "- a\n- {b: [c, ~]}",
        "a: &x [1, *x]",
        "a: &x [1]\nb: &y [*x, *x]\nc: [*y]",
        "*x : 1",
        "&x a: 1\n*x : 2",
        "&x a: 1\nb: *x",
        "<<: *x",
        "\"<<\": 1",
        "{a, b}",
        "%YAML 1.2\n---\na: 1",
    ] {
        assert_eq!(yaml::check(text).is_ok(), yaml::parse(0, text).is_ok(), "{text:?}");
    }
    for depth in (20..80).chain([300]) {
        let within = |text: &str| format!("{}{text}{}", "[".repeat(depth), "]".repeat(depth));
        for text in [within(""), format!("a: &x {}\nb: {}", within(""), within("*x"))] {
            assert_eq!(yaml::check(&text).is_ok(), yaml::parse(0, &text).is_ok(), "{text}");
        }
    }
}

/// Texts that are nearly YAML: its signs in any order.
fn nearly() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a",
        "b",
        "a: ",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "&x ",
        "&y ",
        "*x",
        "*y",
        "? ",
        ": ",
        "<<: ",
        "~",
        "null",
        "1",
        "1.5",
        "12345678901234567890",
        "1e400",
        "0xffffffffffffffffff",
        "-.inf",
        ".5",
        "true",
        "\"",
        "'",
        "!t ",
        "!!str ",
        " # c",
        "| ",
        "---\n",
        "...\n",
        "\t",
    ]);
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_check_takes_of_what_is_nearly_yaml_what_is_read(text in nearly()) {
        prop_assert_eq!(yaml::check(&text).is_ok(), yaml::parse(0, &text).is_ok());
    }
}

#[test]
fn one_source_of_a_secret_replaces_another() {
    let mut base = yaml::parse(0, "password: {env: NAME}\nrun: {env: {A: b}}\n").unwrap();
    let over = yaml::parse(1, "password: {file: path}\nrun: {env: {C: d}}\n").unwrap();
    yaml::merge(&mut base, over);
    let expected =
        serde_json::json!({"password": {"file": "path"}, "run": {"env": {"A": "b", "C": "d"}}});
    assert_eq!(base.to_json(), expected);
}

#[test]
fn what_is_too_large_for_a_number_is_text() {
    // Loki shows the name of its container so: twelve digits of base 16, seldom with no letter but one `e`.
    for text in ["3e1117841328", "-1e999", "+9E400", "1.5e309"] {
        let document = yaml::parse(0, &format!("instance_id: {text}\nlist: [{text}]\n")).unwrap();
        assert_eq!(document.to_json(), serde_json::json!({"instance_id": text, "list": [text]}));
    }
    for text in [".inf", "-.inf", ".nan"] {
        let problem = yaml::parse(0, &format!("a: {text}\n")).unwrap_err();
        assert_eq!(problem.message, format!("`{text}` is no number to count with"));
    }
}
