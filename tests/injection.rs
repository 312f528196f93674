//! Text from a manifest stays text: whatever is written into a free field is rendered as exactly that
//! value, or the manifest is refused with a message. It never becomes structure.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use mcpmon::assets::Assets;
use mcpmon::catalog::Catalog;
use mcpmon::render::{self, Bundle};
use mcpmon::stack::{self, Stack};
use mcpmon::{manifest, yaml};
use serde_json::{Value, json};

/// What is tried in every field.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "plain",
        "it's \"quoted\" \\ twice \\\" \\n",
        "line\nbreak: yes\n- item\n",
        "\n\nkey: value",
        "{{ stack.name }} {% if true %}x{% endif %} {# c #}",
        "{{ define \"x\" }}{{ end }} {{{{ }}}} {{",
        "$HOME ${HOME} $$ $1 ${1} $(id) %(admin_user)s",
        "$__file{/etc/passwd} $__env{PATH}",
        "!!python/object/apply:os.system ['id']",
        "!!binary aGk=",
        "# not a comment",
        "value # not a comment",
        "; not a comment",
        "key: value",
        "- item",
        "? complex",
        "| block",
        "> folded",
        "&anchor *alias",
        "@at `tick` %percent",
        "[a, b]",
        "{a: b}",
        "yes",
        "no",
        "null",
        "~",
        "true",
        "0755",
        "1e3",
        "1_000",
        "12:30:45",
        "2024-01-01",
        ".inf",
        "3.10",
        "=",
        "<<",
        "---",
        "...",
        "[section]",
        "key = value",
        "/* comment */ // comment",
        "a,b",
        "a=b",
        "a=\"b\",severity=~\".*\"",
        "(.*)|[a-z]+?^$",
        "' or 1=1 --",
        "<script>&amp;</script>",
        "../../etc/passwd",
        "Zoë 東京 🚀 \u{1f468}\u{200d}\u{1f469}",
        " leading and trailing ",
        "\ttab\t",
        "",
        " ",
        "bell\u{7}",
        "escape\u{1b}[31m",
        "nul\u{0}",
        "delete\u{7f}",
        "next line\u{85}",
        "separator\u{2028}",
        "turned\u{202e}around",
        "mark\u{feff}",
        "carriage\rreturn",
        "no character\u{fffe}",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("long ".repeat(20_000));
    texts
}

/// A manifest that uses every section, so that a text which becomes structure has where to go.
fn base() -> Value {
    json!({
        "name": "acme",
        // Rules and dashboards hold no text of a manifest, and take their time.
        "alerts": {"packs": []},
        "dashboards": [],
        "components": {
            "grafana": {"admin_password": {"env": "SECRET"}},
            "prometheus": {"external_labels": {"team": "core"}, "remote_write": [
                {"url": "http://store:9009"},
                {"preset": "mimir", "url": "http://mimir:9009/api/v1/push", "tenant": "a"},
                {"preset": "grafana-cloud", "url": "http://cloud/api/prom/push", "username": "a", "password": {"env": "SECRET"}},
                {"preset": "amp", "url": "http://amp/api/v1/remote_write", "region": "a", "profile": "a", "role_arn": "a"},
            ]},
            "postgres-exporter": {"server": "db:5432", "sslmode": "disable", "user": "a", "database": "a"},
            "redis-exporter": {"server": "redis:6379", "user": "a"},
            "mosquitto-exporter": {"server": "mqtt:1883", "user": "a"},
            "agent": {"image": "acme/mcpmon-tools", "version": "1"},
            "alertmanager": {},
            "loki": {},
        },
        "services": {
            "search": {"mcp": "http://search:7001/mcp", "metrics": {"url": "http://search:7001/metrics"}, "dialect": "fastapi", "container": "mcp-search"},
            "demo": {"mcp": "http://demo:8080/mcp", "run": {"image": "acme/demo:1"}},
            "files": {"mcp": {"command": ["server", "a"], "env": {"A": "b"}}},
        },
        // The shipped patterns hold no text of a manifest, and are many.
        "logs": {"redact": {"builtin": []}, "files": [{"path": "/var/log/app/*.log", "service": "search"}]},
        "queries": {"mine": {"expr": "up"}},
        "probes": {
            "shop": {"http": {"url": "http://shop:80/", "body": "a", "auth": {"basic": {"username": "a", "password": {"env": "SECRET"}}}, "tls": {"server_name": "a"}}, "labels": {"tier": "a"}},
            "gate": {"tcp": "gate:22"},
            "ping": {"icmp": "gate"},
            "names": {"dns": {"server": "ns:53", "name": "example.org"}},
            "mail": {"tls": {"address": "mail:993", "server_name": "a"}},
        },
        "notifications": {
            "smtp": {"host": "smtp.example.org:587", "from": "alerts@example.org"},
            "receivers": {
                "chat": {"slack": {"webhook_url": {"env": "SECRET"}, "channel": "#x", "channels": {"high": "#y"}}, "email": {"to": "ops@example.org"}},
                "page": {"opsgenie": {"api_key": {"env": "SECRET"}, "teams": ["core"]}},
            },
            "routes": [{"match": {"severity": "critical"}, "to": ["chat", "page"]}],
            "default": "chat",
        },
        "audit": {"accept": [{"id": "docker-socket", "reason": "known"}]},
    })
}

