//! The manifest's objectives → what is counted, for whom, and when someone is told; with everything
//! that could make one of them lie refused.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::catalog::Catalog;
use crate::decimal::Decimal;
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{
    Budgeting, Custom, Document, Duration, Indicator, Name, Percent, Select, Slo as Written, Switch,
};
use crate::render::rules::{self, Dialect, Roles, TimeUnit};
use crate::selector::{Selector, quoted};
use crate::slo::{self, Events, Part, Slices, Slo, Subject, Tier, WINDOWS, percent};
use crate::yaml::{Segment, Span};

/// The shortest and the longest window of an objective.
const WINDOW: (Duration, Duration) =
    (Duration::from_secs(7 * 86_400), Duration::from_secs(90 * 86_400));
/// The same for a slice of time: rules are not evaluated less often than each five minutes.
const SLICE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(300));
/// Samples that a rate needs in its window, so that one may be missed.
const SAMPLES: u64 = 4;
/// How long Prometheus keeps samples where nothing is said.
const RETENTION: Duration = Duration::from_secs(15 * 86_400);
/// Time between two scrapes where nothing is said.
const INTERVAL: Duration = Duration::from_secs(15);

/// Resolves every objective.
pub fn resolve(document: &Document, catalog: &Catalog, found: &mut Vec<Diagnostic>) -> Vec<Slo> {
    if document.manifest.slos.is_empty() {
        return Vec::new();
    }
    let dialects = match rules::dialects(&catalog.assets) {
        Ok(dialects) => dialects,
        Err(error) => {
            found.push(Diagnostic::general(format!("{error:#}")));
            return Vec::new();
        }
    };
    let fleet = fleet(document);
    let all = &document.manifest.slos;
    all.iter()
        .filter_map(|(name, written)| {
            One { document, dialects: &dialects, fleet: &fleet, name, written }.resolve(found)
        })
        .collect()
}

/// A service as far as objectives can select it.
struct Member<'a> {
    name: &'a Name,
    group: String,
    dialect: Option<String>,
    labels: BTreeMap<String, String>,
    measured: bool,
    probed: bool,
    interval: Duration,
}

fn fleet<'a>(document: &'a Document) -> Vec<Member<'a>> {
    let manifest = &document.manifest;
    let default = manifest.defaults.scrape.interval.unwrap_or(INTERVAL);
    let member = |(name, service): (&'a Name, &crate::manifest::Service)| {
        let demo = service.run.as_ref().and_then(|run| run.demo.as_ref());
        let labels = manifest.defaults.labels.iter().chain(&service.labels);
        Member {
            name,
            group: service.group.to_string(),
            dialect: service
                .dialect
                .clone()
                .or_else(|| demo.map(|demo| demo.dialect.as_str().to_owned()))
                .or_else(|| manifest.defaults.dialect.clone()),
            labels: labels.map(|(label, value)| (label.to_string(), value.clone())).collect(),
            measured: service.metrics.is_some() || demo.is_some(),
            probed: service.mcp.is_some(),
            interval: service.scrape.interval.unwrap_or(default),
        }
    };
    manifest.services.iter().map(member).collect()
}

/// One objective while it is looked at.
struct One<'a> {
    document: &'a Document,
    dialects: &'a IndexMap<String, Dialect>,
    fleet: &'a [Member<'a>],
    name: &'a Name,
    written: &'a Written,
}

