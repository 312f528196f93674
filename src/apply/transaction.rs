//! One change as a whole: it takes effect everywhere and is proven, or what ran before runs again.

use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join};

use super::Options;
use super::change::{self, Undo};
use super::files;
use super::record::Record;
use super::setup;
use super::validate::{self, Finding, Where};
use crate::check::{self, Begun};
use crate::commands::{Context, Project};
use crate::engine::{Engine, Lock, Status};
use crate::exit::{Exit, Stop};
use crate::history::Outcome;
use crate::output::Mark;
use crate::plan::{self, Action, Observed, Plan, Unit, UnitPlan};
use crate::stack::{Secrets, Stack};

/// Longest time that a program may take to show what it loaded: file-based targets are re-read
/// within 30 s where the file system tells nobody about changes.
const PROOF: Duration = Duration::from_secs(45);

/// Everything that a change needs.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    pub context: &'a Context,
    pub engine: &'a Engine,
    pub lock: &'a Lock,
    pub project: &'a Project,
    pub units: &'a [Unit],
    pub secrets: &'a Secrets,
    pub observed: &'a Observed,
    pub plan: &'a Plan,
}

impl<'a> Work<'a> {
    /// Makes the change, and writes down that it is being made.
    pub async fn run(&self, options: &Options, record: &mut Record<'_>) -> anyhow::Result<()> {
        // Written with the candidates, so that want of room is found before anything is touched.
        let mut notes = record.prepare()?;
        let ran = options.restores.is_some_and(|restored| restored.proven);
        let staged = if ran { Vec::new() } else { self.gate(&notes).await? };
        if !staged.is_empty() {
            notes.clear();
        }
        notes.extend(record.begin()?);
        let mut undo = Vec::new();
        let brought = change::bring_files(self, &notes, &staged, &mut undo).await;
        let made = match brought {
            Ok(()) => self.make(&mut undo, options.timeout).await,
            Err(error) if self.is_untouched().await => {
                self.clear(&staged).await;
                return Err(untouched(&error));
            }
            Err(error) => Err(error),
        };
        let Err(error) = made else {
            // The change is proven: nothing leads back any more.
            if let Err(error) = change::settle(self, &undo).await {
                let text = format!("what was replaced stays behind until the next `up`: {error:#}");
                self.context.printer.mark(Mark::Note, text);
            }
            return Ok(());
        };
        let why = format!("{error:#}");
        let (outcome, error) = self.undo(error, undo, options).await;
        self.clear(&staged).await;
        // The change's own error says more than that it could not be written down.
        if let Err(unwritten) = record.end(outcome, Some(&why)).await {
            let text = format!("this could not be written down: {unwritten:#}");
            self.context.printer.mark(Mark::Note, text);
        }
        Err(error)
    }

