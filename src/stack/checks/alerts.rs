//! Alerts that are named exist, and are there once.

use super::Checks;
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::Override;
use crate::render::rules::{self, AlertFacts, Catalog};
use crate::yaml::Span;

impl Checks<'_> {
    pub(super) fn alerts(&self, found: &mut Vec<Diagnostic>) {
        let facts = match self.facts() {
            Ok(facts) => facts,
            Err(error) => return found.push(Diagnostic::general(format!("{error:#}"))),
        };
        let alerts = &self.document.manifest.alerts;
        for (index, pack) in alerts.packs.iter().enumerate() {
            let place = self.at(["alerts".into(), "packs".into(), index.into()]);
            if !facts.packs.contains_key(pack) {
                found.push(
                    Diagnostic::error(place, format!("there is no rule pack `{pack}`"))
                        .help(suggest(pack, facts.packs.keys().map(String::as_str))),
                );
            }
            for earlier in &alerts.packs[..index] {
                let place = place.or_else(|| self.key(["alerts".into()]));
                found.extend(self.twice(&facts, earlier, pack, place));
            }
        }
        for (index, name) in alerts.disable.iter().enumerate() {
            let place = self.at(["alerts".into(), "disable".into(), index.into()]);
            self.known(&facts, name, place, found);
        }
        for (name, wanted) in &alerts.overrides {
            let place = self.key(["alerts".into(), "override".into(), name.into()]);
            self.known(&facts, name, place, found);
            for (_, alert) in facts.alerts(name) {
                self.fits(name, wanted, alert, found);
            }
            if alerts.disable.contains(name) {
                found.push(
                    Diagnostic::error(place, format!("`{name}` is both disabled and overridden"))
                        .help("remove one of them"),
                );
            }
        }
    }

    /// The packs in use; all of them where something is named that is not in these, to say where it is.
    fn facts(&self) -> anyhow::Result<Catalog> {
        let (assets, alerts) = (&self.catalog.assets, &self.document.manifest.alerts);
        let used = rules::catalog_of(assets, &|name| alerts.packs.iter().any(|p| p == name))?;
        let mut named = alerts.disable.iter().chain(alerts.overrides.keys());
        let known = alerts.packs.iter().all(|pack| used.packs.contains_key(pack))
            && named.all(|name| used.alerts(name).next().is_some());
        if known { Ok(used) } else { rules::catalog(assets) }
    }

    /// A name stands for an alert of a pack in use.
    fn known(&self, facts: &Catalog, name: &str, span: Option<Span>, found: &mut Vec<Diagnostic>) {
        let packs: Vec<&str> = facts.alerts(name).map(|(pack, _)| pack).collect();
        let in_use = &self.document.manifest.alerts.packs;
        let Some(pack) = packs.first() else {
            let alert = name.rsplit('/').next().unwrap_or(name);
            found.push(
                Diagnostic::error(span, format!("there is no alert `{name}`"))
                    .help(suggest(alert, facts.names())),
            );
            return;
        };
        if !packs.iter().any(|pack| in_use.iter().any(|p| p == pack)) {
            found.push(
                Diagnostic::warning(
                    span,
                    format!("`{name}` is in the rule pack `{pack}`, which `packs` does not name"),
                )
                .help("remove it, or add the pack"),
            );
        }
    }

    /// What is overridden is there to be overridden.
    fn fits(&self, name: &str, wanted: &Override, alert: &AlertFacts, found: &mut Vec<Diagnostic>) {
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
        let own = wanted.threshold.or(alert.threshold);
        let own = own.map(|threshold| (wanted.severity.unwrap_or(alert.severity), threshold));
        let tiers = alert.tiers.iter().map(|(severity, threshold)| {
            let changed = wanted.tiers.get(severity).and_then(|tier| tier.threshold);
            (*severity, changed.unwrap_or(*threshold))
        });
        let levels: Vec<_> = own.into_iter().chain(tiers).collect();
        if !alert.in_order(levels.iter().copied()) {
            let place = self.key(["alerts".into(), "override".into(), name.into()]);
            let said: Vec<_> =
                levels.iter().map(|(severity, t)| format!("{} {t}", severity.as_str())).collect();
            found.push(
                Diagnostic::error(
                    place,
                    format!("`{name}` would not get worse step by step: {}", said.join(", ")),
                )
                .help("each severity once, and the worse one with the threshold that is harder to reach"),
            );
        }
        for severity in wanted.tiers.keys() {
            if alert.tiers.iter().any(|(tier, _)| tier == severity) {
                continue;
            }
            let word = severity.as_str();
            let place = self.key([
                "alerts".into(),
                "override".into(),
                name.into(),
                "tiers".into(),
                word.into(),
            ]);
            let tiers: Vec<_> = alert.tiers.iter().map(|(tier, _)| tier.as_str()).collect();
            let help = match tiers.as_slice() {
                [] => "it has one severity alone; remove `tiers`".to_owned(),
                some => format!("known here: {}", some.join(", ")),
            };
            found.push(
                Diagnostic::error(place, format!("`{name}` has no tier `{word}`")).help(help),
            );
        }
    }

    /// Two packs that define the same alerts: nobody could tell which of them fires.
    fn twice(
        &self,
        facts: &Catalog,
        first: &str,
        second: &str,
        span: Option<Span>,
    ) -> Option<Diagnostic> {
        if first == second {
            let message = format!("the rule pack `{first}` is named twice");
            return Some(Diagnostic::error(span, message).help("remove one of them"));
        }
        let disabled = &self.document.manifest.alerts.disable;
        let off = |pack: &str, alert: &str| {
            disabled.iter().any(|d| d == alert || *d == format!("{pack}/{alert}"))
        };
        let others = &facts.packs.get(second)?.alerts;
        let both: Vec<&str> = facts
            .packs
            .get(first)?
            .alerts
            .keys()
            .map(String::as_str)
            .filter(|alert| {
                others.contains_key(*alert) && !off(first, alert) && !off(second, alert)
            })
            .collect();
        let example = both.first()?;
        Some(
            Diagnostic::error(
                span,
                format!(
                    "the rule packs `{first}` and `{second}` both define {}",
                    both.iter().map(|alert| format!("`{alert}`")).collect::<Vec<_>>().join(", ")
                ),
            )
            .help(format!(
                "use one of the packs, or leave each of these out of one of them: `disable: [{first}/{example}]`"
            )),
        )
    }
}
