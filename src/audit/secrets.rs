//! Secrets that are none. Values are looked at and never repeated.

use super::{Hit, Rule, Severity, Subject};
use crate::manifest::SecretRef;
use crate::stack::{SecretFile, is_placeholder, looks_secret, peek};

/// A password that everybody knows.
pub const DEFAULT_PASSWORD: Rule = Rule {
    id: "default-password",
    severity: Severity::Error,
    what: "A secret is a default or a placeholder from some documentation",
    frameworks: "SOC 2 CC6.1; GDPR 32(1)(b)",
    look: |s| {
        judged(
            s,
            |_, value| is_placeholder(value),
            |secret| {
                (
                    format!("{} is a default or placeholder", secret.source),
                    "put a value there that nobody can guess: `openssl rand -base64 24`",
                )
            },
        )
    },
};

/// Short enough to be guessed.
const SHORT: usize = 12;

/// A password that is soon guessed.
pub const WEAK_PASSWORD: Rule = Rule {
    id: "weak-password",
    severity: Severity::Warning,
    what: "A password has fewer than 12 characters",
    frameworks: "SOC 2 CC6.1",
    look: |s| {
        let weak = |secret: &SecretFile, value: &[u8]| {
            secret.path.contains("password") && value.len() < SHORT && !is_placeholder(value)
        };
        judged(s, weak, |secret| {
            (format!("{} is short", secret.source), "take a longer one: `openssl rand -base64 24`")
        })
    },
};

/// A file that others on the machine can read.
pub const READABLE: Rule = Rule {
    id: "secret-readable",
    severity: Severity::Warning,
    what: "A file with a secret can be read by other users of this machine",
    frameworks: "SOC 2 CC6.1; GDPR 32(1)(b)",
    look: |s| {
        let mut found = Vec::new();
        for secret in &s.stack.secrets {
            let SecretRef::File(file) = &secret.source else { continue };
            let path = s.document.dir.join(file);
            if let Some(mode) = (s.mode)(&path).filter(|mode| mode & 0o077 != 0) {
                let evidence = format!("{} has the mode {:04o}", path.display(), mode & 0o7777);
                found.push(Hit::new(
                    &secret.component,
                    secret.span,
                    evidence,
                    format!("`chmod 600 {}`", path.display()),
                ));
            }
        }
        found
    },
};

/// A secret that is not here.
pub const UNSEEN: Rule = Rule {
    id: "secret-unseen",
    severity: Severity::Info,
    what: "A secret cannot be read here, so nothing is said about it",
    frameworks: "",
    look: |s| {
        let unread = s.stack.secrets.iter().filter(|secret| read(s, secret).is_none());
        unread
            .map(|secret| {
                let evidence = format!("{} cannot be read", secret.source);
                Hit::new(
                    &secret.component,
                    secret.span,
                    evidence,
                    "run the audit where the secrets are",
                )
            })
            .collect()
    },
};

/// A secret that `docker inspect` shows.
pub const SECRET_IN_ENVIRONMENT: Rule = Rule {
    id: "secret-in-environment",
    severity: Severity::Error,
    what: "A secret stands in the manifest, and `docker inspect` shows it to everyone",
    frameworks: "SOC 2 CC6.1; GDPR 32(1)(b)",
    look: |s| {
        let components = s.stack.components.values().flat_map(|part| {
            part.env
                .keys()
                .map(|key| (&part.name, key, s.at(["components", &part.key, "env", key])))
        });
        let services = s.stack.runs.iter().flat_map(|run| {
            run.env
                .keys()
                .map(|key| (&run.name, key, s.at(["services", &run.name, "run", "env", key])))
        });
        components
            .chain(services)
            .filter(|(_, key, _)| looks_secret(key))
            .map(|(name, key, span)| {
                Hit::new(
                    name,
                    span,
                    format!("the environment has `{key}`"),
                    "let the program read it from a file",
                )
            })
            .collect()
    },
};

fn read(s: &Subject<'_>, secret: &SecretFile) -> Option<Vec<u8>> {
    peek(&secret.source, &s.document.dir, s.surroundings).ok()
}

fn judged(
    s: &Subject<'_>,
    bad: impl Fn(&SecretFile, &[u8]) -> bool,
    say: impl Fn(&SecretFile) -> (String, &'static str),
) -> Vec<Hit> {
    let mut found = Vec::new();
    for secret in &s.stack.secrets {
        if read(s, secret).is_some_and(|value| bad(secret, &value)) {
            let (evidence, instead) = say(secret);
            found.push(Hit::new(&secret.component, secret.span, evidence, instead));
        }
    }
    found
}