    /// What changes, with its unit.
    pub fn changing(&self) -> impl Iterator<Item = (&'a UnitPlan, &'a Unit)> + use<'a> {
        let units = self.units;
        let plans = self.plan.units.iter().filter(|planned| planned.action != Action::None);
        plans.filter_map(|planned| Some((planned, units.get(planned.index)?)))
    }

    /// Puts changed files beside those in use and has the programs check them. Where there are none, `notes` are not written.
    async fn gate(&self, notes: &[(String, Vec<u8>)]) -> anyhow::Result<Vec<&'a Unit>> {
        let candidates: Vec<(&UnitPlan, &Unit)> = self
            .changing()
            .filter(|(planned, unit)| {
                planned.action != Action::Create
                    && unit.validators.iter().any(|validator| {
                        planned.action == Action::Recreate
                            || planned.files.iter().any(|change| {
                                validator
                                    .checks
                                    .iter()
                                    .any(|prefix| change.path().starts_with(prefix.as_str()))
                            })
                    })
            })
            .collect();
        let staged: Vec<&Unit> = candidates.iter().map(|(_, unit)| *unit).collect();
        if staged.is_empty() {
            return Ok(staged);
        }
        if let Err(error) = files::stage(self.engine, self.lock, notes, &staged).await {
            self.clear(&staged).await;
            return Err(untouched(&error.into()));
        }
        // What changes, if nothing is wrong with it.
        self.lock.expect_upload(self.engine);
        let stack = &self.project.stack.name;
        let checks = candidates.iter().map(|(planned, unit)| async move {
            // In one that keeps falling over no command comes to its end.
            let stands = self.observed.containers.get(&unit.spec.name).is_some_and(|container| {
                container.state.status == Status::Running && container.state.restart_count == 0
            });
            let place = match planned.action {
                Action::Update | Action::Reload | Action::Restart if stands => Where::Running,
                _ => Where::OneShot,
            };
            // Another image may read the same files differently, so it reads all of them.
            let all: Vec<_> = unit.files.keys().cloned().map(plan::FileChange::Changed).collect();
            let changes = if planned.action == Action::Recreate { &all } else { &planned.files };
            validate::validate(self.engine, stack, unit, changes, "candidate", place).await
        });
        let mut found: Vec<Finding> = Vec::new();
        let mut failed = None;
        for outcome in join_all(checks).await {
            match outcome {
                Ok(findings) => found.extend(findings),
                Err(error) => failed = Some(error),
            }
        }
        let rejected =
            validate::rejected(self.project, &found, Exit::Rejected, "what runs was not touched");
        if rejected.is_some() || failed.is_some() {
            self.clear(&staged).await;
        }
        match (failed, rejected) {
            (Some(error), _) => Err(untouched(&error.into())),
            (None, Some(rejected)) => Err(rejected),
            (None, None) => Ok(staged),
        }
    }

    /// Takes candidates away again.
    async fn clear(&self, staged: &[&Unit]) {
        if let Err(error) = files::clear(self.engine, self.lock, staged).await {
            let text = format!("a checked candidate stays behind: {error}");
            self.context.printer.mark(Mark::Note, text);
        }
    }

    /// Whether every program's files are what they were: the engine may have failed before the first of them.
    async fn is_untouched(&self) -> bool {
        let (reader, stack) = (self.engine.reader(), &self.project.stack.name);
        let now = plan::observe(reader, stack, self.units, Some(self.lock.container())).await;
        now.is_ok_and(|now| now.live == self.observed.live)
    }

    async fn make(&self, undo: &mut Vec<Undo<'a>>, timeout: Duration) -> anyhow::Result<()> {
        change::stop_unwanted(self, undo).await?;
        let made = change::take_effect(self, undo).await?;
        let changed: Vec<&Unit> = self.changing().map(|(_, unit)| unit).collect();
        // A reload ends nothing, and its proof says more than being ready does.
        let begun = self.changing().filter(|(planned, _)| planned.action >= Action::Restart);
        let begun: Vec<&Unit> = begun.map(|(_, unit)| unit).collect();
        let stack = &self.project.stack;
        // A setup may need secrets of another program that changed, so all of them are asked.
        let setups = self.units.iter().filter(|unit| !unit.setup.is_empty());
        let mut asked = begun;
        for unit in setups {
            if asked.iter().all(|other| other.name != unit.name) {
                asked.push(unit);
            }
        }
        let settled =
            settled(self.context, self.engine, stack, &asked, &made, self.secrets, timeout);
        // A program that does not stay says more about its files than its checker.
        let checked = async { Ok(change::check_created(self).await) };
        let ((), checked) = try_join(settled, checked).await?;
        checked?;
        // That it is proven.
        self.lock.expect_upload(self.engine);
        let proven = prove(self.engine, &self.project.stack, &changed, self.secrets).await;
        proven.map_err(|findings| Stop::new(Exit::Failed, not_proven(&findings)))?;
        Ok(())
    }

    /// Brings back what ran before, and says how that went.
    async fn undo(
        &self,
        error: anyhow::Error,
        undo: Vec<Undo<'a>>,
        options: &Options,
    ) -> (Outcome, anyhow::Error) {
        let mut there = self.observed.containers.values().filter(|c| c.component().is_some());
        if !there.any(|container| container.state.status.is_alive()) {
            // For `mcpmon logs`.
            let text = "nothing ran before, so what was started stays; when the cause is gone, `mcpmon up` goes on from there";
            self.context.printer.mark(Mark::Note, text);
            return (Outcome::Failed, error);
        }
        if options.keep_on_failure {
            let text = format!(
                "{error:#}\nkept as it is, as --keep-on-failure asks; `mcpmon rollback` brings back what ran before"
            );
            return (Outcome::Failed, Stop::new(Exit::Failed, text).into());
        }
        self.context.printer.mark(Mark::Bad, format!("{error:#}"));
        self.context.printer.line("  bringing back what ran before …");
        match change::undo(self, undo, options.timeout).await {
            Ok(()) => {
                let text = "the change was undone; what ran before runs again, proven";
                (Outcome::Undone, Stop::new(Exit::Rejected, text).into())
            }
            Err(failure) => {
                let text = format!(
                    "the change failed, and bringing back what ran before failed too: {failure:#}\n`mcpmon up` tries again; `mcpmon health-check` shows what is wrong"
                );
                (Outcome::Failed, Stop::new(Exit::Failed, text).into())
            }
        }
    }
}

