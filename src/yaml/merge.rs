//! How one document is laid over another.

use super::node::{Node, Value};

/// Lays `over` on `base`: maps merge key by key, lists and scalars replace, `null` removes.
/// Removal leaves the key with a null value, which reads like an absent one and keeps its place.
pub fn merge(base: &mut Node, over: Node) {
    match (&mut base.value, over.value) {
        (Value::Map(below), Value::Map(above)) => {
            for (key, entry) in above {
                if matches!(entry.node.value, Value::Null) {
                    below.shift_remove(&key);
                } else if let Some(existing) = below.get_mut(&key) {
                    existing.key = entry.key;
                    merge(&mut existing.node, entry.node);
                } else {
                    below.insert(key, entry);
                }
            }
            base.span = over.span;
        }
        (_, value) => *base = Node { span: over.span, value },
    }
}
