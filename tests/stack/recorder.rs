//! A socket before Docker's own that writes down every request.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

/// Requests as `METHOD path`, in order.
pub type Requests = Arc<Mutex<Vec<String>>>;

/// Listens under `dir`; what goes through it is written down.
pub fn record(dir: &Path) -> (PathBuf, Requests) {
    let path = dir.join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let requests = Requests::default();
    let seen = requests.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let seen = seen.clone();
            let engine = UnixStream::connect("/var/run/docker.sock").unwrap();
            let (from, to) = (engine.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || pass(from, to, |_| {}));
            thread::spawn(move || pass(client, engine, |bytes| note(bytes, &seen)));
        }
    });
    (path, requests)
}

fn pass(mut from: UnixStream, mut to: UnixStream, mut look: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n) = from.read(&mut buffer) {
        if n == 0 || to.write_all(&buffer[..n]).is_err() {
            break;
        }
        look(&buffer[..n]);
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// Request lines stand at the start of a piece: the client writes a request at once.
fn note(bytes: &[u8], seen: &Requests) {
    for line in String::from_utf8_lossy(bytes).lines() {
        let mut words = line.split(' ');
        let (method, path, version) = (words.next(), words.next(), words.next());
        if let (Some(method), Some(path), Some("HTTP/1.1")) = (method, path, version) {
            seen.lock().unwrap().push(format!("{method} {path}"));
        }
    }
}
