//! Values that are rarely what was meant.

use crate::diagnostic::Diagnostic;
use crate::manifest::{Url, is_image_path, is_tag};
use crate::yaml::Span;

/// Inside a container its own address leads nowhere else.
pub(super) fn container_itself(
    url: &Url,
    place: impl FnOnce() -> Option<Span>,
    found: &mut Vec<Diagnostic>,
) {
    found.extend(leads_to_itself(url.host(), &url.to_string(), place));
}

/// The same for any address.
pub fn leads_to_itself(
    host: &str,
    written: &str,
    place: impl FnOnce() -> Option<Span>,
) -> Option<Diagnostic> {
    if !matches!(host, "localhost" | "[::1]" | "0.0.0.0" | "[::]") && !host.starts_with("127.") {
        return None;
    }
    let instead = written.replacen(host, "host.docker.internal", 1);
    let problem = Diagnostic::error(
        place(),
        format!("inside the stack's containers `{host}` is the container itself"),
    );
    Some(problem.help(format!(
        "write `host.docker.internal` for something on the Docker host: `{instead}`"
    )))
}

pub(super) fn secret_environment(
    key: &str,
    place: Option<Span>,
    help: &str,
    found: &mut Vec<Diagnostic>,
) {
    if looks_secret(key) {
        let message = format!(
            "`{key}` looks like a secret, and `docker inspect` shows the environment to everyone"
        );
        let mut problem = Diagnostic::warning(place, message).help(help);
        problem.secret = true;
        found.push(problem);
    }
}

/// The image of a service has a tag, and is one that a registry would take.
pub(super) fn image_of_a_service(image: &str, place: Option<Span>, found: &mut Vec<Diagnostic>) {
    let slash = image.rfind('/').map_or(0, |at| at + 1);
    let end = image.get(slash..).and_then(|last| last.find([':', '@'])).map(|at| slash + at);
    let (path, tag) = match end {
        Some(end) => (image.get(..end).unwrap_or(image), image.get(end + 1..)),
        None => (image, None),
    };
    // `name@sha256:…` has a digest alone, which is better than any tag.
    let tag_ok = tag.is_none_or(|tag| is_tag(tag) || is_tag(&format!("x@{tag}")));
    if !is_image_path(path) || !tag_ok {
        found.push(
            Diagnostic::error(place, format!("`{image}` is not the name of an image"))
                .help("write it like `acme/server:1.4`"),
        );
    } else if matches!(tag, None | Some("latest")) {
        found.push(
            Diagnostic::warning(place, format!("`{image}` is another program tomorrow"))
                .help("name a version: `acme/server:1.4`"),
        );
    }
}

pub(super) fn is_registry(text: &str) -> bool {
    is_image_path(&format!("{}/x", text.trim_end_matches('/')))
}

/// Whether an environment variable's name says that its value is a secret.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_uppercase();
    let whole =
        ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "CREDENTIAL"];
    whole.iter().any(|word| name.contains(word))
        && !name.ends_with("_FILE")
        && !name.ends_with("_PATH")
}
