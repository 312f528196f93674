//! Metrics of containers, from the engine's own figures.

use std::sync::Arc;
use std::time::Duration;

use mcpmon::engine::NetworkMode;
use mcpmon::gate::{Gate, measure::Measure};
use tokio::time::sleep;

use crate::fixture::{Fixture, SOCKET};

const WITHIN: Duration = Duration::from_secs(10);

/// The value of the series of that container.
fn value(text: &str, name: &str, container: &str) -> Option<f64> {
    let series = format!("name=\"{container}\"");
    let line = text.lines().find(|l| l.starts_with(&format!("{name}{{")) && l.contains(&series))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[tokio::test]
async fn what_a_container_uses_is_measured() {
    let fixture = Fixture::new().await;
    let network = fixture.name("net");
    let labels = [("dev.mcpmon.stack".to_owned(), fixture.stack.clone())].into();
    fixture.engine.create_network(&network, &labels).await.unwrap();
    let mut spec = fixture.spec("flood", "flood").await;
    spec.network = NetworkMode::Named { name: network, aliases: vec![] };
    spec.memory_bytes = Some(64 << 20);
    spec.nano_cpus = Some(200_000_000);
    fixture.started(&spec).await;
    let stranger = fixture.stranger("stranger", "sleep").await;
    let mut still = fixture.spec("still", "sleep").await;
    still.labels.insert("dev.mcpmon.note".into(), "never started".into());
    fixture.engine.create_container(&still).await.unwrap();
    let gate = Arc::new(Gate::new(SOCKET.as_ref(), fixture.scope()));
    let measure = Measure::new(gate);
    sleep(Duration::from_secs(1)).await;
    let first = measure.exposition(WITHIN).await.unwrap();
    let of =
        |name: &str| value(&first, name, &spec.name).unwrap_or_else(|| panic!("{name}: {first}"));
    assert!(of("container_cpu_usage_seconds_total") > 0.0);
    assert!(of("container_memory_working_set_bytes") > 4096.0);
    assert!(of("container_memory_usage_bytes") >= of("container_memory_working_set_bytes"));
    assert_eq!(of("container_spec_memory_limit_bytes"), f64::from(64 << 20));
    assert_eq!(of("container_spec_cpu_quota") / of("container_spec_cpu_period"), 0.2);
    assert!(of("container_cpu_cfs_periods_total") > 0.0);
    assert!(of("container_network_receive_bytes_total") >= 0.0);
    assert_eq!(of("container_oom_events_total"), 0.0);
    assert_eq!(of("container_restarts_total"), 0.0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!((now.as_secs_f64() - of("container_last_seen")).abs() < 10.0);
    assert!((now.as_secs_f64() - of("container_start_time_seconds")).abs() < 60.0);
    assert!(first.contains("container_scrape_error 0\n"));
    // One that does not run uses nothing, and a stranger is not shown.
    assert_eq!(value(&first, "container_restarts_total", &still.name), Some(0.0));
    assert_eq!(value(&first, "container_last_seen", &still.name), None);
    assert!(!first.contains(&stranger.id), "{first}");
    // Whoever asks at the same moment gets the same answer; later ones a newer one.
    assert!(Arc::ptr_eq(&first, &measure.exposition(WITHIN).await.unwrap()));
    sleep(Duration::from_secs(5)).await;
    let second = measure.exposition(WITHIN).await.unwrap();
    let used = |text: &str| value(text, "container_cpu_usage_seconds_total", &spec.name).unwrap();
    assert!(used(&second) > used(&first), "{second}");
    // Restarting begins the count of processor time anew, and the start is a new one.
    fixture.engine.restart(&spec.name, Duration::ZERO).await.unwrap();
    sleep(Duration::from_secs(5)).await;
    let third = measure.exposition(WITHIN).await.unwrap();
    let started = |text: &str| value(text, "container_start_time_seconds", &spec.name).unwrap();
    assert!(started(&third) > started(&second), "{third}");
}

#[tokio::test]
async fn a_kill_for_want_of_memory_is_counted() {
    let fixture = Fixture::new().await;
    let gate = Arc::new(Gate::new(SOCKET.as_ref(), fixture.scope()));
    let measure = Arc::new(Measure::new(gate));
    let counting = Arc::clone(&measure);
    tokio::spawn(async move { counting.count_kills().await });
    sleep(Duration::from_millis(500)).await;
    let mut spec = fixture.spec("hog", "hog").await;
    spec.memory_bytes = Some(48 << 20);
    fixture.started(&spec).await;
    let killed = async || {
        let text = measure.exposition(WITHIN).await.unwrap();
        value(&text, "container_oom_events_total", &spec.name)
    };
    assert_eq!(killed().await, Some(0.0));
    for _ in 0..30 {
        if killed().await == Some(1.0) {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
    panic!("{:?}", killed().await);
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_an_error_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("engine.sock");
    // Takes connections, and never says anything.
    let _engine = tokio::net::UnixListener::bind(&socket).unwrap();
    let gate = Arc::new(Gate::new(&socket, mcpmon::gate::Scope::All));
    let start = std::time::Instant::now();
    let error = Measure::new(gate).exposition(Duration::from_millis(300)).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2), "{error}");
}
