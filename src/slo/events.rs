//! What an indicator counts → PromQL, by service, over any window.

use super::sample::{Labels, fitting, fitting_but_not};
use crate::decimal::Decimal;
use crate::manifest::{HistogramKind, Indicator};
use crate::render::rules::{Roles, TimeUnit};
use crate::selector::{Matcher, Selector, matchers};

/// Stands for the window in an expression.
const WINDOW: &str = "$window";
/// Stands for its seconds.
const SECONDS: &str = "$seconds";

/// What is counted.
#[derive(Clone, Debug)]
pub struct Events {
    /// Events per second by service.
    pub total: String,
    /// Those of them that went wrong, or well.
    pub failed: Failed,
    /// A state that is recorded first, where there is nothing to count but time.
    pub state: Option<String>,
    /// Whose data is expected: the targets that should give it.
    pub expected: Option<String>,
    /// Raw series for generated tests, by dialect; none where an expression of one's own is used.
    pub sources: Vec<Source>,
}

/// How bad events are told from good ones.
#[derive(Clone, Debug)]
pub enum Failed {
    /// Bad events per second. A series that is not there yet stands for none.
    Bad(String),
    /// Good events per second; the others are bad. A series that is not there yet stands for none.
    Good(String),
    /// Good events per second of what gives all events as well, a histogram or a gauge: without them nothing is known.
    Within(String),
}

/// The raw series of one dialect.
#[derive(Clone, Debug)]
pub struct Source {
    /// The dialect; nothing where none matters.
    pub dialect: Option<String>,
    /// The job that gives them.
    pub job: &'static str,
    /// The series.
    pub feeds: Vec<Feed>,
}

/// One raw series, and how it moves.
#[derive(Clone, Debug)]
pub enum Feed {
    /// A counter of a part of the events.
    Counter {
        /// The metric.
        metric: String,
        /// Its labels.
        labels: Labels,
        /// Which events.
        part: Part,
    },
    /// A gauge that is 1 while all is well.
    Gauge {
        /// The metric.
        metric: String,
        /// Its labels.
        labels: Labels,
    },
    /// A moment that ages.
    Timestamp {
        /// The metric.
        metric: String,
        /// Its labels.
        labels: Labels,
        /// From how many seconds on it is too old.
        max_age: u64,
    },
    /// A native histogram.
    Histogram {
        /// The metric.
        metric: String,
        /// Its labels.
        labels: Labels,
        /// The power of two below the threshold.
        exponent: i32,
    },
}

/// Which events a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All.
    All,
    /// Those that went well.
    Good,
    /// Those that did not.
    Bad,
}

impl Events {
    /// An expression over a window of that many seconds.
    pub fn over(expr: &str, seconds: u64) -> String {
        expr.replace(WINDOW, &super::days(seconds)).replace(SECONDS, &seconds.to_string())
    }
}

/// Two lists of matchers in one.
fn both(a: &str, b: &str) -> String {
    [a, b].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
}

fn rate(metric: &str, inside: &str) -> String {
    format!("sum by (service) (rate({metric}{{{inside}}}[{WINDOW}]))")
}

/// What one dialect's counters say; nothing where it lacks the role.
struct Spoken {
    total: Vec<String>,
    failed: Vec<String>,
    feeds: Vec<Feed>,
}

fn parsed(text: &str) -> Vec<Matcher> {
    // Matchers of dialects that cannot be read give a test that fails, which is how it is noticed.
    matchers(text).unwrap_or_default()
}

/// Events as dialects count them; nothing when none of them has what the indicator needs.
pub(crate) fn dialect(
    indicator: &Indicator,
    dialects: &[(&str, &Roles)],
    select: &str,
) -> Option<Events> {
    let mut total = Vec::new();
    let mut failed = Vec::new();
    let mut sources = Vec::new();
    let mut names = Vec::new();
    for (name, roles) in dialects {
        let inside = both(&format!("dialect=\"{name}\""), select);
        let Some(spoken) = spoken(indicator, roles, &inside) else { continue };
        total.extend(spoken.total);
        failed.extend(spoken.failed);
        names.push(*name);
        sources.push(Source {
            dialect: Some((*name).to_owned()),
            job: "services",
            feeds: spoken.feeds,
        });
    }
    if total.is_empty() {
        return None;
    }
    let any = |parts: Vec<String>| parts.join(" or on (service) ");
    let failed = any(failed);
    let failed = match indicator {
        Indicator::Latency(_) => Failed::Within(failed),
        Indicator::Streaming(of) if of.first_message.is_some() => Failed::Within(failed),
        _ => Failed::Bad(failed),
    };
    let names = match names.as_slice() {
        [one] => format!("dialect=\"{one}\""),
        many => format!("dialect=~\"{}\"", many.join("|")),
    };
    let expected = format!("up{{job=~\"services.*\",{}}}", both(&names, select));
    Some(Events { total: any(total), failed, state: None, expected: Some(expected), sources })
}

