//! Secret values: read at the last moment, never rendered, never printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use super::{SecretFile, Stack};
use crate::diagnostic::{Diagnostic, Severity};
use crate::manifest::{Document, SecretRef};

/// What mcpmon may see of the machine it runs on.
pub struct Surroundings<'a> {
    /// Looks up an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Reads a file.
    pub file: &'a dyn Fn(&Path) -> std::io::Result<Vec<u8>>,
}

/// Secret values by component and path under its configuration folder.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<(String, String), Vec<u8>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} secrets>", self.0.len())
    }
}

impl Secrets {
    /// Paths and values of one component's secrets.
    pub fn of<'a>(&'a self, component: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.0
            .iter()
            .filter(move |((c, _), _)| c == component)
            .map(|((_, p), v)| (p.as_str(), v.as_slice()))
    }
    /// The same, with one component's values as they are in its files.
    #[must_use]
    pub fn with<'a>(
        &self,
        component: &str,
        files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>,
    ) -> Self {
        let mut all = self.clone();
        all.0.retain(|(owner, _), _| owner != component);
        all.0.extend(files.map(|(p, v)| ((component.to_owned(), p.clone()), v.clone())));
        all
    }
    /// One value.
    pub fn get(&self, component: &str, path: &str) -> Option<&[u8]> {
        self.0.get(&(component.to_owned(), path.to_owned())).map(Vec::as_slice)
    }
}

/// Values that documentation uses and that people forget to replace.
const PLACEHOLDERS: [&str; 14] = [
    "admin",
    "changeme",
    "change-me",
    "change_me",
    "password",
    "secret",
    "foobar",
    "example",
    "todo",
    "xxx",
    "test",
    "placeholder",
    "your-token",
    "your_password",
];

/// Reads every secret of the stack.
///
/// # Errors
/// Each secret that does not exist, is empty or is a placeholder, at the place that asks for it.
pub fn read(
    document: &Document,
    stack: &Stack,
    surroundings: &Surroundings<'_>,
) -> Result<Secrets, Vec<Diagnostic>> {
    read_or(document, stack, surroundings, &Secrets::default())
}

/// As [`read`], with values at hand for secrets that are not there: those that the stack runs with.
///
/// # Errors
/// As [`read`].
pub fn read_or(
    document: &Document,
    stack: &Stack,
    surroundings: &Surroundings<'_>,
    at_hand: &Secrets,
) -> Result<Secrets, Vec<Diagnostic>> {
    let mut secrets = Secrets::default();
    let mut found = Vec::new();
    let mut made: Vec<&SecretFile> = Vec::new();
    for secret in &stack.secrets {
        let key = (secret.component.clone(), secret.path.clone());
        if let Some(value) = at_hand.0.get(&key)
            && !exists(&secret.source, &document.dir, surroundings)
        {
            secrets.0.insert(key, value.clone());
            continue;
        }
        match one(document, stack, secret, surroundings) {
            Ok(value) => _ = secrets.0.insert(key, value),
            Err(_) if can_be_made(stack, secret, &document.dir, surroundings) => made.push(secret),
            Err(problem) => found.push(problem),
        }
    }
    found.extend(not_made_yet(&made));
    if found.is_empty() { Ok(secrets) } else { Err(found) }
}

/// What is wrong with the stack's secrets, where those that are not there are worth a warning only:
/// a manifest is reviewed on machines that do not have them.
pub fn check(
    document: &Document,
    stack: &Stack,
    surroundings: &Surroundings<'_>,
) -> Vec<Diagnostic> {
    // Several readers of one secret are told once.
    let mut sources = BTreeSet::new();
    let secrets = stack.secrets.iter().filter(|secret| sources.insert(secret.source.to_string()));
    let mut found = Vec::new();
    let mut made: Vec<&SecretFile> = Vec::new();
    for secret in secrets {
        match one(document, stack, secret, surroundings) {
            Ok(_) => {}
            Err(_) if can_be_made(stack, secret, &document.dir, surroundings) => made.push(secret),
            Err(mut problem) => {
                if !exists(&secret.source, &document.dir, surroundings) {
                    problem.severity = Severity::Warning;
                }
                found.push(problem);
            }
        }
    }
    let made =
        not_made_yet(&made).map(|problem| Diagnostic { severity: Severity::Warning, ..problem });
    found.extend(made);
    found
}

