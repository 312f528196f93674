//! Where log lines come from and what is done to them.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::log_words::{
    Builtin, FieldName, LabelFields, LogPath, Pattern, Switch, TimeFormat, Written,
};
use super::types::{Duration, LabelName, Name};

/// Where log lines come from and what is done to them before they are stored.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    /// Log files on the host, read beside the containers' logs.
    #[serde(default)]
    pub files: Vec<LogFile>,
    /// Read the host's systemd journal as well.
    #[serde(default)]
    pub journal: bool,
    /// Take syslog messages over TCP as well.
    pub syslog: Option<Syslog>,
    /// How a line is read: `json`, `logfmt`, `none`, or `regex` with named groups.
    pub parse: Option<Parse>,
    /// Lines that belong together, such as a stack trace, become one entry.
    pub multiline: Option<Switch<Multiline>>,
    /// Where a line says when it was written; without it that is when it was read.
    pub timestamp: Option<Switch<Timestamp>>,
    /// Fields of the line that become labels in Loki, beside `level`: a list, or a map from label to field.
    /// Each distinct value is a stream of its own: never name one with many values, such as an id.
    pub labels: Option<LabelFields>,
    /// Lines that match one of these regular expressions (RE2) are not kept.
    pub drop: Option<Vec<Pattern>>,
    /// What is covered before a line is stored: tokens, keys, passwords and e-mail addresses unless said
    /// otherwise.
    pub redact: Option<Switch<Redact>>,
}

/// What is done to the lines of one service, where it differs from `logs`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceLogs {
    /// How a line is read: `json`, `logfmt`, `none`, or `regex` with named groups.
    pub parse: Option<Parse>,
    /// Lines that belong together, such as a stack trace, become one entry. `false`: none do.
    pub multiline: Option<Switch<Multiline>>,
    /// Where a line says when it was written. `false`: it is when it was read.
    pub timestamp: Option<Switch<Timestamp>>,
    /// Fields of the line that become labels in Loki, beside `level`.
    pub labels: Option<LabelFields>,
    /// Lines that match one of these regular expressions (RE2) are not kept.
    pub drop: Option<Vec<Pattern>>,
    /// What is covered. Its `patterns` come beside those of `logs.redact`. `false`: nothing is.
    pub redact: Option<Switch<Redact>>,
}

impl From<&Logs> for ServiceLogs {
    fn from(logs: &Logs) -> Self {
        Self {
            parse: logs.parse.clone(),
            multiline: logs.multiline.clone(),
            timestamp: logs.timestamp.clone(),
            labels: logs.labels.clone(),
            drop: logs.drop.clone(),
            redact: logs.redact.clone(),
        }
    }
}

/// Log files on the host.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogFile {
    /// Absolute path on the host; `*` stands for any name: `/var/log/app/*.log`.
    pub path: LogPath,
    /// The service whose lines they are.
    pub service: Option<Name>,
    /// Labels of its lines.
    #[serde(default)]
    pub labels: BTreeMap<LabelName, String>,
}

/// Taking syslog messages.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    /// TCP port on the stack's own network, where senders reach it as `promtail` or `alloy`.
    #[serde(default = "syslog_port")]
    #[schemars(range(min = 1))]
    pub port: u16,
    /// How messages are written.
    #[serde(default)]
    pub format: SyslogFormat,
    /// Port on the host; without it senders outside of the stack do not reach it.
    #[schemars(range(min = 1))]
    pub publish: Option<u16>,
    /// Address on the host that the port is bound to: 127.0.0.1 where none is given.
    pub address: Option<String>,
}

const fn syslog_port() -> u16 {
    1514
}

/// How syslog messages are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SyslogFormat {
    /// `<165>1 2024-05-01T10:00:00Z host app 42 - - text`
    #[default]
    Rfc5424,
    /// `<34>May  1 10:00:00 host app: text`, as old devices send it.
    Rfc3164,
}

/// How a line is read.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Parse {
    /// A JSON object per line.
    #[default]
    Json,
    /// `key=value` pairs.
    Logfmt,
    /// It is not.
    None,
    /// A regular expression (RE2) whose named groups are the fields: `^(?P<level>\w+) (?P<text>.*)`.
    Regex(Pattern),
}

/// Lines that belong together.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Multiline {
    /// A regular expression (RE2) that matches the first line of an entry and no other.
    pub first_line: Pattern,
    /// Lines of one entry at most.
    #[serde(default = "max_lines")]
    #[schemars(range(min = 1))]
    pub max_lines: u32,
    /// How long further lines are waited for.
    #[serde(default = "max_wait")]
    pub max_wait: Duration,
}

const fn max_lines() -> u32 {
    128
}
const fn max_wait() -> Duration {
    Duration::from_secs(3)
}

/// Where a line says when it was written.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timestamp {
    /// The field that holds it.
    pub field: FieldName,
    /// How it is written there; in UTC where it names no zone.
    #[serde(default)]
    pub format: TimeFormat,
}

/// What is covered before a line is stored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redact {
    /// Which of the patterns that ship with mcpmon: all, none, or those named here.
    #[serde(default)]
    pub builtin: Builtin,
    /// Patterns of your own, by the name that is shown instead: `{badge: 'ACME-\d{8}'}`. Where one has groups,
    /// what they match is covered, else all that it matches.
    #[serde(default)]
    pub patterns: IndexMap<Name, Pattern>,
}

impl Written for Multiline {
    const EXAMPLE: &'static str = "{first_line: '^\\d{4}-'}";
}
impl Written for Timestamp {
    const EXAMPLE: &'static str = "{field: time}";
}
impl Written for Redact {
    const EXAMPLE: &'static str = "{patterns: {badge: 'ACME-\\d{8}'}}";
    fn plain() -> Option<Self> {
        Some(Self::default())
    }
}
