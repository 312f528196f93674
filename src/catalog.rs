//! The components that there are: one folder each, described by its `component.yaml`.

mod setup;
mod versions;

pub use setup::{Access, Generate, Read, Step, StepLogin, Write, WriteMethod};
pub use versions::{Break, Store, Versions};

use std::collections::BTreeMap;

use anyhow::Context as _;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::assets::Assets;
use crate::manifest::{Duration, Resources};
use crate::parallel;
use crate::version::{Version, split_image};

/// All components, by name.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Where the folders are read from.
    pub assets: Assets,
    specs: IndexMap<String, Spec>,
}

/// What a `component.yaml` says. Strings marked *template* are rendered with the stack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// What it is for, in one line.
    pub description: String,
    /// The image, without its tag; mcpmon's own one without it.
    #[serde(default)]
    pub image: Option<String>,
    /// The tag: the version that this folder was written for.
    #[serde(default)]
    pub version: Option<String>,
    /// `uid:gid` that the process runs as and that owns its files.
    pub user: String,
    /// Expression over the stack that says whether it runs when the manifest is silent.
    #[serde(default = "always")]
    pub enabled: String,
    /// Another entry point than the image's.
    #[serde(default)]
    pub entrypoint: Option<Vec<String>>,
    /// Arguments (*templates*); one that renders to nothing is left out.
    #[serde(default)]
    pub command: Vec<String>,
    /// Environment (*templates*); a variable that renders to nothing is left out.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The port in the container that answers HTTP.
    pub port: u16,
    /// The port on the host that people know it by; without one the engine chooses.
    #[serde(default)]
    pub publish: Option<u16>,
    /// Other ports that the manifest may publish.
    #[serde(default)]
    pub ports: Vec<ExtraPort>,
    /// Data volumes: name → path in the container. Nothing but `destroy` removes them.
    #[serde(default)]
    pub volumes: BTreeMap<String, String>,
    /// Paths of the host that it must see.
    #[serde(default)]
    pub host_mounts: Vec<HostMount>,
    /// Memory file systems: path → size such as `64m`.
    #[serde(default)]
    pub tmpfs: BTreeMap<String, String>,
    /// Kernel parameters of its own network: name → value, with the reason.
    #[serde(default)]
    pub sysctls: BTreeMap<String, Sysctl>,
    /// Names that resolve to the host or other addresses: `host.docker.internal:host-gateway`.
    #[serde(default)]
    pub extra_hosts: Vec<String>,
    /// Files in its configuration volume. The first one is what `config:` is laid over.
    #[serde(default)]
    pub files: Vec<FileSpec>,
    /// What makes a changed secret take effect: `watched` where it is read anew at each use.
    #[serde(default = "restart")]
    pub secrets: Effect,
    /// How mcpmon logs in to it.
    #[serde(default)]
    pub access: Option<Access>,
    /// How to see that it is ready.
    pub ready: Ready,
    /// What it must hold, in this order, given to it through its API.
    #[serde(default)]
    pub setup: Vec<Step>,
    /// How it takes a changed file; without this it is restarted.
    #[serde(default)]
    pub reload: Option<Reload>,
    /// How to see that what it loaded is what was rendered.
    #[serde(default)]
    pub proof: Option<Proof>,
    /// Commands that check a candidate before it is used.
    #[serde(default)]
    pub validators: Vec<Validator>,
    /// Components that start before it, where they are part of the stack.
    #[serde(default)]
    pub after: Vec<String>,
    /// Components that must be part of the stack with it.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Limits when the manifest is silent.
    #[serde(default)]
    pub resources: Resources,
    /// Seconds that it may take to stop.
    #[serde(default = "ten")]
    pub stop_timeout: u32,
    /// What may be set in the manifest beside what every component takes.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
    /// How Prometheus sees it.
    #[serde(default)]
    pub scrape: Option<ScrapeSpec>,
    /// Components whose metrics it serves as well where they are no part of the stack.
    #[serde(default)]
    pub stands_in_for: BTreeMap<String, ScrapeSpec>,
    /// Whether it reads the Docker engine, which it does through the agent.
    #[serde(default)]
    pub reads_engine: bool,
    /// Where it departs from the hardening that every container gets, each with its reason.
    #[serde(default)]
    pub exceptions: Exceptions,
    /// Where to read more.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// What `versions.yaml` beside it says.
    #[serde(skip)]
    pub versions: Versions,
}

