//! Messages as Alertmanager's own template engine renders them (amtool, in Docker), word for word:
//! each case beside `tests/messages/` holds what every template makes of one notification.
//! `UPDATE_GOLDEN=1` writes them anew; read them as whoever is woken by them.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/amtool.rs"]
mod amtool;

use std::fmt::Write as _;
use std::path::Path;

use mcpmon::assets::Assets;
use mcpmon::catalog::Catalog;
use mcpmon::{manifest, render, stack};
use serde_json::{Value as Json, json};

/// The templates that receivers name, and whether Alertmanager renders them as HTML.
const TEMPLATES: [(&str, bool); 15] = [
    ("mcpmon.title", false),
    ("mcpmon.text", false),
    ("mcpmon.link", false),
    ("mcpmon.pagerduty.severity", false),
    ("mcpmon.opsgenie.priority", false),
    ("mcpmon.opsgenie.tags", false),
    ("mcpmon.slack.title", false),
    ("mcpmon.slack.color", false),
    ("mcpmon.slack.text", false),
    ("mcpmon.teams.text", false),
    ("mcpmon.discord.text", false),
    ("mcpmon.telegram.text", true),
    ("mcpmon.email.subject", false),
    ("mcpmon.email.text", false),
    ("mcpmon.email.html", true),
];

/// Alertmanager's files of a stack, with `own` as the team's own templates.
fn files(own: Option<&str>) -> Vec<(String, String)> {
    let dir = tempfile::tempdir().unwrap();
    let mut text = "name: acme\ncomponents: {grafana: {admin_password: {env: SECRET}}}\nnotifications: {receivers: {a: {webhook: {url: \"http://a:1/\"}}}, default: a".to_owned();
    if let Some(own) = own {
        std::fs::write(dir.path().join("ours.tmpl"), own).unwrap();
        text += ", templates_dir: .";
    }
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    let document = manifest::load_text("mcpmon.yaml", &(text + "}\n"), dir.path()).unwrap();
    let resolved = stack::resolve(&document, &catalog).unwrap();
    let bundle = render::render(&resolved.stack, &catalog).unwrap();
    let files = bundle.components["alertmanager"].iter();
    files.map(|(path, file)| (path.clone(), file.text.clone())).collect()
}

fn alert(status: &str, labels: &Json, annotations: &Json) -> Json {
    json!({
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": "2026-11-21T03:12:45Z",
        "endsAt": if status == "resolved" { "2026-11-21T04:00:00Z" } else { "0001-01-01T00:00:00Z" },
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        "fingerprint": "0f1e2d3c",
    })
}

/// A notification about alerts, with what all of them have in common.
fn notification(status: &str, alerts: &[Json]) -> Json {
    let common = |field: &str| {
        let mut all: Vec<_> =
            alerts.iter().map(|a| a[field].as_object().unwrap().clone()).collect();
        let first = all.remove(0);
        let same =
            first.into_iter().filter(|(k, v)| all.iter().all(|other| other.get(k) == Some(v)));
        same.collect::<serde_json::Map<_, _>>()
    };
    let labels = common("labels");
    json!({
        "receiver": "chat",
        "status": status,
        "alerts": alerts,
        "groupLabels": {"alertname": labels.get("alertname").cloned().unwrap_or_default()},
        "commonLabels": labels,
        "commonAnnotations": common("annotations"),
        "externalURL": "http://127.0.0.1:9093",
    })
}

fn down(service: &str, status: &str) -> Json {
    alert(
        status,
        &json!({"alertname": "ServiceDown", "severity": "critical", "category": "availability", "service": service, "group": "core"}),
        &json!({"summary": format!("{service} is down"), "description": format!("Prometheus could not scrape {service} for 1m."), "runbook_url": "http://127.0.0.1:3000/d/mcpmon-runbooks?var-alert=ServiceDown"}),
    )
}

/// What an attacker who controls a label would write.
const HOSTILE: &str = "</td><script>alert(1)</script> <!channel> <https://evil.example|click> [click](https://evil.example) *b* `c` @everyone & \"q\" 'a' {{ .Status }}";

fn cases() -> Vec<(&'static str, Json)> {
    let bare = |name: &str, severity: &str| {
        alert(
            "firing",
            &json!({"alertname": name, "severity": severity, "instance": "host-1"}),
            &json!({"summary": format!("{name} on host-1")}),
        )
    };
    let many: Vec<Json> = (1..=12)
        .map(|n| down(&format!("service-{n}"), "firing"))
        .chain([down("service-13", "resolved")])
        .collect();
    let hostile = alert(
        "firing",
        &json!({"alertname": "OwnAlert", "severity": "high", "service": HOSTILE}),
        &json!({"summary": HOSTILE, "description": HOSTILE, "runbook_url": "javascript:alert(1)//|x>"}),
    );
    vec![
        ("firing", notification("firing", &[down("terminal", "firing")])),
        ("resolved", notification("resolved", &[down("terminal", "resolved")])),
        ("grouped", notification("firing", &many)),
        ("mixed", notification("firing", &[bare("HighCPU", "warning"), bare("DiskFull", "high")])),
        ("hostile", notification("firing", &[hostile])),
    ]
}

