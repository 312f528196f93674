//! Questions to Prometheus and Loki.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::check::http::Http;
use crate::manifest::Language;

/// Longest time that an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// Points of a series over time.
const POINTS: u64 = 100;

/// What a program answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// One value for each series.
    Values(Vec<(Labels, f64)>),
    /// Values over time for each series.
    Series(Vec<(Labels, Vec<f64>)>),
    /// Lines with their time, oldest first.
    Lines(Vec<Line>),
}

/// Names and values.
pub type Labels = BTreeMap<String, String>;

/// A log line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Nanoseconds since 1970.
    pub at: i128,
    /// Labels of its stream.
    pub labels: Labels,
    /// Its text.
    pub text: String,
}

/// A question.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// `http://127.0.0.1:PORT` of the program.
    pub base_url: &'a str,
    /// Which language it is written in.
    pub language: Language,
    /// The expression.
    pub expr: &'a str,
    /// How far back, in seconds; nothing for now alone.
    pub since: Option<u64>,
    /// Lines at most.
    pub limit: usize,
    /// Now, in seconds since 1970.
    pub now: i64,
}

#[derive(Deserialize)]
struct Document {
    data: Data,
}
#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Json,
}
#[derive(Deserialize)]
struct Sample {
    #[serde(default)]
    metric: Labels,
    value: (f64, String),
}
#[derive(Deserialize)]
struct Range {
    #[serde(default)]
    metric: Labels,
    values: Vec<(f64, String)>,
}
#[derive(Deserialize)]
struct Stream {
    stream: Labels,
    values: Vec<(String, String)>,
}

/// Asks; gives the answer, and the program's own result as it came.
///
/// # Errors
/// In one line: what was asked, and why there is no answer.
pub async fn ask(http: &Http, question: &Question<'_>) -> Result<(Answer, Json), String> {
    let url = url(question)?;
    let answer = http.post(&url, None, PATIENCE).await?;
    let document: Document = answer.good()?.json()?;
    let result = document.data.result;
    let read = |error: serde_json::Error| format!("the answer cannot be read: {error}");
    let answer = match document.data.kind.as_str() {
        "vector" => {
            let samples: Vec<Sample> = serde_json::from_value(result.clone()).map_err(read)?;
            Answer::Values(samples.into_iter().map(|s| (s.metric, number(&s.value.1))).collect())
        }
        "scalar" => {
            let (_, value): (f64, String) = serde_json::from_value(result.clone()).map_err(read)?;
            Answer::Values(vec![(Labels::new(), number(&value))])
        }
        "matrix" => {
            let series: Vec<Range> = serde_json::from_value(result.clone()).map_err(read)?;
            let values = |range: Range| {
                (range.metric, range.values.iter().map(|(_, v)| number(v)).collect())
            };
            Answer::Series(series.into_iter().map(values).collect())
        }
        "streams" => {
            let streams: Vec<Stream> = serde_json::from_value(result.clone()).map_err(read)?;
            Answer::Lines(lines(streams))
        }
        other => return Err(format!("the answer is a {other}, which cannot be shown")),
    };
    Ok((answer, result))
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

fn lines(streams: Vec<Stream>) -> Vec<Line> {
    let mut lines: Vec<Line> = streams
        .into_iter()
        .flat_map(|Stream { stream, values }| {
            values.into_iter().map(move |(at, text)| Line {
                at: at.parse().unwrap_or_default(),
                labels: stream.clone(),
                text,
            })
        })
        .collect();
    lines.sort_by_key(|line| line.at);
    lines
}

/// Prometheus is asked about now, or over time where a time is given. Loki is asked for lines over time, and about
/// now for what it counts.
fn url(question: &Question<'_>) -> Result<String, String> {
    let Question { base_url, language, expr, since, limit, now } = *question;
    let start = now - i64::try_from(since.unwrap_or_default()).unwrap_or_default();
    let mut params = vec![("query", expr.to_owned())];
    let path = match language {
        Language::Promql => match since {
            None => "/api/v1/query",
            Some(seconds) => {
                let step = (seconds / POINTS).max(15);
                params.extend([
                    ("start", start.to_string()),
                    ("end", now.to_string()),
                    ("step", step.to_string()),
                ]);
                "/api/v1/query_range"
            }
        },
        // What begins with a selector gives lines, all else numbers.
        Language::Logql if expr.trim_start().starts_with('{') => {
            let nanoseconds = |seconds: i64| format!("{seconds}000000000");
            params.extend([
                ("start", nanoseconds(start)),
                ("end", nanoseconds(now + 1)),
                ("limit", limit.to_string()),
            ]);
            "/loki/api/v1/query_range"
        }
        Language::Logql => "/loki/api/v1/query",
    };
    let url = reqwest::Url::parse_with_params(&format!("{base_url}{path}"), params);
    url.map(String::from).map_err(|error| error.to_string())
}
