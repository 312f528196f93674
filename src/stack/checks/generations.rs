//! There is something to go back to, and an end to what is kept.

use super::Checks;
use crate::diagnostic::Diagnostic;

impl Checks<'_> {
    pub(super) fn generations(&self, found: &mut Vec<Diagnostic>) {
        let keep = self.document.manifest.generations.keep;
        if !(3..=100).contains(&keep) {
            let place = self.at(["generations".into(), "keep".into()]);
            found.push(
                Diagnostic::error(place, format!("{keep} generations cannot be kept")).help(
                    "write a number from 3 to 100: what runs, what `mcpmon rollback` goes back to, and the one that is being made",
                ),
            );
        }
    }
}
