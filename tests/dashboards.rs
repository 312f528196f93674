//! Every dashboard, compiled: the rules that each panel keeps, and what a wrong file is told.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::expect_used)]

#[path = "support/dashboards.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use mcpmon::assets::Assets;
use mcpmon::render::dashboards::{self, choices, queries, runbook_panel_id, runbook_url, runbooks};
use serde_json::Value;
use support::{all, compile};

/// Types that need nothing installed; Angular's `graph` and `singlestat` are gone since Grafana 12.
const CORE: [&str; 16] = [
    "row",
    "alertlist",
    "barchart",
    "bargauge",
    "dashlist",
    "gauge",
    "heatmap",
    "histogram",
    "logs",
    "piechart",
    "stat",
    "state-timeline",
    "status-history",
    "table",
    "text",
    "timeseries",
];
/// Types that show no number, so that a unit would mean nothing.
const WITHOUT_UNIT: [&str; 5] = ["row", "logs", "state-timeline", "status-history", "text"];

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn panels(dashboard: &Value) -> Vec<&Value> {
    let top = list(&dashboard["panels"]);
    top.iter().flat_map(|p| std::iter::once(p).chain(list(&p["panels"]))).collect()
}

fn each(mut check: impl FnMut(&str, &Value)) {
    for (name, dashboard) in all() {
        for panel in panels(&dashboard) {
            check(&format!("{name}: {}", panel["title"]), panel);
        }
    }
}

fn titles(dashboard: &Value) -> Vec<&str> {
    panels(dashboard).iter().filter_map(|p| p["title"].as_str()).collect()
}

/// The message for a dashboard file, laid over the shipped ones.
fn message(text: &str) -> String {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("grafana/dashboards");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("demo.yaml"), text).expect("a file");
    let assets = Assets::with_own(dir.path().to_owned());
    let said =
        compile(&assets, "demo", &[]).map_or_else(|e| e.to_string(), |_| "it compiles".into());
    said.replace(&format!("{}/", dir.path().display()), "")
}

fn with_panel(panel: &str) -> String {
    message(&format!(
        "title: Demo\ndescription: A demo.\nrows:\n- title: One\n  panels:\n  - {}\n",
        panel.replace('\n', "\n    ")
    ))
}

/// Name, uid, folder and title of every dashboard. Bookmarks and the documents that asked for them rely on these.
const KNOWN: [[&str; 4]; 24] = [
    ["cs-database", "cs-mcp-database", "Ops", "Database Performance"],
    ["cs-integrations", "cs-mcp-integrations", "Business", "Integration Health"],
    ["cs-overview", "cs-mcp-overview", "Dev", "MCP Server Overview"],
    ["cs-system", "cs-mcp-system", "Ops", "System Resources"],
    ["fleet", "mcpmon-fleet", "mcpmon", "MCP Fleet"],
    ["logs", "mcpmon-logs", "mcpmon", "MCP Logs"],
    ["mcp-overview", "mcp-overview", "MCP", "MCP Orchestration - Overview"],
    ["mcp-server", "mcp-server", "MCP", "MCP Server Dashboard"],
    ["mcp-service", "mcpmon-mcp-service", "mcpmon", "MCP Handshakes"],
    ["service", "mcpmon-service", "mcpmon", "MCP Service"],
    ["slo", "mcpmon-slo", "mcpmon", "Objectives"],
    ["slo-detail", "mcpmon-slo-detail", "mcpmon", "Objective"],
    ["stack", "mcpmon-stack", "mcpmon", "Monitoring Stack"],
    [
        "tailscale-infrastructure",
        "tailscale-mcp-infrastructure",
        "MCP",
        "Tailscale MCP - Infrastructure",
    ],
    ["tailscale-logs", "tailscale-mcp-logs", "MCP", "Tailscale MCP - Logs"],
    ["tailscale-overview", "tailscale-mcp-overview", "MCP", "Tailscale MCP - Overview"],
    ["tailscale-performance", "tailscale-mcp-performance", "MCP", "Tailscale MCP - Performance"],
    ["task-api", "task-mcp-api", "MCP", "API"],
    ["task-infrastructure", "task-mcp-infrastructure", "MCP", "Infrastructure"],
    ["task-overview", "task-mcp-overview", "MCP", "Overview"],
    ["task-security", "task-mcp-security", "MCP", "Security"],
    ["task-streaming", "task-mcp-streaming", "MCP", "Streaming"],
    ["task-tools", "task-mcp-tools", "MCP", "Tools"],
    ["runbooks", "mcpmon-runbooks", "mcpmon", "Runbooks"],
];

