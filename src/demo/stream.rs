//! `GET /stream`: a tool that tells how far it is, as server-sent events.
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use futures_util::stream::unfold;

use super::App;
use super::behaviour::Fate;

/// How often it tells before it is done.
const STEPS: u32 = 4;

/// The events there are: some progress, then one of the others.
pub const EVENTS: [&str; 3] = ["progress", "result", "error"];

/// Opens a stream.
pub async fn open(State(app): State<Arc<App>>) -> impl IntoResponse {
    let fate = app.behaviour.fate(1.0);
    app.dialect.stream_opened();
    let running = Running { app, fate, opened: Instant::now(), sent: 0, bytes: 0 };
    let events = unfold(running, async |mut running| {
        let event = running.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(event)), running))
    });
    ([(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")], Body::from_stream(events))
}

/// A stream under way; also ends when the client goes away.
struct Running {
    app: Arc<App>,
    fate: Fate,
    opened: Instant,
    sent: u32,
    bytes: usize,
}

impl Running {
    async fn next(&mut self) -> Option<String> {
        if self.sent > STEPS {
            return None;
        }
        tokio::time::sleep(self.fate.latency / (STEPS + 1)).await;
        let [progress, result, error] = EVENTS;
        let kind = match self.sent {
            STEPS if self.fate.fails => error,
            STEPS => result,
            _ => progress,
        };
        let first = (self.sent == 0).then(|| self.opened.elapsed());
        self.sent += 1;
        let data = format!("{{\"step\":{},\"of\":{}}}", self.sent, STEPS + 1);
        let event = format!("event: {kind}\ndata: {data}\n\n");
        self.bytes += event.len();
        self.app.dialect.stream_sent(kind, first);
        Some(event)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.app.dialect.stream_closed(self.bytes, self.opened.elapsed());
    }
}
