//! Where this host reaches what containers reach by name.

use crate::check::subject::near;
use crate::engine::{Container, EngineError, Reader, Status};
use crate::manifest::{Document, Url};

/// Where a service's metrics are, as Prometheus asks for them.
///
/// # Errors
/// That the manifest gives it no metrics.
pub fn metrics_url(document: &Document, name: &str) -> Result<Url, String> {
    let service = document.manifest.services.iter().find(|(key, _)| key.as_str() == name);
    let Some((_, service)) = service else {
        let names = document.manifest.services.keys().map(crate::manifest::Name::as_str);
        return Err(format!(
            "there is no service `{name}` in the manifest; {}, or give a URL",
            crate::diagnostic::suggest(name, names)
        ));
    };
    if let Some(endpoint) = &service.metrics {
        return Ok(endpoint.url.clone());
    }
    match service.run.as_ref().and_then(|run| run.demo.as_ref()) {
        Some(demo) => Url::parse(&format!("http://{name}:{}/metrics", demo.scraped_port())),
        None => Err(format!(
            "`{name}` has no `metrics:` in the manifest; give a URL to see what it serves"
        )),
    }
}

/// The same address for this host: a published port, else the container's own address, else as it is written.
///
/// # Errors
/// When the engine does not answer.
pub async fn from_here(
    reader: &Reader,
    document: &Document,
    url: &Url,
) -> Result<String, EngineError> {
    let host = url.host();
    let rest = rest(url);
    if host == "host.docker.internal" {
        return Ok(format!("{}://127.0.0.1:{}{rest}", url.scheme(), url.port()));
    }
    let of_service =
        document.manifest.services.iter().find(|(name, _)| name.as_str() == host).map(|(_, s)| s);
    let candidates = [
        Some(format!("{}-{host}", document.manifest.name)),
        of_service.and_then(|service| service.container.as_ref().map(ToString::to_string)),
        Some(host.to_owned()),
    ];
    for candidate in candidates.into_iter().flatten() {
        let Some(container) = reader.container(&candidate).await? else { continue };
        if let Some(base) = address(&container, url.port()) {
            return Ok(format!("{}{rest}", base.replacen("http", url.scheme(), 1)));
        }
    }
    Ok(url.to_string())
}

/// Where a running container's port is reached from the engine's host.
pub fn address(container: &Container, port: u16) -> Option<String> {
    if !matches!(container.state.status, Status::Running) {
        return None;
    }
    if let Some(published) = container.published(port) {
        return Some(format!("http://{}", near(published)));
    }
    if container.networks.contains_key("host") {
        return Some(format!("http://127.0.0.1:{port}"));
    }
    let at = container.networks.values().find(|at| !at.address.is_empty())?;
    Some(format!("http://{}:{port}", at.address))
}

/// What follows the address in a URL.
fn rest(url: &Url) -> String {
    let text = url.to_string();
    let after = text.split_once("://").map_or("", |(_, after)| after);
    after.find(['/', '?']).and_then(|at| after.get(at..)).unwrap_or("/").to_owned()
}
