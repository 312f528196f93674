//! A server that is a program.

use serde_json::{Map, Value as Json};

use super::{Leave, Server, scalar};
use crate::discover::reference::{self, Part};
use crate::discover::secret::{is_harmless, name_is_secret, value_is_secret};
use crate::manifest::EnvName;
use crate::yaml::{Node, Span, Value};

/// Programs that start containers.
const ENGINES: [&str; 4] = ["docker", "podman", "nerdctl", "docker.exe"];
/// A program that speaks for a server behind a URL.
const BRIDGE: &str = "mcp-remote";

/// A word of a command line, and where it stands.
type Word = (String, Span);

impl Server<'_> {
    /// Reads `command`, `args` and what goes with them.
    pub(super) fn program(&mut self, command: &Node, node: &Node) -> Result<(), Leave> {
        let mut words = words(command, node)?;
        // Windows starts scripts through its shell.
        if words.first().is_some_and(|(word, _)| matches!(word.as_str(), "cmd" | "cmd.exe"))
            && words.get(1).is_some_and(|(word, _)| word.eq_ignore_ascii_case("/c"))
        {
            words.drain(..2);
        }
        if words.is_empty() {
            return Err(Leave(Some(command.span), "`command` names no program".into()));
        }
        let bridge = words.iter().position(|(word, _)| {
            word == BRIDGE || word.strip_prefix(BRIDGE).is_some_and(|rest| rest.starts_with('@'))
        });
        if let Some(at) = bridge {
            return self.bridge(words.get(at + 1..).unwrap_or_default(), command.span, node);
        }
        let program = words.first().map(|(word, _)| file_name(word)).unwrap_or_default();
        if ENGINES.contains(&program) {
            let text = format!(
                "`{program}` starts a container for it, and the agent that asks it has no engine; run it as a container that serves HTTP, and give its address"
            );
            return Err(Leave(Some(command.span), text));
        }
        secret_word(&words)?;
        let mut plain = Vec::new();
        for (index, (word, span)) in words.iter().enumerate() {
            let key = if index == 0 { "command" } else { "args" };
            let text = self.plain(key, word, *span)?;
            secret_word(&[(text.clone(), *span)])?;
            plain.push(Json::from(text));
        }
        self.mcp.insert("command".into(), plain.into());
        self.environment(node)?;
        if let Some(dir) = node.get("cwd").filter(|dir| !matches!(dir.value, Value::Null)) {
            let text = self.plain("cwd", dir.as_str().unwrap_or_default(), dir.span)?;
            if text.starts_with('/') {
                self.mcp.insert("dir".into(), text.into());
            } else {
                self.note(dir.span, "`cwd` is not taken over: it does not start at `/`");
            }
        }
        if let Some(file) = node.get("envFile") {
            let text =
                "`envFile` is not read: write what the program needs into `env` of its `mcp`";
            self.note(file.span, text);
        }
        Ok(())
    }

    fn environment(&mut self, node: &Node) -> Result<(), Leave> {
        let mut env = Map::new();
        for (name, entry) in node.get("env").and_then(Node::as_map).into_iter().flatten() {
            let span = entry.node.span;
            let key = format!("env.{name}");
            let Some(value) = scalar(&entry.node) else {
                self.note(entry.key, format!("`{key}` is not taken over: it is no text"));
                continue;
            };
            if EnvName::parse(name).is_err() {
                self.note(entry.key, "a variable is not taken over: its name is none");
                continue;
            }
            let value = self.variable(&key, name, &value, span)?;
            env.insert(name.clone(), value);
        }
        if !env.is_empty() {
            self.mcp.insert("env".into(), env.into());
        }
        Ok(())
    }

    fn variable(&mut self, key: &str, name: &str, value: &str, span: Span) -> Result<Json, Leave> {
        let parts = reference::parts(value);
        if let Some(Part::Editor(known)) = parts.iter().find(|p| matches!(p, Part::Editor(_))) {
            let text = format!("`{key}` is `${{{known}}}`, which the editor alone knows");
            return Err(Leave(Some(span), text));
        }
        if Self::hides(name, value) {
            return Ok(self.secret(key, value, span));
        }
        // What has no default is read when the program is started, as a secret would be.
        match self.plain(key, value, span) {
            Ok(text) if !value_is_secret(&text) => Ok(text.into()),
            _ => Ok(self.secret(key, value, span)),
        }
    }

    /// The server that a bridge speaks for: it is asked itself.
    fn bridge(&mut self, words: &[Word], span: Span, node: &Node) -> Result<(), Leave> {
        let url = words.iter().find(|(word, _)| word.contains("://"));
        let Some((url, at)) = url else {
            return Err(Leave(Some(span), format!("`{BRIDGE}` is not told an address")));
        };
        self.url("args", url, *at)?;
        self.note(
            span,
            format!("`{BRIDGE}` speaks for a server behind a URL: that one is asked itself"),
        );
        let env = node.get("env");
        for pair in words.windows(2) {
            let [(flag, _), (value, at)] = pair else { continue };
            if flag == "--transport" && value == "sse-only" {
                self.mcp.insert("protocol".into(), "sse".into());
            }
            if flag == "--header"
                && let Some((name, value)) = value.split_once(':')
            {
                self.header(name.trim(), &with(value.trim(), env), *at)?;
            }
        }
        if !self.mcp.contains_key("auth") {
            self.accept_challenge(span);
        }
        Ok(())
    }
}

