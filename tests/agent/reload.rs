//! A configuration that is read anew.

use crate::fixture::{Agent, Double};

#[tokio::test]
async fn what_is_new_is_asked_and_what_went_is_refused() {
    let server = Double::good().await;
    let agent = Agent::start(&format!("services: {{old: \"{}\"}}", server.url())).await;
    std::fs::write(agent.config(), "include: [more.json]").unwrap();
    let more = format!("{{\"services\": {{\"new\": {{\"url\": \"{}\"}}}}}}", server.url());
    std::fs::write(agent.dir.path().join("more.json"), more).unwrap();
    assert_eq!(agent.probe("new").await.status, 404);
    let answer = agent.reload().await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "1 services\n"));
    assert_eq!(agent.probe("new").await.value("probe_success"), Some(1.0));
    assert_eq!(agent.probe("old").await.status, 404);
    assert_eq!(agent.get("/metrics").await.value("mcpmon_agent_services"), Some(1.0));
}

#[tokio::test]
async fn a_reload_asks_nobody_twice() {
    let server = Double::good().await;
    let agent = Agent::start(&format!("services: {{a: \"{}\"}}", server.url())).await;
    agent.probe("a").await;
    assert_eq!(agent.reload().await.status, 200);
    agent.probe("a").await;
    assert_eq!(server.conversations(), 1);
}

#[tokio::test]
async fn a_wrong_file_is_refused_and_the_one_before_stays_in_use() {
    let server = Double::good().await;
    let agent = Agent::start(&format!("services: {{old: \"{}\"}}", server.url())).await;
    for (text, message) in [
        (
            "services: {a: {url: \"http://a/\", depth: toolz}}",
            "agent.yml:1:41: unknown value `toolz` (did you mean `tools`?)",
        ),
        (
            "services: {a: \"http://169.254.169.254/\"}",
            "agent.yml:1:15: `169.254.169.254` is where a cloud hands out credentials",
        ),
        (
            "services: {a: {url: \"http://a/\", auth: {bearer: {file: token}}}}",
            "cannot read the secret",
        ),
        (
            "services: {a: {url: \"http://a/\", auth: {bearer: hunter2}}}",
            "a secret must not stand in the manifest",
        ),
        ("services: {a: {command: [x], env: {API_KEY: hunter2}}}", "`API_KEY` looks like a secret"),
        ("services: {a: {url: \"http://me:hunter2@a/\"}}", "a URL must not hold credentials"),
        ("service: {}", "unknown key `service`"),
        ("include: [nothing.json]", "nothing.json: there is no such file or folder"),
        ("side_by_side: 0", "with no probe at a time nothing would be asked"),
        ("timeout: 3m", "a probe may not take longer (3m)"),
    ] {
        std::fs::write(agent.config(), text).unwrap();
        let answer = agent.reload().await;
        assert_eq!(answer.status, 500, "{text}: {}", answer.text);
        answer.says(message);
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
        let own = agent.get("/metrics").await;
        assert_eq!(own.value("mcpmon_agent_config_last_reload_successful"), Some(0.0), "{text}");
    }
    assert_eq!(agent.probe("old").await.value("probe_success"), Some(1.0));
    std::fs::write(agent.config(), "services: {}").unwrap();
    assert_eq!(agent.reload().await.status, 200);
    let own = agent.get("/metrics").await;
    assert_eq!(own.value("mcpmon_agent_config_last_reload_successful"), Some(1.0));
}
