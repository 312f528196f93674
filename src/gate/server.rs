//! The server: connections, their number and their time.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::Gate;

/// Largest head of a request, in bytes. A collector names in it the containers that it looks for.
pub const LARGEST_HEAD: usize = 72 << 10;
/// Most headers of a request.
const HEADERS: usize = 32;
/// Longest time that a client may leave an answer unread.
const UNREAD: Duration = Duration::from_mins(15);

/// What clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once. A collector has one for each container whose lines it follows.
    pub connections: usize,
    /// Longest time that a request's head, or the next request, is waited for.
    pub head_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1024, head_time: Duration::from_secs(30) }
    }
}

/// What a client gets when there are too many.
const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Answers until it is dropped, which ends its connections as well.
///
/// # Errors
/// When no connection can be taken any more.
pub async fn serve(gate: Arc<Gate>, listener: TcpListener) -> io::Result<Infallible> {
    let room = Arc::new(Semaphore::new(gate.limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if passes(&error) => {
                sleep(Duration::from_millis(100)).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        // Those that have ended are forgotten.
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            let _ = turn_away(client).await;
            continue;
        };
        let gate = Arc::clone(&gate);
        connections.spawn(async move {
            // How a connection ends concerns its client alone.
            let _ = connection(&gate, client).await;
            drop(place);
        });
    }
}

/// The client is gone again, or there are no more files for now.
fn passes(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    let gone = [ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted];
    // Too many open files, of the process or of the host.
    gone.contains(&error.kind()) || matches!(error.raw_os_error(), Some(23 | 24))
}

/// Says that there is no room, without waiting for whoever does not listen.
async fn turn_away(mut client: TcpStream) -> io::Result<()> {
    timeout(Duration::from_millis(100), client.write_all(BUSY)).await?
}

async fn connection(gate: &Gate, client: TcpStream) -> hyper::Result<()> {
    let service = service_fn(async |request| {
        let (head, _body) = request.into_parts();
        Ok::<_, Infallible>(gate.answer(&head).await)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(gate.limits.head_time)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(Patient::new(client)), service)
        .await
}

/// A connection that ends when its client reads nothing for too long.
struct Patient {
    client: TcpStream,
    stuck: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    const fn new(client: TcpStream) -> Self {
        Self { client, stuck: None }
    }

    fn waited<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let until = Instant::now() + UNREAD;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        match stuck.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.client).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.client).poll_write(context, bytes);
        self.waited(written, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.client).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.client).poll_shutdown(context)
    }
}
