//! What Alertmanager counted, by receiver and by way.

use std::collections::BTreeMap;

use crate::metrics::Exposition;

/// What Alertmanager sent one way to one receiver since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Attempts.
    pub attempts: f64,
    /// Attempts that failed.
    pub failed: f64,
    /// Messages that it no longer tries to send.
    pub given_up: f64,
}

/// Counts by receiver and integration.
pub type All = BTreeMap<(String, String), Counts>;

impl Counts {
    /// What was added since.
    pub fn since(self, before: Self) -> Self {
        Self {
            attempts: self.attempts - before.attempts,
            failed: self.failed - before.failed,
            given_up: self.given_up - before.given_up,
        }
    }
}

/// What Alertmanager calls a way that the manifest names.
pub fn integration(way: &str) -> &str {
    if way == "teams" { "msteamsv2" } else { way }
}

/// Reads what `/metrics` says; nothing where it does not count by receiver.
pub fn read(text: &str) -> Option<All> {
    let mut all = All::new();
    let exposition = Exposition::read(text);
    let mut add = |metric: &str, put: fn(&mut Counts, f64)| {
        for sample in exposition.named(metric) {
            if let (Some(receiver), Some(integration)) =
                (sample.label("receiver_name"), sample.label("integration"))
            {
                let key = (receiver.to_owned(), integration.to_owned());
                put(all.entry(key).or_default(), sample.value);
            }
        }
    };
    add("alertmanager_notification_requests_total", |counts, n| counts.attempts += n);
    add("alertmanager_notification_requests_failed_total", |counts, n| counts.failed += n);
    // Each reason has a series of its own.
    add("alertmanager_notifications_failed_total", |counts, n| counts.given_up += n);
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_by_receiver_and_way() {
        let text = "\
alertmanager_notification_requests_total{integration=\"slack\",receiver_name=\"chat\"} 5
alertmanager_notification_requests_failed_total{integration=\"slack\",receiver_name=\"chat\"} 3
alertmanager_notifications_failed_total{integration=\"slack\",reason=\"other\",receiver_name=\"chat\"} 1
alertmanager_notifications_failed_total{integration=\"slack\",reason=\"clientError\",receiver_name=\"chat\"} 1
alertmanager_notification_requests_total{integration=\"email\",receiver_name=\"chat\"} 7
";
        let all = read(text).unwrap();
        let of = |way: &str| all[&("chat".to_owned(), way.to_owned())];
        assert_eq!(of("slack"), Counts { attempts: 5.0, failed: 3.0, given_up: 2.0 });
        assert_eq!(of("email"), Counts { attempts: 7.0, ..Counts::default() });
    }

    #[test]
    fn counts_without_receivers_are_none() {
        let text = "alertmanager_notification_requests_total{integration=\"slack\"} 5\n";
        assert_eq!(read(text), None);
    }
}
