//! Versions that the templates can make files for, and fields that a version knows.

use super::Checks;
use crate::diagnostic::Diagnostic;
use crate::stack::Component;
use crate::version::Version;
use crate::yaml::{Node, Segment};

impl Checks<'_> {
    /// No component is older than what its folder makes files for, or than what the manifest asks of it.
    pub(super) fn versions(&self, found: &mut Vec<Diagnostic>) {
        for part in self.stack.components.values() {
            let Some(version) = part.image.as_deref().and_then(|image| part.spec.version_of(image))
            else {
                continue;
            };
            let place = self.at(["components".into(), (&part.key).into(), "version".into()]);
            let versions = &part.spec.versions;
            if let Some(oldest) = versions.oldest.as_ref().filter(|oldest| version < **oldest) {
                found.push(
                    Diagnostic::error(
                        place,
                        format!("mcpmon makes no configuration for `{}` {version}", part.kind),
                    )
                    .help(format!(
                        "write {oldest} or a later one; this mcpmon was written for {}",
                        part.spec.version.as_deref().unwrap_or("a later one")
                    )),
                );
                continue;
            }
            for (field, since) in versions.fields.iter().filter(|(_, since)| version < **since) {
                self.too_new(part, &version, (field, since), found);
            }
        }
    }

    fn too_new(
        &self,
        part: &Component,
        version: &Version,
        (field, since): (&str, &Version),
        found: &mut Vec<Diagnostic>,
    ) {
        let steps: Vec<&str> = field.split('.').collect();
        for path in written(&self.document.root, &steps) {
            let what: Vec<String> = path.iter().map(shown).collect();
            found.push(
                Diagnostic::error(
                    self.document.locate_key(&path),
                    format!(
                        "`{}` needs {} {since}, and {version} is to run",
                        what.join("."),
                        part.kind
                    ),
                )
                .help(format!(
                    "write `components: {{{}: {{version: {}}}}}`, or leave it out",
                    part.key,
                    part.spec.version.as_deref().unwrap_or_default()
                )),
            );
        }
    }
}

fn shown(step: &Segment) -> String {
    match step {
        Segment::Key(key) => key.clone(),
        Segment::Index(index) => index.to_string(),
    }
}

/// Every path of the document that a pattern fits; `*` is any key.
fn written(node: &Node, steps: &[&str]) -> Vec<Vec<Segment>> {
    let Some((step, rest)) = steps.split_first() else { return vec![Vec::new()] };
    let Some(map) = node.as_map() else { return Vec::new() };
    let mut found = Vec::new();
    for (key, entry) in map.iter().filter(|(key, _)| *step == "*" || key == step) {
        for mut path in written(&entry.node, rest) {
            path.insert(0, Segment::from(key));
            found.push(path);
        }
    }
    found
}
