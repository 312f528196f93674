//! What `mcpmon init` writes: a manifest, its schema, the secrets that the profile asks for.

mod generate;

pub use generate::{Certificates, generate, missing, password, private_file};

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::assets::Assets;
use crate::catalog::Catalog;
use crate::exit::{Exit, Stop};
use crate::integrate::block::{block, flow_text};
use crate::integrate::{Change, Entry};
use crate::manifest::{self, Document, Name, SecretRef};
use crate::stack;

/// What was done about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// It is new.
    New,
    /// It was there and was left as it was.
    Kept,
    /// It was there and was made anew.
    Renewed,
}

/// What `init` wrote.
pub struct Started {
    /// Files, in the order in which they matter.
    pub files: Vec<(PathBuf, Wrote)>,
    /// Where Grafana's password stands, if it was made now.
    pub password: Option<PathBuf>,
    /// Secrets that only people can know: what for, and where they are looked for.
    pub missing: Vec<(String, String)>,
}

/// What a manifest begins with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beginning<'a> {
    /// The profile that it extends.
    pub profile: Option<&'a str>,
    /// The stack's name; the folder's name where none is given.
    pub name: Option<&'a Name>,
    /// Its services.
    pub services: &'a [Entry],
}

/// A manifest that was checked and is not written yet.
pub struct Draft<'a> {
    dir: &'a Path,
    stack: stack::Stack,
    /// The component folders.
    pub catalog: Catalog,
    /// The manifest, read again.
    pub document: Document,
    /// The manifest's text.
    pub change: Change,
}

/// Makes a manifest, and checks it. Writes nothing.
///
/// # Errors
/// A folder that holds a manifest already, or services that do not fit it.
pub fn draft<'a>(dir: &'a Path, beginning: &Beginning<'_>) -> anyhow::Result<Draft<'a>> {
    let path = dir.join("mcpmon.yaml");
    if path.exists() {
        return Err(Stop::new(
            Exit::Usage,
            format!("{} is here already; nothing was touched", path.display()),
        )
        .into());
    }
    let name = match beginning.name {
        Some(name) => name.clone(),
        None => Name::from_any(&folder_name(dir)?),
    };
    let text = text(&name, beginning);
    let document = manifest::load_text("mcpmon.yaml", &text, dir)
        .map_err(|e| anyhow::anyhow!(crate::diagnostic::draw(&e.diagnostics, &e.sources, false)))?;
    let catalog = Catalog::load(Assets::shipped())?;
    let resolved = stack::resolve(&document, &catalog).map_err(|found| {
        anyhow::anyhow!(crate::diagnostic::draw(&found, &document.sources, false))
    })?;
    let change = Change { path, before: String::new(), after: text };
    Ok(Draft { dir, stack: resolved.stack, catalog, document, change })
}

/// The name of a folder, whether it is there yet or not.
pub fn folder_name(dir: &Path) -> anyhow::Result<String> {
    let dir = fs::canonicalize(dir).or_else(|_| std::path::absolute(dir))?;
    Ok(dir.file_name().and_then(|name| name.to_str()).unwrap_or("mcp").to_owned())
}

impl Draft<'_> {
    /// Writes the manifest, and what it needs.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn write(self) -> anyhow::Result<Started> {
        let Self { dir, catalog, stack, change, .. } = self;
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let mut started = Started { files: Vec::new(), password: None, missing: Vec::new() };
        started.files.extend(generate(&stack, dir, Certificates::Keep)?);
        let is_new = |path: &Path| started.files.contains(&(path.to_owned(), Wrote::New));
        started.password = stack.secrets.iter().find_map(|secret| match &secret.source {
            SecretRef::File(file) if secret.component == "grafana" => {
                Some(dir.join(file)).filter(|file| is_new(file))
            }
            _ => None,
        });
        started.missing =
            missing(&stack, dir).iter().map(|s| (s.path.clone(), s.source.to_string())).collect();
        let schema = dir.join("mcpmon.schema.json");
        fs::write(&schema, serde_json::to_string_pretty(&manifest::schema(&catalog))? + "\n")?;
        ignore_secrets(dir, &mut started)?;
        // The manifest comes last: a folder that holds one is whole.
        let path = &change.path;
        fs::write(path, &change.after)
            .with_context(|| format!("cannot write {}", path.display()))?;
        started.files.insert(0, (change.path, Wrote::New));
        started.files.push((schema, Wrote::New));
        Ok(started)
    }
}

fn text(name: &Name, beginning: &Beginning<'_>) -> String {
    let about = beginning.profile.and_then(crate::assets::profile);
    let about = about.and_then(|text| text.lines().find_map(|l| l.strip_prefix("description: ")));
    let about = about.map(|about| format!("# {about}.\n")).unwrap_or_default();
    let base = match beginning.profile {
        Some(profile) => format!("extends: {profile}\n"),
        None => {
            "components:\n  grafana: {admin_password: {file: secrets/grafana-admin}}\n".to_owned()
        }
    };
    let services = if beginning.services.is_empty() {
        "# Your own services:
# services:
#   search:
#     mcp: http://host.docker.internal:9000/mcp
#     metrics: http://host.docker.internal:9000/metrics
#     dialect: fastapi
"
        .to_owned()
    } else {
        services(beginning.services)
    };
    format!(
        "# yaml-language-server: $schema=./mcpmon.schema.json
{about}# `mcpmon config` prints this manifest with its profile merged in; `mcpmon config --origins` says
# where each value comes from. Maps merge, lists replace, `null` removes.
name: {name}
{base}
{services}
# Who is told about alerts:
# notifications:
#   receivers:
#     chat: {{slack: {{webhook_url: {{file: secrets/slack}}}}}}
#   default: chat
"
    )
}

fn services(entries: &[Entry]) -> String {
    let networks: std::collections::BTreeSet<&str> =
        entries.iter().filter_map(|entry| entry.network.as_deref()).collect();
    let networks: Vec<serde_json::Value> = networks.into_iter().map(Into::into).collect();
    let mut text = String::new();
    if !networks.is_empty() {
        text =
            format!("# The services' own networks.\nnetworks: {}\n\n", flow_text(&networks.into()));
    }
    text.push_str("services:\n");
    text.extend(entries.iter().map(|entry| block(entry, "  ", "\n")));
    text
}

/// Keeps secrets out of the repository.
fn ignore_secrets(dir: &Path, started: &mut Started) -> anyhow::Result<()> {
    let path = dir.join(".gitignore");
    let text = fs::read_to_string(&path).unwrap_or_default();
    if text
        .lines()
        .any(|line| matches!(line.trim(), "secrets" | "secrets/" | "/secrets" | "/secrets/"))
    {
        started.files.push((path, Wrote::Kept));
        return Ok(());
    }
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    writeln!(file, "{gap}secrets/")?;
    started.files.push((path, Wrote::New));
    Ok(())
}