/// Fields that take any text: all of them are tried at once.
const FREE: [&str; 41] = [
    "description",
    "services.search.description",
    "services.search.mcp.expect_tools.0",
    "services.search.mcp.auth.basic.username",
    "services.search.mcp.tls.server_name",
    "services.files.mcp.command.1",
    "services.files.mcp.env.A",
    "defaults.labels.team",
    "services.search.labels.tier",
    "services.search.metrics.auth.basic.username",
    "services.search.metrics.tls.server_name",
    "components.prometheus.external_labels.team",
    "components.prometheus.remote_write.0.name",
    "components.prometheus.config.global.query_log_file",
    "components.prometheus.args.0",
    "components.grafana.env.GF_LOG_LEVEL",
    "services.demo.run.command.0",
    "services.demo.run.env.A",
    "services.demo.run.user",
    "notifications.receivers.chat.slack.channel",
    "notifications.receivers.chat.slack.channels.critical",
    "notifications.receivers.page.opsgenie.teams.0",
    "notifications.receivers.chat.email.to",
    "audit.accept.0.of",
    "notifications.smtp.from",
    "notifications.routes.0.match.team",
    "logs.files.0.labels.tier",
    "queries.mine.description",
    "probes.shop.description",
    "probes.shop.http.body",
    "probes.shop.http.auth.basic.username",
    "probes.shop.http.tls.server_name",
    "probes.shop.labels.tier",
    "components.prometheus.remote_write.1.tenant",
    "components.prometheus.remote_write.2.username",
    "components.prometheus.remote_write.3.region",
    "components.prometheus.remote_write.3.profile",
    "components.postgres-exporter.user",
    "components.postgres-exporter.database",
    "components.redis-exporter.user",
    "components.mosquitto-exporter.user",
];

/// Where a text is written.
struct Field {
    /// Dotted path in the manifest; a number is a position in a list.
    path: &'static str,
    /// What is looked for where; nothing when the field is not rendered.
    arrives: Option<Arrives>,
}

/// What arrived and what should have, given what was written.
type Arrives = fn(&Rendered, &str) -> (Value, Value);

struct Rendered {
    stack: Stack,
    bundle: Bundle,
}

impl Rendered {
    fn file(&self, component: &str, path: &str) -> Value {
        let text = &self.bundle.components[component][path].text;
        yaml::parse(0, text).unwrap().to_json()
    }
    /// The targets of the service that is tried, whatever credentials it has.
    fn targets(&self) -> Value {
        let files = self.bundle.components["prometheus"]
            .iter()
            .filter(|(path, _)| path.starts_with("targets/services"));
        let mut targets = files.map(|(_, file)| yaml::parse(0, &file.text).unwrap().to_json());
        targets.find(|file| file[0].is_object()).unwrap()
    }
    /// What the agent is told about a service.
    fn asks(&self, service: &str) -> Value {
        self.file("agent", "fleet/services.json")["services"][service].clone()
    }
    /// The only module of its kind that has options.
    fn module(&self, kind: &str) -> Value {
        let modules = self.file("blackbox-exporter", "blackbox.yml")["modules"].clone();
        let named = |name: &String| {
            name.starts_with(kind) && !["http_2xx", "tcp_connect"].contains(&&**name)
        };
        modules.as_object().unwrap().iter().find(|(name, _)| named(name)).unwrap().1.clone()
    }
    /// What is asked by the probe of that name.
    fn asked(&self, probe: &str) -> Value {
        let targets = self.file("prometheus", "targets/probes/targets.json");
        let of = |target: &&Value| target["labels"]["probe"] == probe;
        targets.as_array().unwrap().iter().find(of).unwrap()["targets"][0].clone()
    }
    fn text(&self, component: &str, path: &str) -> &str {
        &self.bundle.components[component][path].text
    }
}

