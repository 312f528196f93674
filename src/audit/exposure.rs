//! Who reaches the stack, and what they may do there.

use serde_json::Value as Json;

use super::{Hit, Rule, Severity, Subject};
use crate::stack::Component;
use crate::yaml::{Node, Value};

/// Components that ask for a password before they answer.
const WITH_LOGIN: [&str; 3] = ["grafana", "kibana", "elasticsearch"];

/// Dashboards without a password.
pub const ANONYMOUS: Rule = Rule {
    id: "anonymous-access",
    severity: Severity::Error,
    what: "A component shows its data without asking for a password",
    frameworks: "SOC 2 CC6.1; GDPR 32(1)(b)",
    look: |s| {
        let by_setting = parts(s, |part| part.settings.get("anonymous") == Some(&Json::Bool(true)));
        let by_env = parts(s, |part| is_on(part, "GF_AUTH_ANONYMOUS_ENABLED"));
        let setting = by_setting.map(|part| {
            Hit::new(
                &part.name,
                s.at(["components", &part.key, "anonymous"]),
                "`anonymous` is on",
                "remove `anonymous`",
            )
        });
        let env = by_env.map(|part| env_hit(s, part, "GF_AUTH_ANONYMOUS_ENABLED"));
        setting.chain(env).collect()
    },
};

/// Anybody makes themselves a user.
pub const SIGN_UP: Rule = Rule {
    id: "sign-up",
    severity: Severity::Error,
    what: "Whoever reaches Grafana may make themselves a user",
    frameworks: "SOC 2 CC6.2",
    look: |s| {
        parts(s, |part| is_on(part, "GF_USERS_ALLOW_SIGN_UP"))
            .map(|part| env_hit(s, part, "GF_USERS_ALLOW_SIGN_UP"))
            .collect()
    },
};

/// What switches off the passwords and TLS of the Elastic programs.
const ELASTIC_SECURITY: &str = "xpack.security.enabled";

/// A datastore without passwords and TLS.
pub const SECURITY_OFF: Rule = Rule {
    id: "security-off",
    severity: Severity::Error,
    what: "A component's own security is switched off",
    frameworks: "SOC 2 CC6.1; GDPR 32(1)(b)",
    look: |s| {
        let off = parts(s, |part| {
            let config = part.config.as_ref().is_some_and(|node| is_false(node, ELASTIC_SECURITY));
            let env = part.env.get(ELASTIC_SECURITY);
            config || env.is_some_and(|value| value.eq_ignore_ascii_case("false"))
        });
        let evidence = format!("`{ELASTIC_SECURITY}` is false");
        off.map(|part| {
            let span = s.at(["components", &part.key, "config"]);
            Hit::new(&part.name, span, &evidence, "remove it: passwords and TLS are on by default")
        })
        .collect()
    },
};

/// Whether a dotted key is false, however its parts are split over maps.
fn is_false(node: &Node, key: &str) -> bool {
    let Some(map) = node.as_map() else {
        return node.value == Value::Bool(false) && key.is_empty();
    };
    map.iter().any(|(name, entry)| {
        let rest = key.strip_prefix(name.as_str());
        rest.is_some_and(|rest| is_false(&entry.node, rest.strip_prefix('.').unwrap_or(rest)))
    })
}

/// A port that asks nobody anything, beyond the host.
pub const UNAUTHENTICATED: Rule = Rule {
    id: "exposed-unauthenticated",
    severity: Severity::Error,
    what: "A component that asks for no password is published beyond the host",
    frameworks: "SOC 2 CC6.6; GDPR 32(1)(b)",
    look: |s| {
        exposed(s)
            .filter(|part| !WITH_LOGIN.contains(&part.kind.as_str()))
            .map(|part| {
                exposure(s, part, "remove `address`, and put a proxy with authentication before it")
            })
            .collect()
    },
};

/// A port that asks for a password, beyond the host.
pub const PORT: Rule = Rule {
    id: "exposed-port",
    severity: Severity::Warning,
    what: "A component that asks for a password is published beyond the host",
    frameworks: "SOC 2 CC6.6",
    look: |s| {
        exposed(s)
            .filter(|part| WITH_LOGIN.contains(&part.kind.as_str()))
            .map(|part| exposure(s, part, "remove `address`, and put a proxy with TLS before it"))
            .collect()
    },
};

/// A login over plain HTTP.
pub const WITHOUT_TLS: Rule = Rule {
    id: "login-without-tls",
    severity: Severity::Warning,
    what: "People log in from other machines over plain HTTP",
    frameworks: "SOC 2 CC6.7; GDPR 32(1)(a)",
    look: |s| {
        exposed(s)
            .filter(|part| {
                let root_url = part.settings.get("root_url");
                root_url
                    .is_some_and(|url| !url.as_str().is_some_and(|url| url.starts_with("https://")))
            })
            .map(|part| {
                Hit::new(
                    &part.name,
                    s.at(["components", &part.key, "root_url"]).or(part.span),
                    "its address is not https",
                    "put a proxy with TLS before it and write `root_url: https://…`",
                )
            })
            .collect()
    },
};

/// Prometheus takes commands that delete data.
pub const ADMIN_API: Rule = Rule {
    id: "admin-api",
    severity: Severity::Warning,
    what: "Prometheus takes commands that delete or copy its data from whoever reaches it",
    frameworks: "SOC 2 CC6.1, A1.2",
    look: |s| {
        let flag = "--web.enable-admin-api";
        s.bundle
            .processes
            .iter()
            .filter(|(_, process)| {
                process
                    .command
                    .iter()
                    .any(|word| word == flag || word == "--web.enable-admin-api=true")
            })
            .map(|(name, _)| {
                Hit::new(
                    name,
                    s.component(name),
                    format!("it runs with `{flag}`"),
                    "switch it off; switch it on for the time of a snapshot alone",
                )
            })
            .collect()
    },
};

fn parts<'a>(
    s: &'a Subject<'_>,
    wanted: impl Fn(&Component) -> bool + 'a,
) -> impl Iterator<Item = &'a Component> {
    s.stack.components.values().filter(move |part| wanted(part))
}

/// Components that other machines reach.
fn exposed<'a>(s: &'a Subject<'_>) -> impl Iterator<Item = &'a Component> {
    parts(s, |part| {
        part.host_address.parse::<std::net::IpAddr>().is_ok_and(|address| !address.is_loopback())
    })
}

fn exposure(s: &Subject<'_>, part: &Component, instead: &str) -> Hit {
    let where_at = match part.host_port {
        Some(number) => format!("port {number}"),
        None => "a free port".to_owned(),
    };
    let evidence = format!("{} listens on {where_at} of {}", part.name, part.host_address);
    Hit::new(&part.name, s.at(["components", &part.key, "address"]), evidence, instead)
}

fn is_on(part: &Component, variable: &str) -> bool {
    part.env.get(variable).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
}

fn env_hit(s: &Subject<'_>, part: &Component, variable: &str) -> Hit {
    let span = s.at(["components", &part.key, "env", variable]);
    Hit::new(&part.name, span, format!("`{variable}` is on"), format!("remove `{variable}`"))
}
