//! Dashboards that are named exist, and Grafana can tell them apart.

use super::Checks;
use crate::diagnostic::{Diagnostic, suggest};
use crate::render::dashboards::{self, Identity, RUNBOOKS};

impl Checks<'_> {
    pub(super) fn dashboards(&self, found: &mut Vec<Diagnostic>) {
        let known = dashboards::names(&self.catalog.assets);
        let named = &self.document.manifest.dashboards;
        // What cannot be read is told by the rendering, with line and column.
        let identity = |name: &str| dashboards::identity(&self.catalog.assets, name).ok();
        let mut seen: Vec<(&str, Identity)> =
            identity(RUNBOOKS).map(|page| (RUNBOOKS, page)).into_iter().collect();
        for (index, name) in named.iter().enumerate() {
            let place = self.at(["dashboards".into(), index.into()]);
            if !known.contains(name) {
                found.push(
                    Diagnostic::error(place, format!("there is no dashboard `{name}`"))
                        .help(suggest(name, known.iter().map(String::as_str))),
                );
                continue;
            }
            if named.iter().take(index).any(|other| other == name) {
                found.push(
                    Diagnostic::error(place, format!("the dashboard `{name}` is named twice"))
                        .help("remove one"),
                );
                continue;
            }
            let Some(own) = identity(name) else { continue };
            if let Some((other, what)) =
                seen.iter().find_map(|(other, theirs)| Some((other, clash(&own, theirs)?)))
            {
                found.push(
                    Diagnostic::error(place, format!("`{name}` and `{other}` have {what}")).help(
                        "Grafana then loads neither: change it in one of the two files, or name one only",
                    ),
                );
            }
            seen.push((name, own));
        }
    }
}

fn clash(own: &Identity, other: &Identity) -> Option<String> {
    if own.uid == other.uid {
        return Some(format!("the same uid `{}`", own.uid));
    }
    (own.title == other.title && own.folder == other.folder)
        .then(|| format!("the same title `{}` in the folder `{}`", own.title, own.folder))
}
