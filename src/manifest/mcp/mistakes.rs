//! What is wrong with an MCP endpoint that no single value can show. A manifest and the agent's own
//! configuration are held to the same.

use std::net::IpAddr;

use super::{EnvValue, McpServer};
use crate::manifest::{Duration, ProbeDefaults};
use crate::mcp::target::{Depth, Protocol};
use crate::stack::looks_secret;

/// Time between two probes of a service of which nothing is said. A server that was killed is told of
/// within a minute: a probe, a rule's turn, the alert's own patience and the receiver's take 15 s each.
const INTERVAL: Duration = Duration::from_secs(15);
/// Longest time of one probe of which nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time between two probes: Prometheus takes a sample for five minutes, so one may be missed.
pub const LONGEST_INTERVAL: Duration = Duration::from_secs(120);

/// Addresses under which clouds hand out credentials to whoever asks, beside the link-local ones.
const METADATA: [&str; 4] =
    ["metadata.google.internal", "metadata.goog", "100.100.100.200", "[fd00:ec2::254]"];

/// How often, how long and how deep a service is probed, with defaults applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time between two probes.
    pub interval: Duration,
    /// Longest time of one.
    pub timeout: Duration,
    /// How far it goes.
    pub depth: Depth,
}

impl Pace {
    /// What holds for services that say nothing.
    pub fn usual(defaults: &ProbeDefaults) -> Self {
        let interval = defaults.interval.unwrap_or(INTERVAL);
        let timeout = defaults.timeout.unwrap_or_else(|| TIMEOUT.min(interval));
        Self { interval, timeout, depth: defaults.depth.unwrap_or_default() }
    }

    /// What is wrong with it; the mistakes stand beside the two values.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let Self { interval, timeout, .. } = self;
        let mut found = Vec::new();
        if *interval > LONGEST_INTERVAL {
            found.push(Mistake::new(
                "interval",
                format!("{interval} between probes is too long: after one that is missed nothing would be known"),
                format!("write at most {LONGEST_INTERVAL}"),
            ));
        }
        if timeout > interval {
            found.push(Mistake::new(
                "timeout",
                format!(
                    "a probe may not take longer ({timeout}) than the time between two ({interval})"
                ),
                format!("write at most {interval}"),
            ));
        }
        found
    }
}

/// Something that is wrong, below the endpoint's own place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Keys from the endpoint's place to the value; none for the endpoint as a whole.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// A secret stands there.
    pub secret: bool,
}

impl Mistake {
    fn new(key: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let path = if key.is_empty() { Vec::new() } else { vec![key.to_owned()] };
        Self { path, message: message.into(), help: help.into(), secret: false }
    }
}

impl McpServer {
    /// How it is probed.
    pub fn pace(&self, defaults: &ProbeDefaults) -> Pace {
        let usual = Pace::usual(defaults);
        let interval = self.interval.unwrap_or(usual.interval);
        // A fleet's timeout gives way to a shorter interval; one that is written here does not.
        let timeout = self.timeout.unwrap_or_else(|| usual.timeout.min(interval));
        Pace { interval, timeout, depth: self.depth.unwrap_or(usual.depth) }
    }

    /// Everything that is wrong with it.
    pub fn mistakes(&self, defaults: &ProbeDefaults) -> Vec<Mistake> {
        let mut found = self.one_place();
        let pace = self.pace(defaults);
        if self.interval.is_some() || self.timeout.is_some() {
            found.extend(pace.mistakes());
        }
        if !self.expect_tools.is_empty() && pace.depth != Depth::Tools {
            found.push(Mistake::new(
                "expect_tools",
                "tools are expected, and the probe ends before it lists them",
                "write `depth: tools`",
            ));
        }
        if let Some(url) = self.url.as_ref().filter(|url| is_metadata(url.host())) {
            found.push(Mistake::new(
                "url",
                format!(
                    "`{}` is where a cloud hands out credentials: it is never asked",
                    url.host()
                ),
                "write the server's own address",
            ));
        }
        self.program(&mut found);
        found
    }

    /// Either a URL or a program, with what belongs to it.
    fn one_place(&self) -> Vec<Mistake> {
        let url = self.url.is_some();
        let command = !self.command.is_empty();
        if url && command {
            return vec![Mistake::new(
                "command",
                "`command` starts a program, but `url` is here too",
                "remove one of them",
            )];
        }
        if !url && !command {
            return vec![Mistake::new(
                "",
                "nothing says where the server is",
                "write `url: http://NAME:8080/mcp`, or `command: [PROGRAM, ARGUMENT]` for one that speaks on its standard input and output",
            )];
        }
        let of_urls = [
            ("auth", self.auth.is_some()),
            ("tls", self.tls.is_some()),
            ("host_header", self.host_header.is_some()),
            ("accept_auth_challenge", self.accept_auth_challenge),
        ];
        let of_programs = [("env", !self.env.is_empty()), ("dir", self.dir.is_some())];
        let (others, what) =
            if url { (&of_programs[..], "command") } else { (&of_urls[..], "url") };
        let set = others.iter().filter(|(_, set)| *set);
        let mut found: Vec<Mistake> = set
            .map(|(key, _)| {
                Mistake::new(
                    key,
                    format!("`{key}` goes with `{what}`, which is not here"),
                    "remove it",
                )
            })
            .collect();
        if command && self.protocol == Protocol::Sse {
            found.push(Mistake::new(
                "protocol",
                "`sse` is a way to speak over HTTP, and this is a program",
                "write `auto`, `modern` or `legacy`",
            ));
        }
        found
    }

    fn program(&self, found: &mut Vec<Mistake>) {
        if let Some(program) = self.command.first()
            && (program.is_empty() || program.contains(char::is_whitespace))
        {
            let words: Vec<&str> = program.split_whitespace().collect();
            let words = if words.is_empty() { "PROGRAM".to_owned() } else { words.join(", ") };
            found.push(Mistake::new(
                "command",
                format!("`{program}` is not a program: no shell takes the words apart"),
                format!("make each word an item of its own: `command: [{words}]`"),
            ));
        }
        if let Some(dir) = self.dir.as_ref().filter(|dir| !dir.starts_with('/')) {
            found.push(Mistake::new(
                "dir",
                format!("`{dir}` starts at no known folder"),
                "write an absolute path",
            ));
        }
        for (name, value) in &self.env {
            if matches!(value, EnvValue::Text(_)) && looks_secret(name.as_str()) {
                found.push(Mistake {
                    path: vec!["env".to_owned(), name.to_string()],
                    message: format!("`{name}` looks like a secret, which must not stand here"),
                    help: format!(
                        "write `{name}: {{file: secrets/{}}}` or `{name}: {{env: {name}}}`",
                        name.as_str().to_lowercase().replace('_', "-")
                    ),
                    secret: true,
                });
            }
        }
    }
}

/// Whether a host is link-local or serves a cloud's metadata.
pub fn is_metadata(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let host = host.trim_end_matches('.');
    if METADATA.contains(&host) {
        return true;
    }
    match host.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_unicast_link_local(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_metadata;

    #[test]
    fn addresses_of_metadata_are_known_however_they_are_written() {
        for host in [
            "169.254.169.254",
            "169.254.1.1",
            "[fe80::1]",
            "[::ffff:169.254.169.254]",
            "[fd00:ec2::254]",
            "Metadata.Google.Internal.",
        ] {
            assert!(is_metadata(host), "{host}");
        }
        for host in ["169.253.0.1", "10.0.0.1", "[::1]", "metadata.example.org", "search"] {
            assert!(!is_metadata(host), "{host}");
        }
    }
}
