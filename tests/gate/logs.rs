//! Lines flow as they are written, and no faster than they are read.

use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::fixture::{Fixture, SOCKET, gate, open};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn lines_come_while_they_are_written_in_the_engines_frames() {
    let fixture = Fixture::new().await;
    let spec = fixture.spec("talk", "talk").await;
    fixture.started(&spec).await;
    let (_, address) = gate(SOCKET.as_ref(), fixture.scope()).await;
    let path = format!("/v1.41/containers/{}/logs?follow=1&stdout=1&stderr=1&tail=all", spec.name);
    let mut body = open(address, &path).await.into_body();
    let mut bytes = Vec::new();
    let start = Instant::now();
    // Ten lines take a second to be written, so they were not there before.
    while !String::from_utf8_lossy(&bytes).contains("line 25\n") {
        let frame = timeout(10 * SECOND, body.frame()).await.unwrap().unwrap().unwrap();
        bytes.extend_from_slice(frame.data_ref().unwrap());
    }
    assert!(start.elapsed() > SECOND / 2, "{:?}", start.elapsed());
    // Stream 1, three zeros, the length of what follows.
    let mut rest = bytes.as_slice();
    let mut frames = 0;
    while let [1, 0, 0, 0, a, b, c, d, tail @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let Some(after) = tail.get(length..) else { break };
        (rest, frames) = (after, frames + 1);
    }
    assert!(frames >= 26, "{frames}");
}

/// Runs a test in a process of its own, where nobody else takes memory and files; says whether this is that process.
fn alone(test: &str) -> bool {
    if std::env::var_os("GATETEST_ALONE").is_some() {
        return true;
    }
    let mut program = std::process::Command::new(std::env::current_exe().unwrap());
    program.args([test, "--exact", "--nocapture"]).env("GATETEST_ALONE", "1");
    let output = program.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    false
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<usize>().unwrap() << 10
}

#[tokio::test]
async fn a_reader_that_does_not_read_costs_no_memory() {
    if !alone("logs::a_reader_that_does_not_read_costs_no_memory") {
        return;
    }
    let fixture = Fixture::new().await;
    let spec = fixture.spec("flood", "flood").await;
    let id = fixture.started(&spec).await;
    let (_, address) = gate(SOCKET.as_ref(), fixture.scope()).await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut client = TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET /containers/{id}/logs?follow=1&stdout=1 HTTP/1.1\r\nhost: x\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        clients.push(client);
    }
    sleep(SECOND).await;
    let before = resident();
    sleep(4 * SECOND).await;
    let grown = resident().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes");
    // One that reads is served beside them.
    let mut body =
        open(address, &format!("/containers/{id}/logs?stdout=1&tail=1")).await.into_body();
    assert!(timeout(10 * SECOND, body.frame()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_reader_that_leaves_is_forgotten() {
    if !alone("logs::a_reader_that_leaves_is_forgotten") {
        return;
    }
    let fixture = Fixture::new().await;
    // Nothing is ever written, so nothing but the client's end tells that it is gone.
    let spec = fixture.spec("silent", "sleep").await;
    let id = fixture.started(&spec).await;
    let (_, address) = gate(SOCKET.as_ref(), fixture.scope()).await;
    let sockets = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = sockets();
    let path = format!("/containers/{id}/logs?follow=1&stdout=1&tail=0");
    let mut followers = Vec::new();
    for _ in 0..10 {
        followers.push(open(address, &path).await);
    }
    // The client's, the gate's and that to the engine.
    assert!(sockets() >= before + 25, "{} are open, {before} before", sockets());
    drop(followers);
    let end = Instant::now() + 10 * SECOND;
    while sockets() > before + 3 {
        assert!(Instant::now() < end, "{} are open, {before} before", sockets());
        sleep(SECOND / 10).await;
    }
}
