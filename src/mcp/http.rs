//! HTTP/1.1 as a probe needs it: one connection, kept as long as the server keeps it, no pool, no
//! decompression, redirects only where they lead to the same server.

use std::pin::pin;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    LOCATION, USER_AGENT,
};
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use url::Url;

use super::connect::{self, Stream};
use super::fault::Fault;
use super::progress::Progress;
use super::report::Reason;
use super::target::{Credentials, Http};
use super::text::{MESSAGE, clean};

const MAX_REDIRECTS: usize = 3;
/// How long, and for how many bytes, the rest of an answer is waited for so that the next request can
/// take the same connection.
const DRAIN: Duration = Duration::from_millis(50);
const MAX_DRAIN: usize = 64 << 10;
/// A connection outlives its probe for no longer, whatever the other side does.
const GRACE: Duration = Duration::from_secs(1);
const MAX_HEADERS: usize = 64 << 10;

/// What is asked.
#[derive(Clone)]
pub(super) struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether it says who asks.
    pub with_credentials: bool,
    /// Whether it may be asked again if the connection turns out to have been closed meanwhile.
    pub may_repeat: bool,
}

impl Request {
    pub fn new(method: Method, url: &Url) -> Self {
        Self {
            method,
            url: url.clone(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            with_credentials: true,
            may_repeat: true,
        }
    }

    pub fn header(&mut self, name: &'static str, value: &str) -> Result<(), Fault> {
        let value = header_value(value, name)?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(())
    }
}

/// The head of an answer; its body is read piece by piece.
pub(super) struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Where it came from, after redirects.
    pub url: Url,
    body: Incoming,
    connection: Connection,
}

impl Response {
    /// The next piece of the body.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => return Err(broken("the answer broke off", &error)),
            }
        }
    }

    /// Up to so many bytes of the body, and whether that was all.
    pub async fn beginning(&mut self, limit: usize) -> Result<(Vec<u8>, bool), Fault> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await? {
            body.extend_from_slice(&piece);
            if body.len() > limit {
                body.truncate(limit);
                return Ok((body, false));
            }
        }
        Ok((body, true))
    }

    /// The media type, without its parameters.
    pub fn media_type(&self) -> String {
        let value = self.header(CONTENT_TYPE);
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// What the body is compressed with, though nobody asked for that.
    pub fn compression(&self) -> Option<String> {
        let value = self.header(CONTENT_ENCODING);
        (!value.is_empty() && value != "identity").then(|| clean(value, 20))
    }

    pub fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Scheme, host and port that it leads to.
    origin: url::Origin,
    /// Whether a request has been answered on it.
    used: bool,
}

/// Asks one server.
pub(super) struct Client {
    target: Http,
    /// Nothing is waited for after that.
    end: Instant,
    /// A connection whose last answer may not have been read to its end.
    kept: Option<(Connection, Incoming)>,
}

