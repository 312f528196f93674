//! Metrics of containers under the names that cAdvisor gives them, made of what the engine says.

mod figures;
mod kills;
mod write;

use std::convert::Infallible;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use serde_json::Value as Json;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::upstream::{Failure, Upstream};
use super::{Gate, show};
use figures::{Figures, Usage};

/// The oldest API that tells everything that is asked for here.
const API: &str = "/v1.41";
/// How long an answer serves the next one who asks; shorter than any interval at which figures are scraped.
const FRESH: Duration = Duration::from_secs(3);
/// Containers that are asked about at once. Engines before 23 answer a question about figures when their next
/// second begins, however many are asked.
const AT_ONCE: usize = 64;

/// What containers use.
#[derive(Debug)]
pub struct Measure {
    gate: Arc<Gate>,
    kills: kills::Kills,
    last: Mutex<Option<(Instant, Arc<str>)>>,
}

/// A container and what it uses.
struct Container {
    id: String,
    name: String,
    image: String,
    kills: u64,
    /// What the engine knows of it; nothing where it did not say so in time.
    figures: Option<Figures>,
    /// Nothing where it does not run.
    usage: Option<Usage>,
    /// When it was asked, in Unix time.
    seen: f64,
}

impl Measure {
    /// Measures the containers that a gate shows.
    pub fn new(gate: Arc<Gate>) -> Self {
        Self { gate, kills: kills::Kills::default(), last: Mutex::default() }
    }

    /// Counts kills for want of memory until it is dropped.
    pub async fn count_kills(&self) -> Infallible {
        self.kills.watch(&self.gate.upstream).await
    }

    /// Metrics of every container, in the text format. A container that does not answer within the time is left
    /// out, and `container_scrape_error` says so.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn exposition(&self, within: Duration) -> Result<Arc<str>, Failure> {
        let end = Instant::now() + within;
        let late = |_| Failure::Broken("the engine does not answer in time".to_owned());
        // Whoever asks meanwhile gets the same answer.
        let mut last = timeout_at(end, self.last.lock()).await.map_err(late)?;
        if let Some((at, text)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(text));
        }
        let began = Instant::now();
        let (containers, whole) = self.look(end).await?;
        let text: Arc<str> = write::exposition(&containers, whole).into();
        *last = Some((began, Arc::clone(&text)));
        Ok(text)
    }

    /// Every container, and whether each was asked in time.
    async fn look(&self, end: Instant) -> Result<(Vec<Container>, bool), Failure> {
        let (upstream, scope) = (&self.gate.upstream, self.gate.scope());
        let all = format!("{API}/containers/json?all=1");
        let listed = upstream.read(show::CONTAINERS, &all);
        let late =
            |_| Failure::Broken("the engine does not list its containers in time".to_owned());
        let listed = timeout_at(end, listed).await.map_err(late)??;
        let Json::Array(items) = listed else { return Ok((Vec::new(), true)) };
        self.kills.forget_all_but(items.iter().filter_map(|item| item["Id"].as_str()));
        let shown = items.into_iter().filter(|item| scope.listed(item));
        let asked: Vec<_> = shown.map(|item| self.container(upstream, item, end)).collect();
        let mut asked = stream::iter(asked).buffer_unordered(AT_ONCE);
        let (mut containers, mut whole) = (Vec::new(), true);
        while let Some((container, answered)) = asked.next().await {
            whole &= answered;
            containers.push(container);
        }
        containers.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok((containers, whole))
    }

    /// One container, and whether the engine said everything about it.
    async fn container(&self, upstream: &Upstream, item: Json, end: Instant) -> (Container, bool) {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let id = text(&item["Id"]);
        let path = format!("{API}/containers/{id}");
        let mut container = Container {
            name: text(&item["Names"][0]).trim_start_matches('/').to_owned(),
            image: text(&item["Image"]),
            kills: self.kills.of(&id),
            figures: None,
            usage: None,
            seen: now(),
            // The group's path where the engine makes groups itself; cAdvisor's label.
            id: format!("/docker/{id}"),
        };
        let (json, stats) = (format!("{path}/json"), format!("{path}/stats?stream=0&one-shot=1"));
        let runs = item["State"] == "running";
        let both = async {
            tokio::join!(upstream.json::<Figures>(&json), async {
                if runs { Some(upstream.json::<Usage>(&stats).await) } else { None }
            })
        };
        let Ok((figures, usage)) = timeout_at(end, both).await else { return (container, false) };
        // One that went away meanwhile is no mistake.
        let good = figures.is_ok() || gone(figures.as_ref().err());
        container.figures = figures.ok();
        container.usage = usage.and_then(Result::ok);
        container.seen = now();
        (container, good)
    }
}

fn gone(failure: Option<&Failure>) -> bool {
    matches!(failure, Some(Failure::Refused { status, .. }) if status.as_u16() == 404)
}

fn now() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().as_secs_f64()
}

/// What a lock holds, also after a panic in another task.
fn held<T>(lock: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
