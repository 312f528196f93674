//! A server asked again and again, until the user has seen enough.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use jiff::{Timestamp, Zoned};

use super::{Subject, Wanted, document, text};
use crate::exit::Exit;
use crate::mcp::{self, Eras, Reason, Report};
use crate::output::{Mark, Printer};

/// A probe that is under way may still end by itself for this long after Ctrl-C, so that it ends the
/// session that it began.
const GRACE: Duration = Duration::from_secs(1);

/// Asks until Ctrl-C, a line for each probe, and adds up at the end.
///
/// # Errors
/// When Ctrl-C cannot be listened for, or a report cannot be written as JSON.
pub async fn watch(
    subject: &Subject,
    wanted: Wanted,
    interval: Duration,
    printer: &Printer,
) -> anyhow::Result<Exit> {
    let stop = crate::stop::requested()?;
    tokio::pin!(stop);
    let eras = Eras::default();
    let mut sum = Sum::default();
    printer.line(format!("{}: Ctrl-C ends it", text::cut(&subject.shown, text::WIDTH - 16)));
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before: Option<Report> = None;
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = ticks.tick() => {}
        }
        let probe = mcp::probe(&subject.target, &subject.ask, &eras);
        tokio::pin!(probe);
        let (report, last) = tokio::select! {
            () = &mut stop => (tokio::time::timeout(GRACE, probe).await.ok(), true),
            report = &mut probe => (Some(report), false),
        };
        if let Some(report) = report {
            sum.add(&report);
            tell(subject, wanted, printer, &report, before.as_ref())?;
            // What a failed probe did not list has not changed.
            if report.tools.is_some() {
                before = Some(report);
            }
        }
        if last {
            break;
        }
    }
    let (mark, line) = sum.line();
    printer.mark(mark, line);
    Ok(if sum.failed.is_empty() { Exit::Done } else { Exit::Failed })
}

fn tell(
    subject: &Subject,
    wanted: Wanted,
    printer: &Printer,
    report: &Report,
    before: Option<&Report>,
) -> anyhow::Result<()> {
    if wanted.json {
        printer.data(&document::line(subject, report, Timestamp::now())?);
        return Ok(());
    }
    let now = Zoned::now().strftime("%H:%M:%S").to_string();
    let (mark, line) = text::summary(report, &now);
    printer.mark(mark, line);
    if let Some(change) = before.and_then(|before| change(before, report)) {
        printer.mark(Mark::Note, text::cut(&format!("{now}  {change}"), text::WIDTH - 2));
    }
    Ok(())
}

/// What changed about the tools, where something did.
fn change(before: &Report, after: &Report) -> Option<String> {
    let (old, new) = (before.tools.as_ref()?, after.tools.as_ref()?);
    if before.tools_fingerprint == after.tools_fingerprint {
        return None;
    }
    let old: BTreeSet<&str> = old.iter().map(|tool| tool.name.as_str()).collect();
    let new: BTreeSet<&str> = new.iter().map(|tool| tool.name.as_str()).collect();
    let gone = old.difference(&new).map(|name| format!("{name} is gone"));
    let come = new.difference(&old).map(|name| format!("{name} is new"));
    let names: Vec<String> = gone.chain(come).collect();
    Some(if names.is_empty() {
        "the tools changed: a description or schema is another one".to_owned()
    } else {
        format!("the tools changed: {}", names.join(", "))
    })
}

/// All probes together.
#[derive(Default)]
struct Sum {
    times: Vec<Duration>,
    failed: BTreeMap<Reason, usize>,
}

impl Sum {
    fn add(&mut self, report: &Report) {
        match &report.failure {
            None => self.times.push(report.duration),
            Some(failure) => *self.failed.entry(failure.reason).or_default() += 1,
        }
    }

    fn line(&mut self) -> (Mark, String) {
        self.times.sort_unstable();
        let failed: usize = self.failed.values().sum();
        let all = self.times.len() + failed;
        let mut line = format!("{all} probe{}", if all == 1 { "" } else { "s" });
        if failed == 0 {
            line.push_str(", none failed");
        } else {
            let _ = write!(line, ", {failed} failed ({})", text::reasons(&self.failed));
        }
        let places = [0, self.times.len() / 2, self.times.len().saturating_sub(1)];
        if let [Some(first), Some(median), Some(last)] = places.map(|at| self.times.get(at)) {
            let [first, median, last] = [first, median, last].map(|time| text::time(*time));
            let _ = write!(line, "; fastest {first}, median {median}, slowest {last}");
        }
        (if failed == 0 { Mark::Good } else { Mark::Bad }, line)
    }
}