#[test]
fn every_dashboard_has_the_uid_the_folder_and_the_title_that_it_is_known_by() {
    let assets = Assets::shipped();
    let found: Vec<[String; 4]> = all()
        .into_iter()
        .map(|(name, json)| {
            let known = dashboards::identity(&assets, &name).expect("it loads");
            assert_eq!(json["uid"], known.uid, "{name}");
            assert_eq!(json["title"], known.title, "{name}");
            assert_eq!(known.file(), format!("{}/{name}.json", known.folder));
            [name, known.uid, known.folder, known.title]
        })
        .collect();
    assert_eq!(found, KNOWN.map(|known| known.map(str::to_owned)));
}

/// Grafana stops loading any when a uid, or a title within a folder, is used twice.
#[test]
fn grafana_can_tell_all_dashboards_apart() {
    let mut seen = BTreeSet::new();
    for [_, uid, folder, title] in KNOWN {
        assert!(seen.insert([uid, ""]) && seen.insert([folder, title]), "{uid}");
    }
}

#[test]
fn alerts_restarts_and_deployments_are_marked_on_every_chart() {
    for (name, dashboard) in all().into_iter().filter(|(name, _)| name != "runbooks") {
        let marks = list(&dashboard["annotations"]["list"]);
        let of = |mark: &str| {
            let found: Vec<&Value> = marks.iter().filter(|m| m["name"] == mark).collect();
            assert_eq!(found.len(), 1, "{name}: {mark}");
            found[0]
        };
        let alerts = of("Alerts")["expr"].as_str().unwrap_or_default();
        assert!(alerts.contains("ALERTS{alertstate=\"firing\""), "{name}: {alerts}");
        assert!(of("Restarts")["expr"].is_string(), "{name}");
        let deployments = of("Deployments");
        assert_eq!(deployments["datasource"]["uid"], "-- Grafana --", "{name}");
        assert_eq!(deployments["target"]["tags"], serde_json::json!(["deploy"]), "{name}");
    }
}

/// The reader who chose a service sees the alerts of that one.
#[test]
fn marks_are_those_of_what_was_chosen() {
    let of = |name: &str| {
        let json = compile(&Assets::shipped(), name, &[]).expect("it compiles");
        let marks = list(&json["annotations"]["list"]).to_vec();
        let alerts = marks.into_iter().find(|mark| mark["name"] == "Alerts").expect("the mark");
        alerts["expr"].as_str().unwrap_or_default().to_owned()
    };
    let start = "max by (alertname, severity, service, component) (ALERTS{alertstate=\"firing\", \
                 severity=~\"critical|high\"";
    assert_eq!(of("stack"), format!("{start}}})"));
    assert_eq!(of("task-api"), format!("{start}, service=~\"$service\"}})"));
    let both = ", group=~\"$group\", service=~\"$service\"";
    assert_eq!(of("mcp-overview"), format!("{start}{both}}})"));
}

#[test]
fn nothing_is_asked_more_often_than_every_ten_seconds() {
    for (name, dashboard) in all() {
        let every = dashboard["refresh"].as_str().unwrap_or_default();
        assert!(["", "30s", "1m", "5m"].contains(&every), "{name}: {every}");
        assert_eq!(dashboard["timepicker"]["refresh_intervals"][0], "10s", "{name}");
        assert!(
            dashboard["time"]["from"].as_str().is_some_and(|t| t.starts_with("now-")),
            "{name}"
        );
    }
}

#[test]
fn no_panel_lies_over_another_or_leaves_the_grid() {
    for (name, dashboard) in all() {
        let mut taken = BTreeSet::new();
        for panel in panels(&dashboard) {
            let at = |key: &str| panel["gridPos"][key].as_u64().expect("a whole number");
            assert!(at("x") + at("w") <= 24 && at("w") > 0 && at("h") > 0, "{name}: {panel}");
            for x in at("x")..at("x") + at("w") {
                for y in at("y")..at("y") + at("h") {
                    assert!(taken.insert((x, y)), "{name}: {} lies over another", panel["title"]);
                }
            }
        }
    }
}

