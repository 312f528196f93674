//! Calendar days.

use std::fmt;

use super::{checked_text, shorten};
use crate::yaml::HELP;

/// A day: `2027-01-31`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub jiff::civil::Date);

impl Day {
    /// Checks a day.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The calendar's own reader takes more forms than a reader of a manifest expects.
        let date = if text.len() == 10 { text.parse().ok() } else { None };
        date.map(Self).ok_or_else(|| {
            format!("`{}` is not a day{HELP}write it like `2027-01-31`", shorten(text))
        })
    }
}
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
checked_text!(Day, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "A day such as `2027-01-31`.");
