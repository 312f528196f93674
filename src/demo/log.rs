//! The service's log: one JSON object a line, written at once.
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

/// How bad a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// All is as it should be.
    Info,
    /// Worth a look: slow, or refused.
    Warn,
    /// It failed.
    Error,
}

/// What is known of the request that a line is about.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Request<'a> {
    /// MCP method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'a str>,
    /// Tool that was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<&'a str>,
    /// HTTP status that was answered.
    pub status: u16,
    /// Time to the answer.
    pub duration_ms: u64,
    /// The caller's trace, or one of our own.
    pub trace_id: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: Level,
    service: &'a str,
    message: &'a str,
    #[serde(flatten)]
    request: Option<Request<'a>>,
}

/// Where lines go.
pub struct Log {
    service: String,
    out: Mutex<Box<dyn Write + Send>>,
}

impl Log {
    /// A log of `service` to `out`.
    pub fn new(service: &str, out: Box<dyn Write + Send>) -> Self {
        Self { service: service.to_owned(), out: Mutex::new(out) }
    }

    /// Writes a line that is about no request.
    pub fn note(&self, level: Level, message: &str) {
        self.write(level, message, None);
    }

    /// Writes a line about a request.
    pub fn request(&self, level: Level, message: &str, request: Request<'_>) {
        self.write(level, message, Some(request));
    }

    fn write(&self, level: Level, message: &str, request: Option<Request<'_>>) {
        let timestamp = format!("{:.3}", Timestamp::now());
        let line = Line { timestamp, level, service: &self.service, message, request };
        // Strings and numbers always serialise, and a log that nobody reads any more must not stop the service.
        let Ok(mut line) = serde_json::to_vec(&line) else {
            return;
        };
        line.push(b'\n');
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(act: impl FnOnce(&Log)) -> (String, serde_json::Value) {
        let buffer = Buffer::default();
        act(&Log::new("search", Box::new(buffer.clone())));
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        let value = serde_json::from_str(&text).unwrap();
        (text, value)
    }

    #[test]
    fn a_request_has_every_field_in_order() {
        let (text, value) = written(|log| {
            let request = Request {
                method: Some("tools/call"),
                tool: Some("translate"),
                status: 200,
                duration_ms: 83,
                trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
            };
            log.request(Level::Warn, "slow", request);
        });
        let timestamp = value["timestamp"].as_str().unwrap();
        assert_eq!(timestamp.len(), "2026-01-02T03:04:05.678Z".len(), "{timestamp}");
        assert!(timestamp.ends_with('Z') && timestamp.parse::<Timestamp>().is_ok());
        let rest = text.split_once("\",").unwrap().1;
        assert_eq!(
            rest,
            "\"level\":\"warn\",\"service\":\"search\",\"message\":\"slow\",\"method\":\"tools/call\",\"tool\":\"translate\",\
             \"status\":200,\"duration_ms\":83,\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"}\n"
        );
    }

    #[test]
    fn a_message_stays_on_its_line() {
        let (text, value) = written(|log| log.note(Level::Info, "one\ntwo \"three\""));
        assert_eq!(text.lines().count(), 1);
        assert_eq!(value["message"], "one\ntwo \"three\"");
        assert_eq!(value.as_object().unwrap().len(), 4);
    }
}
