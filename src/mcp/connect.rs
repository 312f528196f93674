//! A connection to a server: its name resolved, TCP, TLS, each with its own time.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use super::fault::Fault;
use super::progress::Progress;
use super::report::{Reason, StepName};
use super::target::Tls;
use super::text::{io_error, place};
use super::{resolve, tls};

/// How long one address is waited for before the next is tried beside it.
const HEAD_START: Duration = Duration::from_millis(250);

/// An open connection.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects to the server of a URL.
pub(super) async fn connect(
    url: &Url,
    tls: &Tls,
    progress: &mut Progress,
) -> Result<Stream, Fault> {
    let is_http = matches!(url.scheme(), "http" | "https");
    let (true, Some(host), Some(port)) = (is_http, url.host(), url.port_or_known_default()) else {
        let message = format!("{} is no address behind http or https", place(url));
        return Err(Fault::new(Reason::Connect, message));
    };
    let addresses = match host {
        Host::Ipv4(ip) => vec![SocketAddr::new(IpAddr::V4(ip), port)],
        Host::Ipv6(ip) => vec![SocketAddr::new(IpAddr::V6(ip), port)],
        Host::Domain(name) => {
            progress.begin(StepName::Resolve);
            let found = resolve::addresses(name, port).await;
            progress.end(found)?
        }
    };
    progress.begin(StepName::Connect);
    let stream = tcp(&addresses).await.map_err(|(address, error)| {
        Fault::new(Reason::Connect, format!("{address}: {}", io_error(&error)))
    });
    let stream = progress.end(stream)?;
    if url.scheme() != "https" {
        return Ok(Stream::Plain(stream));
    }
    progress.begin(StepName::Tls);
    let stream = tls::handshake(stream, &host, tls, &mut progress.report.certificate_expiry).await;
    progress.end(stream).map(|stream| Stream::Tls(Box::new(stream)))
}

/// The first address that takes a connection. An address that does not answer holds up the others
/// for a moment only.
async fn tcp(addresses: &[SocketAddr]) -> Result<TcpStream, (String, std::io::Error)> {
    let mut attempts = JoinSet::new();
    let mut last = ("no address".to_owned(), std::io::ErrorKind::AddrNotAvailable.into());
    let mut waiting = addresses.iter().copied().peekable();
    while let Some(address) = waiting.next() {
        attempts.spawn(async move { (address, TcpStream::connect(address).await) });
        let done = if waiting.peek().is_some() {
            tokio::time::timeout(HEAD_START, attempts.join_next()).await.ok().flatten()
        } else {
            attempts.join_next().await
        };
        let mut done = done;
        while let Some(Ok((address, outcome))) = done {
            match outcome {
                // Without it the last piece of a request may wait for an acknowledgement.
                Ok(stream) => match stream.set_nodelay(true) {
                    Ok(()) => return Ok(stream),
                    Err(error) => last = (address.to_string(), error),
                },
                Err(error) => last = (address.to_string(), error),
            }
            done = if waiting.peek().is_none() { attempts.join_next().await } else { None };
        }
    }
    Err(last)
}
