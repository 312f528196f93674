//! Which services an objective is about, and which of them promise something else.

use crate::decimal::Decimal;
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{Name, Select};
use crate::selector::quoted;

use super::{Member, One};

impl One<'_> {
    /// The services that it selects.
    pub(super) fn selected(&self, found: &mut Vec<Diagnostic>) -> Vec<&Member<'_>> {
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

    /// Services with an objective of their own, those with the same one together.
    pub(super) fn others(
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
pub(super) fn matchers(select: &Select) -> String {
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
