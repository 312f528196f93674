//! Files → one merged document → [`Manifest`].

use std::path::{Path, PathBuf};

use super::{Manifest, typed};
use crate::assets;
use crate::diagnostic::{Diagnostic, Sources, suggest};
use crate::yaml::{self, Node, Segment, Span};

/// A manifest with the texts that it came from.
#[derive(Clone, Debug)]
pub struct Document {
    /// Typed.
    pub manifest: Manifest,
    /// Merged, with the place of every value.
    pub root: Node,
    /// The texts.
    pub sources: Sources,
    /// The folder that relative paths start at: the first file's.
    pub dir: PathBuf,
}

impl Document {
    /// The manifest with everything that it extends merged in, as one text.
    pub fn merged(&self) -> String {
        let mut root = self.root.clone();
        if let Some(map) = root.as_map_mut() {
            // What it extends is merged in already.
            map.shift_remove("extends");
        }
        yaml::emit_node(&root)
    }
    /// The same with other values, read anew.
    ///
    /// # Errors
    /// Values that do not fit the manifest's types.
    pub fn with_root(&self, mut root: Node) -> Result<Self, Vec<Diagnostic>> {
        drop_nulls(&mut root, &mut Vec::new());
        let manifest = read(&root)?;
        Ok(Self { manifest, root, sources: self.sources.clone(), dir: self.dir.clone() })
    }
    /// The place of the value at `path`, or of the nearest one above it.
    pub fn locate(&self, path: &[Segment]) -> Option<Span> {
        self.root.locate(path)
    }
    /// The place of the key that `path` ends with.
    pub fn locate_key(&self, path: &[Segment]) -> Option<Span> {
        self.root.locate_key(path)
    }
}

/// Why a manifest could not be loaded, with the texts that the places point into.
#[derive(Debug)]
pub struct LoadError {
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts.
    pub sources: Sources,
}

/// Loads one or more files; each later one is laid over those before it.
///
/// # Errors
/// A file that cannot be read, is no YAML or does not fit the manifest's types.
pub fn load(files: &[PathBuf]) -> Result<Document, Box<LoadError>> {
    let mut loader = Loader::default();
    let dir = files.first().and_then(|f| f.parent()).map(Path::to_path_buf).unwrap_or_default();
    let root = loader.files(files);
    loader.finish(root, dir)
}

/// Loads a manifest from a text that is no file, as `init` and tests do.
///
/// # Errors
/// As [`load`].
pub fn load_text(name: &str, text: &str, dir: &Path) -> Result<Document, Box<LoadError>> {
    let mut loader = Loader::default();
    let root = loader.text(name, text, dir);
    loader.finish(root, dir.to_path_buf())
}

#[derive(Default)]
struct Loader {
    sources: Sources,
    /// Files and profiles that are being extended, to notice a circle.
    open: Vec<String>,
}

type Step<T> = Result<T, Box<Diagnostic>>;

impl Loader {
    fn files(&mut self, files: &[PathBuf]) -> Step<Node> {
        let mut merged = Node::empty_map();
        for file in files {
            let node = self.file(file, None)?;
            yaml::merge(&mut merged, node);
        }
        Ok(merged)
    }

