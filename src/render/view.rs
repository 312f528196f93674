//! What a component's templates may read.

use indexmap::IndexMap;
use minijinja::value::{Serde, Value};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::stack::{Component, LIVE, Limits, Stack};

/// The names in a component's templates.
#[derive(Serialize)]
pub struct View<'a> {
    /// The stack.
    pub stack: &'a Value,
    /// Every component that is part of the stack, by name.
    pub components: &'a Value,
    /// The component's own name.
    pub name: &'a str,
    /// The version that it runs; the folder's own where the image's tag says none.
    pub version: &'a str,
    /// The component's own settings.
    pub settings: &'a Map<String, Json>,
    /// The component's own limits.
    pub resources: &'a Limits,
    /// The address under which people open the component.
    pub url: String,
    /// The folder with the files that its process reads, with a `/` at the end.
    pub dir: &'static str,
    /// The dashboards that templates speak of.
    #[serde(flatten)]
    pub dashboards: &'a Dashboards,
}

/// The dashboards that templates speak of.
#[derive(Debug, Serialize)]
pub struct Dashboards {
    /// The file of the one that Grafana opens with, under the folder of dashboards.
    pub home_dashboard: String,
    /// Where a browser finds the one of an MCP server, up to the service's name; empty without one.
    pub mcp_dashboard: String,
}

/// What one component may know of another.
#[derive(Serialize)]
struct Neighbour {
    /// `host:port` on the stack's network.
    address: String,
    /// Its settings.
    settings: Map<String, Json>,
}

/// What the templates of all components read, brought into their form once.
pub struct Shared {
    stack: Value,
    /// All components as others see them.
    components: Value,
}

impl Shared {
    /// What there is to read in a stack.
    pub fn new(stack: &Stack) -> Self {
        let neighbour = |part: &'_ Component| Neighbour {
            address: stack.address(part),
            settings: part.settings.clone(),
        };
        let components: IndexMap<&str, Neighbour> =
            stack.components.values().map(|p| (p.name.as_str(), neighbour(p))).collect();
        Self { stack: Value::from(Serde(stack)), components: Value::from(Serde(components)) }
    }
}

/// The address under which people open a component on the host.
pub fn url(component: &Component) -> String {
    let host = match component.host_address.as_str() {
        "0.0.0.0" | "::" => "127.0.0.1",
        other => other,
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let port = component.host_port.unwrap_or(component.spec.port);
    let tls = component.spec.access.as_ref().is_some_and(|access| access.ca.is_some());
    let scheme = if tls { "https" } else { "http" };
    format!("{scheme}://{host}:{port}")
}

/// The names in the templates of one component.
pub fn view<'a>(
    shared: &'a Shared,
    component: &'a Component,
    dashboards: &'a Dashboards,
) -> View<'a> {
    View {
        stack: &shared.stack,
        components: &shared.components,
        name: &component.name,
        version: &component.version,
        settings: &component.settings,
        resources: &component.resources,
        url: url(component),
        dir: LIVE,
        dashboards,
    }
}
