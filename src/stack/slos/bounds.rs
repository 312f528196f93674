//! A threshold that is no bound of a bucket cannot be counted.

use crate::decimal::Decimal;
use crate::diagnostic::Diagnostic;
use crate::manifest::{Duration, HistogramKind, Indicator};
use crate::render::rules::TimeUnit;

use super::{Member, One};

impl One<'_> {
    /// A threshold that is no bound of a bucket cannot be counted.
    pub(super) fn bounds(&self, counted: &[&Member<'_>], found: &mut Vec<Diagnostic>) {
        let (limit, path) = match &self.written.indicator {
            Indicator::Latency(of) if of.histogram == HistogramKind::Classic => {
                (of.threshold, ["indicator", "latency", "threshold"])
            }
            Indicator::Streaming(of) => match of.first_message {
                Some(limit) => (limit, ["indicator", "streaming", "first_message"]),
                None => return,
            },
            _ => return,
        };
        let mut seen = Vec::new();
        for dialect in counted.iter().filter_map(|member| member.dialect.as_ref()) {
            if seen.contains(&dialect) {
                continue;
            }
            seen.push(dialect);
            let Some(roles) = self.dialects.get(dialect).map(|d| &d.roles) else { continue };
            let histograms: Vec<(TimeUnit, &[serde_json::Number])> = match &self.written.indicator {
                Indicator::Latency(_) => {
                    roles.latency.iter().map(|r| (r.unit, r.buckets.as_slice())).collect()
                }
                _ => roles
                    .streams
                    .iter()
                    .filter_map(|r| r.first_message.as_ref())
                    .map(|r| (r.unit, r.buckets.as_slice()))
                    .collect(),
            };
            // The first that exists counts; where its bounds are not known nothing can be said.
            let Some((unit, buckets)) = histograms.first().filter(|(_, b)| !b.is_empty()) else {
                continue;
            };
            let factor = Decimal::whole(if *unit == TimeUnit::S { 1000 } else { 1 });
            let millis: Vec<Decimal> = buckets
                .iter()
                .filter_map(|bound| Decimal::parse(&bound.to_string()))
                .map(|bound| bound.times(factor))
                .collect();
            let wanted = Decimal::whole(limit.millis());
            if millis.contains(&wanted) {
                continue;
            }
            let near = |bound: Option<&Decimal>| {
                bound.and_then(|b| Duration::parse(&format!("{b}ms")).ok()).map(|d| d.to_string())
            };
            let below = near(millis.iter().filter(|b| **b < wanted).max());
            let above = near(millis.iter().filter(|b| **b > wanted).min());
            let both: Vec<String> =
                below.into_iter().chain(above).map(|d| format!("`{d}`")).collect();
            found.push(
                Diagnostic::error(
                    self.at(&path),
                    format!("no bucket of the dialect `{dialect}` ends at {limit}, so nobody can count what took longer"),
                )
                .help(format!(
                    "write {}; for services with other buckets copy the dialect and change its `buckets`",
                    both.join(" or ")
                )),
            );
        }
    }
}
