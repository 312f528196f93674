//! When a line was written, read as Go reads it.

use jiff::Timestamp;
use jiff::civil::Date;

/// Reads a time; nothing when it is not written that way.
pub fn parse(text: &str, format: &str) -> Option<Timestamp> {
    match format {
        // `%Z`: `Z` or an offset with a colon.
        "rfc3339" => date(text, "%Y-%m-%dT%H:%M:%S%Z"),
        "unix" => match text.split_once('.') {
            None => Timestamp::from_second(text.parse().ok()?).ok(),
            Some((seconds, fraction)) => {
                let digits: i64 = fraction.parse().ok()?;
                let places = i32::try_from(fraction.len()).ok()?;
                #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
                // As Go does it.
                let nanoseconds = (digits as f64 * 10f64.powi(9 - places)) as i64;
                Timestamp::new(seconds.parse().ok()?, i32::try_from(nanoseconds).ok()?).ok()
            }
        },
        "unix_ms" => Timestamp::from_millisecond(text.parse().ok()?).ok(),
        "unix_us" => Timestamp::from_microsecond(text.parse().ok()?).ok(),
        "unix_ns" => Timestamp::from_nanosecond(text.parse().ok()?).ok(),
        _ => date(text, format),
    }
}

/// What was read so far. Go takes the first moment of the year 0 for what is not said.
struct Parts {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    afternoon: Option<bool>,
    offset_seconds: i64,
}

fn date(text: &str, format: &str) -> Option<Timestamp> {
    let mut parts = Parts {
        year: 0,
        month: 1,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
        nanosecond: 0,
        afternoon: None,
        offset_seconds: 0,
    };
    let mut rest = text;
    let mut letters = format.chars().peekable();
    while let Some(c) = letters.next() {
        if c != '%' {
            rest = literal(rest, c, letters.peek() == Some(&' '))?;
            continue;
        }
        let letter = letters.next()?;
        rest = parts.read(rest, letter)?;
        if letter == 'S' {
            // The format may say where the fraction is; it is read in any case.
            let mut ahead = letters.clone();
            if ahead.next().is_some_and(|c| c == '.' || c == ',')
                && ahead.next() == Some('%')
                && ahead.next() == Some('f')
            {
                letters = ahead;
            }
        }
    }
    rest.is_empty().then(|| parts.moment()).flatten()
}

/// Skips a sign of the format. Go takes any number of spaces for one, and none at the end.
fn literal(text: &str, sign: char, more_spaces: bool) -> Option<&str> {
    if sign != ' ' {
        return text.strip_prefix(sign);
    }
    if more_spaces {
        return Some(text);
    }
    (text.is_empty() || text.starts_with(' ')).then(|| text.trim_start_matches(' '))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Parts {
    /// Reads one part and gives what follows.
    fn read<'a>(&mut self, text: &'a str, letter: char) -> Option<&'a str> {
        Some(match letter {
            'Y' => {
                let (year, rest) = number::<i16>(text, 4, 4)?;
                self.year = year;
                rest
            }
            'y' => {
                let (year, rest) = number::<i16>(text, 2, 2)?;
                self.year = if year >= 69 { 1900 + year } else { 2000 + year };
                rest
            }
            'm' => small(text, 2, &mut self.month)?,
            'd' => small(text, 2, &mut self.day)?,
            'e' => small(text.strip_prefix(' ').unwrap_or(text), 1, &mut self.day)?,
            'b' => self.month_name(text, |name| name.get(..3).unwrap_or(name))?,
            'B' => self.month_name(text, |name| name)?,
            'a' => name(text, &DAYS, |name| name.get(..3).unwrap_or(name))?.1,
            'A' => name(text, &DAYS, |name| name)?.1,
            'H' => small(text, 1, &mut self.hour)?,
            'I' => small(text, 2, &mut self.hour)?,
            'M' => small(text, 2, &mut self.minute)?,
            'S' => {
                let rest = small(text, 2, &mut self.second)?;
                self.fraction(rest)?
            }
            'p' => {
                let (half, rest) = text.split_at_checked(2)?;
                self.afternoon = Some(match half {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                rest
            }
            'z' => self.offset(text, "")?,
            'Z' => match text.strip_prefix('Z') {
                Some(rest) => rest,
                None => self.offset(text, ":")?,
            },
            _ => return None,
        })
    }

    fn month_name<'a>(
        &mut self,
        text: &'a str,
        form: fn(&'static str) -> &'static str,
    ) -> Option<&'a str> {
        let (index, rest) = name(text, &MONTHS, form)?;
        self.month = i8::try_from(index + 1).ok()?;
        Some(rest)
    }

    fn fraction<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let Some(digits) = text.strip_prefix(['.', ',']) else { return Some(text) };
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if end == 0 {
            return Some(text);
        }
        let nine: String =
            digits.chars().take(end.min(9)).chain("000000000".chars()).take(9).collect();
        self.nanosecond = nine.parse().ok()?;
        digits.get(end..)
    }

    fn offset<'a>(&mut self, text: &'a str, between: &str) -> Option<&'a str> {
        let sign = match text.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let (hours, rest) = number::<i64>(text.get(1..)?, 2, 2)?;
        let (minutes, rest) = number::<i64>(rest.strip_prefix(between)?, 2, 2)?;
        if hours > 24 || minutes > 59 {
            return None;
        }
        self.offset_seconds = sign * (hours * 3600 + minutes * 60);
        Some(rest)
    }

    fn moment(&self) -> Option<Timestamp> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let date = Date::new(self.year, self.month, self.day).ok()?;
        let time = jiff::civil::Time::new(hour, self.minute, self.second, self.nanosecond).ok()?;
        let utc = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        utc.checked_sub(jiff::SignedDuration::from_secs(self.offset_seconds)).ok()
    }
}