/// A failure before the first step.
fn untouched(error: &anyhow::Error) -> anyhow::Error {
    Stop::new(Exit::Failed, format!("{error:#}\nwhat runs was not touched")).into()
}

/// Waits until units are ready, and brings those that are configured through their own API to what
/// they must hold. Both go on side by side: one program may wait for what another is given.
pub async fn settled(
    context: &Context,
    engine: &Engine,
    stack: &Stack,
    units: &[&Unit],
    made: &Begun,
    secrets: &Secrets,
    timeout: Duration,
) -> anyhow::Result<()> {
    let ready = ready(context, engine, units, made, timeout);
    let setup = setup::run(engine, stack, units, secrets, timeout);
    let ((), written) = futures_util::try_join!(ready, setup)?;
    for what in written {
        context.printer.line(format!("  set {what}"));
    }
    Ok(())
}

/// Waits until units are ready, and shows which is.
pub async fn ready(
    context: &Context,
    engine: &Engine,
    units: &[&Unit],
    made: &Begun,
    timeout: Duration,
) -> anyhow::Result<()> {
    let step = context.printer.step("waiting until everything is ready");
    let count = std::cell::Cell::new(0);
    let show = |name: &str, _: Duration| {
        count.set(count.get() + 1);
        step.say(format!("{} of {} ready; {name} just now", count.get(), units.len()));
    };
    let deadline = Instant::now() + timeout;
    let waited = check::wait_ready(engine.reader(), units, made, deadline, &show).await;
    drop(step);
    waited.map_err(|late| {
        let texts: Vec<String> = late.iter().map(ToString::to_string).collect();
        Stop::new(Exit::Failed, texts.join("\n")).into()
    })
}

/// What each program loaded equals what was rendered; else what differs, by component.
pub async fn prove(
    engine: &Engine,
    stack: &Stack,
    units: &[&Unit],
    secrets: &Secrets,
) -> Result<(), Vec<(String, Vec<String>)>> {
    let proofs = units.iter().filter(|unit| unit.proof.is_some()).map(|unit| async move {
        let outcome = match check::subject(engine.reader(), unit, stack, secrets).await {
            Ok(subject) => check::prove(&subject, PROOF).await,
            Err(error) => Err(vec![error.to_string()]),
        };
        outcome.map_err(|findings| (unit.name.clone(), findings))
    });
    let failed: Vec<_> = join_all(proofs).await.into_iter().filter_map(Result::err).collect();
    if failed.is_empty() { Ok(()) } else { Err(failed) }
}

/// The text that says what is not loaded.
pub fn not_proven(findings: &[(String, Vec<String>)]) -> String {
    let parts = findings.iter().map(|(component, lines)| {
        let lines: Vec<String> = lines.iter().take(10).map(|line| format!("    {line}")).collect();
        format!("{component} does not run what was rendered:\n{}", lines.join("\n"))
    });
    parts.collect::<Vec<_>>().join("\n")
}