/// The command line word by word.
fn words(command: &Node, node: &Node) -> Result<Vec<Word>, Leave> {
    let text = |node: &Node| {
        scalar(node).map(|text| (text, node.span)).ok_or_else(|| {
            Leave(Some(node.span), "`command` and `args` hold text alone".to_owned())
        })
    };
    let mut words = match &command.value {
        Value::List(list) => list.iter().map(text).collect::<Result<Vec<_>, _>>()?,
        _ => vec![text(command)?],
    };
    let args = match node.get("args").map(|args| &args.value) {
        Some(Value::List(list)) => list.iter().map(text).collect::<Result<Vec<_>, _>>()?,
        Some(Value::Null) | None => Vec::new(),
        Some(_) => return Err(Leave(Some(node.span), "`args` is no list".to_owned())),
    };
    // Some clients take a whole line as the command.
    if args.is_empty()
        && let [(line, span)] = words.as_slice()
        && !line.starts_with('/')
    {
        words = line.split_whitespace().map(|word| (word.to_owned(), *span)).collect();
    }
    words.extend(args);
    Ok(words)
}

/// Arguments are shown to everyone, by mcpmon and by the system.
fn secret_word(words: &[Word]) -> Result<(), Leave> {
    let mut after_secret_flag = false;
    for (word, span) in words {
        let (flag, value) = word.split_once('=').unwrap_or((word, ""));
        let named = flag.starts_with('-') && name_is_secret(flag);
        let is_secret = after_secret_flag && !word.starts_with('-') && !is_harmless(word)
            || (named || name_is_secret(flag)) && !value.is_empty() && !is_harmless(value)
            || value_is_secret(word);
        if is_secret {
            let text = "a secret stands in its arguments, which everyone on the machine can see; hand it over in `env`, if the program takes it there, then read this again";
            return Err(Leave(Some(*span), text.to_owned()));
        }
        after_secret_flag = named && value.is_empty();
    }
    Ok(())
}

/// A text with variables of the server's own environment filled in.
fn with(text: &str, env: Option<&Node>) -> String {
    let mut filled = String::new();
    for part in reference::parts(text) {
        let own = match &part {
            Part::Variable { name, .. } => env.and_then(|env| env.get(name)?.as_str()),
            _ => None,
        };
        filled.push_str(&own.map_or_else(|| part.to_string(), str::to_owned));
    }
    filled
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
