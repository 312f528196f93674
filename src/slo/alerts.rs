//! An objective → alerts: one for each tier and class, and one for when nothing is known.

use serde_json::{Map, Value as Json, json};

use super::rules::{COARSE, LONG, SHORT};
use super::{Class, Slo, Tier, days, percent};
use crate::manifest::Severity;

/// How long nothing may be known before someone is told.
pub const SILENCE: u64 = 600;

/// How long a service that nothing is known about any more is remembered, where no target says that
/// there should be something.
pub const MEMORY: u64 = 6 * 3600;

/// The alerts of an objective.
pub fn alerts(slo: &Slo, runbook_url: &dyn Fn(&str) -> Option<String>) -> Vec<Json> {
    let mut out = Vec::new();
    out.extend(slo.tiers.iter().map(|tier| burn(slo, tier, runbook_url)));
    out.push(no_data(slo, runbook_url));
    out
}

/// The condition of a tier.
pub fn condition(slo: &Slo, class: &Class, tier: &Tier) -> String {
    let threshold = tier.threshold(slo.window, class.budget());
    let selector = &class.selector;
    let above =
        |window: u64| format!("slo:error_ratio:rate{}{{{selector}}} > {threshold}", days(window));
    let mut expr =
        format!("{} and on (service) {}", above(tier.window.long), above(tier.window.short));
    if let Some(least) = slo.min_events {
        let long = tier.window.long;
        let (step, series) =
            if long < 86_400 { (SHORT, "slo:total:rate5m") } else { (LONG, COARSE) };
        let range = days(long);
        expr = format!(
            "{expr} and on (service) {step} * sum_over_time({series}{{{selector}}}[{range}]) >= {least}"
        );
    }
    expr
}

fn burn(slo: &Slo, tier: &Tier, runbook_url: &dyn Fn(&str) -> Option<String>) -> Json {
    let classes = slo.classes();
    let conditions: Vec<String> = classes.iter().map(|class| condition(slo, class, tier)).collect();
    let condition = match conditions.as_slice() {
        [one] => one.clone(),
        many => format!("({})", many.join(") or (")),
    };
    let expr = format!("({condition}) * on (service) group_left (group) slo:service_group");
    let factor = tier.factor(slo.window);
    let (long, short) = (days(tier.window.long), days(tier.window.short));
    let mut labels = base_labels(slo, tier.severity);
    labels.insert("burn_tier".to_owned(), tier.window.name.into());
    let name = tier.alert(&slo.alert);
    let lasts = days(slo.window);
    let summary = format!(
        "{{{{ $labels.service }}}} burns its error budget for {} {factor} times too fast",
        slo.id
    );
    let description = format!(
        "{{{{ $value | humanizePercentage }}}} of what {{{{ $labels.service }}}} did in {long} was bad, and it was as bad in the last {short}. Promised are {} in {lasts}; at {factor} times that the budget of {lasts} is gone in {}.",
        promised(&classes),
        exhaustion(slo, tier),
    );
    rule(&name, &expr, None, labels, &summary, &description, runbook_url(&name))
}

/// What is promised, and by whom else what else.
fn promised(classes: &[Class]) -> String {
    let each = classes.iter().map(|class| match class.services.as_slice() {
        [] => percent(class.objective),
        services => format!("{} ({})", percent(class.objective), services.join(", ")),
    });
    each.collect::<Vec<_>>().join(", ")
}

/// How long a full budget lasts at a tier's rate: the window by the factor.
pub fn exhaustion(slo: &Slo, tier: &Tier) -> String {
    let seconds =
        crate::decimal::Decimal::whole(tier.window.long).approximate() / tier.share.approximate();
    super::documents::spell(seconds.min(super::simulate::float(slo.window) * 1e3))
}

fn base_labels(slo: &Slo, severity: Severity) -> Map<String, Json> {
    let mut labels = Map::new();
    labels.insert("severity".to_owned(), severity.as_str().into());
    labels.insert("category".to_owned(), "slo".into());
    labels.insert("slo".to_owned(), slo.id.as_str().into());
    if let Some(owner) = &slo.owner {
        labels.insert("owner".to_owned(), owner.as_str().into());
    }
    labels
}

/// Silence is not success: an objective about which nothing is known is never green.
fn no_data(slo: &Slo, runbook_url: &dyn Fn(&str) -> Option<String>) -> Json {
    let known = format!("slo:errors:rate5m{{slo=\"{}\"}}", slo.id);
    let expr = match &slo.events.expected {
        Some(targets) => format!(
            "(max by (service, group) ({targets}) unless on (service) {known}) or (vector(1) unless on () {targets})"
        ),
        // A service that was known is told about by name; the objective as a whole when no service was.
        // It takes over without a gap: what is held back for a while begins that much earlier.
        None => format!(
            "(max_over_time({known}[{}]) unless on (service) {known}) * on (service) group_left (group) slo:service_group or absent_over_time({known}[{}])",
            days(MEMORY),
            days(MEMORY - SILENCE),
        ),
    };
    let name = slo.no_data();
    let summary = format!("Nothing is known about the objective {}{}", slo.id, OF_SERVICE);
    let description = format!(
        "For {} no events of the objective {}{OF_SERVICE} could be counted, neither good nor bad. Until they can, nobody knows whether {} holds.",
        days(SILENCE),
        slo.id,
        percent(slo.objective),
    );
    let labels = base_labels(slo, Severity::Warning);
    rule(&name, &expr, Some(SILENCE), labels, &summary, &description, runbook_url(&name))
}

/// The service, where the alert is about one.
const OF_SERVICE: &str = "{{ with $labels.service }} of {{ . }}{{ end }}";

fn rule(
    name: &str,
    expr: &str,
    hold: Option<u64>,
    labels: Map<String, Json>,
    summary: &str,
    description: &str,
    runbook_url: Option<String>,
) -> Json {
    let mut rule = Map::new();
    rule.insert("alert".to_owned(), name.into());
    rule.insert("expr".to_owned(), expr.into());
    if let Some(hold) = hold {
        rule.insert("for".to_owned(), days(hold).into());
    }
    rule.insert("labels".to_owned(), labels.into());
    let mut annotations = json!({"summary": summary, "description": description});
    if let (Some(url), Some(map)) = (runbook_url, annotations.as_object_mut()) {
        map.insert("runbook_url".to_owned(), url.into());
    }
    rule.insert("annotations".to_owned(), annotations);
    Json::Object(rule)
}