impl Client {
    pub fn new(target: &Http, end: Instant) -> Self {
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
        let message = format!("more than {MAX_REDIRECTS} redirects, the last to {}", request.url);
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
            let outcome = connection.sender.try_send_request(self.message(request)?).await;
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

    fn message(&self, request: &Request) -> Result<hyper::Request<Full<Bytes>>, Fault> {
        let mut message = hyper::Request::new(Full::new(request.body.clone()));
        *message.method_mut() = request.method.clone();
        let path = &request.url[url::Position::BeforePath..url::Position::AfterQuery];
        *message.uri_mut() = path.parse().map_err(|_| {
            Fault::new(Reason::Connect, format!("{path} is no path that can be asked for"))
        })?;
        let headers = message.headers_mut();
        let own = &request.url[url::Position::BeforeHost..url::Position::AfterPort];
        let host = self.target.host_header.as_deref().unwrap_or(own);
        headers.insert(HOST, header_value(host, "host")?);
        let agent = concat!("mcpmon/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        headers.extend(request.headers.clone());
        if request.with_credentials
            && let Some(credentials) = &self.target.credentials
        {
            let (name, value) = authorization(credentials)?;
            headers.insert(name, value);
        }
        Ok(message)
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

/// Where a redirect leads, if it may be followed.
fn redirected(request: &Request, status: u16, location: &str) -> Result<Url, Fault> {
    let refuse = |message: String| Err(Fault::new(Reason::Redirect, message));
    let from = &request.url;
    let Ok(to) = from.join(location) else {
        return refuse(format!("answered {status} with no address to go to"));
    };
    let shown = clean(to.as_str(), MESSAGE);
    if location.is_empty() {
        return refuse(format!("answered {status} without the header Location"));
    }
    if request.method != Method::GET && !matches!(status, 307 | 308) {
        return refuse(format!(
            "answered {status} to a {}, which would be asked of {shown} as a GET",
            request.method
        ));
    }
    let same_scheme = from.scheme() == to.scheme();
    let is_upgrade = from.scheme() == "http" && to.scheme() == "https";
    let same_port = from.port_or_known_default() == to.port_or_known_default();
    // Both without a port: 80 became 443.
    let same_port = same_port || is_upgrade && from.port().is_none() && to.port().is_none();
    if from.host() != to.host() || !same_port || !(same_scheme || is_upgrade) {
        return refuse(format!("answered {status}, which leads to another server: {shown}"));
    }
    Ok(to)
}

fn header_value(value: &str, what: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(value).map_err(|_| {
        let message = format!("the value of the header `{what}` holds characters that none may");
        Fault::new(Reason::HeaderMismatch, message).advise("Look for line breaks in it.")
    })
}

fn authorization(credentials: &Credentials) -> Result<(HeaderName, HeaderValue), Fault> {
    let (name, value) = match credentials {
        Credentials::Bearer(token) => (AUTHORIZATION, format!("Bearer {token}")),
        Credentials::Basic { username, password } => {
            (AUTHORIZATION, format!("Basic {}", BASE64.encode(format!("{username}:{password}"))))
        }
        Credentials::Header { name, value } => {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                let message = format!("`{}` is no name of a header", clean(name, MESSAGE));
                Fault::new(Reason::HeaderMismatch, message)
            })?;
            (name, value.clone())
        }
    };
    let mut value = header_value(&value, name.as_str())?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn is_reset(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error);
    source.and_then(|source| source.downcast_ref::<std::io::Error>()).is_some()
}

/// A connection that ended where an answer was expected.
fn broken(what: &str, error: &hyper::Error) -> Fault {
    if error.is_parse_too_large() {
        return Fault::new(Reason::TooLarge, format!("headers of more than {MAX_HEADERS} bytes"));
    }
    if error.is_parse() {
        return Fault::new(Reason::Connect, "the answer is no HTTP/1.1")
            .advise("Another protocol is spoken at this port; if it is TLS, ask with https://.");
    }
    if error.is_incomplete_message() {
        return Fault::new(Reason::Connect, format!("{what}: the server closed the connection"));
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    let text = text.split(" (os error").next().unwrap_or_default().to_lowercase();
    Fault::new(Reason::Connect, format!("{what}: {}", clean(&text, MESSAGE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(from: &str, method: Method, status: u16, location: &str) -> Result<String, String> {
        let request = Request::new(method, &from.parse().unwrap());
        redirected(&request, status, location)
            .map(|url| url.to_string())
            .map_err(|fault| fault.message)
    }

    #[test]
    fn redirects_stay_on_the_server() {
        let from = "http://a.example/mcp";
        let post = |location| to(from, Method::POST, 307, location);
        assert_eq!(post("/mcp/").unwrap(), "http://a.example/mcp/");
        assert_eq!(post("https://a.example/mcp").unwrap(), "https://a.example/mcp");
        for elsewhere in
            ["http://b.example/mcp", "https://a.example:8443/mcp", "http://a.example:81/", "ftp:/"]
        {
            assert!(post(elsewhere).unwrap_err().contains("another server"), "{elsewhere}");
        }
        let down = to("https://a.example/", Method::POST, 308, "http://a.example/");
        assert!(down.unwrap_err().contains("another server"));
        assert!(post("").unwrap_err().contains("without the header"));
    }

    #[test]
    fn a_question_stays_a_question() {
        let from = "http://a.example/mcp";
        assert!(to(from, Method::POST, 302, "/x").unwrap_err().contains("as a GET"));
        assert_eq!(to(from, Method::GET, 302, "/x").unwrap(), "http://a.example/x");
    }
}
