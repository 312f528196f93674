//! The small types of the manifest. Each is checked where it is read, so that no later step sees
//! an invalid name, port or duration.

mod address;
mod amount;
mod day;
mod duration;
mod name;
mod percent;
mod secret;
mod url;

pub use address::{Address, Host};
pub use amount::{ByteSize, Share};
pub use day::Day;
pub use duration::Duration;
pub use name::{LabelName, Name};
pub use percent::Percent;
pub use secret::{SecretRef, UrlOrSecret};
pub use url::Url;

/// Makes a type of text that is checked by `FromStr`-like `parse` when it is read.
macro_rules! checked_text {
    ($name:ident, $pattern:expr, $description:expr) => {
        checked_text!($name, $pattern, $description, "string");
    };
    ($name:ident, $pattern:expr, $description:expr, $types:tt) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(::serde::de::Error::custom)
            }
        }
        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!({"type": $types, "pattern": $pattern, "description": $description})
            }
        }
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{self}")
            }
        }
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

pub(super) use checked_text;

/// Keeps a message readable when what was written is very long.
pub(super) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= 60 && line.len() == text.len() {
        return text.to_owned();
    }
    line.chars().take(60).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_as_prometheus_does() {
        for (text, millis) in
            [("15s", 15_000), ("1h30m", 5_400_000), ("15d", 1_296_000_000), ("200ms", 200)]
        {
            assert_eq!(Duration::parse(text).unwrap().millis(), millis, "{text}");
        }
        for text in
            ["", "15", "s", "1m1h", "1s1s", "0s", "-5s", "1.5h", "15 s", "99999999999999999999y"]
        {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
        assert_eq!(Duration::parse("1h30m").unwrap().to_string(), "90m");
        assert_eq!(Duration::parse("168h").unwrap().to_string(), "7d");
        assert_eq!(Duration::parse("1y").unwrap().to_string(), "365d");
    }

    #[test]
    fn names_are_dns_labels_and_a_wrong_one_gets_a_proposal() {
        assert!(Name::parse("search-2").is_ok());
        for (text, proposal) in [
            ("Search Two", "search-two"),
            ("7up", "mcp-7up"),
            ("a_b", "a-b"),
            ("", "mcp"),
            ("ü", "mcp"),
        ] {
            assert!(Name::parse(text).unwrap_err().ends_with(&format!("`{proposal}`")), "{text}");
        }
    }

    #[test]
    fn sizes_know_both_families_of_units() {
        assert_eq!(ByteSize::parse("512MiB").unwrap().bytes(), 512 << 20);
        assert_eq!(ByteSize::parse("500MB").unwrap().bytes(), 500_000_000);
        assert_eq!(ByteSize::parse("1GiB").unwrap().to_string(), "1GiB");
        for text in ["", "MiB", "0", "1.5GiB", "1 XB", "-1"] {
            assert!(ByteSize::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_percentages_or_fractions() {
        assert!((Share::parse("2%").unwrap().value() - 0.02).abs() < 1e-9);
        assert!(
            Share::parse("101%").is_err()
                && Share::parse("-0.1").is_err()
                && Share::parse("x").is_err()
        );
    }

    #[test]
    fn a_url_with_a_password_is_refused_without_repeating_it() {
        let message = Url::parse("http://me:hunter2@host/").unwrap_err();
        assert!(!message.contains("hunter2"), "{message}");
    }
}
