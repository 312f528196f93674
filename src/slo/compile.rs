//! All objectives → rule files, their tests, runbooks and what is known about their alerts.

use super::{Slo, alerts, documents, proof, rules};
use crate::render::json::Json;
use crate::render::rules::{AlertInfo, Compiled, RuleFile, Runbook, TestFile, duration};

/// The pack under which they stand among the other rules.
const PACK: &str = "slos";

/// Compiles the objectives of a stack; nothing without any.
pub fn compile(slos: &[Slo], runbook_url: &dyn Fn(&str) -> Option<String>) -> Compiled {
    let mut out = Compiled { files: vec![], tests: vec![], runbooks: vec![], alerts: vec![] };
    if slos.is_empty() {
        return out;
    }
    out.files.push(RuleFile::new("rules/slo.yml".to_owned(), vec![rules::shared_group()]));
    for slo in slos {
        let file = format!("rules/slo-{}.yml", slo.id);
        let groups = rules::groups(slo, alerts::alerts(slo, runbook_url));
        out.files.push(RuleFile::new(file.clone(), groups));
        let long = format!("rules/slo-{}-long.yml", slo.id);
        out.files.push(RuleFile::new(long.clone(), vec![rules::long_group(slo)]));
        let budget = format!("rules/slo-{}-budget.yml", slo.id);
        out.files.push(RuleFile::new(budget.clone(), vec![rules::budget_group(slo)]));
        let order = rules::order(slo);
        for tests in proof::files(slo) {
            let mut read = vec!["../rules/slo.yml".to_owned(), format!("../{file}")];
            read.extend(tests.long.then(|| format!("../{long}")));
            read.extend(tests.budget.then(|| format!("../{budget}")));
            let path = slo.test_file(tests.suffix);
            let order = order.clone();
            out.tests.push(TestFile::new(path, read, tests.evaluation, order, tests.tests));
        }
    }
    for page in documents::runbooks(slos) {
        let severity = page.severities.iter().min().copied();
        out.alerts.extend(severity.map(|severity| AlertInfo {
            name: page.alert.clone(),
            pack: PACK.to_owned(),
            severity,
            category: "slo".to_owned(),
            summary: page.summary.clone(),
            r#for: if page.burns { "0s".to_owned() } else { duration::format(alerts::SILENCE) },
            threshold: None,
        }));
        out.runbooks.push(Runbook {
            alert: page.alert,
            pack: PACK.to_owned(),
            severities: page.severities,
            summary: page.summary,
            markdown: page.markdown,
        });
    }
    out
}

/// The rules of an objective as Prometheus reads them, without its alerts.
pub fn records(slo: &Slo) -> Vec<Json<'static>> {
    let mut groups = rules::groups(slo, Vec::new());
    groups.extend([rules::long_group(slo), rules::budget_group(slo)]);
    groups.iter().flat_map(|g| g.list("rules").to_vec()).collect()
}
