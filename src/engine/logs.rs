//! What a container wrote to its standard output and error.

use bollard::container::LogOutput;
use bollard::query_parameters::{LogsOptions, LogsOptionsBuilder};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, future};

use super::{EngineError, Reader};

/// A line a container wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Whether it went to standard error.
    pub stderr: bool,
    /// The line, without its end; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// When the engine received it, RFC 3339 with nanoseconds.
    pub timestamp: String,
}

impl Reader {
    /// The last `lines` lines of both streams, in the order the engine received them. What a container
    /// writes to the two streams within a millisecond may change places; a line longer than
    /// 16 KiB counts as several, and may come without its beginning.
    pub async fn logs_tail(
        &self,
        container: &str,
        lines: usize,
    ) -> Result<Vec<String>, EngineError> {
        let lines = self.last_lines(container, lines).await?;
        Ok(lines.into_iter().map(|line| line.text).collect())
    }

    /// As [`Self::logs_tail`], with the time of each line.
    pub async fn last_lines(
        &self,
        container: &str,
        lines: usize,
    ) -> Result<Vec<LogLine>, EngineError> {
        self.log_lines(container, options(false, Some(lines), None)).try_collect().await
    }

    /// Lines as they are written: first the last `tail` of those that exist (`None`: all), no older than `since` (Unix seconds), then
    /// each new one until the container stops.
    pub fn logs_follow(
        &self,
        container: &str,
        tail: Option<usize>,
        since: Option<i32>,
    ) -> impl Stream<Item = Result<LogLine, EngineError>> + use<> {
        self.log_lines(container, options(true, tail, since))
    }

    /// All lines that exist.
    pub(super) async fn logs_all(&self, container: &str) -> Result<Vec<LogLine>, EngineError> {
        self.log_lines(container, options(false, None, None)).try_collect().await
    }

    fn log_lines(
        &self,
        container: &str,
        options: LogsOptions,
    ) -> impl Stream<Item = Result<LogLine, EngineError>> + use<> {
        let during = format!("read the logs of container {container}");
        let mut pending = [None, None];
        self.client()
            .logs(container, Some(options))
            .map(move |frame| frame.map_err(|error| EngineError::from_client(error, &during)))
            .try_filter_map(move |frame| future::ready(Ok(assemble(&mut pending, &frame))))
    }
}

fn options(follow: bool, tail: Option<usize>, since: Option<i32>) -> LogsOptions {
    let tail = tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
    LogsOptionsBuilder::new()
        .follow(follow)
        .stdout(true)
        .stderr(true)
        .timestamps(true)
        .tail(&tail)
        .since(since.unwrap_or_default())
        .build()
}

/// Turns frames into lines. The engine cuts a line of more than 16 KiB into frames; only the last of them ends with a line feed.
fn assemble(pending: &mut [Option<LogLine>; 2], frame: &LogOutput) -> Option<LogLine> {
    let stderr = matches!(frame, LogOutput::StdErr { .. });
    let text = String::from_utf8_lossy(frame.as_ref());
    let (timestamp, text) = text.split_once(' ').unwrap_or((&text, ""));
    let slot = &mut pending[usize::from(stderr)];
    let line = slot.get_or_insert_with(|| LogLine {
        stderr,
        text: String::new(),
        timestamp: timestamp.to_owned(),
    });
    line.text.push_str(text.trim_end_matches(['\r', '\n']));
    if text.ends_with('\n') || timestamp.ends_with('\n') { slot.take() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(text: &str) -> LogOutput {
        LogOutput::StdOut { message: text.to_owned().into() }
    }

    #[test]
    fn a_long_line_is_put_together_again_even_between_lines_of_the_other_stream() {
        let mut pending = [None, None];
        assert_eq!(assemble(&mut pending, &out("2026-01-01T00:00:00Z long ")), None);
        let other = LogOutput::StdErr { message: "2026-01-01T00:00:01Z oops\n".into() };
        assert_eq!(assemble(&mut pending, &other).unwrap().text, "oops");
        let line = assemble(&mut pending, &out("2026-01-01T00:00:02Z line\n")).unwrap();
        assert_eq!(
            (line.text.as_str(), line.timestamp.as_str(), line.stderr),
            ("long line", "2026-01-01T00:00:00Z", false)
        );
        assert_eq!(assemble(&mut pending, &out("2026-01-01T00:00:03Z \n")).unwrap().text, "");
    }
}
