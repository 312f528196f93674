//! What people already have → entries of a manifest.
//!
//! ```text
//! file ─text→ Node ─format→ clients | compose | catalog ─→ Found {entries, notes}
//! ```
//!
//! * [`text`] JSON with comments, or YAML, with the place of each value
//! * [`format`](mod@format) which of the known formats a file has: by what stands in it, not by its name
//! * [`clients`] configurations of MCP clients, [`server`] one server of theirs
//! * [`compose`] Docker Compose files, [`catalog`] Docker MCP catalogs
//! * [`mod@reference`] `${VAR}` and its kin; [`secret`] what must not be written down
//! * [`names`] a valid name for each, that no other has
//!
//! * [`containers`], [`ports`] what runs: the only parts that ask anybody
//!
//! A secret that stands in a file goes nowhere: not into an entry, a note or an error.

pub mod catalog;
pub mod clients;
pub mod compose;
pub mod containers;
pub mod format;
pub mod names;
pub mod ports;
pub mod reference;
pub mod secret;
pub mod server;
pub mod text;

pub use format::read;
pub use names::Names;

use crate::diagnostic::Sources;
use crate::integrate::Entry;
use crate::yaml::Span;

/// What was found in one or more files.
#[derive(Debug, Default)]
pub struct Found {
    /// Entries for the manifest.
    pub entries: Vec<Entry>,
    /// What is worth knowing: what was changed, left out, or is still to do.
    pub notes: Vec<Note>,
    /// Secrets that were left behind, to be put where the entries look for them.
    pub secrets: Vec<Secret>,
    /// The texts that the places point into.
    pub sources: Sources,
}

/// One thing worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it stands.
    pub span: Option<Span>,
    /// What it is about, in the file's own words.
    pub about: String,
    /// What happened to it.
    pub text: String,
    /// Nothing of it is in the manifest.
    pub left_out: bool,
}

/// A secret that stands in a file, or that the file asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Where it stands.
    pub span: Option<Span>,
    /// The file that it belongs into, from the manifest's folder.
    pub file: String,
    /// What it is: `env.GITHUB_TOKEN of github`.
    pub what: String,
}

impl Found {
    /// `file:line:column`, where the place is known.
    pub fn place(&self, span: Option<Span>) -> Option<String> {
        span.map(|span| self.sources.place(span)).filter(|place| !place.is_empty())
    }

    /// Names of the servers that are programs.
    pub fn programs(&self) -> Vec<String> {
        let programs = self.entries.iter().filter(|entry| entry.program().is_some());
        programs.map(|entry| entry.name.to_string()).collect()
    }

    /// Leaves out the servers that are programs, with their secrets: nothing could start them.
    pub fn leave_programs(&mut self, reason: &str) {
        let names = self.programs().join(", ");
        self.entries.retain(|entry| entry.program().is_none());
        let texts: Vec<String> = self.entries.iter().map(|e| e.json().to_string()).collect();
        let is_asked_for =
            |file: &str| texts.iter().any(|text| text.contains(&format!("\"{file}\"")));
        self.secrets.retain(|secret| is_asked_for(&secret.file));
        self.passed_over(&names, reason);
    }

    /// Something worth knowing about all of it, or about what was found running.
    pub fn remark(&mut self, about: &str, text: &str) {
        self.note(None, about, text);
    }

    /// Something that was looked at and is not proposed.
    pub fn passed_over(&mut self, about: &str, text: &str) {
        self.left_out(None, about, text);
    }

    fn note(&mut self, span: Option<Span>, about: &str, text: impl Into<String>) {
        let note = Note { span, about: about.to_owned(), text: text.into(), left_out: false };
        self.notes.push(note);
    }

    fn left_out(&mut self, span: Option<Span>, about: &str, text: impl Into<String>) {
        let note = Note { span, about: about.to_owned(), text: text.into(), left_out: true };
        self.notes.push(note);
    }
}
