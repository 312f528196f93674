//! A program that speaks MCP on its standard input and output: a line for each message.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::{Instant, timeout, timeout_at};

use super::era::Era;
use super::fault::Fault;
use super::message::{self, Question};
use super::progress::Progress;
use super::reply::{MAX_BODY, Picked, pick};
use super::report::{Reason, StepName, Transport};
use super::stderr::LastWords;
use super::target::Command;
use super::text::{MESSAGE, clean, io_error};
use super::wire::Wire;

/// Messages that are read for one answer.
const MAX_MESSAGES: usize = 1000;
/// How long a program may take to end after its input has.
const END_PATIENCE: Duration = Duration::from_secs(2);
/// And after it was told to.
const TERM_PATIENCE: Duration = Duration::from_secs(1);
/// How long its last words and its exit status are waited for after its output has ended.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// A running program.
pub(super) struct Program {
    child: Child,
    /// The program and what it started.
    group: Option<Pid>,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    line: Vec<u8>,
    last_words: LastWords,
    asked: u64,
}

impl Program {
    pub fn start(command: &Command, progress: &mut Progress) -> Result<Self, Fault> {
        progress.begin(StepName::Spawn);
        let started = spawn(command);
        progress.end(started)
    }

    /// Writes a question and returns its number.
    pub async fn send(&mut self, question: &Question) -> Result<u64, Fault> {
        self.asked += 1;
        self.write(question.request(self.asked)).await?;
        Ok(self.asked)
    }

    /// Waits for the answer to one of these questions.
    pub async fn hear(
        &mut self,
        asked: &[u64],
        progress: &mut Progress,
    ) -> Result<(u64, Result<Json, Fault>), Fault> {
        let mut bytes = 0;
        for _ in 0..MAX_MESSAGES {
            let line = self.line(&mut bytes, progress).await?;
            let messages = message::parse(&line).map_err(|fault| match fault.reason {
                Reason::TooLarge => fault,
                _ => Fault::new(
                    Reason::StdoutNoise,
                    format!("on its standard output: {}", fault.message),
                ),
            })?;
            for heard in messages {
                let Some(number) = asked.iter().copied().find(|asked| heard.is_for(*asked)) else {
                    continue;
                };
                if let Picked::Answer(outcome) = pick(heard, number) {
                    return Ok((number, outcome));
                }
            }
        }
        let message = format!("more than {MAX_MESSAGES} messages without an answer");
        Err(Fault::new(Reason::TooLarge, message))
    }

