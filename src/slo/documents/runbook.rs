//! What to do when an objective is in danger: one page for each name that its alerts have.

use std::fmt::Write as _;

use crate::manifest::Severity;
use crate::slo::alerts::condition;
use crate::slo::{Slo, Tier, alerts, days, percent};

/// A page, and what is known about its alert.
pub struct Page {
    pub alert: String,
    pub severities: Vec<Severity>,
    pub summary: String,
    pub markdown: String,
    /// Whether it is about a budget that burns, or about one of which nothing is known.
    pub burns: bool,
}

/// A page for each name, in the order in which they first come up.
pub fn runbooks(slos: &[Slo]) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut names: Vec<(String, Option<&str>)> = Vec::new();
    for slo in slos {
        for tier in &slo.tiers {
            names.push((tier.alert(&slo.alert), Some(tier.window.name)));
        }
        names.push((slo.no_data(), None));
    }
    for (name, tier) in names {
        if pages.iter().any(|page| page.alert == name) {
            continue;
        }
        pages.push(match tier {
            Some(tier) => burn(&name, tier, slos),
            None => no_data(&name, slos),
        });
    }
    pages
}

fn burn(name: &str, tier: &str, slos: &[Slo]) -> Page {
    let mut all: Vec<(&Slo, &Tier)> = Vec::new();
    for slo in slos {
        all.extend(
            slo.tiers
                .iter()
                .filter(|t| t.window.name == tier && t.alert(&slo.alert) == name)
                .map(|t| (slo, t)),
        );
    }
    let mut severities: Vec<Severity> = all.iter().map(|(_, tier)| tier.severity).collect();
    severities.sort();
    severities.dedup();
    let mut out = String::new();
    for severity in &severities {
        let _ = writeln!(out, "**{}** · slo\n", severity.as_str());
    }
    let summary = "SERVICE burns its error budget for SLO too fast".to_owned();
    let _ = writeln!(out, "{summary}.");
    let (long, short) =
        all.first().map_or((0, 0), |(_, tier)| (tier.window.long, tier.window.short));
    let (long, short) = (days(long), days(short));
    let _ = write!(
        out,
        "\n### What it means\nOver {long}, and over the last {short} as well, so much was bad that the error budget of the whole window would be gone long before the window is. \
         The long window says that it matters, the short one that it still goes on; the alert ends within {short} of the end of the trouble.\n\n\
         | objective | promised | window | limit over {long} | burn | budget gone in |\n|---|---|---|---|---|---|\n"
    );
    for (slo, tier) in &all {
        for class in slo.classes() {
            let of = if class.services.is_empty() {
                String::new()
            } else {
                format!(" ({})", class.services.join(", "))
            };
            let _ = writeln!(
                out,
                "| {}{of} | {} | {} | {} | {}× | {} |",
                slo.id,
                percent(class.objective),
                slo.window_text(),
                percent(tier.threshold(slo.window, class.budget())),
                tier.factor(slo.window),
                alerts::exhaustion(slo, tier),
            );
        }
    }
    out.push_str(
        "\n### Impact\nUsers meet errors, waiting or silence more often than was promised to them. How often stands in the alert.\n",
    );
    look(&mut out, &long);
    out.push_str(
        "\n### What to do\n\
         1. Look whether one service burns or many (the first query). Many at once point at what they share: network, database, gateway, a deployment of all of them.\n\
         2. Compare the beginning with the last deployment and the last change of configuration. If they match, roll back first and look for the cause after.\n\
         3. Read the service's log lines of that minute; the errors that rise most name what it calls.\n\
         4. If it cannot be ended soon, lessen it: take the failing instance or the failing tool out, shed load, answer from a cache.\n\
         5. When the budget is gone, agree with the owner that only repairs are deployed until it has recovered; `mcpmon slo status` says when.\n",
    );
    out.push_str(
        "\n### When to change it\nWhen it fires and nobody is hurt, the objective is stricter than users are: change `objective`. When it fires at night about a handful of requests, set `min_events`. \
         When users complain first, the objective is too loose, or the indicator does not see what they see. `mcpmon slo simulate` shows what a change would do.\n",
    );
    out.push_str("\n### The rule\n");
    for (slo, tier) in &all {
        for class in slo.classes() {
            let _ = writeln!(out, "```promql\n{}\n```", condition(slo, &class, tier));
        }
    }
    Page { alert: name.to_owned(), severities, summary, markdown: out, burns: true }
}

fn look(out: &mut String, long: &str) {
    let _ = write!(
        out,
        "\n### How to look\n\
         ```promql\ntopk(10, slo:error_ratio:rate{long}{{slo=\"SLO\"}})\n```\n\
         ```promql\nslo:error_ratio:rate5m{{slo=\"SLO\",service=\"SERVICE\"}} / on (slo, service) slo:error_budget:ratio\n```\n\
         ```promql\nslo:error_budget:remaining{{slo=\"SLO\",service=\"SERVICE\"}}\n```\n\
         ```promql\ntopk(5, mcp:tool_errors:rate5m{{service=\"SERVICE\"}})\n```\n\
         ```sh\nmcpmon slo status SLO --service SERVICE\n```\n\
         ```sh\nmcpmon logs SERVICE\n```\n"
    );
}

fn no_data(name: &str, slos: &[Slo]) -> Page {
    let all: Vec<&Slo> = slos.iter().filter(|slo| slo.no_data() == name).collect();
    let summary = "Nothing is known about the objective SLO of SERVICE".to_owned();
    let mut out = format!("**warning** · slo · after {}\n\n{summary}.\n", days(alerts::SILENCE));
    out.push_str(
        "\n### What it means\nNo events of the objective could be counted for ten minutes, neither good nor bad. That is not success: a service that is down, a metric that was renamed and a label that is missing all look like this.\n\
         \n### Impact\nUntil it is mended nobody is told when the objective is missed, and its error budget stands still.\n\
         \n### How to look\n\
         ```promql\nup{service=\"SERVICE\"}\n```\n\
         ```promql\nslo:total:rate5m{slo=\"SLO\"}\n```\n\
         ```promql\nslo:errors:rate5m{slo=\"SLO\"}\n```\n\
         ```sh\nmcpmon metrics check SERVICE\n```\n\
         \n### What to do\n\
         1. `up` is 0 or missing: the service, its address or its credentials; the alert ServiceDown says more.\n\
         2. `up` is 1: its metrics have other names or labels than its dialect says. `mcpmon metrics check SERVICE` names what is missing.\n\
         3. An objective about latency has a total and no errors: no bucket ends at its threshold. Choose one that does.\n\
         4. The service is gone for good: take it out of the manifest.\n\
         \n### When to change it\nDo not switch it off. A service that rightly gives no data at times belongs under another objective, such as one with the indicator `probe`.\n\
         \n### The rule\n",
    );
    for slo in &all {
        for rule in alerts::alerts(slo, &|_| None).iter().filter(|rule| rule.text("alert") == name)
        {
            let _ = writeln!(out, "```promql\n{}\n```", rule.text("expr"));
        }
    }
    Page {
        alert: name.to_owned(),
        severities: vec![Severity::Warning],
        summary,
        markdown: out,
        burns: false,
    }
}
