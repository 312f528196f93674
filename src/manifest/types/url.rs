//! Addresses.

use std::fmt;

use super::{checked_text, shorten};
use crate::yaml::{HELP, SECRET};

/// An `http://` or `https://` URL without credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(reqwest::Url);

impl Url {
    /// Checks a URL.
    ///
    /// # Errors
    /// What is wrong with it. Credentials in it are not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let example = "write it like `http://terminal:7001/mcp`";
        let url = reqwest::Url::parse(text)
            .map_err(|error| format!("`{}` is not a URL: {error}{HELP}{example}", shorten(text)))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!(
                "{SECRET}a URL must not hold credentials{HELP}move them to `auth:`, as in `auth: {{basic: {{username: me, password: {{file: secrets/password}}}}}}`"
            ));
        }
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(format!(
                "`{}` is not an http:// or https:// URL{HELP}{example}",
                shorten(text)
            ));
        }
        if url.fragment().is_some() {
            return Err(format!(
                "`{}` has a fragment (`#…`), which is never sent{HELP}remove it",
                shorten(text)
            ));
        }
        Ok(Self(url))
    }
    /// `host:port`, with the scheme's own port where none is written.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host(), self.0.port_or_known_default().unwrap_or(80))
    }
    /// The host name or address.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
    /// The port, with the scheme's own where none is written.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(80)
    }
    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.0.scheme()
    }
    /// The path, at least `/`.
    pub fn path(&self) -> &str {
        self.0.path()
    }
    /// The query's parameters.
    pub fn parameters(&self) -> Vec<(String, String)> {
        self.0.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
    }
}
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}
checked_text!(Url, "^https?://[^@#/][^@#]*$", "An http:// or https:// URL without credentials.");
