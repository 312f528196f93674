use std::time::{Duration, Instant};

use mcpmon::check::{HealthContext, Verdict, health, names, wait_healthy};
use mcpmon::stack::Secrets;

use crate::fixture::{engine, stack, unit};

#[tokio::test]
async fn a_stack_that_is_not_there_fails_and_what_is_no_part_of_it_is_skipped() {
    let (_engine, reader) = engine(|_| None).await;
    let (stack, secrets) = (stack(), Secrets::default());
    let units = [unit("prometheus", None)];
    let context =
        HealthContext { reader: &reader, stack: &stack, units: &units, secrets: &secrets };
    let report = health(&context, &[]).await;
    let verdicts: Vec<(&str, Verdict)> =
        report.checks.iter().map(|c| (c.name, c.verdict)).collect();
    let (passed, failed, skipped) = (Verdict::Passed, Verdict::Failed, Verdict::Skipped);
    let expected = [
        ("engine", passed),
        ("containers", failed),
        ("certificates", skipped),
        ("ready", failed),
        // Nothing of it can be proven.
        ("loaded", skipped),
        ("targets", failed),
        // No service has an address for MCP.
        ("mcp", skipped),
        ("rules", failed),
        ("alertmanager", skipped),
        ("logs", skipped),
        ("grafana", skipped),
        ("drift", failed),
    ];
    assert_eq!(verdicts, expected, "{}", report.text());
    assert!(report.checks.iter().filter(|c| c.verdict == failed).all(|c| c.advice.is_some()));
    assert_eq!(names().len(), expected.len());
}

#[tokio::test]
async fn only_what_is_named_is_asked() {
    let (_engine, reader) = engine(|_| None).await;
    let (stack, secrets) = (stack(), Secrets::default());
    let context = HealthContext { reader: &reader, stack: &stack, units: &[], secrets: &secrets };
    let report = health(&context, &["engine".to_owned()]).await;
    assert_eq!(report.checks.len(), 1);
    assert!(report.is_healthy());
}

#[tokio::test]
async fn waiting_ends_at_the_deadline() {
    let (_engine, reader) = engine(|_| None).await;
    let (stack, secrets) = (stack(), Secrets::default());
    let units = [unit("prometheus", None)];
    let context =
        HealthContext { reader: &reader, stack: &stack, units: &units, secrets: &secrets };
    let started = Instant::now();
    let deadline = started + Duration::from_millis(700);
    let report = wait_healthy(&context, &["containers".to_owned()], deadline).await;
    assert!(!report.is_healthy());
    assert!((400..2000).contains(&started.elapsed().as_millis()));
}
