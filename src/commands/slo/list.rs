//! `mcpmon slo list`

use serde_json::json;

use super::{Context, chosen, table};
use crate::commands::shape::Shape;
use crate::exit::Exit;
use crate::slo::{Slo, percent};

/// List what is promised.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Shape,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let slos = chosen(&project.stack.slos, &[])?;
    if args.output == Shape::Json {
        let all: Vec<_> = slos.iter().map(|slo| document(slo)).collect();
        context.printer.json(&json!({"schema_version": 1, "slos": all}))?;
        return Ok(Exit::Done);
    }
    let heads = ["OBJECTIVE", "INDICATOR", "PROMISED", "WINDOW", "SERVICES", "TIERS", "OWNER"];
    let rows: Vec<Vec<String>> = slos
        .iter()
        .map(|slo| {
            let tiers: Vec<&str> = slo.tiers.iter().map(|tier| tier.window.name).collect();
            vec![
                slo.id.clone(),
                slo.indicator.as_str().to_owned(),
                percent(slo.objective),
                slo.window_text(),
                slo.subjects.len().to_string(),
                tiers.join(", "),
                slo.owner.clone().unwrap_or_default(),
            ]
        })
        .collect();
    context.printer.data(&table(&heads, &rows));
    Ok(Exit::Done)
}

fn document(slo: &Slo) -> serde_json::Value {
    let budget = crate::decimal::Decimal::ONE.minus(slo.objective);
    let tiers: Vec<_> = slo
        .tiers
        .iter()
        .map(|tier| {
            json!({
                "tier": tier.window.name,
                "severity": tier.severity.as_str(),
                "long_seconds": tier.window.long,
                "short_seconds": tier.window.short,
                "burn": tier.factor(slo.window).to_string(),
                "threshold": tier.threshold(slo.window, budget).to_string(),
            })
        })
        .collect();
    let others: Vec<_> = slo
        .others
        .iter()
        .map(
            |(objective, services)| json!({"objective": percent(*objective), "services": services}),
        )
        .collect();
    json!({
        "name": slo.id,
        "description": slo.description,
        "indicator": slo.indicator.as_str(),
        "objective": percent(slo.objective),
        "window": slo.window_text(),
        "owner": slo.owner,
        "review": slo.review,
        "services": slo.subjects.iter().map(|s| s.service.as_str()).collect::<Vec<_>>(),
        "override": others,
        "tiers": tiers,
    })
}
