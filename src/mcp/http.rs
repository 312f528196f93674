//! HTTP/1.1 as a probe needs it: one connection, kept as long as the server keeps it, no pool, no
//! decompression, redirects only where they lead to the same server.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::LOCATION;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use url::Url;

use super::connect::{self, Stream};
use super::exchange::{Request, Response, broken};
use super::fault::Fault;
use super::progress::Progress;
use super::redirect::redirected;
use super::report::Reason;
use super::target::Http;
use super::text::place;

const MAX_REDIRECTS: usize = 3;
/// How long, and for how many bytes, the rest of an answer is waited for so that the next request can
/// take the same connection.
const DRAIN: Duration = Duration::from_millis(50);
const MAX_DRAIN: usize = 64 << 10;
/// A connection outlives its probe for no longer, whatever the other side does.
const GRACE: Duration = Duration::from_secs(1);
/// Bytes of an answer's headers.
pub(super) const MAX_HEADERS: usize = 64 << 10;

/// A connection, and where it leads.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Scheme, host and port that it leads to.
    origin: url::Origin,
    /// Whether a request has been answered on it.
    used: bool,
}

/// Asks one server.
pub(super) struct Client {
    target: Arc<Http>,
    /// Nothing is waited for after that.
    end: Instant,
    /// A connection whose last answer may not have been read to its end.
    kept: Option<(Connection, Incoming)>,
}

impl Client {
    pub fn new(target: &Arc<Http>, end: Instant) -> Self {
        Self { target: target.clone(), end, kept: None }
    }

    /// The head of the answer, after at most three redirects on the same server.
    pub async fn send(
        &mut self,
        mut request: Request,
        progress: &mut Progress,
    ) -> Result<Response, Fault> {
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send_once(&request, progress).await?;
            let status = response.status.as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            progress.status(status);
            let to = redirected(&request, status, response.header(LOCATION))?;
            self.keep(response);
            request.url = to;
        }
        let message =
            format!("more than {MAX_REDIRECTS} redirects, the last to {}", place(&request.url));
        Err(Fault::new(Reason::Redirect, message))
    }

    /// Keeps the answer's connection for the next request.
    pub fn keep(&mut self, response: Response) {
        self.kept = Some((response.connection, response.body));
    }

    async fn send_once(
        &mut self,
        request: &Request,
        progress: &mut Progress,
    ) -> Result<Response, Fault> {
        loop {
            let mut connection = self.connection(&request.url, progress).await?;
            let was_used = connection.used;
            let outcome = connection.sender.try_send_request(request.message(&self.target)?).await;
            let mut error = match outcome {
                Ok(response) => {
                    connection.used = true;
                    let url = request.url.clone();
                    let (head, body) = response.into_parts();
                    let (status, headers) = (head.status, head.headers);
                    return Ok(Response { status, headers, url, body, connection });
                }
                Err(error) => error,
            };
            // A server may close a kept connection at the moment in which it is used again.
            let unsent = error.take_message().is_some();
            let error = error.into_error();
            let unread = error.is_incomplete_message() || error.is_canceled() || is_reset(&error);
            if was_used && (unsent || request.may_repeat && unread) {
                continue;
            }
            return Err(broken("no answer", &error));
        }
    }

    /// The kept connection if the server still keeps it too, else a new one.
    async fn connection(
        &mut self,
        url: &Url,
        progress: &mut Progress,
    ) -> Result<Connection, Fault> {
        if let Some((mut connection, body)) = self.kept.take()
            && connection.origin == url.origin()
            && is_ready(&mut connection, body).await
        {
            return Ok(connection);
        }
        let stream = connect::connect(url, &self.target.tls, progress).await?;
        let sender = match stream {
            Stream::Plain(stream) => self.speak(stream).await?,
            Stream::Tls(stream) => self.speak(*stream).await?,
        };
        Ok(Connection { sender, origin: url.origin(), used: false })
    }

    async fn speak<S>(&self, stream: S) -> Result<SendRequest<Full<Bytes>>, Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEADERS);
        let (sender, connection) = builder
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken("no connection", &error))?;
        // It ends by itself once the sender and the last answer are gone.
        tokio::spawn(tokio::time::timeout_at(self.end + GRACE, connection));
        Ok(sender)
    }
}

/// Reads what is left of the last answer, for a moment. A stream that stays open costs its connection.
async fn is_ready(connection: &mut Connection, body: Incoming) -> bool {
    let drained = tokio::time::timeout(DRAIN, async {
        let mut body = pin!(body);
        let mut read = 0;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > MAX_DRAIN {
                return false;
            }
        }
        connection.sender.ready().await.is_ok()
    });
    drained.await.unwrap_or(false)
}

fn is_reset(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error);
    source.and_then(|source| source.downcast_ref::<std::io::Error>()).is_some()
}
