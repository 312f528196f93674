//! The manifest's routes → the tree that Alertmanager walks.

use super::{Matcher, NOBODY, Origin, Route, Timing};
use crate::manifest::{self, Duration, Name, Severity};

/// Alerts of the worst severity wait at most this long for the first message.
const CRITICAL_WAIT: Duration = Duration::from_secs(10);
/// The same for news.
const CRITICAL_INTERVAL: Duration = Duration::from_secs(60);
/// The same for repetitions.
const CRITICAL_REPEAT: Duration = Duration::from_secs(3600);

/// Makes the tree.
pub fn resolve(n: &manifest::Notifications) -> Route {
    let timing = &n.timing;
    let default = n.default.as_ref().map_or(NOBODY, Name::as_str);
    let mut routes = vec![watchdog(n.watchdog.as_ref())];
    routes.extend(n.routes.iter().enumerate().map(|(index, route)| one(n, index, route)));
    if n.default.is_some() {
        let take = |matchers, timing| Route {
            matchers,
            receiver: default.to_owned(),
            timing,
            ..Route::default()
        };
        let quick = critical(timing, &Timing::default());
        let taken = n.routes.iter().any(|route| !route.goes_on && takes(route, Severity::Critical));
        if quick != Timing::default() && !taken {
            routes.push(take(vec![is_critical()], quick));
        }
        // An alert that a route lets go on is one that no route has taken yet.
        if n.routes.iter().any(|route| route.goes_on) {
            routes.push(take(Vec::new(), Timing::default()));
        }
    }
    Route {
        receiver: default.to_owned(),
        timing: Timing {
            group_by: Some(timing.group_by.iter().map(ToString::to_string).collect()),
            group_wait: Some(timing.group_wait.to_string()),
            group_interval: Some(timing.group_interval.to_string()),
            repeat_interval: Some(timing.repeat_interval.to_string()),
        },
        routes,
        ..Route::default()
    }
}

/// Whether a route takes every alert of a severity: one that asks for more takes only some of them.
pub fn takes(route: &manifest::Route, severity: Severity) -> bool {
    let asked = route.matches.get("severity");
    route.matches.len() == usize::from(asked.is_some())
        && asked.is_none_or(|m| m.0.iter().any(|v| v == severity.as_str()))
}

/// The Watchdog always fires; only a service that waits for it wants to hear it.
fn watchdog(receiver: Option<&Name>) -> Route {
    Route {
        matchers: vec![Matcher {
            label: "alertname".to_owned(),
            not: false,
            values: vec!["Watchdog".to_owned()],
        }],
        receiver: receiver.map_or(NOBODY, Name::as_str).to_owned(),
        timing: Timing {
            group_by: None,
            group_wait: Some("0s".to_owned()),
            group_interval: Some("1m".to_owned()),
            repeat_interval: Some("5m".to_owned()),
        },
        origin: Origin::Watchdog,
        ..Route::default()
    }
}

fn one(n: &manifest::Notifications, index: usize, route: &manifest::Route) -> Route {
    let matchers: Vec<Matcher> = route
        .matches
        .iter()
        .map(|(label, values)| Matcher {
            label: label.to_string(),
            not: false,
            values: values.0.clone(),
        })
        .collect();
    let own = Timing {
        group_by: route
            .timing
            .group_by
            .as_ref()
            .map(|l| l.iter().map(ToString::to_string).collect()),
        group_wait: route.timing.group_wait.map(|d| d.to_string()),
        group_interval: route.timing.group_interval.map(|d| d.to_string()),
        repeat_interval: route.timing.repeat_interval.map(|d| d.to_string()),
    };
    let is_critical = matchers.contains(&is_critical());
    let timing = if is_critical { critical(&n.timing, &own) } else { own };
    let names = |list: &[Name]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (mute, active) = (names(&route.mute), names(&route.active));
    // Intervals are not handed down, so they stand where alerts end up.
    let ends = |receiver: &Name, goes_on| Route {
        receiver: receiver.to_string(),
        goes_on,
        mute: mute.clone(),
        active: active.clone(),
        origin: Origin::Manifest(index),
        ..Route::default()
    };
    match route.to.as_slice() {
        [] => Route {
            matchers,
            receiver: NOBODY.to_owned(),
            timing,
            origin: Origin::Manifest(index),
            ..Route::default()
        },
        [one] => Route { matchers, timing, ..ends(one, route.goes_on) },
        [first, ..] => {
            let last = route.to.len() - 1;
            Route {
                matchers,
                receiver: first.to_string(),
                goes_on: route.goes_on,
                timing,
                routes: route.to.iter().enumerate().map(|(at, r)| ends(r, at < last)).collect(),
                origin: Origin::Manifest(index),
                ..Route::default()
            }
        }
    }
}

fn is_critical() -> Matcher {
    Matcher {
        label: "severity".to_owned(),
        not: false,
        values: vec![Severity::Critical.as_str().to_owned()],
    }
}

/// A route's own timing, else that of the stack, but never slower than critical alerts deserve.
fn critical(stack: &manifest::Timing, own: &Timing) -> Timing {
    let quicker = |own: &Option<String>, stack: Duration, most: Duration| {
        own.clone().or_else(|| (most < stack).then(|| most.to_string()))
    };
    Timing {
        group_by: own.group_by.clone(),
        group_wait: quicker(&own.group_wait, stack.group_wait, CRITICAL_WAIT),
        group_interval: quicker(&own.group_interval, stack.group_interval, CRITICAL_INTERVAL),
        repeat_interval: quicker(&own.repeat_interval, stack.repeat_interval, CRITICAL_REPEAT),
    }
}
