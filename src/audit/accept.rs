//! Findings that the team knows and accepts.

use super::report::{Accepted, Finding};
use super::{Rule, Severity};
use crate::manifest::{Accept, Document};

/// An acceptance whose day has passed.
pub const EXPIRED: Rule = Rule {
    id: "acceptance-expired",
    severity: Severity::Warning,
    what: "A finding was accepted until a day that has passed",
    frameworks: "SOC 2 CC3.2",
    look: |_| Vec::new(),
};

/// An acceptance of what is not there.
pub const UNUSED: Rule = Rule {
    id: "acceptance-unused",
    severity: Severity::Info,
    what: "A finding is accepted that is not there",
    frameworks: "",
    look: |_| Vec::new(),
};

/// Marks what is accepted, and adds what is odd about acceptances.
pub fn apply(document: &Document, today: jiff::civil::Date, findings: &mut Vec<Finding>) {
    for (index, accept) in document.manifest.audit.accept.iter().enumerate() {
        let fits = |finding: &Finding| {
            finding.id == accept.id && accept.of.as_ref().is_none_or(|of| *of == finding.of)
        };
        let about = findings.iter().filter(|finding| fits(finding)).count();
        let expired = accept.until.filter(|until| until.0 < today);
        let place = document.locate(&["audit".into(), "accept".into(), index.into()]);
        let finding = |rule: &Rule, evidence: String, instead: &str| Finding {
            id: rule.id,
            severity: rule.severity,
            of: accept.id.clone(),
            place: place.map(|span| document.sources.place(span)),
            evidence,
            instead: instead.to_owned(),
            accepted: None,
        };
        match (about, expired) {
            (0, _) => findings.push(finding(
                &UNUSED,
                format!("nothing of the name {} was found", named(accept)),
                "remove it from `audit.accept`",
            )),
            (_, Some(until)) => findings.push(finding(
                &EXPIRED,
                format!("{} was accepted until {until}", named(accept)),
                "mend it, or look at it again and set another day",
            )),
            (_, None) => {
                for one in findings.iter_mut().filter(|finding| fits(finding)) {
                    one.accepted = Some(Accepted {
                        reason: accept.reason.clone(),
                        until: accept.until.map(|day| day.to_string()),
                    });
                }
            }
        }
    }
    findings.sort_by_key(|finding| finding.severity);
}

fn named(accept: &Accept) -> String {
    let of = accept.of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
    format!("`{}`{of}", accept.id)
}
