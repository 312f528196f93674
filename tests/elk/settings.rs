//! Rendered settings against those that the programs document for the versions that are launched.

use serde_json::Value as Json;

use crate::fluentd::{self, Directive};
use crate::logstash::{self, Plugin, Value};
use crate::{MANIFEST, rendered};

/// Plug-in → its documented settings, beside those that every one takes.
const LOGSTASH: [(&str, &[&str]); 11] = [
    ("input/beats", &["port", "ssl_enabled", "ssl_certificate", "ssl_key"]),
    (
        "input/tcp",
        &["port", "ssl_enabled", "ssl_certificate", "ssl_key", "ssl_client_authentication"],
    ),
    (
        "input/http",
        &[
            "port",
            "user",
            "password",
            "ssl_enabled",
            "ssl_certificate",
            "ssl_key",
            "additional_codecs",
        ],
    ),
    ("filter/mutate", &["rename", "remove_field"]),
    ("filter/ruby", &["path", "script_params", "tag_on_exception"]),
    ("filter/drop", &["percentage"]),
    ("filter/json", &["source", "skip_on_invalid_json"]),
    ("filter/grok", &["match", "overwrite", "tag_on_failure"]),
    ("filter/date", &["match", "timezone"]),
    (
        "output/elasticsearch",
        &[
            "hosts",
            "user",
            "password",
            "ssl_enabled",
            "ssl_certificate_authorities",
            "ssl_verification_mode",
            "index",
            "action",
            "manage_template",
            "ilm_enabled",
            "data_stream",
        ],
    ),
    ("output/null", &[]),
];
const LOGSTASH_COMMON: [&str; 5] = ["add_field", "remove_field", "id", "codec", "tags"];

/// Directive and type → its documented parameters.
const FLUENTD: [(&str, &[&str]); 10] = [
    ("system", &["log_level", "workers"]),
    ("source monitor_agent", &["bind", "port", "include_config"]),
    ("source forward", &["bind", "port"]),
    ("match null", &[]),
    ("filter mcpmon", &["library", "model"]),
    (
        "match http",
        &[
            "endpoint",
            "open_timeout",
            "read_timeout",
            "tls_ca_cert_path",
            "tls_verify_mode",
            "content_type",
            "retryable_response_codes",
        ],
    ),
    ("auth", &["method", "username", "password"]),
    ("format json", &[]),
    (
        "buffer file",
        &[
            "path",
            "total_limit_size",
            "chunk_limit_size",
            "flush_mode",
            "flush_interval",
            "flush_thread_count",
            "flush_at_shutdown",
            "retry_type",
            "retry_max_interval",
            "retry_forever",
            "overflow_action",
        ],
    ),
    ("label", &[]),
];

const ELASTICSEARCH: [&str; 19] = [
    "cluster.name",
    "node.name",
    "discovery.type",
    "network.host",
    "http.port",
    "node.store.allow_mmap",
    "xpack.security.enabled",
    "xpack.security.autoconfiguration.enabled",
    "xpack.security.enrollment.enabled",
    "xpack.security.http.ssl.enabled",
    "xpack.security.http.ssl.certificate",
    "xpack.security.http.ssl.key",
    "xpack.security.http.ssl.certificate_authorities",
    "xpack.security.transport.ssl.enabled",
    "xpack.security.transport.ssl.verification_mode",
    "xpack.security.transport.ssl.certificate",
    "xpack.security.transport.ssl.key",
    "xpack.security.transport.ssl.certificate_authorities",
    "xpack.ml.enabled",
];
const ELASTICSEARCH_MORE: [&str; 1] = ["ingest.geoip.downloader.enabled"];
const KIBANA: [&str; 20] = [
    "server.name",
    "server.host",
    "server.port",
    "server.publicBaseUrl",
    "server.ssl.enabled",
    "server.ssl.certificate",
    "server.ssl.key",
    "elasticsearch.hosts",
    "elasticsearch.username",
    "elasticsearch.password",
    "elasticsearch.ssl.certificateAuthorities",
    "elasticsearch.ssl.verificationMode",
    "xpack.security.encryptionKey",
    "xpack.encryptedSavedObjects.encryptionKey",
    "xpack.reporting.encryptionKey",
    "status.allowAnonymous",
    "telemetry.enabled",
    "telemetry.optIn",
    "logging.root.level",
    "path.data",
];
const LOGSTASH_YML: [&str; 15] = [
    "node.name",
    "api.http.host",
    "api.http.port",
    "path.data",
    "path.logs",
    "log.level",
    "pipeline.ecs_compatibility",
    "pipeline.workers",
    "pipeline.batch.size",
    "config.reload.automatic",
    "queue.type",
    "queue.max_bytes",
    "dead_letter_queue.enable",
    "dead_letter_queue.max_bytes",
    "dead_letter_queue.storage_policy",
];
const LOGSTASH_YML_MORE: [&str; 1] = ["xpack.monitoring.enabled"];

