//! Packs and dialects in use → every file that comes from them.

use anyhow::{Context as _, bail};
use serde_json::{Value as Json, json};

use super::alert::settle;
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
        out.add(&path, &path, record::rules(name, &dialect));
        out.add_tests(&path, "", prove::EVALUATION, tests);
    }
    for name in input.packs {
        let pack = pack::load(assets, name)?;
        add_pack(&mut out, name, &pack, input)?;
    }
    Ok(out)
}

fn add_pack(out: &mut Compiled, name: &str, pack: &Pack, input: &Input<'_>) -> anyhow::Result<()> {
    let (mut rules, mut tests, mut long) = (Vec::new(), Vec::new(), Vec::new());
    for (alert, source) in &pack.alerts {
        let exactly = format!("{name}/{alert}");
        let change = input.overrides.get(&exactly).or_else(|| input.overrides.get(alert));
        let off = input.disable.contains(alert)
            || input.disable.contains(&exactly)
            || change.is_some_and(|c| c.enabled == Some(false));
        if off || !source.requires.iter().all(|component| input.components.contains(component)) {
            continue;
        }
        if out.alerts.iter().any(|known| known.name == *alert) {
            bail!("two rule packs have an alert `{alert}`");
        }
        let mut add = || -> anyhow::Result<()> {
            let levels = settle(alert, source, change, input.scrape_interval_seconds)?;
            for level in &levels {
                rules.push(level.rule((input.runbook_url)(alert))?);
                let cases = case::tests(level)?;
                let file =
                    if cases.evaluation == case::EVALUATION { &mut tests } else { &mut long };
                file.extend(cases.tests);
            }
            let settled = levels.first().context("it has no severity")?;
            let summary = settled.plain_summary()?;
            out.runbooks.push(Runbook {
                alert: alert.clone(),
                pack: name.to_owned(),
                severities: levels.iter().map(|level| level.severity).collect(),
                summary: summary.clone(),
                markdown: runbook::page(settled, &levels)?,
            });
            out.alerts.push(AlertInfo {
                name: alert.clone(),
                pack: name.to_owned(),
                severity: settled.severity,
                category: source.category.clone(),
                summary,
                r#for: duration::format(settled.hold),
                threshold: settled.threshold,
            });
            Ok(())
        };
        add().with_context(|| format!("the alert `{alert}`"))?;
    }
    out.add(name, name, rules);
    out.add_tests(name, "", case::EVALUATION, tests);
    out.add_tests(name, "-long", case::LONG_EVALUATION, long);
    Ok(())
}

impl Compiled {
    /// Adds a rule file of one group, unless nothing is left of it.
    fn add(&mut self, file: &str, group: &str, rules: Vec<Json>) {
        if rules.is_empty() {
            return;
        }
        // Assigned, not named within `json!`, which would copy all that stands below.
        let mut content = json!({"groups": [{"name": format!("mcpmon-{group}")}]});
        content["groups"][0]["rules"] = rules.into();
        self.files.push(RuleFile { path: format!("rules/{file}.yml"), content });
    }

    /// Adds a file of tests of a rule file, which is evaluated every so many seconds in them, if there are
    /// any: promtool knows one such interval for a file.
    fn add_tests(&mut self, file: &str, suffix: &str, evaluation: u64, tests: Vec<Json>) {
        if tests.is_empty() {
            return;
        }
        let mut content = json!({
            "rule_files": [format!("../rules/{file}.yml")],
            "evaluation_interval": duration::format(evaluation),
            "fuzzy_compare": true,
        });
        content["tests"] = tests.into();
        self.tests.push(TestFile { path: format!("tests/{file}{suffix}.test.json"), content });
    }
}
