//! Wrong versions of every alert, which the alert's own tests must notice.

use mcpmon::render::rules::Compiled;
use serde_json::{Value as Json, json};

/// One wrong version: a rule file and the tests that stay as they are.
pub struct Mutant {
    pub what: String,
    pub rule: Json,
    pub tests: Json,
}

/// Every mutant of every alert.
pub fn mutants(compiled: &Compiled) -> Vec<Mutant> {
    let mut out = Vec::new();
    for (file, tests) in compiled.files.iter().zip(&compiled.tests) {
        for rule in file.content["groups"][0]["rules"].as_array().unwrap() {
            let Some(alert) = rule["alert"].as_str() else { continue };
            let mut own = tests.content.clone();
            own["tests"]
                .as_array_mut()
                .unwrap()
                .retain(|test| test["name"].as_str().unwrap().starts_with(&format!("{alert}: ")));
            own["rule_files"] = json!(["rule.yml"]);
            for (change, rule) in changes(rule) {
                let group = json!({"name": "mutant", "rules": [rule]});
                let rule = json!({"groups": [group]});
                out.push(Mutant { what: format!("{alert}: {change}"), rule, tests: own.clone() });
            }
        }
    }
    out
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
    if let Some(hold) = rule["for"].as_str() {
        add("no for", "for", None);
        add("for twice as long", "for", Some(format!("{}s", 2 * seconds(hold)).into()));
    }
    if rule["keep_firing_for"].is_string() {
        add("no keep_firing_for", "keep_firing_for", None);
    }
    out
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
            '<' | '>' | '=' if depth == 0 && at >= skip => {
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
