//! Packs and dialects in use → every file that comes from them.

use anyhow::{Context as _, bail};

use super::alert::settle;
use super::pack::Alert;
use super::text::Language;
use super::{
    AlertInfo, Compiled, Input, Override, RuleFile, Runbook, TestFile, case, dialect, duration,
    pack, prove, record, runbook,
};
use crate::assets::Assets;
use crate::parallel;
use crate::render::json::{Json, json};

/// Compiles the rule packs and dialects of a stack.
///
/// # Errors
/// When a pack or dialect does not exist or is not whole, or an override does not fit its alert.
pub fn compile(assets: &Assets, input: &Input<'_>) -> anyhow::Result<Compiled> {
    let language = Language::new(input.scrape_interval_seconds)?;
    let mut out = Compiled { files: vec![], tests: vec![], runbooks: vec![], alerts: vec![] };
    let (dialects, packs) = rayon::join(
        || {
            let names: Vec<&String> = input.dialects.iter().collect();
            parallel::each(&names, |name| {
                let dialect = dialect::load(assets, name)?;
                Ok((*name, record::rules(name, &dialect), prove::tests(name, &dialect)))
            })
        },
        || parallel::each(input.packs, |name| Ok((name, alerts(assets, name, input, &language)?))),
    );
    for (name, rules, tests) in dialects? {
        let path = format!("dialect-{name}");
        out.add(&path, &path, rules);
        out.add_tests(&path, "", prove::EVALUATION, tests);
    }
    for (name, alerts) in packs? {
        out.add_pack(name, alerts)?;
    }
    Ok(out)
}

/// What comes of one alert.
struct OfAlert {
    /// One for each severity.
    rules: Vec<Json<'static>>,
    tests: Vec<case::Tests>,
    runbook: Runbook,
    info: AlertInfo,
}

/// The alerts of a pack that are on.
fn alerts(
    assets: &Assets,
    pack: &str,
    input: &Input<'_>,
    language: &Language,
) -> anyhow::Result<Vec<OfAlert>> {
    let loaded = pack::load(assets, pack)?;
    let all: Vec<(&String, &Alert)> = loaded.alerts.iter().collect();
    let made = parallel::each(&all, |(name, source)| {
        let exactly = format!("{pack}/{name}");
        let change = input.overrides.get(&exactly).or_else(|| input.overrides.get(*name));
        let off = input.disable.contains(*name)
            || input.disable.contains(&exactly)
            || change.is_some_and(|c| c.enabled == Some(false));
        if off || !source.requires.iter().all(|component| input.components.contains(component)) {
            return Ok(None);
        }
        let made = alert(name, pack, source, change, input, language);
        made.map(Some).with_context(|| format!("the alert `{name}`"))
    })?;
    Ok(made.into_iter().flatten().collect())
}

fn alert(
    name: &str,
    pack: &str,
    source: &Alert,
    change: Option<&Override>,
    input: &Input<'_>,
    language: &Language,
) -> anyhow::Result<OfAlert> {
    let levels = settle(name, source, change, language)?;
    let rules: anyhow::Result<Vec<Json<'static>>> =
        levels.iter().map(|level| level.rule((input.runbook_url)(name))).collect();
    let settled = levels.first().context("it has no severity")?;
    let summary = settled.plain_summary()?;
    let runbook = Runbook {
        alert: name.to_owned(),
        pack: pack.to_owned(),
        severities: levels.iter().map(|level| level.severity).collect(),
        summary: summary.clone(),
        markdown: runbook::page(settled, &levels)?,
    };
    let info = AlertInfo {
        name: name.to_owned(),
        pack: pack.to_owned(),
        severity: settled.severity,
        category: source.category.clone(),
        summary,
        r#for: duration::format(settled.hold),
        threshold: settled.threshold,
    };
    let tests: anyhow::Result<Vec<case::Tests>> = levels.iter().map(case::tests).collect();
    Ok(OfAlert { rules: rules?, tests: tests?, runbook, info })
}

impl Compiled {
    /// Adds what comes of the alerts of a pack.
    fn add_pack(&mut self, name: &str, alerts: Vec<OfAlert>) -> anyhow::Result<()> {
        let (mut rules, mut tests, mut long) = (Vec::new(), Vec::new(), Vec::new());
        for alert in alerts {
            if self.alerts.iter().any(|known| known.name == alert.info.name) {
                bail!("two rule packs have an alert `{}`", alert.info.name);
            }
            rules.extend(alert.rules);
            for cases in alert.tests {
                let short = cases.evaluation == case::EVALUATION;
                (if short { &mut tests } else { &mut long }).extend(cases.tests);
            }
            self.runbooks.push(alert.runbook);
            self.alerts.push(alert.info);
        }
        self.add(name, name, rules);
        self.add_tests(name, "", case::EVALUATION, tests);
        self.add_tests(name, "-long", case::LONG_EVALUATION, long);
        Ok(())
    }

    /// Adds a rule file of one group, unless nothing is left of it.
    fn add(&mut self, file: &str, group: &str, rules: Vec<Json<'static>>) {
        if rules.is_empty() {
            return;
        }
        let name = format!("mcpmon-{group}");
        let group = json!({"name": name, "rules": rules});
        self.files.push(RuleFile::new(format!("rules/{file}.yml"), vec![group]));
    }

    /// Adds a file of tests of a rule file, which is evaluated every so many seconds in them, if there are any.
    fn add_tests(&mut self, file: &str, suffix: &str, evaluation: u64, tests: Vec<Json<'static>>) {
        if tests.is_empty() {
            return;
        }
        let path = format!("tests/{file}{suffix}.test.json");
        let read = vec![format!("../rules/{file}.yml")];
        self.tests.push(TestFile::new(path, read, evaluation, Vec::new(), tests));
    }
}
