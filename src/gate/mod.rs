//! The engine's gate: a read-only slice of the Docker Engine API, so that collectors need no socket.
//!
//! A socket that is mounted read-only still takes every command. The agent alone has it, and shows of it what
//! collectors need:
//!
//! * [`ask`] reads a request, and refuses all but a few; `query` does the same for its parameters
//! * [`scope`] says whose containers are shown
//! * `upstream` asks the engine; nothing of the client's request is passed on but what was read
//! * [`show`] names the fields that are shown of an answer
//! * `answer` puts that together, `server` takes connections
//! * [`measure`] makes metrics of what the engine says about containers

mod answer;
pub mod ask;
pub mod measure;
mod query;
pub mod scope;
mod server;
pub mod show;
mod upstream;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::Response;
use hyper::http::request::Parts;
use serde::Deserialize;
use tokio::net::TcpListener;

pub use scope::Scope;
pub use server::{LARGEST_HEAD, Limits};
pub use upstream::Failure;

use answer::Body;
use upstream::Upstream;

/// What the gate is told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The engine's socket.
    pub socket: PathBuf,
    /// `host:port` that collectors reach. Its host is a name in their network alone, so that nobody else does.
    #[serde(default)]
    pub listen: Option<String>,
    /// Which containers are shown.
    pub scope: Scope,
}

/// The gate.
#[derive(Debug)]
pub struct Gate {
    upstream: Upstream,
    scope: Mutex<Arc<Scope>>,
    limits: Limits,
    /// Call and outcome → how often.
    asked: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

impl Gate {
    /// A gate before that socket.
    pub fn new(socket: &Path, scope: Scope) -> Self {
        Self {
            upstream: Upstream::new(socket),
            scope: Mutex::new(Arc::new(scope)),
            limits: Limits::default(),
            asked: Mutex::default(),
        }
    }

    /// With other limits than the usual ones.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// From now on shows these containers. What is being followed goes on until its client asks again.
    pub fn show(&self, scope: Scope) {
        *self.scope.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(scope);
    }

    /// Answers collectors until it is dropped.
    ///
    /// # Errors
    /// When no connection can be taken any more.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> io::Result<Infallible> {
        server::serve(self, listener).await
    }

    /// How often was asked: call, outcome (`served`, `refused`, `failed`), number.
    pub fn asked(&self) -> Vec<(&'static str, &'static str, u64)> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().map(|((call, outcome), count)| (*call, *outcome, *count)).collect()
    }

    fn scope(&self) -> Arc<Scope> {
        Arc::clone(&self.scope.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, head: &Parts) -> Response<Body> {
        let ask = match ask::read(&head.method, &head.uri, &head.headers) {
            Ok(ask) => ask,
            Err(refusal) => {
                self.count("other", "refused");
                return answer::refused(&refusal);
            }
        };
        match answer::answer(&self.upstream, &self.scope(), &ask).await {
            Ok(answer) => {
                self.count(ask.call.word(), "served");
                answer
            }
            Err(failure) => {
                self.count(ask.call.word(), "failed");
                answer::failed(&failure)
            }
        }
    }

    fn count(&self, call: &'static str, outcome: &'static str) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked.entry((call, outcome)).or_default() += 1;
    }
}
