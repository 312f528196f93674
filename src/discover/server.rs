//! One server of an MCP client's configuration → the manifest's `mcp`.

mod address;
mod headers;
mod program;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::Secret;
use super::reference::{self, Part};
use super::secret::{name_is_secret, value_is_secret};
use crate::manifest::Name;
use crate::yaml::{Node, Span, Value};

/// Keys that say how a server is reached, or whether.
const KNOWN: [&str; 19] = [
    "type",
    "transport",
    "transportType",
    "transport_type",
    "command",
    "args",
    "env",
    "url",
    "serverUrl",
    "httpUrl",
    "headers",
    "cwd",
    "envFile",
    "disabled",
    "enabled",
    "description",
    "oauth",
    "auth",
    "name",
];

/// What an editor asks its user, by its name.
pub type Inputs = BTreeMap<String, Input>;

/// One question of an editor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// The answer is not shown.
    pub password: bool,
    /// The answer of whoever gives none.
    pub default: Option<String>,
}

/// Why a server is left out, and where that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leave(pub Option<Span>, pub String);

/// A server that is being read.
pub struct Server<'a> {
    /// The name that it gets.
    pub name: &'a Name,
    /// Its name in the file.
    pub about: &'a str,
    /// What the editor asks.
    pub inputs: &'a Inputs,
    /// What becomes of it.
    pub mcp: Map<String, Json>,
    /// What it does, in the file's words.
    pub description: Option<String>,
    /// What is worth knowing.
    pub notes: Vec<(Option<Span>, String)>,
    /// Secrets that stay behind.
    pub secrets: Vec<Secret>,
}

impl<'a> Server<'a> {
    /// Reads a server.
    ///
    /// # Errors
    /// Why it cannot be monitored, or not as it stands.
    pub fn read(
        name: &'a Name,
        about: &'a str,
        inputs: &'a Inputs,
        node: &Node,
    ) -> Result<Self, Leave> {
        let mut server = Self {
            name,
            about,
            inputs,
            mcp: Map::new(),
            description: None,
            notes: Vec::new(),
            secrets: Vec::new(),
        };
        server.all(node)?;
        Ok(server)
    }

    fn all(&mut self, node: &Node) -> Result<(), Leave> {
        let Some(map) = node.as_map() else {
            return Err(Leave(Some(node.span), "a server is a map with `command` or `url`".into()));
        };
        if is(node, "disabled", true) || is(node, "enabled", false) {
            return Err(Leave(Some(node.span), "it is switched off there".into()));
        }
        let transport = ["type", "transport", "transportType", "transport_type"]
            .iter()
            .find_map(|key| node.get(key)?.as_str())
            .unwrap_or_default()
            .to_lowercase();
        if matches!(transport.as_str(), "ws" | "websocket") {
            let text =
                "it speaks over a WebSocket, which is no transport of MCP; give its HTTP address";
            return Err(Leave(Some(node.span), text.into()));
        }
        let url = ["url", "serverUrl", "httpUrl"].iter().find_map(|key| node.get(key));
        match (url, node.get("command")) {
            (Some(url), _) => self.address(url, &transport, node)?,
            (None, Some(command)) => self.program(command, node)?,
            (None, None) => {
                let text = "neither `command` nor `url` says where it is";
                return Err(Leave(Some(node.span), text.into()));
            }
        }
        if let Some(text) = node.get("description").and_then(Node::as_str) {
            self.described(text);
        }
        let others: Vec<String> = map
            .keys()
            .filter(|key| !KNOWN.contains(&key.as_str()))
            .map(|key| format!("`{key}`"))
            .collect();
        if !others.is_empty() {
            let text = format!("{}: not taken over, for the client alone", others.join(", "));
            self.notes.push((Some(node.span), text));
        }
        Ok(())
    }

    /// Takes the first line of a description that holds no secret.
    pub fn described(&mut self, text: &str) {
        let line: String =
            text.lines().next().unwrap_or_default().trim().chars().take(160).collect();
        if !line.is_empty() && !value_is_secret(&line) {
            self.description = Some(line);
        }
    }

    fn note(&mut self, span: Span, text: impl Into<String>) {
        self.notes.push((Some(span), text.into()));
    }

    /// Where a secret is read from. What stands in the file is left there.
    fn secret(&mut self, key: &str, value: &str, span: Span) -> Json {
        match reference::only(value) {
            Some(Part::Variable { name, default }) => {
                let lost = default.is_some_and(|text| !text.is_empty());
                let lost = if lost { ", and has no default there" } else { "" };
                let text = format!(
                    "`{key}` is read from the environment variable `{name}` of mcpmon{lost}"
                );
                self.note(span, text);
                json!({"env": name})
            }
            Some(Part::Input(id)) => {
                let file = format!("secrets/{}", slug(&id));
                let what = format!("the answer to `${{input:{id}}}`");
                self.keep(span, &file, what);
                json!({"file": file})
            }
            _ => {
                let last = key.rsplit('.').next().unwrap_or(key);
                let file = format!("secrets/{}-{}", self.name, slug(last));
                let what =
                    if reference::refers(value) { "the whole value of" } else { "the value of" };
                let what = format!("{what} `{key}` of `{}`", self.about);
                self.keep(span, &file, what);
                json!({"file": file})
            }
        }
    }

    fn keep(&mut self, span: Span, file: &str, what: String) {
        self.secrets.push(Secret { span: Some(span), file: file.to_owned(), what });
    }

    /// A text that may be seen in a manifest, with the defaults of its references.
    fn plain(&mut self, key: &str, text: &str, span: Span) -> Result<String, Leave> {
        let mut filled = String::new();
        for part in reference::parts(text) {
            let default = match &part {
                Part::Input(id) => {
                    let input = self.inputs.get(id).filter(|input| !input.password);
                    input.and_then(|input| input.default.clone())
                }
                _ => None,
            };
            filled.push_str(&default.unwrap_or_else(|| part.to_string()));
        }
        match reference::with_defaults(&filled) {
            Ok((plain, _)) => {
                if plain != text && !value_is_secret(&plain) {
                    self.note(span, format!("`{key}`: the default stands for the reference in it"));
                }
                Ok(plain)
            }
            Err(reference) => Err(Leave(
                Some(span),
                format!(
                    "`{reference}` stands in `{key}`, where a manifest holds plain text; write the value in its place, then read this again"
                ),
            )),
        }
    }

    /// Whether a value must not be written down.
    fn hides(key: &str, value: &str) -> bool {
        let variable = match reference::only(value) {
            Some(Part::Variable { name, .. }) => name_is_secret(&name),
            _ => false,
        };
        variable || name_is_secret(key) || value_is_secret(value)
    }
}

/// Whether a switch has a value.
fn is(node: &Node, key: &str, value: bool) -> bool {
    matches!(node.get(key).map(|node| &node.value), Some(Value::Bool(b)) if *b == value)
}

/// Text of a scalar.
pub(super) fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// A part of a file's name.
pub(super) fn slug(text: &str) -> String {
    Name::from_any(text).to_string()
}
