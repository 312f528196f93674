//! `remote_write`: entries as Prometheus has them, and presets that become such.

use serde_json::{Map, Value as Json, json};

use super::SecretFile;
use super::settings::literal_secrets;
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{PRESETS, Preset, SecretRef, Url};
use crate::yaml::{Node, Value};

/// Keys of Prometheus that may stand beside a preset's own.
const BESIDE: [&str; 8] = [
    "name",
    "remote_timeout",
    "write_relabel_configs",
    "queue_config",
    "metadata_config",
    "send_exemplars",
    "send_native_histograms",
    "tls_config",
];

/// The list as Prometheus reads it, with secrets as paths.
pub fn resolve(
    component: &str,
    node: &Node,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> Json {
    let Value::List(list) = &node.value else {
        found.push(
            Diagnostic::error(node.span, "`remote_write` must be a list")
                .help("write it like `remote_write: [{preset: mimir, url: \"http://mimir:9009/api/v1/push\"}]`"),
        );
        return json!([]);
    };
    let mut entries = Vec::new();
    for (index, entry) in list.iter().enumerate() {
        let rendered = match entry.get("preset") {
            None => raw(entry, found),
            Some(name) => {
                let mut keep = |source: &SecretRef| {
                    let path = format!("secrets/remote-write-{}", index + 1);
                    secrets.push(SecretFile {
                        component: component.to_owned(),
                        path: path.clone(),
                        source: source.clone(),
                        span: Some(entry.span),
                    });
                    path
                };
                preset(name, entry, &mut keep, found)
            }
        };
        if !rendered.is_null() {
            entries.push(rendered);
        }
    }
    json!(entries)
}

/// An entry that is Prometheus' own.
fn raw(entry: &Node, found: &mut Vec<Diagnostic>) -> Json {
    if !matches!(entry.value, Value::Map(_)) {
        found.push(Diagnostic::error(entry.span, "an entry of `remote_write` is a map").help(
            format!(
                "write it as Prometheus has it, or with `preset:` and one of {}",
                PRESETS.join(", ")
            ),
        ));
        return Json::Null;
    }
    literal_secrets(entry, found);
    if let Some(node) = entry.get("url")
        && let Some(Ok(url)) = node.as_str().map(Url::parse)
    {
        datadog(&url, node, found);
    }
    entry.to_json()
}

fn preset(
    name: &Node,
    entry: &Node,
    keep: &mut dyn FnMut(&SecretRef) -> String,
    found: &mut Vec<Diagnostic>,
) -> Json {
    let mut own = entry.clone();
    let mut rendered = Map::new();
    if let Some(map) = own.as_map_mut() {
        map.shift_remove("preset");
        for key in BESIDE {
            rendered.extend(map.shift_remove(key).map(|e| {
                literal_secrets(&e.node, found);
                (key.to_owned(), e.node.to_json())
            }));
        }
    }
    let word = name.as_str().unwrap_or_default();
    let preset = match Preset::read(word, &own) {
        None => {
            found.push(
                Diagnostic::error(name.span, format!("there is no preset `{word}`"))
                    .help(suggest(word, PRESETS)),
            );
            return Json::Null;
        }
        Some(Err(error)) => {
            found.push(error.into());
            return Json::Null;
        }
        Some(Ok(preset)) => preset,
    };
    if let Some(node) = entry.get("url") {
        if datadog(preset.url(), node, found) {
            return Json::Null;
        }
        if !preset.url().path().ends_with(preset.path()) {
            found.push(
                Diagnostic::warning(node.span, format!("the address of `{word}` does not end in `{}`", preset.path()))
                    .help("samples are sent to exactly this address; any other path of the receiver refuses them"),
            );
        }
    }
    rendered.insert("url".to_owned(), json!(preset.url()));
    match preset {
        Preset::Amp(amp) => {
            let mut sigv4 = json!({"region": amp.region});
            for (key, value) in [("role_arn", amp.role_arn), ("profile", amp.profile)] {
                if let Some(value) = value {
                    sigv4[key] = json!(value);
                }
            }
            rendered.insert("sigv4".to_owned(), sigv4);
        }
        Preset::GrafanaCloud(cloud) => {
            let auth = json!({"username": cloud.username, "password_file": keep(&cloud.password)});
            rendered.insert("basic_auth".to_owned(), auth);
        }
        Preset::Mimir(mimir) => {
            if let Some(tenant) = mimir.tenant {
                rendered.insert("headers".to_owned(), json!({"X-Scope-OrgID": tenant}));
            }
            if mimir.username.is_some() || mimir.password.is_some() {
                let mut auth = json!({"username": mimir.username.unwrap_or_default()});
                if let Some(password) = &mimir.password {
                    auth["password_file"] = json!(keep(password));
                }
                rendered.insert("basic_auth".to_owned(), auth);
            }
        }
        Preset::Thanos(thanos) => {
            if let Some(tenant) = thanos.tenant {
                rendered.insert("headers".to_owned(), json!({"THANOS-TENANT": tenant}));
            }
        }
    }
    Json::Object(rendered)
}

/// Datadog takes no `remote_write`: whatever is sent there is refused.
fn datadog(url: &Url, node: &Node, found: &mut Vec<Diagnostic>) -> bool {
    let host = url.host();
    let known = ["datadoghq.com", "datadoghq.eu", "ddog-gov.com"];
    let theirs = known.iter().any(|d| host == *d || host.ends_with(&format!(".{d}")));
    if theirs {
        found.push(
            Diagnostic::error(node.span, "Datadog's API does not take Prometheus' `remote_write`")
                .help("let the Datadog Agent scrape (its OpenMetrics check), or write to an OpenTelemetry Collector with its `prometheusremotewrite` receiver and `datadog` exporter"),
        );
    }
    theirs
}
