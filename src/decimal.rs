//! Decimal fractions as people write them. An objective of 99.9 % leaves 0.001, not
//! 0.0010000000000000009.

use std::cmp::Ordering;
use std::fmt;

/// Digits after the point that can be written: more would say nothing, and fewer than this many keep
/// every product within 128 bits.
const MOST_WRITTEN: usize = 5;
/// Digits after the point of a quotient that does not come out even.
const MOST_COMPUTED: u32 = 12;

/// A number with a finite decimal fraction: `units / 10^scale`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    units: i128,
    scale: u32,
}

impl Decimal {
    /// One.
    pub const ONE: Self = Self { units: 1, scale: 0 };

    /// A whole number.
    pub fn whole(value: u64) -> Self {
        Self { units: value.into(), scale: 0 }
    }

    /// Reads `99.95`: at most nine digits before the point and five after it.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let ok = !whole.is_empty()
            && whole.len() <= 9
            && fraction.len() <= MOST_WRITTEN
            && (!text.contains('.') || !fraction.is_empty())
            && digits(whole)
            && digits(fraction);
        if !ok {
            return None;
        }
        let units = format!("{whole}{fraction}").parse().ok()?;
        let scale = u32::try_from(fraction.len()).ok()?;
        Some(Self { units, scale }.reduced())
    }

    /// A hundredth of it.
    #[must_use]
    pub fn percent(self) -> Self {
        Self { units: self.units, scale: self.scale + 2 }.reduced()
    }

    /// The product.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self { units: self.units * other.units, scale: self.scale + other.scale }.reduced()
    }

    /// The difference.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let scale = self.scale.max(other.scale);
        Self { units: self.at(scale) - other.at(scale), scale }.reduced()
    }

    /// The quotient, rounded half up where it does not come out even. Nothing is divided by zero.
    #[must_use]
    pub fn over(self, divisor: u64) -> Self {
        let divisor = i128::from(divisor.max(1));
        let scale = self.scale.max(MOST_COMPUTED);
        let units = self.at(scale);
        Self { units: (2 * units + divisor) / (2 * divisor), scale }.reduced()
    }

    /// The nearest binary fraction: for pictures and for test data, never for a rule.
    pub fn approximate(self) -> f64 {
        self.to_string().parse().unwrap_or_default()
    }

    fn at(self, scale: u32) -> i128 {
        self.units * 10_i128.pow(scale - self.scale)
    }

    fn reduced(mut self) -> Self {
        while self.scale > 0 && self.units % 10 == 0 {
            self.units /= 10;
            self.scale -= 1;
        }
        self
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.at(scale).cmp(&other.at(scale))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let width = self.scale as usize + 1;
        let digits = format!("{:0width$}", self.units.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() - self.scale as usize);
        match fraction {
            "" => write!(f, "{sign}{whole}"),
            fraction => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}
impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn objectives_leave_exactly_their_budget() {
        for (objective, budget) in [
            ("99.9", "0.001"),
            ("99.95", "0.0005"),
            ("99.99", "0.0001"),
            ("99.999", "0.00001"),
            ("95", "0.05"),
            ("0.1", "0.999"),
            ("100.0", "0"),
        ] {
            assert_eq!(Decimal::ONE.minus(of(objective).percent()).to_string(), budget);
        }
    }

    #[test]
    fn quotients_are_exact_or_rounded() {
        let month = of("2").percent().times(Decimal::whole(30 * 24));
        assert_eq!(month.to_string(), "14.4");
        assert_eq!(of("2").percent().times(Decimal::whole(28 * 24)).to_string(), "13.44");
        assert_eq!(
            of("10").percent().times(Decimal::whole(28)).over(3).to_string(),
            "0.933333333333"
        );
        assert_eq!(Decimal::whole(2).over(3).to_string(), "0.666666666667");
        assert_eq!(Decimal::whole(600).over(3).to_string(), "200");
        assert_eq!(of("1").minus(of("2.5")).to_string(), "-1.5");
    }

    #[test]
    fn only_decimals_are_numbers() {
        for text in ["", ".5", "5.", "-1", "1e3", "1.123456", "1234567890", "1,5", " 1", "٣"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
        assert!(of("0.20") == of("0.2") && of("99.9") < of("99.95"));
        assert!((of("99.9").approximate() - 99.9).abs() < 1e-12);
    }
}
