//! Components that a command was asked for.

use super::Project;
use crate::diagnostic::suggest;
use crate::exit::{Exit, Stop};

/// Names of the components among the containers.
pub fn chosen(asked: &[String], project: &Project) -> anyhow::Result<Vec<String>> {
    let parts = &project.stack.components;
    let name = |asked: &String| {
        let part = parts.values().find(|part| part.name == *asked || part.key == *asked);
        part.map(|part| part.name.clone()).ok_or_else(|| {
            let known = suggest(asked, parts.keys().map(String::as_str));
            let message = format!("`{asked}` is no component of the stack: {known}");
            Stop::new(Exit::Usage, message).into()
        })
    };
    asked.iter().map(name).collect()
}
