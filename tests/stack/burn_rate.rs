//! An error budget that burns: who is told when, as foretold.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::alerts::receiver;
use crate::harness::{TestStack, eventually, free, within};

/// A burn of 20 under an objective of 99 %: tools are 46 of 52 requests, so that this share of failing
/// tools makes a fifth of all requests fail.
const FAILING: &str = "22.6%25";

#[test]
fn a_burning_budget_pages_when_it_was_foretold_and_ends_with_the_short_window() {
    let (port, received) = receiver();
    let control = free();
    let stack = TestStack::new("slo");
    stack.manifest(&format!(
        "components: {{prometheus: {{retention: 40d}}}}
services:
  orders: {{group: shop, run: {{demo: {{dialect: mcp, rate: 30, latency: 20ms, errors: 0%}}, ports: [\"{control}:8080\"]}}}}
slos:
  orders: {{objective: 99%, indicator: requests, select: {{services: [orders]}}, owner: shop}}
notifications:
  receivers: {{hook: {{webhook: {{url: \"http://host.docker.internal:{port}/\"}}}}}}
  default: hook
  timing: {{group_wait: 1s, group_interval: 1s}}
",
    ));
    stack.mcpmon(&["up"]).expect(0);
    let total = "slo:total:rate5m{slo=\"orders\",service=\"orders\"}";
    eventually("events are counted", 150, || !stack.query(total).is_empty());
    // A stack that was just started looks back to its first scrape and no further.
    let first = "time() - min_over_time(timestamp(up{service=\"orders\"})[30m:5s])";
    let age = stack.query(first)[0]["value"][1].as_str().unwrap().parse::<f64>().unwrap();
    let history = format!("{age:.0}s");
    let foretold = stack.mcpmon(&[
        "slo",
        "simulate",
        "orders",
        "--outage",
        "20m",
        "--errors",
        "20%",
        "--history",
        &history,
        "--output",
        "json",
    ]);
    let foretold: Value = serde_json::from_str(&foretold.expect(0).stdout).unwrap();
    let fast = &foretold["objectives"][0]["tiers"][0];
    assert_eq!(fast["alarm"]["tier"], "fast");
    assert!(fast["told"][0].as_str().unwrap().starts_with("hook ("), "{fast}");
    let seconds = |key: &str| Duration::from_secs(fast["alarm"][key].as_u64().unwrap());
    let (from, latest) = (seconds("from"), seconds("at_latest"));

    post(control, FAILING);
    let began = Instant::now();
    let got = |status: &str| {
        received.lock().unwrap().iter().any(|body| {
            let body: Value = serde_json::from_str(body).unwrap();
            body["alerts"].as_array().unwrap().iter().any(|alert| {
                alert["labels"]["alertname"] == "ErrorBudgetFastBurn"
                    && alert["labels"]["service"] == "orders"
                    && alert["labels"]["group"] == "shop"
                    && alert["labels"]["owner"] == "shop"
                    && alert["status"] == status
            })
        })
    };
    eventually("the page", 900, || got("firing"));
    let took = began.elapsed();
    eprintln!("foretold {from:?} to {latest:?}, took {took:?}");
    // An evaluation sooner or later, and what a message takes on its way.
    let evaluation = Duration::from_mins(1);
    assert!(took + evaluation >= from, "paged after {took:?}, foretold from {from:?}");
    assert!(
        took <= latest + evaluation + Duration::from_secs(10),
        "paged after {took:?}, foretold until {latest:?}"
    );
    let status = stack.mcpmon(&["slo", "status", "orders", "--output", "json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    let standing = &status["objectives"][0];
    assert!(standing["burn_now"].as_f64().unwrap() > 10.0, "{standing}");

    post(control, "0");
    let recovered = Instant::now();
    // Prometheus tells that an alert has ended within an evaluation of its end.
    let short = Duration::from_mins(5);
    within("the end of the page", (short + 2 * evaluation).as_secs() + 15, || got("resolved"));
    eprintln!("resolved after {:?}", recovered.elapsed());
    let report = stack.mcpmon(&["slo", "report", "orders", "--html", "review.html"]);
    assert!(report.code == 0 || report.stderr.contains("hour"), "{}", report.stderr);
}

/// Tells the demo service which share of tool calls fails.
fn post(port: u16, share: &str) {
    let url = format!("http://127.0.0.1:{port}/control/errors?share={share}");
    let output = Command::new("curl").args(["-sS", "-f", "-m", "5", "-X", "POST", &url]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
