//! The HTTP client of the checks: short timeouts, no proxy, no redirects, and errors that name the
//! address and the cause.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::subject::Login;
use super::tls;

/// Longest time that a question may take: programs that work answer in milliseconds.
pub const TIMEOUT: Duration = Duration::from_secs(5);
/// The port is on this host or near it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A change may take longer than a question.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);

type Memory = Arc<Mutex<HashMap<String, Arc<OnceCell<Result<Answer, String>>>>>>;

/// The client. Clones share its connections and its memory.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    memory: Option<Memory>,
}

/// What is sent.
pub struct Body {
    /// Its media type.
    pub kind: String,
    /// Its content; never shown, for it may hold a secret.
    pub bytes: Vec<u8>,
}

fn builder(tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
}

/// What a program answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked, as `GET http://…`.
    pub asked: String,
    /// The HTTP status.
    pub status: u16,
    /// The answer's body.
    pub body: Bytes,
}

impl Default for Http {
    /// A client that asks anew each time.
    fn default() -> Self {
        // An empty list of authorities: nothing is asked over TLS without one of its own.
        let tls = tls::trusting(rustls::RootCertStore::empty());
        // With fixed options there is nothing that could fail.
        Self { client: builder(tls).build().unwrap_or_default(), memory: None }
    }
}

impl Http {
    /// A client that speaks TLS to a server that proves to be `name`, wherever it answers.
    ///
    /// # Errors
    /// An authority that is no certificate.
    pub fn secured(ca: &[u8], name: &str, address: SocketAddr) -> Result<Self, String> {
        let client = builder(tls::trusting(tls::authorities(ca)?)).resolve(name, address).build();
        Ok(Self { client: client.map_err(|error| error.to_string())?, memory: None })
    }

    /// A client that asks each question once: several checks read the same document.
    #[must_use]
    pub fn remembering(&self) -> Self {
        Self { client: self.client.clone(), memory: Some(Memory::default()) }
    }

    /// Any answer to a GET.
    pub async fn get(&self, url: &str, login: Option<&Login>) -> Result<Answer, String> {
        let Some(memory) = &self.memory else { return self.ask(url, login).await };
        let key = format!("{}{url}", if login.is_some() { "login " } else { "" });
        let cell = match memory.lock() {
            Ok(mut cells) => Arc::clone(cells.entry(key).or_default()),
            Err(_) => return self.ask(url, login).await,
        };
        cell.get_or_init(|| self.ask(url, login)).await.clone()
    }

    async fn ask(&self, url: &str, login: Option<&Login>) -> Result<Answer, String> {
        send(self.client.get(url), "GET", url, login, TIMEOUT).await
    }

    /// Any answer to a GET to a program that asks others in turn, and is told how long it may take.
    pub async fn through(&self, url: &str, timeout: Duration) -> Result<Answer, String> {
        let seconds = timeout.as_secs().to_string();
        let request = self.client.get(url).timeout(timeout);
        let request = request.header("x-prometheus-scrape-timeout-seconds", seconds);
        send(request, "GET", url, None, timeout).await
    }

    /// Any answer to a POST without a body.
    pub async fn post(
        &self,
        url: &str,
        login: Option<&Login>,
        timeout: Duration,
    ) -> Result<Answer, String> {
        send(self.client.post(url).timeout(timeout), "POST", url, login, timeout).await
    }

    /// Any answer to a request with a body.
    pub async fn send(
        &self,
        method: reqwest::Method,
        url: &str,
        login: Option<&Login>,
        body: Body,
    ) -> Result<Answer, String> {
        let name = method.to_string();
        let request = self.client.request(method, url).timeout(WRITE_TIMEOUT);
        // Kibana takes a change from those alone who say that they are no page of another site.
        let request = request.header("kbn-xsrf", "mcpmon").header("content-type", body.kind);
        send(request.body(body.bytes), &name, url, login, WRITE_TIMEOUT).await
    }

    /// The text of a good answer.
    pub async fn text(&self, url: &str, login: Option<&Login>) -> Result<String, String> {
        self.get(url, login).await?.good()?.text()
    }

    /// The content of a good answer in JSON.
    pub async fn json<T: DeserializeOwned>(
        &self,
        url: &str,
        login: Option<&Login>,
    ) -> Result<T, String> {
        self.get(url, login).await?.good()?.json()
    }
}

async fn send(
    request: reqwest::RequestBuilder,
    method: &str,
    url: &str,
    login: Option<&Login>,
    timeout: Duration,
) -> Result<Answer, String> {
    // A query in a message hides the message.
    let asked = format!("{method} {}", url.split('?').next().unwrap_or(url));
    let request = match login {
        Some(login) => request.basic_auth(&login.user, Some(&login.password)),
        None => request,
    };
    let failed = |error: &reqwest::Error| format!("{asked}: {}", cause(error, timeout));
    let response = request.send().await.map_err(|error| failed(&error))?;
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(|error| failed(&error))?;
    Ok(Answer { asked, status, body })
}

/// The innermost reason: those around it repeat the address.
pub fn cause(error: &reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return format!("no answer within {timeout:?}");
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    match text.split_once(" (os error") {
        Some((text, _)) => text.to_lowercase(),
        None => text,
    }
}

impl Answer {
    /// The answer, if its status says that it is one.
    pub fn good(self) -> Result<Self, String> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(self.refusal()) }
    }

    /// What an answer with a bad status says, on one line.
    pub fn refusal(&self) -> String {
        let said = self.said(1);
        let colon = if said.is_empty() { "" } else { ": " };
        format!("{}: answered {}{colon}{said}", self.asked, self.status)
    }

    /// The program's own words: the message of a JSON answer, else the first lines.
    pub fn said(&self, lines: usize) -> String {
        let json: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let field = |at: &str| json.as_ref()?.pointer(at)?.as_str().map(ToOwned::to_owned);
        let text = field("/message")
            .or_else(|| field("/error"))
            .or_else(|| field("/error/reason"))
            .unwrap_or_else(|| String::from_utf8_lossy(&self.body).into_owned());
        let lines: Vec<&str> =
            text.lines().map(str::trim_end).filter(|l| !l.is_empty()).take(lines).collect();
        shorten(&lines.join("\n"), 600)
    }

    /// The body as text.
    pub fn text(&self) -> Result<String, String> {
        String::from_utf8(self.body.to_vec())
            .map_err(|_| format!("{}: the answer is no text", self.asked))
    }

    /// The body's content.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let start = shorten(&self.said(1), 60);
            format!("{}: another program answers there? {error} in `{start}`", self.asked)
        })
    }
}

/// The text's beginning.
pub fn shorten(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
