//! Percentages that stay what was written.

use std::fmt;

use super::{checked_text, shorten};
use crate::decimal::Decimal;
use crate::yaml::HELP;

/// A percentage such as `99.95%`, kept as a decimal: it is never a binary fraction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(Decimal);

impl Percent {
    /// Checks a percentage.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').map_or(text, str::trim_end);
        Decimal::parse(number).filter(|n| *n <= Decimal::whole(100)).map(Self).ok_or_else(|| {
            format!(
                "`{}` is not a percentage{HELP}write it like `99.9%`, with at most five digits after the point",
                shorten(text)
            )
        })
    }
    /// The percentage as a share of one: 0.999 for `99.9%`.
    pub fn share(self) -> Decimal {
        self.0.percent()
    }
}
impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}
checked_text!(
    Percent,
    "^([0-9]{1,2}(\\.[0-9]{1,5})?|100(\\.0{1,5})?) *%?$",
    "A percentage such as `99.9%`.",
    ["string", "number"]
);