/// Settings that a program does not document.
fn unknown(yaml: &str, documented: &[&str]) -> Vec<String> {
    let document = mcpmon::check::compare::yaml("it", yaml).unwrap();
    let keys = document.as_object().unwrap().keys();
    keys.filter(|key| !documented.contains(&key.as_str())).cloned().collect()
}

fn unknown_in_logstash(text: &str) -> Result<Vec<String>, String> {
    let plugins = logstash::parse(text)?;
    let mut found = Vec::new();
    for plugin in &plugins {
        let name = format!("{}/{}", plugin.section, plugin.name);
        let Some((_, known)) = LOGSTASH.iter().find(|(known, _)| *known == name) else {
            found.push(name);
            continue;
        };
        for (key, _) in &plugin.settings {
            if !known.contains(&key.as_str()) && !LOGSTASH_COMMON.contains(&key.as_str()) {
                found.push(format!("{name}: {key}"));
            }
        }
    }
    Ok(found)
}

fn unknown_in_fluentd(text: &str) -> Result<Vec<String>, String> {
    let root = fluentd::parse(text)?;
    let mut found = Vec::new();
    for directive in root.all().into_iter().skip(1) {
        let kind = directive.get("@type").unwrap_or_default();
        let name = format!("{} {kind}", directive.name).trim().to_owned();
        let Some((_, known)) = FLUENTD.iter().find(|(known, _)| *known == name) else {
            found.push(name);
            continue;
        };
        let known = |key: &str| known.contains(&key) || ["@type", "@id", "@label"].contains(&key);
        found.extend(
            directive
                .parameters
                .iter()
                .filter(|(key, _)| !known(key))
                .map(|(key, _)| format!("{name}: {key}")),
        );
    }
    Ok(found)
}

#[test]
fn every_setting_is_one_that_its_program_documents() {
    let (_, tree) = rendered(MANIFEST);
    let none = Vec::<String>::new();
    assert_eq!(
        unknown(
            &tree["elasticsearch/elasticsearch.yml"],
            &[&ELASTICSEARCH[..], &ELASTICSEARCH_MORE].concat()
        ),
        none
    );
    assert_eq!(unknown(&tree["kibana/kibana.yml"], &KIBANA), none);
    assert_eq!(
        unknown(&tree["logstash/logstash.yml"], &[&LOGSTASH_YML[..], &LOGSTASH_YML_MORE].concat()),
        none
    );
    assert_eq!(unknown_in_logstash(&tree["logstash/pipeline/logstash.conf"]), Ok(none.clone()));
    assert_eq!(unknown_in_fluentd(&tree["fluentd/fluent.conf"]), Ok(none));
}

