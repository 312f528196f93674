//! Services → scrape targets and the jobs that read them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{SecretFile, Stack};
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{Auth, Document, Endpoint, Name, Scrape, SecretRef, Service, Tls};

/// A job that reads its targets from a file: one per class of credentials.
#[derive(Clone, Debug, Serialize)]
pub struct ScrapeJob {
    /// The job's name.
    pub name: String,
    /// The file with its targets, under the configuration folder.
    pub file: String,
    /// Credentials, with secrets as paths.
    pub auth: Option<JobAuth>,
    /// Prometheus' `tls_config`.
    pub tls: Option<Json>,
    /// The component that asks the targets on Prometheus' behalf.
    pub prober: Option<&'static str>,
    /// How often and how long each is asked, where that differs from the stack's own.
    pub pace: Option<JobPace>,
    /// The targets.
    #[serde(skip)]
    pub targets: Vec<Target>,
}

/// How often and how long the targets of a job are asked, as Prometheus durations.
#[derive(Clone, Debug, Serialize)]
pub struct JobPace {
    /// Time between two questions.
    pub interval: String,
    /// Longest time of one.
    pub timeout: String,
}

/// Credentials of a job, with secrets as paths.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobAuth {
    /// Path of the token.
    Bearer(String),
    /// User and path of the password.
    Basic {
        /// The user.
        username: String,
        /// Path of the password.
        password: String,
    },
    /// Header and path of its value.
    Header {
        /// The header's name.
        name: String,
        /// Path of its value.
        value: String,
    },
}

/// One target: an address and its labels.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// `host:port`.
    pub address: String,
    /// Labels, also those that tell Prometheus path, scheme and interval.
    pub labels: BTreeMap<String, String>,
}

/// A job over the stack's own components.
#[derive(Clone, Debug, Serialize)]
pub struct OwnJob {
    /// The job's name.
    pub name: String,
    /// Its targets.
    pub targets: Vec<OwnTarget>,
}

/// A component as a target.
#[derive(Clone, Debug, Serialize)]
pub struct OwnTarget {
    /// The component.
    pub component: String,
    /// `host:port` on the stack's network.
    pub address: String,
    /// Path of its metrics.
    pub path: String,
}

/// All services as targets.
#[derive(Default)]
pub struct Targets {
    classes: BTreeMap<(Option<Auth>, Option<Tls>), Vec<Target>>,
    /// Dialects in use.
    pub dialects: BTreeSet<String>,
    names: BTreeMap<(Option<Auth>, Option<Tls>), String>,
}

/// Resolves every service.
pub fn resolve(
    document: &Document,
    catalog: &Catalog,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> Targets {
    let mut targets = Targets::default();
    let known = catalog.assets.names("dialects", ".yaml");
    for (name, service) in &document.manifest.services {
        let demo = service.run.as_ref().and_then(|run| run.demo.as_ref());
        let dialect = service
            .dialect
            .clone()
            .or_else(|| demo.map(|d| d.dialect.as_str().to_owned()))
            .or_else(|| document.manifest.defaults.dialect.clone());
        if let Some(dialect) = dialect.as_ref().filter(|d| !known.contains(d)) {
            let own = ["services".into(), name.as_str().into(), "dialect".into()];
            let span = match service.dialect {
                Some(_) => document.locate(&own),
                None => document.locate(&["defaults".into(), "dialect".into()]),
            };
            found.push(
                Diagnostic::error(span, format!("unknown dialect `{dialect}`"))
                    .help(suggest(dialect, known.iter().map(String::as_str))),
            );
        }
        let mut labels = labels(document, name, service);
        if let Some(dialect) = &dialect {
            labels.insert("dialect".to_owned(), dialect.clone());
        }
        pace(document, &service.scrape, &mut labels);
        let own_metrics = demo.map(|demo| format!("{name}:{}", demo.scraped_port()));
        if let Some(endpoint) = &service.metrics {
            targets.dialects.extend(dialect);
            place(&mut labels, endpoint);
            let class = (endpoint.auth.clone(), endpoint.tls.clone());
            let target = Target { address: endpoint.url.address(), labels };
            if !targets.classes.contains_key(&class) {
                let span = document.locate_key(&[
                    "services".into(),
                    name.as_str().into(),
                    "metrics".into(),
                ]);
                let job = targets.name_class(&class);
                class_secrets(&class, &job, span, secrets);
            }
            targets.classes.entry(class).or_default().push(target);
        } else if let Some(address) = own_metrics {
            targets.dialects.extend(dialect);
            targets.classes.entry((None, None)).or_default().push(Target { address, labels });
        }
    }
    targets
}

/// The labels that every target of a service carries.
pub fn labels(document: &Document, name: &Name, service: &Service) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for (label, value) in document.manifest.defaults.labels.iter().chain(&service.labels) {
        labels.insert(label.to_string(), value.clone());
    }
    labels.insert("service".to_owned(), name.to_string());
    labels.insert("group".to_owned(), service.group.to_string());
    labels
}