fn always() -> String {
    "true".to_owned()
}
const fn restart() -> Effect {
    Effect::Restart
}
const fn ten() -> u32 {
    10
}

/// One or more files of a component.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    /// Template in the component's folder; `folder/template` is another component's.
    #[serde(default)]
    pub template: Option<String>,
    /// What makes the files instead of a template.
    #[serde(default)]
    pub generate: Option<Generator>,
    /// Path under the configuration folder; for a generator the folder they go to.
    pub path: String,
    /// What makes a change of it take effect.
    pub effect: Effect,
}

/// What makes files that no template can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generator {
    /// The rule packs, the dialects and the team's own rules.
    Rules,
    /// Unit tests of the rule packs.
    RuleTests,
    /// Scrape targets of the services.
    Targets,
    /// What the agent asks of which service.
    Fleet,
    /// The dashboards.
    Dashboards,
    /// The team's own message templates.
    MessageTemplates,
}

/// What makes a changed file take effect, smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The process never reads it; it is there for validators and people.
    None,
    /// The process watches it.
    Watched,
    /// The process must be asked to reload.
    Reload,
    /// The process reads it at start only.
    Restart,
}

/// A port beside the one that answers HTTP.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraPort {
    /// The port in the container.
    pub port: u16,
    /// Setting with the port on the host; without a value it is not published.
    pub setting: String,
}

/// A path of the host that a component must see, read-only.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostMount {
    /// Path on the host (*template*); one that renders to nothing is left out.
    #[serde(default)]
    pub source: String,
    /// Path in the container.
    #[serde(default)]
    pub target: String,
    /// Instead of both: an expression that gives a list of paths, each mounted at the same path.
    #[serde(default)]
    pub each: Option<String>,
    /// A capability that reading it takes; kept only where something is mounted.
    #[serde(default)]
    pub capability: Option<String>,
    /// Why it is needed.
    pub reason: String,
}

/// A kernel parameter of a container's own network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sysctl {
    /// Its value.
    pub value: String,
    /// Why it is needed.
    pub reason: String,
}

/// How to see that a component is ready.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Path that answers 2xx once it is.
    pub path: String,
    /// How long that may take.
    pub timeout: Duration,
    /// Whether it wants to know who asks.
    #[serde(default)]
    pub login: bool,
    /// What else the answer must say.
    #[serde(default)]
    pub says: Option<Says>,
}

/// What an answer in JSON must say.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// Where, as JSON pointer.
    pub at: String,
    /// One of these texts.
    pub one_of: Vec<String>,
}

/// How a component is asked to reload.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// Paths that take a POST.
    pub post: Vec<String>,
    /// Whether it wants to know who asks.
    #[serde(default)]
    pub login: bool,
}

/// How to see that what a process loaded is what was rendered.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Proof {
    /// `/api/v1/status/config`, `/api/v1/rules` and the reload metric.
    Prometheus,
    /// `/api/v2/status` and the reload metric.
    Alertmanager,
    /// Datasources and dashboards by its API.
    Grafana,
    /// A path that prints the loaded configuration as YAML: each rendered key must stand there.
    Config(String),
    /// A metric that is 1 after a good reload.
    Metric(String),
}

/// A command that checks a candidate before it is used.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validator {
    /// The command; `{{ dir }}` stands for the folder with the candidate, and is no template otherwise.
    pub command: Vec<String>,
    /// Files that it checks, by prefix; it runs when one of them changed.
    pub checks: Vec<String>,
}

