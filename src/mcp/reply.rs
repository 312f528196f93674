//! The answer to one request over HTTP: JSON or a stream, and what a refusal says.

use std::fmt::Write as _;

use hyper::header::WWW_AUTHENTICATE;
use serde_json::Value as Json;

use super::exchange::Response;
use super::fault::Fault;
use super::message::{self, Heard};
use super::progress::Progress;
use super::report::Reason;
use super::sse::{Event, Parser};
use super::text::{MESSAGE, clean};

/// Bytes of one answer.
pub(super) const MAX_BODY: usize = 8 << 20;
/// Events of one answer.
const MAX_EVENTS: usize = 1000;
/// Bytes of a refusal that are read for its message.
const MAX_REFUSAL: usize = 64 << 10;

/// Reads the answer to the request of this number.
pub(super) async fn read(
    mut response: Response,
    asked: u64,
    progress: &mut Progress,
) -> (Result<Json, Fault>, Response) {
    let outcome = match accepted(&mut response, progress).await {
        Err(fault) => Err(fault),
        Ok(()) => match response.media_type().as_str() {
            "application/json" => from_body(&mut response, asked, progress).await,
            "text/event-stream" => {
                progress.report.sse_response = true;
                let mut stream = EventStream::new(response);
                let outcome = stream.answer(asked, progress).await;
                return (outcome, stream.response);
            }
            other => Err(wrong_type(&mut response, other, progress).await),
        },
    };
    (outcome, response)
}

/// A good status and nothing that a probe cannot read, else why not.
pub(super) async fn accepted(
    response: &mut Response,
    progress: &mut Progress,
) -> Result<(), Fault> {
    progress.status(response.status.as_u16());
    if let Some(coding) = response.compression() {
        let message = format!("an answer compressed with {coding}, which was not asked for");
        return Err(Fault::new(Reason::BadContentType, message));
    }
    if response.status.is_success() { Ok(()) } else { Err(refusal(response, progress).await) }
}

async fn from_body(
    response: &mut Response,
    asked: u64,
    progress: &mut Progress,
) -> Result<Json, Fault> {
    let mut body = Vec::new();
    while let Some(piece) = response.piece().await? {
        progress.read(piece.len());
        if body.len() + piece.len() > MAX_BODY {
            return Err(too_large());
        }
        body.extend_from_slice(&piece);
    }
    let mut other = None;
    for heard in message::parse(&body)? {
        match pick(heard, asked) {
            Picked::Answer(outcome) => return outcome,
            Picked::Other(id) => other = Some(id),
            Picked::Aside => {}
        }
    }
    Err(unanswered(asked, other, Reason::BadJson, "JSON"))
}

fn too_large() -> Fault {
    Fault::new(Reason::TooLarge, format!("an answer of more than {} MiB", MAX_BODY >> 20))
}

/// What a message is to who asked.
pub(super) enum Picked {
    Answer(Result<Json, Fault>),
    /// An answer to another request.
    Other(String),
    Aside,
}

pub(super) fn pick(heard: Heard, asked: u64) -> Picked {
    let is_mine = heard.is_for(asked);
    match heard {
        Heard::Answer { outcome, .. } if is_mine => {
            Picked::Answer(outcome.map_err(message::refused))
        }
        Heard::Answer { id, .. } => {
            Picked::Other(clean(&id.unwrap_or(Json::Null).to_string(), MESSAGE))
        }
        Heard::Aside => Picked::Aside,
    }
}

/// Nothing more comes, and the answer was not among it.
pub(super) fn unanswered(asked: u64, other: Option<String>, reason: Reason, what: &str) -> Fault {
    match other {
        Some(id) => {
            let message = format!("an answer to request {id}, not to {asked}, which was asked");
            Fault::new(Reason::WrongId, message)
        }
        None => Fault::new(reason, format!("{what} without an answer")),
    }
}

/// An answer of a kind that cannot be read.
pub(super) async fn wrong_type(
    response: &mut Response,
    kind: &str,
    progress: &mut Progress,
) -> Fault {
    let status = response.status.as_u16();
    let said = match response.beginning(MAX_REFUSAL).await {
        Ok((body, _)) => {
            progress.read(body.len());
            said(&body)
        }
        Err(_) => String::new(),
    };
    let mut message = match kind {
        "" => format!("answered {status} without a content type"),
        kind => format!("answered {status} with {}, not JSON or a stream", clean(kind, MESSAGE)),
    };
    if !said.is_empty() {
        let _ = write!(message, ": {said}"); // writing into a String cannot fail
    }
    let fault = Fault { status: Some(status), ..Fault::new(Reason::BadContentType, message) };
    if kind == "text/html" {
        return fault.advise(
            "A web page is at this address, not an MCP server: check host, port and path (most servers are at /mcp), and that no login page stands before it.",
        );
    }
    fault
}

