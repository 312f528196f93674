//! The challenge of a 401: where it is told who lets people in.

use hyper::Method;
use hyper::header::{ACCEPT, HeaderValue};
use serde_json::Value as Json;
use url::Url;

use super::exchange::Request;
use super::http::Client;
use super::progress::Progress;
use super::report::Challenge;
use super::target::Http;
use super::text::{MESSAGE, clean};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
const MAX_METADATA: usize = 64 << 10;

/// Notes the challenge, and whether its metadata can be read from the server that was asked. Whatever
/// host the header names, no other is asked: behind a proxy it is the same server, else a trap.
pub(super) async fn look(
    client: &mut Client,
    http: &Http,
    header: Option<&str>,
    progress: &mut Progress,
) -> bool {
    let named = header.and_then(resource_metadata);
    let named_url = named.as_deref().and_then(|named| http.url.join(named).ok());
    let places = match &named_url {
        Some(url) => vec![at(&http.url, url.path())],
        None => vec![
            at(&http.url, &format!("{WELL_KNOWN}{}", http.url.path().trim_end_matches('/'))),
            at(&http.url, WELL_KNOWN),
        ],
    };
    progress.report.challenge = Some(Challenge {
        header: header.map(|header| clean(header, MESSAGE)),
        resource_metadata: named_url.as_ref().map(super::text::place),
    });
    for place in places {
        if is_metadata(client, &place, progress).await {
            if let Some(challenge) = &mut progress.report.challenge {
                challenge.resource_metadata.get_or_insert_with(|| super::text::place(&place));
            }
            return true;
        }
    }
    false
}

fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

async fn is_metadata(client: &mut Client, place: &Url, progress: &mut Progress) -> bool {
    let mut request = Request::new(Method::GET, place);
    request.with_credentials = false;
    request.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let Ok(mut response) = client.send(request, progress).await else { return false };
    if !response.status.is_success() {
        client.keep(response);
        return false;
    }
    let Ok((body, true)) = response.beginning(MAX_METADATA).await else { return false };
    client.keep(response);
    let metadata: Option<Json> = serde_json::from_slice(&body).ok();
    metadata.is_some_and(|metadata| metadata.get("resource").is_some_and(Json::is_string))
}

/// The parameter `resource_metadata` of a challenge.
fn resource_metadata(header: &str) -> Option<String> {
    const NAME: &str = "resource_metadata";
    let at = header.to_ascii_lowercase().find(NAME)?;
    let value = header.get(at + NAME.len()..)?.trim_start().strip_prefix('=')?.trim_start();
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => value.split([',', ' ']).next()?,
    };
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::resource_metadata;

    #[test]
    fn the_place_is_read_from_the_header() {
        let of = |header| resource_metadata(header);
        let url = "https://a.example/.well-known/oauth-protected-resource/mcp";
        let quoted = format!("Bearer error=\"invalid_token\", resource_metadata=\"{url}\"");
        assert_eq!(of(&quoted).as_deref(), Some(url));
        let unquoted = format!("Bearer Resource_Metadata = {url}, x=y");
        assert_eq!(of(&unquoted).as_deref(), Some(url));
        assert_eq!(of("Bearer realm=\"x\""), None);
        assert_eq!(of("Bearer resource_metadata=\"\""), None);
    }
}
