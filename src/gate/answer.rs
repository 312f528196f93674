//! What a request gets.

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde_json::{Value as Json, json};

use super::ask::{Ask, Call, Refusal};
use super::scope::Scope;
use super::show;
use super::upstream::{Failure, Streamed, Upstream};

/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// Headers of `/_ping` that tell a client which API it may speak.
const API: [HeaderName; 2] =
    [HeaderName::from_static("api-version"), HeaderName::from_static("ostype")];

/// Longest line of `/events`.
const LONGEST_EVENT: usize = 1 << 20;

/// Asks the engine, and shows what may be seen of its answer.
pub async fn answer(
    upstream: &Upstream,
    scope: &Scope,
    ask: &Ask,
) -> Result<Response<Body>, Failure> {
    let Ask { version, query, .. } = ask;
    match &ask.call {
        Call::Ping { head } => ping(upstream, version, *head).await,
        Call::Version => Ok(json_of(&upstream.read(show::VERSION, &path(ask, "/version")).await?)),
        Call::Info => Ok(json_of(&upstream.read(show::INFO, &path(ask, "/info")).await?)),
        Call::Containers => {
            let mut list = upstream.read(show::CONTAINERS, &path(ask, "/containers/json")).await?;
            keep(&mut list, |item| scope.listed(item));
            Ok(json_of(&list))
        }
        Call::Inspect(name) => Ok(json_of(&inspect(upstream, scope, version, name).await?)),
        Call::Logs(name) => of_container(upstream, scope, ask, name, "logs").await,
        Call::Stats(name) => of_container(upstream, scope, ask, name, "stats").await,
        Call::Events => {
            let answer = upstream.open(Method::GET, &format!("{version}/events{query}")).await?;
            Ok(events(answer, scope.clone()))
        }
        Call::Networks => {
            let mut networks = upstream.read(show::NETWORKS, &path(ask, "/networks")).await?;
            let all = format!("{version}/containers/json?all=1");
            let joined = networks_of(&upstream.read(show::CONTAINERS, &all).await?, scope);
            keep(&mut networks, |network| joined.contains(&network["Id"]));
            Ok(json_of(&networks))
        }
    }
}

fn path(ask: &Ask, path: &str) -> String {
    format!("{}{path}{}", ask.version, ask.query)
}

async fn ping(upstream: &Upstream, version: &str, head: bool) -> Result<Response<Body>, Failure> {
    let method = if head { Method::HEAD } else { Method::GET };
    let answer = upstream.open(method, &format!("{version}/_ping")).await?;
    let mut shown = Response::new(text("OK"));
    copy(&answer, &mut shown, &API);
    shown.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(shown)
}

/// A container that may be seen; any other is not there.
async fn inspect(
    upstream: &Upstream,
    scope: &Scope,
    version: &str,
    name: &str,
) -> Result<Json, Failure> {
    let seen = upstream.read(show::CONTAINER, &format!("{version}/containers/{name}/json")).await?;
    if scope.inspected(&seen) {
        return Ok(seen);
    }
    let message = format!("No such container: {name}");
    Err(Failure::Refused { status: StatusCode::NOT_FOUND, message })
}

/// What the engine sends about one container, as it sends it: frames and all. Nothing of it is read ahead, so a
/// client that does not read stops the engine.
async fn of_container(
    upstream: &Upstream,
    scope: &Scope,
    ask: &Ask,
    name: &str,
    what: &str,
) -> Result<Response<Body>, Failure> {
    let seen = inspect(upstream, scope, &ask.version, name).await?;
    // By identifier: the name may be another container's by now.
    let id = seen["Id"].as_str().unwrap_or_default();
    let path = format!("{}/containers/{id}/{what}{}", ask.version, ask.query);
    let answer = upstream.open(Method::GET, &path).await?;
    let mut shown = Response::new(());
    copy(&answer, &mut shown, &[CONTENT_TYPE]);
    Ok(shown.map(|()| answer.into_body().map_err(Into::into).boxed_unsync()))
}

/// The networks that shown containers are in.
fn networks_of(list: &Json, scope: &Scope) -> Vec<Json> {
    let shown = list.as_array().into_iter().flatten().filter(|item| scope.listed(item));
    shown
        .filter_map(|item| item["NetworkSettings"]["Networks"].as_object())
        .flat_map(|networks| networks.values().map(|endpoint| endpoint["NetworkID"].clone()))
        .collect()
}

fn keep(list: &mut Json, shown: impl Fn(&Json) -> bool) {
    if let Json::Array(items) = list {
        items.retain(shown);
    }
}

/// The events of shown containers, one a line.
fn events(answer: Response<Streamed>, scope: Scope) -> Response<Body> {
    let state = (answer.into_body(), BytesMut::new(), scope);
    let lines = stream::try_unfold(state, async |(mut body, mut buffer, scope)| {
        loop {
            while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line = buffer.split_to(end);
                buffer.advance(1);
                if let Some(shown) = event(&line, &scope) {
                    return Ok(Some((Frame::data(shown), (body, buffer, scope))));
                }
            }
            let Some(frame) = body.frame().await.transpose()? else { return Ok(None) };
            buffer.extend_from_slice(frame.data_ref().map(Bytes::as_ref).unwrap_or_default());
            if buffer.len() > LONGEST_EVENT {
                return Err("an event is too long".into());
            }
        }
    });
    let mut shown = Response::new(StreamBody::new(lines).boxed_unsync());
    shown.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    shown
}

fn event(line: &[u8], scope: &Scope) -> Option<Bytes> {
    let mut event = show::read(show::EVENT, line).ok()?;
    let told = event["Type"] == "container"
        && event["Action"].as_str().is_some_and(show::action)
        && scope.told(&event);
    if !told {
        return None;
    }
    show::trim_attributes(&mut event);
    Some(Bytes::from(format!("{event}\n")))
}

fn copy<A, B>(from: &Response<A>, to: &mut Response<B>, names: &[HeaderName]) {
    for name in names {
        if let Some(value) = from.headers().get(name) {
            to.headers_mut().insert(name, value.clone());
        }
    }
}

fn text(text: &'static str) -> Body {
    Full::from(text).map_err(|never| match never {}).boxed_unsync()
}

fn json_of(value: &Json) -> Response<Body> {
    let body = Full::from(value.to_string()).map_err(|never| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// A request that is refused: 403, one sentence, and the end of its connection.
pub fn refused(refusal: &Refusal) -> Response<Body> {
    let mut answer = said(StatusCode::FORBIDDEN, &format!("mcpmon: {refusal}"));
    // What follows on it may be the rest of what was refused.
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// A question that the engine did not answer.
pub fn failed(failure: &Failure) -> Response<Body> {
    match failure {
        Failure::Refused { status, message } => said(*status, message),
        Failure::Broken(message) => said(StatusCode::BAD_GATEWAY, &format!("mcpmon: {message}")),
    }
}

/// An error in the shape that the engine's clients read.
fn said(status: StatusCode, message: &str) -> Response<Body> {
    let mut answer = json_of(&json!({"message": message}));
    *answer.status_mut() = status;
    answer
}
