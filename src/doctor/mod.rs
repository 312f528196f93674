//! What `mcpmon doctor` looks at: the engine and its host, what earlier stacks left, and for what
//! does not work the way to its cause.
//!
//! Each finding says what was seen, why it matters and the command that mends it. Nothing here
//! changes anything but [`fix`].

mod finding;
pub mod fix;
mod host;
mod leftovers;
mod owners;
mod parts;
mod targets;
mod trees;

pub use finding::{Finding, Fix, Level};
pub use trees::explain;

use serde::Serialize;

use crate::commands::Project;
use crate::engine::Reader;
use crate::plan::{self, Observed, Unit};
use crate::stack::Secrets;

/// Whom the doctor looks at.
pub struct Patient<'a> {
    /// The engine, for looking only.
    pub reader: &'a Reader,
    /// Where it is, and how it was chosen.
    pub endpoint: &'a crate::engine::Endpoint,
    /// The manifest, loaded and resolved.
    pub project: &'a Project,
    /// The containers that there should be.
    pub units: &'a [Unit],
    /// Their secrets.
    pub secrets: &'a Secrets,
    /// What there is.
    pub observed: &'a Observed,
}

/// All findings.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Shape of this document.
    pub schema_version: u32,
    /// The stack.
    pub stack: String,
    /// The worst of the findings.
    pub level: Level,
    /// The findings: causes come before what follows from them.
    pub findings: Vec<Finding>,
}

/// Looks at everything.
///
/// # Errors
/// When the engine cannot be asked.
pub async fn examine(patient: &Patient<'_>) -> anyhow::Result<Diagnosis> {
    let mut findings = host::look(patient);
    findings.extend(parts::look(patient).await?);
    findings.extend(leftovers::look(patient).await?);
    findings.extend(owners::look(patient).await?);
    findings.extend(drift(patient));
    findings.extend(trees::look(patient).await);
    let level = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Fine);
    let stack = patient.project.stack.name.clone();
    Ok(Diagnosis { schema_version: 1, stack, level, findings })
}

/// Whether what runs is what the manifest says.
fn drift(patient: &Patient<'_>) -> Vec<Finding> {
    let planned = plan::plan(patient.observed, patient.units);
    if planned.is_empty() {
        return vec![Finding::fine("drift", "what runs is what the manifest says")];
    }
    let up = patient.observed.containers.is_empty();
    let what =
        if up { "the stack does not run" } else { "what runs is not what the manifest says" };
    vec![
        Finding::warning("drift", what, planned.lines())
            .why("checks of a stack that is another one prove nothing about this manifest")
            .mend("mcpmon up"),
    ]
}
