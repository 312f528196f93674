//! The walk through the tree.

use std::collections::BTreeMap;

use crate::stack::{Matcher, Route, Timing};

/// An alert's labels.
pub type Labels = BTreeMap<String, String>;

/// A receiver that is told.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// The route where the alert ends up.
    pub route: &'a Route,
    /// When and how often, with what the routes above say.
    pub timing: Timing,
}

/// Whether labels are as a matcher wants them.
pub fn fits(matcher: &Matcher, labels: &Labels) -> bool {
    let value = labels.get(&matcher.label).map_or("", String::as_str);
    matcher.values.iter().any(|one| one == value) != matcher.not
}

/// Who is told, in the order in which Alertmanager says it.
pub fn told<'a>(root: &'a Route, labels: &Labels) -> Vec<Told<'a>> {
    let mut found = Vec::new();
    walk(root, &Timing::default(), labels, &mut found);
    found
}

fn walk<'a>(route: &'a Route, above: &Timing, labels: &Labels, found: &mut Vec<Told<'a>>) -> bool {
    if !route.matchers.iter().all(|matcher| fits(matcher, labels)) {
        return false;
    }
    let timing = Timing {
        group_by: route.timing.group_by.clone().or_else(|| above.group_by.clone()),
        group_wait: route.timing.group_wait.clone().or_else(|| above.group_wait.clone()),
        group_interval: route
            .timing
            .group_interval
            .clone()
            .or_else(|| above.group_interval.clone()),
        repeat_interval: route
            .timing
            .repeat_interval
            .clone()
            .or_else(|| above.repeat_interval.clone()),
    };
    let before = found.len();
    for below in &route.routes {
        if walk(below, &timing, labels, found) && !below.goes_on {
            break;
        }
    }
    // What no route below takes ends up here.
    if found.len() == before {
        found.push(Told { route, timing });
    }
    true
}
