//! What happens to a service → the raw series that show it, in promtool's notation.

use std::fmt::Write as _;

use super::{STEP, Stage};
use crate::render::json::{Json, json};
use crate::selector::quoted;
use crate::slo::events::{Feed, Part};
use crate::slo::{Subject, sample};

/// Something that goes on for a while.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// How long, in samples of a minute.
    pub minutes: u64,
    /// What goes on.
    pub scene: Scene,
}

/// What goes on.
#[derive(Clone, Copy, Debug)]
pub enum Scene {
    /// Events each minute, and the share of them that is bad. Where a state is looked at instead of
    /// events, that share of the minutes is bad: the last ones, but for `settle` at the end.
    Events { each_minute: f64, bad: f64, round_up: bool, settle: u64 },
    /// Events each minute, and the share of them that is bad in every single minute.
    Each { each_minute: f64, bad: f64 },
    /// The counters start anew each ten minutes.
    Restarts { each_minute: f64 },
    /// No sample.
    Gone,
}

/// A service and what happens to it, one act after the other.
pub struct Play<'a> {
    /// The service; a stranger without one.
    pub subject: Option<&'a Subject>,
    /// The acts.
    pub acts: Vec<Act>,
}

/// Minutes at the end of an act in which a state is good again, so that the five-minute window has
/// counted the bad ones when it is looked at.
pub const SETTLE: u64 = 4;

/// Events with a share of bad ones.
pub fn act(minutes: u64, each_minute: f64, bad: f64) -> Act {
    Act {
        minutes,
        scene: Scene::Events { each_minute, bad: bad.min(1.0), round_up: true, settle: SETTLE },
    }
}

/// The same, where the bad minutes end that long before it does.
pub fn until(minutes: u64, each_minute: f64, bad: f64, settle: u64) -> Act {
    Act { minutes, scene: Scene::Events { each_minute, bad, round_up: true, settle } }
}

/// The same, where bad minutes are rounded down.
pub fn less(minutes: u64, each_minute: f64, bad: f64) -> Act {
    Act {
        minutes,
        scene: Scene::Events { each_minute, bad: bad.min(1.0), round_up: false, settle: SETTLE },
    }
}

/// The same in every single minute, also where time is counted.
pub fn each(minutes: u64, each_minute: f64, bad: f64) -> Act {
    Act { minutes, scene: Scene::Each { each_minute, bad } }
}

/// No sample at all.
pub fn gone(minutes: u64) -> Act {
    Act { minutes, scene: Scene::Gone }
}

/// Counters that start anew.
pub fn restarts(minutes: u64, each_minute: f64) -> Act {
    Act { minutes, scene: Scene::Restarts { each_minute } }
}

/// All series of a play.
pub fn input(play: &Play<'_>, stage: &Stage<'_>) -> Vec<Json<'static>> {
    let identity = identity(play.subject, stage);
    let mut out = Vec::new();
    for feed in &stage.source.feeds {
        let (metric, labels) = match feed {
            Feed::Counter { metric, labels, .. }
            | Feed::Gauge { metric, labels }
            | Feed::Timestamp { metric, labels, .. }
            | Feed::Histogram { metric, labels, .. } => (metric, labels),
        };
        let values = values(play, feed, stage);
        out.push(json!({"series": series(metric, &identity, labels), "values": values}));
    }
    let minutes: u64 = play.acts.iter().map(|act| act.minutes).sum();
    out.push(json!({
        "series": series("up", &identity, &[("instance".to_owned(), "a".to_owned())]),
        "values": format!("1x{minutes}"),
    }));
    out
}

