//! What the checks of one round share, so that each document is fetched once.

use std::collections::BTreeMap;

use tokio::sync::OnceCell;

use super::finding::Finding;
use crate::check::http::Http;
use crate::check::subject::Subject;
use crate::engine::{Container, Reader};
use crate::plan::Unit;
use crate::stack::{Secrets, Stack};

/// What the checks look at.
#[derive(Clone, Copy)]
pub struct HealthContext<'a> {
    /// The engine, for looking only.
    pub reader: &'a Reader,
    /// The stack.
    pub stack: &'a Stack,
    /// The containers that there should be.
    pub units: &'a [Unit],
    /// The administrator's password is among them.
    pub secrets: &'a Secrets,
}

/// The stack's containers, by name.
pub type Containers = BTreeMap<String, Container>;

/// One round of checks.
pub struct Round<'a> {
    /// What is looked at.
    pub context: &'a HealthContext<'a>,
    http: Http,
    containers: OnceCell<Result<Containers, String>>,
}

impl<'a> Round<'a> {
    /// A round that has asked nothing yet.
    pub fn new(context: &'a HealthContext<'a>) -> Self {
        Self { context, http: Http::default().remembering(), containers: OnceCell::new() }
    }

    /// The stack's containers.
    pub async fn containers(&self) -> Result<&Containers, String> {
        let ask = async || {
            let found = self.context.reader.containers(&self.context.stack.name).await;
            match found {
                Ok(found) => Ok(found.into_iter().map(|c| (c.name.clone(), c)).collect()),
                Err(error) => Err(error.to_string()),
            }
        };
        self.containers.get_or_init(ask).await.as_ref().map_err(Clone::clone)
    }

    /// A container of the stack, ready to be asked.
    pub async fn subject(&self, unit: &'a Unit) -> Result<Subject<'a>, String> {
        let container = self.containers().await?.get(&unit.spec.name);
        let HealthContext { stack, secrets, .. } = *self.context;
        Subject::new(unit, container, stack, secrets, self.http.clone())
    }

    /// A component, ready to be asked; a reason to skip when the stack has none of that name.
    pub async fn component(&self, name: &str) -> Result<Subject<'a>, Finding> {
        let unit = self.context.units.iter().find(|unit| unit.is_component && unit.name == name);
        let Some(unit) = unit else {
            return Err(Finding::skipped(format!("{name} is not part of the stack")));
        };
        self.subject(unit).await.map_err(|problem| {
            Finding::from(problem).advise("`mcpmon up` starts what is not running")
        })
    }
}

/// The finding, whichever way a check ended.
pub fn either(outcome: Result<Finding, Finding>) -> Finding {
    outcome.unwrap_or_else(|finding| finding)
}
