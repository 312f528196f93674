//! Whoever is named can be reached.

use super::Checks;
use crate::diagnostic::Diagnostic;

impl Checks<'_> {
    pub(super) fn contacts(&self, found: &mut Vec<Diagnostic>) {
        for (name, contact) in &self.document.manifest.contacts {
            if contact.email.is_none() && contact.url.is_none() {
                let place = self.key(["contacts".into(), name.as_str().into()]);
                found.push(
                    Diagnostic::error(place, format!("nothing says how to reach `{name}`")).help(
                        "write `{email: on-call@example.org}`, or `{url: …}` of a page or chat channel",
                    ),
                );
            }
        }
    }
}
