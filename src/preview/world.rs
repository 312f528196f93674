//! What a saved plan was made for: it is applied to nothing else.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Report;
use crate::engine::{Status, labels};
use crate::exit::{Exit, Stop};
use crate::hex::hex;
use crate::plan::{Action, Observed, Plan, Unit};

/// Shape of a saved plan.
const SCHEMA_VERSION: u32 = 1;

/// Fingerprints of what was wanted and what there was. No secret has a part in them: a plan says
/// which secrets change, and a fingerprint could be tried against guesses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// What the manifest renders to.
    pub wanted: String,
    /// The stack's containers and network.
    pub containers: String,
    /// The files in their volumes.
    pub files: String,
    /// The images that there are.
    pub images: String,
    /// What is to be done.
    pub steps: String,
}

/// A plan in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Saved {
    /// Shape of this document.
    pub schema_version: u32,
    /// The stack.
    pub stack: String,
    /// The mcpmon that made it.
    pub mcpmon: String,
    /// When, RFC 3339.
    pub made: String,
    /// What it was made for.
    pub world: World,
    /// What it says.
    pub plan: serde_json::Value,
}

/// A hash over parts that cannot run into one another.
#[derive(Default)]
struct Print(Sha256);

impl Print {
    fn add(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }
    fn end(self) -> String {
        hex(&self.0.finalize())
    }
}

impl World {
    /// The world as it was seen.
    pub fn of(bundle: &str, observed: &Observed, units: &[Unit], planned: &Plan) -> Self {
        let mut wanted = Print::default();
        wanted.add(bundle);
        for unit in units {
            wanted.add(&unit.spec.name);
            wanted.add(unit.spec.labels.get(labels::SPEC_HASH).map_or("", String::as_str));
            unit.files.keys().for_each(|path| wanted.add(path));
        }
        let mut containers = Print::default();
        for container in observed.containers.values() {
            containers.add(&container.name);
            containers.add(&container.id);
            containers.add(if container.state.status == Status::Running { "runs" } else { "" });
        }
        containers.add(observed.network.as_ref().map_or("", |network| &network.id));
        let mut files = Print::default();
        for (component, tree) in &observed.live {
            files.add(component);
            for (path, file) in tree {
                files.add(path);
                // What only its owner may read is a secret.
                let is_secret = file.mode & 0o044 == 0;
                files.add(if is_secret { b"secret" } else { file.content.as_slice() });
            }
        }
        let mut images = Print::default();
        for (reference, image) in &observed.images {
            images.add(reference);
            images.add(&image.id);
        }
        let mut steps = Print::default();
        for unit in planned.units.iter().filter(|unit| unit.action != Action::None) {
            steps.add(&unit.name);
            steps.add(unit.action.as_str());
            unit.files.iter().for_each(|change| steps.add(change.path()));
        }
        planned.remove.iter().for_each(|name| steps.add(name));
        Self {
            wanted: wanted.end(),
            containers: containers.end(),
            files: files.end(),
            images: images.end(),
            steps: steps.end(),
        }
    }

    /// Refuses a world that is not the one that a plan was made for.
    ///
    /// # Errors
    /// What is not as it was.
    pub fn require(&self, now: &Self) -> anyhow::Result<()> {
        let parts = [
            (self.wanted != now.wanted, "the manifest says something else"),
            (self.containers != now.containers, "containers were changed"),
            (self.files != now.files, "configuration files were changed"),
            (self.images != now.images, "a tag names another image"),
            (self.steps != now.steps, "other steps would be taken"),
        ];
        let moved: Vec<&str> =
            parts.into_iter().filter_map(|(differs, what)| differs.then_some(what)).collect();
        if moved.is_empty() {
            return Ok(());
        }
        let message = format!(
            "this plan was made for another state of the stack: {}; nothing was touched\nmake a new one: `mcpmon plan --out FILE`",
            moved.join(", ")
        );
        Err(Stop::new(Exit::Rejected, message).into())
    }
}

impl Saved {
    /// A plan to be kept.
    ///
    /// # Errors
    /// None that can be thought of: a report is plain data.
    pub fn new(report: &Report, world: World) -> anyhow::Result<Self> {
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            stack: report.stack.clone(),
            mcpmon: env!("CARGO_PKG_VERSION").to_owned(),
            made: crate::history::store::now(),
            world,
            plan: serde_json::to_value(report)?,
        })
    }

    /// Reads a plan for a stack.
    ///
    /// # Errors
    /// A file that is none, or one for another stack.
    pub fn read(path: &std::path::Path, stack: &str) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        let usage = |message: String| Stop::new(Exit::Usage, message);
        let saved: Self = serde_json::from_str(&text).map_err(|error| {
            usage(format!("{shown} is no plan: {error}; `mcpmon plan --out {shown}` makes one"))
        })?;
        if saved.schema_version != SCHEMA_VERSION {
            return Err(usage(format!(
                "{shown} was made by another mcpmon ({}); make a new one",
                saved.mcpmon
            ))
            .into());
        }
        if saved.stack != stack {
            return Err(usage(format!(
                "{shown} is a plan for the stack `{}`, not for `{stack}`",
                saved.stack
            ))
            .into());
        }
        Ok(saved)
    }
}
