use mcpmon::check::compare::{differences, seconds, yaml};

/// Rendered, loaded, and what is said.
const CASES: [(&str, &str, &[&str]); 26] = [
    // Defaults are filled in or left out.
    ("a: 1", "{a: 1, b: 2}", &[]),
    ("{a: false, b: 0, c: '', d: [], e: {f: null}}", "{}", &[]),
    ("a: true", "{}", &["a: rendered true, loaded nothing"]),
    ("a: false", "a: true", &["a: rendered false, loaded true"]),
    // Another spelling.
    ("a: 7d", "a: 168h0m0s", &[]),
    ("a: 7d", "a: 1w", &[]),
    ("a: 7d", "a: 14d", &["a: rendered 7d, loaded 14d"]),
    ("a: 90s", "a: 1m30s", &[]),
    ("a: 1500ms", "a: 1.5s", &[]),
    ("a: 536870912B", "a: 512MB", &[]),
    ("a: 8kb", "a: 8192", &[]),
    ("a: 512MiB", "a: 256MB", &["a: rendered 512MiB, loaded 256MB"]),
    ("a: '8080'", "a: 8080", &[]),
    ("a: 0.10", "a: 0.1", &[]),
    ("a: 10", "a: 100", &["a: rendered 10, loaded 100"]),
    // Paths are made absolute; secrets are hidden.
    ("a: [rules/*.yml]", "a: [/etc/mcpmon/live/rules/*.yml]", &[]),
    (
        "a: rules/*.yml",
        "a: /etc/other_rules/*.yml",
        &["a: rendered rules/*.yml, loaded /etc/other_rules/*.yml"],
    ),
    ("a: hunter2", "a: <secret>", &[]),
    ("a: http://b:1", "a: http://b:1/", &[]),
    // Lists have an order and a length.
    ("a: [{name: x, b: 1}]", "a: [{name: x, b: 2}]", &["a[x].b: rendered 1, loaded 2"]),
    ("a: [x, y]", "a: [y, x]", &["a[x]: rendered x, loaded y", "a[y]: rendered y, loaded x"]),
    (
        "a: [{name: x}, {name: y}]",
        "a: [{name: x}]",
        &["a: rendered 2 entries (x, y), loaded 1 entries (x)"],
    ),
    // Alertmanager sorts matchers, and writes them its own way.
    ("target_matchers: ['b = \"c\"', 'a!=\"\"']", "target_matchers: ['a!=\"\"', 'b=\"c\"']", &[]),
    (
        "matchers: ['a=\"b\"']",
        "matchers: ['a=\"c\"']",
        &["matchers: rendered [\"a=\\\"b\\\"\"], loaded [\"a=\\\"c\\\"\"]"],
    ),
    // Promtail prints a map as a text.
    ("a: {stack: acme}", "a: |\n  stack: acme\n", &[]),
    ("a: {b: {c: 1}}", "a: {b: 7}", &["a.b: rendered {\"c\":1}, loaded 7"]),
];

#[test]
fn what_is_the_same_and_what_is_not() {
    for (rendered, loaded, expected) in CASES {
        let found = differences(&yaml("r", rendered).unwrap(), &yaml("l", loaded).unwrap());
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{rendered} / {loaded}");
    }
}

#[test]
fn durations_of_prometheus_and_go() {
    for (text, expected) in [
        ("15s", Some(15.0)),
        ("1h30m", Some(5400.0)),
        ("168h0m0s", Some(604_800.0)),
        ("0s", Some(0.0)),
        ("1d12h", Some(129_600.0)),
        ("", None),
        ("s", None),
        ("15", None),
        ("1 fortnight", None),
    ] {
        assert_eq!(seconds(text), expected, "{text}");
    }
}
