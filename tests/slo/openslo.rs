//! `OpenSLO`: what is written can be read again.

use mcpmon::slo::openslo::{export, import};

use crate::fleet::{EVERY_KIND, resolved};

#[test]
fn what_is_exported_can_be_imported() {
    let slos = resolved(EVERY_KIND);
    let counted: Vec<_> = slos
        .iter()
        .filter(|slo| ["auth", "jobs", "streams", "slices"].contains(&slo.id.as_str()))
        .collect();
    let text = export("shop", &counted).unwrap();
    assert!(text.contains("target: 0.99\n") && text.contains("apiVersion: openslo/v1\n"), "{text}");
    let again = resolved(&import(&text).unwrap().manifest);
    assert_eq!(again.len(), counted.len());
    for (before, after) in counted.iter().zip(&again) {
        assert_eq!(
            (&before.id, before.objective, before.window, before.slices, &before.owner),
            (&after.id, after.objective, after.window, after.slices, &after.owner),
        );
    }
}

#[test]
fn every_objective_can_be_exported() {
    let slos = resolved(EVERY_KIND);
    let all: Vec<_> = slos.iter().collect();
    let text = export("shop", &all).unwrap();
    // One for each objective, and one for each that a service has of its own.
    assert_eq!(text.matches("\nkind: SLO\n").count(), slos.len() + 1);
    assert!(!text.contains("$window") && !text.contains("$seconds"), "{text}");
}
