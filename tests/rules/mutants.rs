//! Wrong versions of every alert, which the alert's own tests must notice.

use mcpmon::render::rules::Compiled;
use serde_json::{Value as Json, json};

use crate::read::{File, Read};

/// One wrong version: a rule file and the tests that stay as they are.
pub struct Mutant {
    pub what: String,
    pub rule: Json,
    pub tests: Json,
}

/// Every mutant of every alert and of every recording rule.
pub fn mutants(compiled: &Compiled) -> Vec<Mutant> {
    let compiled = Read::of(compiled);
    let mut out = Vec::new();
    for file in &compiled.files {
        let reads = json!([format!("../{}", file.path)]);
        let tests: Vec<_> =
            compiled.tests.iter().filter(|tests| tests.content["rule_files"] == reads).collect();
        for rule in file.content["groups"][0]["rules"].as_array().unwrap() {
            match rule["alert"].as_str() {
                Some(alert) => out.extend(of_alert(alert, &tests, rule)),
                None => out.extend(of_record(file, tests[0], rule)),
            }
        }
    }
    out
}

/// Wrong versions of one alert of one severity, alone.
fn of_alert(alert: &str, tests: &[&File], rule: &Json) -> Vec<Mutant> {
    // The tests of this severity, where the alert has several.
    let tier = format!("{alert} ({}): ", rule["labels"]["severity"].as_str().unwrap());
    let about = |test: &Json| {
        let name = test["name"].as_str().unwrap();
        name.starts_with(&format!("{alert}: ")) || name.starts_with(&tier)
    };
    // All in one file, for they are evaluated equally often.
    let all = tests.iter().find(|file| file.content["tests"].as_array().unwrap().iter().any(about));
    let mut own = all.unwrap_or_else(|| panic!("{alert} has no test")).content.clone();
    own["tests"].as_array_mut().unwrap().retain(about);
    own["rule_files"] = json!(["rule.yml"]);
    let mutant = |(change, rule): (String, Json)| {
        let group = json!({"name": "mutant", "rules": [rule]});
        let rule = json!({"groups": [group]});
        Mutant { what: format!("{tier}{change}"), rule, tests: own.clone() }
    };
    changes(rule).into_iter().map(mutant).collect()
}

/// Wrong versions of one recording rule, among the right ones that build on it.
fn of_record(file: &File, tests: &File, rule: &Json) -> Vec<Mutant> {
    let expr = rule["expr"].as_str().unwrap();
    let dialect = rule["labels"]["dialect"].as_str().unwrap();
    let record = rule["record"].as_str().unwrap();
    let selector = format!("dialect=\"{dialect}\"");
    let zero = expr
        .find(" or on (service, group) 0 * ")
        .or(expr.find(" or on (service, group, tool) 0 * "));
    let changed = [
        ("any dialect", expr.replace(&selector, "dialect!=\"\"")),
        ("by group alone", expr.replace("(service, group", "(group")),
        ("the largest instead of the sum", expr.replace("sum by", "max by")),
        ("counts instead of rates", expr.replace("rate(", "delta(").replace("5m]", "1m]")),
        ("no zero", expr[..zero.unwrap_or(expr.len())].to_owned()),
        ("NaN allowed", expr.replace(" >= 0", "").replace(" > 0)", ")")),
        ("another quantile", expr.replace("quantile(0.", "quantile(0.0")),
        (
            "another quantile of probes",
            expr.replace("quantile_over_time(0.", "quantile_over_time(0.0"),
        ),
        ("no such matcher", expr.replacen("=~", "!~", 1)),
        ("only such matcher", expr.replacen("!~", "=~", 1)),
    ];
    let mut out = Vec::new();
    for (what, changed) in changed.into_iter().filter(|(_, changed)| changed != expr) {
        let mut content = file.content.clone();
        for other in content["groups"][0]["rules"].as_array_mut().unwrap() {
            if other["record"] == record {
                other["expr"] = changed.as_str().into();
            }
        }
        let mut tests = tests.content.clone();
        tests["rule_files"] = json!(["rule.yml"]);
        tests["tests"].as_array_mut().unwrap().retain(|test| asks_about(test, record));
        out.push(Mutant { what: format!("{dialect} {record}: {what}"), rule: content, tests });
    }
    out
}

/// Whether a test asks about a record, or about the ratio that is made of it.
fn asks_about(test: &Json, record: &str) -> bool {
    let questions = test["promql_expr_test"].to_string();
    let of_ratio = record.ends_with(":rate5m") && questions.contains("mcp:errors:ratio5m");
    of_ratio || questions.contains(record)
}

