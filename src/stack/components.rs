//! The manifest's `components:` and the folders' defaults → [`Component`]s.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::settings::{self, literal_secrets};
use super::{Component, Limits, SecretFile};
use crate::catalog::{Catalog, Spec};
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{ByteSize, COMMON_SETTINGS, Common, Document, Name, is_image_path, is_tag};
use crate::render::Conditions;
use crate::yaml::{self, Node, Value};

/// Memory limit of a component whose folder names none.
const MEMORY: u64 = 256 << 20;
/// Process limit of a component whose folder names none.
const PIDS: i64 = 256;

/// A component that there may be: one per folder, and one per further key `<folder>@<name>`.
struct Part {
    /// Its key in the manifest.
    key: String,
    /// Its name among the containers.
    name: String,
    /// Its folder.
    kind: String,
}

/// Resolves every component that is part of the stack, in start order.
pub fn resolve(
    document: &Document,
    catalog: &Catalog,
    probed: bool,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> IndexMap<String, Component> {
    let manifest = &document.manifest;
    let mut commons = Vec::new();
    for part in parts(document, catalog, found) {
        let Some(spec) = catalog.get(&part.kind) else { continue };
        let empty = Node::empty_map();
        let node = manifest.components.get(&part.key).unwrap_or(&empty);
        let common = common(node, spec, catalog, found);
        commons.push((part, spec, common));
    }
    let on: Map<String, Json> = commons
        .iter()
        .map(|(part, _, common)| (part.key.clone(), json!(common.enabled != Some(false))))
        .collect();
    let stack = json!({"collector": manifest.collector, "probed": probed});
    let conditions = match Conditions::over(&json!({"stack": stack, "on": on})) {
        Ok(conditions) => conditions,
        Err(error) => {
            found.push(Diagnostic::general(format!("{error:#}")));
            return IndexMap::new();
        }
    };
    let mut components = IndexMap::new();
    for (part, spec, common) in commons {
        let mentioned = manifest.components.contains_key(&part.key);
        let enabled = common.enabled.unwrap_or_else(|| {
            // The expression ships with the folder; one that fails is reported by its own check.
            match conditions.hold(&spec.enabled, &json!({"mentioned": mentioned})) {
                Ok(value) => value,
                Err(error) => {
                    found.push(Diagnostic::general(format!(
                        "{}/component.yaml: enabled: {error:#}",
                        part.kind
                    )));
                    false
                }
            }
        });
        if !enabled {
            continue;
        }
        let settings = settings::resolve(document, &part.key, &part.name, spec, secrets, found);
        for (file, source) in &common.secrets {
            let place =
                ["components".into(), (&part.key).into(), "secrets".into(), file.as_str().into()];
            secrets.push(SecretFile {
                component: part.name.clone(),
                path: format!("secrets/{file}"),
                source: source.clone(),
                span: document.locate_key(&place),
            });
        }
        let name = part.name.clone();
        components.insert(name, component(document, part, spec, common, settings, found));
    }
    in_start_order(components)
}

/// Every component that there may be, by name.
fn parts(document: &Document, catalog: &Catalog, found: &mut Vec<Diagnostic>) -> Vec<Part> {
    let same = |name: &str| Part { key: name.into(), name: name.into(), kind: name.into() };
    let mut parts: Vec<Part> = catalog.names().map(same).collect();
    for key in document.manifest.components.keys().filter(|key| catalog.get(key).is_none()) {
        let span = document.locate_key(&["components".into(), key.into()]);
        let (kind, own) = key.split_once('@').map_or((key.as_str(), None), |(k, o)| (k, Some(o)));
        let Some((own, _)) = own.zip(catalog.get(kind)) else {
            found.push(
                Diagnostic::error(span, format!("unknown component `{kind}`"))
                    .help(suggest(kind, catalog.names())),
            );
            continue;
        };
        if Name::parse(own).is_err() {
            found.push(
                Diagnostic::error(span, format!("`{own}` is not the name of another `{kind}`"))
                    .help(format!(
                        "use lower-case letters, digits and `-`, starting with a letter: `{kind}@{}`",
                        Name::from_any(own)
                    )),
            );
            continue;
        }
        let name = format!("{kind}-{own}");
        if let Some(other) = parts.iter().find(|part| part.name == name) {
            found.push(
                Diagnostic::error(
                    span,
                    format!(
                        "`{}` and `{key}` would both be the container `{}-{name}`",
                        other.key, document.manifest.name
                    ),
                )
                .help("give it another name after the `@`"),
            );
            continue;
        }
        parts.push(Part { key: key.clone(), name, kind: kind.to_owned() });
    }
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    parts
}

/// The keys that every component takes. Several mistakes in one component are all found.
fn common(node: &Node, spec: &Spec, catalog: &Catalog, found: &mut Vec<Diagnostic>) -> Common {
    let Some(map) = node.as_map() else {
        if !matches!(node.value, Value::Null) {
            found
                .push(Diagnostic::error(node.span, "a component is a map of settings").help(
                    "write it like `{port: 9090}`; to leave it out write `{enabled: false}`",
                ));
        }
        return Common::default();
    };
    let mut general = Node { span: node.span, value: Value::Map(yaml::Map::new()) };
    let mut config = None;
    for (key, entry) in map {
        if key == "config" {
            config = config_map(entry, spec, found);
        } else if COMMON_SETTINGS.contains(&key.as_str()) {
            let alone = Node {
                span: node.span,
                value: Value::Map([(key.clone(), entry.clone())].into_iter().collect()),
            };
            match yaml::from_node::<Common>(&alone) {
                Err(error) => found.push(error.into()),
                Ok(_) => {
                    if let Some(general) = general.as_map_mut() {
                        general.insert(key.clone(), entry.clone());
                    }
                }
            }
        } else if !spec.settings.contains_key(key) {
            let known =
                COMMON_SETTINGS.iter().copied().chain(spec.settings.keys().map(String::as_str));
            let mut others = catalog.components().filter(|(_, o)| o.settings.contains_key(key));
            let help = match (others.next(), others.next()) {
                (Some((other, _)), None) => {
                    format!("it is a setting of `{other}`: `components: {{{other}: {{{key}: …}}}}`")
                }
                _ => suggest(key, known),
            };
            found.push(Diagnostic::error(entry.key, format!("unknown key `{key}`")).help(help));
        }
    }
    // Each key was read alone before, so all of them can be read together.
    let mut common: Common = yaml::from_node(&general).unwrap_or_default();
    common.config = config;
    common
}

/// What is laid over the main file, which has to be YAML for that.
fn config_map(entry: &yaml::Entry, spec: &Spec, found: &mut Vec<Diagnostic>) -> Option<Node> {
    if !spec.main_file_is_yaml() {
        let problem = match spec.files.first() {
            None => "this component has no configuration file".to_owned(),
            Some(file) => format!("`config` is laid over a YAML file, and `{}` is none", file.path),
        };
        found
            .push(Diagnostic::error(entry.key, problem).help(
                "use `env` or `args`, or bring a template of your own with `components_dir`",
            ));
        return None;
    }
    if !matches!(entry.node.value, Value::Map(_)) {
        found.push(
            Diagnostic::error(
                entry.node.span,
                "`config` is a map that is laid over the rendered file",
            )
            .help("write it like `config: {global: {scrape_timeout: 5s}}`"),
        );
        return None;
    }
    literal_secrets(&entry.node, found);
    Some(entry.node.clone())
}

fn component(
    document: &Document,
    part: Part,
    spec: &Spec,
    common: Common,
    settings: Map<String, Json>,
    found: &mut Vec<Diagnostic>,
) -> Component {
    let key = |key: &str| document.locate(&["components".into(), (&part.key).into(), key.into()]);
    let own = document.locate_key(&["components".into(), (&part.key).into()]);
    let mentioned = document.manifest.components.contains_key(&part.key);
    // People know the port of the first one; a second one takes any.
    let publish = spec.publish.filter(|_| part.key == part.kind);
    let image = image(document, &part, spec, &common, found);
    let version = image.as_deref().and_then(|image| spec.version_of(image));
    let version = version.map(|version| version.to_string()).or_else(|| spec.version.clone());
    if let Some(port) = common.port.filter(|p| *p == 0) {
        found.push(Diagnostic::error(key("port"), format!("{port} is not a port")).help(
            "write a number from 1 to 65535, or leave `port` out and the engine takes a free one",
        ));
    }
    let limits = Limits {
        memory: common.resources.memory.or(spec.resources.memory).map_or(MEMORY, ByteSize::bytes),
        cpus: common.resources.cpus.or(spec.resources.cpus),
        pids: common.resources.pids.or(spec.resources.pids).unwrap_or(PIDS),
    };
    Component {
        image,
        version: version.unwrap_or_default(),
        host_port: common.port.or(publish),
        host_address: common.address.unwrap_or_else(|| "127.0.0.1".to_owned()),
        settings,
        resources: limits,
        args: common.args,
        env: common.env.into_iter().map(|(k, v)| (k.to_string(), v)).collect(),
        config: common.config,
        span: own.filter(|_| mentioned),
        spec: spec.clone(),
        name: part.name,
        kind: part.kind,
        key: part.key,
    }
}

/// The image with its tag, re-homed; nothing where it is mcpmon's own.
fn image(
    document: &Document,
    part: &Part,
    spec: &Spec,
    common: &Common,
    found: &mut Vec<Diagnostic>,
) -> Option<String> {
    let key = |key: &str| document.locate(&["components".into(), (&part.key).into(), key.into()]);
    let Some(image) = common.image.clone().or_else(|| spec.image.clone()) else {
        if common.version.is_some() {
            found.push(
                Diagnostic::error(key("version"), format!("`{}` runs from mcpmon's own image, which has no other version", part.kind))
                    .help("remove `version`, or name an image of your own beside it: `image: registry.example.org/mcpmon`"),
            );
        }
        return None;
    };
    let tagged = image.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
    if tagged {
        found.push(
            Diagnostic::error(key("image"), format!("`{image}` holds a tag"))
                .help("write the tag under `version:` and the rest under `image:`"),
        );
    } else if !is_image_path(&image) {
        found.push(
            Diagnostic::error(key("image"), format!("`{image}` is not the name of an image")).help(
                "write it like `prom/prometheus` or `registry.example.org/mirror/prometheus`",
            ),
        );
    }
    let Some(version) = common.version.as_deref().or(spec.version.as_deref()) else {
        found.push(
            Diagnostic::error(key("image"), format!("`{image}` has no version"))
                .help("write the tag beside it: `version: \"1.4\"`"),
        );
        return None;
    };
    let written_for = spec.version.as_deref().unwrap_or("1.4");
    if version == "latest" {
        found.push(
            Diagnostic::warning(key("version"), "`latest` is another program tomorrow")
                .help(format!("name a version; this mcpmon was written for {written_for}")),
        );
    }
    if !is_tag(version) {
        found.push(
            Diagnostic::error(key("version"), format!("`{version}` is not an image's tag"))
                .help(format!("write it like `{written_for}`")),
        );
    }
    Some(rehome(document.manifest.registry.as_deref(), &format!("{image}:{version}")))
}

/// The same image in another registry: `quay.io/a/b:1` in `mirror.example.org/x` is
/// `mirror.example.org/x/a/b:1`.
pub fn rehome(registry: Option<&str>, image: &str) -> String {
    let Some(registry) = registry else { return image.to_owned() };
    let own_host = image
        .split_once('/')
        .filter(|(host, _)| host.contains('.') || host.contains(':') || *host == "localhost");
    let path = own_host.map_or(image, |(_, path)| path);
    format!("{}/{path}", registry.trim_end_matches('/'))
}

/// Those that others wait for come first; else by name.
fn in_start_order(mut parts: IndexMap<String, Component>) -> IndexMap<String, Component> {
    let mut ordered: IndexMap<String, Component> = IndexMap::new();
    while !parts.is_empty() {
        let next = parts
            .iter()
            .position(|(_, part)| part.spec.after.iter().all(|name| !parts.contains_key(name)))
            // A circle of `after:` starts by name; the catalog's own test forbids one.
            .unwrap_or(0);
        if let Some((name, part)) = parts.shift_remove_index(next) {
            ordered.insert(name, part);
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::rehome;

    #[test]
    fn a_registry_replaces_the_images_own() {
        let mirror = Some("mirror.example.org/x/");
        assert_eq!(rehome(mirror, "quay.io/a/b:1"), "mirror.example.org/x/a/b:1");
        assert_eq!(rehome(mirror, "prom/prometheus:v3"), "mirror.example.org/x/prom/prometheus:v3");
        assert_eq!(rehome(mirror, "localhost:5000/a:1"), "mirror.example.org/x/a:1");
        assert_eq!(rehome(None, "redis:8"), "redis:8");
    }
}
