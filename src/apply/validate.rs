//! Candidates, checked by the very image that will read them.

use std::time::Duration;

use futures_util::future::join_all;

use super::{blame, files};
use crate::commands::{Context, Project};
use crate::engine::{
    ContainerSpec, Engine, EngineError, Mount, MountSource, NetworkMode, Output, labels,
};
use crate::exit::{Exit, Stop};
use crate::output::Mark;
use crate::plan::{self, FileChange, Unit};
use crate::stack::Secrets;

/// Longest time of one validator; the slowest, `loki -verify-config`, takes 0.3 s.
const TIMEOUT: Duration = Duration::from_mins(1);

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
            let output = match place {
                Where::Running => {
                    let words: Vec<&str> = command.iter().map(String::as_str).collect();
                    engine.exec(&unit.spec.name, &words, None, TIMEOUT).await?
                }
                Where::OneShot => {
                    engine.run_once(&one_shot(stack, unit, index, command), TIMEOUT).await?
                }
            };
            Ok((!output.success())
                .then(|| Finding { component: unit.name.clone(), text: said(&output) }))
        }
    });
    let found: Result<Vec<Option<Finding>>, EngineError> =
        join_all(runs).await.into_iter().collect();
    Ok(found?.into_iter().flatten().collect())
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
    text.trim().to_owned()
}

/// `mcpmon validate --in-images`: every component's files in a volume of their own.
pub async fn validate_all(
    context: &Context,
    engine: &Engine,
    project: &Project,
    secrets: Option<&Secrets>,
) -> anyhow::Result<()> {
    let none = Secrets::default();
    // A stack of another name, so that a running one is not touched.
    let mut stack = project.stack.clone();
    stack.name = format!("{}-validate", project.stack.name);
    let own = super::self_image_reference(&stack)?;
    let units = plan::wanted(&stack, &project.bundle, secrets.unwrap_or(&none), &own);
    let units: Vec<Unit> = units.into_iter().filter(|unit| !unit.validators.is_empty()).collect();
    let observed = plan::observe(engine.reader(), &stack.name, &units, None).await?;
    super::preflight::images(context, engine, project, &units, &observed, super::Pull::Missing)
        .await?;
    let lock = super::acquire(context, engine, &stack, &units).await?;
    let checked = async {
        let mut found = Vec::new();
        for unit in &units {
            let uploads = files::wanted(unit);
            files::replace(engine, &lock, unit, "candidate", &uploads).await?;
            let all: Vec<FileChange> = uploads.keys().cloned().map(FileChange::Added).collect();
            let step = context.printer.step(format!("checking {}", unit.name));
            let findings =
                validate(engine, &stack.name, unit, &all, "candidate", Where::OneShot).await?;
            drop(step);
            if findings.is_empty() {
                context.printer.mark(
                    Mark::Good,
                    format!("{} accepts its configuration ({})", unit.name, unit.spec.image),
                );
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