/// What is done to the lines of the stack's own containers.
fn stages(rendered: &Rendered) -> Vec<Value> {
    let jobs = rendered.file("promtail", "promtail.yml")["scrape_configs"].clone();
    jobs[0]["pipeline_stages"].as_array().unwrap().clone()
}

/// A value of the first stage of that kind.
fn stage(rendered: &Rendered, kind: &str, key: &str) -> Value {
    let stages = stages(rendered);
    let stage = stages.iter().find(|stage| !stage[kind].is_null()).unwrap();
    stage[kind][key].clone()
}

/// Alertmanager's templates: `{{"{{"}}` prints `{{`.
fn untemplated(text: &str) -> String {
    text.replace("{{", "{{\"{{\"}}")
}

const FIELDS: &[Field] = &[
    Field { path: "description", arrives: None },
    Field { path: "services.search.description", arrives: None },
    Field {
        path: "services.search.mcp.expect_tools.0",
        arrives: Some(|r, text| (r.asks("search")["expect_tools"][0].clone(), json!(text))),
    },
    Field {
        path: "services.search.mcp.auth.basic.username",
        arrives: Some(|r, text| {
            (r.asks("search")["auth"]["basic"]["username"].clone(), json!(text))
        }),
    },
    Field {
        path: "services.search.mcp.tls.server_name",
        arrives: Some(|r, text| (r.asks("search")["tls"]["server_name"].clone(), json!(text))),
    },
    Field {
        path: "services.search.mcp.host_header",
        arrives: Some(|r, text| (r.asks("search")["host_header"].clone(), json!(text))),
    },
    Field {
        path: "services.files.mcp.command.0",
        arrives: Some(|r, text| (r.asks("files")["command"][0].clone(), json!(text))),
    },
    Field {
        path: "services.files.mcp.command.1",
        arrives: Some(|r, text| (r.asks("files")["command"][1].clone(), json!(text))),
    },
    Field {
        path: "services.files.mcp.env.A",
        arrives: Some(|r, text| (r.asks("files")["env"]["A"].clone(), json!(text))),
    },
    Field {
        path: "services.files.mcp.dir",
        arrives: Some(|r, text| (r.asks("files")["dir"].clone(), json!(text))),
    },
    Field {
        path: "defaults.labels.team",
        arrives: Some(|r, text| {
            let file = r.targets();
            (file[0]["labels"]["team"].clone(), json!(text))
        }),
    },
    Field {
        path: "services.search.labels.tier",
        arrives: Some(|r, text| {
            let file = r.targets();
            (file[0]["labels"]["tier"].clone(), json!(text))
        }),
    },
    Field {
        path: "services.search.metrics.auth.basic.username",
        arrives: Some(|r, text| {
            let jobs = r.file("prometheus", "prometheus.yml")["scrape_configs"].clone();
            (jobs[1]["basic_auth"]["username"].clone(), json!(text))
        }),
    },
    Field {
        path: "services.search.metrics.auth.header.name",
        arrives: Some(|r, text| {
            let jobs = r.file("prometheus", "prometheus.yml")["scrape_configs"].clone();
            (json!(jobs[1]["http_headers"].as_object().unwrap().contains_key(text)), json!(true))
        }),
    },
    Field {
        path: "services.search.metrics.auth.bearer.env",
        arrives: Some(|r, text| {
            let known = r
                .stack
                .secrets
                .iter()
                .any(|s| s.source == manifest::SecretRef::Env(text.to_owned()));
            (json!(known), json!(true))
        }),
    },
    Field {
        path: "services.search.metrics.auth.bearer.file",
        arrives: Some(|r, text| {
            let known = r
                .stack
                .secrets
                .iter()
                .any(|s| s.source == manifest::SecretRef::File(text.to_owned()));
            (json!(known), json!(true))
        }),
    },
    Field {
        path: "services.search.metrics.tls.server_name",
        arrives: Some(|r, text| {
            let jobs = r.file("prometheus", "prometheus.yml")["scrape_configs"].clone();
            (jobs[1]["tls_config"]["server_name"].clone(), json!(text))
        }),
    },
    Field {
        path: "components.prometheus.external_labels.team",
        arrives: Some(|r, text| {
            let labels =
                r.file("prometheus", "prometheus.yml")["global"]["external_labels"].clone();
            // Prometheus reads `$$` as `$` there.
            (labels["team"].clone(), json!(text.replace('$', "$$")))
        }),
    },
    Field {
        path: "components.prometheus.remote_write.0.name",
        arrives: Some(|r, text| {
            (r.file("prometheus", "prometheus.yml")["remote_write"][0]["name"].clone(), json!(text))
        }),
    },
    Field {
        path: "components.prometheus.config.global.query_log_file",
        arrives: Some(|r, text| {
            (
                r.file("prometheus", "prometheus.yml")["global"]["query_log_file"].clone(),
                json!(text),
            )
        }),
    },
    Field {
        path: "components.prometheus.args.0",
        arrives: Some(|r, text| {
            (json!(r.bundle.processes["prometheus"].command.last()), json!(text))
        }),
    },
    Field {
        path: "components.grafana.env.GF_LOG_LEVEL",
        arrives: Some(|r, text| {
            (json!(r.bundle.processes["grafana"].env["GF_LOG_LEVEL"]), json!(text))
        }),
    },
    Field {
        path: "components.grafana.admin_user",
        arrives: Some(|r, text| {
            let line =
                r.text("grafana", "grafana.ini").lines().find(|l| l.starts_with("admin_user"));
            (json!(line), json!(format!("admin_user = `{text}`")))
        }),
    },
    Field {
        path: "components.grafana.root_url",
        arrives: Some(|r, text| {
            let line = r.text("grafana", "grafana.ini").lines().find(|l| l.starts_with("root_url"));
            // An empty one counts as none.
            let expected = if text.is_empty() { "http://127.0.0.1:3000" } else { text };
            (json!(line), json!(format!("root_url = `{expected}`")))
        }),
    },
    Field {
        path: "components.agent.docker_socket",
        arrives: Some(|r, text| (json!(r.bundle.processes["agent"].host_mounts[0].0), json!(text))),
    },
    Field {
        path: "components.prometheus.image",
        arrives: Some(|r, text| {
            (json!(r.stack.components["prometheus"].image), json!(format!("{text}:v3.13.5")))
        }),
    },
    Field {
        path: "components.prometheus.version",
        arrives: Some(|r, text| {
            (
                json!(r.stack.components["prometheus"].image),
                json!(format!("prom/prometheus:{text}")),
            )
        }),
    },
    Field { path: "components.prometheus.address", arrives: None },
    Field {
        path: "registry",
        arrives: Some(|r, text| {
            let image = r.stack.components["prometheus"].image.clone().unwrap();
            (json!(image.starts_with(&format!("{text}/"))), json!(true))
        }),
    },
    Field { path: "networks.0", arrives: Some(|r, text| (json!(r.stack.networks), json!([text]))) },
    Field { path: "services.search.group", arrives: None },
    Field { path: "services.search.container", arrives: None },
    Field {
        path: "services.demo.run.command.0",
        arrives: Some(|r, text| (json!(r.stack.runs[0].command), json!([text]))),
    },
    Field {
        path: "services.demo.run.env.A",
        arrives: Some(|r, text| (json!(r.stack.runs[0].env), json!({"A": text}))),
    },
    Field {
        path: "services.demo.run.user",
        arrives: Some(|r, text| (json!(r.stack.runs[0].user), json!(text))),
    },
    Field {
        path: "services.demo.run.image",
        arrives: Some(|r, text| (json!(r.stack.runs[0].image), json!(text))),
    },
    Field { path: "services.demo.run.ports.0", arrives: None },
    Field {
        path: "notifications.receivers.chat.slack.channel",
        arrives: Some(|r, text| {
            let file = r.file("alertmanager", "alertmanager.yml");
            let channel = file["receivers"][1]["slack_configs"][0]["channel"].clone();
            let usual = channel.as_str().unwrap().rsplit_once("{{ else }}").unwrap().1.to_owned();
            (json!(usual), json!(format!("{}{{{{ end }}}}", untemplated(text))))
        }),
    },
    Field {
        path: "notifications.receivers.chat.slack.channels.critical",
        arrives: Some(|r, text| {
            let file = r.file("alertmanager", "alertmanager.yml");
            let channel = file["receivers"][1]["slack_configs"][0]["channel"].clone();
            let asked = format!(
                "{{{{ else if eq .CommonLabels.severity \"critical\" }}}}{}{{{{ else }}}}",
                untemplated(text)
            );
            (json!(channel.as_str().unwrap().contains(&asked)), json!(true))
        }),
    },
    Field {
        path: "notifications.receivers.page.opsgenie.teams.0",
        arrives: Some(|r, text| {
            let file = r.file("alertmanager", "alertmanager.yml");
            let responders = file["receivers"][2]["opsgenie_configs"][0]["responders"].clone();
            (responders[0]["name"].clone(), json!(untemplated(text)))
        }),
    },
    Field {
        path: "notifications.receivers.chat.email.subject",
        arrives: Some(|r, text| {
            let file = r.file("alertmanager", "alertmanager.yml");
            // An empty one counts as none.
            let usual = "{{ template \"mcpmon.email.subject\" . }}";
            let expected = if text.is_empty() { usual } else { text };
            (
                file["receivers"][1]["email_configs"][0]["headers"]["Subject"].clone(),
                json!(expected),
            )
        }),
    },
    Field { path: "notifications.templates_dir", arrives: None },
    Field { path: "notifications.routes.0.timing.group_by.0", arrives: None },
    Field { path: "notifications.routes.0.mute.0", arrives: None },
    Field { path: "notifications.mute_times.nights.location", arrives: None },
    Field { path: "notifications.mute_times.nights.times.0", arrives: None },
    Field { path: "audit.accept.0.id", arrives: None },
    Field { path: "audit.accept.0.until", arrives: None },
    Field { path: "audit.accept.0.of", arrives: None },
    Field { path: "audit.accept.0.reason", arrives: None },
    Field {
        path: "notifications.receivers.chat.email.to",
        arrives: Some(|r, text| {
            let file = r.file("alertmanager", "alertmanager.yml");
            (file["receivers"][1]["email_configs"][0]["to"].clone(), json!(untemplated(text)))
        }),
    },
    Field {
        path: "notifications.smtp.from",
        arrives: Some(|r, text| {
            let file = r.file("alertmanager", "alertmanager.yml");
            (file["global"]["smtp_from"].clone(), json!(untemplated(text)))
        }),
    },
    Field { path: "notifications.smtp.host", arrives: None },
    Field {
        path: "notifications.smtp.username",
        arrives: Some(|r, text| {
            let file = r.file("alertmanager", "alertmanager.yml");
            let expected = if text.is_empty() { Value::Null } else { json!(text) };
            (file["global"]["smtp_auth_username"].clone(), expected)
        }),
    },
    Field {
        path: "notifications.routes.0.match.team",
        arrives: Some(|r, text| {
            let file = r.file("alertmanager", "alertmanager.yml");
            let quoted = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            (file["route"]["routes"][1]["matchers"][1].clone(), json!(format!("team=\"{quoted}\"")))
        }),
    },
    Field {
        path: "notifications.timing.group_by.0",
        arrives: Some(|r, text| {
            let file = r.file("alertmanager", "alertmanager.yml");
            (file["route"]["group_by"].clone(), json!([text]))
        }),
    },
    Field {
        path: "logs.files.0.labels.tier",
        arrives: Some(|r, text| {
            let jobs = r.file("promtail", "promtail.yml")["scrape_configs"].clone();
            (jobs[2]["static_configs"][0]["labels"]["tier"].clone(), json!(text))
        }),
    },
    Field {
        path: "logs.files.0.path",
        arrives: Some(|r, text| {
            let jobs = r.file("promtail", "promtail.yml")["scrape_configs"].clone();
            (jobs[2]["static_configs"][0]["labels"]["__path__"].clone(), json!(text))
        }),
    },
    Field {
        path: "logs.drop.0",
        arrives: Some(|r, text| (stage(r, "drop", "expression"), json!(text))),
    },
    Field {
        path: "logs.multiline.first_line",
        arrives: Some(|r, text| (stage(r, "multiline", "firstline"), json!(text))),
    },
    Field {
        path: "logs.parse.regex",
        arrives: Some(|r, text| (stage(r, "regex", "expression"), json!(text))),
    },
    Field {
        path: "logs.timestamp.field",
        arrives: Some(|r, text| {
            let quoted = |part: &str| format!("\"{part}\"");
            let found = stage(r, "json", "expressions")["timestamp"].clone();
            let plain = text.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
            (found, json!(if plain { text.to_owned() } else { quoted(text) }))
        }),
    },
    Field { path: "logs.timestamp.format", arrives: None },
    Field { path: "logs.labels.0", arrives: None },
    Field { path: "logs.labels.tenant", arrives: None },
    Field { path: "logs.redact.builtin.0", arrives: None },
    Field {
        path: "logs.redact.patterns.badge",
        arrives: Some(|r, text| {
            let mut expressions = stages(r).into_iter().filter_map(|stage| {
                let replace = stage["replace"].clone();
                (replace["replace"] == "[redacted:badge]").then(|| replace["expression"].clone())
            });
            let found = expressions.next_back().unwrap_or_default();
            // What has no group of its own is covered as a whole.
            let whole = json!(format!("({text})"));
            (if found == whole { json!(text) } else { found }, json!(text))
        }),
    },
    Field { path: "logs.syslog.address", arrives: None },
    Field {
        path: "services.search.logs.drop.0",
        arrives: Some(|r, text| {
            let jobs = r.file("promtail", "promtail.yml")["scrape_configs"].clone();
            let own = jobs[1]["pipeline_stages"][0]["match"]["stages"].clone();
            let own = own.as_array().unwrap().iter().find(|stage| !stage["drop"].is_null());
            (own.unwrap()["drop"]["expression"].clone(), json!(text))
        }),
    },
    Field { path: "queries.mine.description", arrives: None },
    Field { path: "queries.mine.expr", arrives: None },
    Field { path: "probes.shop.description", arrives: None },
    Field { path: "probes.shop.group", arrives: None },
    Field { path: "probes.shop.http.url", arrives: None },
    Field { path: "probes.shop.http.method", arrives: None },
    Field {
        path: "probes.shop.http.body",
        arrives: Some(|r, text| {
            let http = r.module("http")["http"].clone();
            (http["fail_if_body_not_matches_regexp"].clone(), json!([text]))
        }),
    },
    Field {
        path: "probes.shop.http.auth.basic.username",
        arrives: Some(|r, text| {
            (r.module("http")["http"]["basic_auth"]["username"].clone(), json!(text))
        }),
    },
    Field {
        path: "probes.shop.http.tls.server_name",
        arrives: Some(|r, text| {
            (r.module("http")["http"]["tls_config"]["server_name"].clone(), json!(text))
        }),
    },
    Field {
        path: "probes.shop.labels.tier",
        arrives: Some(|r, text| {
            let targets = r.file("prometheus", "targets/probes/targets.json");
            (targets[0]["labels"]["tier"].clone(), json!(text))
        }),
    },
    Field {
        path: "probes.mail.tls.server_name",
        arrives: Some(|r, text| {
            (r.module("tls")["tcp"]["tls_config"]["server_name"].clone(), json!(text))
        }),
    },
    Field {
        path: "probes.mail.tls.address",
        arrives: Some(|r, text| (r.asked("mail"), json!(text))),
    },
    Field { path: "probes.gate.tcp", arrives: Some(|r, text| (r.asked("gate"), json!(text))) },
    Field { path: "probes.ping.icmp", arrives: Some(|r, text| (r.asked("ping"), json!(text))) },
    Field {
        path: "probes.names.dns.server",
        arrives: Some(|r, text| (r.asked("names"), json!(text))),
    },
    Field {
        path: "probes.names.dns.name",
        arrives: Some(|r, text| (r.module("dns")["dns"]["query_name"].clone(), json!(text))),
    },
    Field { path: "probes.names.dns.type", arrives: None },
    Field {
        path: "components.prometheus.remote_write.1.tenant",
        arrives: Some(|r, text| {
            let writes = r.file("prometheus", "prometheus.yml")["remote_write"].clone();
            (writes[1]["headers"]["X-Scope-OrgID"].clone(), json!(text))
        }),
    },
    Field {
        path: "components.prometheus.remote_write.2.username",
        arrives: Some(|r, text| {
            let writes = r.file("prometheus", "prometheus.yml")["remote_write"].clone();
            (writes[2]["basic_auth"]["username"].clone(), json!(text))
        }),
    },
    Field {
        path: "components.prometheus.remote_write.3.region",
        arrives: Some(|r, text| {
            let writes = r.file("prometheus", "prometheus.yml")["remote_write"].clone();
            (writes[3]["sigv4"]["region"].clone(), json!(text))
        }),
    },
    Field {
        path: "components.prometheus.remote_write.3.profile",
        arrives: Some(|r, text| {
            let writes = r.file("prometheus", "prometheus.yml")["remote_write"].clone();
            (writes[3]["sigv4"]["profile"].clone(), json!(text))
        }),
    },
    Field { path: "components.prometheus.remote_write.1.preset", arrives: None },
    Field { path: "components.prometheus.remote_write.1.url", arrives: None },
    Field {
        path: "components.postgres-exporter.server",
        arrives: Some(|r, text| {
            let uri = &r.bundle.processes["postgres-exporter"].env["DATA_SOURCE_URI"];
            (json!(uri.split('/').next()), json!(text))
        }),
    },
    Field {
        path: "components.postgres-exporter.user",
        arrives: Some(|r, text| {
            let env = &r.bundle.processes["postgres-exporter"].env;
            (json!(env.get("DATA_SOURCE_USER").map_or("", String::as_str)), json!(text))
        }),
    },
    Field {
        path: "components.postgres-exporter.database",
        arrives: Some(|r, text| {
            // A database's name cannot end the path of the address.
            let uri = &r.bundle.processes["postgres-exporter"].env["DATA_SOURCE_URI"];
            let url = format!("postgresql://{uri}");
            let path = url.split('/').nth(3).and_then(|rest| rest.split('?').next()).unwrap();
            let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_.~%".contains(b);
            let whole = path.bytes().all(|b| plain(&b)) && url.ends_with("?sslmode=disable");
            let _ = text;
            (json!(whole && url.matches('/').count() == 3), json!(true))
        }),
    },
    Field { path: "components.postgres-exporter.sslmode", arrives: None },
    Field {
        path: "components.redis-exporter.user",
        arrives: Some(|r, text| {
            let command = &r.bundle.processes["redis-exporter"].command;
            let found = command.iter().find_map(|argument| argument.strip_prefix("--redis.user="));
            (json!(found.unwrap_or_default()), json!(text))
        }),
    },
    Field {
        path: "components.mosquitto-exporter.user",
        arrives: Some(|r, text| {
            let user = r.file("mosquitto-exporter", "exporter.yml")["mqtt"]["user"].clone();
            (json!(user.as_str().unwrap_or_default()), json!(text))
        }),
    },
    Field { path: "alerts.packs.0", arrives: None },
    Field { path: "alerts.disable.0", arrives: None },
    Field { path: "dashboards.0", arrives: None },
    Field { path: "collector", arrives: None },
    Field { path: "extends", arrives: None },
];