/// One key that a component takes in the manifest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What may be written.
    #[serde(rename = "type")]
    pub kind: SettingType,
    /// What it means.
    pub description: String,
    /// The value when the manifest is silent.
    #[serde(default)]
    pub default: Option<Json>,
    /// Whether the manifest must say it.
    #[serde(default)]
    pub required: bool,
    /// What is made for a secret that is not there.
    #[serde(default)]
    pub generate: Option<Generate>,
    /// The words that may be written, where a text is one of a few.
    #[serde(default)]
    pub values: Vec<String>,
    /// How a secret stands in its file, where that is not the value alone (*template* over
    /// `settings` and `secret`, with values escaped as in JSON).
    #[serde(default)]
    pub content: Option<String>,
    /// Characters that a secret may not hold, for the program would not read it, or show it.
    #[serde(default)]
    pub without: Option<String>,
}

/// What may be written under a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingType {
    /// Any text.
    Text,
    /// A Prometheus duration.
    Duration,
    /// A number of bytes.
    Size,
    /// A number.
    Number,
    /// A port.
    Port,
    /// `true` or `false`.
    Bool,
    /// A list.
    List,
    /// A map.
    Map,
    /// A map from label names to text.
    Labels,
    /// An absolute path on the host.
    Path,
    /// `host:port` as containers reach it.
    Address,
    /// An `http://` or `https://` URL as containers reach it.
    Url,
    /// Prometheus' `remote_write` entries, or presets of well-known receivers.
    #[serde(rename = "remote-write")]
    RemoteWrite,
    /// `{env: NAME}` or `{file: path}`.
    Secret,
}

/// How Prometheus sees a component.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScrapeSpec {
    /// Path of its metrics.
    #[serde(default = "metrics_path")]
    pub path: String,
    /// The job that it belongs to.
    #[serde(default = "stack_job")]
    pub job: String,
}

fn metrics_path() -> String {
    "/metrics".to_owned()
}
fn stack_job() -> String {
    "stack".to_owned()
}

/// Departures from the hardening that every container gets; each value is the reason.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// Runs as root.
    #[serde(default)]
    pub root: Option<String>,
    /// Keeps these capabilities.
    #[serde(default)]
    pub capabilities: BTreeMap<String, String>,
    /// Keeps these where it starts programs of the manifest beside itself.
    #[serde(default)]
    pub capabilities_with_programs: BTreeMap<String, String>,
    /// Writes to its root file system.
    #[serde(default)]
    pub writable_rootfs: Option<String>,
    /// Sees paths of the host.
    #[serde(default)]
    pub host_mounts: Option<String>,
}

impl Catalog {
    /// Reads every component folder.
    ///
    /// # Errors
    /// A `component.yaml` that does not fit, with its place.
    pub fn load(assets: Assets) -> anyhow::Result<Self> {
        let names = assets.folders_with("component.yaml");
        let specs = parallel::each(&names, |name| {
            let path = format!("{name}/component.yaml");
            let mut spec: Spec = assets.yaml(&path)?.with_context(|| format!("{path} vanished"))?;
            spec.check().with_context(|| assets.shown(&path))?;
            let path = format!("{name}/versions.yaml");
            spec.versions = assets.yaml(&path)?.unwrap_or_default();
            spec.versions.check().with_context(|| assets.shown(&path))?;
            Ok(spec)
        })?;
        Ok(Self { assets, specs: names.into_iter().zip(specs).collect() })
    }

    /// Every component with its name, sorted.
    pub fn components(&self) -> impl Iterator<Item = (&String, &Spec)> {
        self.specs.iter()
    }

    /// The component of that name.
    pub fn get(&self, name: &str) -> Option<&Spec> {
        self.specs.get(name)
    }

    /// The components' names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.specs.keys().map(String::as_str)
    }
}

