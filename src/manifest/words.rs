//! Names that other programs give meaning to. Each is held to their alphabet, so that none can end a
//! matcher, an assignment or a header early.

use std::borrow::Borrow;
use std::fmt;

use super::types::{checked_text, shorten};
use crate::selector::Selector;
use crate::yaml::HELP;

/// Makes a type of text that `check` takes.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $pattern:expr, $description:expr, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks a name.
            ///
            /// # Errors
            /// What is wrong with it, and what to write.
            pub fn parse(text: &str) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        checked_text!($name, $pattern, $description);
    };
}

pub(super) use word;

word!(
    /// A label that an alert has, whoever set it.
    AlertLabel,
    "^[a-zA-Z_][a-zA-Z0-9_]*$",
    "A label that an alert has.",
    |text| if is_word(text, "_", "_") { Ok(()) } else { Err(format!(
        "`{}` is not a label name{HELP}use letters, digits and `_`, as in `severity` or `group`",
        shorten(text)
    )) }
);

word!(
    /// A name as Docker takes it for containers and networks.
    DockerName,
    "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$",
    "A name as Docker takes it: letters, digits, `_`, `.` and `-`.",
    |text| if is_word(text, "0123456789", "_.-") { Ok(()) } else { Err(format!(
        "`{}` is not a name that Docker takes{HELP}write it as `docker ps` or `docker network ls` shows it: letters, digits, `_`, `.` and `-`",
        shorten(text)
    )) }
);

word!(
    /// The name of an environment variable.
    EnvName,
    "^[a-zA-Z_][a-zA-Z0-9_.-]*$",
    "The name of an environment variable.",
    |text| if is_word(text, "_", "_.-") { Ok(()) } else { Err(format!(
        "`{}` is not the name of an environment variable{HELP}use letters, digits and `_`, as in `LOG_LEVEL: debug`",
        shorten(text)
    )) }
);

/// Headers that Prometheus sets itself and refuses to be told.
const RESERVED_HEADERS: [&str; 13] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "user-agent",
    "www-authenticate",
    "x-prometheus-scrape-timeout-seconds",
];

word!(
    /// The name of an HTTP header that carries a credential.
    HeaderName,
    "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
    "The name of an HTTP header.",
    |text| {
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if text.is_empty() || !text.chars().all(token) {
            return Err(format!(
                "`{}` is not the name of a header{HELP}write it like `X-Api-Key`",
                shorten(text)
            ));
        }
        if RESERVED_HEADERS.contains(&text.to_ascii_lowercase().as_str()) {
            return Err(format!(
                "Prometheus sets the header `{text}` itself{HELP}for `Authorization` write `auth: {{bearer: …}}` or `auth: {{basic: …}}`"
            ));
        }
        Ok(())
    }
);

word!(
    /// A line of a message in which `{{ .CommonLabels.service }}` stands for a label.
    MessageLine,
    ".*",
    "A line of a message; `{{ .CommonLabels.NAME }}` stands for a label.",
    |text| {
        if text.contains('\n') {
            return Err(format!("a subject has one line{HELP}remove the line break"));
        }
        let mut rest = text;
        while let Some((_, tail)) = rest.split_once("{{") {
            let (inner, after) = tail.split_once("}}").unwrap_or((tail, "{{"));
            if !is_message_value(inner.trim()) || after == "{{" {
                return Err(format!(
                    "`{{{{{}` is not a value of a message{HELP}write `{{{{ .CommonLabels.NAME }}}}`, `.GroupLabels.NAME`, `.CommonAnnotations.NAME`, `.Status` or `.Receiver`; for more use a template of your own in `templates_dir`",
                    shorten(tail)
                ));
            }
            rest = after;
        }
        Ok(())
    }
);

word!(
    /// What the names of alerts begin with.
    AlertName,
    "^[A-Z][a-zA-Z0-9]*$",
    "What the names of alerts begin with.",
    |text| if text.starts_with(|c: char| c.is_ascii_uppercase()) && is_word(text, "", "") { Ok(()) } else { Err(format!(
        "`{}` is not what the name of an alert begins with{HELP}use letters and digits, the first a capital, as in `HighErrorRate`",
        shorten(text)
    )) }
);

word!(
    /// The value of a label that is the same on every alert of a rule.
    LabelText,
    "^[^{}\\n]+$",
    "The value of a label.",
    |text| if text.is_empty() || text.contains(['{', '}', '\n']) { Err(format!(
        "`{}` is not the value of a label{HELP}write one line without braces",
        shorten(text)
    )) } else { Ok(()) }
);

word!(
    /// Series that are counted: a selector such as `jobs_total{result="error"}`, or an expression over `$window`.
    Counted,
    "^[a-zA-Z_:(].*$",
    "Series such as `jobs_total{result=\"error\"}`, or an expression over `$window`.",
    |text| if text.contains("$window") { Ok(()) } else {
        Selector::parse(text).map(|_| ()).map_err(|problem| format!(
            "`{}` is no series: {problem}{HELP}write a counter such as `jobs_total{{result=\"error\"}}`, or events per second as an expression over `$window`: `sum by (service) (rate(jobs_total[$window]))`",
            shorten(text)
        ))
    }
);

/// Values that every message has, whatever it is about, with or without a change of case.
fn is_message_value(action: &str) -> bool {
    let (path, function) = action.split_once('|').unwrap_or((action, "toUpper"));
    let mut parts = path.trim().split('.');
    let known = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(""), Some("Status" | "Receiver"), None, None) => true,
        (
            Some(""),
            Some("CommonLabels" | "GroupLabels" | "CommonAnnotations"),
            Some(name),
            None,
        ) => is_word(name, "_", "_"),
        _ => false,
    };
    known && matches!(function.trim(), "toUpper" | "toLower" | "title")
}

/// Letters and digits; the first one a letter or one of `first`, the others also one of `rest`.
fn is_word(text: &str, first: &str, rest: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || first.contains(c))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || rest.contains(c))
}

/// Whether a text is an image's name without its tag, or the part of one before a `/`.
pub fn is_image_path(text: &str) -> bool {
    let mut parts = text.split('/').enumerate().peekable();
    let mut ok = !text.is_empty();
    while let Some((index, part)) = parts.next() {
        // The first of several parts may be a registry with its port.
        let host = index == 0 && parts.peek().is_some();
        ok &= part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| {
                c.is_ascii_lowercase()
                    || c.is_ascii_digit()
                    || "._-".contains(c)
                    || host && (c == ':' || c.is_ascii_uppercase())
            });
    }
    ok
}

/// Whether a text is an image's tag, with or without a digest after it.
pub fn is_tag(text: &str) -> bool {
    let (tag, digest) =
        text.split_once('@').map_or((text, None), |(tag, digest)| (tag, Some(digest)));
    let tag_ok = tag.len() <= 128
        && tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    tag_ok
        && digest.is_none_or(|digest| {
            digest
                .strip_prefix("sha256:")
                .is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()))
        })
}
