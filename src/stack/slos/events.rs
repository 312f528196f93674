//! What is counted for an objective, and the services that have it.

use std::fmt::Write as _;

use crate::diagnostic::Diagnostic;
use crate::manifest::{Counted, Custom, Indicator, Select};
use crate::render::rules::Roles;
use crate::selector::Selector;
use crate::slo::{self, Events, Part};

use super::{Member, One};

impl One<'_> {
    /// What is counted, and the services that have it.
    pub(super) fn events<'m>(
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
        let text = |one: &Option<Counted>| one.as_ref().map(ToString::to_string);
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
}

fn join(a: &str, b: &str) -> String {
    [a, b].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
}

fn names(services: &[&str]) -> String {
    const SHOWN: usize = 3;
    let mut text =
        services.iter().take(SHOWN).map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", ");
    if services.len() > SHOWN {
        let _ = write!(text, " and {} more", services.len() - SHOWN);
    }
    text
}
