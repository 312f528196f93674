//! What `mcpmon init` writes: a manifest, its schema, the secrets that the profile asks for.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
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
}

/// What `init` wrote.
pub struct Started {
    /// Files, in the order in which they matter.
    pub files: Vec<(PathBuf, Wrote)>,
    /// Where Grafana's password stands, if it was made now.
    pub password: Option<PathBuf>,
}

/// Characters that survive every shell, file and URL unquoted.
const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
/// 24 of 56 characters are 139 bits.
const PASSWORD_LENGTH: usize = 24;

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

    let mut started = Started { files: Vec::new(), password: None };
    for secret in &resolved.stack.secrets {
        let SecretRef::File(file) = &secret.source else { continue };
        let file = dir.join(file);
        let wrote = private_file(&file)?;
        if wrote == Wrote::New && secret.component == "grafana" {
            started.password = Some(file.clone());
        }
        started.files.push((file, wrote));
    }
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

/// Makes a file with a random password that only its owner can read.
fn private_file(path: &Path) -> anyhow::Result<Wrote> {
    if path.exists() {
        return Ok(Wrote::Kept);
    }
    if let Some(parent) = path.parent() {
        let mut folder = fs::DirBuilder::new();
        folder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(parent)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file =
        options.open(path).with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(file, "{}", password()?)?;
    Ok(Wrote::New)
}

fn password() -> anyhow::Result<String> {
    let mut random = fs::File::open("/dev/urandom").context("no source of randomness")?;
    let mut password = String::new();
    let mut byte = [0_u8; 1];
    while password.len() < PASSWORD_LENGTH {
        random.read_exact(&mut byte)?;
        // Only a multiple of the alphabet's length gives each character the same chance.
        if let Some(c) = ALPHABET.get(usize::from(byte[0]) % 64) {
            password.push(char::from(*c));
        }
    }
    Ok(password)
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