/// Prometheus takes interval and timeout of one target from its labels, so that one which differs
/// needs no job of its own.
pub fn pace(document: &Document, scrape: &Scrape, labels: &mut BTreeMap<String, String>) {
    if let Some(interval) = scrape.interval {
        labels.insert("__scrape_interval__".to_owned(), interval.to_string());
        let timeout = scrape.timeout.or(document.manifest.defaults.scrape.timeout);
        let timeout = timeout.unwrap_or(crate::manifest::Duration::from_secs(10)).min(interval);
        labels.insert("__scrape_timeout__".to_owned(), timeout.to_string());
    } else if let Some(timeout) = scrape.timeout {
        labels.insert("__scrape_timeout__".to_owned(), timeout.to_string());
    }
}

/// Adds what differs from `http://…/metrics`.
fn place(labels: &mut BTreeMap<String, String>, endpoint: &Endpoint) {
    let path = decoded(endpoint.url.path());
    if path != "/metrics" {
        labels.insert("__metrics_path__".to_owned(), path);
    }
    if endpoint.url.scheme() != "http" {
        labels.insert("__scheme__".to_owned(), endpoint.url.scheme().to_owned());
    }
    for (key, value) in endpoint.url.parameters() {
        labels.insert(format!("__param_{key}"), value);
    }
}

/// The path as it is meant: Prometheus encodes it again.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let byte = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    // What is no text after all stays as it was written.
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

type Class = (Option<Auth>, Option<Tls>);

