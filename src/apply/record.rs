//! What is being applied, written down on the engine: before anything changes and when all is done.

use std::collections::BTreeMap;

use super::Options;
use crate::commands::Project;
use crate::engine::{Engine, Holder, Lock};
use crate::history::generation::SCHEMA_VERSION;
use crate::history::{
    Author, Done, Generation, History, ImageUsed, Keep, Outcome, Snapshot, store,
};
use crate::plan::{Action, Observed, Plan, Unit};
use crate::redact;

/// A generation that is being made.
pub struct Record<'a> {
    engine: &'a Engine,
    lock: &'a Lock,
    history: History,
    keep: Keep,
    snapshot: Snapshot,
    generation: Generation,
    /// Where in the volume it stands, once it is prepared.
    place: u32,
}

impl<'a> Record<'a> {
    /// Nothing is written yet.
    pub fn new(
        engine: &'a Engine,
        lock: &'a Lock,
        history: History,
        project: &Project,
        units: &[Unit],
        (observed, planned): (&Observed, &Plan),
        options: &Options,
    ) -> anyhow::Result<Self> {
        let number = history.next_number();
        let me = Holder::current(options.command);
        let generation = Generation {
            schema_version: SCHEMA_VERSION,
            number,
            outcome: Outcome::Applying,
            detail: None,
            began: me.started,
            ended: None,
            command: options.command.to_owned(),
            by: Author { user: me.user, host: me.host },
            message: options.message.clone(),
            restores: options.restores.map(|restored| restored.number),
            mcpmon: env!("CARGO_PKG_VERSION").to_owned(),
            bundle: project.bundle.hash(),
            images: images(observed, units),
            actions: actions(planned),
        };
        let wanted = &project.document.manifest.generations;
        let keep = Keep { count: usize::from(wanted.keep), age: wanted.max_age.std() };
        let snapshot = Snapshot::of(number, project, units)?;
        Ok(Self { engine, lock, history, keep, snapshot, generation, place: 0 })
    }

    /// What it is made of, to be written to a place that no kept generation has.
    pub fn prepare(&mut self) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let (place, snapshot) = self.history.prepare(&self.snapshot, self.keep)?;
        self.place = place;
        Ok(vec![snapshot])
    }

    /// What is to be written right before the first change: from then on a crash is seen by the next run.
    pub fn begin(&mut self) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        self.history.note(self.place, &self.generation)
    }

    /// Says what became of it.
    pub async fn end(&mut self, outcome: Outcome, why: Option<&str>) -> anyhow::Result<()> {
        self.generation.outcome = outcome;
        self.generation.ended = Some(store::now());
        self.generation.detail = why.map(shortened);
        self.history.write(self.engine, self.lock, self.place, &self.generation).await
    }
}

/// The first lines of an error: what a program said may be long.
fn shortened(why: &str) -> String {
    let lines = why.lines().take(3).map(|line| redact::line(line, 0..0, false).0);
    lines.collect::<Vec<_>>().join("\n")
}

fn images(observed: &Observed, units: &[Unit]) -> BTreeMap<String, ImageUsed> {
    let used = units.iter().map(|unit| {
        let reference = &unit.spec.image;
        let image = observed.images.get(reference);
        let used = ImageUsed {
            reference: reference.clone(),
            id: image.map(|image| image.id.clone()).unwrap_or_default(),
            digests: image.map(|image| image.repo_digests.clone()).unwrap_or_default(),
        };
        (unit.name.clone(), used)
    });
    used.collect()
}

fn actions(planned: &Plan) -> BTreeMap<String, Done> {
    let done = |action: &str, reason: &str| Done {
        action: action.to_owned(),
        reason: redact::line(reason, 0..0, false).0,
    };
    let units = planned.units.iter().filter(|unit| unit.action != Action::None);
    let units = units.map(|unit| (unit.name.clone(), done(unit.action.as_str(), &unit.reason)));
    let removed = planned
        .remove
        .iter()
        .map(|name| (name.clone(), done("remove", "the manifest does not name it")));
    units.chain(removed).collect()
}
