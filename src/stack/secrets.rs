//! Secret values: read at the last moment, never rendered, never printed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::{SecretFile, Stack};
use crate::diagnostic::Diagnostic;
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
    let mut secrets = Secrets::default();
    let mut found = Vec::new();
    let mut made: Vec<&SecretFile> = Vec::new();
    for secret in &stack.secrets {
        match value(&secret.source, &document.dir, surroundings) {
            Ok(value) => {
                let key = (secret.component.clone(), secret.path.clone());
                secrets.0.insert(key, value);
            }
            Err(_) if can_be_made(stack, secret, &document.dir, surroundings) => made.push(secret),
            Err((message, help)) => found.push(Diagnostic::error(secret.span, message).help(help)),
        }
    }
    found.extend(not_made_yet(&made));
    if found.is_empty() { Ok(secrets) } else { Err(found) }
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

fn value(
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
    let text = String::from_utf8_lossy(&value).to_lowercase();
    if PLACEHOLDERS.contains(&text.trim()) {
        return Err((
            format!("the secret is a placeholder or default ({source})"),
            "put a value there that nobody can guess: `openssl rand -base64 24`".to_owned(),
        ));
    }
    Ok(value)
}
