//! What can go wrong with the engine, in words the user can act on.

use std::fmt;
use std::time::Duration;

use bollard::errors::Error as ClientError;

/// A failure of the engine, or on the way to it.
#[derive(Debug)]
pub enum EngineError {
    /// The engine cannot be used: not running, no permission, too old, or an endpoint that mcpmon does not speak to.
    Unreachable {
        /// Address that was tried.
        endpoint: String,
        /// What happened.
        cause: String,
        /// What to do about it.
        help: String,
    },
    /// The thing asked for does not exist (404).
    NotFound {
        /// What was attempted, such as `start container acme-loki`.
        during: String,
        /// The engine's own words.
        message: String,
    },
    /// The name is taken, or the thing is in a state that forbids the action (409).
    Conflict {
        /// What was attempted.
        during: String,
        /// The engine's own words.
        message: String,
    },
    /// A host port is in use by another container or process.
    PortTaken {
        /// What was attempted.
        during: String,
        /// Address on the host.
        address: String,
        /// Port on the host.
        port: u16,
    },
    /// Any other refusal of the engine.
    Api {
        /// HTTP status.
        status: u16,
        /// What was attempted.
        during: String,
        /// The engine's own words.
        message: String,
    },
    /// An image cannot be had.
    Pull {
        /// Reference that was asked for.
        image: String,
        /// The registry's or engine's own words.
        message: String,
    },
    /// It took too long and was given up.
    Timeout {
        /// What was attempted.
        during: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// Reading, writing or decoding failed on this side of the connection.
    Io {
        /// What was attempted.
        during: String,
        /// What happened.
        cause: String,
    },
}

impl EngineError {
    /// Exit code of the process for this error: 3 when the engine cannot be reached, else 1.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Unreachable { .. }) { 3 } else { 1 }
    }

    /// Whether the thing asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether the name is taken or the state forbids the action.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }

    pub(super) fn io(during: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self::Io { during: during.into(), cause: cause.to_string() }
    }

    /// Translates an error of the client; `during` says what was attempted.
    pub(super) fn from_client(error: ClientError, during: impl Into<String>) -> Self {
        let during = during.into();
        match error {
            ClientError::DockerResponseServerError { status_code, message } => {
                Self::from_response(status_code, message, during)
            }
            ClientError::DockerStreamError { error } => {
                Self::Api { status: 200, during, message: error }
            }
            ClientError::RequestTimeoutError => Self::Timeout { during, after: REQUEST_TIMEOUT },
            other => Self::Io { during, cause: causes(&other) },
        }
    }

    fn from_response(status: u16, message: String, during: String) -> Self {
        if let Some((address, port)) = taken_port(&message) {
            return Self::PortTaken { during, address, port };
        }
        match status {
            404 => Self::NotFound { during, message },
            409 => Self::Conflict { during, message },
            _ => Self::Api { status, during, message },
        }
    }
}

/// How long the engine may take until its answer begins; streams may then last.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_mins(2);

/// An error with all its causes: `hyper` keeps the one that matters ("connection refused") innermost.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

/// What stands before the address in those messages.
const BEFORE: [&str; 6] = [
    "Bind for ",
    "bind host port for ",
    "bind host port ",
    "listen tcp4 ",
    "listen tcp6 ",
    "listen tcp ",
];

/// The host address and port in the engine's message about a port that is in use. The wording changed from 20.10 to 29.
fn taken_port(message: &str) -> Option<(String, u16)> {
    if !message.contains("port is already allocated") && !message.contains("address already in use")
    {
        return None;
    }
    let rest = BEFORE.iter().find_map(|before| message.split_once(before))?.1;
    let (address, rest) = match rest.strip_prefix('[') {
        Some(v6) => v6.split_once("]:")?,
        None => rest.split_once(':')?,
    };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((address.to_owned(), digits.parse().ok()?))
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { endpoint, cause, help } => {
                write!(f, "cannot use the Docker engine at {endpoint}: {cause}\n  {help}")
            }
            Self::NotFound { during, message }
            | Self::Conflict { during, message }
            | Self::Api { status: 200, during, message } => {
                write!(f, "cannot {during}: {message}")
            }
            Self::PortTaken { during, address, port } => {
                write!(
                    f,
                    "cannot {during}: port {port} on {address} is in use; free it, or choose another `port` in the manifest"
                )
            }
            Self::Api { status, during, message } => {
                write!(f, "cannot {during}: {message} (the engine answered {status})")
            }
            Self::Pull { image, message } => write!(f, "cannot pull image {image}: {message}"),
            Self::Timeout { during, after } => {
                write!(f, "cannot {during}: given up after {} s", after.as_secs_f32())
            }
            Self::Io { during, cause } => write!(f, "cannot {during}: {cause}"),
        }
    }
}

impl std::error::Error for EngineError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_found_in_the_words_of_every_engine() {
        for message in [
            "driver failed programming external connectivity on endpoint a (1f): Bind for 127.0.0.1:7028 failed: port is already allocated",
            "Error starting userland proxy: listen tcp4 127.0.0.1:7028: bind: address already in use",
            "failed to bind host port for 127.0.0.1:7028:172.17.0.2:80/tcp: address already in use",
            "failed to bind host port 127.0.0.1:7028/tcp: address already in use",
        ] {
            assert_eq!(taken_port(message), Some(("127.0.0.1".to_owned(), 7028)), "{message}");
        }
        assert_eq!(
            taken_port("listen tcp6 [::1]:80: bind: address already in use"),
            Some(("::1".to_owned(), 80))
        );
        assert_eq!(taken_port("No such container"), None);
    }

    #[test]
    fn only_an_engine_that_cannot_be_reached_is_exit_code_3() {
        let gone = EngineError::Unreachable {
            endpoint: "unix:///x".into(),
            cause: "gone".into(),
            help: "start it".into(),
        };
        assert_eq!(gone.exit_code(), 3);
        assert_eq!(EngineError::io("read", "no").exit_code(), 1);
    }
}
