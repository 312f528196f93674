//! What no single value can show: values that do not fit each other.

mod alerts;
mod audit;
mod contacts;
mod dashboards;
mod generations;
mod host;
mod needs;
mod notifications;
mod scrape;
mod services;
mod suspects;
mod versions;

pub use suspects::{leads_to_itself, looks_secret};

use super::Stack;
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::manifest::Document;
use crate::yaml::{Segment, Span};

/// Runs every check.
pub fn run(document: &Document, catalog: &Catalog, stack: &Stack, found: &mut Vec<Diagnostic>) {
    let checks = Checks { document, catalog, stack };
    checks.services(found);
    checks.ports(found);
    checks.scrape(found);
    checks.collectors(found);
    checks.needs(found);
    checks.engine(found);
    checks.fluentd(found);
    checks.alerts(found);
    checks.receivers(found);
    checks.routes(found);
    checks.intervals(found);
    checks.unreached(found);
    checks.contacts(found);
    checks.audit(found);
    checks.dashboards(found);
    checks.generations(found);
    checks.exposure(found);
    checks.versions(found);
    checks.names(found);
}

struct Checks<'a> {
    document: &'a Document,
    catalog: &'a Catalog,
    stack: &'a Stack,
}

#[allow(clippy::needless_pass_by_value)] // Paths are written where they are used.
impl Checks<'_> {
    fn at<const N: usize>(&self, path: [Segment; N]) -> Option<Span> {
        self.document.locate(&path)
    }
    fn key<const N: usize>(&self, path: [Segment; N]) -> Option<Span> {
        self.document.locate_key(&path)
    }
}