/// A number of so many digits, and what follows.
fn number<N: std::str::FromStr>(text: &str, least: usize, most: usize) -> Option<(N, &str)> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = (digits >= least).then(|| text.split_at(digits))?;
    Some((digits.parse().ok()?, rest))
}

fn small<'a>(text: &'a str, least: usize, into: &mut i8) -> Option<&'a str> {
    let (value, rest) = number(text, least, 2)?;
    *into = value;
    Some(rest)
}

/// The position of the name that the text starts with, in capitals or not.
fn name<'a>(
    text: &'a str,
    names: &[&'static str],
    form: fn(&'static str) -> &'static str,
) -> Option<(usize, &'a str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let (start, rest) = text.split_at_checked(form(name).len())?;
        start.eq_ignore_ascii_case(form(name)).then_some((index, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_are_read_as_go_reads_them() {
        for (text, format, moment) in [
            ("2024-05-01T10:00:00Z", "rfc3339", Some("2024-05-01T10:00:00Z")),
            ("2024-05-01T12:00:00.25+02:00", "rfc3339", Some("2024-05-01T10:00:00.25Z")),
            ("2024-05-01T10:00:00,5Z", "rfc3339", Some("2024-05-01T10:00:00.5Z")),
            ("2024-05-01 10:00:00Z", "rfc3339", None),
            ("2024-05-01T10:00:60Z", "rfc3339", None),
            ("2024-02-30T10:00:00Z", "rfc3339", None),
            ("1714557600", "unix", Some("2024-05-01T10:00:00Z")),
            ("1714557600.5", "unix", Some("2024-05-01T10:00:00.5Z")),
            ("1714557600500", "unix_ms", Some("2024-05-01T10:00:00.5Z")),
            ("1714557600500000", "unix_us", Some("2024-05-01T10:00:00.5Z")),
            ("1714557600500000000", "unix_ns", Some("2024-05-01T10:00:00.5Z")),
            ("x", "unix", None),
            ("2024-05-01 10:00:00,123", "%Y-%m-%d %H:%M:%S,%f", Some("2024-05-01T10:00:00.123Z")),
            ("2024-05-01 10:00:00.123", "%Y-%m-%d %H:%M:%S", Some("2024-05-01T10:00:00.123Z")),
            ("2024-05-01 10:00:00 UTC", "%Y-%m-%d %H:%M:%S", None),
            ("2024-05-01   9:00:00", "%Y-%m-%d %H:%M:%S", Some("2024-05-01T09:00:00Z")),
            ("01/May/2024:12:00:00 +0200", "%d/%b/%Y:%H:%M:%S %z", Some("2024-05-01T10:00:00Z")),
            ("wed MAY  1 10:00:00 2024", "%a %b %e %H:%M:%S %Y", Some("2024-05-01T10:00:00Z")),
            ("05/01/24 01:02:03 PM", "%m/%d/%y %I:%M:%S %p", Some("2024-05-01T13:02:03Z")),
        ] {
            let read = parse(text, format).map(|moment| moment.to_string());
            assert_eq!(read.as_deref(), moment, "{text} as {format}");
        }
    }
}