#[test]
fn ids_and_titles_are_unique_within_a_dashboard() {
    for (name, dashboard) in all() {
        let (mut ids, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for panel in panels(&dashboard) {
            assert!(ids.insert(panel["id"].as_u64()), "{name}: {}", panel["title"]);
            if panel["type"] != "row" {
                assert!(seen.insert(panel["title"].as_str()), "{name}: {}", panel["title"]);
            }
        }
    }
}

#[test]
fn every_panel_says_what_it_shows_in_which_unit_and_asks_a_known_source() {
    each(|name, panel| {
        let kind = panel["type"].as_str().unwrap_or_default();
        assert!(CORE.contains(&kind), "{name}: {kind}");
        if kind == "row" {
            return;
        }
        let description = panel["description"].as_str().unwrap_or_default();
        assert!(description.ends_with('.'), "{name}: a description is a sentence: {description}");
        let text = panel.to_string();
        assert!(
            WITHOUT_UNIT.contains(&kind) || text.contains("\"unit\"") || kind == "table",
            "{name}"
        );
        for target in list(&panel["targets"]) {
            assert_eq!(target["datasource"], panel["datasource"], "{name}");
            let source = &target["datasource"];
            assert!(source["uid"] == "prometheus" || source["uid"] == "loki", "{name}");
            assert_eq!(source["uid"], source["type"], "{name}");
            let legend = target["legendFormat"].as_str().unwrap_or_default();
            assert!(kind == "logs" || !legend.is_empty(), "{name}: no legend");
            let expr = target["expr"].as_str().unwrap_or_default();
            assert!(!expr.contains("<stack>") && !expr.is_empty(), "{name}: {expr}");
        }
    });
}

#[test]
fn a_rate_of_a_raw_counter_uses_the_interval_that_fits_the_scrape() {
    each(|name, panel| {
        for target in list(&panel["targets"]) {
            let expr = target["expr"].as_str().unwrap_or_default();
            if target["datasource"]["uid"] == "prometheus" && expr.contains("rate(") {
                assert!(expr.contains("[$__rate_interval]"), "{name}: {expr}");
            }
        }
    });
}

#[test]
fn titles_are_written_alike() {
    const SMALL: [&str; 16] = [
        "a", "an", "and", "at", "by", "from", "in", "of", "over", "per", "the", "to", "p50", "p95",
        "p99", "within",
    ];
    for (name, dashboard) in all() {
        for title in titles(&dashboard) {
            for (index, word) in title.split(' ').enumerate() {
                let first = word.chars().next().is_some_and(char::is_uppercase);
                assert!(first || SMALL.contains(&word), "{name}: {title} ({word})");
                let small = SMALL.contains(&word.to_lowercase().as_str());
                assert!(index == 0 || !first || !small, "{name}: {title} ({word})");
            }
        }
    }
}

#[test]
fn queries_are_ready_to_be_sent() {
    let all: Vec<_> =
        all().iter().flat_map(|(_, dashboard)| queries(dashboard, &BTreeMap::new())).collect();
    assert!(all.len() > 100);
    for query in all {
        assert!(!query.expr.contains('$'), "{query:?}");
        assert!(query.datasource == "prometheus" || query.datasource == "loki", "{query:?}");
    }
}

#[test]
fn a_query_is_filled_with_what_the_dashboard_opens_with() {
    let find = |name: &str, panel: &str| {
        let dashboard = compile(&Assets::shipped(), name, &[]).expect("it compiles");
        let mut found =
            queries(&dashboard, &BTreeMap::new()).into_iter().filter(|query| query.panel == panel);
        found.next().map(|query| query.expr).unwrap_or_default()
    };
    assert_eq!(
        find("service", "CPU"),
        "sum by (instance) (rate(process_cpu_seconds_total{service=~\".*\"}[60s]))"
    );
    assert_eq!(
        find("logs", "Lines"),
        "sum(count_over_time({stack=\"acme\", service=~\".*\", service!=\"\", level=~\".*\"} \
         |~ `(?i)` [3600s])) or vector(0)"
    );
}

#[test]
fn a_variable_with_one_value_is_filled_with_the_one_that_was_chosen() {
    let json = compile(&Assets::shipped(), "service", &[]).expect("it compiles");
    let found = choices(&json);
    assert_eq!(found.len(), 1, "{found:?}");
    let service = &found[0];
    assert_eq!(service.series, "up{service!=\"\", group=~\".*\"}");
    assert_eq!((&service.name[..], &service.label[..]), ("service", "service"));
    let chosen = BTreeMap::from([("service".to_owned(), "search".to_owned())]);
    let asked = queries(&json, &chosen);
    assert!(asked.iter().any(|q| q.expr == "sum(mcp:requests:rate5m{service=\"search\"})"));
}

#[test]
fn without_loki_no_panel_asks_it_and_no_link_leads_to_the_logs() {
    let assets = Assets::shipped();
    for name in ["fleet", "service", "stack"] {
        let json = compile(&assets, name, &["loki", "promtail"]).expect("it compiles").to_string();
        assert!(!json.contains("\"loki\"") && !json.contains("mcpmon-logs"), "{name}");
        assert!(!json.contains("promtail"), "{name}");
    }
    let error = compile(&assets, "logs", &["loki"]).expect_err("it has nothing to show");
    assert_eq!(
        error.to_string(),
        "the dashboard `logs` needs the component `loki`, which is not enabled"
    );
}

#[test]
fn links_keep_the_time_and_the_variables() {
    for (name, dashboard) in all().into_iter().filter(|(name, _)| name != "runbooks") {
        let urls: Vec<&str> =
            list(&dashboard["links"]).iter().filter_map(|link| link["url"].as_str()).collect();
        let own = format!("/d/{}", dashboard["uid"].as_str().expect("a uid"));
        assert!(
            urls.contains(&"/d/mcpmon-runbooks") && !urls.contains(&own.as_str()),
            "{name}: {urls:?}"
        );
        for link in list(&dashboard["links"]) {
            assert!(link["keepTime"] == true && link["includeVars"] == true, "{link}");
        }
    }
    let fleet = compile(&Assets::shipped(), "fleet", &[]).expect("it compiles").to_string();
    assert!(fleet.contains(
        "/d/mcpmon-service?var-service=${__value.raw:percentencode}&${__url_time_range}"
    ));
}

#[test]
fn thresholds_stand_where_the_alerts_fire() {
    let fleet = compile(&Assets::shipped(), "fleet", &[]).expect("it compiles");
    let steps = |title: &str| {
        let found = panels(&fleet).into_iter().find(|panel| panel["title"] == title);
        found.expect("the panel").pointer("/fieldConfig/defaults/thresholds/steps").cloned()
    };
    let step = |color: &str, value: Value| serde_json::json!({ "color": color, "value": value });
    assert_eq!(
        steps("Error Share"),
        Some(
            vec![
                step("green", Value::Null),
                step("yellow", 0.01.into()),
                step("orange", 0.05.into())
            ]
            .into()
        )
    );
    // VeryHighLatency is off in this stack.
    assert_eq!(
        steps("Highest p95 Latency"),
        Some(vec![step("green", Value::Null), step("yellow", 1.into())].into())
    );
}

#[test]
fn every_alert_that_a_dashboard_names_is_in_a_rule_pack() {
    let assets = Assets::shipped();
    let mut known = BTreeSet::new();
    for pack in assets.names("prometheus/rules", ".yaml") {
        let text = assets.read(&format!("prometheus/rules/{pack}.yaml")).expect("it reads");
        let pack = mcpmon::yaml::parse(0, &text.expect("the pack")).expect("it parses");
        let alerts = pack.get("alerts").and_then(|alerts| alerts.as_map());
        known.extend(alerts.into_iter().flat_map(|alerts| alerts.keys().cloned()));
    }
    if known.is_empty() {
        eprintln!("NOT CHECKED: there is no rule pack yet");
        return;
    }
    for name in dashboards::names(&assets) {
        for alert in dashboards::alerts_named(&assets, &name).expect("it loads") {
            assert!(known.contains(&alert), "{name} names the alert {alert}");
        }
    }
}

#[test]
fn a_wrong_file_is_told_what_is_wrong() {
    for (panel, expected) in [
        (
            "title: P\ntype: timeserie\ndescription: It.\nquery: up\nunit: s",
            "grafana/dashboards/demo.yaml:7:11: unknown value `timeserie` (did you mean `timeseries`?)",
        ),
        (
            "title: P\ntype: stat\nquery: up\nunit: s",
            "grafana/dashboards/demo.yaml:6:5: `description` is missing",
        ),
        (
            "title: P\ntype: stat\ndescription: It.\nquery: up\nunit: s\nrequires: [lokii]",
            "grafana/dashboards/demo.yaml: panel \"P\": `requires` names the unknown component `lokii` \
             (did you mean `loki`?)",
        ),
        (
            "title: P\ntype: stat\ndescription: It.\nquery: up",
            "grafana/dashboards/demo.yaml: panel \"P\": `unit` is missing (`none` if the number has none)",
        ),
        (
            "title: P\ntype: table\ndescription: It.\nquery: up",
            "grafana/dashboards/demo.yaml: panel \"P\": `labels` is missing: rows are told apart by labels",
        ),
        (
            "title: P\ntype: text\ndescription: It.\ntext: Hi\nquery: up",
            "grafana/dashboards/demo.yaml: panel \"P\": a `text` panel asks nothing: remove its queries",
        ),
        (
            "title: P\ntype: stat\ndescription: It.\nunit: s",
            "grafana/dashboards/demo.yaml: panel \"P\": `query` is missing",
        ),
        (
            "title: P\ntype: stat\ndescription: It.\nquery: up\nunits: s",
            "grafana/dashboards/demo.yaml:10:5: unknown key `units` (did you mean `unit`?)",
        ),
        ("title: P\ntype: text\ndescription: It.\ntext: Hi", "it compiles"),
    ] {
        assert_eq!(with_panel(panel), expected);
    }
}

#[test]
fn a_wrong_place_is_told_what_is_wrong() {
    for (key, expected) in [
        ("uid: my board", "`uid` has 1 to 40 letters, digits, `-` and `_`: `my board` has not"),
        ("folder: a/b", "`folder` has 1 to 64 letters, digits, spaces, `-` and `_`: `a/b` has not"),
        (
            "folder: ../up",
            "`folder` has 1 to 64 letters, digits, spaces, `-` and `_`: `../up` has not",
        ),
        ("folder: general", "`folder` cannot be `general`: Grafana keeps that name for itself"),
        (
            "refresh: 5s",
            "`refresh` is `5s`: every look costs Prometheus all queries; write `10s` or more",
        ),
        ("refresh: often", "`refresh` is `often`: write a number and a unit, as in `30s`"),
    ] {
        let text = format!("title: Demo\ndescription: A demo.\n{key}\nrows: []\n");
        assert_eq!(message(&text), format!("grafana/dashboards/demo.yaml: {expected}"));
    }
    for key in ["uid: my_board-1", "folder: Team A", "refresh: 10s", "refresh: ''"] {
        let text = format!("title: Demo\ndescription: A demo.\n{key}\nrows: []\n");
        assert_eq!(message(&text), "it compiles");
    }
}

#[test]
fn an_unknown_dashboard_is_told_which_was_meant() {
    let error = compile(&Assets::shipped(), "flet", &[]).expect_err("there is none");
    assert_eq!(error.to_string(), "there is no dashboard `flet` (did you mean `fleet`?)");
}

#[test]
fn a_runbook_keeps_its_address_when_others_come_and_go() {
    let url = "https://grafana.example/d/mcpmon-runbooks/runbooks?viewPanel=";
    let id = runbook_panel_id("ServiceDown");
    assert_eq!(runbook_url("https://grafana.example/", "ServiceDown"), format!("{url}{id}"));
    for texts in [vec![("ServiceDown", "A")], vec![("Another", "B"), ("ServiceDown", "A")]] {
        let page = runbooks(&texts, &[]).expect("the names differ");
        let page = serde_json::from_str(&page).expect("it is JSON");
        let found = panels(&page).into_iter().find(|panel| panel["id"] == id).expect("the panel");
        assert_eq!(found["title"], "ServiceDown");
        assert_eq!(found["options"]["content"], "A");
    }
}
