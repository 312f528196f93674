//! What went wrong inside a probe, before it is told to a person.

use super::report::{Reason, StepName};

/// Why a step failed.
#[derive(Debug)]
pub(super) struct Fault {
    pub reason: Reason,
    /// What happened, in one line.
    pub message: String,
    /// What to do about it, where more is known than the reason.
    pub advice: Option<String>,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// The JSON-RPC error that was answered.
    pub error: Option<Box<RpcError>>,
    /// The header `WWW-Authenticate`.
    pub authenticate: Option<Box<str>>,
    /// The step that failed.
    pub step: Option<StepName>,
    /// Whether a modern server has said that it speaks no older version either.
    pub is_modern_only: bool,
}

/// A JSON-RPC error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RpcError {
    pub code: i64,
    pub message: String,
    /// Versions that the server names in `data.supported`.
    pub supported: Vec<String>,
}

impl Fault {
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            reason,
            message,
            advice: None,
            status: None,
            error: None,
            authenticate: None,
            step: None,
            is_modern_only: false,
        }
    }

    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    pub fn code(&self) -> Option<i64> {
        self.error.as_ref().map(|error| error.code)
    }

    /// Whether asking in another era would only hear the same: what answered (or did not) has not looked
    /// at the question yet.
    pub fn is_final(&self) -> bool {
        let by_reason = matches!(
            self.reason,
            Reason::Dns
                | Reason::Connect
                | Reason::Tls
                | Reason::Timeout
                | Reason::AuthRequired
                | Reason::Forbidden
                | Reason::HostRejected
                | Reason::RateLimited
                | Reason::HeaderMismatch
                | Reason::Redirect
                | Reason::TooLarge
                | Reason::SpawnFailed
                | Reason::ProcessExited
                | Reason::StdoutNoise
        );
        by_reason
            || self.status.is_some_and(|status| status >= 500)
            || self.code() == Some(super::message::MISSING_CAPABILITY)
    }

    /// Whether a server of 2024-11-05 may be behind it, which takes no POST at this address.
    pub fn may_be_sse(&self) -> bool {
        matches!(self.status, Some(400 | 404 | 405)) && self.error.is_none()
    }
}
