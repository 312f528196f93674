//! What somebody who answers for production would object to in a manifest.
//!
//! A finding is one [`Rule`]: its name, how bad it is and a function that looks. The table in
//! `docs/security.md` is made from them.

mod accept;
mod exposure;
mod images;
mod notifications;
mod report;
mod secrets;
mod services;
mod storage;
mod transport;

pub use report::{Finding, Report};

use std::path::Path;

use serde::Serialize;

use crate::manifest::Document;
use crate::render::Bundle;
use crate::stack::{Stack, Surroundings};
use crate::yaml::{Segment, Span};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Not in production.
    Error,
    /// Only with a reason.
    Warning,
    /// To be known.
    Info,
}

impl Severity {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// One thing that is looked for.
pub struct Rule {
    /// Its name.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it means, in one line.
    pub what: &'static str,
    /// What common frameworks call for it.
    pub frameworks: &'static str,
    /// Looks for it.
    pub look: fn(&Subject<'_>) -> Vec<Hit>,
}

/// Everything that is looked for.
pub const RULES: &[Rule] = &[
    secrets::DEFAULT_PASSWORD,
    secrets::SECRET_IN_ENVIRONMENT,
    exposure::ANONYMOUS,
    exposure::SIGN_UP,
    exposure::SECURITY_OFF,
    exposure::UNAUTHENTICATED,
    transport::CREDENTIALS_IN_CLEAR,
    images::LATEST,
    notifications::CRITICAL_UNROUTED,
    secrets::WEAK_PASSWORD,
    secrets::READABLE,
    exposure::PORT,
    exposure::WITHOUT_TLS,
    exposure::ADMIN_API,
    transport::PLAIN_HTTP,
    transport::UNVERIFIED,
    transport::MAIL_WITHOUT_TLS,
    storage::NO_RETENTION_SIZE,
    storage::NOT_REDACTED,
    storage::END_OF_LIFE,
    images::WITHOUT_DIGEST,
    images::DOCKER_SOCKET,
    services::WITHOUT_AUTH,
    services::WITHOUT_LIMITS,
    services::UNKNOWN_USER,
    notifications::CRITICAL_MUTED,
    notifications::NO_WATCHDOG,
    notifications::WITHOUT_CREDENTIALS,
    accept::EXPIRED,
    secrets::UNSEEN,
    images::EXCEPTION,
    services::WRITABLE,
    services::WITHOUT_GROUP,
    notifications::NOT_PAGED,
    accept::UNUSED,
];

/// What is looked at. Nothing is asked of the engine.
pub struct Subject<'a> {
    /// The manifest.
    pub document: &'a Document,
    /// Resolved.
    pub stack: &'a Stack,
    /// Rendered.
    pub bundle: &'a Bundle,
    /// The machine that secrets are read on.
    pub surroundings: &'a Surroundings<'a>,
    /// The permission bits of a file, where the system has such.
    pub mode: &'a dyn Fn(&Path) -> Option<u32>,
}

/// One thing that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// What it is about: a component, service or receiver.
    pub of: String,
    /// Its place in the manifest.
    pub span: Option<Span>,
    /// What was seen.
    pub evidence: String,
    /// What to write instead.
    pub instead: String,
}

impl Hit {
    fn new(
        of: &str,
        span: Option<Span>,
        evidence: impl Into<String>,
        instead: impl Into<String>,
    ) -> Self {
        Self { of: of.to_owned(), span, evidence: evidence.into(), instead: instead.into() }
    }
}

impl Subject<'_> {
    /// Where the manifest speaks of a component, by its container's name.
    fn component(&self, name: &str) -> Option<Span> {
        let part = self.stack.components.values().find(|part| part.name == name)?;
        self.at(["components", &part.key])
    }

    fn at<const N: usize>(&self, path: [&str; N]) -> Option<Span> {
        self.document.locate(&path.map(Segment::from))
    }
}

/// Looks for everything. `today` decides which acceptances still hold.
pub fn run(subject: &Subject<'_>, today: jiff::civil::Date) -> Report {
    let sources = &subject.document.sources;
    let mut findings = Vec::new();
    for rule in RULES {
        findings.extend((rule.look)(subject).into_iter().map(|hit| Finding {
            id: rule.id,
            severity: rule.severity,
            of: hit.of,
            place: hit.span.map(|span| sources.place(span)),
            evidence: hit.evidence,
            instead: hit.instead,
            accepted: None,
        }));
    }
    accept::apply(subject.document, today, &mut findings);
    Report::new(subject.stack.name.clone(), findings)
}