fn spoken(indicator: &Indicator, roles: &Roles, inside: &str) -> Option<Spoken> {
    match indicator {
        Indicator::Requests => requests(roles, inside),
        Indicator::Latency(of) => {
            let limit = of.threshold.millis();
            let role = roles.latency.iter().map(|r| Times {
                histogram: &r.histogram,
                matchers: &r.matchers,
                unit: r.unit,
            });
            within(role, limit, of.histogram, inside)
        }
        Indicator::Tools(of) => tools(roles, &of.names, inside),
        Indicator::Streaming(of) => match of.first_message {
            None => streams(roles, inside),
            Some(limit) => {
                let role = roles.streams.iter().filter_map(|r| {
                    let first = r.first_message.as_ref()?;
                    Some(Times {
                        histogram: &first.histogram,
                        matchers: &first.matchers,
                        unit: first.unit,
                    })
                });
                within(role, limit.millis(), HistogramKind::Classic, inside)
            }
        },
        Indicator::Probe | Indicator::Freshness(_) | Indicator::Custom(_) => None,
    }
}

fn requests(roles: &Roles, inside: &str) -> Option<Spoken> {
    let (all, bad) = (roles.requests.first()?, roles.errors.first()?);
    let total = roles.requests.iter().map(|r| rate(&r.counter, &both(inside, &r.matchers)));
    let failed = roles.errors.iter().map(|r| rate(&r.counter, &both(inside, &r.matchers)));
    let feeds = if all.counter == bad.counter {
        split(&all.counter, &all.matchers, &bad.matchers)
    } else {
        apart(&all.counter, &all.matchers, &bad.counter, &bad.matchers, Part::Bad)
    };
    Some(Spoken { total: total.collect(), failed: failed.collect(), feeds })
}

/// A counter whose labels tell good from bad.
fn split(metric: &str, all: &str, bad: &str) -> Vec<Feed> {
    let (all, bad) = (parsed(all), parsed(bad));
    let metric = metric.to_owned();
    let good = fitting_but_not(&all, &bad);
    let wrong: Vec<Matcher> = all.into_iter().chain(bad).collect();
    vec![
        Feed::Counter { metric: metric.clone(), labels: good, part: Part::Good },
        Feed::Counter { metric, labels: fitting(&wrong), part: Part::Bad },
    ]
}

/// Two counters.
fn apart(all: &str, inside: &str, other: &str, other_inside: &str, part: Part) -> Vec<Feed> {
    let feed = |metric: &str, inside: &str, part| Feed::Counter {
        metric: metric.to_owned(),
        labels: fitting(&parsed(inside)),
        part,
    };
    vec![feed(all, inside, Part::All), feed(other, other_inside, part)]
}

fn tools(roles: &Roles, wanted: &[String], inside: &str) -> Option<Spoken> {
    let matching = |label: &str| match wanted {
        [] => format!("{label}!=\"\""),
        [one] => format!("{label}={}", crate::selector::quoted(one)),
        many => {
            let any: Vec<String> = many.iter().map(|name| regex_syntax::escape(name)).collect();
            format!("{label}=~{}", crate::selector::quoted(&any.join("|")))
        }
    };
    // A counter that does not tell which calls failed says nothing about an objective.
    let told: Vec<_> =
        roles.tools.iter().filter_map(|role| Some((role, role.failed.as_deref()?))).collect();
    let (first, first_failed) = told.first()?;
    let all = |role: &crate::render::rules::ToolRole| both(&matching(&role.label), &role.matchers);
    let total = told.iter().map(|(r, _)| rate(&r.counter, &both(inside, &all(r))));
    let failed =
        told.iter().map(|(r, failed)| rate(&r.counter, &both(inside, &both(&all(r), failed))));
    let feeds = split(&first.counter, &all(first), first_failed);
    Some(Spoken { total: total.collect(), failed: failed.collect(), feeds })
}

fn streams(roles: &Roles, inside: &str) -> Option<Spoken> {
    let first = roles.streams.first()?;
    let total = roles.streams.iter().map(|r| rate(&r.counter, &both(inside, &r.matchers)));
    let failed = roles
        .streams
        .iter()
        .map(|r| rate(&r.counter, &both(inside, &both(&r.matchers, &r.failed))));
    let feeds = split(&first.counter, &first.matchers, &first.failed);
    Some(Spoken { total: total.collect(), failed: failed.collect(), feeds })
}

/// A histogram that plays a role.
struct Times<'a> {
    histogram: &'a str,
    matchers: &'a str,
    unit: TimeUnit,
}

impl Times<'_> {
    /// A time in the histogram's own unit.
    fn bound(&self, millis: u64) -> Decimal {
        match self.unit {
            TimeUnit::S => Decimal::whole(millis).over(1000),
            TimeUnit::Ms => Decimal::whole(millis),
        }
    }
}

