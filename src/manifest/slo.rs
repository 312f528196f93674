//! Objectives: what a service promises, over what time, and who is told when the promise is in danger.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::Severity;
use super::log_words::{Switch, Written};
use super::types::{Day, Duration, LabelName, Name, Percent};
use super::words::{AlertName, Counted, LabelText};

/// What the selected services promise.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    /// The promise, in one line.
    pub description: Option<String>,
    /// Who answers for it; a label on its alerts.
    pub owner: Option<LabelText>,
    /// The day on which it is looked at again.
    pub review: Option<Day>,
    /// Which services promise it; without it all that have what the indicator needs.
    #[serde(default)]
    pub select: Select,
    /// What is counted as good and bad: `requests`, `tools`, `streaming` or `probe`, or a map with
    /// one of these, `latency`, `freshness` or `custom`.
    pub indicator: Indicator,
    /// The share of events, or of slices of time, that must be good: `99.9%`.
    pub objective: Percent,
    /// The time over which it must hold, 7d to 90d; it slides.
    #[serde(default = "month")]
    pub window: Duration,
    /// What the error budget is counted in: `occurrences` of events, or slices of time.
    #[serde(default)]
    pub budgeting: Budgeting,
    /// With fewer events than this in a tier's long window the tier is silent: at night one failed
    /// request is no trend.
    pub min_events: Option<u32>,
    /// What its alerts' names begin with: `HighErrorRate` for `HighErrorRateFastBurn`.
    #[serde(default = "error_budget")]
    pub alert: AlertName,
    /// How quickly the budget may burn before someone is told.
    #[serde(default)]
    pub tiers: Tiers,
    /// Services that promise something else.
    #[serde(default, rename = "override")]
    pub overrides: BTreeMap<Name, SloOverride>,
}

fn month() -> Duration {
    Duration::from_secs(30 * 24 * 3600)
}
fn error_budget() -> AlertName {
    // Parsing a constant cannot fail.
    AlertName::parse("ErrorBudget").unwrap_or_else(|_| unreachable!())
}

/// Which services; a service must fit all that is said.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// These services.
    #[serde(default)]
    pub services: Vec<Name>,
    /// Services of these groups.
    #[serde(default)]
    pub groups: Vec<Name>,
    /// Services with these labels.
    #[serde(default)]
    pub labels: BTreeMap<LabelName, String>,
}

/// Another objective of one service.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SloOverride {
    /// The share that must be good.
    pub objective: Percent,
}

/// What is counted as good and bad.
#[derive(Clone, Debug, PartialEq)]
pub enum Indicator {
    /// Requests that do not fail, as the service's dialect counts them.
    Requests,
    /// Requests that are answered in time.
    Latency(Latency),
    /// Calls of tools that do not fail.
    Tools(Tools),
    /// Streams: messages that are no errors, or first messages that come in time.
    Streaming(Streaming),
    /// Probes of the service's address that succeed.
    Probe,
    /// Time during which something is not too old.
    Freshness(Freshness),
    /// Counters of your own.
    Custom(Custom),
}

/// Requests that are answered in time.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// An answer that takes no longer is good. It must be the bound of a bucket.
    pub threshold: Duration,
    /// How the service counts durations.
    #[serde(default)]
    pub histogram: HistogramKind,
}

/// How durations are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HistogramKind {
    /// In buckets with fixed bounds, a series for each.
    #[default]
    Classic,
    /// In a native histogram. Prometheus must be told to scrape them.
    Native,
}

/// Calls of tools that do not fail.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// These tools alone.
    #[serde(default)]
    pub names: Vec<String>,
}

/// Messages of streams.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Streaming {
    /// A stream whose first message takes no longer is good. Without it messages are counted.
    pub first_message: Option<Duration>,
}

/// Time during which something is not too old.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// A gauge of the moment of the last success, in seconds since 1970: `sync_last_success_timestamp_seconds`.
    pub timestamp: Counted,
    /// The oldest that it may be.
    pub max_age: Duration,
}

/// Series of your own: `total` with `good` or `bad`, or a `gauge` that is 1 when all is well.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Custom {
    /// A counter of all events: `jobs_total`; or events per second over `$window`, as an expression
    /// that keeps the label `service`.
    pub total: Option<Counted>,
    /// A counter of those that went well.
    pub good: Option<Counted>,
    /// A counter of those that did not.
    pub bad: Option<Counted>,
    /// A gauge that is 1 while all is well, else 0.
    pub gauge: Option<Counted>,
}

#[derive(serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum IndicatorMap {
    /// Requests that are answered in time.
    Latency(Latency),
    /// Calls of tools that do not fail.
    Tools(Tools),
    /// Streams: messages that are no errors, or first messages that come in time.
    Streaming(Streaming),
    /// Time during which something is not too old.
    Freshness(Freshness),
    /// Counters of your own.
    Custom(Custom),
}

/// The indicators that need nothing more said.
const WORDS: [&str; 4] = ["requests", "tools", "streaming", "probe"];

