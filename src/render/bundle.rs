//! The files of a stack, by component.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use anyhow::Context as _;
use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{config, dashboards, environment, generate, view};
use crate::catalog::{Access, Catalog, Effect, FileSpec, Generator};
use crate::hex::hex;
use crate::parallel;
use crate::stack::{Component, Stack};

/// Every file of every component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// Component → path under its configuration folder → file.
    pub components: BTreeMap<String, BTreeMap<String, File>>,
    /// Arguments and environment of each component's process.
    pub processes: BTreeMap<String, Process>,
    /// What each alert means and what to do, as one Markdown page.
    pub runbooks: String,
    /// What is promised and what happens when it is in danger, as one Markdown page; nothing without
    /// objectives.
    pub objectives: Option<String>,
}

/// One rendered file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// Its text.
    pub text: String,
    /// What makes a change of it take effect.
    pub effect: Effect,
}

/// How a component's process is started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// Arguments.
    pub command: Vec<String>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Host paths → container paths, read-only.
    pub host_mounts: Vec<(String, String)>,
    /// Capabilities that reading them takes.
    pub capabilities: BTreeSet<String>,
    /// How mcpmon logs in to it.
    pub access: Option<Access>,
}

/// Renders a stack.
///
/// # Errors
/// A template that fails, or a rendered file that is not what its name says.
pub fn render(stack: &Stack, catalog: &Catalog) -> anyhow::Result<Bundle> {
    let dashboards = generate::rendered_dashboards(stack, catalog)?;
    // Together they are nearly all of the time.
    let (generated, templated) = rayon::join(
        || generate::Generated::new(stack, catalog, &dashboards),
        || templates(stack, catalog, &dashboards),
    );
    let (generated, mut bundle) = (generated?, templated?);
    for (generator, texts) in generated.files {
        place(&mut bundle, stack, generator, texts);
    }
    bundle.runbooks = generated.runbooks;
    bundle.objectives = (!stack.slos.is_empty()).then(|| generate::objectives(stack));
    Ok(bundle)
}

/// Gives what a generator made to the components that have a folder for it.
fn place(bundle: &mut Bundle, stack: &Stack, generator: Generator, mut texts: generate::Files) {
    let parts = stack.components.values();
    let folders: Vec<(&Component, &FileSpec)> = parts
        .flat_map(|part| part.spec.files.iter().map(move |file| (part, file)))
        .filter(|(_, file)| file.generate == Some(generator))
        .collect();
    for (index, (part, folder)) in folders.iter().enumerate() {
        // Half of all text is here: only who comes before others gets a copy.
        let is_last = index + 1 == folders.len();
        let texts = if is_last { mem::take(&mut texts) } else { texts.clone() };
        let files = bundle.components.entry(part.name.clone()).or_default();
        files.extend(texts.into_iter().map(|(name, text)| {
            (format!("{}/{name}", folder.path), File { text, effect: folder.effect })
        }));
    }
}

/// What templates make: files, and how each process is started.
fn templates(
    stack: &Stack,
    catalog: &Catalog,
    dashboards: &[dashboards::Identity],
) -> anyhow::Result<Bundle> {
    let env = environment::environment()?;
    let shared = view::Shared::new(stack);
    let dashboards = generate::dashboards(stack, dashboards);
    let programs = stack.fleet.iter().any(|service| service.is_program);
    let parts: Vec<&Component> = stack.components.values().collect();
    let made = parallel::each(&parts, |part| {
        let context = Value::from(Serde(view::view(&shared, part, &dashboards)));
        let text = |name: &str, text: &str| environment::render(&env, name, text, &context);
        let files = files(part, catalog, &text)?;
        let spec_path = catalog.assets.shown(&format!("{}/component.yaml", part.kind));
        Ok((files, process(part, programs, &spec_path, &text)?))
    })?;
    let mut bundle = Bundle::default();
    for (part, (files, process)) in parts.iter().zip(made) {
        bundle.components.insert(part.name.clone(), files);
        bundle.processes.insert(part.name.clone(), process);
    }
    Ok(bundle)
}

