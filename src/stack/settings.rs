//! What a component's folder lets the manifest set, checked against the folder's types.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::checks::leads_to_itself;
use super::{LIVE, SecretFile, remote_write};
use crate::catalog::{Setting, SettingType, Spec};
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{Address, AlertLabel, ByteSize, Document, Duration, SecretRef, Url};
use crate::yaml::{self, Node, Value};

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
pub fn literal_secrets(node: &Node, found: &mut Vec<Diagnostic>) {
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

/// The component's own settings, with defaults and with secrets as paths. `key` is what the manifest
/// calls the component, `name` what its container is called.
pub fn resolve(
    document: &Document,
    key: &str,
    name: &str,
    spec: &Spec,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> Map<String, Json> {
    let part = key;
    let node = document.manifest.components.get(part);
    let mut settings = Map::new();
    for (key, setting) in &spec.settings {
        let entry = node.and_then(Node::as_map).and_then(|map| map.get(key));
        let value =
            if let Some(entry) = entry.filter(|_| setting.kind == SettingType::RemoteWrite) {
                remote_write::resolve(name, &entry.node, secrets, found)
            } else if let Some(entry) = entry {
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
                    let path = ["components".into(), part.into()];
                    let span = document.locate_key(&path);
                    let example = match setting.kind {
                        SettingType::Secret => "{file: secrets/NAME}".to_owned(),
                        SettingType::Address => "NAME:PORT".to_owned(),
                        _ => setting.values.first().cloned().unwrap_or_else(|| "…".to_owned()),
                    };
                    found.push(
                        Diagnostic::error(span, format!("`components.{part}.{key}` is missing"))
                            .help(format!(
                                "write `components: {{{part}: {{{key}: {example}}}}}`: {}",
                                setting.description
                            )),
                    );
                }
                match (&setting.default, setting.kind) {
                    (Some(default), SettingType::Secret) => {
                        let place = document.locate_key(&["components".into(), part.into()]);
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
        SettingType::Text => {
            let text = yaml::from_node::<String>(node)?;
            if !setting.values.is_empty() && !setting.values.contains(&text) {
                let known = setting.values.iter().map(String::as_str);
                return Err(Diagnostic::error(node.span, format!("unknown value `{text}`"))
                    .help(suggest(&text, known)));
            }
            json!(text)
        }
        SettingType::Address => {
            let address = yaml::from_node::<Address>(node)?;
            match leads_to_itself(address.host(), &address.to_string(), || Some(node.span)) {
                Some(problem) => return Err(problem),
                None => json!(address),
            }
        }
        SettingType::Url => {
            let url = yaml::from_node::<Url>(node)?;
            match leads_to_itself(url.host(), &url.to_string(), || Some(node.span)) {
                Some(problem) => return Err(problem),
                None => json!(url),
            }
        }
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
        SettingType::List | SettingType::RemoteWrite => return Err(wrong("a list")),
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
