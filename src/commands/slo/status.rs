//! `mcpmon slo status`

use std::collections::BTreeMap;

use serde_json::json;

use super::{Context, chosen, table};
use crate::check::http::Http;
use crate::commands::query::address;
use crate::commands::shape::Shape;
use crate::exit::Exit;
use crate::manifest::Language;
use crate::output::Mark;
use crate::query::{Answer, Question, ask};
use crate::slo::status::{Answers, CURVE, HEADS, QUESTIONS, Standing, State, standings};
use crate::slo::{Slo, simulate::float};

/// Ask the running stack how each objective stands.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Objectives; all of them where none is named
    pub names: Vec<String>,
    /// This service alone
    #[arg(long)]
    pub service: Option<String>,
    /// Rows at most, the worst first
    #[arg(long, short = 'n', default_value_t = 40)]
    pub limit: usize,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Shape,
}

/// Runs the command. It ends with 1 when an objective is missed or nothing is known about it.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let slos = chosen(&project.stack.slos, &args.names)?;
    let base = address("prometheus", &project.stack, context).await?;
    let asker = Asker { base, now: jiff::Timestamp::now().as_second(), http: Http::default() };
    let mut answers = Answers::new();
    for (what, expr) in QUESTIONS {
        answers.insert(what, asker.values(expr).await?);
    }
    let window = slos.iter().map(|slo| slo.window).max().unwrap_or_default();
    let curves = asker.curves(CURVE, window).await?;
    let mut rows = standings(&slos, &answers, &curves);
    rows.retain(|row| args.service.as_ref().is_none_or(|service| *service == row.service));
    let exit =
        if rows.iter().any(|row| row.state <= State::NoData) { Exit::Failed } else { Exit::Done };
    if args.output == Shape::Json {
        context.printer.json(&json!({"schema_version": 1, "objectives": rows}))?;
        return Ok(exit);
    }
    let shown: Vec<&Standing> = rows.iter().take(args.limit).collect();
    let cells: Vec<Vec<String>> = shown.iter().map(|row| row.row().to_vec()).collect();
    context.printer.data(&table(&HEADS, &cells));
    if rows.len() > shown.len() {
        context.printer.mark(
            Mark::Note,
            format!("{} more; `-n {}` shows them all", rows.len() - shown.len(), rows.len()),
        );
    }
    for row in shown.iter().filter(|row| row.note.is_some()) {
        let note = row.note.as_deref().unwrap_or_default();
        context.printer.mark(Mark::Note, format!("{} of {}: {note}", row.slo, row.service));
    }
    young(&asker, &slos, context).await?;
    Ok(exit)
}

/// Says since when anything is known, where that is not as long as the windows.
async fn young(asker: &Asker, slos: &[&Slo], context: &Context) -> anyhow::Result<()> {
    let oldest = asker.values("time() - prometheus_tsdb_lowest_timestamp_seconds").await?;
    let Some(age) = oldest.values().copied().find(|age| age.is_finite()) else { return Ok(()) };
    let window = slos.iter().map(|slo| slo.window).max().unwrap_or_default();
    if age < float(window) * 0.98 {
        let text = crate::slo::spell(age);
        context.printer.mark(
            Mark::Note,
            format!(
                "Prometheus remembers the last {text}; what was before is not in these figures"
            ),
        );
    }
    Ok(())
}

/// Asks Prometheus.
pub(super) struct Asker {
    /// Its address.
    pub base: String,
    /// The moment that is asked about.
    pub now: i64,
    /// The client.
    pub http: Http,
}

type ByService<T> = BTreeMap<(String, String), T>;

impl Asker {
    async fn ask(&self, expr: &str, since: Option<u64>) -> anyhow::Result<Answer> {
        let question = Question {
            base_url: &self.base,
            language: Language::Promql,
            expr,
            since,
            limit: 0,
            now: self.now,
        };
        let (answer, _) = ask(&self.http, &question).await.map_err(anyhow::Error::msg)?;
        Ok(answer)
    }

    /// One number for each objective and service.
    pub async fn values(&self, expr: &str) -> anyhow::Result<ByService<f64>> {
        Ok(match self.ask(expr, None).await? {
            Answer::Values(values) => {
                values.into_iter().map(|(labels, value)| (key(&labels), value)).collect()
            }
            Answer::Series(_) | Answer::Lines(_) => BTreeMap::new(),
        })
    }

    async fn curves(&self, expr: &str, since: u64) -> anyhow::Result<ByService<Vec<f64>>> {
        Ok(match self.ask(expr, Some(since)).await? {
            Answer::Series(series) => {
                series.into_iter().map(|(labels, values)| (key(&labels), values)).collect()
            }
            Answer::Values(_) | Answer::Lines(_) => BTreeMap::new(),
        })
    }
}

fn key(labels: &BTreeMap<String, String>) -> (String, String) {
    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    (label("slo"), label("service"))
}
