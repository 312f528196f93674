//! The review of a period: what was promised, what was kept, and what it cost, as Markdown and as a page.

use std::fmt::Write as _;

use super::spell;
use crate::slo::percent;
use crate::slo::simulate::float;

/// A period and how each objective went in it.
#[derive(Clone, Debug)]
pub struct Review {
    /// The stack.
    pub stack: String,
    /// First moment, as people write it.
    pub from: String,
    /// Last moment.
    pub to: String,
    /// Seconds between the two.
    pub seconds: u64,
    /// Each objective and service, the worst first.
    pub rows: Vec<Reviewed>,
}

/// How one objective of a service went.
#[derive(Clone, Debug)]
pub struct Reviewed {
    /// The objective.
    pub slo: String,
    /// The service.
    pub service: String,
    /// The share that was promised.
    pub objective: crate::decimal::Decimal,
    /// Who answers for it.
    pub owner: Option<String>,
    /// All events; nothing where none were counted.
    pub total: Option<f64>,
    /// The bad ones.
    pub bad: Option<f64>,
    /// Seconds for which each tier's alert fired, by tier.
    pub fired: Vec<(String, f64)>,
    /// Whether events are moments of a state rather than things that were asked.
    pub timed: bool,
}

impl Reviewed {
    /// The share that was good.
    pub fn kept(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0.0)?;
        Some(1.0 - self.bad.unwrap_or_default() / total)
    }

    /// The share of the budget of this period that was used.
    pub fn used(&self) -> Option<f64> {
        let budget = crate::decimal::Decimal::ONE.minus(self.objective).approximate();
        self.kept().map(|kept| (1.0 - kept) / budget)
    }

    fn verdict(&self) -> &'static str {
        match self.used() {
            None => "no data",
            Some(used) if used > 1.0 => "missed",
            Some(used) if used > 0.75 => "tight",
            Some(_) => "kept",
        }
    }
}

/// Headings of the table.
const HEADS: [&str; 9] = [
    "objective",
    "service",
    "promised",
    "kept",
    "events",
    "bad",
    "budget used",
    "alerts",
    "verdict",
];

fn cells(row: &Reviewed) -> [String; 9] {
    let share = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{:.digits$} %", value * 100.0))
    };
    let count = |value: Option<f64>| {
        let Some(value) = value else { return "–".to_owned() };
        if row.timed { spell(value) } else { grouped(value) }
    };
    let fired: Vec<String> = row
        .fired
        .iter()
        .filter(|(_, seconds)| *seconds > 0.0)
        .map(|(tier, seconds)| format!("{tier} {}", spell(*seconds)))
        .collect();
    [
        row.slo.clone(),
        row.service.clone(),
        percent(row.objective),
        share(row.kept(), 3),
        count(row.total),
        count(row.bad),
        share(row.used(), 1),
        if fired.is_empty() { "none".to_owned() } else { fired.join(", ") },
        row.verdict().to_owned(),
    ]
}

/// A whole number with its thousands apart.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.max(0.0));
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// What the figures say, in sentences.
fn findings(review: &Review) -> Vec<String> {
    let mut out = Vec::new();
    let count = |verdict: &str| review.rows.iter().filter(|row| row.verdict() == verdict).count();
    out.push(format!(
        "Of {} promises {} were kept, {} only just, {} were missed; about {} nothing is known.",
        review.rows.len(),
        count("kept"),
        count("tight"),
        count("missed"),
        count("no data")
    ));
    for row in review.rows.iter().filter(|row| row.verdict() == "missed").take(10) {
        let used = row.used().unwrap_or_default();
        out.push(format!(
            "`{}` of {} used {:.0} % of its budget{}: agree on what is repaired first, or change the objective to what users accept.",
            row.slo,
            row.service,
            used * 100.0,
            row.owner.as_ref().map(|owner| format!(" ({owner})")).unwrap_or_default()
        ));
    }
    let untouched = review.rows.iter().filter(|row| row.used().is_some_and(|used| used < 0.05));
    let idle: Vec<&str> = untouched.map(|row| row.slo.as_str()).collect();
    if !idle.is_empty() {
        let mut names = idle.clone();
        names.dedup();
        out.push(format!(
            "Hardly any budget was used by {}: there is room to change more and oftener, or to promise more.",
            names.iter().take(10).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ));
    }
    for row in review.rows.iter().filter(|row| row.verdict() == "kept") {
        let fired: f64 = row.fired.iter().map(|(_, seconds)| seconds).sum();
        if fired > 0.02 * float(review.seconds) {
            out.push(format!(
                "`{}` of {} was kept and yet told somebody for {}: look whether its tiers are too eager.",
                row.slo,
                row.service,
                spell(fired)
            ));
        }
    }
    out
}

