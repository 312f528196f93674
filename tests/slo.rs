//! Objectives: their rules hold what they promise, for every kind of indicator; their tests notice when a
//! rule is wrong; and neither grows with the number of services.
// A test may stop at the first surprise, in its helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "slo/fleet.rs"]
mod fleet;
#[path = "slo/mutants.rs"]
mod mutants;
#[path = "slo/openslo.rs"]
mod openslo;
#[path = "rules/promtool.rs"]
mod promtool;
#[path = "rules/read.rs"]
mod read;

use std::fmt::Write as _;

use fleet::{EVERY_KIND, compiled, resolved};
use mcpmon::decimal::Decimal;
use mcpmon::slo::{simulate, slos_markdown};
use mutants::Mutants;
use promtool::{files, prove};
use read::Read;
use serde_json::Value as Json;

#[test]
fn every_kind_of_indicator_has_the_ten_properties() {
    prove(&files(&compiled(EVERY_KIND)));
}

#[test]
fn every_objective_is_tested_for_each_property() {
    let compiled = Read::of(&compiled(EVERY_KIND));
    for slo in resolved(EVERY_KIND) {
        if slo.events.sources.is_empty() {
            continue;
        }
        let own: Vec<&str> = compiled
            .tests
            .iter()
            .flat_map(|file| file.content["tests"].as_array().unwrap())
            .filter_map(|test| test["name"].as_str())
            .filter_map(|name| name.strip_prefix(&format!("{}: ", slo.id)))
            .collect();
        for property in ["P1 ", "P2 ", "P3 ", "P4 ", "P5", "P6", "P7", "P10"] {
            assert!(own.iter().any(|name| name.starts_with(property)), "{}: {property}", slo.id);
        }
        for tier in &slo.tiers {
            let name = tier.window.name;
            for test in [format!("P3 {name}: "), format!("past events {name}: ")] {
                assert!(own.iter().any(|own| own.starts_with(&test)), "{}: {test}", slo.id);
            }
        }
    }
}

#[test]
fn the_tests_notice_when_a_rule_is_wrong() {
    let mutants = Mutants::of(&compiled(mutants::MANIFEST));
    let number = mutants.mutants.len();
    assert!(number >= 40, "{number} mutants");
    mutants.are_fair();
    let survivors = mutants.survivors();
    println!("{number} mutants");
    assert!(survivors.is_empty(), "these wrong rules pass their tests:\n{}", survivors.join("\n"));
}

/// Each rule of a compilation, with the interval of its group.
fn rules(manifest: &str) -> Vec<(String, Json)> {
    let groups = Read::of(&compiled(manifest)).files;
    let groups = groups.iter().flat_map(|file| file.content["groups"].as_array().unwrap().clone());
    groups
        .flat_map(|group| {
            let interval = group["interval"].as_str().unwrap().to_owned();
            let rules = group["rules"].as_array().unwrap().clone();
            rules.into_iter().map(move |rule| (interval.clone(), rule))
        })
        .collect()
}

#[test]
fn what_promtool_cannot_see_holds_too() {
    for (interval, rule) in rules(EVERY_KIND) {
        // Prometheus looks back for less than five minutes.
        assert!(["1m", "4m", "5m"].contains(&interval.as_str()), "{interval}: {rule}");
        assert!(
            interval != "5m"
                || rule["record"].as_str().is_some_and(|r| r.contains("slice") || r == "slo:good"),
            "{rule}"
        );
        let expr = rule["expr"].as_str().unwrap();
        // The noise of binary fractions has many digits.
        let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
        assert!(expr.split('.').skip(1).all(|after| digits(after) < 13), "{expr}");
        if rule["alert"].is_string() {
            assert!(rule["annotations"]["runbook_url"].is_string(), "{rule}");
            assert!(rule["labels"]["slo"].is_string() && rule["labels"]["severity"].is_string());
            assert!(
                expr.contains("slo:")
                    && !rule["annotations"]["summary"].as_str().unwrap().contains("$value")
            );
        }
    }
}

#[test]
fn every_runbook_url_leads_to_a_page() {
    let compiled = compiled(EVERY_KIND);
    for file in Read::of(&compiled).files {
        for group in file.content["groups"].as_array().unwrap() {
            for rule in group["rules"].as_array().unwrap() {
                let Some(alert) = rule["alert"].as_str() else { continue };
                let book = compiled.runbooks.iter().find(|book| book.alert == alert);
                let text = &book.unwrap_or_else(|| panic!("{alert} has no runbook")).markdown;
                for heading in ["What it means", "Impact", "How to look", "What to do", "The rule"]
                {
                    assert!(text.contains(&format!("\n### {heading}\n")), "{alert}: {heading}");
                }
            }
        }
    }
}

