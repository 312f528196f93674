//! Gets the text of an endpoint the way Prometheus asks for it.

use std::fmt;
use std::time::Duration;

use crate::check::tls;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue};

/// Longest time that an answer may take; as Prometheus' default.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The largest text that is read.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// What Prometheus asks for, in its order.
const FORMATS: &str =
    "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// What an endpoint asks for before it answers.
#[derive(Clone)]
pub enum Credentials {
    /// `Authorization: Bearer …`
    Bearer(String),
    /// User name and password.
    Basic(String, String),
    /// A header of its own and its value.
    Header(String, String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "a bearer token",
            Self::Basic(..) => "a user with a password",
            Self::Header(..) => "a header",
        })
    }
}

/// The text that a URL serves.
///
/// # Errors
/// Why there is none, in one line that says what to do.
pub async fn fetch(url: &str, credentials: Option<&Credentials>) -> Result<String, String> {
    if url.starts_with("https:") {
        return Err(format!(
            "{url}: mcpmon itself speaks no TLS; hand the text over instead: `curl -fsS {url} | mcpmon metrics check -`"
        ));
    }
    let client = tls::plain()
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| error.to_string())?;
    let mut request = client.get(url).header(ACCEPT, FORMATS);
    request = match credentials {
        None => request,
        Some(Credentials::Basic(user, password)) => request.basic_auth(user, Some(password)),
        Some(Credentials::Bearer(token)) => {
            request.header(AUTHORIZATION, secret_value(&format!("Bearer {token}"))?)
        }
        Some(Credentials::Header(name, value)) => {
            let name: HeaderName =
                name.parse().map_err(|_| format!("`{name}` is no name of a header"))?;
            request.header(name, secret_value(value)?)
        }
    };
    let answer = request.send().await.map_err(|error| format!("{url}: {}", cause(&error)))?;
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(format!("{url}: answered {status}{}", advice(status, credentials.is_some())));
    }
    let length = answer.content_length().unwrap_or_default();
    if usize::try_from(length).is_ok_and(|length| length > MAX_BYTES) {
        return Err(format!("{url}: {length} bytes are more than anybody should scrape"));
    }
    let body = read(answer).await.map_err(|problem| format!("{url}: {problem}"))?;
    let text = String::from_utf8(body).map_err(|_| format!("{url}: the answer is no text"))?;
    if text.trim_start().starts_with('<') {
        return Err(format!(
            "{url}: a page for people answers there; is `/metrics` the path that is meant?"
        ));
    }
    Ok(text)
}

async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| cause(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BYTES {
            return Err(format!("more than {MAX_BYTES} bytes; nobody should scrape that"));
        }
    }
    Ok(body)
}

fn secret_value(text: &str) -> Result<HeaderValue, String> {
    let value = HeaderValue::from_str(text);
    let mut value =
        value.map_err(|_| "the secret has characters that no header can carry".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn advice(status: u16, shown: bool) -> &'static str {
    match status {
        401 | 403 if shown => ": the credentials are not the right ones",
        401 | 403 => ": it asks for credentials (--bearer, --basic or --header)",
        404 => {
            ": there is nothing at this path; is it `/metrics`, `/health/metrics` or another one?"
        }
        _ => "",
    }
}

/// The innermost reason: those around it repeat the address.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", TIMEOUT.as_secs());
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    text.split_once(" (os error").map_or(text.clone(), |(text, _)| text.to_lowercase())
}