/// The files of a component that have a template.
fn files(
    part: &Component,
    catalog: &Catalog,
    text: &dyn Fn(&str, &str) -> anyhow::Result<String>,
) -> anyhow::Result<BTreeMap<String, File>> {
    let mut files = BTreeMap::new();
    for (index, file) in part.spec.files.iter().enumerate() {
        let Some(template) = &file.template else { continue };
        let own = || format!("{}/{template}", part.kind);
        let name = if template.contains('/') { template.clone() } else { own() };
        let source = catalog.assets.read(&name)?.with_context(|| {
            let spec = catalog.assets.shown(&format!("{}/component.yaml", part.kind));
            format!("{spec} names the template {name}, which does not exist")
        })?;
        let mut rendered = text(&catalog.assets.shown(&name), &source)?;
        environment::parses(&file.path, &rendered)
            .with_context(|| format!("{} does not render to it", catalog.assets.shown(&name)))?;
        if let Some(overlay) = part.config.as_ref().filter(|_| index == 0) {
            rendered = config::overlay(&rendered, overlay)
                .with_context(|| format!("`config` of {}", part.key))?;
        }
        files.insert(file.path.clone(), File { text: rendered, effect: file.effect });
    }
    Ok(files)
}

fn process(
    part: &Component,
    programs: bool,
    shown: &str,
    text: &dyn Fn(&str, &str) -> anyhow::Result<String>,
) -> anyhow::Result<Process> {
    let name = shown.to_owned();
    let mut command = Vec::new();
    for argument in &part.spec.command {
        // The name decides about escaping: arguments are no YAML.
        command.push(text("command", argument).with_context(|| name.clone())?);
    }
    command.retain(|argument| !argument.is_empty());
    command.extend(part.args.iter().cloned());
    let mut env = BTreeMap::new();
    for (key, value) in &part.spec.env {
        env.insert(key.clone(), text("env", value).with_context(|| name.clone())?);
    }
    env.retain(|_, value| !value.is_empty());
    env.extend(part.env.clone());
    let mut host_mounts = Vec::new();
    let mut capabilities = BTreeSet::new();
    for mount in &part.spec.host_mounts {
        let before = host_mounts.len();
        if let Some(each) = &mount.each {
            let lines = format!("{{{{ {each} | join('\n') }}}}");
            let paths = text("mount", &lines).with_context(|| name.clone())?;
            host_mounts.extend(paths.lines().map(|path| (path.to_owned(), path.to_owned())));
        } else {
            let source = text("mount", &mount.source).with_context(|| name.clone())?;
            if !source.is_empty() {
                host_mounts.push((source, mount.target.clone()));
            }
        }
        if host_mounts.len() > before {
            capabilities.extend(mount.capability.clone());
        }
    }
    if programs {
        capabilities.extend(part.spec.exceptions.capabilities_with_programs.keys().cloned());
    }
    let mut access = part.spec.access.clone();
    if let Some(access) = &mut access {
        access.user = text("user", &access.user).with_context(|| name.clone())?;
    }
    Ok(Process { command, env, host_mounts, capabilities, access })
}

impl Bundle {
    /// SHA-256 over all files, as hexadecimal: two bundles with the same one are the same.
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        for (component, files) in &self.components {
            for (path, file) in files {
                for part in [component, path, &file.text] {
                    hasher.update((part.len() as u64).to_le_bytes());
                    hasher.update(part.as_bytes());
                }
            }
        }
        hex(&hasher.finalize())
    }

    /// Path → text of every file, as `mcpmon render --out` writes them.
    pub fn tree(&self) -> BTreeMap<String, &str> {
        let mut tree: BTreeMap<String, &str> = self
            .components
            .iter()
            .flat_map(|(component, files)| {
                files
                    .iter()
                    .map(move |(path, file)| (format!("{component}/{path}"), file.text.as_str()))
            })
            .collect();
        tree.insert("RUNBOOKS.md".to_owned(), &self.runbooks);
        tree.extend(self.objectives.as_deref().map(|page| ("SLOS.md".to_owned(), page)));
        tree
    }
}
