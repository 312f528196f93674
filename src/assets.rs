//! The files that ship inside the executable (templates and profiles) and the user's own folder
//! that adds to them or replaces one.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::Context as _;
use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;

use crate::yaml;

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");
/// The YAML files among the templates, as JSON: made by `build.rs`.
static TEMPLATES_JSON: Dir<'_> = include_dir!("$OUT_DIR/templates");
/// Both by path: a file is asked for hundreds of times in a render.
static TEMPLATE_TEXTS: LazyLock<Texts> = LazyLock::new(|| texts(&TEMPLATES));
static TEMPLATE_JSONS: LazyLock<Texts> = LazyLock::new(|| texts(&TEMPLATES_JSON));
static PROFILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/profiles");

/// Path → text.
type Texts = HashMap<&'static str, &'static str>;

/// Every file of a folder and of those below it.
fn texts(dir: &Dir<'static>) -> Texts {
    let files = dir.files().filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)));
    let below = dir.dirs().flat_map(texts);
    files.chain(below).collect()
}

/// Where templates are read from: the user's folder first, then what ships with mcpmon.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    own: Option<PathBuf>,
}

impl Assets {
    /// The shipped templates alone.
    pub fn shipped() -> Self {
        Self::default()
    }

    /// The shipped templates with a user's folder laid over them, file by file.
    pub fn with_own(dir: PathBuf) -> Self {
        Self { own: Some(dir) }
    }

    /// The text of `path` (`prometheus/rules/host.yaml`), if there is such a file.
    ///
    /// # Errors
    /// When the user's file exists and cannot be read as UTF-8.
    pub fn read(&self, path: &str) -> anyhow::Result<Option<Cow<'static, str>>> {
        if let Some(file) = self.own.as_deref().map(|own| own.join(path)).filter(|f| f.is_file()) {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            return Ok(Some(Cow::Owned(text)));
        }
        Ok(TEMPLATE_TEXTS.get(path).copied().map(Cow::Borrowed))
    }

    /// The YAML file at `path` as a type, if there is such a file.
    ///
    /// # Errors
    /// When it cannot be read or does not fit, with its line and column.
    pub fn yaml<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Option<T>> {
        let Some(text) = self.read(path)? else { return Ok(None) };
        if matches!(text, Cow::Borrowed(_))
            && let Some(json) = path.strip_suffix(".yaml").and_then(shipped_json)
        {
            return serde_json::from_str(json).map(Some).with_context(|| path.to_owned());
        }
        yaml::from_str(&self.shown(path), &text).map(Some)
    }

    /// Whether what stands at `path` is what ships with mcpmon.
    pub fn is_shipped(&self, path: &str) -> bool {
        let own = self.own.as_deref().is_some_and(|own| own.join(path).is_file());
        !own && TEMPLATE_TEXTS.contains_key(path)
    }

    /// The path of a file as its author knows it: the user's own with its folder before it.
    pub fn shown(&self, path: &str) -> String {
        let own = self.own.as_deref().map(|own| own.join(path)).filter(|file| file.is_file());
        own.map_or_else(|| path.to_owned(), |file| file.display().to_string())
    }

    /// Names of the files in `dir` that end in `suffix`, without it, sorted.
    pub fn names(&self, dir: &str, suffix: &str) -> Vec<String> {
        let mut names = BTreeSet::new();
        if let Some(shipped) = TEMPLATES.get_dir(dir) {
            names.extend(shipped.files().filter_map(|f| stem(f.path(), suffix)));
        }
        if let Some(own) = &self.own {
            names.extend(entries(&own.join(dir)).iter().filter_map(|p| stem(p, suffix)));
        }
        names.into_iter().collect()
    }

    /// Names of the folders that hold `file`, sorted: the components.
    pub fn folders_with(&self, file: &str) -> Vec<String> {
        let mut names = BTreeSet::new();
        let shipped = TEMPLATE_TEXTS.keys().filter_map(|path| path.split_once('/'));
        names.extend(shipped.filter(|(_, rest)| *rest == file).map(|(dir, _)| dir.to_owned()));
        if let Some(own) = &self.own {
            for dir in entries(own).iter().filter(|d| d.join(file).is_file()) {
                names.extend(dir.file_name().and_then(|n| n.to_str()).map(str::to_owned));
            }
        }
        names.into_iter().collect()
    }
}

/// A shipped YAML file as JSON; the path stands without `.yaml`.
fn shipped_json(path: &str) -> Option<&'static str> {
    TEMPLATE_JSONS.get(format!("{path}.json").as_str()).copied()
}

/// The text of a shipped profile.
pub fn profile(name: &str) -> Option<&'static str> {
    PROFILES.get_file(format!("{name}.yaml"))?.contents_utf8()
}

/// Names of the shipped profiles, sorted.
pub fn profiles() -> Vec<&'static str> {
    let mut names: Vec<&str> =
        PROFILES.files().filter_map(|f| f.path().to_str()?.strip_suffix(".yaml")).collect();
    names.sort_unstable();
    names
}

fn stem(path: &Path, suffix: &str) -> Option<String> {
    Some(path.file_name()?.to_str()?.strip_suffix(suffix)?.to_owned())
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir)
        .map(|entries| entries.filter_map(|e| Some(e.ok()?.path())).collect())
        .unwrap_or_default()
}
