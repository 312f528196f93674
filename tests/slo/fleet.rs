//! Three services of different dialects, and objectives of every kind about them.

use std::path::Path;

use mcpmon::assets::Assets;
use mcpmon::catalog::Catalog;
use mcpmon::render::rules::Compiled;
use mcpmon::slo::{Slo, compile};
use mcpmon::{manifest, stack};

/// One objective of each kind, and of each thing that changes its rules. The longer tiers of some are
/// left out: they are the same rules for all kinds, read what the short ones record, and take long to play.
pub const EVERY_KIND: &str = r#"
slos:
  availability: {objective: 99.9%, indicator: requests, override: {search: {objective: 99.5%}}}
  latency: {objective: 99%, indicator: {latency: {threshold: 500ms}}, select: {services: [tasks]}, window: 28d, tiers: {creeping: false}}
  native: {objective: 99.5%, indicator: {latency: {threshold: 300ms, histogram: native}}, select: {services: [tasks]}, tiers: {slow: false, creeping: false}}
  tools: {objective: 99.9%, indicator: tools, min_events: 10, select: {services: [search, tasks]}, tiers: {slow: false, creeping: false}}
  streams: {objective: 99%, indicator: streaming, tiers: {slow: false, creeping: false}}
  first-message: {objective: 95%, indicator: {streaming: {first_message: 100ms}}, tiers: {medium: false, slow: false, creeping: false}}
  reachable: {objective: 99.95%, indicator: probe, tiers: {slow: false}}
  slices: {objective: 99.5%, indicator: requests, budgeting: {timeslices: {length: 5m, target: 95%}}}
  reachable-slices: {objective: 99.9%, indicator: probe, budgeting: {timeslices: {length: 1m, target: 50%}}, tiers: {medium: false, slow: false, creeping: false}}
  fresh: {objective: 99%, indicator: {freshness: {timestamp: sync_last_success_timestamp_seconds, max_age: 10m}}, window: 7d, tiers: {creeping: false}}
  auth: {objective: 95%, indicator: {custom: {total: auth_attempts_total, bad: 'auth_attempts_total{result="failure"}'}}, select: {groups: [task]}, tiers: {medium: false, slow: false, creeping: false}}
  jobs: {objective: 99%, indicator: {custom: {total: jobs_total, good: 'jobs_done_total{code!~"5.."}'}}, owner: ops, tiers: {slow: false, creeping: false}}
  health: {objective: 95%, indicator: {custom: {gauge: health_check_status}}, tiers: {slow: false, creeping: false}}
  expression: {objective: 99%, indicator: {custom: {total: 'rate(a_total[$window])', bad: 'rate(b_total[$window])'}}}
"#;

const FLEET: &str = "
name: slo-test
extends: quickstart
components: {prometheus: {retention: 100d}}
";
const TASKS: &str = "services: {tasks: {group: task, mcp: 'http://tasks:8080/mcp', run: {demo: {dialect: task-http}}}}\n";

/// The objectives of a manifest, about the quickstart's services and `tasks`, or about its own.
pub fn resolved(slos: &str) -> Vec<Slo> {
    let own = if slos.contains("\nservices:") { "" } else { TASKS };
    let text = format!("{FLEET}{own}{slos}");
    let document = manifest::load_text("mcpmon.yaml", &text, Path::new(""))
        .unwrap_or_else(|error| panic!("{:?}", error.diagnostics));
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    let resolved = stack::resolve(&document, &catalog).unwrap_or_else(|found| panic!("{found:?}"));
    resolved.stack.slos
}

/// What they come to.
pub fn compiled(slos: &str) -> Compiled {
    compile(&resolved(slos), &|alert| {
        Some(format!("https://runbooks.example/{}", alert.to_lowercase()))
    })
}
