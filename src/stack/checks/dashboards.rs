//! Dashboards that are named exist.

use super::Checks;
use crate::diagnostic::{Diagnostic, suggest};
use crate::render::dashboards;

impl Checks<'_> {
    pub(super) fn dashboards(&self, found: &mut Vec<Diagnostic>) {
        let known = dashboards::names(&self.catalog.assets);
        for (index, name) in self.document.manifest.dashboards.iter().enumerate() {
            let place = self.at(["dashboards".into(), index.into()]);
            if !known.contains(name) {
                found.push(
                    Diagnostic::error(place, format!("there is no dashboard `{name}`"))
                        .help(suggest(name, known.iter().map(String::as_str))),
                );
            } else if self
                .document
                .manifest
                .dashboards
                .iter()
                .take(index)
                .any(|other| other == name)
            {
                found.push(
                    Diagnostic::error(place, format!("the dashboard `{name}` is named twice"))
                        .help("remove one"),
                );
            }
        }
    }
}
