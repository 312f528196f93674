//! Findings that are accepted exist.

use super::Checks;
use crate::audit;
use crate::diagnostic::{Diagnostic, suggest};

impl Checks<'_> {
    pub(super) fn audit(&self, found: &mut Vec<Diagnostic>) {
        let known = || audit::RULES.iter().map(|rule| rule.id);
        for (index, accept) in self.document.manifest.audit.accept.iter().enumerate() {
            let at =
                |key: &str| self.at(["audit".into(), "accept".into(), index.into(), key.into()]);
            if known().all(|id| id != accept.id) {
                found.push(
                    Diagnostic::error(
                        at("id"),
                        format!("the audit knows no finding `{}`", accept.id),
                    )
                    .help(suggest(&accept.id, known())),
                );
            }
            if accept.reason.trim().is_empty() {
                found.push(
                    Diagnostic::error(at("reason"), "a finding is accepted for a reason")
                        .help("say why it is all right here, for whoever reads this next"),
                );
            }
        }
    }
}
