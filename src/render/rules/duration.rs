//! Prometheus durations: `90s`, `1h30m`, `2w`.

use std::fmt::Write as _;

use anyhow::bail;

const UNITS: [(&str, u64); 6] =
    [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1), ("y", 31_536_000)];

/// The whole seconds of a duration; parts of a second are no use to an alert.
pub(crate) fn seconds(text: &str) -> anyhow::Result<u64> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        bail!("an empty duration");
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(letters);
        let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let part = number.parse::<u64>().ok().zip(factor).and_then(|(n, f)| n.checked_mul(f));
        match part.and_then(|part| total.checked_add(part)) {
            Some(sum) => total = sum,
            None => bail!("`{text}` is no duration in whole seconds, such as 90s, 5m or 1h30m"),
        }
        rest = tail;
    }
    Ok(total)
}

/// The shortest way to write that many seconds.
pub(crate) fn format(seconds: u64) -> String {
    let mut rest = seconds;
    let mut text = String::new();
    for (unit, factor) in &UNITS[..5] {
        if rest >= *factor {
            let _ = write!(text, "{}{unit}", rest / factor);
            rest %= factor;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, value, written) in [
            ("90s", 90, "1m30s"),
            ("1h30m", 5400, "1h30m"),
            ("0", 0, "0s"),
            ("14d", 1_209_600, "2w"),
        ] {
            assert_eq!(seconds(text).unwrap(), value);
            assert_eq!(format(value), written);
        }
        for text in ["", "5", "m", "5 m", "1.5h", "100ms", "-1m", "99999999999999999999w"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
