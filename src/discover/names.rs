//! A valid name for each service, that neither another service nor a component of the stack has.

use std::collections::BTreeSet;

use crate::manifest::Name;

/// The names that are taken.
#[derive(Clone, Debug, Default)]
pub struct Names {
    taken: BTreeSet<String>,
    components: BTreeSet<String>,
}

impl Names {
    /// Names of services that are there, and of the components that there can be.
    pub fn new(
        services: impl IntoIterator<Item = String>,
        components: impl IntoIterator<Item = String>,
    ) -> Self {
        Self { taken: services.into_iter().collect(), components: components.into_iter().collect() }
    }

    /// The nearest name that is free. It stays so until it is [taken](Self::take).
    pub fn free(&self, wanted: &str) -> Name {
        let mut name = Name::from_any(wanted);
        // A service that has a component's name would be taken for it in labels and logs.
        if self.components.contains(name.as_str()) {
            name = Name::from_any(&format!("mcp-{name}"));
        }
        let base: String = name.as_str().chars().take(59).collect();
        let numbered = (2..).map(|number| Name::from_any(&format!("{base}-{number}")));
        let free = |name: &Name| !self.taken.contains(name.as_str());
        std::iter::once(name.clone()).chain(numbered).find(free).unwrap_or(name)
    }

    /// Takes a name.
    pub fn take(&mut self, name: &Name) {
        self.taken.insert(name.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_and_no_other_has_them() {
        let mut names = Names::new(["search".to_owned()], ["grafana".to_owned()]);
        for (wanted, name) in [
            ("search", "search-2"),
            ("Search", "search-3"),
            ("grafana", "mcp-grafana"),
            ("My Server!", "my-server"),
            ("", "mcp"),
            ("@acme/x", "acme-x"),
        ] {
            let free = names.free(wanted);
            assert_eq!(free.as_str(), name);
            names.take(&free);
        }
        let long = names.free(&"a".repeat(80));
        names.take(&long);
        assert_eq!(names.free(&"a".repeat(80)).as_str(), format!("{}-2", "a".repeat(59)));
    }
}