/// What each template makes of a notification, in the order of `templates`.
fn render_all(files: &[(String, String)], data: &Json, templates: &[(&str, bool)]) -> Vec<String> {
    const END: &str = "\n=== end of a message ===\n";
    let mut files = files.to_vec();
    files.push(("data.json".to_owned(), data.to_string()));
    let mut script = String::from("set -e\n");
    for (name, html) in templates {
        let kind = if *html { "html" } else { "text" };
        let text = amtool::word(&format!("{{{{ template \"{name}\" . }}}}"));
        let _ = writeln!(
            script,
            "amtool template render --template.glob='templates/*.tmpl' --template.glob='own/*.tmpl' --template.type={kind} --template.data=data.json --template.text={text}\nprintf {}",
            amtool::word(END)
        );
    }
    let (ok, out, err) = amtool::script(&files, &script);
    assert!(ok, "{out}{err}");
    let mut parts: Vec<String> = out.split(END).map(str::to_owned).collect();
    assert_eq!(parts.pop().unwrap(), "");
    parts
}

#[test]
fn every_message_is_as_it_was_written() {
    let files = files(None);
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for (name, data) in cases() {
        let mut text = String::new();
        for ((template, _), message) in TEMPLATES.iter().zip(render_all(&files, &data, &TEMPLATES))
        {
            let _ = write!(text, "=== {template}\n{}\n", message.trim_end_matches('\n'));
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/messages/{name}.txt"));
        if update {
            std::fs::write(&path, &text).unwrap();
        } else {
            assert_eq!(text, std::fs::read_to_string(&path).unwrap(), "{name}");
        }
    }
}

#[test]
fn labels_of_an_attacker_stay_text() {
    let (_, data) = cases().pop().unwrap();
    let messages = render_all(&files(None), &data, &TEMPLATES);
    let of = |name: &str| &messages[TEMPLATES.iter().position(|(n, _)| *n == name).unwrap()];
    for name in ["mcpmon.slack.title", "mcpmon.slack.text"] {
        let text = of(name);
        assert!(text.contains("&lt;!channel&gt;") && text.contains("&amp; \""), "{text}");
        assert!(!text.contains("<!channel>") && !text.contains("<https://evil"), "{text}");
    }
    for name in ["mcpmon.email.html", "mcpmon.telegram.text"] {
        let text = of(name);
        assert!(text.contains("&lt;script&gt;"), "{text}");
        for bad in ["<script", "</td><s", "ZgotmplZ"] {
            assert!(!text.contains(bad), "{name} holds {bad}: {text}");
        }
        // What is a template in a label is never run.
        assert!(text.contains("{{ .Status }}"), "{text}");
    }
    // A link leads to a page, never to a program.
    for (name, _) in
        TEMPLATES.iter().filter(|(n, _)| !matches!(*n, "mcpmon.text" | "mcpmon.email.text"))
    {
        assert!(!of(name).contains("javascript:"), "{name}: {}", of(name));
    }
    for name in ["mcpmon.teams.text", "mcpmon.discord.text"] {
        let text = of(name);
        assert!(text.contains(r"\[click\](https://evil.example) \*b\* \`c\`"), "{text}");
    }
}

#[test]
fn a_team_replaces_one_message_and_keeps_the_others() {
    let own = "{{ define \"mcpmon.slack.title\" }}ours: {{ .CommonLabels.alertname }}{{ end }}\n";
    let (_, data) = cases().remove(0);
    let wanted = [("mcpmon.slack.title", false), ("mcpmon.email.subject", false)];
    let found = render_all(&files(Some(own)), &data, &wanted);
    assert_eq!(found, ["ours: ServiceDown", "[CRITICAL] ServiceDown terminal"]);
}

#[test]
fn every_template_that_a_receiver_names_is_defined_and_tried() {
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/alertmanager/alertmanager.yml.j2"),
    )
    .unwrap();
    for rest in text.split("{{ template \"").skip(1) {
        let name = rest.split('"').next().unwrap();
        let tried = TEMPLATES.iter().any(|(known, _)| *known == name);
        assert!(tried || name == "mcpmon.chat.title", "{name} is not rendered by a test");
    }
}