/// Writes a text at a path of a manifest, making what is not there.
fn put(root: &mut Value, path: &str, text: &str) {
    let mut at = root;
    let mut parts = path.split('.').peekable();
    while let Some(part) = parts.next() {
        let next_is_index = parts.peek().is_some_and(|next| next.parse::<usize>().is_ok());
        let empty = if next_is_index { json!([]) } else { json!({}) };
        at = if let Ok(index) = part.parse::<usize>() {
            let list = at.as_array_mut().unwrap();
            if list.len() <= index {
                list.push(empty);
            }
            &mut list[index]
        } else {
            if at.is_string() {
                *at = json!({"url": at});
            }
            at.as_object_mut().unwrap().entry(part).or_insert(empty)
        };
    }
    *at = json!(text);
}

/// Renders a manifest that is written as JSON, which is YAML as well.
fn rendered(root: &Value, catalog: &Catalog) -> Result<Rendered, String> {
    let text = serde_json::to_string(root).unwrap();
    let document = manifest::load_text("mcpmon.yaml", &text, Path::new("")).map_err(|e| {
        e.diagnostics.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("; ")
    })?;
    let resolved = stack::resolve(&document, catalog)
        .map_err(|found| found.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("; "))?;
    let bundle = render::render(&resolved.stack, catalog).map_err(|e| format!("{e:#}"))?;
    Ok(Rendered { stack: resolved.stack, bundle })
}

