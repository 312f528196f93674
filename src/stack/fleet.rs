//! Services with `mcp:` → what the agent asks, and the targets under which Prometheus asks the agent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::SecretFile;
use super::targets::{Target, labels};
use crate::diagnostic::Diagnostic;
use crate::hex::hex;
use crate::manifest::{Auth, Document, EnvValue, McpServer, Name, Pace, ProbeDefaults, SecretRef};
use crate::mcp::report::word;
use crate::mcp::target::{Depth, Protocol};

/// The component that asks.
pub const AGENT: &str = "agent";
/// The job under which Prometheus asks it.
pub const JOB: &str = "mcp";

/// The dialect of services that say nothing of themselves: what the agent found out.
pub const DIALECT: &str = "probe";

/// One service that the agent asks.
#[derive(Clone, Debug)]
pub struct Probed {
    /// Its name.
    pub name: String,
    /// Its URL, or `stdio:` and its name.
    pub instance: String,
    /// Whether it is a program that the agent starts.
    pub is_program: bool,
    /// What the agent is told, in the words of its configuration; secrets are paths.
    pub entry: Json,
}

/// All services that the agent asks.
#[derive(Default)]
pub struct Fleet {
    /// What the agent asks.
    pub services: Vec<Probed>,
    /// How Prometheus asks it.
    pub targets: Vec<Target>,
}

