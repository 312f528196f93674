//! Text from a manifest stays text in the files of the Elastic programs and in what services are handed.

use std::path::Path;

use mcpmon::assets::Assets;
use mcpmon::catalog::Catalog;
use mcpmon::{manifest, render, stack};
use serde_json::{Value as Json, json};

use crate::MANIFEST;

const HOSTILE: [&str; 14] = [
    "plain",
    "it's \"quoted\" \\ twice \\\" \\n",
    "line\nbreak: yes",
    "{{ stack.name }} {% if true %}x{% endif %} {# c #}",
    "${HOME} ${MCPMON_PASSWORD}",
    "#{File.read('/etc/passwd')} `id`",
    "%{[message]} %{+YYYY}",
    "</match> <source>",
    "} output { exec { } }",
    "# no comment",
    "key: value",
    "yes",
    "Zoë 🚀",
    "' or \" or '",
];

#[test]
fn free_text_arrives_or_is_refused() {
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    let mut refused = Vec::new();
    for text in HOSTILE {
        let pattern: String = text
            .chars()
            .map(
                |c| if r"\.+*?()|[]{}^$#%`".contains(c) { format!("\\{c}") } else { c.to_string() },
            )
            .collect();
        let mut root = mcpmon::check::compare::yaml("it", MANIFEST).unwrap();
        root["components"]["kibana"]["root_url"] = json!(text);
        root["sentry"] = json!({"dsn": {"env": "DSN"}, "environment": text});
        root["services"]["demo"] = json!({"run": {"image": "acme/demo:1", "user": "7:7", "sentry": "file"}, "mcp": "http://demo:1/mcp"});
        root["logs"] =
            json!({"drop": [pattern], "redact": {"builtin": [], "patterns": {"own": pattern}}});
        let document =
            manifest::load_text("mcpmon.yaml", &root.to_string(), Path::new("")).unwrap();
        let stack = stack::resolve(&document, &catalog).unwrap_or_else(|e| panic!("{e:?}")).stack;
        let environment = &stack.runs[0].env["SENTRY_ENVIRONMENT"];
        assert_eq!(environment, text);
        assert_eq!(stack.runs[0].env["SENTRY_DSN_FILE"], "/etc/mcpmon/live/secrets/sentry-dsn");
        assert_eq!(stack.runs[0].env["SENTRY_TRACES_SAMPLE_RATE"], "0.1");
        let bundle = match render::render(&stack, &catalog) {
            Ok(bundle) => bundle,
            Err(error) => {
                assert!(
                    format!("{error:#}").contains("would be taken for a variable"),
                    "{error:#}"
                );
                refused.push(text);
                continue;
            }
        };
        let file = |component: &str, path: &str| &bundle.components[component][path].text;
        let kibana = mcpmon::check::compare::yaml("it", file("kibana", "kibana.yml")).unwrap();
        assert_eq!(kibana["server.publicBaseUrl"], text);
        for (component, at) in [("logstash", "/0/stages"), ("fluentd", "/pipelines/stack/0/stages")]
        {
            let model: Json = serde_json::from_str(file(component, "pipeline.json")).unwrap();
            let stages = model.pointer(at).unwrap().as_array().unwrap().clone();
            let of = |kind: &str| {
                stages.iter().find(|s| s["stage"] == kind).unwrap()["expression"].clone()
            };
            assert_eq!(of("drop"), json!(pattern));
            assert!(of("redact").as_str().unwrap().contains(&pattern));
        }
    }
    assert_eq!(refused, ["${HOME} ${MCPMON_PASSWORD}"]);
}
