//! A chart of an hour as inline SVG.

use std::fmt::Write as _;

use super::ask::{HOUR, STEP};

/// Units of the drawing: two for each minute, and room for the line's width.
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 24.0;
const EDGE: f64 = 1.5;

/// The path of a line through the points of the last hour. Where points are missing it is broken;
/// one alone is a dot. Empty without points.
pub fn line(points: &[(i64, f64)], now: i64) -> String {
    let highest = points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let scale = if highest > 0.0 { (HEIGHT - 2.0 * EDGE) / highest } else { 0.0 };
    let mut path = String::new();
    let mut before: Option<i64> = None;
    for (at, value) in points {
        let age = now - at;
        if !(0..=HOUR).contains(&age) || !value.is_finite() {
            continue;
        }
        #[allow(clippy::cast_precision_loss)] // Seconds of an hour.
        let x = WIDTH - EDGE - (age as f64) / (HOUR as f64) * (WIDTH - 2.0 * EDGE);
        let y = HEIGHT - EDGE - value * scale;
        // A step and a half: the newest point may come late.
        let joined = before.is_some_and(|before| at - before <= STEP * 3 / 2);
        if joined {
            let _ = write!(path, "L{x:.1} {y:.1}");
        } else {
            // A line of no length with round ends is a dot.
            let _ = write!(path, "M{x:.1} {y:.1}h0");
        }
        before = Some(*at);
    }
    path
}

/// A time for readers: `850 µs`, `12 ms`, `1.4 s`.
pub fn duration(seconds: f64) -> String {
    let rounded = |value: f64, unit: &str| {
        if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
    };
    if seconds < 0.000_999_5 {
        format!("{:.0} µs", seconds * 1e6)
    } else if seconds < 0.9995 {
        rounded(seconds * 1e3, "ms")
    } else {
        rounded(seconds, "s")
    }
}

/// How long ago something was: `now`, `5 min ago`, `3 h ago`.
pub fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => "now".to_owned(),
        60..7200 => format!("{} min ago", seconds / 60),
        _ => format!("{} h ago", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_the_right_edge_and_is_broken_by_a_gap() {
        let points = [(0, 0.5), (60, 1.0), (300, 0.0), (3600, 1.0)];
        assert_eq!(line(&points, 3600), "M1.5 12.0h0L3.5 1.5M11.2 22.5h0M118.5 1.5h0");
        assert_eq!(line(&[], 3600), "");
        assert_eq!(line(&[(10, f64::NAN), (-1, 1.0), (4000, 1.0)], 3600), "");
        assert_eq!(line(&[(3600, 0.0)], 3600), "M118.5 22.5h0", "nothing is divided by zero");
    }

    #[test]
    fn times_are_short() {
        for (seconds, shown) in [
            (0.000_85, "850 µs"),
            (0.0012, "1.2 ms"),
            (0.0123, "12 ms"),
            (0.9996, "1.0 s"),
            (14.4, "14 s"),
        ] {
            assert_eq!(duration(seconds), shown);
        }
        assert_eq!([ago(5), ago(150), ago(7300)], ["now", "2 min ago", "2 h ago"]);
    }
}
