//! The manifest's `components:` and the folders' defaults → [`Component`]s.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::{Component, Limits, SecretFile};
use crate::catalog::{Catalog, Setting, SettingType, Spec};
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{ByteSize, COMMON_SETTINGS, Common, Document, Duration, SecretRef};
use crate::yaml::{self, Node, Value};

/// Memory limit of a component whose folder names none.
const MEMORY: u64 = 256 << 20;
/// Process limit of a component whose folder names none.
const PIDS: i64 = 256;

/// Resolves every component that is part of the stack, in start order.
pub fn resolve(
    document: &Document,
    catalog: &Catalog,
    probed: bool,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> IndexMap<String, Component> {
    let manifest = &document.manifest;
    for name in manifest.components.keys().filter(|n| catalog.get(n).is_none()) {
        let span = document.locate_key(&["components".into(), name.into()]);
        found.push(
            Diagnostic::error(span, format!("unknown component `{name}`"))
                .help(suggest(name, catalog.names())),
        );
    }
    let mut parts = IndexMap::new();
    let mut commons = IndexMap::new();
    for (name, spec) in catalog.components() {
        let empty = Node::empty_map();
        let node = manifest.components.get(name).unwrap_or(&empty);
        match common(node, spec) {
            Ok(common) => _ = commons.insert(name.clone(), common),
            Err(problem) => found.push(problem),
        }
    }
    let on: Map<String, Json> =
        commons.iter().map(|(name, c)| (name.clone(), json!(c.enabled != Some(false)))).collect();
    let context = json!({"stack": {"collector": manifest.collector, "probed": probed}, "on": on});
    for (name, common) in commons {
        let Some(spec) = catalog.get(&name) else { continue };
        let enabled = common.enabled.unwrap_or_else(|| {
            // The expression ships with the folder; one that fails is reported by its own check.
            match crate::render::evaluate(&spec.enabled, &context) {
                Ok(value) => value,
                Err(error) => {
                    found.push(Diagnostic::general(format!(
                        "{name}/component.yaml: enabled: {error:#}"
                    )));
                    false
                }
            }
        });
        if !enabled {
            continue;
        }
        let node = manifest.components.get(&name);
        let settings = settings(document, &name, spec, node, secrets, found);
        parts.insert(name.clone(), component(document, name, spec, common, node, settings, found));
    }
    in_start_order(parts)
}

/// The keys that every component takes.
fn common(node: &Node, spec: &Spec) -> Result<Common, Diagnostic> {
    let mut general = Node { span: node.span, value: Value::Map(yaml::Map::new()) };
    let Some(map) = node.as_map() else {
        return match node.value {
            Value::Null => Ok(Common::default()),
            _ => Err(Diagnostic::error(node.span, "a component is a map of settings")
                .help("write it like `{port: 9090}`; to leave it out write `{enabled: false}`")),
        };
    };
    let mut config = None;
    for (key, entry) in map {
        if key == "config" {
            config = Some(entry.node.clone());
        } else if COMMON_SETTINGS.contains(&key.as_str()) {
            if let Some(general) = general.as_map_mut() {
                general.insert(key.clone(), entry.clone());
            }
        } else if !spec.settings.contains_key(key) {
            let known =
                COMMON_SETTINGS.iter().copied().chain(spec.settings.keys().map(String::as_str));
            return Err(Diagnostic::error(entry.key, format!("unknown key `{key}`"))
                .help(suggest(key, known)));
        }
    }
    let mut common: Common = yaml::from_node(&general)?;
    common.config = config;
    Ok(common)
}

/// The component's own settings, with defaults and with secrets as paths.
fn settings(
    document: &Document,
    name: &str,
    spec: &Spec,
    node: Option<&Node>,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> Map<String, Json> {
    let mut settings = Map::new();
    for (key, setting) in &spec.settings {
        let entry = node.and_then(Node::as_map).and_then(|map| map.get(key));
        let value = match entry {
            Some(entry) => {
                if setting.kind == SettingType::Secret {
                    if let Ok(source) = yaml::from_node::<SecretRef>(&entry.node) {
                        let (component, path) = (name.to_owned(), format!("secrets/{key}"));
                        secrets.push(SecretFile { component, path, source, span: Some(entry.key) });
                    }
                }
                value(setting, key, &entry.node).unwrap_or_else(|problem| {
                    found.push(problem);
                    Json::Null
                })
            }
            None => {
                if setting.required {
                    let path = ["components".into(), name.into()];
                    let span = document.locate_key(&path);
                    let example = match setting.kind {
                        SettingType::Secret => "{file: secrets/NAME}",
                        _ => "…",
                    };
                    found.push(
                        Diagnostic::error(span, format!("`components.{name}.{key}` is missing"))
                            .help(format!(
                                "write `components: {{{name}: {{{key}: {example}}}}}`: {}",
                                setting.description
                            )),
                    );
                }
                setting.default.clone().unwrap_or(Json::Null)
            }
        };
        settings.insert(key.clone(), value);
    }
    settings
}

/// One setting as templates read it.
fn value(setting: &Setting, key: &str, node: &Node) -> Result<Json, Diagnostic> {
    let wrong =
        |expected: &str| Diagnostic::error(node.span, format!("`{key}` must be {expected}"));
    Ok(match setting.kind {
        SettingType::Duration => json!(yaml::from_node::<Duration>(node)?),
        SettingType::Size => json!(yaml::from_node::<ByteSize>(node)?.bytes()),
        SettingType::Text => json!(yaml::from_node::<String>(node)?),
        SettingType::Number => json!(yaml::from_node::<f64>(node)?),
        SettingType::Bool => json!(yaml::from_node::<bool>(node)?),
        SettingType::List if matches!(node.value, Value::List(_)) => node.to_json(),
        SettingType::List => return Err(wrong("a list")),
        SettingType::Map if matches!(node.value, Value::Map(_)) => node.to_json(),
        SettingType::Map => return Err(wrong("a map")),
        SettingType::Secret => {
            yaml::from_node::<SecretRef>(node)?;
            json!(format!("secrets/{key}"))
        }
    })
}

fn component(
    document: &Document,
    name: String,
    spec: &Spec,
    common: Common,
    node: Option<&Node>,
    settings: Map<String, Json>,
    found: &mut Vec<Diagnostic>,
) -> Component {
    let key = |key: &str| document.locate(&["components".into(), (&name).into(), key.into()]);
    let image = common.image.clone().unwrap_or_else(|| spec.image.clone());
    let tagged =
        image.rsplit('/').next().is_some_and(|last| last.contains(':') || last.contains('@'));
    if tagged {
        found.push(
            Diagnostic::error(key("image"), format!("`{image}` holds a tag"))
                .help("write the tag under `version:` and the rest under `image:`"),
        );
    }
    if let Some(port) = common.port.filter(|p| *p == 0) {
        found.push(Diagnostic::error(key("port"), format!("{port} is not a port")).help(
            "write a number from 1 to 65535, or leave `port` out and the engine takes a free one",
        ));
    }
    let version = common.version.as_deref().unwrap_or(&spec.version);
    if version == "latest" {
        found.push(
            Diagnostic::warning(key("version"), "`latest` is another program tomorrow")
                .help(format!("name a version; this mcpmon was written for {}", spec.version)),
        );
    }
    let limits = Limits {
        memory: common.resources.memory.or(spec.resources.memory).map_or(MEMORY, ByteSize::bytes),
        cpus: common.resources.cpus.or(spec.resources.cpus),
        pids: common.resources.pids.or(spec.resources.pids).unwrap_or(PIDS),
    };
    Component {
        image: rehome(document.manifest.registry.as_deref(), &format!("{image}:{version}")),
        host_port: common.port.or(spec.publish),
        host_address: common.address.unwrap_or_else(|| "127.0.0.1".to_owned()),
        settings,
        resources: limits,
        args: common.args,
        env: common.env.into_iter().map(|(k, v)| (k.to_string(), v)).collect(),
        config: common.config,
        span: node.and_then(|_| document.locate_key(&["components".into(), (&name).into()])),
        spec: spec.clone(),
        name,
    }
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
