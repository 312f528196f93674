//! Hosts, with and without a port.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{checked_text, shorten};
use crate::yaml::HELP;

/// A host name, an IPv4 address, or an IPv6 address in brackets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Host(String);

impl Host {
    /// Checks a host.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if is_host(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{}` is not a host{HELP}write its name or address alone: `gateway.example.org`, `10.0.0.1` or `[fd00::1]`",
            shorten(text)
        ))
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
checked_text!(
    Host,
    "^(\\[[0-9a-fA-F:.]+\\]|[a-zA-Z0-9_][a-zA-Z0-9._-]*)$",
    "A host's name or address."
);

/// `host:port`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// Checks an address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once(':').and_then(|(host, port)| {
            let digits = port.bytes().all(|b| b.is_ascii_digit());
            Some((host, port.parse::<u16>().ok().filter(|port| digits && *port > 0)?))
        });
        match parts {
            Some((host, port)) if is_host(host) => Ok(Self { host: host.to_owned(), port }),
            _ => Err(format!(
                "`{}` is not an address{HELP}write host and port alone: `postgres:5432`, `10.0.0.1:22` or `[fd00::1]:22`",
                shorten(text)
            )),
        }
    }
    /// The host, in brackets where it is an IPv6 address.
    pub fn host(&self) -> &str {
        &self.host
    }
    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }
}
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
checked_text!(
    Address,
    "^(\\[[0-9a-fA-F:.]+\\]|[a-zA-Z0-9_][a-zA-Z0-9._-]*):[0-9]{1,5}$",
    "`host:port`."
);

fn is_host(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().is_ok();
    }
    // What looks like numbers alone is an address, and a wrong one is no name.
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return text.parse::<Ipv4Addr>().is_ok();
    }
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_host_and_port() {
        for text in ["postgres:5432", "10.0.0.1:22", "[fd00::1]:22", "db_1.example.org:1"] {
            assert_eq!(Address::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "postgres",
            "postgres:",
            ":5432",
            "postgres:0",
            "postgres:65536",
            "postgres:+1",
            "a b:1",
            "http://a:1",
            "user@a:1",
            "a/b:1",
            "fd00::1",
            "256.1.1.1:1",
            "-a:1",
            "a..b:1",
            "[x]:1",
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hosts_have_no_port() {
        assert!(Host::parse("gateway.example.org").is_ok() && Host::parse("[::1]").is_ok());
        for text in ["a:1", "1.2.3", "", "a/b"] {
            assert!(Host::parse(text).is_err(), "{text}");
        }
    }
}
