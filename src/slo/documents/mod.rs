//! What people read: runbooks, `SLOS.md` and the review of a month.

mod overview;
mod review;
mod runbook;

pub use overview::{Told, slos_markdown};
pub use review::{Review, Reviewed, html, markdown};
pub(super) use runbook::runbooks;

/// A time in words of two units: `2d 2h`, `43m 12s`.
pub fn spell(seconds: f64) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Nobody waits for longer.
    let mut rest = seconds.clamp(0.0, 1e12).round() as u64;
    let mut parts = Vec::new();
    for (unit, size) in UNITS {
        if rest >= size && parts.len() < 2 {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        } else if !parts.is_empty() {
            break;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::spell;

    #[test]
    fn times_have_two_units() {
        for (seconds, text) in [
            (0.0, "0s"),
            (0.4, "0s"),
            (59.6, "1m"),
            (2592.0, "43m 12s"),
            (180_000.0, "2d 2h"),
            (86_400.0 * 30.0, "30d"),
            (86_460.0, "1d"),
        ] {
            assert_eq!(spell(seconds), text);
        }
    }
}
