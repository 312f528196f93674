//! Which requests are answered: everything else is refused before the engine hears of it.

use std::fmt;

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HeaderMap, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::{Method, Uri};

use super::query::{self, Kind};

/// Longest name or identifier of a container.
const LONGEST_NAME: usize = 255;

/// A request that is answered. Nothing of what the client wrote reaches the engine but what stands in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What is asked for.
    pub call: Call,
    /// `/v1.43`, as the client wrote it; nothing where it names no version.
    pub version: String,
    /// The parameters, written anew; empty or `?…`.
    pub query: String,
}

/// What may be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Whether the engine is there, and which API it speaks.
    Ping {
        /// With the head of the answer alone.
        head: bool,
    },
    /// The engine's version.
    Version,
    /// What the engine's host is.
    Info,
    /// The containers.
    Containers,
    /// One container.
    Inspect(String),
    /// What a container writes.
    Logs(String),
    /// What a container uses.
    Stats(String),
    /// What happens to containers.
    Events,
    /// The networks that the containers are in.
    Networks,
}

/// Why a request is not answered, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Call {
    /// One word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Ping { .. } => "ping",
            Self::Version => "version",
            Self::Info => "info",
            Self::Containers => "containers",
            Self::Inspect(_) => "inspect",
            Self::Logs(_) => "logs",
            Self::Stats(_) => "stats",
            Self::Events => "events",
            Self::Networks => "networks",
        }
    }

    /// The parameters that it takes.
    const fn parameters(&self) -> &'static [(&'static str, Kind)] {
        match self {
            Self::Ping { .. } | Self::Version | Self::Info => &[],
            Self::Containers => &[
                ("all", Kind::Flag),
                ("limit", Kind::Number),
                // The engine would walk the files of every container.
                ("size", Kind::Off),
                ("filters", Kind::Filters(&["health", "id", "label", "name", "network", "status"])),
            ],
            Self::Inspect(_) => &[("size", Kind::Off)],
            Self::Logs(_) => &[
                ("follow", Kind::Flag),
                ("stdout", Kind::Flag),
                ("stderr", Kind::Flag),
                ("timestamps", Kind::Flag),
                ("since", Kind::Time),
                ("until", Kind::Time),
                ("tail", Kind::Tail),
                // They hold what the log driver was told to take from the environment.
                ("details", Kind::Off),
            ],
            Self::Stats(_) => &[("stream", Kind::Flag), ("one-shot", Kind::Flag)],
            Self::Events => &[
                ("since", Kind::Time),
                ("until", Kind::Time),
                ("filters", Kind::Filters(&["container", "event", "image", "label", "type"])),
            ],
            Self::Networks => {
                &[("filters", Kind::Filters(&["driver", "id", "label", "name", "scope", "type"]))]
            }
        }
    }
}

/// Reads a request.
///
/// # Errors
/// Why it is refused.
pub fn read(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Ask, Refusal> {
    let refuse = |why: &str| Err(Refusal(why.to_owned()));
    if method != Method::GET && method != Method::HEAD {
        return refuse("only GET is answered here: nothing of the engine can be changed");
    }
    if uri.scheme().is_some() || uri.authority().is_some() {
        return refuse("a request names a path, not a whole URL");
    }
    if let Some(why) = carries_more(headers) {
        return refuse(why);
    }
    let (version, path) = path(uri.path())?;
    let call = match path.as_slice() {
        ["_ping"] => Call::Ping { head: method == Method::HEAD },
        ["version"] => Call::Version,
        ["info"] => Call::Info,
        ["containers", "json"] => Call::Containers,
        ["containers", id, "json"] => Call::Inspect(name(id)?),
        ["containers", id, "logs"] => Call::Logs(name(id)?),
        ["containers", id, "stats"] => Call::Stats(name(id)?),
        ["events"] => Call::Events,
        ["networks"] => Call::Networks,
        _ => return refuse("this path of the engine is not shown here"),
    };
    if method == Method::HEAD && !matches!(call, Call::Ping { .. }) {
        return refuse("only `/_ping` is answered to HEAD");
    }
    let query = query::rewrite(uri.query().unwrap_or_default(), call.parameters())?;
    Ok(Ask { call, version: version.to_owned(), query })
}

/// Anything beside a head makes two readers disagree on where a request ends.
fn carries_more(headers: &HeaderMap) -> Option<&'static str> {
    if headers.contains_key(TRANSFER_ENCODING)
        || headers.contains_key(TRAILER)
        || headers.contains_key(EXPECT)
        || headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0")
    {
        return Some("a request has no body here");
    }
    let upgrades = |value: &hyper::header::HeaderValue| {
        value.to_str().map_or(true, |text| text.to_ascii_lowercase().contains("upgrade"))
    };
    if headers.contains_key(UPGRADE) || headers.get_all(CONNECTION).iter().any(upgrades) {
        return Some("a connection stays plain HTTP here");
    }
    None
}

