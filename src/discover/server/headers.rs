//! Headers that a client sends: one of them may be a credential.

use serde_json::json;

use super::{Leave, Server};
use crate::discover::reference;
use crate::discover::secret::{name_is_secret, value_is_secret};
use crate::manifest::{HeaderName, HostHeader};
use crate::yaml::Span;

impl Server<'_> {
    /// Reads one header.
    pub(super) fn header(&mut self, name: &str, value: &str, span: Span) -> Result<(), Leave> {
        let key = format!("headers.{name}");
        if name.eq_ignore_ascii_case("authorization") {
            return self.authorization(&key, value, span);
        }
        if name.eq_ignore_ascii_case("host") && HostHeader::parse(value).is_ok() {
            self.mcp.insert("host_header".into(), value.into());
            return Ok(());
        }
        let credential = name_is_secret(name) || reference::refers(value) || value_is_secret(value);
        if !credential || HeaderName::parse(name).is_err() {
            self.note(
                span,
                format!(
                    "the header `{name}` is not taken over: a probe sends none but a credential's"
                ),
            );
        } else if self.mcp.contains_key("auth") {
            self.note(
                span,
                format!("the header `{name}` is not taken over: a probe sends one credential, and has another"),
            );
        } else {
            let source = self.secret(&key, value, span);
            self.mcp.insert("auth".into(), json!({"header": {"name": name, "value": source}}));
        }
        Ok(())
    }

    fn authorization(&mut self, key: &str, value: &str, span: Span) -> Result<(), Leave> {
        let (scheme, token) = value.trim().split_once(' ').unwrap_or(("", value.trim()));
        if scheme.eq_ignore_ascii_case("bearer") {
            let source = self.secret(key, token.trim(), span);
            self.mcp.insert("auth".into(), json!({"bearer": source}));
            return Ok(());
        }
        if scheme.is_empty() && reference::only(token).is_some() {
            // What it refers to holds the word, which mcpmon adds itself.
            let file = format!("secrets/{}-authorization", self.name);
            let what = format!("the token alone, without `Bearer`, of `{key}` of `{}`", self.about);
            self.keep(span, &file, what);
            self.mcp.insert("auth".into(), json!({"bearer": {"file": file}}));
            return Ok(());
        }
        let instead = if scheme.eq_ignore_ascii_case("basic") {
            format!(
                "write `auth: {{basic: {{username: …, password: {{file: secrets/{}-password}}}}}}` yourself",
                self.name
            )
        } else {
            "mcpmon sends `Bearer`, `Basic` or a header of another name".to_owned()
        };
        Err(Leave(Some(span), format!("`{key}` cannot be taken over as it stands; {instead}")))
    }
}
