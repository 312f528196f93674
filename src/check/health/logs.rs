//! Do log lines arrive in Loki, or with Fluentd in Elasticsearch?

use std::collections::BTreeMap;

use futures_util::future::{join_all, try_join_all};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::Check;
use super::finding::{Finding, at_most_ten};
use super::round::{Round, either};
use crate::check::proof::prometheus::Data;
use crate::check::subject::Subject;
use crate::manifest::Collector;
use crate::plan::{UNSHIPPED, Unit};

pub const CHECK: Check = Check {
    name: "logs",
    title: "log lines arrive",
    look: |round| Box::pin(async { either(look(round).await) }),
};

/// The collector looks for new containers every 5 s and sends once a second: a line that is older
/// must have arrived.
const ON_THE_WAY: i64 = 12;
/// Spans in seconds over which lines are counted. The last line of a container that had time to
/// arrive is looked for in the shortest span that holds it, so that older lines cannot stand in
/// for it: a collector that stopped is seen within seconds.
const SPANS: [i64; 3] = [20, 60, 300];
/// A container with more lines than this since the last that had time to arrive writes all the time.
const ENOUGH: usize = 200;

#[derive(Deserialize)]
struct Vector {
    result: Vec<Sample>,
}
#[derive(Deserialize)]
struct Sample {
    metric: Labels,
    value: (f64, String),
}
#[derive(Deserialize)]
struct Labels {
    #[serde(default)]
    container: String,
}

/// A container whose lines should arrive.
struct Source {
    /// What people call it.
    name: String,
    container: String,
}

async fn look(round: &Round<'_>) -> Result<Finding, Finding> {
    let collector = round.context.stack.collector;
    let store = match collector {
        Collector::Fluentd => "elasticsearch",
        Collector::Promtail | Collector::Alloy => "loki",
    };
    let subject = round.component(store).await?;
    let collector = collector.component();
    let now = jiff::Timestamp::now().as_second();
    let sources = sources(round);
    let (wrote, spans) = tokio::join!(
        join_all(sources.iter().map(|source| last_line(round, source, now))),
        try_join_all(SPANS.map(|seconds| lines(&subject, seconds)))
    );
    let spans = spans?;
    let all = spans.last().cloned().unwrap_or_default();
    let mut missing = Vec::new();
    for (source, age) in sources.iter().zip(wrote) {
        let Some(age) = age else { continue };
        let span = SPANS.iter().zip(&spans).find(|(seconds, _)| age < **seconds);
        let Some((seconds, arrived)) = span else { continue };
        if !arrived.contains_key(&source.container) {
            missing.push(format!(
                "{}: wrote a line {age} s ago, and none of its last {seconds} s is in {store}",
                source.name
            ));
        }
    }
    let total: u64 = all.values().sum();
    let summary = format!("{total} lines of {} containers in 5 minutes", all.len());
    let advice = format!(
        "`mcpmon logs {collector}` shows what keeps it; `mcpmon up` starts it if it does not run"
    );
    if all.is_empty() {
        missing.insert(0, "no line of the stack has arrived in 5 minutes".to_owned());
    }
    if missing.is_empty() {
        return Ok(Finding::passed(summary));
    }
    let evidence = at_most_ten(missing);
    // What the manifest drops never arrives, and only the collector knows which lines those were.
    if round.context.stack.logs.drops() && !all.is_empty() {
        return Err(Finding::warning(evidence)
            .advise(format!("unless `logs.drop` takes all of their lines: {advice}")));
    }
    Err(Finding::failed(evidence).advise(advice))
}

/// The stack's containers, and those of services that run elsewhere on this engine.
fn sources(round: &Round<'_>) -> Vec<Source> {
    let fluentd = round.context.stack.collector == Collector::Fluentd;
    let shipped = |unit: &&Unit| !(fluentd && UNSHIPPED.contains(&unit.name.as_str()));
    let own = round
        .context
        .units
        .iter()
        .filter(shipped)
        .map(|unit| Source { name: unit.name.clone(), container: unit.spec.name.clone() });
    let outside = round.context.stack.logs.outside().map(|outside| Source {
        name: outside.service.clone(),
        container: outside.container.clone(),
    });
    own.chain(outside).collect()
}

/// Age in seconds of the last line that had time to arrive.
async fn last_line(round: &Round<'_>, source: &Source, now: i64) -> Option<i64> {
    let reader = round.context.reader;
    let ages = async |lines: usize| {
        // A container that is not there is another check's to name.
        let lines = reader.last_lines(&source.container, lines).await.unwrap_or_default();
        let moments = lines.iter().filter_map(|line| line.timestamp.parse().ok());
        moments.map(|moment: jiff::Timestamp| now - moment.as_second()).collect::<Vec<i64>>()
    };
    let last = ages(1).await.last().copied()?;
    if last >= ON_THE_WAY {
        return Some(last);
    }
    // It writes just now, so an earlier line is looked for. The engine takes the end of a log first
    // and would drop from that what is too new, so the choice is made here.
    let lines = ages(ENOUGH).await;
    let busy = lines.len() >= ENOUGH;
    let arrived = lines.into_iter().filter(|age| *age >= ON_THE_WAY).min();
    arrived.or(busy.then_some(ON_THE_WAY))
}

/// Lines per container that were stored over the last seconds.
async fn lines(store: &Subject<'_>, seconds: i64) -> Result<BTreeMap<String, u64>, String> {
    if store.unit.name == "loki" {
        in_loki(store, seconds).await
    } else {
        in_elasticsearch(store, seconds).await
    }
}

async fn in_elasticsearch(
    elasticsearch: &Subject<'_>,
    seconds: i64,
) -> Result<BTreeMap<String, u64>, String> {
    let query = json!({
        "size": 0,
        "query": {"bool": {"filter": [
            {"term": {"stack": elasticsearch.stack.name}},
            {"range": {"@timestamp": {"gte": format!("now-{seconds}s")}}},
        ]}},
        "aggs": {"containers": {"terms": {"field": "container", "size": 10_000}}},
    });
    let path = "/mcp-logs-*/_search?ignore_unavailable=true&allow_no_indices=true";
    let parameters = [("source_content_type", "application/json"), ("source", &query.to_string())];
    let url = reqwest::Url::parse_with_params(&elasticsearch.url(path), parameters);
    let url = url.map_err(|error| error.to_string())?;
    let login = elasticsearch.login.as_ref();
    let answer: Json = elasticsearch.http.json(url.as_str(), login).await?;
    let buckets = answer.pointer("/aggregations/containers/buckets").and_then(Json::as_array);
    let lines = buckets.into_iter().flatten().filter_map(|bucket| {
        Some((bucket.get("key")?.as_str()?.to_owned(), bucket.get("doc_count")?.as_u64()?))
    });
    Ok(lines.collect())
}

async fn in_loki(loki: &Subject<'_>, seconds: i64) -> Result<BTreeMap<String, u64>, String> {
    let stack = &loki.stack.name;
    let query = format!("sum by (container) (count_over_time({{stack=\"{stack}\"}}[{seconds}s]))");
    let url = reqwest::Url::parse_with_params(&loki.url("/loki/api/v1/query"), [("query", &query)]);
    let url = url.map_err(|error| error.to_string())?;
    let answer: Data<Vector> = loki.http.json(url.as_str(), None).await?;
    let samples = answer.data.result.into_iter();
    Ok(samples
        .map(|sample| (sample.metric.container, sample.value.1.parse().unwrap_or_default()))
        .collect())
}