    fn file(&mut self, file: &Path, extended_at: Option<Span>) -> Step<Node> {
        let file = &straightened(file);
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| {
            let message = format!("cannot read {name}: {}", io_reason(&error));
            let found = match extended_at {
                Some(span) => Diagnostic::error(span, message)
                    .help("a path starts at the folder of the file that names it"),
                None => Diagnostic::general(message).help(
                    "`mcpmon init` writes a manifest to start from; `-f FILE` names another one",
                ),
            };
            Box::new(found)
        })?;
        self.text(&name, &text, file.parent().unwrap_or(Path::new("")))
    }

    /// One text and what it extends below it.
    fn text(&mut self, name: &str, text: &str, dir: &Path) -> Step<Node> {
        let source = self.sources.add(name, text);
        let mut node = yaml::parse(source, text).map_err(|p| Box::new(p.into()))?;
        let Some(map) = node.as_map_mut() else {
            let found = Diagnostic::error(node.span, "a manifest is a map")
                .help("start with `name: my-stack`; `mcpmon init` writes one to start from");
            return Err(Box::new(found));
        };
        let extends = map.get("extends").filter(|e| !matches!(e.node.value, yaml::Value::Null));
        let Some(entry) = extends else { return Ok(node) };
        let span = entry.node.span;
        let Some(base) = entry.node.as_str().map(str::to_owned) else {
            let found = Diagnostic::error(span, "`extends` names a profile or a file")
                .help(format!("profiles: {}", assets::profiles().join(", ")));
            return Err(Box::new(found));
        };
        self.open.push(name.to_owned());
        let mut merged = self.base(&base, dir, span)?;
        self.open.pop();
        yaml::merge(&mut merged, node);
        Ok(merged)
    }

    fn base(&mut self, base: &str, dir: &Path, span: Span) -> Step<Node> {
        let is_path = base.contains('/') || [".yaml", ".yml"].iter().any(|end| base.ends_with(end));
        let name = if is_path {
            straightened(&dir.join(base)).display().to_string()
        } else {
            profile_source(base)
        };
        if self.open.contains(&name) || self.open.len() > DEEPEST {
            let found = Diagnostic::error(
                span,
                format!("`extends` goes in a circle: {} → {name}", self.open.join(" → ")),
            )
            .help("remove one of them");
            return Err(Box::new(found));
        }
        if is_path {
            return self.file(&dir.join(base), Some(span));
        }
        let Some(text) = assets::profile(base) else {
            let profiles = assets::profiles();
            let found = Diagnostic::error(span, format!("there is no profile `{base}`"))
                .help(suggest(base, profiles));
            return Err(Box::new(found));
        };
        self.text(&name, text, dir)
    }

    fn finish(self, root: Step<Node>, dir: PathBuf) -> Result<Document, Box<LoadError>> {
        let mut root = match root {
            Ok(root) => root,
            Err(found) => {
                return Err(Box::new(LoadError {
                    diagnostics: vec![*found],
                    sources: self.sources,
                }));
            }
        };
        drop_nulls(&mut root, &mut Vec::new());
        match read(&root) {
            Ok(manifest) => Ok(Document { manifest, root, sources: self.sources, dir }),
            Err(diagnostics) => Err(Box::new(LoadError { diagnostics, sources: self.sources })),
        }
    }
}

/// Components are read against their `component.yaml`, not against a Rust type.
fn read(root: &Node) -> Result<Manifest, Vec<Diagnostic>> {
    let mut rest = root.clone();
    let components = rest.as_map_mut().and_then(|map| map.shift_remove("components"));
    let mut by_name = indexmap::IndexMap::new();
    let mut found = typed::control_characters(root);
    if let Some(entry) = components {
        match entry.node.value {
            yaml::Value::Map(map) => {
                by_name = map.into_iter().map(|(name, entry)| (name, entry.node)).collect();
            }
            yaml::Value::Null => {}
            _ => found.push(
                Diagnostic::error(
                    entry.node.span,
                    "`components` is a map, with a key per component",
                )
                .help("write it like `components: {grafana: {port: 3000}}`"),
            ),
        }
    }
    match typed::read(&rest) {
        Ok(mut manifest) if found.is_empty() => {
            manifest.components = by_name;
            Ok(manifest)
        }
        Ok(_) => Err(found),
        Err(more) => {
            found.extend(more);
            Err(found)
        }
    }
}

/// Removes what is written as `null`, which says that a value is not wanted. Names of services,
/// probes and receivers stay: one without anything under it is a mistake, whether it was forgotten or misspelt.
/// A component's `config` stays as well: it is laid over a file later.
fn drop_nulls(node: &mut Node, path: &mut Vec<String>) {
    let Some(map) = node.as_map_mut() else { return };
    let named = matches!(
        path.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
        ["services" | "probes"] | ["notifications", "receivers" | "mute_times"]
    );
    map.retain(|_, entry| named || !matches!(entry.node.value, yaml::Value::Null));
    for (key, entry) in map {
        path.push(key.clone());
        if !matches!(path.as_slice(), [first, _, last] if first == "components" && last == "config")
        {
            drop_nulls(&mut entry.node, path);
        }
        path.pop();
    }
}

/// Manifests that may extend one another; more are a circle through links.
const DEEPEST: usize = 20;

/// The path without `.` and `..`, so that two ways to write it are the same.
fn straightened(path: &Path) -> PathBuf {
    use std::path::Component::{CurDir, Normal, ParentDir};
    let mut straight = PathBuf::new();
    for part in path.components() {
        match part {
            CurDir => {}
            ParentDir if matches!(straight.components().next_back(), Some(Normal(_))) => {
                straight.pop();
            }
            other => straight.push(other),
        }
    }
    straight
}

fn profile_source(name: &str) -> String {
    format!("profile {name}")
}

/// The reason without the operating system's error number.
pub fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}