/// The same tree with every text the same, so that only structure is left to compare.
fn shape(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(shape).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        Value::String(_) => json!(""),
        other => other.clone(),
    }
}

fn shapes(rendered: &Rendered) -> Vec<(String, Value)> {
    let tree = rendered.bundle.tree();
    let shapes = tree.iter().map(|(path, text)| {
        let is_data = [".yml", ".yaml", ".json"].iter().any(|end| path.ends_with(end));
        let shape = if is_data {
            shape(&yaml::parse(0, text).unwrap().to_json())
        } else {
            json!(text.lines().count())
        };
        // A module is named after its options.
        let shape = match path.as_str() {
            "blackbox-exporter/blackbox.yml" => {
                json!(shape["modules"].as_object().unwrap().values().collect::<Vec<_>>())
            }
            _ => shape,
        };
        // A file of targets is named after the credentials that its targets share.
        let path = if path.contains("/targets/") { "targets" } else { path.as_str() };
        (path.to_owned(), shape)
    });
    shapes.collect()
}

/// A manifest with a text in some fields.
fn with(paths: &[&str], text: &str, collector: &str) -> Value {
    let mut manifest = base();
    manifest["collector"] = json!(collector);
    for path in paths {
        put(&mut manifest, path, text);
        for key in ["mcp", "metrics"] {
            if path.contains(&format!("{key}.auth.basic")) {
                manifest["services"]["search"][key]["auth"]["basic"]["password"] =
                    json!({"env": "SECRET"});
            }
        }
        if path.contains("auth.header") {
            manifest["services"]["search"]["metrics"]["auth"]["header"]["value"] =
                json!({"env": "SECRET"});
        }
    }
    manifest
}

