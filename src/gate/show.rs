//! What is shown of the engine's answers. Fields are named here; one that is not named is never even kept in
//! memory, so that a field which a later engine adds stays hidden.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

/// What is kept of a value.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A text, a number or a truth value.
    Plain,
    /// These fields of an object.
    Fields(&'static [(&'static str, Shape)]),
    /// Each value of an object, under any name.
    Map(&'static Shape),
    /// Each value of a list.
    List(&'static Shape),
    /// Labels that say what a container is, and no other.
    Labels,
}

use Shape::{Fields, Labels, List, Plain};

/// Labels that are shown; one that ends with a dot stands for all that begin so. Others may hold anything: proxies
/// are given passwords in them.
const LABELS: [&str; 5] = [
    "dev.mcpmon.",
    "com.docker.compose.project",
    "com.docker.compose.service",
    "com.docker.compose.container-number",
    "com.docker.swarm.",
];

/// Whether a label is shown.
pub fn label(name: &str) -> bool {
    LABELS.iter().any(|known| *known == name || known.ends_with('.') && name.starts_with(known))
}

/// A container's place in a network.
const ENDPOINT: Shape = Fields(&[
    ("NetworkID", Plain),
    ("EndpointID", Plain),
    ("Gateway", Plain),
    ("IPAddress", Plain),
    ("IPPrefixLen", Plain),
    ("IPv6Gateway", Plain),
    ("GlobalIPv6Address", Plain),
    ("GlobalIPv6PrefixLen", Plain),
    ("MacAddress", Plain),
]);

/// An item of `/containers/json`.
const LISTED: Shape = Fields(&[
    ("Id", Plain),
    ("Names", List(&Plain)),
    ("Image", Plain),
    ("ImageID", Plain),
    ("Created", Plain),
    (
        "Ports",
        List(&Fields(&[
            ("IP", Plain),
            ("PrivatePort", Plain),
            ("PublicPort", Plain),
            ("Type", Plain),
        ])),
    ),
    ("Labels", Labels),
    ("State", Plain),
    ("Status", Plain),
    ("HostConfig", Fields(&[("NetworkMode", Plain)])),
    ("NetworkSettings", Fields(&[("Networks", Shape::Map(&ENDPOINT))])),
]);

/// `/containers/json`.
pub const CONTAINERS: Shape = List(&LISTED);

/// `/containers/{id}/json`.
pub const CONTAINER: Shape = Fields(&[
    ("Id", Plain),
    ("Created", Plain),
    ("Name", Plain),
    ("Image", Plain),
    ("RestartCount", Plain),
    ("Platform", Plain),
    (
        "State",
        Fields(&[
            ("Status", Plain),
            ("Running", Plain),
            ("Paused", Plain),
            ("Restarting", Plain),
            ("OOMKilled", Plain),
            ("Dead", Plain),
            ("ExitCode", Plain),
            ("StartedAt", Plain),
            ("FinishedAt", Plain),
            // Its log holds what the check's command wrote.
            ("Health", Fields(&[("Status", Plain), ("FailingStreak", Plain)])),
        ]),
    ),
    (
        "Config",
        Fields(&[
            ("Hostname", Plain),
            ("Image", Plain),
            ("Labels", Labels),
            ("OpenStdin", Plain),
            ("StdinOnce", Plain),
            // Whether its log is in frames.
            ("Tty", Plain),
        ]),
    ),
    (
        "HostConfig",
        Fields(&[
            ("NetworkMode", Plain),
            ("LogConfig", Fields(&[("Type", Plain)])),
            ("RestartPolicy", Fields(&[("Name", Plain), ("MaximumRetryCount", Plain)])),
            ("Memory", Plain),
            ("NanoCpus", Plain),
            ("CpuPeriod", Plain),
            ("CpuQuota", Plain),
        ]),
    ),
    (
        "NetworkSettings",
        Fields(&[
            ("Networks", Shape::Map(&ENDPOINT)),
            ("Ports", Shape::Map(&List(&Fields(&[("HostIp", Plain), ("HostPort", Plain)])))),
        ]),
    ),
]);

/// `/networks`.
pub const NETWORKS: Shape = List(&Fields(&[
    ("Id", Plain),
    ("Name", Plain),
    ("Scope", Plain),
    ("Driver", Plain),
    ("Internal", Plain),
    ("Ingress", Plain),
    ("Labels", Labels),
]));

/// `/version`.
pub const VERSION: Shape = Fields(&[
    ("Version", Plain),
    ("ApiVersion", Plain),
    ("MinAPIVersion", Plain),
    ("Os", Plain),
    ("Arch", Plain),
]);

/// `/info`: proxies with their passwords, registries and the swarm stand there as well.
pub const INFO: Shape = Fields(&[
    ("ServerVersion", Plain),
    ("OSType", Plain),
    ("Architecture", Plain),
    ("NCPU", Plain),
    ("MemTotal", Plain),
    ("CgroupDriver", Plain),
    ("CgroupVersion", Plain),
    ("LoggingDriver", Plain),
]);

/// A line of `/events`. Its attributes are a container's labels with a few words more.
pub const EVENT: Shape = Fields(&[
    ("status", Plain),
    ("id", Plain),
    ("from", Plain),
    ("Type", Plain),
    ("Action", Plain),
    ("Actor", Fields(&[("ID", Plain), ("Attributes", Shape::Map(&Plain))])),
    ("scope", Plain),
    ("time", Plain),
    ("timeNano", Plain),
]);

/// Attributes of an event that are no labels.
const ATTRIBUTES: [&str; 6] = ["name", "image", "exitCode", "signal", "oldName", "execDuration"];

/// Leaves those attributes of an event that are shown. They are needed whole before, to see whose it is.
pub fn trim_attributes(event: &mut Json) {
    if let Some(Json::Object(all)) = event.pointer_mut("/Actor/Attributes") {
        all.retain(|name, _| ATTRIBUTES.contains(&name.as_str()) || label(name));
    }
}

/// Whether that is told of a container. What is run in it stands in the name of other actions.
pub fn action(name: &str) -> bool {
    let known = [
        "create", "destroy", "die", "kill", "oom", "pause", "rename", "restart", "start", "stop",
        "unpause", "update",
    ];
    let health = ["health_status: healthy", "health_status: unhealthy", "health_status: starting"];
    known.contains(&name) || health.contains(&name)
}

/// Reads an answer; what is not shown is left out while it is read.
pub fn read(shape: Shape, json: &[u8]) -> serde_json::Result<Json> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = shape.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

impl<'de> DeserializeSeed<'de> for Shape {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(self.plain(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(self.plain(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(self.plain(value))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(self.plain(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(self.plain(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let Self::List(each) = self else {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Json::Null);
        };
        let mut kept = Vec::new();
        while let Some(value) = list.next_element_seed(*each)? {
            kept.push(value);
        }
        Ok(Json::Array(kept))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut kept = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let shape = match self {
                Self::Fields(fields) => {
                    fields.iter().find(|(field, _)| *field == name).map(|(_, shape)| *shape)
                }
                Self::Map(each) => Some(*each),
                Self::Labels if label(&name) => Some(Plain),
                Self::Labels | Plain | Self::List(_) => None,
            };
            match shape {
                Some(shape) => {
                    let value = map.next_value_seed(shape)?;
                    kept.insert(name, value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(match self {
            Plain | Self::List(_) => Json::Null,
            Fields(_) | Self::Map(_) | Labels => Json::Object(kept),
        })
    }
}

impl Shape {
    /// A plain value where one is shown.
    fn plain(self, value: impl Into<Json>) -> Json {
        if matches!(self, Plain) { value.into() } else { Json::Null }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_named_is_gone() {
        let inspected = json!({
            "Id": "1", "Name": "/a", "Args": ["--token=x"], "Path": "sh",
            "State": {"Status": "running", "Error": "exec: secret", "Health": {"Status": "healthy", "Log": [{"Output": "secret"}]}},
            "Config": {"Tty": true, "Env": ["A=secret"], "Cmd": ["secret"], "Labels": {"dev.mcpmon.stack": "s", "traefik.auth": "secret"}},
            "HostConfig": {"Binds": ["/secret:/x"], "LogConfig": {"Type": "splunk", "Config": {"splunk-token": "secret"}}},
            "NetworkSettings": {"Ports": {"80/tcp": null, "81/tcp": [{"HostIp": "127.0.0.1", "HostPort": "1", "x": "secret"}]}},
            "Mounts": [{"Source": "/secret"}], "NewField": {"secret": "secret"}
        });
        let shown = read(CONTAINER, inspected.to_string().as_bytes()).unwrap();
        assert_eq!(
            shown,
            json!({
                "Id": "1", "Name": "/a",
                "State": {"Status": "running", "Health": {"Status": "healthy"}},
                "Config": {"Tty": true, "Labels": {"dev.mcpmon.stack": "s"}},
                "HostConfig": {"LogConfig": {"Type": "splunk"}},
                "NetworkSettings": {"Ports": {"80/tcp": null, "81/tcp": [{"HostIp": "127.0.0.1", "HostPort": "1"}]}},
            })
        );
    }

    #[test]
    fn a_value_of_another_kind_than_expected_is_left_out() {
        let odd = json!({"Id": {"secret": 1}, "Name": ["secret"], "State": "secret", "Config": {"Labels": ["secret"]}});
        let shown = read(CONTAINER, odd.to_string().as_bytes()).unwrap();
        assert_eq!(
            shown,
            json!({"Id": null, "Name": null, "State": null, "Config": {"Labels": null}})
        );
    }

    #[test]
    fn labels_that_name_folders_are_no_labels() {
        assert!(label("com.docker.compose.project"));
        assert!(!label("com.docker.compose.project.working_dir"));
        assert!(label("dev.mcpmon.stack") && !label("dev.mcpmonx"));
    }

    #[test]
    fn commands_are_no_actions() {
        assert!(action("oom") && action("health_status: healthy"));
        assert!(!action("exec_create: cat /run/secret") && !action("exec_start"));
    }
}
