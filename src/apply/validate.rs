//! Candidates, checked by the very image that will read them.

use std::num::NonZero;
use std::time::Duration;

use futures_util::future::join_all;

use super::{blame, files};
use crate::catalog::Validator;
use crate::commands::{Context, Project};
use crate::engine::{
    ContainerSpec, Engine, EngineError, Mount, MountSource, NetworkMode, Output, labels,
};
use crate::exit::{Exit, Stop};
use crate::output::Mark;
use crate::plan::{self, FileChange, Unit};
use crate::stack::{Secrets, Stack};

/// Longest time of one validator; the slowest, `loki -verify-config`, takes 0.3 s.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Longest time that unit tests of rules may take together.
const TESTS: Duration = Duration::from_mins(15);

/// What a validator found.
#[derive(Debug)]
pub struct Finding {
    /// The component.
    pub component: String,
    /// What the program said.
    pub text: String,
}

/// How a validator is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// In the running container.
    Running,
    /// In a container of its own, from the image that is wanted.
    OneShot,
}

/// Runs a unit's validators over `folder` (`candidate` or `live`) as far as they concern what changed.
pub async fn validate(
    engine: &Engine,
    stack: &str,
    unit: &Unit,
    changes: &[FileChange],
    folder: &str,
    place: Where,
) -> Result<Vec<Finding>, EngineError> {
    let dir = format!("/etc/mcpmon/{folder}");
    let concerned = unit.validators.iter().enumerate().filter(|(_, validator)| {
        changes.iter().any(|change| {
            validator.checks.iter().any(|prefix| change.path().starts_with(prefix.as_str()))
        })
    });
    let runs = concerned.map(|(index, validator)| {
        let dir = &dir;
        async move {
            let command: Vec<String> =
                validator.command.iter().map(|word| word.replace("{{ dir }}", dir)).collect();
            let ended = match place {
                Where::Running => {
                    let words: Vec<&str> = command.iter().map(String::as_str).collect();
                    match engine.exec(&unit.spec.name, &words, None, TIMEOUT).await {
                        // It ended meanwhile.
                        Err(error) if error.is_conflict() => {
                            let alone = one_shot(stack, unit, index, command.clone());
                            engine.run_once(&alone, TIMEOUT).await
                        }
                        ended => ended,
                    }
                }
                Where::OneShot => {
                    let alone = one_shot(stack, unit, index, command.clone());
                    engine.run_once(&alone, patience(unit)).await
                }
            };
            let text = match ended {
                Ok(output) if output.success() => return Ok(None),
                Ok(output) => said(&output),
                // One that never ends has accepted nothing.
                Err(EngineError::Timeout { after, .. }) => {
                    let command = command.join(" ");
                    format!("its check did not end within {} s: `{command}`", after.as_secs())
                }
                Err(error) => return Err(error),
            };
            Ok(Some(Finding { component: unit.name.clone(), text }))
        }
    });
    let found: Result<Vec<Option<Finding>>, EngineError> =
        join_all(runs).await.into_iter().collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Unit tests run through days of samples.
fn patience(unit: &Unit) -> Duration {
    let tests = |validator: &Validator| validator.command.iter().any(|word| word == "test");
    if unit.validators.iter().any(tests) { TESTS } else { TIMEOUT }
}

/// A container that sees the configuration volume and nothing else.
fn one_shot(stack: &str, unit: &Unit, index: usize, mut command: Vec<String>) -> ContainerSpec {
    let mut spec =
        ContainerSpec::new(format!("{}-check-{index}", unit.spec.name), &unit.spec.image);
    let program = command.remove(0);
    spec.entrypoint = Some(vec![program]);
    spec.command = command;
    spec.user.clone_from(&unit.spec.user);
    spec.labels.insert(labels::STACK.to_owned(), stack.to_owned());
    spec.network = NetworkMode::None;
    spec.mounts = unit
        .spec
        .mounts
        .iter()
        .filter(|mount| matches!(&mount.source, MountSource::Volume { name, .. } if *name == plan::config_volume(stack, &unit.name)))
        .cloned()
        .collect();
    spec.mounts.push(Mount {
        source: MountSource::Tmpfs { size_bytes: Some(16 << 20), mode: 0o1777 },
        target: "/tmp".to_owned(),
        read_only: false,
    });
    spec.memory_bytes = unit.spec.memory_bytes;
    spec.healthcheck_disabled = true;
    spec
}

/// What the program printed, without paths that only mean something inside the container.
fn said(output: &Output) -> String {
    let text = format!("{}\n{}", output.stdout.trim(), output.stderr.trim());
    let text = text.replace("/etc/mcpmon/candidate/", "").replace("/etc/mcpmon/live/", "");
    match (text.trim(), output.exit_code) {
        ("", 137) => {
            "its check was killed, most likely for want of memory (`resources.memory`)".to_owned()
        }
        ("", code) => format!("its check ended with exit code {code} and said nothing"),
        (text, _) => text.to_owned(),
    }
}

/// `mcpmon validate --in-images`: every component's files in a volume of their own.
pub async fn validate_all(
    context: &Context,
    engine: &Engine,
    project: &Project,
    secrets: Option<&Secrets>,
) -> anyhow::Result<()> {
    let stack = aside(project);
    let none = Secrets::default();
    let own = super::self_image_reference(&stack)?;
    let units = plan::wanted(&stack, &project.bundle, secrets.unwrap_or(&none), &own);
    let units = units.into_iter().filter(|unit| !unit.validators.is_empty()).collect();
    check_all(context, engine, project, &stack, units, &VALIDATING).await
}

/// `mcpmon slo test`: rule tests by the promtool of the image that will evaluate the rules.
pub async fn test_rules(
    context: &Context,
    engine: &Engine,
    project: &Project,
    tests: &[String],
) -> anyhow::Result<()> {
    let stack = aside(project);
    let units = plan::wanted(&stack, &project.bundle, &Secrets::default(), "");
    let units = units.into_iter().filter(|unit| unit.name == "prometheus");
    // promtool runs one file after the other.
    let shares = std::thread::available_parallelism().map_or(1, NonZero::get).min(tests.len());
    let share = |number: usize| {
        let words = ["promtool", "test", "rules"].map(str::to_owned).into_iter();
        let paths = tests.iter().skip(number).step_by(shares);
        let paths = paths.map(|path| format!("{{{{ dir }}}}/{path}"));
        Validator { command: words.chain(paths).collect(), checks: vec![String::new()] }
    };
    let validators: Vec<Validator> = (0..shares).map(share).collect();
    let units = units.map(|unit| Unit { validators: validators.clone(), ..unit }).collect();
    check_all(context, engine, project, &stack, units, &TESTING).await
}

/// A stack of another name, so that a running one is not touched.
fn aside(project: &Project) -> Stack {
    let mut stack = project.stack.clone();
    stack.name = format!("{}-validate", project.stack.name);
    stack
}

/// What is done in images, in words.
struct Work {
    command: &'static str,
    doing: &'static str,
    done: &'static str,
}

const VALIDATING: Work =
    Work { command: "mcpmon validate", doing: "checking", done: "accepts its configuration" };
const TESTING: Work = Work {
    command: "mcpmon slo test",
    doing: "testing the rules of",
    done: "evaluates the rules as promised",
};

async fn check_all(
    context: &Context,
    engine: &Engine,
    project: &Project,
    stack: &Stack,
    units: Vec<Unit>,
    work: &Work,
) -> anyhow::Result<()> {
    let observed = plan::observe(engine.reader(), &stack.name, &units, None).await?;
    super::preflight::images(context, engine, project, &units, &observed, super::Pull::Missing)
        .await?;
    let how = (work.command, None);
    let lock = super::locked::acquire(context, engine, &stack.name, &units, how).await?;
    let checked = async {
        let mut found = Vec::new();
        for unit in &units {
            files::stage(engine, &lock, &[], &[unit]).await?;
            let all: Vec<FileChange> = unit.files.keys().cloned().map(FileChange::Added).collect();
            let step = context.printer.step(format!("{} {}", work.doing, unit.name));
            let findings =
                validate(engine, &stack.name, unit, &all, "candidate", Where::OneShot).await?;
            drop(step);
            if findings.is_empty() {
                let said = format!("{} {} ({})", unit.name, work.done, unit.spec.image);
                context.printer.mark(Mark::Good, said);
            }
            found.extend(findings);
        }
        Ok::<_, EngineError>(found)
    }
    .await;
    context.hold(None);
    lock.release(engine).await?;
    super::teardown::volumes(engine, &stack.name).await?;
    rejected(project, &checked?, Exit::Usage, "nothing was touched").map_or(Ok(()), Err)
}

/// The error that says what was found and where it comes from.
pub fn rejected(
    project: &Project,
    found: &[Finding],
    exit: Exit,
    consequence: &str,
) -> Option<anyhow::Error> {
    if found.is_empty() {
        return None;
    }
    let texts: Vec<String> = found.iter().map(|finding| blame::explain(project, finding)).collect();
    Some(Stop::new(exit, format!("{}\nrejected; {consequence}", texts.join("\n"))).into())
}
