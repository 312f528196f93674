//! What others can read on its way.

use serde_json::Value as Json;

use super::{Hit, Rule, Severity, Subject};
use crate::manifest::{Auth, Url, UrlOrSecret};
use crate::yaml::{Node, Span, Value};

/// A token or password over plain HTTP.
pub const CREDENTIALS_IN_CLEAR: Rule = Rule {
    id: "credentials-in-clear",
    severity: Severity::Error,
    what: "A token or password leaves the host over plain HTTP",
    frameworks: "SOC 2 CC6.7; GDPR 32(1)(a)",
    look: |s| {
        let services = addresses(s).filter(|(_, _, url, auth)| auth.is_some() && in_clear(url));
        let services = services.map(|(name, field, url, auth)| {
            let kind = match auth {
                Some(Auth::Bearer(_)) => "a bearer token",
                Some(Auth::Basic { .. }) => "a password",
                Some(Auth::Header { .. }) | None => "a header with a credential",
            };
            let span = s.at(["services", name, field, "url"]);
            Hit::new(name, span, format!("{kind} is sent to {url}"), "write `https://`")
        });
        let receivers = webhooks(s).filter(|(_, url, token)| *token && in_clear(url));
        let receivers = receivers.map(|(name, url, _)| {
            Hit::new(
                name,
                webhook(s, name),
                format!("its token is sent to {url}"),
                "write `https://`",
            )
        });
        services.chain(receivers).collect()
    },
};

/// Plain HTTP beyond the host.
pub const PLAIN_HTTP: Rule = Rule {
    id: "plain-http",
    severity: Severity::Warning,
    what: "Something beyond the host is spoken to over plain HTTP",
    frameworks: "SOC 2 CC6.7; GDPR 32(1)(a)",
    look: |s| {
        let services = addresses(s).filter(|(_, _, url, auth)| auth.is_none() && in_clear(url));
        let services = services.map(|(name, field, url, _)| {
            let span = s.at(["services", name, field, "url"]);
            Hit::new(name, span, format!("{field} is asked at {url}"), "write `https://`")
        });
        let receivers = webhooks(s).filter(|(_, url, token)| !*token && in_clear(url));
        let receivers = receivers.map(|(name, url, _)| {
            Hit::new(
                name,
                webhook(s, name),
                format!("alerts are sent to {url}"),
                "write `https://`",
            )
        });
        let stores = s.stack.components.values().flat_map(|part| {
            let entries = part.settings.get("remote_write").and_then(Json::as_array);
            entries.into_iter().flatten().filter_map(move |entry| {
                let url = Url::parse(entry.get("url")?.as_str()?).ok().filter(in_clear)?;
                let span = s.at(["components", &part.key, "remote_write"]);
                Some(Hit::new(
                    &part.name,
                    span,
                    format!("samples are sent to {url}"),
                    "write `https://`",
                ))
            })
        });
        services.chain(receivers).chain(stores).collect()
    },
};

/// Certificates that nobody looks at.
pub const UNVERIFIED: Rule = Rule {
    id: "tls-unverified",
    severity: Severity::Warning,
    what: "A certificate is taken without looking at it",
    frameworks: "SOC 2 CC6.7; GDPR 32(1)(a)",
    look: |s| {
        let mut found = Vec::new();
        for section in ["services", "components", "notifications", "probes"] {
            let things = s.document.root.get(section).and_then(Node::as_map);
            for (name, entry) in things.into_iter().flatten() {
                let mut places = Vec::new();
                unverified(&entry.node, &mut places);
                found.extend(places.into_iter().map(|span| {
                    Hit::new(
                        name,
                        Some(span),
                        "any certificate is taken",
                        "name the authority: `tls: {ca: {file: secrets/ca.pem}}`",
                    )
                }));
            }
        }
        found
    },
};

/// Mail in the clear.
pub const MAIL_WITHOUT_TLS: Rule = Rule {
    id: "mail-without-tls",
    severity: Severity::Warning,
    what: "Mail is sent without TLS",
    frameworks: "SOC 2 CC6.7; GDPR 32(1)(a)",
    look: |s| {
        let smtp = s.document.manifest.notifications.smtp.as_ref().filter(|smtp| !smtp.require_tls);
        let span = s.at(["notifications", "smtp", "require_tls"]);
        smtp.map(|smtp| {
            Hit::new(
                "smtp",
                span,
                format!("{} may be spoken to without TLS", smtp.host),
                "remove `require_tls: false`",
            )
        })
        .into_iter()
        .collect()
    },
};

/// Whether a URL is plain HTTP to somewhere beyond the Docker host: a name without a dot is that of
/// a container.
fn in_clear(url: &Url) -> bool {
    let host = url.host();
    url.scheme() == "http"
        && host != "host.docker.internal"
        && (host.contains('.') || host.contains(':'))
        && !host.starts_with("127.")
}

/// Every address of a service, with its key and its credentials.
fn addresses<'a>(
    s: &'a Subject<'_>,
) -> impl Iterator<Item = (&'a str, &'static str, &'a Url, Option<&'a Auth>)> {
    s.document.manifest.services.iter().flat_map(|(name, service)| {
        service.addresses().map(|(field, url, auth)| (name.as_str(), field, url, auth))
    })
}

/// Webhooks whose URL is written out, and whether they have a token.
fn webhooks<'a>(s: &'a Subject<'_>) -> impl Iterator<Item = (&'a str, &'a Url, bool)> {
    s.document.manifest.notifications.receivers.iter().filter_map(|(name, receiver)| {
        let webhook = receiver.webhook.as_ref()?;
        let UrlOrSecret::Url(url) = &webhook.url else { return None };
        Some((name.as_str(), url, webhook.token.is_some()))
    })
}

fn webhook(s: &Subject<'_>, name: &str) -> Option<Span> {
    s.at(["notifications", "receivers", name, "webhook", "url"])
}

fn unverified(node: &Node, places: &mut Vec<Span>) {
    match &node.value {
        Value::List(list) => list.iter().for_each(|item| unverified(item, places)),
        Value::Map(map) => {
            for (key, entry) in map {
                let off = matches!(
                    key.as_str(),
                    "insecure_skip_verify" | "tls_skip_verify" | "tls_skip_verify_insecure"
                );
                match entry.node.value {
                    Value::Bool(true) if off => places.push(entry.key),
                    _ => unverified(&entry.node, places),
                }
            }
        }
        _ => {}
    }
}
