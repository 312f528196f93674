//! Alerts that are named exist.

use super::Checks;
use crate::diagnostic::{Diagnostic, suggest};
use crate::render::rules;
use crate::yaml::Span;

impl Checks<'_> {
    pub(super) fn alerts(&self, found: &mut Vec<Diagnostic>) {
        let facts = match rules::catalog(&self.catalog.assets) {
            Ok(facts) => facts,
            Err(error) => return found.push(Diagnostic::general(format!("{error:#}"))),
        };
        let alerts = &self.document.manifest.alerts;
        for (index, pack) in alerts.packs.iter().enumerate() {
            if !facts.packs.contains_key(pack) {
                let place = self.at(["alerts".into(), "packs".into(), index.into()]);
                found.push(
                    Diagnostic::error(place, format!("there is no rule pack `{pack}`"))
                        .help(suggest(pack, facts.packs.keys().map(String::as_str))),
                );
            }
        }
        let unknown = |name: &str, span: Option<Span>| {
            Diagnostic::error(span, format!("there is no alert `{name}`"))
                .help(suggest(name, facts.names()))
        };
        let not_in_use = |name: &str, pack: &str, span: Option<Span>| {
            Diagnostic::warning(
                span,
                format!("`{name}` is in the rule pack `{pack}`, which `packs` does not name"),
            )
            .help("remove it, or add the pack")
        };
        for (index, name) in alerts.disable.iter().enumerate() {
            let place = self.at(["alerts".into(), "disable".into(), index.into()]);
            match facts.alert(name) {
                None => found.push(unknown(name, place)),
                Some((pack, _)) if !alerts.packs.iter().any(|p| p == pack) => {
                    found.push(not_in_use(name, pack, place));
                }
                Some(_) => {}
            }
        }
        for (name, wanted) in &alerts.overrides {
            let place = self.key(["alerts".into(), "override".into(), name.into()]);
            let Some((pack, alert)) = facts.alert(name) else {
                found.push(unknown(name, place));
                continue;
            };
            if !alerts.packs.iter().any(|p| p == pack) {
                found.push(not_in_use(name, pack, place));
            }
            if wanted.threshold.is_some() && alert.threshold.is_none() {
                let place =
                    self.at(["alerts".into(), "override".into(), name.into(), "threshold".into()]);
                found.push(
                    Diagnostic::error(
                        place,
                        format!(
                            "`{name}` has no threshold: it is about something that is so or is not"
                        ),
                    )
                    .help("remove it; `for` and `severity` can be changed"),
                );
            }
            if alerts.disable.contains(name) {
                found.push(
                    Diagnostic::error(place, format!("`{name}` is both disabled and overridden"))
                        .help("remove one of them"),
                );
            }
        }
    }
}
