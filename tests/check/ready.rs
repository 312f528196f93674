use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mcpmon::check::{Begun, wait_ready};
use mcpmon::engine::Reader;
use mcpmon::plan::Unit;

use crate::fixture::{RUNNING, Reply, container, engine, serve, unit};

async fn wait(reader: &Reader, units: &[&Unit], seconds: f64) -> (Vec<String>, Vec<String>) {
    let ready = RefCell::new(Vec::new());
    let deadline = Instant::now() + Duration::from_secs_f64(seconds);
    let on_ready = |name: &str, _| ready.borrow_mut().push(name.to_owned());
    let failed = wait_ready(reader, units, &Begun::new(), deadline, &on_ready).await;
    let failed = failed.err().unwrap_or_default();
    (ready.into_inner(), failed.iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn half_ready_is_not_ready() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let server = serve(|_, _| match ASKED.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::Close,
        1..4 => Reply::status(503, "Service Unavailable"),
        _ => Reply::ok("Ready."),
    })
    .await;
    let unit = unit("prometheus", None);
    let described = container(&unit, RUNNING, 3, server.port);
    let (_engine, reader) = engine(move |_| Some(described.clone())).await;
    assert_eq!(wait(&reader, &[&unit], 10.0).await, (vec!["prometheus".to_owned()], vec![]));
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn the_deadline_says_what_was_answered_last() {
    let server = serve(|_, _| Reply::status(503, "Ingester not ready")).await;
    let unit = unit("loki", None);
    let described = container(&unit, RUNNING, 0, server.port);
    let (_engine, reader) = engine(move |_| Some(described.clone())).await;
    let (_, failed) = wait(&reader, &[&unit], 0.2).await;
    assert!(failed[0].starts_with("loki: not ready after 0."), "{failed:?}");
    assert!(
        failed[0].contains("/-/ready: answered 503: Ingester not ready\n  | it said this"),
        "{failed:?}"
    );
}

/// A container that ended fails at once, long before the deadline.
#[tokio::test]
async fn what_ended_fails_at_once() {
    let cases = [
        (r#"{"Status":"exited","ExitCode":2}"#, "it ended with exit code 2"),
        (
            r#"{"Status":"exited","ExitCode":137,"OOMKilled":true}"#,
            "it ran out of memory (limit 256 MiB): raise `resources.memory` of loki",
        ),
        (
            r#"{"Status":"restarting","ExitCode":1}"#,
            "it ended with exit code 1 and keeps being restarted (4×)",
        ),
        (r#"{"Status":"paused","ExitCode":0}"#, "it is paused: `docker unpause` wakes it"),
        (
            r#"{"Status":"created","ExitCode":127,"Error":"no such file"}"#,
            "it could not be started: no such file",
        ),
    ];
    for (state, expected) in cases {
        let mut unit = unit("loki", None);
        unit.spec.memory_bytes = Some(256 << 20);
        let described = container(&unit, state, 4, 1);
        let (_engine, reader) = engine(move |_| Some(described.clone())).await;
        let started = Instant::now();
        let (_, failed) = wait(&reader, &[&unit], 30.0).await;
        assert_eq!(failed, [format!("loki: {expected}\n  | it said this")]);
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn one_that_starts_over_and_over_fails_though_it_runs_each_time_it_is_looked_at() {
    static LOOKED: AtomicU32 = AtomicU32::new(0);
    let unit = unit("loki", None);
    let named = unit.clone();
    let (_engine, reader) = engine(move |_| {
        Some(container(&named, RUNNING, LOOKED.fetch_add(1, Ordering::Relaxed) / 2, 1))
    })
    .await;
    let (_, failed) = wait(&reader, &[&unit], 30.0).await;
    assert!(failed[0].contains("keeps being restarted (1×)"), "{failed:?}");
}

#[tokio::test]
async fn a_service_is_ready_when_it_has_run_for_a_moment() {
    let mut unit = unit("weather", None);
    unit.ready = None;
    let described = container(&unit, RUNNING, 0, 1);
    let (_engine, reader) = engine(move |_| Some(described.clone())).await;
    assert_eq!(wait(&reader, &[&unit], 5.0).await, (vec!["weather".to_owned()], vec![]));
}

/// The moment counts from when it was started, if that is known, and again from the last time it was started over.
#[tokio::test]
async fn what_was_started_by_us_has_run_since_then() {
    let mut unit = unit("weather", None);
    unit.ready = None;
    let started = Instant::now().checked_sub(Duration::from_secs(5)).unwrap();
    for (restarts, at_once) in [(0, true), (1, false)] {
        let described = container(&unit, RUNNING, restarts, 1);
        let looks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&looks);
        let (_engine, reader) = engine(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Some(described.clone())
        })
        .await;
        let now = Instant::now();
        let begun = Begun::from([("weather".to_owned(), started)]);
        let deadline = now + Duration::from_secs(5);
        assert!(wait_ready(&reader, &[&unit], &begun, deadline, &|_, _| {}).await.is_ok());
        // One look, and the one at the end; else at least a moment of them.
        assert_eq!(looks.load(Ordering::Relaxed) == 2, at_once, "{restarts} restarts");
        assert!(at_once || now.elapsed() >= Duration::from_secs(1), "{restarts} restarts");
    }
}

#[tokio::test]
async fn a_container_that_is_not_there_is_said_so() {
    let unit = unit("loki", None);
    let (_engine, reader) = engine(|_| None).await;
    let (_, failed) = wait(&reader, &[&unit], 5.0).await;
    assert!(failed[0].starts_with("loki: there is no container"), "{failed:?}");
}
