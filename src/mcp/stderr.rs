//! A program's standard error: read so that it never fills, and its last line kept.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::text::{MESSAGE, clean};

/// Bytes of a line that are looked at: its beginning says the most.
const MAX_LINE: usize = 1024;

/// The last line that a program wrote to its standard error.
pub(super) struct LastWords {
    text: Arc<Mutex<String>>,
    listening: Option<JoinHandle<()>>,
}

impl LastWords {
    pub fn of(stderr: ChildStderr) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let listening = tokio::spawn(listen(stderr, text.clone()));
        Self { text, listening: Some(listening) }
    }

    pub fn so_far(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it is after the program has ended. What it started may hold standard error open.
    pub async fn at_the_end(&mut self, patience: Duration) -> String {
        if let Some(listening) = &mut self.listening
            && timeout(patience, listening).await.is_ok()
        {
            self.listening = None;
        }
        self.so_far()
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

async fn listen(mut stderr: ChildStderr, text: Arc<Mutex<String>>) {
    let mut piece = [0; 4096];
    let mut line = Vec::new();
    while let Ok(read) = stderr.read(&mut piece).await {
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { return };
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = MAX_LINE.saturating_sub(line.len());
            line.extend_from_slice(part.get(..room).unwrap_or(part));
            let shown = clean(&String::from_utf8_lossy(&line), MESSAGE);
            if !shown.is_empty() {
                *text.lock().unwrap_or_else(PoisonError::into_inner) = shown;
            }
            if part.ends_with(b"\n") {
                line.clear();
            }
        }
    }
}
