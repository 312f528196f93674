//! What `mcpmon upgrade` shows, for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Move;
use crate::commands::Project;
use crate::plan;
use crate::stack::Component;
use crate::version::split_image;

/// What `mcpmon upgrade --output json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Shape of this document.
    pub schema_version: u32,
    /// The stack.
    pub stack: String,
    /// Whether anything is to be brought to another version.
    pub pending: bool,
    /// Components that run an image of their own, in the order in which they start.
    pub components: Vec<Part>,
    /// Data volumes that another version will open.
    pub volumes: Vec<String>,
}

/// One component.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// Its name among the containers.
    pub name: String,
    /// The tag that runs; nothing where there is none.
    pub running: Option<String>,
    /// The tag that the manifest wants.
    pub wanted: String,
    /// The newest version that this mcpmon knows; nothing of an image that is another program's.
    pub newest: Option<String>,
    /// The version that this mcpmon was written for; nothing of an image that is another program's.
    pub written_for: Option<String>,
    /// Where the manifest says which version; nothing where it leaves that to mcpmon.
    pub said_at: Option<String>,
    /// Its way to the wanted version; nothing where it runs, or where a tag says no version.
    pub change: Option<Move>,
}

impl Report {
    /// Of the components of `chosen`, or of all of them where it is empty.
    pub fn new(
        project: &Project,
        running: &BTreeMap<String, String>,
        moves: &[Move],
        chosen: &[&str],
    ) -> Self {
        let stack = &project.stack;
        let parts = stack.components.values().filter(|part| part.image.is_some());
        let parts = parts.filter(|part| chosen.is_empty() || chosen.contains(&part.name.as_str()));
        let components: Vec<Part> = parts
            .map(|part| {
                let ours = part.image.as_deref().is_some_and(|image| part.spec.is_of(image));
                Part {
                    name: part.name.clone(),
                    running: running.get(&part.name).map(|image| tag(image)),
                    wanted: part.image.as_deref().map(tag).unwrap_or_default(),
                    newest: part.spec.versions.newest().filter(|_| ours).map(ToString::to_string),
                    written_for: part.spec.version.clone().filter(|_| ours),
                    said_at: said_at(project, part),
                    change: moves.iter().find(|step| step.name == part.name).cloned(),
                }
            })
            .collect();
        let opened = components.iter().filter(|part| part.change.is_some());
        let volumes = opened.filter_map(|part| stack.components.get(&part.name)).flat_map(|part| {
            let volumes = part.spec.volumes.keys();
            volumes.map(|volume| plan::data_volume(&stack.name, &part.name, volume))
        });
        Self {
            schema_version: 1,
            stack: stack.name.clone(),
            pending: components.iter().any(|part| part.change.is_some()),
            volumes: volumes.collect(),
            components,
        }
    }
}

/// The tag of an image, or all of it where it has none.
fn tag(image: &str) -> String {
    split_image(image).1.unwrap_or(image).to_owned()
}

fn said_at(project: &Project, part: &Component) -> Option<String> {
    let document = &project.document;
    let version = document.root.get("components")?.get(&part.key)?.get("version")?;
    Some(document.sources.place(version.span))
}
