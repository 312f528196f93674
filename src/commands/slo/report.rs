//! `mcpmon slo report`

use std::path::PathBuf;

use anyhow::Context as _;
use jiff::Timestamp;

use super::status::Asker;
use super::{Context, chosen};
use crate::check::http::Http;
use crate::commands::query::address;
use crate::exit::{Exit, Stop};
use crate::manifest::{Day, Indicator};
use crate::output::Mark;
use crate::slo::{Review, Reviewed, Slo, html, markdown};

/// Write the review of a period.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Objectives; all of them where none is named
    pub names: Vec<String>,
    /// Its first day (UTC); 30 days before the last where nothing is said
    #[arg(long, value_name = "DAY", value_parser = Day::parse)]
    pub from: Option<Day>,
    /// The day after its last one (UTC); now where nothing is said
    #[arg(long, value_name = "DAY", value_parser = Day::parse)]
    pub to: Option<Day>,
    /// Also write it as a page for browsers
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let slos = chosen(&project.stack.slos, &args.names)?;
    let now = Timestamp::now().as_second();
    let to = args.to.map(midnight).transpose()?.unwrap_or(now).min(now);
    let from = args.from.map(midnight).transpose()?.unwrap_or(to - 30 * 86_400);
    let Some(seconds) = u64::try_from(to - from).ok().filter(|seconds| *seconds >= 3600) else {
        return Err(Stop::new(Exit::Usage, "the period ends before it has begun for an hour: write `--from 2027-01-01 --to 2027-02-01`").into());
    };
    let base = address("prometheus", &project.stack, context).await?;
    let asker = Asker { base, now: to, http: Http::default() };
    let ended = now - to;
    let rows = rows(&asker, &slos, seconds, ended).await?;
    let moment = |at: i64| Timestamp::from_second(at).map(|at| at.to_string()).unwrap_or_default();
    let review = Review {
        stack: project.stack.name.clone(),
        from: moment(from),
        to: moment(to),
        seconds,
        rows,
    };
    context.printer.data(&markdown(&review));
    if let Some(path) = &args.html {
        std::fs::write(path, html(&review))
            .with_context(|| format!("cannot write {}", path.display()))?;
        context.printer.mark(Mark::Good, format!("{} is written", path.display()));
    }
    Ok(Exit::Done)
}

fn midnight(day: Day) -> anyhow::Result<i64> {
    Ok(day.0.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp().as_second())
}

/// What Prometheus knows about the period: sums of four-minute means, and for how long alerts fired.
async fn rows(
    asker: &Asker,
    slos: &[&Slo],
    seconds: u64,
    ended: i64,
) -> anyhow::Result<Vec<Reviewed>> {
    let offset = if ended > 0 { format!(" offset {ended}s") } else { String::new() };
    let sum = |series: &str| format!("sum_over_time({series}[{seconds}s]{offset}) * 240");
    let asker = Asker { base: asker.base.clone(), now: asker.now + ended, http: Http::default() };
    let total = asker.values(&sum("slo:total:rate4m")).await?;
    let bad = asker.values(&sum("slo:errors:rate4m")).await?;
    let mut fired = Vec::new();
    for window in crate::slo::WINDOWS {
        let alerts = format!(
            "max by (slo, service) (ALERTS{{alertstate=\"firing\",burn_tier=\"{}\"}})",
            window.name
        );
        let expr = format!("count_over_time(({alerts})[{seconds}s:1m]{offset}) * 60");
        fired.push((window.name, asker.values(&expr).await?));
    }
    let mut rows = Vec::new();
    for slo in slos {
        let mut services: Vec<String> =
            total.keys().filter(|(id, _)| *id == slo.id).map(|(_, s)| s.clone()).collect();
        services.extend(slo.subjects.iter().map(|subject| subject.service.clone()));
        services.sort();
        services.dedup();
        for service in services {
            let key = (slo.id.clone(), service.clone());
            let of = |name: &str, all: &std::collections::BTreeMap<_, f64>| {
                (name.to_owned(), all.get(&key).copied().unwrap_or_default())
            };
            rows.push(Reviewed {
                slo: slo.id.clone(),
                objective: slo.objective_of(&service),
                owner: slo.owner.clone(),
                total: total.get(&key).copied(),
                bad: bad.get(&key).copied(),
                fired: fired.iter().map(|(name, all)| of(name, all)).collect(),
                timed: matches!(slo.indicator, Indicator::Freshness(_)),
                service,
            });
        }
    }
    let used = |row: &Reviewed| row.used().unwrap_or(f64::INFINITY);
    rows.sort_by(|a, b| used(b).total_cmp(&used(a)));
    Ok(rows)
}
