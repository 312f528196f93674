//! A server behind a URL.

use serde_json::json;
use url::Url;

use super::{Leave, Server};
use crate::discover::secret::{is_harmless, name_is_secret, segment_is_secret, value_is_secret};
use crate::yaml::{Node, Span};

impl Server<'_> {
    /// Reads `url` and what goes with it.
    pub(super) fn address(
        &mut self,
        url: &Node,
        transport: &str,
        node: &Node,
    ) -> Result<(), Leave> {
        let text = url.as_str().unwrap_or_default();
        self.url("url", text, url.span)?;
        if transport == "sse" {
            self.mcp.insert("protocol".into(), "sse".into());
        }
        for (key, entry) in node.get("headers").and_then(Node::as_map).into_iter().flatten() {
            let Some(value) = super::scalar(&entry.node) else {
                self.note(entry.key, format!("the header `{key}` is no text"));
                continue;
            };
            self.header(key, &value, entry.node.span)?;
        }
        let signs_in = ["oauth", "auth"].iter().any(|key| node.get(key).is_some());
        if signs_in && !self.mcp.contains_key("auth") {
            self.accept_challenge(url.span);
        }
        Ok(())
    }

    /// The client signs in by itself, which a probe cannot.
    pub(in crate::discover) fn accept_challenge(&mut self, span: Span) {
        self.mcp.insert("accept_auth_challenge".into(), true.into());
        let text = "the client signs in with OAuth, which a probe cannot: a 401 that says where to sign in counts as alive";
        self.note(span, text);
    }

    /// Reads an address.
    pub(super) fn url(&mut self, key: &str, text: &str, span: Span) -> Result<(), Leave> {
        let leave = |text: String| Err(Leave(Some(span), text));
        let text = self.plain(key, text, span)?;
        let mut url = match Url::parse(text.trim()) {
            Ok(url) => url,
            Err(error) => return leave(format!("`{key}` is not a URL: {error}")),
        };
        if !matches!(url.scheme(), "http" | "https") {
            return leave(format!("`{}:` is not `http:` or `https:`", url.scheme()));
        }
        self.login(key, &mut url, span)?;
        let secret = url.query_pairs().find(|(name, value)| {
            name_is_secret(name) && !is_harmless(value) || value_is_secret(value)
        });
        if let Some((name, _)) = secret {
            return leave(format!(
                "a secret stands in `{key}`, as the parameter `{name}`: an address is shown on dashboards. If the server takes it in a header, write `auth: {{header: {{name: X-Api-Key, value: {{file: …}}}}}}`"
            ));
        }
        if url.path_segments().into_iter().flatten().any(segment_is_secret) {
            return leave(format!(
                "a part of the path of `{key}` looks like a secret: an address is shown on dashboards, and whoever knows this one may use the server"
            ));
        }
        url.set_fragment(None);
        self.for_the_stack(key, &mut url, span)?;
        self.mcp.insert("url".into(), url.as_str().into());
        // The address first, however the rest was found.
        let rest: Vec<_> = std::mem::take(&mut self.mcp).into_iter().collect();
        let (first, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(key, _)| key == "url");
        self.mcp = first.into_iter().chain(rest).collect();
        Ok(())
    }

    fn login(&mut self, key: &str, url: &mut Url, span: Span) -> Result<(), Leave> {
        if url.username().is_empty() && url.password().is_none() {
            return Ok(());
        }
        let user = url.username().to_owned();
        let cannot = url.password().is_none() || user.contains('%') || value_is_secret(&user);
        if cannot || url.set_username("").is_err() || url.set_password(None).is_err() {
            let text = format!(
                "credentials stand in `{key}`; move them to a header `Authorization: Bearer …`, then read this again"
            );
            return Err(Leave(Some(span), text));
        }
        let password = self.secret("password", "", span);
        self.mcp.insert("auth".into(), json!({"basic": {"username": user, "password": password}}));
        Ok(())
    }

    /// What is this host's own is reached by another name from the stack's containers.
    fn for_the_stack(&mut self, key: &str, url: &mut Url, span: Span) -> Result<(), Leave> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let own = matches!(host.as_str(), "localhost" | "[::1]" | "0.0.0.0" | "[::]");
        if !own && !host.starts_with("127.") {
            return Ok(());
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let seen =
            if matches!(host.as_str(), "0.0.0.0" | "[::]") { "127.0.0.1" } else { host.as_str() };
        if url.set_host(Some("host.docker.internal")).is_err() {
            return Err(Leave(Some(span), format!("`{key}` leads nowhere from a container")));
        }
        self.mcp.insert("host_header".into(), format!("{seen}{port}").into());
        if url.scheme() == "https" {
            self.mcp.insert("tls".into(), json!({"server_name": seen}));
        }
        let text = format!(
            "`{host}` is this host, which the stack's containers know as `host.docker.internal`: the server must listen there too, not on 127.0.0.1 alone"
        );
        self.note(span, text);
        Ok(())
    }
}
