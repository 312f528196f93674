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
use crate::manifest::{self, Name, SecretRef};
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

/// Writes a manifest that extends a profile, and what it needs.
///
/// # Errors
/// A folder that cannot be written to, or one that holds a manifest already.
pub fn write(dir: &Path, profile: &str, name: Option<&Name>) -> anyhow::Result<Started> {
    let path = dir.join("mcpmon.yaml");
    if path.exists() {
        return Err(Stop::new(
            Exit::Usage,
            format!("{} is here already; nothing was touched", path.display()),
        )
        .into());
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let name = match name {
        Some(name) => name.clone(),
        None => Name::from_any(
            fs::canonicalize(dir)?.file_name().and_then(|n| n.to_str()).unwrap_or("mcp"),
        ),
    };
    let text = text(&name, profile);
    let document = manifest::load_text("mcpmon.yaml", &text, dir)
        .map_err(|e| anyhow::anyhow!(crate::diagnostic::draw(&e.diagnostics, &e.sources, false)))?;
    let catalog = Catalog::load(Assets::shipped())?;
    let resolved = stack::resolve(&document, &catalog).map_err(|found| {
        anyhow::anyhow!(crate::diagnostic::draw(&found, &document.sources, false))
    })?;

    let mut started = Started { files: Vec::new(), password: None, missing: Vec::new() };
    let stack = &resolved.stack;
    started.files.extend(generate(stack, dir, Certificates::Keep)?);
    let is_new = |path: &Path| started.files.contains(&(path.to_owned(), Wrote::New));
    started.password = stack.secrets.iter().find_map(|secret| match &secret.source {
        SecretRef::File(file) if secret.component == "grafana" => {
            Some(dir.join(file)).filter(|file| is_new(file))
        }
        _ => None,
    });
    started.missing =
        missing(stack, dir).iter().map(|s| (s.path.clone(), s.source.to_string())).collect();
    let schema = dir.join("mcpmon.schema.json");
    fs::write(&schema, serde_json::to_string_pretty(&manifest::schema(&catalog))? + "\n")?;
    ignore_secrets(dir, &mut started)?;
    // The manifest comes last: a folder that holds one is whole.
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    started.files.insert(0, (path, Wrote::New));
    started.files.push((schema, Wrote::New));
    Ok(started)
}

fn text(name: &Name, profile: &str) -> String {
    let about = crate::assets::profile(profile)
        .and_then(|text| text.lines().find_map(|l| l.strip_prefix("description: ")))
        .unwrap_or_default();
    format!(
        "# yaml-language-server: $schema=./mcpmon.schema.json
# {about}.
# `mcpmon config` prints this manifest with its profile merged in; `mcpmon config --origins` says
# where each value comes from. Maps merge, lists replace, `null` removes.
name: {name}
extends: {profile}

# Your own services:
# services:
#   search:
#     mcp: http://host.docker.internal:9000/mcp
#     metrics: http://host.docker.internal:9000/metrics
#     dialect: fastapi

# Who is told about alerts:
# notifications:
#   receivers:
#     chat: {{slack: {{webhook_url: {{file: secrets/slack}}}}}}
#   default: chat
"
    )
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
