//! When someone is told, and slices of time: what can be reached and what can be seen.

use crate::decimal::Decimal;
use crate::diagnostic::Diagnostic;
use crate::manifest::{Budgeting, Duration, Indicator, Percent, Switch};
use crate::slo::{Slices, Tier, WINDOWS, percent};

use super::{Member, One};

/// The shortest and the longest slice of time: rules are not evaluated less often than each five minutes.
const SLICE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(300));
/// Samples that a rate needs in its window, so that one may be missed.
const SAMPLES: u64 = 4;

impl One<'_> {
    pub(super) fn slices(
        &self,
        selected: &[&Member<'_>],
        found: &mut Vec<Diagnostic>,
    ) -> Option<Slices> {
        let Budgeting::Timeslices(slices) = &self.written.budgeting else { return None };
        let at = |key| self.at(&["budgeting", "timeslices", key]);
        let length = slices.length;
        if matches!(self.written.indicator, Indicator::Freshness(_)) {
            found.push(
                Diagnostic::error(self.key(&["budgeting"]), "freshness is counted in time already")
                    .help("remove `budgeting`"),
            );
        }
        if length < SLICE.0 || length > SLICE.1 || !length.millis().is_multiple_of(60_000) {
            found.push(
                Diagnostic::error(at("length"), format!("a slice of {length} is not 1m to 5m in whole minutes"))
                    .help("write `5m`: rules are evaluated once for each slice, and at least every five minutes"),
            );
        }
        let rated = !matches!(self.written.indicator, Indicator::Probe)
            && !matches!(&self.written.indicator, Indicator::Custom(c) if c.gauge.is_some());
        let needed = if rated { SAMPLES } else { 1 };
        let slowest = selected.iter().max_by_key(|member| member.interval);
        if let Some(slow) = slowest.filter(|m| m.interval.millis() * needed > length.millis()) {
            found.push(
                Diagnostic::error(
                    at("length"),
                    format!(
                        "`{}` is scraped every {}: a slice of {length} would see fewer than {needed} samples",
                        slow.name, slow.interval
                    ),
                )
                .help(format!(
                    "write slices of `5m`, or a scrape interval of at most {}",
                    Duration::from_millis(length.millis() / needed)
                )),
            );
        }
        if slices.target.share() == Decimal::whole(0) {
            found.push(
                Diagnostic::error(at("target"), "a slice with a target of 0 % is always good")
                    .help("write the share of events from which on a slice is good, such as `95%`"),
            );
        }
        Some(Slices { length: length.millis() / 1000, target: slices.target.share() })
    }

    pub(super) fn tiers(&self, window: u64, found: &mut Vec<Diagnostic>) -> Vec<Tier> {
        let written = &self.written.tiers;
        let all = [&written.fast, &written.medium, &written.slow, &written.creeping];
        let worst = self.written.overrides.values().map(|o| o.objective.share());
        let lowest = worst.chain([self.written.objective.share()]).min();
        let budget = Decimal::ONE.minus(lowest.unwrap_or(Decimal::ONE));
        let mut tiers = Vec::new();
        for (window_of, tier) in WINDOWS.into_iter().zip(all) {
            let tier = match tier {
                Some(Switch::Off) => continue,
                Some(Switch::On(tier)) => *tier,
                None => crate::manifest::Tier::default(),
            };
            let share = tier.share.map_or_else(|| window_of.default_share(window), Percent::share);
            let severity = tier.severity.unwrap_or(window_of.severity);
            let tier = Tier { window: window_of, share, severity };
            let factor = tier.factor(window);
            let name = window_of.name;
            let place = self.at(&["tiers", name, "share"]).or_else(|| self.at(&["objective"]));
            if share == Decimal::whole(0) {
                found.push(
                    Diagnostic::error(
                        place,
                        format!("the tier `{name}` would alert about every bad event"),
                    )
                    .help("write a share of the budget above 0, such as `2%`"),
                );
            } else if factor.times(budget) >= Decimal::ONE {
                let advice = Decimal::whole(window_of.long).over(window).approximate()
                    / budget.approximate();
                found.push(
                    Diagnostic::error(
                        place,
                        format!(
                            "the tier `{name}` can never alert: it begins at {factor} times the budget of {}, and no more than everything can be bad",
                            percent(budget)
                        ),
                    )
                    .help(format!(
                        "write `tiers: {{{name}: false}}`, or a share below {:.2}%",
                        advice * 100.0
                    )),
                );
            }
            tiers.push(tier);
        }
        tiers
    }
}
