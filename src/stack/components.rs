//! The manifest's `components:` and the folders' defaults → [`Component`]s.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::{Component, LIVE, Limits, SecretFile};
use crate::catalog::{Catalog, Setting, SettingType, Spec};
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{
    AlertLabel, ByteSize, COMMON_SETTINGS, Common, Document, Duration, SecretRef, is_image_path,
    is_tag,
};
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
        commons.insert(name.clone(), common(node, spec, found));
    }
    let on: Map<String, Json> =
        commons.iter().map(|(name, c)| (name.clone(), json!(c.enabled != Some(false)))).collect();
    let stack = json!({"collector": manifest.collector, "probed": probed});
    for (name, common) in commons {
        let Some(spec) = catalog.get(&name) else { continue };
        let mentioned = manifest.components.contains_key(&name);
        let context = json!({"stack": stack, "on": on, "mentioned": mentioned});
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
        for (file, source) in &common.secrets {
            let place =
                ["components".into(), (&name).into(), "secrets".into(), file.as_str().into()];
            secrets.push(SecretFile {
                component: name.clone(),
                path: format!("secrets/{file}"),
                source: source.clone(),
                span: document.locate_key(&place),
            });
        }
        parts.insert(name.clone(), component(document, name, spec, common, node, settings, found));
    }
    in_start_order(parts)
}

/// The keys that every component takes. Several mistakes in one component are all found.
fn common(node: &Node, spec: &Spec, found: &mut Vec<Diagnostic>) -> Common {
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
            found.push(
                Diagnostic::error(entry.key, format!("unknown key `{key}`"))
                    .help(suggest(key, known)),
            );
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

/// Keys whose values are credentials in the files of Prometheus, Alertmanager, Loki and Promtail.
const CREDENTIALS: [&str; 14] = [
    "password",
    "bearer_token",
    "credentials",
    "client_secret",
    "secret",
    "secret_key",
    "secret_access_key",
    "routing_key",
    "service_key",
    "api_key",
    "auth_token",
    "smtp_auth_password",
    "slack_api_url",
    "opsgenie_api_key",
];

/// Credentials that stand in the manifest itself.
fn literal_secrets(node: &Node, found: &mut Vec<Diagnostic>) {
    match &node.value {
        Value::List(list) => list.iter().for_each(|item| literal_secrets(item, found)),
        Value::Map(map) => {
            for (key, entry) in map {
                let is_text = matches!(entry.node.value, Value::String(_) | Value::Number(_));
                if is_text && CREDENTIALS.contains(&key.as_str()) {
                    let mut problem = Diagnostic::error(
                        entry.node.span,
                        "a secret must not stand in the manifest",
                    )
                    .help(format!(
                        "declare it as `secrets: {{store: {{file: secrets/store}}}}` of the component and write `{key}_file: {LIVE}secrets/store`"
                    ));
                    problem.secret = true;
                    found.push(problem);
                } else {
                    literal_secrets(&entry.node, found);
                }
            }
        }
        _ => {}
    }
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
        let value = if let Some(entry) = entry {
            if setting.kind == SettingType::Secret
                && let Ok(source) = yaml::from_node::<SecretRef>(&entry.node)
            {
                secrets.push(secret_file(name, key, source, Some(entry.key)));
            }
            literal_secrets(&entry.node, found);
            value(setting, key, &entry.node).unwrap_or_else(|problem| {
                found.push(problem);
                Json::Null
            })
        } else {
            // A component that is no map at all was complained about already.
            let readable = node.is_none_or(|n| matches!(n.value, Value::Map(_) | Value::Null));
            if setting.required && readable {
                let path = ["components".into(), name.into()];
                let span = document.locate_key(&path);
                let example = match setting.kind {
                    SettingType::Secret => "{file: secrets/NAME}",
                    _ => "…",
                };
                found.push(
                    Diagnostic::error(span, format!("`components.{name}.{key}` is missing")).help(
                        format!(
                            "write `components: {{{name}: {{{key}: {example}}}}}`: {}",
                            setting.description
                        ),
                    ),
                );
            }
            match (&setting.default, setting.kind) {
                (Some(default), SettingType::Secret) => {
                    let place = document.locate_key(&["components".into(), name.into()]);
                    if let Ok(source) = serde_json::from_value::<SecretRef>(default.clone()) {
                        secrets.push(secret_file(name, key, source, place));
                    }
                    json!(format!("secrets/{key}"))
                }
                (default, _) => default.clone().unwrap_or(Json::Null),
            }
        };
        settings.insert(key.clone(), value);
    }
    settings
}

fn secret_file(
    component: &str,
    key: &str,
    source: SecretRef,
    span: Option<yaml::Span>,
) -> SecretFile {
    SecretFile { component: component.to_owned(), path: format!("secrets/{key}"), source, span }
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
        SettingType::Port => {
            let port = yaml::from_node::<u16>(node)?;
            if port == 0 {
                return Err(wrong("a number from 1 to 65535"));
            }
            json!(port)
        }
        SettingType::Bool => json!(yaml::from_node::<bool>(node)?),
        SettingType::List if matches!(node.value, Value::List(_)) => node.to_json(),
        SettingType::List => return Err(wrong("a list")),
        SettingType::Map if matches!(node.value, Value::Map(_)) => node.to_json(),
        SettingType::Map => return Err(wrong("a map")),
        SettingType::Labels => {
            if let Some(entry) = node.as_map().and_then(|map| map.get("stack")) {
                return Err(Diagnostic::error(entry.key, "the label `stack` is set by mcpmon")
                    .help("choose another name; its value is the manifest's `name`"));
            }
            json!(yaml::from_node::<IndexMap<AlertLabel, String>>(node)?)
        }
        SettingType::Path => {
            let path = yaml::from_node::<String>(node)?;
            if !path.starts_with('/') || path.contains(':') {
                return Err(wrong("an absolute path on the host"));
            }
            json!(path)
        }
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
    if !is_tag(version) {
        found.push(
            Diagnostic::error(key("version"), format!("`{version}` is not an image's tag"))
                .help(format!("write it like `{}`", spec.version)),
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