/// Durations up to a limit.
fn within<'a>(
    roles: impl Iterator<Item = Times<'a>>,
    limit: u64,
    kind: HistogramKind,
    inside: &str,
) -> Option<Spoken> {
    let (mut total, mut failed, mut feeds) = (Vec::new(), Vec::new(), Vec::new());
    for role in roles {
        let inside = both(inside, role.matchers);
        let bound = role.bound(limit);
        let labels = fitting(&parsed(role.matchers));
        match kind {
            HistogramKind::Classic => {
                let metric = format!("{}_bucket", role.histogram);
                total.push(rate(&metric, &both(&inside, "le=\"+Inf\"")));
                failed.push(rate(&metric, &both(&inside, &le(bound))));
                if feeds.is_empty() {
                    let bucket = |le: String, part| {
                        let mut labels = labels.clone();
                        labels.push(("le".to_owned(), le));
                        Feed::Counter { metric: metric.clone(), labels, part }
                    };
                    feeds.push(bucket(pointed(bound), Part::Good));
                    feeds.push(bucket("+Inf".to_owned(), Part::All));
                }
            }
            HistogramKind::Native => {
                let sum =
                    format!("sum by (service) (rate({}{{{inside}}}[{WINDOW}]))", role.histogram);
                total.push(format!("histogram_count({sum})"));
                // The fraction of no observation at all is NaN, which is recorded nowhere.
                failed.push(format!(
                    "histogram_fraction(0, {bound}, {sum}) * histogram_count({sum}) >= 0 or on (service) 0 * histogram_count({sum})"
                ));
                if feeds.is_empty() {
                    feeds.push(Feed::Histogram {
                        metric: role.histogram.to_owned(),
                        labels,
                        exponent: power_below(bound.approximate()),
                    });
                }
            }
        }
    }
    (!total.is_empty()).then_some(Spoken { total, failed, feeds })
}

/// The bucket of a bound. Prometheus 3 writes a whole number as `1.0`, older data and OpenMetrics'
/// text have `1`.
fn le(bound: Decimal) -> String {
    let text = bound.to_string();
    if text.contains('.') { format!("le=\"{text}\"") } else { format!("le=~\"{text}(\\\\.0)?\"") }
}

/// A bound as Prometheus 3 writes it.
fn pointed(bound: Decimal) -> String {
    let text = bound.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

#[allow(clippy::cast_possible_truncation)] // Powers of two of durations are small.
fn power_below(value: f64) -> i32 {
    value.log2().floor() as i32
}

/// A gauge that is 1 while all is well: each of its samples is an event.
pub fn gauge(metric: &str, inside: &str, expected: Option<String>) -> Events {
    let labels = fitting(&parsed(inside));
    let over = |function: &str| {
        format!("sum by (service) ({function}({metric}{{{inside}}}[{WINDOW}])) / {SECONDS}")
    };
    Events {
        total: over("count_over_time"),
        failed: Failed::Within(over("sum_over_time")),
        state: None,
        expected,
        sources: vec![Source {
            dialect: None,
            job: "probe",
            feeds: vec![Feed::Gauge { metric: metric.to_owned(), labels }],
        }],
    }
}

/// Time during which a moment is not too old.
pub fn freshness(timestamp: &Selector, max_age: u64, select: &str) -> Events {
    let inside = both(&timestamp.inside(), select);
    let metric = &timestamp.metric;
    let state = format!("time() - max by (service) ({metric}{{{inside}}}) <= bool {max_age}");
    Events {
        total: String::new(),
        failed: Failed::Good(String::new()),
        state: Some(state),
        expected: None,
        sources: vec![Source {
            dialect: None,
            job: "services",
            feeds: vec![Feed::Timestamp {
                metric: metric.clone(),
                labels: fitting(&timestamp.matchers),
                max_age,
            }],
        }],
    }
}

/// Counters of one's own; an expression is taken as it is.
pub fn custom(total: &str, part: Part, other: &str, select: &str) -> Events {
    let expr = |text: &str| match Selector::parse(text) {
        Ok(selector) if !text.contains(WINDOW) => {
            rate(&selector.metric, &both(&selector.inside(), select))
        }
        _ => format!("sum by (service) ({text})"),
    };
    let feeds = match (Selector::parse(total), Selector::parse(other)) {
        (Ok(all), Ok(one)) if all.metric == one.metric && part == Part::Bad => {
            split(&all.metric, &all.inside(), &one.inside())
        }
        (Ok(all), Ok(one)) if all.metric == one.metric => {
            let wrong = fitting_but_not(&all.matchers, &one.matchers);
            let well = all.matchers.iter().chain(&one.matchers).cloned().collect::<Vec<_>>();
            let feed = |labels, part| Feed::Counter { metric: all.metric.clone(), labels, part };
            vec![feed(fitting(&well), Part::Good), feed(wrong, Part::Bad)]
        }
        (Ok(all), Ok(one)) => apart(&all.metric, &all.inside(), &one.metric, &one.inside(), part),
        _ => Vec::new(),
    };
    let failed =
        if part == Part::Good { Failed::Good(expr(other)) } else { Failed::Bad(expr(other)) };
    let source = Source { dialect: None, job: "services", feeds };
    let sources = if source.feeds.is_empty() { Vec::new() } else { vec![source] };
    Events { total: expr(total), failed, state: None, expected: None, sources }
}
