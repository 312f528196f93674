//! HTTP+SSE of 2024-11-05: one stream for all answers, and a POST for each question.

use std::sync::Arc;

use hyper::Method;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use serde_json::Value as Json;
use tokio::time::Instant;
use url::Url;

use super::era::Era;
use super::exchange::Request;
use super::fault::Fault;
use super::http::Client;
use super::message::{self, Question};
use super::progress::Progress;
use super::refusal;
use super::reply::EventStream;
use super::report::{Reason, StepName, Transport};
use super::target::Http;
use super::text::{MESSAGE, clean, place};
use super::wire::Wire;

/// A conversation over HTTP+SSE.
pub(super) struct Sse {
    listener: Client,
    speaker: Client,
    url: Url,
    open: Option<(EventStream, Url)>,
    version: Option<String>,
    asked: u64,
}

impl Sse {
    pub fn new(target: &Arc<Http>, end: Instant) -> Self {
        Self {
            listener: Client::new(target, end),
            speaker: Client::new(target, end),
            url: target.url.clone(),
            open: None,
            version: None,
            asked: 0,
        }
    }

    /// Opens the stream and learns where questions go.
    pub async fn open(&mut self, progress: &mut Progress) -> Result<(), Fault> {
        progress.begin(StepName::Endpoint);
        let opened = self.endpoint(progress).await;
        self.open = Some(progress.end(opened)?);
        progress.report.sse_response = true;
        Ok(())
    }

    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    async fn endpoint(&mut self, progress: &mut Progress) -> Result<(EventStream, Url), Fault> {
        let mut request = Request::new(Method::GET, &self.url);
        request.headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        let mut response = self.listener.send(request, progress).await?;
        refusal::accepted(&mut response, progress).await?;
        let kind = response.media_type();
        if kind != "text/event-stream" {
            return Err(refusal::wrong_type(&mut response, &kind, progress).await);
        }
        let from = response.url.clone();
        let mut stream = EventStream::new(response);
        while let Some(event) = stream.next(progress).await? {
            if event.name == "endpoint" {
                return Ok((stream, endpoint(&from, event.data.trim())?));
            }
        }
        Err(Fault::new(Reason::BadSse, "the stream ended before its `endpoint` event"))
    }

    /// Ends the stream, and with it the session.
    pub fn close(&mut self, progress: &mut Progress) {
        if self.open.take().is_some() {
            progress.begin(StepName::Close);
            let _ = progress.end(Ok(()));
        }
    }

    async fn post(&mut self, body: String, progress: &mut Progress) -> Result<(), Fault> {
        let Some((_, url)) = &self.open else {
            return Err(Fault::new(Reason::SessionLost, "the stream is not open"));
        };
        let mut request = Request::new(Method::POST, url);
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // The answer comes on the stream, so asking twice might get two.
        request.may_repeat = false;
        request.body = body.into();
        if let Some(version) = &self.version {
            request.header("mcp-protocol-version", version)?;
        }
        let mut response = self.speaker.send(request, progress).await?;
        let outcome = refusal::accepted(&mut response, progress).await;
        self.speaker.keep(response);
        outcome.map_err(|mut fault| {
            if fault.status == Some(404) {
                fault.reason = Reason::SessionLost;
            }
            fault
        })
    }
}

impl Wire for Sse {
    const TRANSPORT: Transport = Transport::Sse;

    async fn ask(&mut self, question: &Question, progress: &mut Progress) -> Result<Json, Fault> {
        self.asked += 1;
        let asked = self.asked;
        self.post(question.request(asked), progress).await?;
        let Some((stream, _)) = &mut self.open else {
            return Err(Fault::new(Reason::SessionLost, "the stream is not open"));
        };
        stream.renew();
        stream.answer(asked, progress).await
    }

    async fn tell(&mut self, method: &'static str, progress: &mut Progress) -> Result<(), Fault> {
        self.post(message::notification(method), progress).await
    }

    fn agree(&mut self, _: Era, version: &str) {
        self.version = (!version.is_empty()).then(|| version.to_owned());
    }
}

/// Where questions go: on the server that was asked, for credentials go along.
fn endpoint(from: &Url, said: &str) -> Result<Url, Fault> {
    let to = from.join(said).map_err(|_| {
        let shown = clean(said, MESSAGE);
        Fault::new(Reason::BadSse, format!("an `endpoint` event that is no address: `{shown}`"))
    })?;
    if to.origin() == from.origin() {
        return Ok(to);
    }
    let message = format!("its `endpoint` event leads to another server: {}", place(&to));
    Err(Fault::new(Reason::Redirect, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_stay_on_the_server() {
        let from: Url = "http://a.example:8080/sse".parse().unwrap();
        let to = |said: &str| endpoint(&from, said).map(String::from).map_err(|fault| fault.reason);
        assert_eq!(to("/message?id=1").unwrap(), "http://a.example:8080/message?id=1");
        assert_eq!(to("?id=1").unwrap(), "http://a.example:8080/sse?id=1");
        assert_eq!(to("http://a.example:8080/m").unwrap(), "http://a.example:8080/m");
        assert_eq!(to("http://b.example:8080/m"), Err(Reason::Redirect));
        assert_eq!(to("//b.example/m"), Err(Reason::Redirect));
        assert_eq!(to("http://["), Err(Reason::BadSse));
    }
}