/// Whether the text may be put into a manifest at all.
fn printable(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control() && c != '\n' && c != '\t' || "\u{2028}\u{202e}\u{feff}\u{fffe}".contains(c)
    })
}

#[test]
fn free_text_arrives_as_it_was_written() {
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    for collector in ["promtail", "alloy"] {
        let expected = shapes(&rendered(&with(&FREE, "plain", collector), &catalog).unwrap());
        for text in hostile().iter().filter(|text| printable(text)) {
            let shown: String = text.chars().take(60).collect();
            let found = rendered(&with(&FREE, text, collector), &catalog)
                .unwrap_or_else(|message| panic!("{shown:?} is refused: {message}"));
            for field in FIELDS.iter().filter(|field| FREE.contains(&field.path)) {
                if collector == "alloy" && field.path.starts_with("logs.") {
                    continue;
                }
                if let Some(arrives) = field.arrives {
                    let (found, expected) = arrives(&found, text);
                    assert_eq!(found, expected, "{} = {shown:?}", field.path);
                }
            }
            // Without a channel there is no key for one.
            if !text.is_empty() {
                assert_eq!(shapes(&found), expected, "{shown:?}");
            }
        }
    }
}

#[test]
fn restricted_text_is_refused_or_arrives() {
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    let texts = hostile();
    let mut accepted = 0;
    for field in FIELDS.iter().filter(|field| !FREE.contains(&field.path)) {
        let expected = rendered(&with(&[field.path], "plain", "promtail"), &catalog).ok();
        // The most dangerous stand first.
        for text in texts.iter().take(20) {
            let place = format!("{} = {text:?}", field.path);
            match rendered(&with(&[field.path], text, "promtail"), &catalog) {
                Err(message) => {
                    assert!(!message.trim().is_empty(), "{place} is refused without a message");
                }
                Ok(found) => {
                    accepted += 1;
                    if let Some(arrives) = field.arrives {
                        let (found, expected) = arrives(&found, text);
                        assert_eq!(found, expected, "{place}");
                    }
                    if let Some(expected) = &expected {
                        assert_eq!(shapes(&found), shapes(expected), "{place}");
                    }
                }
            }
        }
    }
    // Refusing everything would pass as well.
    assert!(accepted > 30, "only {accepted} were rendered");
}

