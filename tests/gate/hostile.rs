//! Clients that mean no good.

use std::path::Path;
use std::time::{Duration, Instant};

use mcpmon::gate::{Gate, LARGEST_HEAD, Limits, Scope};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixListener};

use crate::fixture::{SOCKET, gate, opened, raw};

/// A gate before an engine that must never be reached.
async fn closed() -> (std::net::SocketAddr, UnixListener, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("engine.sock");
    let engine = UnixListener::bind(&socket).unwrap();
    let (_, address) = gate(&socket, Scope::All).await;
    (address, engine, dir)
}

async fn unreached(engine: UnixListener) {
    let come = tokio::time::timeout(Duration::from_millis(100), engine.accept()).await;
    assert!(come.is_err(), "the engine was reached");
}

#[tokio::test]
async fn requests_that_two_readers_read_differently_are_refused() {
    let (address, engine, _dir) = closed().await;
    let smuggled = "POST /containers/create HTTP/1.1\r\nhost: x\r\n\r\n";
    let length = smuggled.len();
    let chunk = format!("{length:x}\r\n{smuggled}\r\n0\r\n\r\n");
    for head in [
        format!("GET /version HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{smuggled}"),
        format!("GET /version HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{chunk}"),
        format!("GET /version HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n{chunk}"),
        format!("GET /version HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n{smuggled}"),
        format!("GET /version HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n{chunk}"),
        format!("GET /version HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\ncontent-length: {length}\r\n\r\n{smuggled}"),
        format!("GET /version HTTP/1.1\r\nhost: x\r\ncontent-length: +{length}\r\n\r\n{smuggled}"),
        format!("GET /version HTTP/1.1\r\nhost: x\r\n x: y\r\ncontent-length: {length}\r\n\r\n{smuggled}"),
        "GET /version HTTP/1.1\r\nhost: x\r\nupgrade: tcp\r\nconnection: upgrade\r\n\r\n".to_owned(),
        "GET /version HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\nhttp2-settings: AA\r\nconnection: upgrade, http2-settings\r\n\r\n".to_owned(),
        "GET /version HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\r\n".to_owned(),
        "GET http://engine/version HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET //version HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET /containers/a%2f..%2f..%2fimages/json HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET /containers/../images/json HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET /version%0d%0aPOST HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET /version\tHTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET /version HTTP/3.0\r\nhost: x\r\n\r\n".to_owned(),
        "\u{0}\u{1}\u{2}GET /version HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET /containers/json?filters={} HTTP/1.1\r\nhost: x\r\n\r\n", "%7B".repeat(4000)),
    ] {
        let answer = raw(address, head.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{head}: {answer}");
        // One answer, and then the end: what was hidden in it is never read.
        assert!(answer.matches("HTTP/1.1").count() <= 1, "{head}: {answer}");
    }
    unreached(engine).await;
}

#[tokio::test]
async fn a_request_behind_another_is_read_as_one_of_its_own() {
    let (_, address) = gate(SOCKET.as_ref(), Scope::All).await;
    let two = b"GET /_ping HTTP/1.1\r\nhost: x\r\n\r\nPOST /containers/create HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = raw(address, two).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn large_and_many_headers_are_refused() {
    let (address, engine, _dir) = closed().await;
    let large = format!("GET /version HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(2 * LARGEST_HEAD));
    let many = format!("GET /version HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(100));
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(2 * LARGEST_HEAD));
    for head in [large, many, long] {
        let start = Instant::now();
        let answer = raw(address, head.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }
    unreached(engine).await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_not_waited_for() {
    let limits = Limits { head_time: Duration::from_secs(2), ..Limits::default() };
    let (_, address) = opened(Gate::new(SOCKET.as_ref(), Scope::All).with_limits(limits)).await;
    let closes = async |sent: &[u8]| {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(sent).await.unwrap();
        let start = Instant::now();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), client.read_to_end(&mut rest));
        ended.await.expect("it is closed").ok();
        assert!(start.elapsed() > Duration::from_secs(1), "{:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    };
    // Silent, slow, and done but for going away.
    let silent = closes(b"");
    let slow = closes(b"GET /version HTTP/1.1\r\nhost: ");
    let idle = closes(b"GET /_ping HTTP/1.1\r\nhost: x\r\n\r\n");
    tokio::join!(silent, slow, idle);
}

#[tokio::test]
async fn a_connection_too_many_is_turned_away_and_room_is_made_again() {
    let limits = Limits { connections: 5, ..Limits::default() };
    let (_, address) =
        opened(Gate::new(Path::new("/nowhere"), Scope::All).with_limits(limits)).await;
    let refused = b"GET /images/json HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(TcpStream::connect(address).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(raw(address, refused).await.starts_with("HTTP/1.1 503 "));
    drop(held);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(raw(address, refused).await.starts_with("HTTP/1.1 403 "));
}

#[tokio::test]
async fn an_engine_that_is_gone_is_said() {
    let (_, address) = gate(Path::new("/nowhere/docker.sock"), Scope::All).await;
    let answer = raw(address, b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("cannot be asked"), "{answer}");
}
