//! Redirects are followed on the same server only.

use mcpmon::mcp::Reason;
use mcpmon::mcp::target::{Credentials, Http};

use crate::double::{Double, Reply, legacy};
use crate::support::{ask, at, failure, http, probe, succeeded, target};

#[tokio::test]
async fn a_slash_is_added_and_kept() {
    let double = Double::start(|asked| match asked.path.as_str() {
        "/mcp" => Reply::status(307).with("location", "/mcp/"),
        _ => legacy(asked),
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    succeeded(&report);
    let asked = double.asked();
    assert_eq!(asked.iter().filter(|asked| asked.path == "/mcp").count(), 1);
    assert!(asked.iter().all(|asked| asked.verb != "GET"));
    assert_eq!(*double.connections.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_loop() {
    let double = Double::start(|_| Reply::status(308).with("location", "/mcp")).await;
    let report = probe(&target(&double.url()), &ask()).await;
    let (reason, words) = failure(&report);
    assert_eq!(reason, Reason::Redirect);
    assert!(
        words.starts_with("server/discover: more than 3 redirects, the last to http://127"),
        "{words}"
    );
    assert_eq!(double.asked().len(), 4);
}

#[tokio::test]
async fn another_host_gets_nothing() {
    let other = Double::start(legacy).await;
    let to = other.url().replace("127.0.0.1", "localhost");
    let named = to.clone();
    let double = Double::start(move |_| Reply::status(307).with("location", named.clone())).await;
    let credentials = Some(Credentials::Bearer("t0ken".to_owned()));
    let report = probe(&at(Http { credentials, ..http(&double.url()) }), &ask()).await;
    let words = format!("server/discover: answered 307, which leads to another server: {to}");
    assert_eq!(failure(&report), (Reason::Redirect, words.as_str()));
    assert!(other.asked().is_empty());
    // Another port of the same host is another server too.
    let named = other.url();
    let double = Double::start(move |_| Reply::status(307).with("location", named.clone())).await;
    assert_eq!(failure(&probe(&target(&double.url()), &ask()).await).0, Reason::Redirect);
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_login_page() {
    let double = Double::start(|_| Reply::status(302).with("location", "/login?next=/mcp")).await;
    let report = probe(&target(&double.url()), &ask()).await;
    let (reason, words) = failure(&report);
    assert_eq!(reason, Reason::Redirect);
    assert!(words.contains("answered 302 to a POST, which would be asked of"), "{words}");
    assert_eq!(double.asked().len(), 1);
}
