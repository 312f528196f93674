//! How quickly an error budget may burn: windows, shares and the factors that follow.

use crate::decimal::Decimal;
use crate::manifest::Severity;

/// A pair of windows. The long one says that it matters, the short one that it still goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The label `burn_tier`.
    pub name: &'static str,
    /// How it ends the names of alerts.
    pub suffix: &'static str,
    /// Seconds of the long window.
    pub long: u64,
    /// Seconds of the short window.
    pub short: u64,
    /// How bad it is unless the manifest says otherwise.
    pub severity: Severity,
    /// Thousandths of the budget that may be used up in the long window.
    share: u64,
    /// The same for windows shorter than two weeks, of which an hour is a larger part.
    share_of_weeks: u64,
}

/// The windows that Google's SRE workbook advises.
pub const WINDOWS: [Window; 4] = [
    Window {
        name: "fast",
        suffix: "FastBurn",
        long: 3600,
        short: 300,
        severity: Severity::Critical,
        share: 20,
        share_of_weeks: 80,
    },
    Window {
        name: "medium",
        suffix: "MediumBurn",
        long: 6 * 3600,
        short: 1800,
        severity: Severity::Critical,
        share: 50,
        share_of_weeks: 125,
    },
    Window {
        name: "slow",
        suffix: "SlowBurn",
        long: 86_400,
        short: 2 * 3600,
        severity: Severity::Warning,
        share: 100,
        share_of_weeks: 200,
    },
    Window {
        name: "creeping",
        suffix: "CreepingBurn",
        long: 3 * 86_400,
        short: 6 * 3600,
        severity: Severity::Warning,
        share: 100,
        share_of_weeks: 420,
    },
];

/// Below this window the shares of weeks hold.
const TWO_WEEKS: u64 = 14 * 86_400;

/// A share of the whole error budget.
pub type Share = Decimal;

impl Window {
    /// The share of the budget that its long window may use up.
    pub fn default_share(self, period: u64) -> Share {
        let thousandths = if period < TWO_WEEKS { self.share_of_weeks } else { self.share };
        Decimal::whole(thousandths).over(1000)
    }
}

/// One tier of an objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tier {
    /// Its windows.
    pub window: Window,
    /// The share of the budget that its long window may use up.
    pub share: Share,
    /// How bad it is.
    pub severity: Severity,
}

impl Tier {
    /// How many times as fast as it lasts the budget burns when the share is used up: share × period /
    /// long window.
    pub fn factor(&self, period: u64) -> Decimal {
        self.share.times(Decimal::whole(period)).over(self.window.long)
    }

    /// The share of bad events from which on it alerts: factor × budget, rounded once.
    pub fn threshold(&self, period: u64, budget: Decimal) -> Decimal {
        self.share.times(budget).times(Decimal::whole(period)).over(self.window.long)
    }

    /// The alert's name.
    pub fn alert(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.window.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(days: u64) -> Vec<String> {
        let of = |window: &Window| {
            let share = window.default_share(days * 86_400);
            let tier = Tier { window: *window, share, severity: window.severity };
            tier.factor(days * 86_400).to_string()
        };
        WINDOWS.iter().map(of).collect()
    }

    #[test]
    fn factors_follow_from_shares() {
        assert_eq!(factors(30), ["14.4", "6", "3", "1"]);
        assert_eq!(factors(28), ["13.44", "5.6", "2.8", "0.933333333333"]);
        assert_eq!(factors(90), ["43.2", "18", "9", "3"]);
        assert_eq!(factors(7), ["13.44", "3.5", "1.4", "0.98"]);
    }

    #[test]
    fn a_threshold_is_rounded_once() {
        let tier = Tier {
            window: WINDOWS[3],
            share: WINDOWS[3].default_share(28 * 86_400),
            severity: Severity::Warning,
        };
        let budget = Decimal::ONE.minus(Decimal::parse("99.7").unwrap().percent());
        assert_eq!(tier.threshold(28 * 86_400, budget).to_string(), "0.0028");
    }
}
