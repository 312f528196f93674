//! Durations as Prometheus writes them.

use std::fmt;

use super::{checked_text, shorten};
use crate::yaml::HELP;

/// A duration as Prometheus writes it: `15s`, `1h30m`, `15d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    millis: u64,
}

/// Prometheus' units, largest first, in milliseconds. A year has 365 days there.
const UNITS: [(&str, u64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

impl Duration {
    /// A duration of that many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self { millis }
    }
    /// A duration of that many seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self { millis: secs * 1000 }
    }

    /// Checks a duration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not a duration{HELP}write a number and a unit (ms, s, m, h, d, w, y), as in `15s`, `1h30m` or `15d`",
                shorten(text)
            )
        };
        let mut rest = text;
        let mut millis: u64 = 0;
        let mut next_unit = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, tail) = rest.split_at(digits);
            let number: u64 = number.parse().map_err(|_| wrong())?;
            let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(end);
            let index = UNITS.iter().position(|(name, _)| *name == unit).ok_or_else(wrong)?;
            // Each unit at most once and from large to small, as Prometheus has it.
            if index < next_unit {
                return Err(wrong());
            }
            next_unit = index + 1;
            let factor = UNITS.get(index).map_or(1, |u| u.1);
            millis =
                number.checked_mul(factor).and_then(|n| millis.checked_add(n)).ok_or_else(wrong)?;
            rest = tail;
        }
        if millis == 0 {
            return Err(wrong());
        }
        Ok(Self { millis })
    }

    /// The duration in milliseconds.
    pub const fn millis(self) -> u64 {
        self.millis
    }
    /// The duration in seconds.
    #[allow(clippy::cast_precision_loss)] // Exact up to 285,000 years.
    pub fn seconds(self) -> f64 {
        self.millis as f64 / 1000.0
    }
    /// The same as the standard library has it.
    pub const fn std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.millis)
    }
}
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The largest unit that divides evenly, so that `15d` and `168h` stay readable.
        let unit = UNITS
            .iter()
            .skip(2)
            .find(|(_, size)| self.millis.is_multiple_of(*size))
            .map_or(("ms", 1), |unit| *unit);
        write!(f, "{}{}", self.millis / unit.1, unit.0)
    }
}
checked_text!(
    Duration,
    "^([0-9]+(y|w|d|h|m|s|ms))+$",
    "A Prometheus duration such as `15s`, `1h30m` or `15d`."
);