/// The same series of another instance.
pub fn instance(name: &str, series: Vec<Json<'static>>) -> impl Iterator<Item = Json<'static>> {
    series.into_iter().map(move |mut series| {
        let plain = series.text("series").replace(",instance=\"a\"", "");
        let named = plain.trim_end_matches('}');
        series.set("series", format!("{named},instance=\"{name}\"}}"));
        series
    })
}

fn identity(subject: Option<&Subject>, stage: &Stage<'_>) -> sample::Labels {
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut labels = vec![label("job", stage.source.job)];
    if let Some(subject) = subject {
        labels.push(label("service", &subject.service));
        labels.push(label("group", &subject.group));
        labels.extend(subject.dialect.iter().map(|dialect| label("dialect", dialect)));
        labels.extend(subject.labels.iter().cloned());
    } else {
        labels.push(label("service", "stranger"));
        labels.push(label("group", "elsewhere"));
        labels.push(label("dialect", "unheard-of"));
    }
    labels
}

fn series(metric: &str, identity: &[(String, String)], labels: &[(String, String)]) -> String {
    let mut all: Vec<(String, String)> = identity.to_vec();
    for (label, value) in labels {
        all.retain(|(known, _)| known != label);
        all.push((label.clone(), value.clone()));
    }
    let all: Vec<String> = all.iter().map(|(l, v)| format!("{l}={}", quoted(v))).collect();
    format!("{metric}{{{}}}", all.join(","))
}

fn values(play: &Play<'_>, feed: &Feed, stage: &Stage<'_>) -> String {
    // Slices are judged as a whole, so that a share of bad events in all of them would be all or none.
    let by_state =
        matches!(feed, Feed::Timestamp { .. } | Feed::Gauge { .. }) || stage.slo.slices.is_some();
    let mut tape = Tape::default();
    for act in &play.acts {
        match act.scene {
            Scene::Gone => tape.gap(act.minutes),
            Scene::Restarts { each_minute } => {
                for _ in 0..act.minutes / 10 {
                    tape.restart();
                    tape.events(feed, 10, each_minute, 0.0);
                }
            }
            Scene::Events { each_minute, bad, round_up, settle } if by_state && bad < 1.0 => {
                let (before, wrong, after) = parts(act.minutes, bad, round_up, settle);
                tape.events(feed, before, each_minute, 0.0);
                tape.events(feed, wrong, each_minute, 1.0);
                tape.events(feed, after, each_minute, 0.0);
            }
            Scene::Events { each_minute, bad, .. } | Scene::Each { each_minute, bad } => {
                tape.events(feed, act.minutes, each_minute, bad);
            }
        }
    }
    tape.text
}

/// An act in which a share of the minutes is bad: good ones, bad ones, and good ones again.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn parts(minutes: u64, bad: f64, round_up: bool, settle: u64) -> (u64, u64, u64) {
    let exact = minutes as f64 * bad;
    let wrong = if round_up { (exact - 1e-6).ceil() } else { (exact + 1e-6).floor() };
    let wrong = (wrong.max(0.0) as u64).min(minutes);
    let after = settle.min(minutes - wrong);
    (minutes - wrong - after, wrong, after)
}

/// A series as it is written, and where it stands.
#[derive(Default)]
struct Tape {
    text: String,
    /// Samples so far.
    length: u64,
    /// What a counter has come to: good events, bad events.
    good: f64,
    bad: f64,
}

impl Tape {
    fn restart(&mut self) {
        (self.good, self.bad) = (0.0, 0.0);
    }

    fn space(&mut self) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
    }

    fn gap(&mut self, minutes: u64) {
        if minutes > 0 {
            self.space();
            // What is gone is gone at once, as when a target is.
            let _ = write!(self.text, "stale _x{}", minutes - 1);
            self.length += minutes;
        }
    }

    /// That many samples with as many events between them, a share of them bad.
    #[allow(clippy::cast_precision_loss)]
    fn events(&mut self, feed: &Feed, samples: u64, each: f64, bad: f64) {
        if samples == 0 {
            return;
        }
        self.space();
        let (good_step, bad_step) = (each * (1.0 - bad), each * bad);
        // The first sample of all is where counting begins.
        let first = if self.length == 0 { 0.0 } else { 1.0 };
        let (good, wrong) = (self.good + first * good_step, self.bad + first * bad_step);
        let more = samples - 1;
        let n = more as f64;
        match feed {
            Feed::Counter { part, .. } => {
                let (start, step) = match part {
                    Part::All => (good + wrong, good_step + bad_step),
                    Part::Good => (good, good_step),
                    Part::Bad => (wrong, bad_step),
                };
                let _ = write!(self.text, "{start}+{step}x{more}");
            }
            Feed::Gauge { .. } => {
                let _ = write!(self.text, "{}x{more}", 1.0 - bad);
            }
            Feed::Timestamp { max_age, .. } => {
                let now = self.length * STEP;
                let age = if bad > 0.0 { max_age + 120 } else { 0 };
                let start = i128::from(now) - i128::from(age);
                let _ = write!(self.text, "{start}+{STEP}x{more}");
            }
            Feed::Histogram { exponent, .. } => {
                let histogram = |good: f64, bad: f64| {
                    format!(
                        "{{{{schema:0 count:{} sum:1 offset:{exponent} buckets:[{good} 0 0 {bad}]}}}}",
                        good + bad
                    )
                };
                let start = histogram(good, wrong);
                if more == 0 {
                    self.text.push_str(&start);
                } else {
                    let _ = write!(self.text, "{start}+{}x{more}", histogram(good_step, bad_step));
                }
            }
        }
        self.length += samples;
        self.good = good + n * good_step;
        self.bad = wrong + n * bad_step;
    }
}
