//! A command in a container of its own.

use std::time::Duration;

use bollard::errors::Error as ClientError;
use bollard::query_parameters::WaitContainerOptionsBuilder;
use futures_util::TryStreamExt as _;

use super::{ContainerSpec, Engine, EngineError, LogLine, Output, RestartPolicy, labels};

impl Engine {
    /// Creates a container, lets it run to its end, and removes it, whatever happens; after `timeout` it is killed.
    ///
    /// When the future is dropped (the user pressed Ctrl-C) nothing can remove the container any more. It carries the label
    /// [`labels::ONCE`], by which [`remove_left_behind`](Self::remove_left_behind) finds it.
    pub async fn run_once(
        &self,
        spec: &ContainerSpec,
        timeout: Duration,
    ) -> Result<Output, EngineError> {
        let mut spec = spec.clone();
        spec.restart = RestartPolicy::No;
        spec.labels.insert(labels::ONCE.to_owned(), "true".to_owned());
        let id = self.create_container(&spec).await?;
        let output = match tokio::time::timeout(timeout, self.run_to_end(&id, &spec.name)).await {
            Ok(output) => output,
            Err(_) => Err(EngineError::Timeout {
                during: format!("run container {} to its end", spec.name),
                after: timeout,
            }),
        };
        let removed = self.remove_container(&id, true).await;
        let output = output?; // the first failure says more than the second
        removed.map(|()| output)
    }

    async fn run_to_end(&self, id: &str, name: &str) -> Result<Output, EngineError> {
        self.start(id).await?;
        let options = WaitContainerOptionsBuilder::new().condition("not-running").build();
        let exit_code = match self.client().wait_container(id, Some(options)).try_next().await {
            Ok(answer) => answer.map_or(-1, |answer| answer.status_code),
            Err(ClientError::DockerContainerWaitError { code, .. }) => code,
            Err(error) => {
                return Err(EngineError::from_client(error, format!("wait for container {name}")));
            }
        };
        let lines: Vec<LogLine> = self.logs_all(id).await?;
        let (mut stdout, mut stderr) = (String::new(), String::new());
        for line in lines {
            let stream = if line.stderr { &mut stderr } else { &mut stdout };
            stream.push_str(&line.text);
            stream.push('\n');
        }
        Ok(Output { exit_code, stdout, stderr })
    }

    /// Removes the one-shot containers of a stack that a dead mcpmon left behind, and says how many. Call it only while holding the
    /// stack's lock: else they may be in use.
    pub async fn remove_left_behind(&self, stack: &str) -> Result<usize, EngineError> {
        let mut removed = 0;
        for container in self.containers_labelled(labels::ONCE).await? {
            if container.stack() == Some(stack) {
                self.remove_container(&container.id, true).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
