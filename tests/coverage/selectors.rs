//! The series that a query speaks of, as selectors: whether a query that returns nothing asks for
//! something that exists.

use serde_json::Value as Json;

/// The selectors in Prometheus' own syntax tree of an expression.
pub fn promql(tree: &Json) -> Vec<String> {
    let mut found = Vec::new();
    walk(tree, &mut found);
    found.sort();
    found.dedup();
    found
}

fn walk(node: &Json, found: &mut Vec<String>) {
    match node {
        Json::Object(map) => {
            let kind = map.get("type").and_then(Json::as_str).unwrap_or_default();
            if matches!(kind, "vectorSelector" | "matrixSelector") {
                found.push(selector(node));
            }
            map.values().for_each(|child| walk(child, found));
        }
        Json::Array(list) => list.iter().for_each(|child| walk(child, found)),
        _ => {}
    }
}

/// The name stands among the matchers as well.
fn selector(node: &Json) -> String {
    let matchers = node["matchers"].as_array().into_iter().flatten().map(|matcher| {
        let part = |key: &str| matcher[key].as_str().unwrap_or_default();
        format!("{}{}{}", part("name"), part("type"), matcher["value"])
    });
    format!("{{{}}}", matchers.collect::<Vec<_>>().join(","))
}

/// The stream selectors of a LogQL query: what stands between braces outside of any text.
pub fn logql(expr: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut escaped = false;
    for (index, c) in expr.char_indices() {
        match quote {
            Some(open) => {
                if c == open && !escaped {
                    quote = None;
                }
                escaped = c == '\\' && open != '`' && !escaped;
            }
            None => match c {
                '"' | '`' => quote = Some(c),
                '{' => start = Some(index),
                '}' => {
                    let text = start.take().and_then(|start| expr.get(start..=index));
                    found.extend(text.map(str::to_owned));
                }
                _ => {}
            },
        }
    }
    found.sort();
    found.dedup();
    found
}
