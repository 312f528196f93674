//! Answers that are none: what a status and a body say about it.

use std::fmt::Write as _;
use std::time::Duration;

use hyper::header::WWW_AUTHENTICATE;
use serde_json::Value as Json;
use tokio::time::timeout;

use super::exchange::Response;
use super::fault::Fault;
use super::message::{self, Heard};
use super::progress::Progress;
use super::report::Reason;
use super::text::{MESSAGE, clean};

/// Bytes of a refusal that are read for its message, and how long they are waited for.
const MAX_BYTES: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(1);

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

/// An answer of a kind that cannot be read.
pub(super) async fn wrong_type(
    response: &mut Response,
    kind: &str,
    progress: &mut Progress,
) -> Fault {
    let status = response.status.as_u16();
    let said = said(&beginning(response, progress).await);
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
    let body = beginning(response, progress).await;
    let refused = message::parse(&body).ok().and_then(|heard| {
        heard.into_iter().find_map(|heard| match heard {
            Heard::Answer { outcome: Err(error), .. } => Some(message::refused(error)),
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
    let said = refused.as_ref().map_or_else(|| said(&body), |fault| fault.message.clone());
    let colon = if said.is_empty() { "" } else { ": " };
    let mut fault = refused.unwrap_or_else(|| Fault::new(Reason::HttpStatus, ""));
    fault.message = format!("answered {status}{colon}{said}");
    fault.reason = by_status.unwrap_or(fault.reason);
    fault.status = Some(status.as_u16());
    let authenticate = response.header(WWW_AUTHENTICATE);
    fault.authenticate = (!authenticate.is_empty()).then(|| clean(authenticate, 1000).into());
    fault
}

/// What of a body explains a status. The status is told even if nothing explains it.
async fn beginning(response: &mut Response, progress: &mut Progress) -> Vec<u8> {
    let body = timeout(PATIENCE, response.beginning(MAX_BYTES)).await;
    let body = body.ok().and_then(Result::ok).map(|(body, _)| body).unwrap_or_default();
    progress.read(body.len());
    body
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