#[test]
fn control_characters_are_refused_wherever_they_stand() {
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    for text in
        ["bell\u{7}", "nul\u{0}", "delete\u{7f}", "next\u{85}", "line\u{2028}", "turn\u{202e}"]
    {
        for field in FIELDS {
            let text = serde_json::to_string(&with(&[field.path], text, "promtail")).unwrap();
            let loaded = manifest::load_text("mcpmon.yaml", &text, Path::new(""));
            assert!(loaded.is_err(), "{} takes {text:?}", field.path);
        }
        let mut manifest = base();
        manifest["components"]["prometheus"]["config"] = json!({text: 1});
        assert!(rendered(&manifest, &catalog).is_err(), "a key takes {text:?}");
    }
}

#[test]
fn addresses_keep_path_and_query_apart() {
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    let mut manifest = base();
    manifest["services"]["search"]["metrics"] =
        json!({"url": "http://search:7001/a%20b/{{x}}?name[]=a&q=%22%7D&__address__=evil"});
    let found = rendered(&manifest, &catalog).unwrap();
    let labels = found.file("prometheus", "targets/services/targets.json")[0]["labels"].clone();
    assert_eq!(labels["__metrics_path__"], "/a b/{{x}}");
    assert_eq!(labels["__param_name[]"], "a");
    assert_eq!(labels["__param_q"], "\"}");
    assert_eq!(labels["__param___address__"], "evil");
    assert_eq!(labels.get("__address__"), None);
}

#[test]
fn drop_expressions_reach_alloy_as_they_are() {
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    let mut accepted = 0;
    for text in hostile() {
        let mut manifest = base();
        manifest["collector"] = json!("alloy");
        put(&mut manifest, "logs.drop.0", &text);
        let Ok(found) = rendered(&manifest, &catalog) else { continue };
        let config = found.text("alloy", "config.alloy");
        let drop = config.lines().skip_while(|line| !line.contains("stage.drop")).nth(1);
        let value = drop.unwrap().split_once("= ").unwrap().1;
        assert_eq!(serde_json::from_str::<String>(value).unwrap(), text);
        accepted += 1;
    }
    assert!(accepted > 20, "only {accepted} were rendered");
}
