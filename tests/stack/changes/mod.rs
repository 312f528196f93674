//! A corpus of changes, each made and taken back: the plan is the smallest that there is, applying it
//! does what it says and leaves all else alone, and then there is nothing left to do.
//!
//! * [`services`] services, groups and what is asked of them
//! * [`alerts`] alerts, objectives and who is told
//! * [`components`] components with their images, ports, volumes and secrets, and profiles
//!
//! [`change`] says what is looked at before and after each.

mod alerts;
mod change;
mod components;
mod services;

use crate::harness::TestStack;
use change::change;

/// What is changed.
struct Change {
    /// In words.
    what: &'static str,
    /// The manifest that was laid over before; for most there is none.
    before: &'static str,
    /// The one that is laid over now. `NAME` is the stack's name and `PORT` a free port.
    manifest: &'static str,
    /// What is to be done about which container; all others stay as they are.
    wanted: &'static str,
}

const fn from_nothing(what: &'static str, manifest: &'static str, wanted: &'static str) -> Change {
    Change { what, before: "", manifest, wanted }
}

/// Makes each change and takes it back.
fn made_and_taken_back(stack: &TestStack, changes: &[Change]) {
    let mut wrong = Vec::new();
    let data = stack.mark_data();
    for one in changes {
        let port = crate::harness::free().to_string();
        let text = |text: &str| text.replace("NAME", &stack.name).replace("PORT", &port);
        let (before, after) = (text(one.before), text(one.manifest));
        if !before.is_empty() {
            stack.manifest(&before);
            stack.mcpmon(&["up"]).expect(0);
        }
        let back = one.wanted.split(", ").map(reversed).collect::<Vec<_>>().join(", ");
        for (way, manifest, wanted) in [("there", &after, one.wanted), ("back", &before, &*back)] {
            stack.manifest(manifest);
            if let Err(problem) = change(stack, wanted) {
                wrong.push(format!("{}, {way}: {problem}", one.what));
            }
        }
        if !before.is_empty() {
            stack.manifest("");
            stack.mcpmon(&["up"]).expect(0);
        }
    }
    assert!(wrong.is_empty(), "of {} changes:\n{}", 2 * changes.len(), wrong.join("\n"));
    assert_eq!(data, stack.marked_data(), "data was lost");
}

/// What takes an action back.
fn reversed(step: &str) -> String {
    match step.split_once(' ') {
        Some(("create", name)) => format!("remove {name}"),
        Some(("remove", name)) => format!("create {name}"),
        _ => step.to_owned(),
    }
}

#[test]
fn there_are_more_than_sixty() {
    let all = [services::CHANGES, alerts::CHANGES, components::CHANGES];
    let count: usize = all.iter().map(|changes| 2 * changes.len()).sum();
    assert!(count >= 60, "{count} changes are few");
}
