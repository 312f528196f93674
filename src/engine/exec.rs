//! A command in a running container.

use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecResults};
use futures_util::TryStreamExt as _;

use super::{Engine, EngineError};

/// What a command did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; 126 and 127 are also the engine's own when the program cannot be run or does not exist.
    pub exit_code: i64,
    /// What it wrote to standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Output {
    /// Whether the command ended with 0.
    pub fn success(&self) -> bool {
        self.exit_code == 0
    }
}

impl Engine {
    /// Runs a command in a running container, as `user` or as the container's own.
    ///
    /// The engine cannot end an exec: after `timeout` the command is no longer waited for, but goes on until it ends itself.
    pub async fn exec(
        &self,
        container: &str,
        command: &[&str],
        user: Option<&str>,
        timeout: Duration,
    ) -> Result<Output, EngineError> {
        let during = || format!("run `{}` in container {container}", command.join(" "));
        let run = self.exec_unbounded(container, command, user);
        match tokio::time::timeout(timeout, run).await {
            Ok(output) => output.map_err(|error| EngineError::from_client(error, during())),
            Err(_) => Err(EngineError::Timeout { during: during(), after: timeout }),
        }
    }

    async fn exec_unbounded(
        &self,
        container: &str,
        command: &[&str],
        user: Option<&str>,
    ) -> Result<Output, bollard::errors::Error> {
        let options = CreateExecOptions {
            cmd: Some(command.to_vec()),
            user,
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..CreateExecOptions::default()
        };
        let id = self.client().create_exec(container, options).await?.id;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        if let StartExecResults::Attached { mut output, .. } =
            self.client().start_exec(&id, None).await?
        {
            while let Some(frame) = output.try_next().await? {
                let stream = if matches!(frame, LogOutput::StdErr { .. }) {
                    &mut stderr
                } else {
                    &mut stdout
                };
                stream.extend_from_slice(frame.as_ref());
            }
        }
        let exit_code = self.client().inspect_exec(&id).await?.exit_code.unwrap_or(-1);
        Ok(Output { exit_code, stdout: text(&stdout), stderr: text(&stderr) })
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
