//! What a person is told about a failure: what happened, and what to do about it.

use super::fault::Fault;
use super::report::{Failure, Reason, StepName};
use super::target::{At, Protocol, Target};

/// A failure as it is told.
pub(super) fn explain(mut fault: Fault, target: &Target) -> Failure {
    let said = std::mem::take(&mut fault.message);
    let message = match fault.step {
        Some(step) if fault.reason == Reason::Timeout || is_question(step) => {
            format!("{}: {said}", name(step))
        }
        _ => said,
    };
    let advice = fault.advice.take().unwrap_or_else(|| advice(&fault, target));
    Failure { reason: fault.reason, message, advice }
}

/// What a person calls a step.
fn name(step: StepName) -> &'static str {
    match step {
        StepName::Resolve => "resolving the name",
        StepName::Connect => "connecting",
        StepName::Tls => "TLS",
        StepName::Spawn => "starting the program",
        StepName::Discover => "server/discover",
        StepName::Endpoint => "the stream",
        StepName::Initialize => "initialize",
        StepName::Initialized => "notifications/initialized",
        StepName::Ping => "ping",
        StepName::ToolsList => "tools/list",
        StepName::ToolsCall => "tools/call",
        StepName::Close => "the end",
    }
}

fn is_question(step: StepName) -> bool {
    use StepName::{Close, Connect, Resolve, Spawn, Tls};
    !matches!(step, Resolve | Connect | Tls | Spawn | Close)
}

fn advice(fault: &Fault, target: &Target) -> String {
    let fixed = match fault.reason {
        Reason::Dns => {
            "Correct the host's name, or ask from where it is known: a container's name is known in its own networks only."
        }
        Reason::Connect => {
            "Is it running, and listening on an address that is reached from here? One that listens on 127.0.0.1 is reached from its own host or container only."
        }
        Reason::Tls => "Compare the server's certificate with `tls.ca` and `tls.server_name`.",
        Reason::Timeout => return hung(fault, target),
        Reason::HttpStatus => return status(fault, target),
        Reason::AuthRequired => return credentials(target),
        Reason::Forbidden => return forbidden(fault),
        Reason::HostRejected => return host(target),
        Reason::NotAcceptable => {
            "mcpmon takes both application/json and text/event-stream; a proxy in between probably strips or rewrites the header Accept: let it pass."
        }
        Reason::RateLimited => {
            "Ask less often (`interval`), or let mcpmon past the server's rate limit."
        }
        Reason::HeaderMismatch => {
            "A proxy in between probably strips or rewrites MCP-Protocol-Version, Mcp-Method, Mcp-Name or Mcp-Session-Id: let them pass."
        }
        Reason::UnsupportedVersion => return version(target),
        Reason::Redirect => {
            "Set `url` to where the server is; credentials are sent to no other host, and a POST is not turned into a GET."
        }
        Reason::BadContentType => {
            "Something that is no MCP server may answer here: check host, port and path."
        }
        Reason::BadSse => {
            "A proxy in between may buffer or cut streams; else the server has a fault."
        }
        Reason::BadJson => {
            "Something that is no MCP server may answer here; else the server has a fault."
        }
        Reason::WrongId => {
            "The server, or a gateway that merges the answers of several clients, has a fault."
        }
        Reason::JsonrpcError => return refused(fault, target),
        Reason::SessionLost => {
            "Several instances behind a balancer need sticky sessions (by Mcp-Session-Id); else the server restarted or ends sessions too soon."
        }
        Reason::TooLarge => {
            "A listing of this size would also be too much for a model; else the server has a fault."
        }
        Reason::ToolsMissing => "Bring the tools back, or take them out of `expect_tools`.",
        Reason::ToolError => {
            "The server works; look at the tool's arguments and at what it depends on."
        }
        Reason::SpawnFailed => {
            "Check `command` and `dir`: they are those of the host or container that mcpmon runs in."
        }
        Reason::ProcessExited => {
            "Start it by hand and look at its standard error; only PATH, HOME and what `env` names are passed on to it."
        }
        Reason::StdoutNoise => {
            "A program may write nothing but messages to its standard output: let it log to standard error."
        }
    };
    fixed.to_owned()
}