impl Indicator {
    /// The word in the manifest.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Latency(_) => "latency",
            Self::Tools(_) => "tools",
            Self::Streaming(_) => "streaming",
            Self::Probe => "probe",
            Self::Freshness(_) => "freshness",
            Self::Custom(_) => "custom",
        }
    }
}

impl<'de> Deserialize<'de> for Indicator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrMap;
        impl<'de> Visitor<'de> for WordOrMap {
            type Value = Indicator;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an indicator: a word such as `requests`, or a map such as `latency: {threshold: 300ms}`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Indicator, E> {
                match text {
                    "requests" => Ok(Indicator::Requests),
                    "tools" => Ok(Indicator::Tools(Tools::default())),
                    "streaming" => Ok(Indicator::Streaming(Streaming::default())),
                    "probe" => Ok(Indicator::Probe),
                    "latency" | "freshness" | "custom" => {
                        let example = match text {
                            "latency" => "latency: {threshold: 300ms}",
                            "freshness" => {
                                "freshness: {timestamp: sync_last_success_timestamp_seconds, max_age: 10m}"
                            }
                            _ => "custom: {total: jobs_total, bad: 'jobs_total{result=\"error\"}'}",
                        };
                        Err(E::custom(format!(
                            "`{text}` needs more{}write `{example}` under `indicator`",
                            crate::yaml::HELP
                        )))
                    }
                    other => Err(E::unknown_variant(other, &WORDS)),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Indicator, A::Error> {
                let map = de::value::MapAccessDeserializer::new(map);
                Ok(match IndicatorMap::deserialize(map)? {
                    IndicatorMap::Latency(of) => Indicator::Latency(of),
                    IndicatorMap::Tools(of) => Indicator::Tools(of),
                    IndicatorMap::Streaming(of) => Indicator::Streaming(of),
                    IndicatorMap::Freshness(of) => Indicator::Freshness(of),
                    IndicatorMap::Custom(of) => Indicator::Custom(of),
                })
            }
        }
        deserializer.deserialize_any(WordOrMap)
    }
}

impl JsonSchema for Indicator {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Indicator".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<IndicatorMap>();
        json_schema!({
            "description": "What is counted as good and bad.",
            "anyOf": [{"type": "string", "enum": WORDS}, map],
        })
    }
}

/// What the error budget is counted in.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Budgeting {
    /// Events: a busy hour weighs more than a quiet one.
    #[default]
    Occurrences,
    /// Slices of time: each is good or bad, however much happened in it.
    Timeslices(Timeslices),
}

/// Slices of time.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeslices {
    /// How long a slice is, 1m to 5m.
    #[serde(default = "slice")]
    pub length: Duration,
    /// The share of its events that must be good for the slice to be good.
    pub target: Percent,
}

fn slice() -> Duration {
    Duration::from_secs(300)
}

#[derive(serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum BudgetingMap {
    /// Slices of time.
    Timeslices(Timeslices),
}

impl<'de> Deserialize<'de> for Budgeting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrMap;
        impl<'de> Visitor<'de> for WordOrMap {
            type Value = Budgeting;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`occurrences`, or a map `timeslices: {length: 5m, target: 95%}`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Budgeting, E> {
                match text {
                    "occurrences" => Ok(Budgeting::Occurrences),
                    "timeslices" => Err(E::custom(format!(
                        "`timeslices` needs more{}write `budgeting: {{timeslices: {{length: 5m, target: 95%}}}}`",
                        crate::yaml::HELP
                    ))),
                    other => Err(E::unknown_variant(other, &["occurrences", "timeslices"])),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Budgeting, A::Error> {
                let map = de::value::MapAccessDeserializer::new(map);
                let BudgetingMap::Timeslices(slices) = BudgetingMap::deserialize(map)?;
                Ok(Budgeting::Timeslices(slices))
            }
        }
        deserializer.deserialize_any(WordOrMap)
    }
}

impl JsonSchema for Budgeting {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Budgeting".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<BudgetingMap>();
        json_schema!({
            "description": "What the error budget is counted in.",
            "anyOf": [{"type": "string", "enum": ["occurrences"]}, map],
        })
    }
}

/// How quickly the error budget may burn, each tier over a long window and confirmed by a short one.
/// `false` switches a tier off.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tiers {
    /// Over 1h, confirmed by 5m; critical.
    pub fast: Option<Switch<Tier>>,
    /// Over 6h, confirmed by 30m; critical.
    pub medium: Option<Switch<Tier>>,
    /// Over 1d, confirmed by 2h; warning.
    pub slow: Option<Switch<Tier>>,
    /// Over 3d, confirmed by 6h; warning.
    pub creeping: Option<Switch<Tier>>,
}

/// How quickly the error budget may burn.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The share of the whole budget that its long window may use up. Without it 2 %, 5 %, 10 % and
    /// 10 %; under windows shorter than 14d 8 %, 12.5 %, 20 % and 42 %.
    pub share: Option<Percent>,
    /// How bad it is.
    pub severity: Option<Severity>,
}

impl Written for Tier {
    const EXAMPLE: &'static str = "{severity: warning}";
    fn plain() -> Option<Self> {
        Some(Self::default())
    }
}

/// All objectives, by name.
pub type Slos = IndexMap<Name, Slo>;
