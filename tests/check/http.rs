use std::time::Duration;

use mcpmon::check::http::Http;
use serde_json::Value;

use crate::fixture::{Reply, serve};

/// What is said about each way in which an answer fails to be one.
#[tokio::test]
async fn each_failure_names_the_address_and_the_cause() {
    let cases = [
        (Reply::status(503, "Service Unavailable\nmore"), "answered 503: Service Unavailable"),
        (Reply::status(500, r#"{"message":"bad rule"}"#), "answered 500: bad rule"),
        (Reply::status(404, ""), "answered 404"),
        (Reply::status(302, ""), "answered 302"),
        (Reply::ok("<html>nginx</html>"), "another program answers there?"),
        (Reply::Close, "connection"),
    ];
    for (reply, expected) in cases {
        let server = serve(move |_, _| reply.clone()).await;
        let url = format!("{}/api", server.url());
        let said = Http::default().json::<Value>(&url, None).await.unwrap_err();
        assert!(said.starts_with(&format!("GET {url}: ")), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[tokio::test]
async fn nobody_listens() {
    let said = Http::default().get("http://127.0.0.1:1/", None).await.unwrap_err();
    assert_eq!(said, "GET http://127.0.0.1:1/: connection refused");
}

#[tokio::test]
async fn a_program_that_hangs_is_given_up() {
    let server = serve(|_, _| Reply::Hang).await;
    let timeout = Duration::from_millis(150);
    let said = Http::default().post(&server.url(), None, timeout).await.unwrap_err();
    assert!(said.ends_with("no answer within 150ms"), "{said}");
}

#[tokio::test]
async fn several_checks_read_one_document() {
    let server = serve(|_, _| Reply::ok("{}")).await;
    let http = Http::default().remembering();
    let url = server.url();
    let clone = http.clone();
    let (first, second) =
        tokio::join!(http.json::<Value>(&url, None), clone.json::<Value>(&url, None));
    assert_eq!(first, second);
    assert_eq!(server.asked().len(), 1);
}
