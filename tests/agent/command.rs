//! `mcpmon agent` on the command line.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::fixture::{Behaviour, Double};

fn mcpmon(dir: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcpmon"));
    command.arg("agent").args(arguments).current_dir(dir).env("NO_COLOR", "1");
    command
}

#[test]
fn a_file_is_checked_without_asking_anybody() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("agent.yml"), "services: {a: \"http://a:1/mcp\"}").unwrap();
    let good = mcpmon(dir.path(), &["--check"]).output().unwrap();
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    assert!(String::from_utf8_lossy(&good.stderr).contains("1 service"), "{good:?}");
    std::fs::write(dir.path().join("agent.yml"), "services: {a: {timeout: 5s}}").unwrap();
    let bad = mcpmon(dir.path(), &["--check"]).output().unwrap();
    assert_eq!(bad.status.code(), Some(2), "{bad:?}");
    let said = String::from_utf8_lossy(&bad.stderr);
    for text in ["nothing says where the server is", "agent.yml:1:12", "1 problem in agent.yml"] {
        assert!(said.contains(text), "{said}");
    }
}

/// An agent that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn told_to_stop_it_lets_a_probe_finish() {
    let server = Double::start(Behaviour {
        legacy: true,
        thinks: Duration::from_millis(200),
        ..Default::default()
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let text = format!("services: {{a: \"{}\"}}", server.url());
    std::fs::write(dir.path().join("agent.yml"), text).unwrap();
    let child = mcpmon(dir.path(), &["--listen=127.0.0.1:0"]).stderr(Stdio::piped()).spawn();
    let mut agent = Running(child.unwrap());
    let child = &mut agent.0;
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit_once("http://").unwrap().1.to_owned();
    let client = mcpmon::check::tls::plain().build().unwrap();
    let probe = tokio::spawn(client.get(format!("http://{address}/probe?target=a")).send());
    let deadline = Instant::now() + Duration::from_secs(5);
    while server.asked().is_empty() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let answer = probe.await.unwrap().unwrap().text().await.unwrap();
    assert!(answer.contains("probe_success 1"), "{answer}");
    assert_eq!(server.asked().last().unwrap(), "DELETE");
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
