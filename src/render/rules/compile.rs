//! Packs and dialects in use → every file that comes from them.

use anyhow::{Context as _, bail};
use serde_json::{Value as Json, json};

use super::alert::Settled;
use super::pack::Pack;
use super::{
    AlertInfo, Compiled, Input, RuleFile, Runbook, TestFile, case, dialect, duration, pack, prove,
    record, runbook,
};
use crate::assets::Assets;

/// Compiles the rule packs and dialects of a stack.
///
/// # Errors
/// When a pack or dialect does not exist or is not whole, or an override does not fit its alert.
pub fn compile(assets: &Assets, input: &Input<'_>) -> anyhow::Result<Compiled> {
    let mut out = Compiled { files: vec![], tests: vec![], runbooks: vec![], alerts: vec![] };
    for name in input.dialects {
        let dialect = dialect::load(assets, name)?;
        let (path, tests) = (format!("dialect-{name}"), prove::tests(name, &dialect));
        out.add(&path, &path, &record::rules(name, &dialect), &tests);
    }
    for name in input.packs {
        let pack = pack::load(assets, name)?;
        add_pack(&mut out, name, &pack, input)?;
    }
    Ok(out)
}

fn add_pack(out: &mut Compiled, name: &str, pack: &Pack, input: &Input<'_>) -> anyhow::Result<()> {
    let (mut rules, mut tests) = (Vec::new(), Vec::new());
    for (alert, source) in &pack.alerts {
        if out.alerts.iter().any(|known| known.name == *alert) {
            bail!("two rule packs have an alert `{alert}`");
        }
        let change = input.overrides.get(alert);
        let off = input.disable.contains(alert) || change.is_some_and(|c| c.enabled == Some(false));
        if off || !source.requires.iter().all(|component| input.components.contains(component)) {
            continue;
        }
        let mut add = || -> anyhow::Result<()> {
            let settled = Settled::new(alert, source, change, input.scrape_interval_seconds)?;
            rules.push(settled.rule((input.runbook_url)(alert))?);
            tests.extend(case::tests(&settled)?);
            let (summary, severity) = (settled.plain_summary()?, settled.severity);
            out.runbooks.push(Runbook {
                alert: alert.clone(),
                pack: name.to_owned(),
                severity,
                summary: summary.clone(),
                markdown: runbook::page(&settled)?,
            });
            out.alerts.push(AlertInfo {
                name: alert.clone(),
                pack: name.to_owned(),
                severity,
                category: source.category.clone(),
                summary,
                r#for: duration::format(settled.hold),
                threshold: settled.threshold,
            });
            Ok(())
        };
        add().with_context(|| format!("the alert `{alert}`"))?;
    }
    out.add(name, name, &rules, &tests);
    Ok(())
}

impl Compiled {
    /// Adds a rule file of one group and its tests, unless nothing is left of it.
    fn add(&mut self, file: &str, group: &str, rules: &[Json], tests: &[Json]) {
        if rules.is_empty() {
            return;
        }
        let group = json!({"name": format!("mcpmon-{group}"), "rules": rules});
        self.files.push(RuleFile {
            path: format!("rules/{file}.yml"),
            content: json!({"groups": [group]}),
        });
        self.tests.push(TestFile {
            path: format!("tests/{file}.test.yml"),
            content: json!({
                "rule_files": [format!("../rules/{file}.yml")],
                "evaluation_interval": duration::format(case::EVALUATION),
                "fuzzy_compare": true,
                "tests": tests,
            }),
        });
    }
}