fn changes(rule: &Json) -> Vec<(String, Json)> {
    let mut out = Vec::new();
    let mut add = |what: &str, key: &str, value: Option<Json>| {
        let mut changed = rule.clone();
        match value {
            Some(value) => changed[key] = value,
            None => drop(changed.as_object_mut().unwrap().remove(key)),
        }
        out.push((what.to_owned(), changed));
    };
    let expr = rule["expr"].as_str().unwrap();
    for (at, operator) in comparisons(expr) {
        let (before, after) = (&expr[..at], &expr[at + operator.len()..]);
        let turned = match operator {
            ">=" => "<",
            "!=" => "==",
            ">" => "<=",
            "<" => ">=",
            "==" => "!=",
            other => panic!("a comparison {other} in {expr}"),
        };
        add(
            &format!("{operator} at {at} turned"),
            "expr",
            Some(format!("{before}{turned}{after}").into()),
        );
        let digits = after.trim_start();
        let end =
            digits.find(|c: char| !c.is_ascii_digit() && !".e".contains(c)).unwrap_or(digits.len());
        let (number, rest) = digits.split_at(end);
        let Ok(number) = number.parse::<f64>() else { continue };
        let others: &[f64] = if number == 0.0 { &[1e12] } else { &[number * 3.0, number / 3.0] };
        for other in others {
            add(
                &format!("{number} at {at} is {other}"),
                "expr",
                Some(format!("{before}{operator} {other}{rest}").into()),
            );
        }
    }
    for (from, to) in
        [(" and ", " or "), (" unless ", " or "), ("\nor\n", "\nand\n"), (" or on ", " and on ")]
    {
        for (at, _) in expr.match_indices(from) {
            let changed = format!("{}{to}{}", &expr[..at], &expr[at + from.len()..]);
            add(&format!("{} at {at} is {}", from.trim(), to.trim()), "expr", Some(changed.into()));
        }
    }
    for (from, to) in [("=~\"", "!~\""), ("!~\"", "=~\""), ("!=\"", "=\""), ("=\"", "!=\"")] {
        // `!="` ends in `="`.
        let own = |at: &usize| from != "=\"" || !expr[..*at].ends_with('!');
        for at in expr.match_indices(from).map(|(at, _)| at).filter(own) {
            let changed = format!("{}{to}{}", &expr[..at], &expr[at + from.len()..]);
            add(&format!("the matcher at {at} turned"), "expr", Some(changed.into()));
        }
    }
    for (at, end, minutes) in windows(expr) {
        for other in [minutes * 6, minutes.div_ceil(6)] {
            let changed = format!("{}{other}m{}", &expr[..at], &expr[end..]);
            let what = format!("the window of {minutes}m at {at} is {other}m");
            add(&what, "expr", Some(changed.into()));
        }
    }
    for (at, _) in expr.match_indices(" by (") {
        let end = at + expr[at..].find(')').unwrap();
        if let Some(comma) = expr[at..end].rfind(", ") {
            let changed = format!("{}{}", &expr[..at + comma], &expr[end..]);
            add(&format!("a label less at {at}"), "expr", Some(changed.into()));
        }
    }
    if let Some(hold) = rule["for"].as_str() {
        add("no for", "for", None);
        add("for three times as long", "for", Some(format!("{}s", 3 * seconds(hold)).into()));
    }
    if rule["keep_firing_for"].is_string() {
        add("no keep_firing_for", "keep_firing_for", None);
    }
    out
}

/// Windows in minutes: where their number begins, where it ends with its unit, and how many. Those in
/// hours and days average over more than a test can tell apart.
fn windows(expr: &str) -> Vec<(usize, usize, u64)> {
    let starts = expr.match_indices('[').map(|(at, _)| at + 1);
    starts
        .filter_map(|at| {
            let end = at + expr[at..].find(']')?;
            Some((at, end, expr[at..end].strip_suffix('m')?.parse().ok()?))
        })
        .collect()
}

/// The places of comparisons outside of label matchers.
fn comparisons(expr: &str) -> Vec<(usize, &str)> {
    let mut depth = 0;
    let mut out = Vec::new();
    let mut skip = 0;
    for (at, c) in expr.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            '<' | '>' | '=' | '!' if depth == 0 && at >= skip => {
                let length = if expr[at + 1..].starts_with('=') { 2 } else { 1 };
                skip = at + length;
                out.push((at, &expr[at..at + length]));
            }
            _ => {}
        }
    }
    out
}

fn seconds(text: &str) -> u64 {
    let units = [('h', 3600), ('m', 60), ('s', 1)];
    let mut total = 0;
    let mut number = 0;
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = number * 10 + u64::from(digit);
        } else {
            total += number * units.iter().find(|(unit, _)| *unit == c).unwrap().1;
            number = 0;
        }
    }
    total
}
