//! `SLOS.md`: what is promised, what that allows, and what happens when it is used up.

use std::fmt::Write as _;

use super::spell;
use crate::manifest::{Indicator, Severity};
use crate::slo::{Slo, Tier, alerts, compile, days, percent, simulate};

/// Whom an alert reaches: the receivers with their ways.
pub type Told<'a> = dyn Fn(&Slo, Option<&Tier>) -> Vec<String> + 'a;

/// The page.
pub fn slos_markdown(slos: &[Slo], told: &Told<'_>) -> String {
    let mut out = String::from("# Service level objectives\n\n");
    if slos.is_empty() {
        out.push_str("None is declared. `slos:` in the manifest declares them.\n");
        return out;
    }
    out.push_str(
        "What is promised, how much may go wrong before the promise is broken (the error budget), and who is told before that happens. \
         The state of each is on the dashboard `slo` and in `mcpmon slo status`.\n\n\
         | objective | what | promised | window | budget as time | of a million events | owner | review |\n|---|---|---|---|---|---|---|---|\n",
    );
    for slo in slos {
        let _ = writeln!(
            out,
            "| [{}](#{}) | {} | {} | {} | {} | {} | {} | {} |",
            slo.id,
            slo.id,
            slo.description.as_deref().unwrap_or_else(|| slo.indicator.as_str()),
            percent(slo.objective),
            slo.window_text(),
            budget_time(slo),
            budget_events(slo),
            slo.owner.as_deref().unwrap_or("–"),
            slo.review.as_deref().unwrap_or("–"),
        );
    }
    for slo in slos {
        section(&mut out, slo, told);
    }
    out
}

fn budget_time(slo: &Slo) -> String {
    spell(slo.budget().approximate() * simulate::float(slo.window))
}

fn budget_events(slo: &Slo) -> String {
    slo.budget().times(crate::decimal::Decimal::whole(1_000_000)).to_string()
}

fn section(out: &mut String, slo: &Slo, told: &Told<'_>) {
    let _ = write!(out, "\n## {}\n", slo.id);
    if let Some(description) = &slo.description {
        let _ = writeln!(out, "{description}.\n");
    }
    let _ = writeln!(out, "- **Counted**: {}.", counted(slo));
    let _ = writeln!(
        out,
        "- **Promised**: {} over any {}. The budget is {}: {} of a complete outage, or {} of a million events.",
        percent(slo.objective),
        slo.window_text(),
        percent(slo.budget()),
        budget_time(slo),
        budget_events(slo),
    );
    for (objective, services) in &slo.others {
        let _ = writeln!(out, "- **{}** for {}.", percent(*objective), services.join(", "));
    }
    if let Some(least) = slo.min_events {
        let _ = writeln!(
            out,
            "- With fewer than {least} events in a tier's long window the tier is silent."
        );
    }
    out.push_str(
        "\n| tier | over | confirmed by | burn | bad events | budget gone in | a complete outage is told after | severity | who is told |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for tier in &slo.tiers {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {}× | {} | {} | {} | {} | {} |",
            tier.window.name,
            days(tier.window.long),
            days(tier.window.short),
            tier.factor(slo.window),
            percent(tier.threshold(slo.window, slo.budget())),
            alerts::exhaustion(slo, tier),
            simulate::detection(slo, tier).map_or_else(|| "never".to_owned(), spell),
            tier.severity.as_str(),
            people(&told(slo, Some(tier))),
        );
    }
    let _ = writeln!(
        out,
        "| no data | – | – | – | – | – | {} | {} | {} |",
        days(alerts::SILENCE),
        Severity::Warning.as_str(),
        people(&told(slo, None)),
    );
    out.push_str("\nWhat to do stands in `RUNBOOKS.md` and behind each alert's `runbook_url`.");
    out.push_str(" A faster tier mutes the slower ones of the same service.\n\n");
    out.push_str("```sh\n");
    let _ = writeln!(out, "mcpmon slo status {}", slo.id);
    let _ = writeln!(out, "mcpmon slo simulate {} --outage 12m --errors 30%", slo.id);
    out.push_str(
        "```\n\nWhat is left of the budget, how fast it burns, and what is counted:\n\n```promql\n",
    );
    let _ = writeln!(out, "slo:error_budget:remaining{{slo=\"{}\"}}", slo.id);
    let _ = writeln!(
        out,
        "slo:error_ratio:rate1h{{slo=\"{}\"}} / on (slo, service) slo:error_budget:ratio",
        slo.id
    );
    for rule in compile::records(slo).iter().take(base(slo)) {
        let _ = writeln!(out, "{}", rule.text("expr"));
    }
    out.push_str("```\n");
}

/// The rules that read raw series.
fn base(slo: &Slo) -> usize {
    if slo.events.state.is_some() { 1 } else { 2 }
}

fn people(told: &[String]) -> String {
    if told.is_empty() { "nobody".to_owned() } else { told.join(", ") }
}

/// What is counted as good, in words.
fn counted(slo: &Slo) -> String {
    let mut text = match &slo.indicator {
        Indicator::Requests => "requests that do not fail".to_owned(),
        Indicator::Latency(of) => format!("requests that are answered within {}", of.threshold),
        Indicator::Tools(of) if of.names.is_empty() => "calls of tools that do not fail".to_owned(),
        Indicator::Tools(of) => format!("calls of {} that do not fail", of.names.join(", ")),
        Indicator::Streaming(of) => match of.first_message {
            Some(limit) => format!("streams whose first message comes within {limit}"),
            None => "messages of streams that are no errors".to_owned(),
        },
        Indicator::Probe => "probes of the service's address that succeed".to_owned(),
        Indicator::Freshness(of) => {
            format!("time in which `{}` is no older than {}", of.timestamp, of.max_age)
        }
        Indicator::Custom(of) => match (&of.total, &of.good, &of.bad, &of.gauge) {
            (Some(total), Some(good), ..) => format!("`{good}` of `{total}`"),
            (Some(total), _, Some(bad), _) => format!("`{total}` without `{bad}`"),
            (.., Some(gauge)) => format!("samples of `{gauge}` that are 1"),
            _ => "nothing".to_owned(),
        },
    };
    if let Some(slices) = slo.slices {
        text = format!(
            "slices of {} in which at least {} of the {text}",
            days(slices.length),
            percent(slices.target),
        );
    }
    let who = match slo.subjects.as_slice() {
        [] => String::new(),
        few if few.len() <= 5 => {
            let names: Vec<&str> = few.iter().map(|s| s.service.as_str()).collect();
            format!(" ({})", names.join(", "))
        }
        many => format!(" ({} services)", many.len()),
    };
    text + &who
}
