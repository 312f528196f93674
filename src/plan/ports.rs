//! Which wanted ports somebody else has.

use super::wanted::Unit;
use crate::engine::Publishing;

/// A line for each published port that is not free: which, for what, and who has it. `bindable`
/// says whether the host would give it to us, for ports of programs outside Docker.
pub fn taken_ports(
    stack: &str,
    units: &[&Unit],
    publishing: &[Publishing],
    bindable: &dyn Fn(&str, u16) -> bool,
) -> Vec<String> {
    let mut taken = Vec::new();
    for unit in units {
        for port in &unit.spec.ports {
            let Some(number) = port.host_port else { continue };
            let by = publishing.iter().find(|other| other.host_port == number);
            match by {
                // Our own containers give their ports back before they are made anew.
                Some(other) if other.stack.as_deref() == Some(stack) => {}
                Some(other) => {
                    let stack = other
                        .stack
                        .as_ref()
                        .map(|s| format!(" of the stack `{s}`"))
                        .unwrap_or_default();
                    taken.push(format!(
                        "{number} for {}: the container `{}`{stack} has it",
                        unit.name, other.container
                    ));
                }
                None if !bindable(&port.address, number) => {
                    taken
                        .push(format!("{number} for {}: a program on this host has it", unit.name));
                }
                None => {}
            }
        }
    }
    taken
}