#[test]
fn planted_mistakes_are_found() {
    let (_, tree) = rendered(MANIFEST);
    let pipeline = &tree["logstash/pipeline/logstash.conf"];
    for (from, to, expected) in [
        ("port => 5044", "port = 5044", "expected =>"),
        ("index => \"mcp", "index => mcp", "expected a space or }"),
        ("codec => json_lines", "codec => json_lines,", "expected a space or }"),
        ("[\"timestamp\", \"ISO8601\"", "[\"timestamp\" \"ISO8601\"", "expected ,"),
        ("if [message] =~", "if message =~", "expected a field"),
        ("if [message] =~ /", "if [message] = /", "expected {"),
        ("\noutput {", "\noutputs {", "input, filter or output"),
        ("data_stream => false\n  }\n}", "data_stream => false\n  }\n", "expected a name"),
        (
            "\"model\" => \"/etc/mcpmon/live/pipeline.json\" ",
            "\"model\" => \"/etc/mcpmon/live/pipeline.json\", ",
            "entries have no comma",
        ),
        ("timezone => \"UTC\"", "timezone => \"UTC", "expected"),
    ] {
        assert!(pipeline.contains(from), "{from}");
        let said = unknown_in_logstash(&pipeline.replacen(from, to, 1)).unwrap_err();
        assert!(said.contains(expected), "{to}: {said}");
    }
    for (from, to, expected) in [
        ("ssl_certificate =>", "ssl_cert =>", "input/beats: ssl_cert"),
        ("  beats {", "  beat {", "input/beat"),
        ("overwrite =>", "overwrites =>", "filter/grok: overwrites"),
    ] {
        assert_eq!(
            unknown_in_logstash(&pipeline.replacen(from, to, 1)),
            Ok(vec![expected.to_owned()])
        );
    }
    let config = &tree["fluentd/fluent.conf"];
    for (from, to, expected) in [
        ("</label>", "</match>", "`<label>` is open"),
        ("<buffer>", "<buffer", "no `>` at the end"),
        ("    </buffer>\n", "", "`<buffer>` is open"),
        ("</system>", "", "is never closed"),
        ("chomp}\"", "chomp}", "a text without its end"),
    ] {
        assert!(config.contains(from), "{from}");
        let said = unknown_in_fluentd(&config.replacen(from, to, 1)).unwrap_err();
        assert!(said.contains(expected), "{to}: {said}");
    }
    assert_eq!(
        unknown_in_fluentd(&config.replace("@type http", "@type elasticsearch")).unwrap()[0],
        "match elasticsearch"
    );
    assert_eq!(
        unknown_in_fluentd(&config.replace("flush_interval", "flush_intervall")),
        Ok(vec!["buffer file: flush_intervall".to_owned()])
    );
    let elasticsearch = &tree["elasticsearch/elasticsearch.yml"];
    let broken = elasticsearch.replace("xpack.security.enabled", "xpack.securty.enabled");
    assert_eq!(unknown(&broken, &ELASTICSEARCH)[0], "xpack.securty.enabled");
}

fn setting<'a>(plugins: &'a [Plugin], plugin: &str, key: &str) -> &'a Value {
    let found = plugins.iter().find(|p| format!("{}/{}", p.section, p.name) == plugin).unwrap();
    &found.settings.iter().find(|(name, _)| name == key).unwrap().1
}

