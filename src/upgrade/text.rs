//! The report for people.

use std::fmt::Write as _;

use super::Report;
use super::report::Part;
use crate::version::Version;

impl Report {
    /// The report as text.
    pub fn text(&self) -> String {
        let none = "-".to_owned();
        let rows: Vec<[&str; 4]> = self
            .components
            .iter()
            .map(|part| {
                let running = part.running.as_ref().unwrap_or(&none);
                let newest = part.newest.as_ref().or(part.written_for.as_ref()).unwrap_or(&none);
                [&part.name, running, &part.wanted, newest].map(String::as_str)
            })
            .collect();
        let rows = [["COMPONENT", "RUNS", "WANTED", "NEWEST KNOWN"]].into_iter().chain(rows);
        let rows: Vec<[&str; 4]> = rows.collect();
        let wide = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or_default();
        let [name, runs, wanted] = [wide(0), wide(1), wide(2)];
        let mut text = String::new();
        for [a, b, c, d] in &rows {
            let _ = writeln!(text, "{a:name$}  {b:runs$}  {c:wanted$}  {d}");
        }
        for part in &self.components {
            text.push_str(&changed(part));
        }
        let older: Vec<String> = self.components.iter().filter_map(kept_older).collect();
        if !older.is_empty() {
            let _ = writeln!(text, "\n{}", older.join("\n"));
        }
        text
    }
}

fn changed(part: &Part) -> String {
    let Some(step) = &part.change else { return String::new() };
    let mut text = String::from("\n");
    for line in step.lines() {
        let _ = writeln!(text, "{line}");
    }
    if step.breaks.is_empty() {
        text.push_str("  nothing is known to break\n");
    }
    if let Some(refused) = &step.refused {
        let _ = writeln!(text, "  cannot be done: {refused}");
    }
    text
}

/// Where the manifest holds a component back.
fn kept_older(part: &Part) -> Option<String> {
    let (place, written_for) = part.said_at.as_ref().zip(part.written_for.as_ref())?;
    (Version::parse(&part.wanted)? < Version::parse(written_for)?).then(|| {
        format!(
            "{place} wants {} {}: this mcpmon was written for {written_for}; write that there, or take the line out",
            part.name, part.wanted
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::assets::Assets;
    use crate::catalog::{Break, Catalog, Store};
    use crate::commands::Project;
    use crate::render::Bundle;
    use crate::upgrade::{Move, hold, moves};
    use crate::{manifest, stack};

    /// A stack whose Prometheus and Loki have versions of the test's own.
    fn project(components: &str) -> Project {
        let text = format!(
            "name: acme\nservices: {{a: {{metrics: \"http://a:1/metrics\", dialect: fastapi}}}}\ncomponents:\n  promtail: {{enabled: false}}\n  node-exporter: {{enabled: false}}\n  grafana: {{enabled: false}}\n  alertmanager: {{enabled: false}}\n  agent: {{enabled: false}}\n{components}"
        );
        let document = manifest::load_text("mcpmon.yaml", &text, Path::new("")).unwrap();
        let catalog = Catalog::load(Assets::shipped()).unwrap();
        let mut stack = stack::resolve(&document, &catalog).unwrap().stack;
        let step = |at: &str, store: Option<Store>| Break {
            at: Version::parse(at).unwrap(),
            changes: format!("What {at} changes."),
            advice: format!("What to do about {at}."),
            store,
        };
        let back_to = Version::parse("v2.55.0");
        for part in stack.components.values_mut() {
            part.spec.versions.breaks = match part.kind.as_str() {
                "prometheus" => {
                    let store = Store { back_to: back_to.clone(), reason: "of its blocks".into() };
                    vec![step("v3.0.0", Some(store)), step("v3.11.0", None)]
                }
                _ => Vec::new(),
            };
        }
        Project { document, catalog, stack, bundle: Bundle::default() }
    }

    fn images(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, image)| ((*name).to_owned(), (*image).to_owned())).collect()
    }

    fn shown(project: &Project, running: &BTreeMap<String, String>, chosen: &[&str]) -> String {
        let wanted = project.stack.components.values();
        let wanted = wanted.filter_map(|part| Some((part.name.clone(), part.image.clone()?)));
        let moves = moves(&project.stack, running, &wanted.collect());
        Report::new(project, running, &moves, chosen).text()
    }

    const RUNNING: [(&str, &str); 2] =
        [("loki", "grafana/loki:3.5.0"), ("prometheus", "mirror:5000/prom/prometheus:v2.55.1")];

    #[test]
    fn what_breaks_on_the_way_is_told() {
        let project = project("  prometheus: {version: v3.12.0}\n");
        let text = shown(&project, &images(&RUNNING), &[]);
        assert_eq!(
            text,
            "COMPONENT   RUNS     WANTED   NEWEST KNOWN
loki        3.5.0    3.7.8    3.7.8
prometheus  v2.55.1  v3.12.0  v3.15.0

loki from 3.5.0 to 3.7.8:
  nothing is known to break

prometheus from v2.55.1 to v3.12.0:
  v3.0.0: What v3.0.0 changes.
    What to do about v3.0.0.
    No way back: of its blocks.
  v3.11.0: What v3.11.0 changes.
    What to do about v3.11.0.

mcpmon.yaml:9:25 wants prometheus v3.12.0: this mcpmon was written for v3.13.5; write that there, or take the line out
"
        );
    }

    #[test]
    fn nothing_is_said_of_another_program_or_of_a_tag_without_version() {
        let other = project(
            "  prometheus: {image: acme/metrics, version: v1.0.0}\n  loki: {version: \"3.5.0\"}\n",
        );
        let running =
            images(&[("loki", "grafana/loki:latest"), ("prometheus", "prom/prometheus:v3.0.0")]);
        assert_eq!(
            shown(&other, &running, &["prometheus"]),
            "COMPONENT   RUNS    WANTED  NEWEST KNOWN\nprometheus  v3.0.0  v1.0.0  -\n"
        );
        assert!(!shown(&other, &running, &["loki"]).contains("from"));
    }

    #[test]
    fn the_way_back_is_told_as_such() {
        let text = shown(
            &project("  prometheus: {version: v2.55.1}\n"),
            &images(&[("prometheus", "prom/prometheus:v3.5.1")]),
            &["prometheus"],
        );
        assert!(
            text.contains(
                "prometheus back from v3.5.1 to v2.55.1, before these changes:\n  v3.0.0: What"
            ),
            "{text}"
        );
        assert!(!text.contains("No way back"), "2.55 reads it: {text}");
        let older = moves(
            &project("").stack,
            &images(&[("prometheus", "prom/prometheus:v3.5.1")]),
            &images(&[("prometheus", "prom/prometheus:v2.53.0")]),
        );
        let refused: Vec<&Move> = older.iter().filter(|step| step.refused.is_some()).collect();
        assert_eq!(refused.len(), 1);
    }

    #[test]
    fn a_component_is_held_at_what_it_runs() {
        let project = project("  prometheus: {}\n");
        let running =
            images(&[("loki", "grafana/loki:3.5.0"), ("prometheus", "other/image:v3.5.1")]);
        let held = hold::hold(&project.document, &project.stack, &running, &["loki", "prometheus"]);
        let merged = held.unwrap().merged();
        assert!(merged.contains("version: \"3.5.0\"") && !merged.contains("v3.5.1"), "{merged}");
    }
}
