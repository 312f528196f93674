//! What Prometheus knows of the fleet.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::RequestBuilder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::check::http::cause;
use crate::check::tls;
use crate::manifest::Url;

/// Longest time that Prometheus may take: a reader waits for it.
const TIMEOUT: Duration = Duration::from_secs(4);
/// How far back the chart looks, in seconds.
pub const HOUR: i64 = 3600;
/// Seconds between two points of a chart.
pub const STEP: i64 = 60;

/// One series of an answer.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Series {
    /// Its labels.
    #[serde(default)]
    pub metric: BTreeMap<String, String>,
    /// Time and value of the newest sample.
    #[serde(default)]
    value: Option<(f64, String)>,
    /// Times and values over a range.
    #[serde(default)]
    values: Vec<(f64, String)>,
}

impl Series {
    /// A label's value, or nothing.
    pub fn label(&self, name: &str) -> &str {
        self.metric.get(name).map_or("", String::as_str)
    }
    /// The newest value.
    pub fn newest(&self) -> Option<f64> {
        self.value.as_ref()?.1.parse().ok()
    }
    /// Times in Unix seconds and values.
    pub fn points(&self) -> impl Iterator<Item = (i64, f64)> {
        #[allow(clippy::cast_possible_truncation)] // Unix time in seconds.
        self.values.iter().filter_map(|(at, value)| Some((*at as i64, value.parse().ok()?)))
    }
}

/// An alert that Prometheus knows of.
#[derive(Clone, Debug, Deserialize)]
pub struct Alert {
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// `firing` or `pending`.
    #[serde(default)]
    pub state: String,
}

/// All answers.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// Whether each service answers.
    pub success: Vec<Series>,
    /// Why one does not.
    pub failure: Vec<Series>,
    /// What is spoken with each.
    pub protocol: Vec<Series>,
    /// Who each says that it is.
    pub server: Vec<Series>,
    /// How many tools each lists.
    pub tools: Vec<Series>,
    /// When each one's tools changed last within a day, in Unix time.
    pub changed: Vec<Series>,
    /// Time of each probe that worked, over the last hour.
    pub latency: Vec<Series>,
    /// Alerts.
    pub alerts: Vec<Alert>,
    /// Why there is nothing, in one line.
    pub problem: Option<String>,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}
#[derive(Deserialize)]
struct Found {
    result: Vec<Series>,
}
#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<Alert>,
}

/// Asks all of it side by side.
pub async fn all(prometheus: Option<&Url>) -> Answers {
    let Some(prometheus) = prometheus else {
        let problem = "no Prometheus is configured, so nothing is known but the fleet itself";
        return Answers { problem: Some(problem.to_owned()), ..Answers::default() };
    };
    match asked(prometheus).await {
        Ok(answers) => answers,
        Err(error) => {
            let problem = format!("Prometheus did not answer: {}", cause(&error, TIMEOUT));
            Answers { problem: Some(problem), ..Answers::default() }
        }
    }
}

/// The data of an answer of the Prometheus API.
async fn data<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, reqwest::Error> {
    let answer: Envelope<T> = request.send().await?.error_for_status()?.json().await?;
    Ok(answer.data)
}

async fn asked(prometheus: &Url) -> Result<Answers, reqwest::Error> {
    let client = tls::plain().no_proxy().timeout(TIMEOUT).build()?;
    let base = prometheus.to_string();
    let base = base.trim_end_matches('/');
    let instant = async |query: &str| {
        let request = client.get(format!("{base}/api/v1/query")).query(&[("query", query)]);
        data(request).await.map(|found: Found| found.result)
    };
    let range = async |query: &str| {
        let now = jiff::Timestamp::now().as_second();
        let (start, end) = ((now - HOUR).to_string(), now.to_string());
        let step = STEP.to_string();
        let span = [("query", query), ("start", &start), ("end", &end), ("step", &step)];
        let request = client.get(format!("{base}/api/v1/query_range")).query(&span);
        data(request).await.map(|found: Found| found.result)
    };
    let alerts = async {
        let request = client.get(format!("{base}/api/v1/alerts"));
        data(request).await.map(|found: Alerts| found.alerts)
    };
    let tools = "mcp_probe_tools_fingerprint{job=\"mcp\"}";
    // A service that begins to answer has not changed its tools: both samples must be there.
    let changed = format!(
        "max by (service) (max_over_time((timestamp({tools}) and ({tools} != {tools} offset 2m))[1d:2m]))"
    );
    let (success, failure, protocol, server, tools, changed, latency, alerts) = futures_util::try_join!(
        instant("min by (service) (mcp_probe_success{job=\"mcp\"})"),
        instant("max by (service, reason) (mcp_probe_failure{job=\"mcp\"})"),
        instant("max by (service, version, era, transport) (mcp_probe_protocol_info{job=\"mcp\"})"),
        instant("max by (service, name, version) (mcp_probe_server_info{job=\"mcp\"})"),
        instant("max by (service) (mcp_probe_tools{job=\"mcp\"})"),
        instant(&changed),
        range(
            "max by (service) (probe_duration_seconds{job=\"mcp\"} and mcp_probe_success{job=\"mcp\"} == 1)"
        ),
        alerts,
    )?;
    Ok(Answers {
        success,
        failure,
        protocol,
        server,
        tools,
        changed,
        latency,
        alerts,
        problem: None,
    })
}
