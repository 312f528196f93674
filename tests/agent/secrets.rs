//! Credentials reach the server, and nobody else.

use crate::fixture::{Agent, Behaviour, Double};

const TOKEN: &str = "8CbYkqNtWp4s-token";

#[tokio::test]
async fn a_credential_is_read_when_it_is_needed_and_shown_to_nobody() {
    let server = Double::start(Behaviour { token: Some(TOKEN), ..Default::default() }).await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("token"), "an older one\n").unwrap();
    let text = format!(
        "apart: 1ms\nservices: {{a: {{url: \"{}\", auth: {{bearer: {{file: token}}}}}}}}",
        server.url()
    );
    let agent = Agent::within(dir, &text).await;
    let answer = agent.probe("a").await;
    assert_eq!(
        answer.value("mcp_probe_failure{reason=\"auth_required\"}"),
        Some(1.0),
        "{}",
        answer.text
    );
    assert_eq!(answer.value("mcp_probe_auth_required"), Some(1.0));
    std::fs::write(agent.dir.path().join("token"), format!("{TOKEN}\n")).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let answer = agent.probe("a").await;
    assert_eq!(answer.value("probe_success"), Some(1.0), "{}", answer.text);
    assert!(server.tokens().contains(&format!("Bearer {TOKEN}")));
    for query in ["", "&debug=true", "&output=json"] {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let answer = agent.get(&format!("/probe?target=a{query}")).await;
        assert!(!answer.text.contains(TOKEN), "{query}: {}", answer.text);
    }
    // A secret that went is the agent's trouble, not the server's.
    std::fs::remove_file(agent.dir.path().join("token")).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let answer = agent.probe("a").await;
    assert_eq!(answer.status, 503);
    answer.says("cannot read the secret");
}
