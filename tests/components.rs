//! Components of the user's own: a folder that adds one or replaces a file of a shipped one.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/command.rs"]
mod command;

use command::Folder;

const MANIFEST: &str = "name: acme
components_dir: own
components:
  grafana: {admin_password: {env: SECRET}}
  tempo: {retention: 3d, port: 3200, config: {server: {log_level: warn}}}
services:
  search: {mcp: \"http://search:7001/mcp\", metrics: \"http://search:7001/metrics\", dialect: fastapi}
notifications:
  receivers: {chat: {slack: {webhook_url: {env: SECRET}}}}
  default: chat
";

const TEMPO: &str = "description: Stores traces
image: grafana/tempo
version: 2.9.0
user: \"10001:10001\"
command: [-config.file=/etc/mcpmon/live/tempo.yml]
port: 3200
volumes: {data: /var/tempo}
files:
  - {template: tempo.yml.j2, path: tempo.yml, effect: restart}
ready: {path: /ready, timeout: 60s}
settings:
  retention: {type: duration, default: 2d, description: How long traces are kept.}
scrape: {}
links: {documentation: https://grafana.com/docs/tempo/latest/}
";

fn tempo() -> Folder {
    Folder::new()
        .file("mcpmon.yaml", MANIFEST)
        .file("own/tempo/component.yaml", TEMPO)
        .file(
            "own/tempo/tempo.yml.j2",
            "server: {http_listen_port: 3200}\ncompactor: {compaction: {block_retention: {{ settings.retention }}}}\n",
        )
}

#[test]
fn a_folder_adds_a_component() {
    let folder = tempo();
    folder.mcpmon("validate").ends(0);
    folder.mcpmon("render --out out").ends(0);
    let file = folder.read("out/tempo/tempo.yml");
    assert!(file.contains("block_retention: \"3d\"") && file.contains("log_level: warn"), "{file}");
    let prometheus = folder.read("out/prometheus/prometheus.yml");
    assert!(prometheus.contains("acme-tempo:3200"), "it is scraped:\n{prometheus}");
    let schema = folder.mcpmon("schema").ends(0).out;
    assert!(schema.contains("How long traces are kept."), "the schema knows it");
}

#[test]
fn a_component_may_run_only_where_it_is_mentioned() {
    let spec = TEMPO.replace("port: 3200\n", "port: 3200\nenabled: mentioned\n");
    for (mention, runs) in [
        ("  tempo: {retention: 3d}\n", true),
        ("  tempo: {}\n", true),
        ("  tempo: {enabled: false}\n", false),
        ("", false),
    ] {
        let line = "  tempo: {retention: 3d, port: 3200, config: {server: {log_level: warn}}}\n";
        let folder = tempo()
            .file("own/tempo/component.yaml", &spec)
            .file("mcpmon.yaml", &MANIFEST.replace(line, mention));
        folder.mcpmon("render --out out").ends(0);
        let prometheus = folder.read("out/prometheus/prometheus.yml");
        assert_eq!(prometheus.contains("acme-tempo:3200"), runs, "{mention}");
    }
}

#[test]
fn its_settings_are_checked_like_any_others() {
    let folder = tempo().file("mcpmon.yaml", &MANIFEST.replace("retention: 3d", "retension: 3d"));
    folder
        .mcpmon("validate")
        .ends(2)
        .says("error: unknown key `retension`")
        .says("did you mean `retention`?");
}

#[test]
fn a_file_replaces_the_shipped_one_alone() {
    let folder = Folder::new()
        .file(
            "mcpmon.yaml",
            &MANIFEST.replace(
                "  tempo: {retention: 3d, port: 3200, config: {server: {log_level: warn}}}\n",
                "",
            ),
        )
        .file("own/blackbox-exporter/blackbox.yml.j2", "modules: {own: {prober: icmp}}\n")
        .file(
            "own/prometheus/rules/own.yaml",
            // A rule pack of one's own stands beside the shipped ones.
            "description: own\nalerts: {}\n",
        );
    let text = folder.read("mcpmon.yaml")
        + "alerts: {packs: [services]}\nprobes: {crm: {tcp: \"crm.example.org:443\"}}\n";
    let folder = folder.file("mcpmon.yaml", &text);
    folder.mcpmon("render --out out").ends(0);
    assert_eq!(
        folder.read("out/blackbox-exporter/blackbox.yml"),
        "modules: {own: {prober: icmp}}\n"
    );
    assert!(folder.read("out/prometheus/prometheus.yml").contains("blackbox-exporter:9115"));
}

#[test]
fn mistakes_name_the_file_and_the_line() {
    for (path, text, message) in [
        (
            "own/tempo/component.yaml",
            TEMPO.replace("port: 3200", "port: many"),
            "own/tempo/component.yaml:6:7: expected a whole number from 0 to 65535",
        ),
        (
            "own/tempo/component.yaml",
            TEMPO.replace("effect: restart", "effect: maybe"),
            "own/tempo/component.yaml:9:55: unknown value `maybe`",
        ),
        (
            "own/tempo/component.yaml",
            TEMPO.replace("image:", "imagge:"),
            "own/tempo/component.yaml:2:1: unknown key `imagge` (did you mean `image`?)",
        ),
        (
            "own/tempo/component.yaml",
            TEMPO.replace("description: Stores traces\n", ""),
            "own/tempo/component.yaml:1:1: `description` is missing",
        ),
        (
            "own/tempo/component.yaml",
            TEMPO.replace("user: \"10001:10001\"", "user: \"0:0\""),
            "own/tempo/component.yaml: runs as root without a reason under exceptions.root",
        ),
        (
            "own/tempo/component.yaml",
            TEMPO.replace("retention: {type", "port: {type"),
            "own/tempo/component.yaml: the setting `port` is one that every component has",
        ),
        (
            "own/tempo/component.yaml",
            TEMPO.replace("template: tempo.yml.j2", "template: other.yml.j2"),
            "own/tempo/component.yaml names the template tempo/other.yml.j2, which does not exist",
        ),
        (
            "own/tempo/component.yaml",
            TEMPO.replace("-config.file=", "{{ nothing }}"),
            "own/tempo/component.yaml",
        ),
        (
            "own/tempo/component.yaml",
            format!("{TEMPO}validators:\n  - {{command: [tempo, '{{{{dir}}}}/x'], checks: [x]}}\n"),
            "own/tempo/component.yaml: the validator's word `{{dir}}/x` holds more than `{{ dir }}`",
        ),
        (
            "own/tempo/tempo.yml.j2",
            "a: {{ settings.retension }}\n".to_owned(),
            "own/tempo/tempo.yml.j2:1: undefined value: `settings.retension` is undefined",
        ),
        ("own/tempo/tempo.yml.j2", "a: 1\nb: {% if %}\n".to_owned(), "own/tempo/tempo.yml.j2:2: "),
        (
            "own/tempo/tempo.yml.j2",
            "a: [1\n".to_owned(),
            "own/tempo/tempo.yml.j2 does not render to it: tempo.yml is not YAML: a bracket is not closed",
        ),
    ] {
        let outcome = tempo().file(path, &text).mcpmon("validate").ends(2);
        assert!(outcome.err.contains(message), "{message:?} is not in:\n{}", outcome.err);
    }
}

#[test]
fn a_folder_without_a_component_yaml_is_no_component() {
    let folder = tempo().file("own/notes/README.md", "# notes\n");
    folder.mcpmon("validate").ends(0);
}

#[test]
fn another_one_of_a_kind_has_a_name_of_its_own() {
    let own = "  tempo@archive: {retention: 30d}\n  tempo@off: {enabled: false}\n";
    let manifest = MANIFEST.replace("services:\n", &format!("{own}services:\n"));
    let folder = tempo().file("mcpmon.yaml", &manifest);
    folder.mcpmon("render --out out").ends(0);
    assert!(folder.read("out/tempo/tempo.yml").contains("block_retention: \"3d\""));
    assert!(folder.read("out/tempo-archive/tempo.yml").contains("block_retention: \"30d\""));
    let prometheus = folder.read("out/prometheus/prometheus.yml");
    let target = "- targets: [\"acme-tempo-archive:3200\"]\n        labels: {component: \"tempo\"";
    assert!(prometheus.contains(target), "{prometheus}");
    assert!(!prometheus.contains("tempo-off"), "{prometheus}");
}