#[test]
fn objectives_stand_exactly_as_they_were_written() {
    let said: Vec<String> = ["99.9", "99.95", "99.99", "99.999", "95", "97.5"]
        .iter()
        .map(|objective| {
            let manifest = format!("slos: {{one: {{objective: {objective}%, indicator: requests, tiers: {{fast: {{share: 1%}}}}}}}}");
            let rules = rules(&manifest);
            let rule = |name: &str| {
                let found = rules.iter().find(|(_, rule)| rule["record"] == name).unwrap();
                found.1["expr"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned()
            };
            let info = rules.iter().find(|(_, r)| r["record"] == "slo:info").unwrap();
            let page = slos_markdown(&resolved(&manifest), &|_, _| Vec::new());
            assert!(page.contains(&format!("| {objective}% |")), "{page}");
            format!("{} {} {}", info.1["labels"]["objective"].as_str().unwrap(), rule("slo:objective:ratio"), rule("slo:error_budget:ratio"))
        })
        .collect();
    assert_eq!(
        said,
        [
            "99.9% 0.999 0.001",
            "99.95% 0.9995 0.0005",
            "99.99% 0.9999 0.0001",
            "99.999% 0.99999 0.00001",
            "95% 0.95 0.05",
            "97.5% 0.975 0.025"
        ]
    );
}

#[test]
fn ten_thousand_services_have_the_rules_of_one() {
    let manifest = |services: usize| {
        let mut text = "slos: {one: {objective: 99.9%, indicator: requests, select: {groups: [many]}}}\nservices:\n".to_owned();
        for n in 0..services {
            writeln!(
                text,
                "  s{n}: {{group: many, dialect: mcp, metrics: 'http://s{n}:80/metrics'}}"
            )
            .unwrap();
        }
        text
    };
    let one = rules(&manifest(1));
    assert!(one.len() < 25, "{}", one.len());
    for services in [100, 10_000] {
        assert_eq!(rules(&manifest(services)), one);
    }
}

#[test]
fn an_override_adds_no_rule() {
    let plain = "slos: {one: {objective: 99.9%, indicator: requests}}";
    let other = "slos: {one: {objective: 99.9%, indicator: requests, override: {search: {objective: 99%}}}}";
    assert_eq!(rules(plain).len(), rules(other).len());
}

#[test]
fn an_outage_is_foretold() {
    let slos = resolved(
        "slos: {one: {objective: 99.9%, indicator: requests}, loose: {objective: 99%, indicator: requests}}",
    );
    let outage = |errors: &str, minutes: u64| simulate::Outage {
        lasts: minutes * 60,
        errors: Decimal::parse(errors).unwrap().percent(),
        history: None,
        events: None,
        scrape: 15,
    };
    let says = |slo: usize, outage: &simulate::Outage| -> Vec<Option<u64>> {
        let outcome = simulate::simulate(&slos[slo], slos[slo].objective, outage);
        outcome.tiers.iter().map(|tier| tier.from).collect()
    };
    // 1.44 % of an hour are 52 s of a complete outage, 14.4 % are 8.6 minutes and what the five-minute
    // rate takes to follow.
    let first = says(0, &outage("100", 30))[0].unwrap();
    assert!((120..=200).contains(&first), "{first}");
    let second = says(1, &outage("100", 30))[0].unwrap();
    assert!((640..=700).contains(&second), "{second}");
    // A fiftieth of that never does.
    assert_eq!(says(1, &outage("2", 30))[0], None);
    let outcome = simulate::simulate(&slos[0], slos[0].objective, &outage("30", 12));
    assert!((outcome.budget_used - 0.3 * 12.0 / (0.001 * 30.0 * 1440.0)).abs() < 1e-9);
    assert!((outcome.burn - 300.0).abs() < 1e-6);
    // With five minutes of history there is little that an hour could be thinned by.
    let young = simulate::Outage { history: Some(300), ..outage("2", 60) };
    let (soon, late) = (says(0, &young)[0].unwrap(), says(0, &outage("2", 60))[0].unwrap());
    assert!((900..=1050).contains(&soon) && (2700..=2800).contains(&late), "{soon} {late}");
}
