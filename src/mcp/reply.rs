//! The answer to one request over HTTP: JSON or a stream.

use serde_json::Value as Json;

use super::exchange::Response;
use super::fault::Fault;
use super::message::{self, Heard};
use super::progress::Progress;
use super::refusal::{accepted, wrong_type};
use super::report::Reason;
use super::sse::{Event, Parser};
use super::text::{MESSAGE, clean};

/// Bytes of one answer.
pub(super) const MAX_BODY: usize = 8 << 20;
/// Events of one answer.
const MAX_EVENTS: usize = 1000;

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