impl Spec {
    /// Whether there is a file that the manifest's `config:` can be laid over.
    pub fn main_file_is_yaml(&self) -> bool {
        let main = self.files.first().filter(|file| file.template.is_some());
        main.is_some_and(|file| file.path.ends_with(".yml") || file.path.ends_with(".yaml"))
    }

    /// Whether an image is this program's: one of the same name in any registry. Of the versions of
    /// another one nothing is known.
    pub fn is_of(&self, reference: &str) -> bool {
        let own = self.image.as_deref().and_then(|own| own.rsplit('/').next());
        own.is_some() && split_image(reference).0.rsplit('/').next() == own
    }

    /// The version of an image, where it is this program's and its tag says one.
    pub fn version_of(&self, reference: &str) -> Option<Version> {
        if self.is_of(reference) { Version::of_image(reference) } else { None }
    }

    /// What the types cannot say.
    fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.image.is_some() == self.version.is_some(),
            "an image has a version, and mcpmon's own has none"
        );
        let root = self.user.split(':').next() == Some("0");
        anyhow::ensure!(
            !root || self.exceptions.root.is_some(),
            "runs as root without a reason under exceptions.root"
        );
        anyhow::ensure!(
            self.host_mounts.is_empty() || self.exceptions.host_mounts.is_some(),
            "sees paths of the host without a reason under exceptions.host_mounts"
        );
        for mount in &self.host_mounts {
            let one = !mount.source.is_empty() && !mount.target.is_empty();
            anyhow::ensure!(
                mount.each.is_some() != one,
                "a path of the host has either `source` and `target` or `each`"
            );
        }
        for file in &self.files {
            anyhow::ensure!(
                file.template.is_some() != file.generate.is_some(),
                "{}: exactly one of `template` and `generate` makes a file",
                file.path
            );
        }
        for word in self.validators.iter().flat_map(|validator| &validator.command) {
            anyhow::ensure!(
                !word.replace("{{ dir }}", "").contains("{{"),
                "the validator's word `{word}` holds more than `{{{{ dir }}}}`"
            );
        }
        for name in self.sysctls.keys() {
            // Any other would be the host's, and the engine refuses it.
            anyhow::ensure!(
                name.starts_with("net."),
                "the kernel parameter `{name}` is not one of a network"
            );
        }
        for (name, setting) in &self.settings {
            anyhow::ensure!(
                setting.content.is_none() && setting.without.is_none()
                    || setting.kind == SettingType::Secret,
                "the setting `{name}` has `content` or `without`, which only a secret has"
            );
            anyhow::ensure!(
                setting.values.is_empty() || setting.kind == SettingType::Text,
                "the setting `{name}` has `values`, which only a text has"
            );
            anyhow::ensure!(
                !crate::manifest::COMMON_SETTINGS.contains(&name.as_str()),
                "the setting `{name}` is one that every component has"
            );
            anyhow::ensure!(
                !setting.description.is_empty(),
                "the setting `{name}` has no description"
            );
            anyhow::ensure!(
                setting.generate.is_none() || setting.kind == SettingType::Secret,
                "the setting `{name}` is no secret, so nothing is generated for it"
            );
        }
        for extra in &self.ports {
            anyhow::ensure!(
                self.settings.get(&extra.setting).is_some_and(|s| s.kind == SettingType::Port),
                "ports: `{}` is no setting that holds a port",
                extra.setting
            );
        }
        self.setup.iter().try_for_each(Step::check)?;
        let access = self.access.iter();
        let own = access.flat_map(|access| access.ca.iter().chain([&access.password]));
        for name in own.filter(|name| !name.contains('.')) {
            anyhow::ensure!(
                self.settings.get(name).is_some_and(|s| s.kind == SettingType::Secret),
                "access: `{name}` is no setting that holds a secret"
            );
        }
        anyhow::ensure!(
            self.access.is_some() || (self.setup.is_empty() && !self.ready.login),
            "`setup` and `login` need `access`"
        );
        Ok(())
    }
}
