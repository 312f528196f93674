//! Is what runs what the manifest says?

use super::Check;
use super::finding::{Finding, at_most_ten};
use super::round::Round;
use crate::plan::{self, Action};

pub const CHECK: Check = Check {
    name: "drift",
    title: "what runs is what the manifest says",
    look: |round| Box::pin(look(round)),
};

async fn look(round: &Round<'_>) -> Finding {
    let context = round.context;
    let observed =
        match plan::observe(context.reader, &context.stack.name, context.units, None).await {
            Ok(observed) => observed,
            Err(error) => return Finding::from(error.to_string()),
        };
    let plan = plan::plan(&observed, context.units);
    if plan.is_empty() {
        let files: usize = context.units.iter().map(|unit| unit.files.len()).sum();
        let containers = context.units.len();
        return Finding::passed(format!(
            "{containers} containers and {files} files are as rendered"
        ));
    }
    let mut lines = plan.lines();
    if plan.engine_network {
        lines.insert(0, format!("create the network {}", context.stack.engine_network()));
    }
    if plan.network {
        lines.insert(0, format!("create the network {}", context.stack.network()));
    }
    // A container that is still to come may be another's `up` at work; a file never comes right by
    // itself, so waiting for it is of no use.
    let coming = |action| matches!(action, Action::None | Action::Create | Action::Start);
    let again = plan.units.iter().all(|unit| coming(unit.action));
    let finding = Finding::failed(at_most_ten(lines)).advise("`mcpmon up` makes these changes");
    Finding { again, ..finding }
}