/// Resolves every service with `mcp:`.
pub fn resolve(
    document: &Document,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> Fleet {
    let defaults = &document.manifest.defaults.probe;
    let usual = Pace::usual(defaults);
    for mistake in usual.mistakes() {
        let path = ["defaults".into(), "probe".into(), mistake.path.concat().as_str().into()];
        found.push(Diagnostic::error(document.locate(&path), mistake.message).help(mistake.help));
    }
    let mut fleet = Fleet::default();
    let mut files = BTreeSet::new();
    for (name, service) in &document.manifest.services {
        let Some(server) = service.mcp.as_ref().map(|mcp| &mcp.0) else { continue };
        for mistake in server.mistakes(defaults) {
            let mut path = vec!["services".into(), name.as_str().into(), "mcp".into()];
            path.extend(mistake.path.iter().map(|key| key.as_str().into()));
            let problem = Diagnostic::error(document.locate(&path), mistake.message);
            found.push(Diagnostic { secret: mistake.secret, ..problem.help(mistake.help) });
        }
        let span = document.locate_key(&["services".into(), name.as_str().into(), "mcp".into()]);
        for source in server.secrets() {
            let path = secret_path(source);
            // Services that show the same token share a file.
            if files.insert(path.clone()) {
                secrets.push(SecretFile {
                    component: AGENT.to_owned(),
                    path,
                    source: source.clone(),
                    span,
                });
            }
        }
        let pace = server.pace(defaults);
        let instance = server.instance(name.as_str());
        let mut labels = labels(document, name, service);
        // Of a service that counts for itself, what it counts is worth more.
        if service.metrics.is_none() && !service.is_demo() {
            labels.insert("dialect".to_owned(), DIALECT.to_owned());
        }
        labels.insert("__param_module".to_owned(), word(&pace.depth));
        if pace.interval != usual.interval {
            labels.insert("__scrape_interval__".to_owned(), pace.interval.to_string());
        }
        if pace.timeout != usual.timeout {
            labels.insert("__scrape_timeout__".to_owned(), pace.timeout.to_string());
        }
        fleet.targets.push(Target { address: instance.clone(), labels });
        fleet.services.push(Probed {
            name: name.to_string(),
            instance,
            is_program: server.url.is_none() && !server.command.is_empty(),
            entry: entry(server, pace),
        });
    }
    fleet
}

/// A path that says where the secret comes from, and differs where that does.
fn secret_path(source: &SecretRef) -> String {
    let (kind, text) = match source {
        SecretRef::Env(name) => ("env", name.as_str()),
        SecretRef::File(path) => ("file", path.as_str()),
    };
    let slug = Name::from_any(text.rsplit('/').next().unwrap_or(text));
    let digest = hex(&Sha256::digest(format!("{kind}:{text}").as_bytes()));
    format!("secrets/{slug}-{}", digest.get(..8).unwrap_or_default())
}

/// The service in the words of the agent's configuration, which are those of the manifest. What is as
/// usual is left out.
fn entry(server: &McpServer, pace: Pace) -> Json {
    let secret = |source: &SecretRef| json!({"file": secret_path(source)});
    let mut entry = Map::new();
    let mut set = |key: &str, value: Json| entry.insert(key.to_owned(), value);
    if let Some(url) = &server.url {
        set("url", json!(url));
    }
    if !server.command.is_empty() {
        set("command", json!(server.command));
    }
    if !server.env.is_empty() {
        let env: BTreeMap<&str, Json> = server
            .env
            .iter()
            .map(|(name, value)| match value {
                EnvValue::Text(text) => (name.as_str(), json!(text)),
                EnvValue::Secret(source) => (name.as_str(), secret(source)),
            })
            .collect();
        set("env", json!(env));
    }
    if let Some(dir) = &server.dir {
        set("dir", json!(dir));
    }
    match &server.auth {
        None => {}
        Some(Auth::Bearer(token)) => _ = set("auth", json!({"bearer": secret(token)})),
        Some(Auth::Basic { username, password }) => {
            let basic = json!({"username": username, "password": secret(password)});
            set("auth", json!({"basic": basic}));
        }
        Some(Auth::Header { name, value }) => {
            set("auth", json!({"header": {"name": name, "value": secret(value)}}));
        }
    }
    if let Some(tls) = &server.tls {
        let mut config = Map::new();
        if let Some(ca) = &tls.ca {
            config.insert("ca".to_owned(), secret(ca));
        }
        if let Some(name) = &tls.server_name {
            config.insert("server_name".to_owned(), json!(name));
        }
        if tls.insecure_skip_verify {
            config.insert("insecure_skip_verify".to_owned(), json!(true));
        }
        set("tls", Json::Object(config));
    }
    if let Some(host) = &server.host_header {
        set("host_header", json!(host));
    }
    if server.protocol != Protocol::default() {
        set("protocol", json!(server.protocol));
    }
    if pace.depth != Depth::default() {
        set("depth", json!(pace.depth));
    }
    if pace.timeout != Pace::usual(&ProbeDefaults::default()).timeout {
        set("timeout", json!(pace.timeout));
    }
    if !server.expect_tools.is_empty() {
        set("expect_tools", json!(server.expect_tools));
    }
    if server.accept_auth_challenge {
        set("accept_auth_challenge", json!(true));
    }
    Json::Object(entry)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::assets::Assets;
    use crate::catalog::Catalog;
    use crate::manifest;

    /// What a service counts for itself and what the agent finds out are never the same series.
    #[test]
    fn only_services_without_metrics_speak_the_dialect_of_probes() {
        let text = "name: x\ncomponents: {grafana: {enabled: false}}\nservices:\n  counted: {mcp: \"http://a:1/mcp\", metrics: \"http://a:1/metrics\", dialect: mcp}\n  silent: {mcp: \"http://b:1/mcp\", dialect: fastapi}\n";
        let document = manifest::load_text("mcpmon.yaml", text, Path::new("")).unwrap();
        let catalog = Catalog::load(Assets::shipped()).unwrap();
        let stack = super::super::resolve(&document, &catalog).unwrap().stack;
        let job = stack.jobs.iter().find(|job| job.name == JOB).unwrap();
        let spoken = |target: &Target| {
            let label = |name: &str| target.labels.get(name).cloned();
            (label("service"), label("dialect"))
        };
        let spoken: Vec<_> = job.targets.iter().map(spoken).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(spoken, [(some("counted"), None), (some("silent"), some(DIALECT))]);
        assert_eq!(stack.dialects, ["mcp", DIALECT].map(str::to_owned).into());
    }
}
