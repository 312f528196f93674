//! Credentials, and servers that ask for them.

use mcpmon::mcp::Reason;
use mcpmon::mcp::target::{Credentials, Http};

use crate::double::{Asked, Double, Reply, legacy};
use crate::support::{ask, at, failure, http, probe, succeeded, target};

const METADATA: &str = "/.well-known/oauth-protected-resource/mcp";

fn challenge(header: Option<String>) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    move |asked| match (asked.path.as_str(), &header) {
        (METADATA, _) => Reply::new(
            200,
            "application/json",
            r#"{"resource":"http://x/mcp","authorization_servers":["http://idp/"]}"#,
        ),
        ("/mcp", Some(header)) => Reply::status(401).with("www-authenticate", header.clone()),
        ("/mcp", None) => Reply::status(401),
        _ => Reply::status(404),
    }
}

fn accepting(url: &str) -> Http {
    Http { accept_auth_challenge: true, ..http(url) }
}

#[tokio::test]
async fn the_metadata_is_found_with_and_without_the_header() {
    // Behind a proxy the header names the public host; the server that was asked is asked, and no other.
    let named = format!(
        "Bearer error=\"invalid_token\", resource_metadata=\"https://public.example{METADATA}\""
    );
    for header in [None, Some("Bearer realm=\"x\"".to_owned()), Some(named)] {
        let double = Double::start(challenge(header.clone())).await;
        let report = probe(&target(&double.url()), &ask()).await;
        assert_eq!(failure(&report).0, Reason::AuthRequired);
        assert!(report.failure.as_ref().unwrap().advice.contains("`auth`"));
        let found = report.challenge.unwrap();
        assert_eq!(found.header, header.clone());
        let expected = match &header {
            Some(header) if header.contains("public") => {
                format!("https://public.example{METADATA}")
            }
            _ => format!("http://127.0.0.1:{}{METADATA}", double.port),
        };
        assert_eq!(found.resource_metadata.unwrap(), expected);

        let report = probe(&at(accepting(&double.url())), &ask()).await;
        succeeded(&report);
        assert!(report.challenge.is_some() && report.protocol.is_none());
    }
}

#[tokio::test]
async fn a_challenge_that_says_nothing_is_no_success() {
    for reply in [
        Reply::status(404),
        Reply::new(200, "text/html", "<html>"),
        Reply::new(200, "application/json", "{}"),
        Reply::Hang,
    ] {
        let double = Double::start(move |asked| match asked.path.as_str() {
            "/mcp" => Reply::status(401),
            _ => reply.clone(),
        })
        .await;
        let report = probe(&at(accepting(&double.url())), &crate::support::within(600)).await;
        assert_eq!(failure(&report).0, Reason::AuthRequired);
    }
}

#[tokio::test]
async fn credentials_are_sent_to_the_server_and_not_for_metadata() {
    let bearer = Credentials::Bearer("t0ken".to_owned());
    let basic = Credentials::Basic { username: "u".to_owned(), password: "pä".to_owned() };
    let own = Credentials::Header { name: "X-Api-Key".to_owned(), value: "k".to_owned() };
    let cases = [
        (bearer, "authorization", "Bearer t0ken"),
        (basic, "authorization", "Basic dTpww6Q="),
        (own, "x-api-key", "k"),
    ];
    for (credentials, name, value) in cases {
        let double = Double::start(move |asked| match asked.header(name) {
            Some(sent) if sent == value => legacy(asked),
            _ => Reply::status(401),
        })
        .await;
        let with = Http { credentials: Some(credentials.clone()), ..http(&double.url()) };
        succeeded(&probe(&at(with), &ask()).await);
        assert!(double.asked().iter().all(|asked| asked.header(name) == Some(value)));

        let double = Double::start(challenge(None)).await;
        let with = Http { credentials: Some(credentials), ..http(&double.url()) };
        let report = probe(&at(with), &ask()).await;
        assert!(failure(&report).1.contains("401"));
        assert!(report.failure.as_ref().unwrap().advice.contains("expired"));
        let asked = double.asked();
        assert_eq!(asked.iter().filter(|asked| asked.verb == "GET").count(), 1);
        for asked in asked {
            assert_eq!(asked.header(name).is_some(), asked.verb == "POST");
        }
        let told = format!("{report:?}");
        assert!(!told.contains("t0ken") && !told.contains("dTpww6Q"), "{told}");
    }
}

#[tokio::test]
async fn credentials_that_no_header_may_hold() {
    let double = Double::start(legacy).await;
    let credentials = Some(Credentials::Bearer("a\r\nx: y".to_owned()));
    let report = probe(&at(Http { credentials, ..http(&double.url()) }), &ask()).await;
    assert_eq!(failure(&report).0, Reason::HeaderMismatch);
    assert!(double.asked().is_empty());
}

#[tokio::test]
async fn a_scope_that_is_missing() {
    let header = "Bearer error=\"insufficient_scope\", scope=\"mcp:read\"";
    let double = Double::start(move |_| Reply::status(403).with("www-authenticate", header)).await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report).0, Reason::Forbidden);
    assert!(report.failure.unwrap().advice.contains("scope"));
}

#[tokio::test]
async fn the_host_that_the_server_takes() {
    let double = Double::start(|asked| match asked.header("host") {
        Some("127.0.0.1:8000") => legacy(asked),
        _ => Reply::new(421, "text/plain", "Invalid Host header"),
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report).0, Reason::HostRejected);
    let advice = report.failure.unwrap().advice;
    let sent = format!("127.0.0.1:{}", double.port);
    assert!(advice.contains("`host_header`") && advice.contains(&sent), "{advice}");

    let host_header = Some("127.0.0.1:8000".to_owned());
    succeeded(&probe(&at(Http { host_header, ..http(&double.url()) }), &ask()).await);
}