fn hung(fault: &Fault, target: &Target) -> String {
    let advice = match (&target.at, fault.step) {
        (At::Stdio(_), _) => {
            "A program that is downloaded or compiled at its start needs a longer `timeout`; else it waits for something that it has not got."
        }
        (_, Some(StepName::Resolve)) => "The name servers do not answer.",
        (_, Some(StepName::Connect)) => {
            "Nothing answers at this address: a firewall may drop what is sent there."
        }
        (_, Some(StepName::Tls)) => "It may speak plain HTTP at this port: try http://.",
        _ => {
            "The server takes connections but does not answer: it may be overloaded or stuck; a slow one needs a longer `timeout`."
        }
    };
    advice.to_owned()
}

fn status(fault: &Fault, target: &Target) -> String {
    let At::Http(http) = &target.at else { return String::new() };
    let advice = match fault.status {
        Some(404 | 405) if http.url.path() == "/" => {
            return format!(
                "No MCP server is at this path; most are at /mcp, those of 2024-11-05 at /sse: try {}.",
                http.url.join("/mcp").unwrap_or_else(|_| http.url.clone())
            );
        }
        Some(404 | 405) => {
            "No MCP server is at this path; most are at /mcp, those of 2024-11-05 at /sse."
        }
        Some(400) => "The server does not take the question; its log says why.",
        Some(415) => "A proxy in between probably changes the header Content-Type: let it pass.",
        Some(502..=504) => "A proxy answers, but does not reach the server behind it.",
        Some(500..) if fault.step == Some(StepName::Discover) => {
            "The server has a fault; its log says which. If it breaks at `server/discover` alone, set `protocol` to `legacy`."
        }
        Some(500..) => "The server has a fault; its log says which.",
        _ => "Something that is no MCP server may answer here: check host, port and path.",
    };
    advice.to_owned()
}

fn credentials(target: &Target) -> String {
    let At::Http(http) = &target.at else { return String::new() };
    let advice = if http.credentials.is_some() {
        "The server does not take the credentials of `auth`: they may have expired."
    } else {
        "Set `auth`; or, to watch only that the server is there and says how to log in, `accept_auth_challenge`."
    };
    advice.to_owned()
}

fn forbidden(fault: &Fault) -> String {
    let header = fault.authenticate.as_deref().unwrap_or_default();
    let advice = if header.contains("insufficient_scope") {
        "The token lacks a scope; the header WWW-Authenticate names it."
    } else {
        "The credentials are known but may not do this, or a proxy lets nobody in from here."
    };
    advice.to_owned()
}

fn host(target: &Target) -> String {
    let At::Http(http) = &target.at else { return String::new() };
    let port = http.url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let sent = http.host_header.clone();
    let sent = sent.or_else(|| http.url.host_str().map(|host| format!("{host}{port}")));
    format!(
        "The server takes requests for certain names only, and not for {}: set `host_header` to one of them (such as 127.0.0.1{port} or localhost{port}), or add this one to the server's allowed hosts.",
        sent.unwrap_or_default()
    )
}

fn version(target: &Target) -> String {
    let advice = match target.protocol {
        Protocol::Auto => "mcpmon speaks 2024-11-05 to 2026-07-28: update it, or the server.",
        _ => "Set `protocol` to `auto`, so that each version is tried.",
    };
    advice.to_owned()
}

fn refused(fault: &Fault, target: &Target) -> String {
    let is_handshake = matches!(fault.step, Some(StepName::Discover | StepName::Initialize));
    let advice = match fault.code() {
        Some(super::message::MISSING_CAPABILITY) => {
            "The server asks for a capability of the client that a probe has not got."
        }
        _ if is_handshake && target.protocol != Protocol::Auto => {
            "The server may not speak this protocol: set `protocol` to `auto`."
        }
        Some(-32602) if fault.step == Some(StepName::ToolsCall) => {
            "Compare the tool's name and arguments with what the server lists."
        }
        _ => "The server has a fault; its log says which.",
    };
    advice.to_owned()
}
