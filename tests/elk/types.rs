//! What Elasticsearch is sent, against the types of Elastic's own client (npm `@elastic/elasticsearch`). It
//! needs npm, and fails without it: a check that is skipped proves nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::{MANIFEST, rendered};

fn npm(arguments: &[&str]) -> (bool, String) {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/elk/types");
    let output = Command::new("npm").args(arguments).current_dir(folder).output();
    let output = output.expect("npm runs: install Node.js 20 or later");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn check(bodies: &BTreeMap<String, Json>) -> (bool, String) {
    let dir = tempfile::tempdir().unwrap();
    for (name, body) in bodies {
        std::fs::write(dir.path().join(name), body.to_string()).unwrap();
    }
    npm(&["run", "--silent", "check", "--", dir.path().to_str().unwrap()])
}

#[test]
fn bodies_fit_the_types_of_elastics_client() {
    let (ok, text) = npm(&["ci", "--no-audit", "--no-fund"]);
    assert!(ok, "npm ci failed: {text}");
    let (_, tree) = rendered(MANIFEST);
    let bodies: BTreeMap<String, Json> = tree
        .iter()
        .filter_map(|(path, text)| {
            let name = path.strip_prefix("elasticsearch/setup/")?;
            Some((name.to_owned(), serde_json::from_str(text).unwrap()))
        })
        .collect();
    let (ok, text) = check(&bodies);
    assert!(ok && text.contains("7 bodies fit"), "{text}");
    // And what does not fit is found.
    let mut broken = bodies.clone();
    broken.get_mut("lifecycle.json").unwrap()["policy"]["phases"]["deletes"] = json!({});
    broken.get_mut("index-template.json").unwrap()["index_patterns"] = json!(5);
    broken.get_mut("index-template.json").unwrap()["template"]["mapping"] = json!({});
    broken.get_mut("writer-role.json").unwrap()["index"] = json!([]);
    broken.get_mut("monitor-role.json").unwrap()["indices"][0]["names"] = json!(1);
    broken.get_mut("writer-user.json").unwrap()["roles"] = json!("mcpmon_writer");
    let (ok, text) = check(&broken);
    assert!(!ok, "{text}");
    for name in [
        "lifecycle.json",
        "index-template.json",
        "writer-role.json",
        "monitor-role.json",
        "writer-user.json",
    ] {
        assert!(text.contains(&format!("{name}: ")), "{name} is not in {text}");
    }
}
