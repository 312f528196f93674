//! What is asked from outside → targets, and the blackbox exporter's modules.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::checks::leads_to_itself;
use super::targets::{Target, pace};
use super::{LIVE, SecretFile};
use crate::diagnostic::Diagnostic;
use crate::hex::hex;
use crate::manifest::{Auth, Document, HttpAnswer, Name, Probe, SecretRef, TlsAnswer};
use crate::yaml::Span;

/// All probes. Those that ask in the same way share a module.
#[derive(Default)]
pub struct Probes {
    /// What is asked.
    pub targets: Vec<Target>,
    /// How it is asked, by the module's name.
    pub modules: BTreeMap<String, Json>,
}

/// Names of the modules that are there without any probe.
pub const TCP: &str = "tcp_connect";
const HTTP: &str = "http_2xx";
/// Where Docker answers the questions of a container for names.
const DOCKERS_DNS: &str = "127.0.0.11";

/// One probe on its way to a target.
struct Question {
    /// What the blackbox exporter is given as the target.
    target: String,
    /// The name of a module without options, or the beginning of one that has some.
    name: &'static str,
    /// The module, with secrets by their names.
    options: Json,
    /// Secrets that it needs, by name.
    secrets: Vec<(&'static str, SecretRef)>,
}

/// Resolves every probe.
pub fn resolve(
    document: &Document,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> Probes {
    let mut probes = Probes::default();
    for (name, probe) in &document.manifest.probes {
        let span = document.locate_key(&["probes".into(), name.as_str().into()]);
        let Some(question) = question(document, name, probe, span, found) else { continue };
        let module =
            probes.module(question.name, question.options, question.secrets, span, secrets);
        let mut labels = BTreeMap::new();
        for (label, value) in document.manifest.defaults.labels.iter().chain(&probe.labels) {
            labels.insert(label.to_string(), value.clone());
        }
        for label in ["probe", "module"].iter().filter(|l| labels.contains_key(**l)) {
            let own = ["probes".into(), name.as_str().into(), "labels".into(), (*label).into()];
            found.push(
                Diagnostic::error(
                    document.locate_key(&own),
                    format!("the label `{label}` of a probe is set by mcpmon"),
                )
                .help("choose another name"),
            );
        }
        labels.insert("probe".to_owned(), name.to_string());
        labels.insert("group".to_owned(), probe.group.to_string());
        labels.insert("module".to_owned(), module);
        pace(document, &probe.scrape, &mut labels);
        probes.targets.push(Target { address: question.target, labels });
    }
    probes
}

/// What is asked and how; nothing if the probe does not say it.
fn question(
    document: &Document,
    name: &Name,
    probe: &Probe,
    span: Option<Span>,
    found: &mut Vec<Diagnostic>,
) -> Option<Question> {
    let plain =
        |target: String, name, options| Question { target, name, options, secrets: Vec::new() };
    let mut questions = Vec::new();
    if let Some(http) = &probe.http {
        questions.push(("http", http.0.url.host().to_owned(), http_question(&http.0)));
    }
    if let Some(address) = &probe.tcp {
        let options = json!({"prober": "tcp", "tcp": {"preferred_ip_protocol": "ip4"}});
        questions.push((
            "tcp",
            address.host().to_owned(),
            plain(address.to_string(), TCP, options),
        ));
    }
    if let Some(host) = &probe.icmp {
        let options = json!({"prober": "icmp", "icmp": {"preferred_ip_protocol": "ip4"}});
        // A literal address stands in brackets only where a port follows.
        let target = host.as_str().trim_matches(['[', ']']).to_owned();
        questions.push(("icmp", host.to_string(), plain(target, "icmp", options)));
    }
    if let Some(dns) = &probe.dns {
        let options = json!({"prober": "dns", "dns": {
            "query_name": dns.name, "query_type": dns.kind, "preferred_ip_protocol": "ip4",
            // An answer without a record is none.
            "validate_answer_rrs": {"fail_if_none_matches_regexp": [".+"]},
        }});
        let host = dns.server.host().to_owned();
        questions.push(("dns", host, plain(dns.server.to_string(), "dns", options)));
    }
    if let Some(tls) = &probe.tls {
        questions.push(("tls", tls.0.address.host().to_owned(), tls_question(&tls.0)));
    }
    let count = questions.len();
    let Some((kind, host, question)) = questions.pop().filter(|_| count == 1) else {
        found.push(
            Diagnostic::error(span, format!("`probes.{name}` needs exactly one of `http`, `tcp`, `icmp`, `dns` and `tls`"))
                .help(format!("write `{name}: {{http: \"https://example.org/\"}}`, and a probe of its own for each other question")),
        );
        return None;
    };
    if kind == "dns" && host == DOCKERS_DNS {
        return Some(question);
    }
    found.extend(leads_to_itself(&host, &question.target, || {
        let field = match kind {
            "http" => "url",
            "dns" => "server",
            _ => "address",
        };
        document.locate(&["probes".into(), name.as_str().into(), kind.into(), field.into()])
    }));
    Some(question)
}

fn http_question(http: &HttpAnswer) -> Question {
    let mut options = json!({"preferred_ip_protocol": "ip4"});
    if http.method != crate::manifest::Method::Get {
        options["method"] = json!(http.method);
    }
    if !http.status.is_empty() {
        options["valid_status_codes"] = json!(http.status);
    }
    if let Some(body) = &http.body {
        options["fail_if_body_not_matches_regexp"] = json!([body]);
    }
    let mut secrets = Vec::new();
    match &http.auth {
        None => {}
        Some(Auth::Bearer(token)) => {
            options["authorization"] = json!({"credentials_file": "auth"});
            secrets.push(("auth", token.clone()));
        }
        Some(Auth::Basic { username, password }) => {
            options["basic_auth"] = json!({"username": username, "password_file": "auth"});
            secrets.push(("auth", password.clone()));
        }
        Some(Auth::Header { name, value }) => {
            options["http_headers"] = json!({name.as_str(): {"files": ["auth"]}});
            secrets.push(("auth", value.clone()));
        }
    }
    if let Some(tls) = &http.tls {
        let (ca, config) =
            tls_config(tls.ca.as_ref(), tls.server_name.as_deref(), tls.insecure_skip_verify);
        secrets.extend(ca);
        options["tls_config"] = config;
    }
    let options = json!({"prober": "http", "http": options});
    Question { target: http.url.to_string(), name: HTTP, options, secrets }
}

fn tls_question(tls: &TlsAnswer) -> Question {
    let (ca, config) =
        tls_config(tls.ca.as_ref(), tls.server_name.as_deref(), tls.insecure_skip_verify);
    let mut options = json!({"preferred_ip_protocol": "ip4", "tls": true});
    if config != json!({}) {
        options["tls_config"] = config;
    }
    let options = json!({"prober": "tcp", "tcp": options});
    let secrets = ca.into_iter().collect();
    Question { target: tls.address.to_string(), name: "tls_connect", options, secrets }
}

fn tls_config(
    ca: Option<&SecretRef>,
    server_name: Option<&str>,
    insecure: bool,
) -> (Option<(&'static str, SecretRef)>, Json) {
    let mut config = json!({});
    if ca.is_some() {
        config["ca_file"] = json!("ca");
    }
    if let Some(name) = server_name {
        config["server_name"] = json!(name);
    }
    if insecure {
        config["insecure_skip_verify"] = json!(true);
    }
    (ca.map(|source| ("ca", source.clone())), config)
}

impl Probes {
    /// The module that asks so; made if there is none yet. One without options has a name that says
    /// all; any other one's name comes from its options, so that it stays the same beside others.
    fn module(
        &mut self,
        name: &str,
        mut options: Json,
        sources: Vec<(&'static str, SecretRef)>,
        span: Option<Span>,
        secrets: &mut Vec<SecretFile>,
    ) -> String {
        let bare = match name {
            TCP | "icmp" => true,
            HTTP => options["http"] == json!({"preferred_ip_protocol": "ip4"}),
            "tls_connect" => options["tcp"].get("tls_config").is_none(),
            _ => false,
        };
        let module = if bare {
            name.to_owned()
        } else {
            let kind = name.split('_').next().unwrap_or(name);
            let facts = json!([options, sources]).to_string();
            let digest = hex(&Sha256::digest(facts.as_bytes()));
            format!("{kind}_{}", digest.get(..8).unwrap_or_default())
        };
        if !self.modules.contains_key(&module) {
            for (what, source) in sources {
                let path = format!("secrets/{module}-{what}");
                place(&mut options, what, &format!("{LIVE}{path}"));
                let component = "blackbox-exporter".to_owned();
                secrets.push(SecretFile { component, path, source, span });
            }
            self.modules.insert(module.clone(), options);
        }
        module
    }
}

/// Writes a secret's path where its name stands, under a key that takes files.
fn place(options: &mut Json, what: &str, path: &str) {
    match options {
        Json::Object(map) => {
            for (key, value) in map {
                if key.ends_with("_file") && value == what {
                    *value = json!(path);
                } else if key == "files" && value.is_array() {
                    *value = json!([path]);
                } else {
                    place(value, what, path);
                }
            }
        }
        Json::Array(list) => list.iter_mut().for_each(|value| place(value, what, path)),
        _ => {}
    }
}
