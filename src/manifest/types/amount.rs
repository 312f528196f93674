//! Sizes and shares.

use std::fmt;

use super::{checked_text, shorten};
use crate::yaml::HELP;

/// A number of bytes: `512MiB`, `1GiB`, `500MB` or a plain number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

impl ByteSize {
    /// A size of that many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Checks a size.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not a size{HELP}write a number and a unit (KiB, MiB, GiB, TiB, KB, MB, GB, TB), as in `512MiB`",
                shorten(text)
            )
        };
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let factor = match unit.trim() {
            "" | "B" => 1,
            "KiB" | "Ki" => 1 << 10,
            "MiB" | "Mi" => 1 << 20,
            "GiB" | "Gi" => 1 << 30,
            "TiB" | "Ti" => 1 << 40,
            "KB" | "kB" => 1000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "TB" => 1_000_000_000_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(factor).filter(|n| *n > 0).map(Self).ok_or_else(wrong)
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match units.iter().find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size)) {
            Some((unit, size)) => write!(f, "{}{unit}", self.0 / size),
            None => write!(f, "{}", self.0),
        }
    }
}
checked_text!(
    ByteSize,
    "^[1-9][0-9]* ?(B|[KMGT]iB?|[KMGTk]B)?$",
    "A size such as `512MiB` or `1GiB`.",
    ["string", "integer"]
);

/// A share from 0 to 1, written `0.01` or `1%`.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    /// Checks a share.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, factor) = match text.strip_suffix('%') {
            Some(number) => (number.trim(), 0.01),
            None => (text, 1.0),
        };
        number.parse::<f64>().ok().map(|n| n * factor).filter(|n| (0.0..=1.0).contains(n)).map(Self).ok_or_else(
            || format!("`{}` is not a share{HELP}write a percentage such as `1%`, or a number from 0 to 1", shorten(text)),
        )
    }
    /// The share as a number from 0 to 1.
    pub const fn value(self) -> f64 {
        self.0
    }
}
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
checked_text!(
    Share,
    "^([0-9]{1,2}(\\.[0-9]+)?|100(\\.0+)?) ?%$|^(0(\\.[0-9]+)?|1(\\.0+)?)$",
    "A share such as `1%` or `0.01`.",
    ["string", "number"]
);
