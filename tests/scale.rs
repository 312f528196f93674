//! The cost of a service is one target: no job, no rule, no dashboard.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use mcpmon::assets::Assets;
use mcpmon::catalog::Catalog;
use mcpmon::{manifest, render, stack};

/// Every rendered file of a fleet of that size.
fn rendered(services: usize) -> BTreeMap<String, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/bench-manifest");
    let output = Command::new(script).arg(services.to_string()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let document = manifest::load_text("mcpmon.yaml", &text, Path::new("")).unwrap();
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    let resolved = stack::resolve(&document, &catalog).unwrap();
    assert_eq!(resolved.stack.services.len(), services);
    let bundle = render::render(&resolved.stack, &catalog).unwrap();
    bundle.tree().into_iter().map(|(path, text)| (path, text.to_owned())).collect()
}

#[test]
fn a_thousand_services_need_the_files_of_ten() {
    let few = rendered(10);
    for services in [100, 1000] {
        let many = rendered(services);
        assert_eq!(many.keys().collect::<Vec<_>>(), few.keys().collect::<Vec<_>>());
        for (path, text) in &many {
            let lines = |text: &str| text.lines().count();
            match path.as_str() {
                "prometheus/targets/services/targets.json"
                | "prometheus/targets/mcp/targets.json"
                | "agent/fleet/services.json" => {
                    assert_eq!(lines(text) - lines(&few[path]), services - 10, "{path}");
                }
                // Containers are found by name; the script names those of a hundred services.
                "promtail/promtail.yml" => {}
                "agent/agent.yml" => {
                    assert_eq!(lines(text), lines(&few[path]), "{path}");
                }
                _ => assert_eq!(text, &few[path], "{path} differs with {services} services"),
            }
        }
    }
}
