//! Certificates of the stack's own programs: whom they prove, and for how long.

use std::time::Duration;

use super::tls::{self, Wrong};
use crate::catalog::Generate;
use crate::plan::Unit;
use crate::stack::Stack;

/// What is wrong with one program's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The component.
    pub component: String,
    /// What is wrong with it.
    pub wrong: Wrong,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.wrong {
            Wrong::Expired => write!(f, "{}: its certificate has expired", self.component),
            Wrong::Other(text) => {
                write!(f, "{}: its certificate is of no use: {text}", self.component)
            }
        }
    }
}

/// How many programs have a certificate, and which of these will not do in `ahead`.
pub fn look(stack: &Stack, units: &[Unit], ahead: Duration) -> (usize, Vec<Finding>) {
    let mut count = 0;
    let mut found = Vec::new();
    for unit in units.iter().filter(|unit| unit.is_component) {
        let Some(part) = stack.components.get(&unit.name) else { continue };
        let file = |kind: Generate| {
            let setting = part.spec.settings.iter().find(|(_, s)| s.generate == Some(kind))?.0;
            Some(unit.files.get(&format!("secrets/{setting}"))?.content.as_slice())
        };
        let (Some(ca), Some(certificate), Some(key)) =
            (file(Generate::Ca), file(Generate::Certificate), file(Generate::PrivateKey))
        else {
            continue;
        };
        count += 1;
        let proven = tls::proves(ca, certificate, &unit.name, ahead)
            .and_then(|()| tls::fit(certificate, key).map_err(Wrong::Other));
        found.extend(proven.err().map(|wrong| Finding { component: unit.name.clone(), wrong }));
    }
    (count, found)
}
