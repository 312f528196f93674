//! One request over HTTP and its answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    USER_AGENT,
};
use hyper::{Method, StatusCode};
use url::Url;

use super::fault::Fault;
use super::http::{Connection, MAX_HEADERS};
use super::report::Reason;
use super::target::{Credentials, Http};
use super::text::{MESSAGE, clean};

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

    /// It as it is sent to this server.
    pub fn message(&self, target: &Http) -> Result<hyper::Request<Full<Bytes>>, Fault> {
        let mut message = hyper::Request::new(Full::new(self.body.clone()));
        *message.method_mut() = self.method.clone();
        let path = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        *message.uri_mut() = path.parse().map_err(|_| {
            Fault::new(Reason::Connect, format!("{path} is no path that can be asked for"))
        })?;
        let headers = message.headers_mut();
        let own = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
        let host = target.host_header.as_deref().unwrap_or(own);
        headers.insert(HOST, header_value(host, "host")?);
        let agent = concat!("mcpmon/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        headers.extend(self.headers.clone());
        if self.with_credentials
            && let Some(credentials) = &target.credentials
        {
            let (name, value) = authorization(credentials)?;
            headers.insert(name, value);
        }
        Ok(message)
    }
}

/// The head of an answer; its body is read piece by piece.
pub(super) struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Where it came from, after redirects.
    pub url: Url,
    pub body: Incoming,
    pub connection: Connection,
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

/// A connection that ended where an answer was expected.
pub(super) fn broken(what: &str, error: &hyper::Error) -> Fault {
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
