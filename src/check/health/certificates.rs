//! Will the certificates of the stack's own programs last?

use std::time::Duration;

use super::Check;
use super::finding::Finding;
use super::round::Round;
use crate::check::certificates::look as examine;
use crate::check::tls::Wrong;

pub const CHECK: Check = Check {
    name: "certificates",
    title: "certificates are valid for 30 more days",
    look: |round| Box::pin(async { look(round) }),
};

/// Long enough before the day on which the programs stop to trust each other.
const AHEAD: Duration = Duration::from_hours(30 * 24);

fn look(round: &Round<'_>) -> Finding {
    let (stack, units) = (round.context.stack, round.context.units);
    let (count, now) = examine(stack, units, Duration::ZERO);
    if count == 0 {
        return Finding::skipped("no program of the stack has a certificate of its own");
    }
    let advice = "`mcpmon secrets --renew`, then `mcpmon up`; certificates of your own are replaced in their files";
    if !now.is_empty() {
        let lines = now.iter().map(ToString::to_string).collect();
        return Finding { again: false, ..Finding::failed(lines).advise(advice) };
    }
    let (_, later) = examine(stack, units, AHEAD);
    let soon: Vec<String> = later
        .iter()
        .filter(|finding| finding.wrong == Wrong::Expired)
        .map(|finding| format!("{}: its certificate expires within 30 days", finding.component))
        .collect();
    if soon.is_empty() {
        return Finding::passed(format!("{count} of {count}"));
    }
    Finding::warning(soon).advise(advice)
}
