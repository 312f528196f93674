//! Times that recur, as Alertmanager knows them. What is written as a range is kept as the set of
//! its members, so that `friday-monday` needs no rule of its own.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::types::{checked_text, shorten};
use crate::yaml::HELP;

/// Times that recur. All that is given must hold; what is left out always does.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MuteTime {
    /// Spans of the day: `09:00-17:00`. One over midnight (`22:00-06:00`) belongs to the day on
    /// which it begins.
    #[serde(default)]
    pub times: Vec<TimeSpan>,
    /// Days of the week: `saturday`, `monday-friday`.
    #[serde(default)]
    pub weekdays: Vec<Weekdays>,
    /// Days of the month: `1`, `1:7`; `-1` is the last one.
    #[serde(default)]
    pub days_of_month: Vec<DaysOfMonth>,
    /// Months: `december`, `7`, `june-august`.
    #[serde(default)]
    pub months: Vec<Months>,
    /// Time zone by its name: `Europe/Berlin`. UTC where none is given.
    pub location: Option<Location>,
}

/// A span of the day in minutes after midnight; one whose end is not after its begin ends on the
/// next day.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan {
    /// Its first minute.
    pub begin: u16,
    /// The first minute after it; 1440 is midnight.
    pub end: u16,
}

impl TimeSpan {
    /// Checks a span.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            |what: &str| format!("`{}` {what}{HELP}write it like `22:00-06:00`", shorten(text));
        let span = text.split_once('-').and_then(|(begin, end)| {
            Some(Self { begin: minute(begin).filter(|m| *m < 1440)?, end: minute(end)? })
        });
        let span = span.ok_or_else(|| wrong("is not a span of the day"))?;
        if span.begin == span.end {
            return Err(wrong("begins when it ends"));
        }
        Ok(span)
    }
}

/// `06:30` as minutes after midnight; `24:00` is the end of the day.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| {
        (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<u16>().ok())
            .flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= 1440).then_some(total)
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { begin, end } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", begin / 60, begin % 60, end / 60, end % 60)
    }
}
checked_text!(
    TimeSpan,
    "^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
    "A span of the day: `22:00-06:00`."
);

/// The days of the week as Alertmanager counts them.
pub const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// The months.
pub const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// One day of the week or a range of them, as positions from Sunday.
#[derive(Clone, PartialEq, Eq)]
pub struct Weekdays {
    text: String,
    /// 0 is Sunday.
    pub days: BTreeSet<u8>,
}

impl Weekdays {
    /// Checks a day or range.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let days = circle(text, 7, |word| position(&WEEKDAYS, word)).ok_or_else(|| {
            format!(
                "`{}` is not a day of the week{HELP}write it like `saturday` or `monday-friday`",
                shorten(text)
            )
        })?;
        Ok(Self { text: text.to_owned(), days })
    }
}
impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
checked_text!(
    Weekdays,
    "^(sun|mon|tues|wednes|thurs|fri|satur)day([:-](sun|mon|tues|wednes|thurs|fri|satur)day)?$",
    "A day of the week or a range of them: `monday-friday`."
);

/// One month or a range of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Months {
    text: String,
    /// 1 is January.
    pub months: BTreeSet<u8>,
}

impl Months {
    /// Checks a month or range.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = |word: &str| {
            let number = word.parse::<u8>().ok().filter(|n| (1..=12).contains(n));
            number.map(|n| n - 1).or_else(|| position(&MONTHS, word))
        };
        let months = circle(text, 12, number).ok_or_else(|| {
            format!(
                "`{}` is not a month{HELP}write it like `december`, `12` or `june-august`",
                shorten(text)
            )
        })?;
        Ok(Self { text: text.to_owned(), months: months.into_iter().map(|m| m + 1).collect() })
    }
}
impl fmt::Display for Months {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
checked_text!(
    Months,
    "^([a-z]+|1[0-2]|[1-9])([:-]([a-z]+|1[0-2]|[1-9]))?$",
    "A month or a range of them: `june-august`.",
    ["string", "integer"]
);

/// One day of the month or a range of them; negative ones count from its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DaysOfMonth {
    /// The first one.
    pub begin: i8,
    /// The last one.
    pub end: i8,
}