/// What the document got wrong stays right.
#[test]
fn the_pipeline_is_the_corrected_one() {
    let (_, tree) = rendered(MANIFEST);
    let text = &tree["logstash/pipeline/logstash.conf"];
    let plugins = logstash::parse(text).unwrap();
    let Value::Map(matches) = setting(&plugins, "filter/grok", "match") else { panic!() };
    let Value::Text(pattern) = &matches[0].1 else { panic!() };
    assert!(pattern.contains("%{NOTSPACE:logger}"), "dotted names of loggers match: {pattern}");
    let message = Value::List(vec![Value::Text("message".to_owned())]);
    assert_eq!(setting(&plugins, "filter/grok", "overwrite"), &message, "no list of messages");
    assert!(plugins.iter().any(|p| p.name == "json"), "lines in JSON are read");
    let index = Value::Text("mcp-logs-%{+YYYY.MM.dd}".to_owned());
    assert_eq!(setting(&plugins, "output/elasticsearch", "index"), &index);
    let word = |text: &str| Value::Word(text.to_owned());
    assert_eq!(setting(&plugins, "input/beats", "ssl_enabled"), &word("true"));
    assert_eq!(setting(&plugins, "output/elasticsearch", "ssl_enabled"), &word("true"));
    // The stock image has no plug-in for Elasticsearch.
    let root: Directive = fluentd::parse(&tree["fluentd/fluent.conf"]).unwrap();
    assert!(root.all().iter().all(|d| d.get("@type") != Some("elasticsearch")));
    let template: Json =
        serde_json::from_str(&tree["elasticsearch/setup/index-template.json"]).unwrap();
    assert_eq!(template["template"]["settings"]["index"]["number_of_replicas"], "0");
    assert_eq!(template["template"]["settings"]["index"]["lifecycle"]["name"], "mcp-logs");
    let policy: Json = serde_json::from_str(&tree["elasticsearch/setup/lifecycle.json"]).unwrap();
    assert_eq!(policy["policy"]["phases"]["delete"]["min_age"], "2592000s", "30 days");
    assert!(tree["elasticsearch/elasticsearch.yml"].contains("xpack.security.enabled: true"));
    assert!(!tree["kibana/kibana.yml"].contains("username: elastic"));
    // A service may be asked more often than the others.
    let targets = &tree["prometheus/targets/services/targets.json"];
    assert!(targets.contains(r#""__scrape_interval__":"5s""#), "{targets}");
    assert!(tree["prometheus/prometheus.yml"].contains("job_name: \"elasticsearch-exporter\""));
}

/// The shape of saved objects: each line one, each reference to one that is there.
#[test]
fn kibanas_objects_refer_to_each_other() {
    let (_, tree) = rendered(MANIFEST);
    let objects: Vec<Json> = tree["kibana/setup/dashboard.ndjson"]
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(problems(&objects), Vec::<String>::new());
    let mut broken = objects.clone();
    broken[0]["references"][0]["id"] = "gone".into();
    broken[1]["attributes"]["visState"] = "{".into();
    broken[2].as_object_mut().unwrap().remove("id");
    assert_eq!(problems(&broken).len(), 4, "{:?}", problems(&broken));
}

fn problems(objects: &[Json]) -> Vec<String> {
    let text = |value: &Json, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut known: Vec<(String, String)> =
        objects.iter().map(|o| (text(o, "type"), text(o, "id"))).collect();
    // The data view is made by a request of its own.
    known.push(("index-pattern".to_owned(), "mcp-logs".to_owned()));
    let mut found = Vec::new();
    for object in objects {
        let name = format!("{}/{}", text(object, "type"), text(object, "id"));
        if text(object, "id").is_empty() || text(&object["attributes"], "title").is_empty() {
            found.push(format!("{name}: no id or no title"));
        }
        for reference in object["references"].as_array().unwrap() {
            if !known.contains(&(text(reference, "type"), text(reference, "id"))) {
                found.push(format!("{name}: refers to {}", text(reference, "id")));
            }
        }
        for (key, value) in object["attributes"].as_object().unwrap() {
            let is_json = key.ends_with("JSON") || key == "visState";
            if is_json && serde_json::from_str::<Json>(value.as_str().unwrap()).is_err() {
                found.push(format!("{name}: {key} is no JSON"));
            }
        }
        let panels = object["attributes"]["panelsJSON"].as_str();
        let panels: Vec<Json> =
            panels.map(|p| serde_json::from_str(p).unwrap()).unwrap_or_default();
        for panel in panels {
            let wanted = format!("{}:{}", text(&panel, "panelIndex"), text(&panel, "panelRefName"));
            let references = object["references"].as_array().unwrap();
            if !references.iter().any(|r| text(r, "name") == wanted) {
                found.push(format!("{name}: no reference {wanted}"));
            }
        }
    }
    found
}