/// The review as Markdown.
pub fn markdown(review: &Review) -> String {
    let mut out =
        format!("# Objectives of {}\n\n{} to {}\n\n", review.stack, review.from, review.to);
    for finding in findings(review) {
        let _ = writeln!(out, "- {finding}");
    }
    let _ = write!(out, "\n| {} |\n|{}\n", HEADS.join(" | "), "---|".repeat(HEADS.len()));
    for row in &review.rows {
        let _ = writeln!(out, "| {} |", cells(row).join(" | "));
    }
    out
}

/// The review as one page that needs nothing from elsewhere.
pub fn html(review: &Review) -> String {
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n");
    let _ = writeln!(out, "<title>Objectives of {}</title>", escaped(&review.stack));
    out.push_str(
        "<style>body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em}\
         table{border-collapse:collapse;width:100%}th,td{padding:.35em .6em;border-bottom:1px solid #ddd;text-align:left}\
         td:nth-child(n+3){font-variant-numeric:tabular-nums}.missed{background:#fbe0e0}.tight{background:#fdf3d8}.kept{background:#e6f4e6}\
         @media print{body{margin:0}}</style>\n",
    );
    let _ = writeln!(
        out,
        "<h1>Objectives of {}</h1>\n<p>{} to {}</p>\n<ul>",
        escaped(&review.stack),
        escaped(&review.from),
        escaped(&review.to)
    );
    for finding in findings(review) {
        let _ = writeln!(out, "<li>{}</li>", escaped(&finding).replace('`', ""));
    }
    out.push_str("</ul>\n<table>\n<tr>");
    for head in HEADS {
        let _ = write!(out, "<th>{head}</th>");
    }
    out.push_str("</tr>\n");
    for row in &review.rows {
        let _ = write!(out, "<tr class=\"{}\">", row.verdict().replace(' ', "-"));
        for cell in cells(row) {
            let _ = write!(out, "<td>{}</td>", escaped(&cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n</html>\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::Decimal;

    fn row(bad: f64) -> Reviewed {
        Reviewed {
            slo: "availability".to_owned(),
            service: "search".to_owned(),
            objective: Decimal::parse("99.9").unwrap().percent(),
            owner: Some("search <team>".to_owned()),
            total: Some(1_000_000.0),
            bad: Some(bad),
            fired: vec![("fast".to_owned(), 720.0), ("slow".to_owned(), 0.0)],
            timed: false,
        }
    }

    fn review(rows: Vec<Reviewed>) -> Review {
        Review {
            stack: "shop".to_owned(),
            from: "2026-10-01".to_owned(),
            to: "2026-11-01".to_owned(),
            seconds: 31 * 86_400,
            rows,
        }
    }

    #[test]
    fn a_review_says_what_was_kept() {
        let text = markdown(&review(vec![row(2500.0), row(500.0)]));
        for line in [
            "- Of 2 promises 1 were kept, 0 only just, 1 were missed; about 0 nothing is known.",
            "- `availability` of search used 250 % of its budget (search <team>): agree on what is repaired first, or change the objective to what users accept.",
            "| availability | search | 99.9% | 99.750 % | 1 000 000 | 2 500 | 250.0 % | fast 12m | missed |",
            "| availability | search | 99.9% | 99.950 % | 1 000 000 | 500 | 50.0 % | fast 12m | kept |",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\nis not in\n{text}");
        }
    }

    #[test]
    fn no_name_becomes_markup() {
        let page = html(&review(vec![row(2500.0)]));
        assert!(page.contains("(search &lt;team&gt;)") && !page.contains("<team>"), "{page}");
    }
}