impl One<'_> {
    fn at(&self, path: &[&str]) -> Option<Span> {
        self.document.locate(&self.path(path))
    }
    fn key(&self, path: &[&str]) -> Option<Span> {
        self.document.locate_key(&self.path(path))
    }
    fn path(&self, path: &[&str]) -> Vec<Segment> {
        let head = [Segment::from("slos"), self.name.as_str().into()];
        head.into_iter().chain(path.iter().map(|part| Segment::from(*part))).collect()
    }

    fn resolve(&self, found: &mut Vec<Diagnostic>) -> Option<Slo> {
        let before = found.len();
        self.objective(self.written.objective, &["objective"], found);
        if found.len() > before {
            return None;
        }
        self.window(found);
        let selected = self.selected(found);
        if selected.is_empty() {
            return None;
        }
        let slices = self.slices(&selected, found);
        let matchers = matchers(&self.written.select);
        let (events, counted) = self.events(&selected, &matchers, found)?;
        let window = self.written.window.millis() / 1000;
        let tiers = self.tiers(window, found);
        let others = self.others(&counted, found);
        if found.iter().skip(before).any(|d| d.severity == crate::diagnostic::Severity::Error) {
            return None;
        }
        let written = self.written;
        let subject = |member: &&Member<'_>| Subject {
            service: member.name.to_string(),
            group: member.group.clone(),
            dialect: member.dialect.clone(),
            labels: written
                .select
                .labels
                .iter()
                .map(|(label, value)| (label.to_string(), value.clone()))
                .collect(),
        };
        Some(Slo {
            id: self.name.to_string(),
            description: written.description.clone(),
            owner: written.owner.as_ref().map(ToString::to_string),
            review: written.review.map(|day| day.to_string()),
            alert: written.alert.to_string(),
            objective: written.objective.share(),
            window,
            indicator: written.indicator.clone(),
            events,
            slices,
            min_events: written.min_events,
            tiers,
            others,
            matchers,
            subjects: counted.iter().map(subject).collect(),
        })
    }

    /// An objective leaves something to lose, and is one.
    fn objective(&self, objective: Percent, path: &[&str], found: &mut Vec<Diagnostic>) {
        let share = objective.share();
        if share == Decimal::ONE {
            found.push(
                Diagnostic::error(self.at(path), "an objective of 100 % leaves no error budget: the first bad event breaks it, and nothing can be planned or tried any more")
                    .help("write what users would still call good, such as `99.9%`"),
            );
        } else if share < Decimal::whole(1).over(2) {
            found.push(
                Diagnostic::error(
                    self.at(path),
                    format!("an objective of {objective} is met while most goes wrong"),
                )
                .help("write it in percent: `99.9%`, not `0.999`"),
            );
        }
    }

    fn window(&self, found: &mut Vec<Diagnostic>) {
        let window = self.written.window;
        let whole = window.millis().is_multiple_of(86_400_000);
        if window < WINDOW.0 || window > WINDOW.1 || !whole {
            found.push(
                Diagnostic::error(
                    self.at(&["window"]),
                    format!("the window {window} is not 7d to 90d in whole days"),
                )
                .help("write `30d`; weeks such as `28d` hold as many Sundays each"),
            );
            return;
        }
        let part = self.document.manifest.components.get("prometheus");
        let retention = part.and_then(|node| node.get("retention"));
        let kept = retention
            .and_then(|node| crate::yaml::from_node::<Duration>(node).ok())
            .unwrap_or(RETENTION);
        if kept < window {
            let help = format!(
                "write `components: {{prometheus: {{retention: {}d}}}}` or more, or a `window` of at most {kept}",
                window.millis() / 86_400_000 + 5
            );
            found.push(
                Diagnostic::error(
                    self.at(&["window"]),
                    format!("Prometheus keeps samples for {kept}; an objective over {window} would forget what it lost"),
                )
                .help(help),
            );
        }
    }

    /// The services that it selects.
    fn selected(&self, found: &mut Vec<Diagnostic>) -> Vec<&Member<'_>> {
        let select = &self.written.select;
        let known = || self.fleet.iter().map(|member| member.name.as_str());
        for (index, service) in select.services.iter().enumerate() {
            if known().all(|name| name != service.as_str()) {
                let mut path = self.path(&["select", "services"]);
                path.push(index.into());
                found.push(
                    Diagnostic::error(
                        self.document.locate(&path),
                        format!("there is no service `{service}`"),
                    )
                    .help(suggest(service.as_str(), known())),
                );
                return Vec::new();
            }
        }
        let fits = |member: &&Member<'_>| {
            let named = select.services.is_empty()
                || select.services.iter().any(|name| name == member.name);
            let grouped = select.groups.is_empty()
                || select.groups.iter().any(|group| group.as_str() == member.group);
            let mut labels = select.labels.iter();
            let labelled =
                labels.all(|(label, value)| member.labels.get(label.as_str()) == Some(value));
            named && grouped && labelled
        };
        let selected: Vec<&Member<'_>> = self.fleet.iter().filter(fits).collect();
        if selected.is_empty() {
            let groups: std::collections::BTreeSet<&str> =
                self.fleet.iter().map(|member| member.group.as_str()).collect();
            let help = if self.fleet.is_empty() {
                "add services first".to_owned()
            } else {
                format!(
                    "there are the groups {}, and `labels` are those that `services` and `defaults` give",
                    groups.into_iter().map(|g| format!("`{g}`")).collect::<Vec<_>>().join(", ")
                )
            };
            let place = self.key(&["select"]).or_else(|| self.key(&[]));
            found.push(
                Diagnostic::error(
                    place,
                    format!("`{}` selects no service: it would look kept for ever", self.name),
                )
                .help(help),
            );
        }
        selected
    }

    fn slices(&self, selected: &[&Member<'_>], found: &mut Vec<Diagnostic>) -> Option<Slices> {
        let Budgeting::Timeslices(slices) = &self.written.budgeting else { return None };
        let at = |key| self.at(&["budgeting", "timeslices", key]);
        let length = slices.length;
        if matches!(self.written.indicator, Indicator::Freshness(_)) {
            found.push(
                Diagnostic::error(self.key(&["budgeting"]), "freshness is counted in time already")
                    .help("remove `budgeting`"),
            );
        }
        if length < SLICE.0 || length > SLICE.1 || !length.millis().is_multiple_of(60_000) {
            found.push(
                Diagnostic::error(at("length"), format!("a slice of {length} is not 1m to 5m in whole minutes"))
                    .help("write `5m`: rules are evaluated once for each slice, and at least every five minutes"),
            );
        }
        let rated = !matches!(self.written.indicator, Indicator::Probe)
            && !matches!(&self.written.indicator, Indicator::Custom(c) if c.gauge.is_some());
        let needed = if rated { SAMPLES } else { 1 };
        let slowest = selected.iter().max_by_key(|member| member.interval);
        if let Some(slow) = slowest.filter(|m| m.interval.millis() * needed > length.millis()) {
            found.push(
                Diagnostic::error(
                    at("length"),
                    format!(
                        "`{}` is scraped every {}: a slice of {length} would see fewer than {needed} samples",
                        slow.name, slow.interval
                    ),
                )
                .help(format!(
                    "write slices of `5m`, or a scrape interval of at most {}",
                    Duration::from_millis(length.millis() / needed)
                )),
            );
        }
        if slices.target.share() == Decimal::whole(0) {
            found.push(
                Diagnostic::error(at("target"), "a slice with a target of 0 % is always good")
                    .help("write the share of events from which on a slice is good, such as `95%`"),
            );
        }
        Some(Slices { length: length.millis() / 1000, target: slices.target.share() })
    }

    /// What is counted, and the services that have it.
    fn events<'m>(
        &self,
        selected: &[&'m Member<'m>],
        select: &str,
        found: &mut Vec<Diagnostic>,
    ) -> Option<(Events, Vec<&'m Member<'m>>)> {
        match &self.written.indicator {
            Indicator::Probe => {
                let probed: Vec<_> = selected.iter().copied().filter(|m| m.probed).collect();
                if probed.is_empty() {
                    found.push(
                        Diagnostic::error(self.at(&["indicator"]), "none of these services is probed: none has an address under `mcp`")
                            .help("give one `mcp: http://HOST:PORT/mcp`, or choose the indicator `requests`"),
                    );
                    return None;
                }
                let inside = join("job=~\"probe|mcp\"", select);
                let expected = format!("up{{{inside}}}");
                Some((slo::gauge("probe_success", &inside, Some(expected)), probed))
            }
            Indicator::Freshness(of) => {
                let Ok(timestamp) = Selector::parse(&of.timestamp.to_string()) else {
                    found.push(
                        Diagnostic::error(
                            self.at(&["indicator", "freshness", "timestamp"]),
                            "`timestamp` is a series, not an expression",
                        )
                        .help("write a gauge such as `sync_last_success_timestamp_seconds`"),
                    );
                    return None;
                };
                let age = of.max_age.millis() / 1000;
                Some((slo::freshness(&timestamp, age, select), selected.to_vec()))
            }
            Indicator::Custom(of) => {
                self.custom(of, select, found).map(|events| (events, selected.to_vec()))
            }
            _ => self.by_dialect(selected, select, found),
        }
    }

    fn custom(&self, of: &Custom, select: &str, found: &mut Vec<Diagnostic>) -> Option<Events> {
        let text = |one: &Option<crate::manifest::Counted>| one.as_ref().map(ToString::to_string);
        let given = [text(&of.total), text(&of.good), text(&of.bad), text(&of.gauge)];
        let expression = given.iter().flatten().any(|text| text.contains("$window"));
        if expression && !select.is_empty() {
            found.push(
                Diagnostic::error(
                    self.key(&["select"]),
                    "an expression of your own selects its services itself",
                )
                .help("remove `select` and write the matchers into the expression"),
            );
            return None;
        }
        match given {
            [Some(total), Some(good), None, None] => {
                Some(slo::custom(&total, Part::Good, &good, select))
            }
            [Some(total), None, Some(bad), None] => {
                Some(slo::custom(&total, Part::Bad, &bad, select))
            }
            [None, None, None, Some(gauge)] if !expression => {
                let gauge = Selector::parse(&gauge).ok()?;
                let mut events = slo::gauge(&gauge.metric, &join(&gauge.inside(), select), None);
                for source in &mut events.sources {
                    source.job = "services";
                }
                Some(events)
            }
            _ => {
                found.push(
                    Diagnostic::error(
                        self.key(&["indicator", "custom"]),
                        "`custom` wants `total` with either `good` or `bad`, or a `gauge` alone",
                    )
                    .help(
                        "write `custom: {total: jobs_total, bad: 'jobs_total{result=\"error\"}'}`",
                    ),
                );
                None
            }
        }
    }

    /// Events of those services whose dialect has what the indicator needs.
    fn by_dialect<'m>(
        &self,
        selected: &[&'m Member<'m>],
        select: &str,
        found: &mut Vec<Diagnostic>,
    ) -> Option<(Events, Vec<&'m Member<'m>>)> {
        let indicator = &self.written.indicator;
        let (role, has): (&str, fn(&Roles) -> bool) = match indicator {
            Indicator::Latency(_) => ("latency", |roles| !roles.latency.is_empty()),
            Indicator::Tools(_) => ("tools", |roles| !roles.tools.is_empty()),
            Indicator::Streaming(of) if of.first_message.is_some() => {
                ("streams` with `first_message", |roles| {
                    roles.streams.iter().any(|role| role.first_message.is_some())
                })
            }
            Indicator::Streaming(_) => ("streams", |roles| !roles.streams.is_empty()),
            _ => ("requests", |_| true),
        };
        let roles = |member: &Member<'_>| {
            let dialect = member.dialect.as_ref().filter(|_| member.measured)?;
            self.dialects.get(dialect).map(|d| &d.roles).filter(|roles| has(roles))
        };
        let counted: Vec<&Member<'_>> =
            selected.iter().copied().filter(|m| roles(m).is_some()).collect();
        for (index, name) in self.written.select.services.iter().enumerate() {
            let Some(member) =
                selected.iter().find(|m| m.name == name).filter(|m| roles(m).is_none())
            else {
                continue;
            };
            let mut path = self.path(&["select", "services"]);
            path.push(index.into());
            let place = self.document.locate(&path);
            found.push(match &member.dialect {
                _ if !member.measured => Diagnostic::error(
                    place,
                    format!("`{name}` has no metrics, so nothing of it can be counted"),
                )
                .help("give it `metrics:`, or choose the indicator `probe`"),
                None => {
                    Diagnostic::error(place, format!("nobody knows which metrics `{name}` has"))
                        .help(format!(
                            "give it a `dialect`; `mcpmon metrics check {name}` says which"
                        ))
                }
                Some(dialect) => Diagnostic::error(
                    place,
                    format!("`{name}` speaks `{dialect}`, which has no role `{role}`"),
                )
                .help(self.speakers(has)),
            });
        }
        if counted.is_empty() {
            if self.written.select.services.is_empty() {
                found.push(
                    Diagnostic::error(
                        self.at(&["indicator"]),
                        format!("none of these services speaks a dialect with the role `{role}`"),
                    )
                    .help(self.speakers(has)),
                );
            }
            return None;
        }
        self.bounds(&counted, found);
        let mut spoken: Vec<(&str, &Roles)> = Vec::new();
        for member in &counted {
            if let (Some(dialect), Some(roles)) = (&member.dialect, roles(member))
                && spoken.iter().all(|(name, _)| name != dialect)
            {
                spoken.push((dialect, roles));
            }
        }
        spoken.sort_by_key(|(name, _)| *name);
        let left: Vec<&str> =
            selected.iter().filter(|m| roles(m).is_none()).map(|m| m.name.as_str()).collect();
        let chosen = self.written.select != Select::default();
        if !left.is_empty() && chosen && self.written.select.services.is_empty() {
            found.push(
                Diagnostic::warning(
                    self.key(&["select"]),
                    format!("it says nothing about {}: no `{role}` is known of them", names(&left)),
                )
                .help("give them a dialect that has it, or select the others by name"),
            );
        }
        slo::dialect(indicator, &spoken, select).map(|events| (events, counted))
    }

    /// Dialects that have what is needed.
    fn speakers(&self, has: fn(&Roles) -> bool) -> String {
        let speak = self.dialects.iter().filter(|(_, dialect)| has(&dialect.roles));
        let names: Vec<&str> = speak.map(|(name, _)| name.as_str()).collect();
        format!(
            "dialects that have it: {}; docs/dialects.md says how to write one",
            names.join(", ")
        )
    }

    /// A threshold that is no bound of a bucket cannot be counted.
    fn bounds(&self, counted: &[&Member<'_>], found: &mut Vec<Diagnostic>) {
        let (limit, path) = match &self.written.indicator {
            Indicator::Latency(of) if of.histogram == crate::manifest::HistogramKind::Classic => {
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

    fn tiers(&self, window: u64, found: &mut Vec<Diagnostic>) -> Vec<Tier> {
        let written = &self.written.tiers;
        let all = [&written.fast, &written.medium, &written.slow, &written.creeping];
        let worst = self.written.overrides.values().map(|o| o.objective.share());
        let lowest = worst.chain([self.written.objective.share()]).min();
        let budget = Decimal::ONE.minus(lowest.unwrap_or(Decimal::ONE));
        let mut tiers = Vec::new();
        for (window_of, tier) in WINDOWS.into_iter().zip(all) {
            let tier = match tier {
                Some(Switch::Off) => continue,
                Some(Switch::On(tier)) => *tier,
                None => crate::manifest::Tier::default(),
            };
            let share = tier.share.map_or_else(|| window_of.default_share(window), Percent::share);
            let severity = tier.severity.unwrap_or(window_of.severity);
            let tier = Tier { window: window_of, share, severity };
            let factor = tier.factor(window);
            let name = window_of.name;
            let place = self.at(&["tiers", name, "share"]).or_else(|| self.at(&["objective"]));
            if share == Decimal::whole(0) {
                found.push(
                    Diagnostic::error(
                        place,
                        format!("the tier `{name}` would alert about every bad event"),
                    )
                    .help("write a share of the budget above 0, such as `2%`"),
                );
            } else if factor.times(budget) >= Decimal::ONE {
                let advice = Decimal::whole(window_of.long).over(window).approximate()
                    / budget.approximate();
                found.push(
                    Diagnostic::error(
                        place,
                        format!(
                            "the tier `{name}` can never alert: it begins at {factor} times the budget of {}, and no more than everything can be bad",
                            percent(budget)
                        ),
                    )
                    .help(format!(
                        "write `tiers: {{{name}: false}}`, or a share below {:.2}%",
                        advice * 100.0
                    )),
                );
            }
            tiers.push(tier);
        }
        tiers
    }

    /// Services with an objective of their own, those with the same one together.
    fn others(
        &self,
        counted: &[&Member<'_>],
        found: &mut Vec<Diagnostic>,
    ) -> Vec<(Decimal, Vec<String>)> {
        let mut others: Vec<(Decimal, Vec<String>)> = Vec::new();
        for (service, own) in &self.written.overrides {
            let path = ["override", service.as_str()];
            if counted.iter().all(|member| member.name != service) {
                let known = counted.iter().map(|member| member.name.as_str());
                found.push(
                    Diagnostic::error(
                        self.key(&path),
                        format!("`{}` is not about a service `{service}`", self.name),
                    )
                    .help(suggest(service.as_str(), known)),
                );
                continue;
            }
            self.objective(own.objective, &["override", service.as_str(), "objective"], found);
            let share = own.objective.share();
            match others.iter_mut().find(|(objective, _)| *objective == share) {
                Some((_, services)) => services.push(service.to_string()),
                None => others.push((share, vec![service.to_string()])),
            }
        }
        others.retain(|(objective, _)| *objective != self.written.objective.share());
        others.sort();
        others
    }
}

/// What picks the selected services, as PromQL.
fn matchers(select: &Select) -> String {
    let one_of = |label: &str, names: &[Name]| match names {
        [] => None,
        [one] => Some(format!("{label}=\"{one}\"")),
        many => {
            let any: Vec<&str> = many.iter().map(Name::as_str).collect();
            Some(format!("{label}=~\"{}\"", any.join("|")))
        }
    };
    let labels = select.labels.iter().map(|(label, value)| format!("{label}={}", quoted(value)));
    let named = [one_of("service", &select.services), one_of("group", &select.groups)];
    named.into_iter().flatten().chain(labels).collect::<Vec<_>>().join(",")
}

fn join(a: &str, b: &str) -> String {
    [a, b].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
}

fn names(services: &[&str]) -> String {
    const SHOWN: usize = 3;
    let mut text =
        services.iter().take(SHOWN).map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", ");
    if services.len() > SHOWN {
        text.push_str(&format!(" and {} more", services.len() - SHOWN));
    }
    text
}
