//! Whom to ask about the services, and where to read on.

use std::borrow::Borrow;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::types::{checked_text, shorten};
use super::words::word;
use crate::yaml::{HELP, SECRET};

/// Somebody to ask.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Mail address.
    pub email: Option<MailAddress>,
    /// Page where they are reached: a chat channel, a rota.
    pub url: Option<Link>,
}

word!(
    /// One mail address. Its alphabet is small, so that it stands in a link as it is.
    MailAddress,
    "^[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9][A-Za-z0-9.-]*$",
    "A mail address: `on-call@example.org`.",
    |text| {
        let starts = |part: &str| part.starts_with(|c: char| c.is_ascii_alphanumeric());
        let all = |part: &str, more: &str| {
            part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        match text.split_once('@') {
            Some((user, host))
                if starts(user) && starts(host) && all(user, "._+-") && all(host, ".-") =>
            {
                Ok(())
            }
            _ => Err(format!(
                "`{}` is not a mail address{HELP}write one address alone: `on-call@example.org`",
                shorten(text)
            )),
        }
    }
);

word!(
    /// What a link is called. It has no sign that would begin something else in Markdown or Grafana.
    LinkTitle,
    "^[^\\\\`*_<>|$#\\[\\]{}\\x00-\\x1f]+$",
    "What a link is called, in one line of plain text.",
    |text| {
        let markup = |c: char| "\\`*_<>|$#[]{}".contains(c) || c.is_control();
        if text.trim().is_empty() || text.contains(markup) {
            return Err(format!(
                "`{}` cannot be a link's title{HELP}write plain text, as in `Task API: architecture`",
                shorten(text)
            ));
        }
        Ok(())
    }
);

/// An `http://` or `https://` address that people open; unlike a [`Url`](super::Url) it may lead to a
/// place on a page.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(reqwest::Url);

impl Link {
    /// Checks an address.
    ///
    /// # Errors
    /// What is wrong with it. Credentials in it are not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!(
                "`{}` is not a link{why}{HELP}write it like `https://docs.example.org/task-api#limits`",
                shorten(text)
            )
        };
        let link = reqwest::Url::parse(text).map_err(|error| wrong(&format!(": {error}")))?;
        if !link.username().is_empty() || link.password().is_some() {
            return Err(format!(
                "{SECRET}a link must not hold credentials{HELP}remove them: whoever opens it logs in"
            ));
        }
        if !matches!(link.scheme(), "http" | "https") {
            return Err(wrong(": it is not an http:// or https:// address"));
        }
        Ok(Self(link))
    }
}
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}
checked_text!(
    Link,
    "^https?://[^@/]+(/.*)?$",
    "An http:// or https:// address that people open, without credentials."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_may_lead_to_a_place_on_a_page_and_hold_no_password() {
        assert!(Link::parse("https://docs.example.org/a?b=c#d").is_ok());
        for text in ["docs.example.org", "ftp://example.org/", "javascript:alert(1)", "https://"] {
            assert!(Link::parse(text).unwrap_err().contains("is not a link"), "{text}");
        }
        let secret = Link::parse("https://me:hunter2@example.org/").unwrap_err();
        assert!(!secret.contains("hunter2"), "{secret}");
    }

    #[test]
    fn mail_addresses_and_titles_cannot_become_markup() {
        assert!(MailAddress::parse("on-call+mcp@mail.example.org").is_ok());
        for text in ["ops", "@example.org", "a@", "a@b@c", "a b@c", "a@b)c", "<a@b>", "a@b,c@d"] {
            assert!(MailAddress::parse(text).is_err(), "{text}");
        }
        assert!(LinkTitle::parse("Task API: architecture (v2), 100 % & more").is_ok());
        for text in ["", " ", "[a](b)", "${x}", "a|b", "a\nb", "<b>"] {
            assert!(LinkTitle::parse(text).is_err(), "{text:?}");
        }
    }
}