impl DaysOfMonth {
    /// Checks a day or range.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let day = |word: &str| {
            let day = word.parse::<i8>().ok()?;
            (!word.starts_with('+') && day != 0 && (-31..=31).contains(&day)).then_some(day)
        };
        let (begin, end) = text.split_once(':').unwrap_or((text, text));
        // A range from one end of the month to the other has a length that differs by month.
        match (day(begin), day(end)) {
            (Some(begin), Some(end)) if begin <= end && (begin < 0) == (end < 0) => {
                Ok(Self { begin, end })
            }
            _ => Err(format!(
                "`{}` is not a day of the month{HELP}write it like `1`, `1:7`, or `-1` for the last one",
                shorten(text)
            )),
        }
    }
}
impl fmt::Display for DaysOfMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.begin == self.end {
            write!(f, "{}", self.begin)
        } else {
            write!(f, "{}:{}", self.begin, self.end)
        }
    }
}
checked_text!(
    DaysOfMonth,
    "^-?([1-9]|[12][0-9]|3[01])(:-?([1-9]|[12][0-9]|3[01]))?$",
    "A day of the month or a range of them: `1:7`, `-1`.",
    ["string", "integer"]
);

/// A time zone by its name.
#[derive(Clone, PartialEq, Eq)]
pub struct Location(String);

impl Location {
    /// Checks a time zone.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let known = jiff::tz::db().available().map(|name| name.to_string()).collect::<Vec<_>>();
        if known.iter().any(|name| name == text) {
            return Ok(Self(text.to_owned()));
        }
        let near = crate::diagnostic::closest(text, known.iter().map(String::as_str));
        let help = near.map_or_else(
            || "write it like `Europe/Berlin`".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        Err(format!("`{}` is not a time zone{HELP}{help}", shorten(text)))
    }
    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
checked_text!(Location, "^[A-Za-z0-9_+/-]+$", "A time zone by its name: `Europe/Berlin`.");

fn position(names: &[&str], word: &str) -> Option<u8> {
    names.iter().position(|name| *name == word).and_then(|at| u8::try_from(at).ok())
}

/// `a` or `a-b` as members of a circle of `size`, so that a range may go over its end.
fn circle(text: &str, size: u8, find: impl Fn(&str) -> Option<u8>) -> Option<BTreeSet<u8>> {
    let (begin, end) = text.split_once(['-', ':']).unwrap_or((text, text));
    let (begin, end) = (find(begin)?, find(end)?);
    let length = (end + size - begin) % size;
    Some((0..=length).map(|step| (begin + step) % size).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_go_over_the_end_of_their_circle() {
        let days = |text| Weekdays::parse(text).unwrap().days.into_iter().collect::<Vec<_>>();
        assert_eq!(days("monday-friday"), [1, 2, 3, 4, 5]);
        assert_eq!(days("friday:monday"), [0, 1, 5, 6]);
        assert_eq!(days("saturday"), [6]);
        assert!(Weekdays::parse("Saturday").is_err() && Weekdays::parse("monday-").is_err());
        let months = Months::parse("november-2").unwrap().months;
        assert_eq!(months.into_iter().collect::<Vec<_>>(), [1, 2, 11, 12]);
    }

    #[test]
    fn spans_are_of_one_day_and_a_night() {
        assert_eq!(TimeSpan::parse("22:00-06:00").unwrap(), TimeSpan { begin: 1320, end: 360 });
        assert_eq!(TimeSpan::parse("00:00-24:00").unwrap().to_string(), "00:00-24:00");
        for text in
            ["", "22-6", "24:00-01:00", "12:00-12:00", "9:00-10:00", "10:60-11:00", "10:00-24:01"]
        {
            assert!(TimeSpan::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn days_of_a_month_count_from_both_ends() {
        assert_eq!(DaysOfMonth::parse("-3:-1").unwrap(), DaysOfMonth { begin: -3, end: -1 });
        for text in ["0", "32", "5:1", "1:-1", "+1", "x", "-1:-3"] {
            assert!(DaysOfMonth::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn zones_are_those_that_there_are() {
        assert!(Location::parse("Europe/Berlin").is_ok() && Location::parse("UTC").is_ok());
        assert!(Location::parse("Europe/Berlni").unwrap_err().contains("Europe/Berlin"));
    }
}
