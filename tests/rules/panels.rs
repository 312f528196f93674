//! Every query of every dashboard is PromQL to Prometheus' own parser.

use std::collections::BTreeMap;

use mcpmon::render::dashboards::{PROMETHEUS_UID, queries};
use serde_json::{Value as Json, json};

use crate::dashboards::all;
use crate::promtool::promtool;

#[test]
fn every_query_of_a_dashboard_is_promql() {
    let rules: Vec<Json> = all()
        .iter()
        .flat_map(|(_, dashboard)| queries(dashboard, &BTreeMap::new()))
        .filter(|query| query.datasource == PROMETHEUS_UID)
        .enumerate()
        .map(|(index, query)| {
            // What promtool says about a rule names its record.
            let place: String = format!("{}:{}", query.dashboard, query.panel)
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' })
                .collect();
            json!({"record": format!("{place}:{index}"), "expr": query.expr})
        })
        .collect();
    assert!(rules.len() > 300, "{}", rules.len());
    let file = json!({"groups": [{"name": "panels", "rules": rules}]});
    let (ok, text) =
        promtool(&[("panels.yml".to_owned(), file.to_string())], &["check", "rules", "panels.yml"]);
    assert!(ok, "{text}");
}
