//! A socket before Docker's own that meddles with what is asked: a double of an engine that fails.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::harness::{Ended, TestStack, ended};

/// What becomes of a request.
#[derive(Clone, Copy)]
pub enum Verdict {
    /// The engine answers it.
    Pass,
    /// It is answered with 500, and the engine never hears of it.
    Refuse,
    /// The connection is cut.
    Cut,
    /// It is never answered.
    Hang,
}

/// Decides about a request line: `POST /v1.41/containers/create?name=x`.
type Judge = dyn Fn(&str) -> Verdict + Send + Sync;

/// Runs mcpmon with such an engine.
pub fn with_engine(
    stack: &TestStack,
    args: &[&str],
    judge: impl Fn(&str) -> Verdict + Send + Sync + 'static,
) -> Ended {
    let host = format!("unix://{}", listen(stack, Arc::new(judge)).display());
    ended(&stack.command(args).env("DOCKER_HOST", host).output().unwrap())
}

/// Whether a request changes something.
pub fn changes(request: &str) -> bool {
    ["POST ", "PUT ", "DELETE "].iter().any(|method| request.starts_with(method))
}

fn listen(stack: &TestStack, judge: Arc<Judge>) -> PathBuf {
    let path = stack.path("between.sock");
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let engine = UnixStream::connect("/var/run/docker.sock").unwrap();
            let (from, to) = (engine.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || pass(from, to, |_| Verdict::Pass));
            let judge = judge.clone();
            std::thread::spawn(move || {
                pass(client, engine, |bytes| request(bytes).map_or(Verdict::Pass, |r| judge(&r)));
            });
        }
    });
    path
}

/// The request line, which stands at the start of a piece: the client writes a request at once.
fn request(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().next()?.strip_suffix(" HTTP/1.1").map(str::to_owned)
}

fn pass(mut from: UnixStream, mut to: UnixStream, judge: impl Fn(&[u8]) -> Verdict) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n) = from.read(&mut buffer) {
        if n == 0 {
            break;
        }
        match judge(&buffer[..n]) {
            Verdict::Pass => {}
            Verdict::Refuse => {
                let said = "{\"message\":\"refused by a double\"}";
                let _ = write!(
                    from,
                    "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{said}",
                    said.len()
                );
                break;
            }
            Verdict::Cut => break,
            Verdict::Hang => std::thread::sleep(Duration::from_mins(10)),
        }
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
