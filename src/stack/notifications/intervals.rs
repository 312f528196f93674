//! `mute_times:` → intervals as Alertmanager has them: a night is the end of one day and the begin of
//! the next.

use super::{Interval, Span};
use crate::diagnostic::Diagnostic;
use crate::manifest::{Document, Location, MuteTime, Name};

/// Minutes of a day.
const DAY: u16 = 1440;

/// Resolves every interval.
pub fn resolve(document: &Document, found: &mut Vec<Diagnostic>) -> Vec<Interval> {
    let mut intervals = Vec::new();
    for (name, time) in &document.manifest.notifications.mute_times {
        check(document, name, time, found);
        intervals.push(Interval { name: name.to_string(), spans: spans(time) });
    }
    intervals
}

fn check(document: &Document, name: &Name, time: &MuteTime, found: &mut Vec<Diagnostic>) {
    let place = ["notifications".into(), "mute_times".into(), name.as_str().into()];
    let span = document.locate_key(&place);
    if time.times.is_empty()
        && time.weekdays.is_empty()
        && time.days_of_month.is_empty()
        && time.months.is_empty()
    {
        found.push(
            Diagnostic::error(span, format!("`{name}` is always"))
                .help("give it `times`, `weekdays`, `days_of_month` or `months`"),
        );
    }
    let nights = time.times.iter().find(|t| t.end <= t.begin);
    if let Some(night) =
        nights.filter(|_| !time.days_of_month.is_empty() || !time.months.is_empty())
    {
        found.push(
            Diagnostic::error(
                span,
                format!("`{night}` ends on the next day, which may be of another month"),
            )
            .help("write the two parts as intervals of their own, and name both in `mute`"),
        );
    }
}

fn spans(time: &MuteTime) -> Vec<Span> {
    let weekdays: Vec<u8> = members(time.weekdays.iter().map(|w| &w.days));
    let whole = Span {
        times: Vec::new(),
        days_of_month: time.days_of_month.iter().map(|d| (d.begin, d.end)).collect(),
        months: members(time.months.iter().map(|m| &m.months)),
        location: time.location.as_ref().map(Location::as_str).map(str::to_owned),
        weekdays,
    };
    if time.times.is_empty() {
        return vec![whole];
    }
    let (mut today, mut tomorrow) = (Vec::new(), Vec::new());
    for t in &time.times {
        if t.begin < t.end {
            today.push((t.begin, t.end));
        } else {
            today.push((t.begin, DAY));
            if t.end > 0 {
                tomorrow.push((0, t.end));
            }
        }
    }
    // Without days of the week both parts are of every day.
    if whole.weekdays.is_empty() {
        today.append(&mut tomorrow);
    }
    let mut spans = vec![Span { times: today, ..whole.clone() }];
    if !tomorrow.is_empty() {
        let mut weekdays: Vec<u8> = whole.weekdays.iter().map(|day| (day + 1) % 7).collect();
        weekdays.sort_unstable();
        spans.push(Span { times: tomorrow, weekdays, ..whole });
    }
    spans
}

/// What is in one of the sets.
fn members<'a>(sets: impl Iterator<Item = &'a std::collections::BTreeSet<u8>>) -> Vec<u8> {
    sets.flatten().copied().collect::<std::collections::BTreeSet<u8>>().into_iter().collect()
}
