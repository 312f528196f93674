//! What no real engine here does: an engine too old, and a pull that fails half-way. A socket that answers like an engine stands in.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::path::Path;
use std::sync::Mutex;

use mcpmon::engine::{Endpoint, Engine, EngineError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;

/// Answers every request with the JSON that stands beside the first path it begins with.
fn engine_that_answers(socket: &Path, answers: &'static [(&str, &str)]) -> Endpoint {
    let listener = UnixListener::bind(socket).unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let size = client.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..size]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let answer = answers.iter().find(|(start, _)| path.starts_with(start));
            let body = answer.map_or("{}", |(_, body)| body);
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
            client.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
    });
    Endpoint { address: format!("unix://{}", socket.display()), chosen_by: "a test".to_owned() }
}

#[tokio::test]
async fn an_engine_too_old_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let answers = &[("/version", r#"{"Version": "19.03.1", "ApiVersion": "1.40"}"#)];
    let endpoint = engine_that_answers(&dir.path().join("old.sock"), answers);
    let error = Engine::connect(&endpoint).await.err().unwrap();
    assert_eq!(error.exit_code(), 3);
    let text = error.to_string();
    assert!(
        text.contains("API 1.40 (Docker 19.03.1)") && text.contains("upgrade Docker"),
        "{text}"
    );
}

#[tokio::test]
async fn a_pull_reports_its_layers_and_the_failure_among_them() {
    let dir = tempfile::tempdir().unwrap();
    let pull = concat!(
        r#"{"status":"Pulling from a/b","id":"1"}"#,
        "\r\n",
        r#"{"status":"Downloading","progressDetail":{"current":10,"total":30},"id":"ab12"}"#,
        "\r\n",
        r#"{"errorDetail":{"message":"pull access denied for a/b"},"error":"pull access denied for a/b"}"#,
        "\r\n",
    );
    let answers: &'static [(&str, &str)] = vec![
        ("/version", r#"{"Version": "29.0.0", "ApiVersion": "1.52"}"#),
        ("/images/create?fromImage=a%2Fb&tag=1", pull),
    ]
    .leak();
    let endpoint = engine_that_answers(&dir.path().join("pull.sock"), answers);
    let engine = Engine::connect(&endpoint).await.unwrap();
    let seen = Mutex::new(Vec::new());
    let note = |layer: &mcpmon::engine::LayerProgress<'_>| {
        seen.lock().unwrap().push((
            layer.layer.to_owned(),
            layer.status.to_owned(),
            layer.current,
            layer.total,
        ));
    };
    let error = engine.pull("a/b:1", &note).await.unwrap_err();
    let EngineError::Pull { image, message } = &error else { panic!("{error:?}") };
    assert_eq!(image, "a/b:1");
    assert!(
        message.contains("access denied") && message.contains("`docker pull` it first"),
        "{message}"
    );
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen[1], ("ab12".to_owned(), "Downloading".to_owned(), Some(10), Some(30)));
}