/// Why a request was refused.
async fn refusal(response: &mut Response, progress: &mut Progress) -> Fault {
    let status = response.status;
    let body = match response.beginning(MAX_REFUSAL).await {
        Ok((body, _)) => body,
        // The status is known; only its explanation is not.
        Err(_) => Vec::new(),
    };
    progress.read(body.len());
    let error = message::parse(&body).ok().and_then(|heard| {
        heard.into_iter().find_map(|heard| match heard {
            Heard::Answer { outcome: Err(error), .. } => Some(error),
            _ => None,
        })
    });
    let by_status = match status.as_u16() {
        401 => Some(Reason::AuthRequired),
        403 => Some(Reason::Forbidden),
        406 => Some(Reason::NotAcceptable),
        421 => Some(Reason::HostRejected),
        429 => Some(Reason::RateLimited),
        500.. => Some(Reason::HttpStatus),
        _ => None,
    };
    let mut message = format!("answered {status}");
    let mut said = said(&body);
    let mut reason = by_status.unwrap_or(Reason::HttpStatus);
    if let Some(error) = &error {
        said = format!("error {}: {}", error.code, error.message);
        reason = by_status.unwrap_or(message::refused(error.clone()).reason);
    }
    if !said.is_empty() {
        let _ = write!(message, ": {said}"); // writing into a String cannot fail
    }
    let authenticate = response.header(WWW_AUTHENTICATE);
    Fault {
        status: Some(status.as_u16()),
        error: error.map(Box::new),
        authenticate: (!authenticate.is_empty()).then(|| clean(authenticate, 1000).into()),
        ..Fault::new(reason, message)
    }
}

/// A refusal's own words: the title of a page, the message in JSON, else the first line.
fn said(body: &[u8]) -> String {
    if let Ok(json) = serde_json::from_slice::<Json>(body) {
        let words = ["/error_description", "/error/message", "/message", "/detail", "/error"];
        let mut words = words.iter().filter_map(|at| json.pointer(at)?.as_str());
        return clean(words.next().unwrap_or_default(), MESSAGE);
    }
    let text = String::from_utf8_lossy(body);
    let lower = text.to_ascii_lowercase();
    if lower.trim_start().starts_with("<!doctype html") || lower.trim_start().starts_with("<html") {
        let title = lower.find("<title>").zip(lower.find("</title>"));
        let title = title.and_then(|(from, to)| text.get(from + "<title>".len()..to));
        return match title {
            Some(title) => format!("a web page titled `{}`", clean(title, MESSAGE)),
            None => "a web page".to_owned(),
        };
    }
    clean(text.trim().lines().next().unwrap_or_default(), MESSAGE)
}

/// Events of an answer, as they come.
pub(super) struct EventStream {
    response: Response,
    parser: Parser,
    bytes: usize,
    /// Events that came before what is read now.
    counted: usize,
}

impl EventStream {
    pub fn new(response: Response) -> Self {
        Self { response, parser: Parser::default(), bytes: 0, counted: 0 }
    }

    /// Waits for the answer to the request of this number, through whatever else is said.
    pub async fn answer(&mut self, asked: u64, progress: &mut Progress) -> Result<Json, Fault> {
        let mut other = None;
        while let Some(event) = self.next(progress).await? {
            if event.name != "message" {
                continue;
            }
            for heard in message::parse(event.data.as_bytes())? {
                match pick(heard, asked) {
                    Picked::Answer(outcome) => return outcome,
                    Picked::Other(id) => other = Some(id),
                    Picked::Aside => {}
                }
            }
        }
        Err(unanswered(asked, other, Reason::BadSse, "the stream ended"))
    }

    /// The next event with data; none when the stream has ended.
    pub async fn next(&mut self, progress: &mut Progress) -> Result<Option<Event>, Fault> {
        loop {
            if let Some(event) = self.parser.next() {
                return Ok(Some(event));
            }
            if self.parser.count - self.counted > MAX_EVENTS {
                let message = format!("a stream of more than {MAX_EVENTS} events");
                return Err(Fault::new(Reason::TooLarge, message));
            }
            let Some(piece) = self.response.piece().await? else { return Ok(None) };
            progress.read(piece.len());
            self.bytes += piece.len();
            if self.bytes > MAX_BODY || self.parser.held() > MAX_BODY {
                return Err(too_large());
            }
            self.parser.push(&piece);
        }
    }

    /// Begins the limits anew, for the answer to another request on the same stream.
    pub fn renew(&mut self) {
        self.bytes = 0;
        self.counted = self.parser.count;
    }
}
