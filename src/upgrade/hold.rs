//! A manifest in which some components stay at the version that they run.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::manifest::Document;
use crate::preview::cause::put;
use crate::stack::Stack;
use crate::version::split_image;
use crate::yaml::{Node, Value};

/// The manifest with `version:` of each of these components as it runs, where nothing but the tag
/// would be another one.
///
/// # Errors
/// What is wrong with such a manifest.
pub fn hold(
    document: &Document,
    stack: &Stack,
    running: &BTreeMap<String, String>,
    held: &[&str],
) -> Result<Document, Vec<Diagnostic>> {
    let mut root = document.root.clone();
    for name in held {
        let Some(part) = stack.components.get(*name) else { continue };
        let images = running.get(*name).zip(part.image.as_ref());
        let Some(((is, tag), (wanted, other))) =
            images.map(|(is, wanted)| (split_image(is), split_image(wanted)))
        else {
            continue;
        };
        if let Some(tag) = tag.filter(|_| is == wanted && tag != other) {
            let path = ["components".to_owned(), part.key.clone(), "version".to_owned()];
            let place = document.locate(&["components".into(), (&part.key).into()]);
            let version =
                Node { span: place.unwrap_or_default(), value: Value::String(tag.to_owned()) };
            put(&mut root, &path, Some(&version));
        }
    }
    document.with_root(root)
}
