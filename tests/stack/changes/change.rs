//! One change: planned, made, planned again, and what was touched.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::TestStack;

/// Plans, applies and plans again; what is not as it should be.
pub fn change(stack: &TestStack, wanted: &str) -> Result<(), String> {
    let shown = stack.mcpmon(&["plan", "--output", "json", "--out", "plan.json"]);
    if shown.code != 0 {
        return Err(format!("no plan: {}", shown.stderr));
    }
    let steps = steps(stack, &serde_json::from_str(&shown.stdout).unwrap());
    let expected: BTreeMap<String, String> = wanted
        .split(", ")
        .filter_map(|step| step.split_once(' '))
        .map(|(action, name)| (name.to_owned(), action.to_owned()))
        .collect();
    let before = containers(stack);
    let done = stack.mcpmon(&["up", "--plan", "plan.json"]);
    if done.code != 0 {
        return Err(format!("ended with {}: {}", done.code, done.stderr));
    }
    let after = containers(stack);
    let again = stack.mcpmon(&["plan", "--detailed-exitcode"]);
    let mut wrong = touched(&steps, &before, &after);
    if steps != expected {
        wrong.push(format!("planned {steps:?}, not {expected:?}"));
    }
    if again.code != 0 {
        wrong.push(format!("something is left to do:\n{}{}", again.stdout, again.stderr));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

/// What a plan would do: component or service → action.
fn steps(stack: &TestStack, plan: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = plan["steps"].as_array().unwrap().iter();
    let all = all.map(|step| (text(&step["name"]), text(&step["action"])));
    let all = all.filter(|(_, action)| action != "unchanged");
    all.map(|(name, action)| (short(stack, &name), action)).collect()
}

fn short(stack: &TestStack, name: &str) -> String {
    name.strip_prefix(&format!("{}-", stack.name)).unwrap_or(name).to_owned()
}

/// Name → identifier and start time.
type Containers = BTreeMap<String, (String, String)>;

fn containers(stack: &TestStack) -> Containers {
    let lines = stack.containers("{{.Name}} {{.Id}} {{.State.StartedAt}}");
    let row = |line: &String| {
        let words: Vec<&str> = line.split(' ').collect();
        let name = short(stack, words[0].trim_start_matches('/'));
        (name, (words[1].to_owned(), words[2].to_owned()))
    };
    lines.iter().map(row).collect()
}

/// Containers with which something else was done than was planned.
fn touched(
    steps: &BTreeMap<String, String>,
    before: &Containers,
    after: &Containers,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in before.keys().chain(after.keys()) {
        let action = steps.get(name).map_or("unchanged", String::as_str);
        let seen = match (before.get(name), after.get(name)) {
            (None, Some(_)) => "create",
            (Some(_), None) => "remove",
            (Some(old), Some(new)) if old.0 != new.0 => "recreate",
            (Some(old), Some(new)) if old.1 != new.1 => "restart",
            _ => "unchanged",
        };
        let planned = if matches!(action, "update" | "reload") { "unchanged" } else { action };
        if seen != planned {
            wrong.push(format!("{name}: planned {action}, seen {seen}"));
        }
    }
    wrong.sort();
    wrong.dedup();
    wrong
}
