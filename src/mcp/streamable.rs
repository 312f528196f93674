//! Streamable HTTP: each question is a POST, its answer JSON or a stream of its own.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::Method;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value as Json;
use tokio::time::Instant;
use url::Url;

use super::era::Era;
use super::exchange::{Request, Response};
use super::fault::Fault;
use super::http::Client;
use super::message::{self, Question};
use super::progress::Progress;
use super::refusal;
use super::reply;
use super::report::{Reason, StepName, Transport};
use super::target::Http;
use super::wire::Wire;

const SESSION: &str = "mcp-session-id";
/// How long the end of a session is waited for where nobody waits for the probe any more.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A conversation over Streamable HTTP.
pub(super) struct Streamable {
    pub client: Client,
    target: Arc<Http>,
    url: Url,
    era: Era,
    /// Set once it is agreed on, except in the modern era, which says it from the start.
    version: Option<String>,
    session: Option<String>,
    asked: u64,
}

impl Streamable {
    pub fn new(target: &Arc<Http>, end: Instant) -> Self {
        Self {
            client: Client::new(target, end),
            target: target.clone(),
            url: target.url.clone(),
            era: Era::Legacy,
            version: None,
            session: None,
            asked: 0,
        }
    }

    fn post(&self, body: String) -> Result<Request, Fault> {
        let mut request = Request::new(Method::POST, &self.url);
        let headers = &mut request.headers;
        // A server may refuse whoever does not take both.
        let both = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(ACCEPT, both);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body = body.into();
        self.identify(&mut request)?;
        Ok(request)
    }

    /// Version and session, where there are any.
    fn identify(&self, request: &mut Request) -> Result<(), Fault> {
        if let Some(version) = &self.version {
            request.header("mcp-protocol-version", version)?;
        }
        if let Some(session) = &self.session {
            request.header(SESSION, session)?;
        }
        Ok(())
    }

    async fn send(&mut self, request: Request, progress: &mut Progress) -> Result<Response, Fault> {
        let response = self.client.send(request, progress).await?;
        // Where the server sent it once, it would send it each time.
        self.url.clone_from(&response.url);
        Ok(response)
    }

    /// A refusal after the session began may mean that it is gone.
    fn explained(&self, mut fault: Fault) -> Fault {
        let names_session = fault.message.to_lowercase().contains("session");
        let is_lost = match fault.status {
            Some(404) => true,
            Some(400) => names_session,
            _ => false,
        };
        if self.session.is_some() && is_lost {
            fault.reason = Reason::SessionLost;
        }
        fault
    }

    /// Ends the session, if there is one, whatever came before.
    pub async fn close(&mut self, progress: &mut Progress) {
        let Some(request) = self.farewell() else { return };
        progress.begin(StepName::Close);
        let outcome = async {
            let mut response = self.client.send(request, progress).await?;
            let status = response.status.as_u16();
            match refusal::accepted(&mut response, progress).await {
                // A server need not let its sessions be ended, and one that is gone has ended.
                Err(_) if matches!(status, 404 | 405) => Ok(()),
                outcome => outcome,
            }
        };
        // Told by the step alone: the server did what it was asked before.
        let outcome = outcome.await;
        let _ = progress.end(outcome);
        // Not before: what the deadline cuts off here is tried once more.
        self.session = None;
    }

    fn farewell(&self) -> Option<Request> {
        self.session.as_ref()?;
        let mut request = Request::new(Method::DELETE, &self.url);
        self.identify(&mut request).ok().map(|()| request)
    }
}

/// A probe that is given up, by its deadline or by who asked for it, still ends its session.
impl Drop for Streamable {
    fn drop(&mut self) {
        let Some(request) = self.farewell() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let mut client = Client::new(&self.target, Instant::now() + LAST_WORDS);
        runtime.spawn(async move {
            let mut unseen = Progress::new();
            let _ = tokio::time::timeout(LAST_WORDS, client.send(request, &mut unseen)).await;
        });
    }
}

impl Wire for Streamable {
    const TRANSPORT: Transport = Transport::StreamableHttp;

    async fn ask(&mut self, question: &Question, progress: &mut Progress) -> Result<Json, Fault> {
        self.asked += 1;
        let asked = self.asked;
        let mut request = self.post(question.request(asked))?;
        request.may_repeat = question.method != "tools/call";
        if self.era == Era::Modern {
            request.header("mcp-method", question.method)?;
            if let Some(name) = question.params.get("name").and_then(Json::as_str) {
                request.header("mcp-name", &as_header(name))?;
            }
        }
        let response = self.send(request, progress).await?;
        let session = session(&response.headers);
        let (outcome, response) = reply::read(response, asked, progress).await;
        self.client.keep(response);
        // Some servers put a number of their own on each refusal; only this one begins a session.
        if outcome.is_ok() && question.method == "initialize" {
            self.session = session?;
            progress.report.session_issued = self.session.is_some();
        }
        outcome.map_err(|fault| self.explained(fault))
    }

    async fn tell(&mut self, method: &'static str, progress: &mut Progress) -> Result<(), Fault> {
        let request = self.post(message::notification(method))?;
        let mut response = self.send(request, progress).await?;
        let outcome = refusal::accepted(&mut response, progress).await;
        self.client.keep(response);
        outcome.map_err(|fault| self.explained(fault))
    }

    fn agree(&mut self, era: Era, version: &str) {
        self.era = era;
        self.version = (!version.is_empty()).then(|| version.to_owned());
    }
}

/// The session that a server began.
fn session(headers: &HeaderMap) -> Result<Option<String>, Fault> {
    let Some(id) = headers.get(SESSION) else { return Ok(None) };
    let visible = id.as_bytes().iter().all(|byte| (0x21..=0x7e).contains(byte));
    match id.to_str() {
        Ok(id) if visible && !id.is_empty() => Ok(Some(id.to_owned())),
        _ => {
            let message = "its session's number holds characters other than visible ASCII";
            Err(Fault::new(Reason::SessionLost, message))
        }
    }
}

/// A tool's name as the header that repeats it.
fn as_header(name: &str) -> String {
    let is_plain = name.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
        && name.trim() == name
        && !(name.starts_with("=?base64?") && name.ends_with("?="));
    if is_plain { name.to_owned() } else { format!("=?base64?{}?=", BASE64.encode(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_travel_in_headers() {
        assert_eq!(as_header("get forecast"), "get forecast");
        assert_eq!(as_header("wörter"), "=?base64?d8O2cnRlcg==?=");
        assert_eq!(as_header(" a"), "=?base64?IGE=?=");
        assert_eq!(as_header("=?base64?literal?="), "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=");
    }

    #[test]
    fn a_session_is_visible() {
        let id = |bytes: &[u8]| {
            let value = HeaderValue::from_bytes(bytes).unwrap();
            session(&HeaderMap::from_iter([(SESSION.parse().unwrap(), value)]))
        };
        assert_eq!(id(b"5ee8-~").unwrap().as_deref(), Some("5ee8-~"));
        for bad in [&b"a b"[..], b"a\tb", "ä".as_bytes(), b""] {
            assert_eq!(id(bad).unwrap_err().reason, Reason::SessionLost);
        }
        assert_eq!(session(&HeaderMap::new()).unwrap(), None);
    }
}