    async fn write(&mut self, mut line: String) -> Result<(), Fault> {
        line.push('\n');
        let Some(stdin) = &mut self.stdin else {
            return Err(Fault::new(Reason::ProcessExited, "its standard input is closed"));
        };
        match stdin.write_all(line.as_bytes()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.exited().await),
        }
    }

    /// The next line that is not empty.
    async fn line(&mut self, bytes: &mut usize, progress: &mut Progress) -> Result<Vec<u8>, Fault> {
        loop {
            let read = match self.stdout.fill_buf().await {
                Ok([]) | Err(_) => return Err(self.exited().await),
                Ok(read) => read,
            };
            let end = read.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(read.len(), |end| end + 1);
            self.line.extend_from_slice(read.get(..taken).unwrap_or(read));
            self.stdout.consume(taken);
            progress.read(taken);
            *bytes += taken;
            if *bytes > MAX_BODY {
                let message = format!("an answer of more than {} MiB", MAX_BODY >> 20);
                return Err(Fault::new(Reason::TooLarge, message));
            }
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                if !line.trim_ascii().is_empty() {
                    return Ok(line);
                }
            }
        }
    }

    /// Why nothing more comes.
    async fn exited(&mut self) -> Fault {
        let status = timeout(LAST_WORDS, self.child.wait()).await;
        let how = match status {
            Ok(Ok(status)) => ended(status),
            _ => "closed its standard output".to_owned(),
        };
        let words = self.last_words.at_the_end(LAST_WORDS).await;
        let message = if words.is_empty() { how } else { format!("{how}: {words}") };
        Fault::new(Reason::ProcessExited, message)
    }

    /// Its last line on standard error, for who has to find out why it hangs.
    pub fn last_words(&self) -> String {
        self.last_words.so_far()
    }

    /// Ends it: first its input, then by a signal that it can handle, then by one that it cannot.
    pub async fn close(mut self, end: Instant, progress: &mut Progress) {
        progress.begin(StepName::Close);
        drop(self.stdin.take());
        let left = end.saturating_duration_since(Instant::now());
        let mut is_gone = self.is_gone(END_PATIENCE.min(left / 2)).await;
        if !is_gone {
            self.signal(Signal::TERM);
            is_gone = self.is_gone(TERM_PATIENCE.min(left / 4)).await;
        }
        // Also for what it started and left behind.
        self.signal(Signal::KILL);
        let outcome = if is_gone {
            Ok(())
        } else {
            let _ = timeout_at(end, self.child.wait()).await;
            Err(Fault::new(Reason::Timeout, "it had to be killed"))
        };
        self.group = None;
        // Told by the step alone: it did what it was asked before.
        let _ = progress.end(outcome);
    }

    /// Whether it ends in time. What it still writes is read, for it may not end before.
    async fn is_gone(&mut self, patience: Duration) -> bool {
        let Self { child, stdout, .. } = self;
        let drain = async {
            let _ = tokio::io::copy_buf(stdout, &mut tokio::io::sink()).await;
            std::future::pending::<()>().await;
        };
        let ended = async {
            tokio::select! {
                _ = child.wait() => {}
                () = drain => {}
            }
        };
        timeout(patience, ended).await.is_ok()
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // It fails if none of them is left, which is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

impl Wire for Program {
    const TRANSPORT: Transport = Transport::Stdio;

    async fn ask(&mut self, question: &Question, progress: &mut Progress) -> Result<Json, Fault> {
        let asked = self.send(question).await?;
        self.hear(&[asked], progress).await?.1
    }

    async fn tell(&mut self, method: &'static str, _: &mut Progress) -> Result<(), Fault> {
        self.write(message::notification(method)).await
    }

    fn agree(&mut self, _: Era, _: &str) {}
}

/// The user that owns nothing.
const NOBODY: u32 = 65534;

fn spawn(command: &Command) -> Result<Program, Fault> {
    let mut start = tokio::process::Command::new(&command.program);
    start.args(&command.args).env_clear();
    for name in ["PATH", "HOME"] {
        start.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    start.envs(&command.env);
    start.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    start.process_group(0).kill_on_drop(true);
    if command.as_nobody {
        // Groups that mcpmon has go as well.
        start.uid(NOBODY).gid(NOBODY);
    }
    if let Some(dir) = &command.dir {
        if !dir.is_dir() {
            let message = format!("its folder {} is not there", dir.display());
            return Err(Fault::new(Reason::SpawnFailed, message));
        }
        start.current_dir(dir);
    }
    let program = clean(&command.program, MESSAGE);
    let mut child = start.spawn().map_err(|error| {
        let message = format!("{program} could not be started: {}", io_error(&error));
        let fault = Fault::new(Reason::SpawnFailed, message);
        match error.kind() {
            std::io::ErrorKind::NotFound => fault.advise(format!(
                "Install {program} where mcpmon runs, or give its whole path; only PATH and HOME are passed on to it."
            )),
            std::io::ErrorKind::PermissionDenied => {
                fault.advise(format!("Make {program} executable for the user that mcpmon runs as."))
            }
            _ => fault,
        }
    })?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(Fault::new(Reason::SpawnFailed, format!("{program} has no standard input")));
    };
    let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    Ok(Program {
        child,
        group,
        stdin: Some(stdin),
        stdout: BufReader::with_capacity(64 << 10, stdout),
        line: Vec::new(),
        last_words: LastWords::of(stderr),
        asked: 0,
    })
}

fn ended(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "exited".to_owned(),
    }
}
