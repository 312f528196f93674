//! An objective → alerts: one for each tier and class, and one for when nothing is known.

use super::rules::{COARSE, LONG, SHORT};
use super::{Class, Slo, Tier, days, percent};
use crate::manifest::Severity;
use crate::render::json::{Json, json};

/// How long nothing may be known before someone is told.
pub const SILENCE: u64 = 600;

/// How long a service that nothing is known about any more is remembered, where no target says that
/// there should be something.
pub const MEMORY: u64 = 6 * 3600;

/// The alerts of an objective.
pub fn alerts(slo: &Slo, runbook_url: &dyn Fn(&str) -> Option<String>) -> Vec<Json<'static>> {
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

fn burn(slo: &Slo, tier: &Tier, runbook_url: &dyn Fn(&str) -> Option<String>) -> Json<'static> {
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
    labels.set("burn_tier", tier.window.name);
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
    let url = runbook_url(&name);
    rule(name, expr, None, labels, summary, description, url)
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

fn base_labels(slo: &Slo, severity: Severity) -> Json<'static> {
    let mut labels =
        json!({"severity": severity.as_str(), "category": "slo", "slo": slo.id.clone()});
    if let Some(owner) = &slo.owner {
        labels.set("owner", owner.clone());
    }
    labels
}

/// Silence is not success: an objective about which nothing is known is never green.
fn no_data(slo: &Slo, runbook_url: &dyn Fn(&str) -> Option<String>) -> Json<'static> {
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
    let url = runbook_url(&name);
    rule(name, expr, Some(SILENCE), labels, summary, description, url)
}

/// The service, where the alert is about one.
const OF_SERVICE: &str = "{{ with $labels.service }} of {{ . }}{{ end }}";

fn rule(
    name: String,
    expr: String,
    hold: Option<u64>,
    labels: Json<'static>,
    summary: String,
    description: String,
    runbook_url: Option<String>,
) -> Json<'static> {
    let mut rule = json!({"alert": name, "expr": expr});
    if let Some(hold) = hold {
        rule.set("for", days(hold));
    }
    rule.set("labels", labels);
    let mut annotations = json!({"summary": summary, "description": description});
    if let Some(url) = runbook_url {
        annotations.set("runbook_url", url);
    }
    rule.set("annotations", annotations);
    rule
}
