//! Nobody waits for somebody else, and no server is asked more than it should be.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::fixture::{Agent, Behaviour, Double};

async fn hung() -> Double {
    Double::start(Behaviour { hangs: true, ..Default::default() }).await
}

#[tokio::test]
async fn the_answer_comes_before_prometheus_stops_waiting() {
    let server = hung().await;
    let text = format!(
        "services: {{patient: \"{url}\", hasty: {{url: \"{url}\", timeout: 300ms}}}}",
        url = server.url()
    );
    let agent = Agent::start(&text).await;
    for (target, waits, least, most) in
        [("patient", "2", 1200, 1950), ("hasty", "2", 150, 1000), ("patient", "0.4", 50, 390)]
    {
        let started = Instant::now();
        let answer = agent.ask(&format!("/probe?target={target}"), Some(waits)).await;
        let took = started.elapsed().as_millis();
        assert!((least..most).contains(&took), "{target}: {took} ms");
        assert_eq!(
            answer.value("mcp_probe_failure{reason=\"timeout\"}"),
            Some(1.0),
            "{}",
            answer.text
        );
        // What was answered to a hasty question is no answer to a patient one.
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
}

#[tokio::test]
async fn a_hung_server_holds_up_no_other() {
    let (hung, good) = (hung().await, Double::good().await);
    let text = format!("services: {{hung: \"{}\", good: \"{}\"}}", hung.url(), good.url());
    let agent = Agent::start(&text).await;
    let waiting = agent.ask("/probe?target=hung", Some("3"));
    let others = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let started = Instant::now();
        let answer = agent.probe("good").await;
        assert_eq!(answer.value("probe_success"), Some(1.0), "{}", answer.text);
        let own = agent.get("/metrics").await;
        assert_eq!(own.value("mcpmon_agent_probes_in_flight"), Some(1.0), "{}", own.text);
        assert!(started.elapsed() < Duration::from_millis(700), "{:?}", started.elapsed());
    };
    let (answer, ()) = tokio::join!(waiting, others);
    assert_eq!(answer.value("probe_success"), Some(0.0));
}

#[tokio::test]
async fn questions_at_the_same_time_are_one_probe() {
    let server =
        Double::start(Behaviour { thinks: Duration::from_millis(100), ..Default::default() }).await;
    let agent = Agent::start(&format!("services: {{a: \"{}\"}}", server.url())).await;
    let answers = join_all((0..5).map(|_| agent.probe("a"))).await;
    assert!(answers.iter().all(|answer| answer.value("probe_success") == Some(1.0)));
    assert_eq!(server.conversations(), 1);
    assert_eq!(server.most_at_once(), 1);
}

#[tokio::test]
async fn who_asks_too_soon_gets_the_last_answer_again() {
    let server = Double::good().await;
    let agent = Agent::start(&format!("apart: 400ms\nservices: {{a: \"{}\"}}", server.url())).await;
    for _ in 0..20 {
        assert_eq!(agent.probe("a").await.value("probe_success"), Some(1.0));
    }
    assert_eq!(server.conversations(), 1);
    tokio::time::sleep(Duration::from_millis(450)).await;
    agent.probe("a").await;
    assert_eq!(server.conversations(), 2);
}

#[tokio::test]
async fn more_than_the_limit_wait_within_their_time() {
    let (hung, good) = (hung().await, Double::good().await);
    let text = format!(
        "side_by_side: 1\nservices: {{hung: \"{}\", good: \"{}\"}}",
        hung.url(),
        good.url()
    );
    let agent = Agent::start(&text).await;
    let first = agent.ask("/probe?target=hung", Some("2"));
    let others = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let hasty = agent.ask("/probe?target=good", Some("1"));
        let patient = agent.ask("/probe?target=good", Some("4"));
        tokio::join!(hasty, patient)
    };
    let (_, (hasty, patient)) = tokio::join!(first, others);
    assert_eq!(hasty.status, 503);
    hasty.says("too many other probes are under way");
    assert_eq!(patient.value("probe_success"), Some(1.0), "{}", patient.text);
    let own = agent.get("/metrics").await;
    let unasked = "mcpmon_agent_probes_total{module=\"tools\",result=\"unasked\"}";
    assert_eq!(own.value(unasked), Some(1.0), "{}", own.text);
}

#[tokio::test]
async fn two_hundred_are_asked_side_by_side() {
    let server =
        Double::start(Behaviour { thinks: Duration::from_secs(2), ..Default::default() }).await;
    let services: Vec<String> = (0..200)
        .map(|n| format!("  s{n}: {{url: \"{}\", depth: handshake}}\n", server.url()))
        .collect();
    let agent = Agent::start(&format!("services:\n{}", services.concat())).await;
    let names: Vec<String> = (0..200).map(|n| format!("s{n}")).collect();
    let started = Instant::now();
    let answers = join_all(names.iter().map(|name| agent.probe(name))).await;
    let took = started.elapsed();
    assert!(answers.iter().all(|answer| answer.value("probe_success") == Some(1.0)));
    assert!(server.most_at_once() > 190, "{}", server.most_at_once());
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[tokio::test]
async fn a_probe_goes_on_when_nobody_waits_for_it_any_more() {
    let server = Double::start(Behaviour {
        legacy: true,
        thinks: Duration::from_millis(150),
        ..Default::default()
    })
    .await;
    let agent = Agent::start(&format!("services: {{a: \"{}\"}}", server.url())).await;
    let gone = tokio::time::timeout(Duration::from_millis(450), agent.probe("a")).await;
    assert!(gone.is_err());
    let deadline = Instant::now() + Duration::from_secs(5);
    while server.asked().last().is_none_or(|method| method != "DELETE") {
        assert!(Instant::now() < deadline, "the session was not ended: {:?}", server.asked());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
