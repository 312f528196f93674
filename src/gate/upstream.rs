//! The engine's socket: one question, one connection.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::net::UnixStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::show::{self, Shape};

/// Longest time until an answer begins. Figures of a container take up to two seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest time until an answer that is read whole has ended.
const WHOLE: Duration = Duration::from_secs(30);
/// Largest answer that is read whole; a thousand containers are about 4 MiB.
const LARGEST: usize = 32 << 20;
/// Length of an error of the engine that is passed on.
const LONGEST_ERROR: usize = 512;

/// Where the engine is asked.
#[derive(Clone, Debug)]
pub struct Upstream {
    socket: PathBuf,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The engine says no.
    Refused {
        /// Its status.
        status: StatusCode,
        /// Its words.
        message: String,
    },
    /// The engine cannot be asked, or what it says cannot be read.
    Broken(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused { status, message } => {
                write!(f, "the engine answers {status}: {message}")
            }
            Self::Broken(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

/// An answer of the engine while it comes in. Its connection ends with it.
pub struct Streamed {
    body: Incoming,
    _connection: Connection,
}

/// The task that moves a connection's bytes; it ends when nobody wants them any more.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Upstream {
    /// The engine behind that socket.
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// Asks, and gives the answer as it comes in. What the engine refuses is a [`Failure`].
    pub async fn open(&self, method: Method, path: &str) -> Result<Response<Streamed>, Failure> {
        let asked = timeout(PATIENCE, self.ask(method, path)).await;
        let answer =
            asked.map_err(|_| Failure::Broken("the engine does not answer".to_owned()))??;
        if answer.status() == StatusCode::OK {
            return Ok(answer);
        }
        let status = answer.status();
        let body = timeout(WHOLE, whole(answer.into_body())).await.unwrap_or_else(|_| late())?;
        let json: Json = serde_json::from_slice(&body).unwrap_or_default();
        let message: String =
            json["message"].as_str().unwrap_or_default().chars().take(LONGEST_ERROR).collect();
        Err(Failure::Refused { status, message })
    }

    /// Asks, and reads of the answer what is shown.
    pub async fn read(&self, shape: Shape, path: &str) -> Result<Json, Failure> {
        show::read(shape, &self.whole(path).await?).map_err(no_json)
    }

    /// Asks, and reads of the answer what is measured.
    pub async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        serde_json::from_slice(&self.whole(path).await?).map_err(no_json)
    }

    async fn whole(&self, path: &str) -> Result<Bytes, Failure> {
        let answer = self.open(Method::GET, path).await?;
        timeout(WHOLE, whole(answer.into_body())).await.unwrap_or_else(|_| late())
    }

    async fn ask(&self, method: Method, path: &str) -> Result<Response<Streamed>, Failure> {
        let broken = |error: &dyn std::error::Error| {
            Failure::Broken(format!("the engine cannot be asked: {error}"))
        };
        let socket = UnixStream::connect(&self.socket).await.map_err(|error| broken(&error))?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(64 << 10)
            .handshake(TokioIo::new(socket))
            .await
            .map_err(|error| broken(&error))?;
        let connection = Connection(tokio::spawn(connection).abort_handle());
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "engine")
            .body(Empty::<Bytes>::new())
            .map_err(|error| broken(&error))?;
        let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
        Ok(answer.map(|body| Streamed { body, _connection: connection }))
    }
}

/// The whole body, where it is not too large.
async fn whole(mut body: Streamed) -> Result<Bytes, Failure> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Failure::Broken(format!("the engine's answer broke off: {error}")))?;
        bytes.extend_from_slice(frame.data_ref().map(Bytes::as_ref).unwrap_or_default());
        if bytes.len() > LARGEST {
            return Err(Failure::Broken("the engine's answer is too large".to_owned()));
        }
    }
    Ok(bytes.freeze())
}

#[allow(clippy::needless_pass_by_value)] // As `map_err` hands it.
fn no_json(_: serde_json::Error) -> Failure {
    Failure::Broken("the engine's answer cannot be read".to_owned())
}

fn late() -> Result<Bytes, Failure> {
    Err(Failure::Broken("the engine's answer does not end".to_owned()))
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
