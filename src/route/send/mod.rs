//! One alert that is only a test goes the whole way: to the running Alertmanager, and from there to
//! everybody whom the manifest's routes would tell.
//!
//! * `alertmanager` takes the alert, says what mutes it and counts what it sent; `counts` reads that
//! * `watch` waits for it; `outcome` is what became of each way to each receiver
//!
//! Alertmanager counts by receiver and by way, not by alert: what else it sends the same way in the
//! same seconds counts as well.

mod alertmanager;
mod counts;
mod outcome;
mod watch;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

pub use alertmanager::Alertmanager;
pub use counts::integration;
pub use outcome::{Delivery, Outcome, Sent, Way};

use super::explain::Report;
use super::labels::{AlertLabels, Origin};
use super::walk::Labels;
use crate::manifest;
use crate::stack::Notifications;

/// The name of a test alert that is given none.
const NAME: &str = "McpmonTest";
/// A label with a value of each test's own, so that none is taken for the one before.
const MARK: &str = "mcpmon_test";
/// What delivery may take beyond the wait of the alert's group.
const DELIVERY: Duration = Duration::from_secs(30);
/// How long after the last moment of waiting an alert ends that could not be resolved.
const OVERDUE: Duration = Duration::from_mins(1);

/// An alert that is only a test.
pub struct Test<'a> {
    /// Who would be told, as the manifest has it.
    pub report: &'a Report,
    /// The receivers.
    pub notifications: &'a Notifications,
    /// The alert's labels.
    pub labels: &'a Labels,
    /// Who sends it: `user@host`.
    pub sender: &'a str,
    /// How long its delivery is waited for.
    pub timeout: Duration,
}

/// Gives an alert a name, where it has none.
pub fn name(alert: &mut AlertLabels) {
    if !alert.labels.contains_key("alertname") {
        alert.labels.insert("alertname".to_owned(), NAME.to_owned());
        alert.origins.insert("alertname".to_owned(), Origin::Given);
    }
}

/// How long delivery takes at the longest: a group that was told of before waits for its next news.
pub fn patience(report: &Report) -> Duration {
    let waits = report.told.iter().flat_map(|one| [&one.group_wait, &one.group_interval]);
    let longest = waits.filter_map(|text| manifest::Duration::parse(text).ok());
    longest.map(manifest::Duration::std).max().unwrap_or_default() + DELIVERY
}

/// Sends the alert, waits until everybody is told, and resolves it, also when `stop` completes.
///
/// # Errors
/// When Alertmanager cannot be asked, does not count by receiver, or refuses the alert.
pub async fn send(
    alertmanager: &Alertmanager,
    test: &Test<'_>,
    stop: impl Future<Output = ()>,
) -> Result<Sent, String> {
    let (ways, muted) = outcome::expected(test.report, test.notifications);
    if ways.is_empty() {
        return Ok(Sent { deliveries: muted, ..Sent::default() });
    }
    let before = alertmanager.counts().await?;
    let alert = Alert::new(test);
    if let Err(problem) = alertmanager.put(&alert.until(alert.end)).await {
        // One whose answer was lost may be there all the same.
        let _ = alertmanager.put(&alert.until(Timestamp::now())).await;
        return Err(problem);
    }
    let watch = watch::Watch::new(alertmanager, ways, before, (MARK, &alert.mark));
    let (mut deliveries, interrupted) = watch.until_told(test.timeout, stop).await;
    deliveries.extend(muted);
    let resolved = alertmanager.put(&alert.until(Timestamp::now())).await;
    let left = resolved.err().map(|problem| {
        format!(
            "the test alert could not be resolved and ends by itself at {}: {problem}",
            alert.end
        )
    });
    Ok(Sent { deliveries, interrupted, left })
}

/// The alert as Alertmanager takes it.
struct Alert {
    mark: String,
    begin: Timestamp,
    end: Timestamp,
    labels: Labels,
    annotations: Json,
}

impl Alert {
    fn new(test: &Test<'_>) -> Self {
        let begin = Timestamp::now();
        let end = begin.checked_add(test.timeout + OVERDUE).unwrap_or(begin);
        let end = end.round(jiff::Unit::Second).unwrap_or(end);
        let mark = begin.to_string();
        let mut labels = test.labels.clone();
        labels.insert(MARK.to_owned(), mark.clone());
        let annotations = json!({
            "summary": format!("This is only a test by {}: nothing is wrong", test.sender),
            "description": "Somebody asks with `mcpmon route test --send` whether alerts with these labels reach you. Nothing needs to be done.",
        });
        Self { mark, begin, end, labels, annotations }
    }

    fn until(&self, end: Timestamp) -> Json {
        json!([{
            "labels": self.labels,
            "annotations": self.annotations,
            "startsAt": self.begin.to_string(),
            "endsAt": end.to_string(),
        }])
    }
}