fn one(
    document: &Document,
    stack: &Stack,
    secret: &SecretFile,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<u8>, Diagnostic> {
    value(&secret.source, &document.dir, surroundings)
        .and_then(|value| written(stack, secret, value))
        .map_err(|(message, help)| Diagnostic::error(secret.span, message).help(help))
}

/// Whether there is a value, be it as it may.
fn exists(source: &SecretRef, dir: &Path, surroundings: &Surroundings<'_>) -> bool {
    match source {
        SecretRef::Env(name) => (surroundings.env)(name).is_some(),
        SecretRef::File(path) => (surroundings.file)(&dir.join(path)).is_ok(),
    }
}

/// Whether a secret is a file that is not there and that mcpmon makes.
fn can_be_made(
    stack: &Stack,
    secret: &SecretFile,
    dir: &Path,
    surroundings: &Surroundings<'_>,
) -> bool {
    let SecretRef::File(path) = &secret.source else { return false };
    let there = (surroundings.file)(&dir.join(path));
    let absent = matches!(there, Err(error) if error.kind() == std::io::ErrorKind::NotFound);
    absent && stack.generated(secret).is_some()
}

/// One problem for all of them: one command solves it.
fn not_made_yet(secrets: &[&SecretFile]) -> Option<Diagnostic> {
    let first = secrets.first()?;
    let mut files: Vec<String> = secrets
        .iter()
        .filter_map(|secret| match &secret.source {
            SecretRef::File(path) => Some(path.clone()),
            SecretRef::Env(_) => None,
        })
        .collect();
    files.sort_unstable();
    files.dedup();
    let message = match files.as_slice() {
        [file] => format!("the secret {file} is not there"),
        files => format!("{} secrets are not there: {}", files.len(), files.join(", ")),
    };
    Some(Diagnostic::error(first.span, message).help("`mcpmon secrets` makes what is missing"))
}

/// Whether a value stands in documentation and waits to be replaced.
pub fn is_placeholder(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value).to_lowercase();
    let text = text.trim();
    PLACEHOLDERS.contains(&text)
        || ["changeme", "change_me", "change-me", "xxxxxxxx"].iter().any(|word| text.contains(word))
        || (text.starts_with("your") && text.ends_with("here"))
        || (text.starts_with('<') && text.ends_with('>'))
}

/// The value as its component wants it in the file.
fn written(
    stack: &Stack,
    secret: &SecretFile,
    value: Vec<u8>,
) -> Result<Vec<u8>, (String, String)> {
    let Some(part) = stack.components.get(&secret.component) else { return Ok(value) };
    let setting = secret.path.strip_prefix("secrets/").and_then(|key| part.spec.settings.get(key));
    let Some(setting) = setting else { return Ok(value) };
    let unfit = setting.without.as_deref().unwrap_or_default();
    if value.iter().any(|byte| unfit.as_bytes().contains(byte)) {
        let message = format!("{} cannot read a secret like this ({})", part.kind, secret.source);
        return Err((message, format!("choose one that holds none of these: `{unfit}`")));
    }
    let Some(content) = &setting.content else { return Ok(value) };
    let text = String::from_utf8(value).map_err(|_| {
        let message = format!("the secret is no text ({})", secret.source);
        (message, "put the password itself there, as UTF-8".to_owned())
    })?;
    crate::render::written_secret(content, &part.settings, &text).map(String::into_bytes).map_err(
        |error| {
            let message = format!("{}/component.yaml: {error:#}", part.kind);
            (message, "correct its `content`".to_owned())
        },
    )
}

/// Reads one secret; a relative path starts at `dir`.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn value(
    source: &SecretRef,
    dir: &Path,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<u8>, (String, String)> {
    let value = peek(source, dir, surroundings)?;
    if is_placeholder(&value) {
        return Err((
            format!("the secret is a placeholder or default ({source})"),
            "put a value there that nobody can guess: `openssl rand -base64 24`".to_owned(),
        ));
    }
    Ok(value)
}

/// A secret as it is, placeholder or not.
///
/// # Errors
/// That it cannot be read or is empty, and what to do.
pub fn peek(
    source: &SecretRef,
    dir: &Path,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<u8>, (String, String)> {
    let mut value = match source {
        SecretRef::Env(name) => {
            (surroundings.env)(name).map(String::into_bytes).ok_or_else(|| {
                (
                    format!("the environment variable {name} is not set"),
                    format!("set it: `export {name}=…`"),
                )
            })?
        }
        SecretRef::File(path) => (surroundings.file)(&dir.join(path)).map_err(|error| {
            let path = dir.join(path);
            let reason = crate::manifest::io_reason(&error);
            let path = path.display();
            (
                format!("cannot read the secret {path}: {reason}"),
                format!("write it there, readable by you alone: `umask 077; cat > {path}`"),
            )
        })?,
    };
    // Editors end a file with a newline, which is no part of a password.
    if value.last() == Some(&b'\n') {
        value.pop();
        if value.last() == Some(&b'\r') {
            value.pop();
        }
    }
    if value.iter().all(u8::is_ascii_whitespace) {
        return Err((format!("the secret is empty ({source})"), "put the value there".to_owned()));
    }
    Ok(value)
}
