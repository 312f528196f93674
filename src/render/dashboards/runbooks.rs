//! The page that every alert's `runbook_url` leads to: one panel of text for each alert.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::grid::{COLUMNS, Grid};
use super::{HOME_FOLDER, Head, Identity, PLUGIN_VERSION, RUNBOOKS, dashboard, frame, kinds};
use crate::render::json::{self, json};

const UID: &str = "mcpmon-runbooks";
const TITLE: &str = "Runbooks";

/// What Grafana knows the page by.
pub(super) fn identity() -> Identity {
    Identity {
        name: RUNBOOKS.to_owned(),
        uid: UID.to_owned(),
        folder: HOME_FOLDER.to_owned(),
        title: TITLE.to_owned(),
        description: "What to do about each alert".to_owned(),
    }
}

/// The id of an alert's panel. It depends on the alert's name alone, so that a link in an old
/// notification still leads to the right place after alerts were added or removed.
pub fn runbook_panel_id(alert: &str) -> u32 {
    // FNV-1a, folded to 31 bits: Grafana's old versions read panel ids as signed numbers.
    let hash = alert
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (((hash >> 31) ^ hash) & 0x7fff_ffff).max(1)
}

/// The address of an alert's runbook in the Grafana at `grafana`.
///
/// The panel is named by its bare number. Grafana 11 to 13 write `panel-<id>` themselves and still
/// read the number; the older dashboard page, which 11 can be switched to, reads only the number.
pub fn runbook_url(grafana: &str, alert: &str) -> String {
    let base = grafana.trim_end_matches('/');
    format!("{base}/d/{UID}/{RUNBOOKS}?viewPanel={}", runbook_panel_id(alert))
}

/// The dashboard of runbooks, `(alert, Markdown)` in order of name, which leads to pages elsewhere, by title.
///
/// # Errors
/// Two alerts whose names give the same panel id; renaming one of them helps.
pub fn runbooks(runbooks: &[(&str, &str)], links: &[(String, String)]) -> Result<String> {
    let mut by_id = BTreeMap::new();
    let mut sorted = runbooks.to_vec();
    sorted.sort_unstable();
    let mut grid = Grid::default();
    let mut panels = Vec::new();
    for (alert, markdown) in sorted {
        let id = runbook_panel_id(alert);
        if let Some(other) = by_id.insert(id, alert) {
            bail!(
                "the alerts `{other}` and `{alert}` would share the runbook panel {id}: rename one"
            );
        }
        let description = format!("What {alert} means and what to do about it.");
        panels.push(json!({
            "id": id,
            "type": "text",
            "title": alert,
            "description": description,
            "gridPos": grid.place(COLUMNS, height(markdown)),
            "pluginVersion": PLUGIN_VERSION,
            "options": kinds::markdown(markdown),
            "fieldConfig": { "defaults": {}, "overrides": [] },
        }));
    }
    let head = Head {
        uid: UID,
        title: TITLE,
        description: "What each alert means, how to look into it and what to do.",
    };
    let own = json!({
        "annotations": { "list": [] },
        "links": frame::lead_outs(links).collect::<Vec<_>>(),
        "panels": panels,
        "refresh": "",
        "tags": ["mcpmon", RUNBOOKS],
        "templating": { "list": [] },
        "time": { "from": "now-6h", "to": "now" },
    });
    json::pretty(&dashboard(head, own))
}

/// A grid row is 30 pixels high and holds about a line and a third; long lines wrap.
fn height(markdown: &str) -> u32 {
    let lines: usize = markdown.lines().map(|line| 1 + line.chars().count() / 160).sum();
    u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(3).clamp(5, 30)
}