impl Targets {
    /// A name that says what the class is: `services`, `services-bearer-search-token`.
    fn name_class(&mut self, class: &Class) -> String {
        let slug = |source: &SecretRef| {
            let text = match source {
                SecretRef::Env(name) => name.clone(),
                SecretRef::File(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
            };
            Name::from_any(&text).to_string()
        };
        let auth = match &class.0 {
            None => String::new(),
            Some(Auth::Bearer(source)) => format!("-bearer-{}", slug(source)),
            Some(Auth::Basic { username, .. }) => format!("-basic-{}", Name::from_any(username)),
            Some(Auth::Header { name: header, .. }) => {
                format!("-header-{}", Name::from_any(header.as_str()))
            }
        };
        let tls = if class.1.is_some() { "-tls" } else { "" };
        let name = format!("services{auth}{tls}");
        let taken: BTreeSet<&String> = self.names.values().collect();
        let mut unique = name.clone();
        let mut n = 2;
        while taken.contains(&unique) {
            unique = format!("{name}-{n}");
            n += 1;
        }
        self.names.insert(class.clone(), unique.clone());
        unique
    }

    /// One job per class.
    pub fn jobs(&self) -> Vec<ScrapeJob> {
        let mut jobs: Vec<ScrapeJob> = self
            .classes
            .iter()
            .map(|(class, targets)| {
                let name = self.names.get(class).cloned().unwrap_or_else(|| "services".to_owned());
                ScrapeJob {
                    file: targets_path(&name),
                    auth: class.0.as_ref().map(|auth| job_auth(auth, &name)),
                    tls: class.1.as_ref().map(|tls| job_tls(tls, &name)),
                    prober: None,
                    pace: None,
                    targets: targets.clone(),
                    name,
                }
            })
            .collect();
        // The job stands also while it has no targets, so that the first service needs no reload.
        if !jobs.iter().any(|job| job.name == "services") {
            jobs.insert(0, plain_job("services", None, Vec::new()));
        }
        jobs
    }
}

/// Each job has a folder to itself: Prometheus watches the folder, and the engine can take a file away only with its folder, after
/// which Prometheus may watch nothing and has no targets until it looks again by itself.
fn targets_path(job: &str) -> String {
    format!("targets/{job}/targets.json")
}

/// A job without credentials.
pub fn plain_job(name: &str, prober: Option<&'static str>, targets: Vec<Target>) -> ScrapeJob {
    ScrapeJob {
        name: name.to_owned(),
        file: targets_path(name),
        auth: None,
        tls: None,
        prober,
        pace: None,
        targets,
    }
}

fn job_auth(auth: &Auth, job: &str) -> JobAuth {
    let path = secret_path(job, "auth");
    match auth {
        Auth::Bearer(_) => JobAuth::Bearer(path),
        Auth::Basic { username, .. } => {
            JobAuth::Basic { username: username.clone(), password: path }
        }
        Auth::Header { name, .. } => JobAuth::Header { name: name.to_string(), value: path },
    }
}

fn job_tls(tls: &Tls, job: &str) -> Json {
    let mut config = serde_json::Map::new();
    if tls.ca.is_some() {
        config.insert("ca_file".to_owned(), json!(secret_path(job, "ca")));
    }
    if let Some(name) = &tls.server_name {
        config.insert("server_name".to_owned(), json!(name));
    }
    if tls.insecure_skip_verify {
        config.insert("insecure_skip_verify".to_owned(), json!(true));
    }
    Json::Object(config)
}

fn secret_path(job: &str, what: &str) -> String {
    format!("secrets/{job}-{what}")
}

fn class_secrets(
    class: &Class,
    job: &str,
    span: Option<crate::yaml::Span>,
    secrets: &mut Vec<SecretFile>,
) {
    let mut add = |what: &str, source: &SecretRef| {
        let component = "prometheus".to_owned();
        secrets.push(SecretFile {
            component,
            path: secret_path(job, what),
            source: source.clone(),
            span,
        });
    };
    match &class.0 {
        Some(
            Auth::Bearer(source)
            | Auth::Basic { password: source, .. }
            | Auth::Header { value: source, .. },
        ) => {
            add("auth", source);
        }
        None => {}
    }
    if let Some(ca) = class.1.as_ref().and_then(|tls| tls.ca.as_ref()) {
        add("ca", ca);
    }
}

/// The jobs over the stack's own components, by job name.
pub fn own_jobs(stack: &Stack) -> Vec<OwnJob> {
    let mut jobs: BTreeMap<String, Vec<OwnTarget>> = BTreeMap::new();
    let own = stack.components.values().filter_map(|part| Some((part, part.spec.scrape.as_ref()?)));
    for (part, scrape) in own.chain(stack.stand_ins().map(|(part, _, scrape)| (part, scrape))) {
        jobs.entry(scrape.job.clone()).or_default().push(OwnTarget {
            component: part.kind.clone(),
            address: stack.address(part),
            path: scrape.path.clone(),
        });
    }
    jobs.into_iter()
        .map(|(name, mut targets)| {
            targets.sort_by(|a, b| (&a.component, &a.address).cmp(&(&b.component, &b.address)));
            OwnJob { name, targets }
        })
        .collect()
}
