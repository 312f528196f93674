//! Which containers are shown.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::engine::labels;

/// Which containers are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Scope {
    /// All of the engine.
    All,
    /// Those of a stack, and those that its manifest names.
    Fleet {
        /// The stack.
        stack: String,
        /// Names of containers that are not the stack's own.
        #[serde(default)]
        containers: BTreeSet<String>,
    },
}

impl Scope {
    /// Whether an item of the list of containers is shown.
    pub fn listed(&self, item: &Json) -> bool {
        let names = item["Names"].as_array().into_iter().flatten().filter_map(Json::as_str);
        self.holds(names, &item["Labels"])
    }

    /// Whether a container that was asked for by name is shown.
    pub fn inspected(&self, container: &Json) -> bool {
        self.holds(container["Name"].as_str().into_iter(), &container["Config"]["Labels"])
    }

    /// Whether an event of a container is told.
    pub fn told(&self, event: &Json) -> bool {
        let attributes = &event["Actor"]["Attributes"];
        self.holds(attributes["name"].as_str().into_iter(), attributes)
    }

    fn holds<'a>(&self, mut names: impl Iterator<Item = &'a str>, found: &Json) -> bool {
        match self {
            Self::All => true,
            Self::Fleet { stack, containers } => {
                found[labels::STACK].as_str() == Some(stack)
                    || names.any(|name| containers.contains(name.trim_start_matches('/')))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fleet_is_the_stack_and_what_its_manifest_names() {
        let fleet = Scope::Fleet { stack: "s".into(), containers: ["api".into()].into() };
        let label = |stack: &str| json!({"Names": ["/x"], "Labels": {"dev.mcpmon.stack": stack}});
        assert!(fleet.listed(&label("s")) && !fleet.listed(&label("other")));
        let named = |name: &str| json!({"Name": name, "Config": {"Labels": null}});
        assert!(fleet.inspected(&named("/api")));
        assert!(!fleet.inspected(&named("/api2")) && Scope::All.inspected(&named("/api2")));
        let event = json!({"Actor": {"Attributes": {"name": "api"}}});
        assert!(fleet.told(&event));
        assert!(!fleet.told(&json!({})));
    }

    #[test]
    fn it_is_written_in_one_word_or_with_names() {
        assert_eq!(serde_json::from_str::<Scope>("\"all\"").unwrap(), Scope::All);
        let fleet = r#"{"fleet": {"stack": "s", "containers": ["api"]}}"#;
        let wanted = Scope::Fleet { stack: "s".into(), containers: ["api".into()].into() };
        assert_eq!(serde_json::from_str::<Scope>(fleet).unwrap(), wanted);
    }
}