/// The version's prefix, and the path behind it in parts.
fn path(path: &str) -> Result<(&str, Vec<&str>), Refusal> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let parts: Vec<&str> = path.strip_prefix('/').unwrap_or_default().split('/').collect();
    if !path.chars().all(plain) || parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
        return Err(Refusal("a path is written plainly here: no `//`, no `..`, no `%`".to_owned()));
    }
    match parts.split_first() {
        Some((first, rest)) if is_version(first) => {
            // The slash before it belongs to it.
            Ok((path.get(..=first.len()).unwrap_or_default(), rest.to_vec()))
        }
        _ => Ok(("", parts)),
    }
}

/// `v1.43`
fn is_version(part: &str) -> bool {
    part.strip_prefix("v1.").is_some_and(|minor| {
        (1..=3).contains(&minor.len()) && minor.bytes().all(|b| b.is_ascii_digit())
    })
}

/// What the engine would take for the name or identifier of a container.
fn name(text: &str) -> Result<String, Refusal> {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    // `/containers/json/json` would be a container of that name; the engine allows one.
    if !first || text.len() > LONGEST_NAME {
        return Err(Refusal("this is no name of a container".to_owned()));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(target: &str) -> Result<Ask, Refusal> {
        read(&Method::GET, &target.parse().unwrap(), &HeaderMap::new())
    }

    #[test]
    fn what_collectors_ask_is_written_anew() {
        let ask = get("/v1.41/containers/a-b.c_1/logs?follow=1&stdout=1&since=0&tail=all").unwrap();
        assert_eq!(ask.call, Call::Logs("a-b.c_1".into()));
        assert_eq!(ask.version, "/v1.41");
        assert_eq!(ask.query, "?follow=1&stdout=1&since=0&tail=all");
        assert_eq!(get("/containers/json").unwrap().call, Call::Containers);
        assert_eq!(get("/v1.52/_ping").unwrap().call, Call::Ping { head: false });
        assert_eq!(get("/networks").unwrap().version, "");
    }

    /// Recorded: all that they ask.
    #[test]
    fn promtail_and_prometheus_get_what_they_ask() {
        for target in [
            "/v1.41/networks",
            "/v1.41/containers/json?filters=%7B%22label%22%3A%7B%22dev.mcpmon.stack%3Dacme%22%3Atrue%7D%7D",
            "/v1.41/containers/json?filters=%7B%22name%22%3A%7B%22%5E%2Fapi%24%22%3Atrue%7D%7D",
            "/v1.41/containers/8c3d8eee0637ab87/json",
            "/v1.41/containers/8c3d8eee0637ab87/logs?follow=1&since=0&stderr=1&stdout=1&tail=&timestamps=1",
        ] {
            get(target).unwrap();
        }
    }

    #[test]
    fn other_paths_are_refused() {
        for target in [
            "/",
            "/containers",
            "/containers/a",
            "/containers/a/top",
            "/containers/a/archive?path=/",
            "/containers/a/logs/",
            "/images/json",
            "/v2.0/version",
            "/v1./version",
            "/v1.1234/version",
            "/v1.41/v1.41/version",
            "/version/",
            "//version",
            "/./version",
            "/x/../version",
            "/containers/../version",
            "/containers/a%2fb/json",
            "/containers/%2e%2e/json",
            "/containers/-a/json",
            "/Version",
        ] {
            assert!(get(target).is_err(), "{target}");
        }
    }

    #[test]
    fn other_methods_and_forms_are_refused() {
        let none = HeaderMap::new();
        let version: Uri = "/version".parse().unwrap();
        for method in
            ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "HEAD", "GETX"]
        {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert!(read(&method, &version, &none).is_err(), "{method}");
        }
        assert!(get("http://engine/version").is_err());
        assert!(get("*").is_err());
        let ping: Uri = "/_ping".parse().unwrap();
        assert!(read(&Method::HEAD, &ping, &none).is_ok());
    }

    #[test]
    fn bodies_and_upgrades_are_refused() {
        let version: Uri = "/version".parse().unwrap();
        for (name, value) in [
            ("transfer-encoding", "chunked"),
            ("transfer-encoding", "identity"),
            ("content-length", "1"),
            ("content-length", "0, 1"),
            ("expect", "100-continue"),
            ("trailer", "x"),
            ("upgrade", "tcp"),
            ("connection", "keep-alive, Upgrade"),
        ] {
            let name = hyper::header::HeaderName::from_static(name);
            let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
            assert!(read(&Method::GET, &version, &headers).is_err(), "{value}");
        }
        let empty = HeaderMap::from_iter([(CONTENT_LENGTH, "0".parse().unwrap())]);
        assert!(read(&Method::GET, &version, &empty).is_ok());
    }
}
