//! How one document is laid over another.

use super::node::{Node, Value};

/// Lays `over` on `base`: maps merge key by key, lists and scalars replace, `null` removes. A source
/// of a secret (`{env: NAME}`, `{file: path}`) replaces another one: a secret has one source.
pub fn merge(base: &mut Node, over: Node) {
    if is_secret_source(base) && is_secret_source(&over) {
        *base = over;
        return;
    }
    match (&mut base.value, over.value) {
        (Value::Map(below), Value::Map(above)) => {
            for (key, entry) in above {
                match below.get_mut(&key) {
                    Some(_) if matches!(entry.node.value, Value::Null) => {
                        below.shift_remove(&key);
                    }
                    Some(existing) => {
                        existing.key = entry.key;
                        merge(&mut existing.node, entry.node);
                    }
                    // Also a `null` that has nothing to remove: it may be a misspelt key.
                    None => _ = below.insert(key, entry),
                }
            }
            base.span = over.span;
        }
        (_, value) => *base = Node { span: over.span, value },
    }
}

fn is_secret_source(node: &Node) -> bool {
    let only = node.as_map().filter(|map| map.len() == 1).and_then(|map| map.first());
    only.is_some_and(|(key, entry)| {
        matches!(key.as_str(), "env" | "file")
            && !matches!(entry.node.value, Value::Map(_) | Value::List(_) | Value::Null)
    })
}
