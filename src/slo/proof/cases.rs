//! The tests: what an objective's rules promise, one by one.

use super::series::{Act, Play, SETTLE, act, each, gone, less, restarts, until};
use super::{Stage, ask};
use crate::render::json::Json;
use crate::slo::alerts::MEMORY;
use crate::slo::simulate::float;
use crate::slo::{Failed, Feed, Part, Tier};

/// Events in a minute of the day.
const BUSY: f64 = 1000.0;
/// Events in a minute of the night.
const QUIET: f64 = 10.0;
/// Minutes in a day.
const DAY: u64 = 1440;
/// Series that must never hold NaN: those of the short windows, and of the long ones.
const SHORT: [&str; 7] = [
    "slo:total:rate5m",
    "slo:errors:rate5m",
    "slo:error_ratio:rate5m",
    "slo:error_ratio:rate30m",
    "slo:error_ratio:rate1h",
    "slo:error_ratio:rate2h",
    "slo:error_ratio:rate6h",
];
const LONG: [&str; 5] = [
    "slo:total:rate4m",
    "slo:error_ratio:rate1d",
    "slo:error_ratio:rate3d",
    "slo:error_ratio:period",
    "slo:error_budget:remaining",
];

/// What holds for every objective, whatever its tiers.
pub fn properties(stage: &Stage<'_>) -> Vec<Json<'static>> {
    let mut tests = vec![quiet(stage, &SHORT), never_failed(stage)];
    tests.extend(silent(stage));
    if counted(stage) {
        tests.extend([restarted(stage), together(stage)]);
    } else if stage.slo.slices.is_none() && !timed(stage) {
        tests.push(sampled(stage));
    }
    tests.extend(never_worked(stage));
    tests
}

/// The same over days.
pub fn lasting(stage: &Stage<'_>) -> Vec<Json<'static>> {
    [quiet(stage, &LONG), uneven(stage)].into_iter().chain(unlisted(stage)).collect()
}

/// Whether events are counted, rather than moments of a state.
fn counted(stage: &Stage<'_>) -> bool {
    let counts = |feed: &Feed| matches!(feed, Feed::Counter { .. } | Feed::Histogram { .. });
    stage.source.feeds.iter().all(counts)
}

/// Whether it is the newest of several moments that counts.
fn timed(stage: &Stage<'_>) -> bool {
    stage.source.feeds.iter().any(|feed| matches!(feed, Feed::Timestamp { .. }))
}

/// The service that is asked about, as promtool writes it.
fn of(stage: &Stage<'_>) -> String {
    format!("{{service=\"{}\"}}", stage.one.service)
}

/// All goes well with the service; with a neighbour too, where there is one.
fn neighbours<'a>(stage: &'a Stage<'_>, minutes: u64) -> Vec<Play<'a>> {
    let mut plays = stage.stranger(minutes);
    plays.extend(
        stage.two.map(|two| Play { subject: Some(two), acts: vec![act(minutes, BUSY, 0.0)] }),
    );
    plays
}

/// P1 to P4 and the two windows of one tier.
pub fn tier(stage: &Stage<'_>, tier: &Tier) -> Vec<Json<'static>> {
    let mut tests = vec![
        above(stage, tier),
        below(stage, tier),
        burst(stage, tier),
        outage(stage, tier),
        recovery(stage, tier),
    ];
    // Against a window of days a burst of hours is the spike.
    if tier.window.long < DAY * 60 {
        tests.push(spike(stage, tier));
    }
    tests
}

/// Minutes of clean history before a burn that is just above the limit: enough for a longer window to
/// be below it.
fn history(tier: &Tier) -> u64 {
    tier.window.long / 60 / 4
}

fn plays<'a>(stage: &'a Stage<'_>, acts: Vec<super::series::Act>) -> Vec<Play<'a>> {
    let minutes = acts.iter().map(|act| act.minutes).sum();
    let mut plays = neighbours(stage, minutes);
    plays.push(Play { subject: Some(stage.one), acts });
    plays
}

/// P1, from above: a burn that is just fast enough, for as long as the tier looks back. P8: nobody else is
/// told about.
fn above(stage: &Stage<'_>, tier: &Tier) -> Json<'static> {
    let share = stage.threshold(tier);
    // What can be bad at most is everything.
    let share = (share * 1.05).min(f64::midpoint(share, 1.0));
    let before = history(tier);
    let during = tier.window.long / 60 + 6;
    // Bad minutes of a state are seen in steps of the long windows.
    let coarse = if counted(stage) && stage.slo.slices.is_none() || tier.window.long < DAY * 60 {
        0.0
    } else {
        (10.0 + smear(stage)) / float(during)
    };
    // Good minutes at the end must leave the short window above the limit as well. The fewer they are, the
    // fewer of the bad ones are counted whole.
    let room = float(tier.window.short / 60) * (1.0 - stage.threshold(tier)) - 0.1;
    let whole = counted(stage) || stage.slo.slices.is_some();
    let settle = if whole { SETTLE } else { floor(room).min(SETTLE) };
    let uncounted = float(SETTLE - settle) / 2.0;
    let share = (share + coarse + uncounted / float(during)).min(1.0);
    let acts = vec![act(before, BUSY, 0.0), until(during, BUSY, share, settle)];
    let name = tier.window.name;
    let at = before + during - 1;
    let asked = vec![
        ask(&stage.alerts(Some(name)), before - 1, &[]),
        ask(&stage.alerts(Some(name)), at, &[(&of(stage), 1.0)]),
        // With its group, by which it is routed.
        ask(
            &format!(
                "count by (service, group, severity) (ALERTS{{slo=\"{}\",burn_tier=\"{name}\"}})",
                stage.slo.id
            ),
            at,
            &[(
                &format!(
                    "{{service=\"{}\",group=\"{}\",severity=\"{}\"}}",
                    stage.one.service,
                    stage.one.group,
                    tier.severity.as_str()
                ),
                1.0,
            )],
        ),
    ];
    let about = format!("P1 {name}: a burn just above the limit alerts, about this service alone");
    stage.test(&about, &plays(stage, acts), asked)
}

/// Bad minutes that a state or a slice takes beyond those that were played: its own window.
fn smear(stage: &Stage<'_>) -> f64 {
    let slices = stage.slo.slices.map_or(0, |slices| slices.length / 60);
    float(slices + u64::from(slices > 0))
}

/// P1, from below.
fn below(stage: &Stage<'_>, tier: &Tier) -> Json<'static> {
    // The share of a steady burn is the same at any time. Where minutes are bad as a whole it takes all of
    // the window for one of them not to be too many.
    let long = tier.window.long / 60;
    let steady = counted(stage) && stage.slo.slices.is_none();
    let minutes = if steady { (long / 4).max(120).min(long) } else { long } + 6;
    let share = (stage.threshold(tier) * 0.95 - smear(stage) / float(minutes)).max(0.0);
    let before = 10;
    let acts = vec![act(before, BUSY, 0.0), less(minutes, BUSY, share)];
    let about = format!("P1 {}: a burn just below the limit does not", tier.window.name);
    let alerts = stage.alerts(Some(tier.window.name));
    let asked = [minutes / 2, minutes - 1].map(|at| ask(&alerts, before + at, &[])).to_vec();
    stage.test(&about, &plays(stage, acts), asked)
}

/// A burn that is over the limit in every shorter window and under it in the long one.
fn burst(stage: &Stage<'_>, tier: &Tier) -> Json<'static> {
    let long = tier.window.long / 60;
    let shorter = [30, 120, 360, DAY].into_iter().filter(|m| *m < long).max().unwrap_or(30);
    let bad = 0.75 * stage.threshold(tier) * float(long) - smear(stage);
    let share = (bad / float(shorter)).clamp(0.0, 1.0);
    // At the end the long window is full.
    let before = long - shorter + 10;
    let acts = vec![act(before, BUSY, 0.0), less(shorter, BUSY, share)];
    let alerts = stage.alerts(Some(tier.window.name));
    let end = before + shorter;
    let asked = vec![ask(&alerts, end - 1, &[]), ask(&alerts, end - shorter / 2, &[])];
    let about =
        format!("past events {}: a burst in the shorter windows does not", tier.window.name);
    stage.test(&about, &plays(stage, acts), asked)
}

/// Minutes of a complete outage until the long window is at the limit.
fn needed(stage: &Stage<'_>, tier: &Tier) -> f64 {
    stage.threshold(tier) * float(tier.window.long) / 60.0
}

/// P2: an outage is told about once it has used up the tier's share, and not much later.
fn outage(stage: &Stage<'_>, tier: &Tier) -> Json<'static> {
    let before = tier.window.long / 60 + 5;
    let needed = needed(stage, tier);
    let acts = vec![act(before, BUSY, 0.0), act(ceil(needed) + 20, BUSY, 1.0)];
    let alerts = stage.alerts(Some(tier.window.name));
    let late = before + ceil(needed) + 6 + if tier.window.long >= DAY * 60 { 5 } else { 0 };
    let mut asked = vec![ask(&alerts, late, &[(&of(stage), 1.0)])];
    // Slices of time and states are bad at once; events only when there are enough of them.
    let early = floor(needed * 0.8 - smear(stage));
    if early > 0 {
        asked.insert(0, ask(&alerts, before + early, &[]));
    }
    let about = format!("P2 {}: an outage is told about in time", tier.window.name);
    stage.test(&about, &plays(stage, acts), asked)
}

/// P3: when it is over, the alert ends with the short window, while the long one is still above.
fn recovery(stage: &Stage<'_>, tier: &Tier) -> Json<'static> {
    let before = tier.window.short / 60 + 10;
    let long = float(tier.window.long) / 60.0;
    let during = ceil((3.0 * needed(stage, tier)).min(long)) + 6;
    // The windows are made of five-minute ones, and a slice takes its own time.
    let short = tier.window.short / 60 + 6 + floor(smear(stage));
    let steps = if tier.window.long >= DAY * 60 { 5 } else { 0 };
    let after = short + steps + 2;
    let acts = vec![act(before, BUSY, 0.0), act(during, BUSY, 1.0), act(after, BUSY, 0.0)];
    let alerts = stage.alerts(Some(tier.window.name));
    let end = before + during;
    let mut asked =
        vec![ask(&alerts, end - 1, &[(&of(stage), 1.0)]), ask(&alerts, end + short + steps, &[])];
    let left = (float(during).min(long - float(short + steps))) / long;
    let threshold = stage.threshold(tier);
    if left > threshold * 1.1 {
        let ratio =
            stage.recorded(&format!("slo:error_ratio:rate{}", crate::slo::days(tier.window.long)));
        let still = format!("count by (service) ({ratio} > {threshold})");
        asked.push(ask(&still, end + short + steps, &[(&of(stage), 1.0)]));
    }
    let about = format!("P3 {}: the alert ends with the short window", tier.window.name);
    stage.test(&about, &plays(stage, acts), asked)
}

/// P4: a minute of trouble does not alert while it uses up half of what is allowed.
fn spike(stage: &Stage<'_>, tier: &Tier) -> Json<'static> {
    let bad = (needed(stage, tier) * 0.5).min(1.0);
    let before = tier.window.long / 60 + 5;
    let acts = vec![act(before, BUSY, 0.0), less(1, BUSY, bad), act(30, BUSY, 0.0)];
    let alerts = stage.alerts(Some(tier.window.name));
    let asked = [0, 2, 5, 15].map(|at| ask(&alerts, before + at, &[])).to_vec();
    let about = format!("P4 {}: a short spike does not alert", tier.window.name);
    stage.test(&about, &plays(stage, acts), asked)
}

/// P5: nobody calls at first, and later for hours. Nothing is NaN, nobody is told, the budget stays.
fn quiet(stage: &Stage<'_>, recorded: &[&str]) -> Json<'static> {
    // A probe is never quiet: there are just no samples of it, and that is told about.
    let (pause, alerts) = if counted(stage) {
        (act(240, 0.0, 0.0), stage.alerts(None).replace(",burn_tier!=\"\"", ""))
    } else {
        (gone(240), stage.alerts(None))
    };
    let acts = vec![Act { minutes: 20, ..pause }, act(30, BUSY, 0.0), pause, act(5, BUSY, 0.0)];
    let mut asked = Vec::new();
    for at in [17, 35, 65, 140, 289] {
        asked.push(ask(&alerts, at, &[]));
        for name in recorded {
            // Only NaN differs from itself.
            asked.push(ask(&format!("{name} != {name}"), at, &[]));
        }
    }
    asked.push(ask(&stage.recorded("slo:error_ratio:rate5m"), 220, &[]));
    if recorded.contains(&"slo:error_budget:remaining") {
        let left = stage.recorded("slo:error_budget:remaining");
        let left = format!("min by (service) ({left})");
        if counted(stage) {
            asked.push(ask(&left, 17, &[(&of(stage), 1.0)]));
        }
        asked.push(ask(&left, 280, &[(&of(stage), 1.0)]));
    }
    let mut plays = stage.stranger(295);
    plays.push(Play { subject: Some(stage.one), acts });
    stage.test("P5: silence is neither NaN nor an alert, and the budget stays", &plays, asked)
}

/// P6: nothing ever went wrong, so that no series says so: a share of 0, not an unknown one.
fn never_failed(stage: &Stage<'_>) -> Json<'static> {
    let mut test = stage.test(
        "P6: without a single error the share is 0",
        &plays(stage, vec![act(90, BUSY, 0.0)]),
        vec![
            ask(
                &format!("max by (service) ({})", stage.recorded("slo:error_ratio:rate5m")),
                89,
                &[(&of(stage), 0.0)],
            ),
            ask(
                &format!("max by (service) ({})", stage.recorded("slo:error_ratio:rate1h")),
                89,
                &[(&of(stage), 0.0)],
            ),
            ask(
                &format!("count by (service, slo) (slo:errors:rate5m{{slo=\"{}\"}})", stage.slo.id),
                89,
                &isolated(stage).iter().map(|l| (l.as_str(), 1.0)).collect::<Vec<_>>(),
            ),
        ],
    );
    // The counter of bad events is not there yet.
    let bad = |feed: &Feed| matches!(feed, Feed::Counter { part: Part::Bad, .. });
    if stage.source.feeds.iter().any(bad) {
        absent(&mut test);
    }
    test
}

/// P6, the other way round: where good events are counted, they need not have begun for all to be bad.
fn never_worked(stage: &Stage<'_>) -> Option<Json<'static>> {
    let good = |feed: &&Feed| matches!(feed, Feed::Counter { part: Part::Good, .. });
    let Failed::Good(_) = stage.slo.events.failed else { return None };
    stage.source.feeds.iter().find(good)?;
    let share = stage.recorded("slo:error_ratio:rate5m");
    let asked = vec![ask(&format!("max by (service) ({share})"), 29, &[(&of(stage), 1.0)])];
    let about = "P6: without a single good event the share is 1";
    let mut test = stage.test(about, &plays(stage, vec![act(30, BUSY, 1.0)]), asked);
    absent(&mut test);
    Some(test)
}

/// What never counted anything is no series yet.
fn absent(test: &mut Json<'static>) {
    if let Some(input) = test.list_mut("input_series") {
        input.retain(|series| !series.text("values").starts_with("0+0x"));
    }
}

/// P7, at one time: the instances of a service count as one, whatever the share of each.
fn together(stage: &Stage<'_>) -> Json<'static> {
    let half = stage.slo.slices.map_or(0, |slices| slices.length / 60) + 20;
    // One instance has a quarter more, and none more than all.
    let (few, many, seen) = match stage.slo.slices {
        Some(slices) => {
            let allowed = 1.0 - slices.target.approximate();
            let many = (1.6 * allowed).min(0.8);
            (0.8 * allowed, many, [0.0, f64::from(u8::from(many > allowed))])
        }
        None => (0.4, 0.8, [0.4, 0.8]),
    };
    let instance = |shift: f64| vec![each(half, BUSY, few * shift), each(half, BUSY, many * shift)];
    let looks = [(half - 2, seen[0]), (2 * half - 2, seen[1])];
    both(stage, [instance(0.75), instance(1.25)], &looks)
}

/// The same where each sample is an event: six of ten are bad.
fn sampled(stage: &Stage<'_>) -> Json<'static> {
    let bad = |minutes: u64| {
        vec![act(20, BUSY, 0.0), act(minutes, BUSY, 1.0), act(5 - minutes, BUSY, 0.0)]
    };
    both(stage, [bad(2), bad(4)], &[(24, 0.6)])
}

/// Two instances, and the share of bad events at some minutes.
fn both(stage: &Stage<'_>, instances: [Vec<Act>; 2], looks: &[(u64, f64)]) -> Json<'static> {
    let measured = stage.recorded("slo:error_ratio:rate5m");
    let close = |share: f64| format!("count by (service) (abs({measured} - {share}) < 1e-6)");
    let asked =
        looks.iter().map(|(at, share)| ask(&close(*share), *at, &[(&of(stage), 1.0)])).collect();
    let [one, other] = instances.map(|acts| Play { subject: Some(stage.one), acts });
    let about = "P7: the instances of a service count together";
    let mut test = stage.test(about, &[one], asked);
    if let Some(input) = test.list_mut("input_series") {
        input.extend(super::series::instance("b", super::series::input(&other, stage)));
    }
    test
}

/// P8: a service that only its own series name, for it is no target of Prometheus, is told about as well.
fn unlisted(stage: &Stage<'_>) -> Option<Json<'static>> {
    if stage.slo.events.expected.is_some() || stage.slo.tiers.is_empty() {
        return None;
    }
    let minutes = 66;
    #[allow(clippy::cast_precision_loss)] // Four of them.
    let tiers = stage.slo.tiers.len() as f64;
    let asked = vec![ask(&stage.alerts(None), minutes - 1, &[(&of(stage), tiers)])];
    let about = "P8: a service that is no target alerts as well";
    let plays = [Play { subject: Some(stage.one), acts: vec![act(minutes, BUSY, 1.0)] }];
    let mut test = stage.test(about, &plays, asked);
    if let Some(input) = test.list_mut("input_series") {
        input.retain(|series| !series.text("series").starts_with("up{"));
    }
    Some(test)
}

/// P8: the series of the objective, each with these labels and no others.
fn isolated(stage: &Stage<'_>) -> Vec<String> {
    let id = &stage.slo.id;
    let labels = |service: &str| format!("{{service=\"{service}\",slo=\"{id}\"}}");
    let two = stage.two.map(|two| labels(&two.service));
    [labels(&stage.one.service)].into_iter().chain(two).collect()
}

/// P9: a service that starts anew each ten minutes has not failed.
fn restarted(stage: &Stage<'_>) -> Json<'static> {
    let asked = vec![
        ask(
            &format!("max by (service) ({})", stage.recorded("slo:error_ratio:rate5m")),
            115,
            &[(&of(stage), 0.0)],
        ),
        ask(
            &format!("max by (service) ({})", stage.recorded("slo:error_ratio:rate1h")),
            119,
            &[(&of(stage), 0.0)],
        ),
        ask(
            &format!("count by (service) ({} > 0)", stage.recorded("slo:total:rate5m")),
            119,
            &[(&of(stage), 1.0)],
        ),
        ask(&stage.alerts(None), 119, &[]),
    ];
    let acts = vec![act(10, BUSY, 0.0), restarts(120, BUSY)];
    let mut plays = stage.stranger(130);
    plays.push(Play { subject: Some(stage.one), acts });
    stage.test("P9: counters that start anew are no errors", &plays, asked)
}

/// P10: what is gone is told about once, after ten minutes, not before, and nothing is green meanwhile.
fn silent(stage: &Stage<'_>) -> Vec<Json<'static>> {
    let told = format!(
        "count by (service) (ALERTS{{slo=\"{}\",alertname=\"{}\",alertstate=\"firing\"}})",
        stage.slo.id,
        stage.slo.no_data()
    );
    let known = stage.recorded("slo:error_ratio:rate5m");
    let this = of(stage);
    let mut one_of_them = vec![ask(&told, 59, &[]), ask(&told, 68, &[])];
    one_of_them.push(ask(&told, 110, &[(&this, 1.0)]));
    one_of_them.push(ask(&known, 110, &[]));
    one_of_them.push(ask(&told, 139, &[]));
    // The others go on, so that only this one is missing.
    let mut plays = stage.stranger(140);
    plays.extend(stage.two.map(|two| Play { subject: Some(two), acts: vec![act(140, BUSY, 0.0)] }));
    let acts = vec![act(60, BUSY, 0.0), gone(60), act(20, BUSY, 0.0)];
    plays.push(Play { subject: Some(stage.one), acts });
    let about = "P10: data that is missing is told about";
    let mut tests = vec![stage.test(about, &plays, one_of_them)];
    if stage.slo.events.expected.is_some() {
        let about = "P10: without any target the objective is told about";
        let asked = vec![ask(&told, 9, &[]), ask(&told, 15, &[("{}", 1.0)])];
        tests.push(stage.test(about, &stage.stranger(20), asked));
    } else {
        tests.push(forgotten(stage, &told));
    }
    tests
}

/// P10, for hours: where no target tells which services there are, one that is gone is forgotten in the
/// end. Then the objective as a whole is told about, without a moment at which nobody or both are.
fn forgotten(stage: &Stage<'_>, told: &str) -> Json<'static> {
    let memory = MEMORY / 60;
    let pause = memory + 60;
    let mut asked = vec![ask(told, 60 + memory / 2, &[(&of(stage), 1.0)])];
    let either = told.replace("by (service) ", "");
    asked.extend((60 + memory - 20..60 + memory + 20).map(|at| ask(&either, at, &[("{}", 1.0)])));
    asked.push(ask(told, 60 + pause - 1, &[("{}", 1.0)]));
    asked.push(ask(told, 60 + pause + 19, &[]));
    let mut plays = stage.stranger(60 + pause + 20);
    let acts = vec![act(60, BUSY, 0.0), gone(pause), act(20, BUSY, 0.0)];
    plays.push(Play { subject: Some(stage.one), acts });
    stage.test(
        "P10: a service that is forgotten is told about to its end and beyond",
        &plays,
        asked,
    )
}

/// P7: busy days without an error and quiet nights in which half of it fails: what counts is the share
/// of all events, not the mean of shares.
fn uneven(stage: &Stage<'_>) -> Json<'static> {
    let counted = counted(stage) && stage.slo.slices.is_none();
    let half = DAY / 2;
    let (day, night) = (act(half, BUSY, 0.0), act(half, QUIET, 0.5));
    let expected = if counted { QUIET * 0.5 / (BUSY + QUIET) } else { 0.25 };
    let acts = vec![day, night, day, night, act(60, BUSY, 0.0)];
    // Where minutes are counted, those of the last hour are in it as well.
    let tolerance = if counted { 3e-4 } else { 2e-2 };
    let close = |name: &str| {
        format!("count by (service) (abs({} - {expected}) < {tolerance})", stage.recorded(name))
    };
    let at = 2 * DAY + 2;
    let asked = ["slo:error_ratio:rate1d", "slo:error_ratio:period", "slo:error_ratio:rate3d"]
        .map(|name| ask(&close(name), at, &[(&of(stage), 1.0)]));
    let budget = crate::decimal::Decimal::ONE.minus(stage.slo.objective_of(&stage.one.service));
    let budget = budget.approximate();
    let remaining = format!(
        "count by (service) (abs({} - (1 - {expected} / {budget})) < {tolerance} / {budget})",
        stage.recorded("slo:error_budget:remaining")
    );
    let mut asked = asked.to_vec();
    asked.push(ask(&remaining, at, &[(&of(stage), 1.0)]));
    let mut plays = stage.stranger(at);
    plays.push(Play { subject: Some(stage.one), acts });
    stage.test("P7: the share is that of all events, also under uneven traffic", &plays, asked)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Minutes of a month at most.
fn ceil(minutes: f64) -> u64 {
    minutes.max(0.0).ceil() as u64
}
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn floor(minutes: f64) -> u64 {
    minutes.max(0.0).floor() as u64
}
