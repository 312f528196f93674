//! Times that recur, as Alertmanager reads them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned, civil};

use crate::stack::{Interval, TimeSpan};

/// Whether a moment is within an interval.
pub fn is_within(interval: &Interval, moment: Timestamp) -> bool {
    interval.spans.iter().any(|span| is_within_span(span, moment))
}

fn is_within_span(span: &TimeSpan, moment: Timestamp) -> bool {
    // The manifest's zones were looked up when it was read.
    let zone = span.location.as_deref().and_then(|name| TimeZone::get(name).ok());
    let local: Zoned = moment.to_zoned(zone.unwrap_or(TimeZone::UTC));
    let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
    let weekday = local.weekday().to_sunday_zero_offset();
    let (day, last) = (local.day(), local.days_in_month());
    let all = |empty: bool, any: bool| empty || any;
    all(
        span.times.is_empty(),
        span.times.iter().any(|(b, e)| (i32::from(*b)..i32::from(*e)).contains(&minute)),
    ) && all(
        span.weekdays.is_empty(),
        span.weekdays.iter().any(|d| i16::from(*d) == i16::from(weekday)),
    ) && all(
        span.days_of_month.is_empty(),
        span.days_of_month.iter().any(|(begin, end)| {
            let from_start = |d: i8| if d < 0 { last + d + 1 } else { d };
            (from_start(*begin)..=from_start(*end)).contains(&day)
        }),
    ) && all(
        span.months.is_empty(),
        span.months.iter().any(|m| i16::from(*m) == i16::from(local.month())),
    )
}

/// A moment as people write it: with an offset or a zone, else in UTC.
///
/// # Errors
/// What to write instead.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Ok(zoned.timestamp());
    }
    let civil = text.parse::<civil::DateTime>().ok();
    civil.and_then(|at| at.to_zoned(TimeZone::UTC).ok()).map(|zoned| zoned.timestamp()).ok_or_else(
        || "write it like `2027-01-31T23:30` (UTC) or `2027-01-31T23:30:00+01:00`".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(span: TimeSpan) -> Interval {
        Interval { name: "x".to_owned(), spans: vec![span] }
    }

    #[test]
    fn an_end_is_not_within_and_a_zone_counts() {
        let night = interval(TimeSpan {
            times: vec![(1320, 1440)],
            location: Some("Europe/Berlin".to_owned()),
            ..TimeSpan::default()
        });
        for (at, expected) in [
            ("2026-11-21T20:59:59Z", false),
            ("2026-11-21T21:00Z", true),
            ("2026-11-21T22:59:59Z", true),
            ("2026-11-21T23:00Z", false),
            // In summer the same clock is another hour of UTC.
            ("2026-07-21T20:00Z", true),
            ("2026-07-21T19:59Z", false),
        ] {
            assert_eq!(is_within(&night, moment(at).unwrap()), expected, "{at}");
        }
    }

    #[test]
    fn days_are_counted_from_both_ends_of_a_month() {
        let ends = interval(TimeSpan {
            days_of_month: vec![(-2, -1), (1, 1), (31, 31)],
            ..TimeSpan::default()
        });
        for (at, expected) in [
            ("2026-02-26T00:00", false),
            ("2026-02-27T00:00", true),
            ("2026-02-28T23:59", true),
            ("2026-03-01T00:00", true),
            ("2028-02-28T00:00", true),
            ("2028-02-27T00:00", false),
        ] {
            assert_eq!(is_within(&ends, moment(at).unwrap()), expected, "{at}");
        }
    }

    #[test]
    fn all_that_is_given_must_hold() {
        let span = TimeSpan {
            times: vec![(540, 1020)],
            weekdays: vec![1, 2, 3, 4, 5],
            months: vec![12],
            ..TimeSpan::default()
        };
        for (at, expected) in [
            ("2026-12-01T09:00", true),
            ("2026-12-01T08:59", false),
            ("2026-12-05T09:00", false),
            ("2026-11-30T09:00", false),
        ] {
            assert_eq!(is_within(&interval(span.clone()), moment(at).unwrap()), expected, "{at}");
        }
    }

    #[test]
    fn moments_are_read_with_and_without_a_zone() {
        let expected = moment("2027-01-31T22:30:00Z").unwrap();
        for text in
            ["2027-01-31T23:30:00+01:00", "2027-01-31T22:30", "2027-01-31T23:30[Europe/Berlin]"]
        {
            assert_eq!(moment(text).unwrap(), expected, "{text}");
        }
        assert!(moment("tomorrow").is_err());
    }
}
