//! The versions of a program that a component's folder knows, and what changes between them.

use std::collections::BTreeMap;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::version::Version;

/// What a `versions.yaml` says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// The oldest one that the templates make files for; an older one is refused.
    #[serde(default)]
    pub oldest: Option<Version>,
    /// Those that people run, oldest first.
    #[serde(default)]
    pub known: Vec<Version>,
    /// What changes on the way from one to another, in that order.
    #[serde(default)]
    pub breaks: Vec<Break>,
    /// Fields of the manifest that need a newer one than the oldest: `notifications.receivers.*.teams` → since.
    #[serde(default)]
    pub fields: BTreeMap<String, Version>,
}

/// What changes with one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Break {
    /// The first version that has it.
    pub at: Version,
    /// What changes, in one sentence.
    pub changes: String,
    /// What to do about it, or what mcpmon does.
    pub advice: String,
    /// What becomes of its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<Store>,
}

/// Data that older versions cannot read once this one has opened it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The oldest version that still reads it; none before the change without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_to: Option<Version>,
    /// Why, as a sentence goes on after “for”.
    pub reason: String,
}

impl Versions {
    /// What lies between two versions, in the order in which they came out.
    pub fn between(&self, one: &Version, other: &Version) -> Vec<&Break> {
        let (low, high) = if one < other { (one, other) } else { (other, one) };
        self.breaks.iter().filter(|found| *low < found.at && found.at <= *high).collect()
    }

    /// What keeps data of `from` from being read by the older `to`.
    pub fn no_way_back(&self, from: &Version, to: &Version) -> Option<(&Break, &Store)> {
        self.breaks.iter().rev().filter(|found| *to < found.at && found.at <= *from).find_map(
            |found| {
                let store = found.store.as_ref()?;
                let reads = store.back_to.as_ref().is_some_and(|oldest| oldest <= to);
                (!reads).then_some((found, store))
            },
        )
    }

    /// The newest one that is known.
    pub fn newest(&self) -> Option<&Version> {
        self.known.last()
    }

    /// What the types cannot say.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.known.is_empty() {
            let nothing = self.oldest.is_none() && self.breaks.is_empty() && self.fields.is_empty();
            ensure!(nothing, "`known` is missing: the versions that people run, oldest first");
            return Ok(());
        }
        for pair in self.known.windows(2) {
            if let [older, newer] = pair {
                ensure!(older < newer, "`known`: {newer} does not come after {older}");
            }
        }
        for pair in self.breaks.windows(2) {
            if let [older, newer] = pair {
                ensure!(
                    older.at <= newer.at,
                    "`breaks`: {} does not come after {}",
                    newer.at,
                    older.at
                );
            }
        }
        if let (Some(oldest), Some(first)) = (&self.oldest, self.known.first()) {
            ensure!(oldest <= first, "`known`: {first} is older than `oldest`, which is {oldest}");
        }
        for found in &self.breaks {
            let back = found.store.as_ref().and_then(|store| store.back_to.as_ref());
            ensure!(
                back.is_none_or(|back| *back < found.at),
                "`breaks`: what {} writes can be read by it: `back_to` is an older version",
                found.at
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions() -> Versions {
        crate::yaml::from_str(
            "versions.yaml",
            "known: [v2.54.0, v2.55.1, v3.0.0, v3.5.1, v4.0.0]
breaks:
  - {at: v3.0.0, changes: a, advice: a, store: {back_to: v2.55.0, reason: r}}
  - {at: v3.5.0, changes: b, advice: b}
  - {at: v4.0.0, changes: c, advice: c, store: {reason: r}}
",
        )
        .unwrap()
    }

    fn v(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn boundaries_between_two_versions_are_found_in_both_directions() {
        let versions = versions();
        versions.check().unwrap();
        let crossed = |from: &str, to: &str| {
            versions.between(&v(from), &v(to)).iter().map(|b| b.at.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(crossed("v2.55.1", "v3.5.1"), ["v3.0.0", "v3.5.0"]);
        assert_eq!(crossed("v3.5.1", "v2.55.1"), ["v3.0.0", "v3.5.0"]);
        assert_eq!(crossed("v2.54.0", "v3.0.0"), ["v3.0.0"]);
        // One that is not out yet has not crossed it.
        assert!(crossed("v2.54.0", "v3.0.0-rc.1").is_empty());
        assert!(crossed("v3.0.0", "v3.0.1").is_empty());
        assert!(crossed("v3.0.0", "v3.0.0").is_empty());
    }

    #[test]
    fn the_way_back_ends_where_the_store_does() {
        let versions = versions();
        let stops = |from: &str, to: &str| {
            versions.no_way_back(&v(from), &v(to)).map(|(found, _)| found.at.to_string())
        };
        assert_eq!(stops("v3.5.1", "v3.0.0"), None);
        assert_eq!(stops("v3.5.1", "v2.55.0"), None);
        assert_eq!(stops("v3.5.1", "v2.54.9").as_deref(), Some("v3.0.0"));
        assert_eq!(stops("v4.0.0", "v3.5.1").as_deref(), Some("v4.0.0"));
        assert_eq!(stops("v4.0.0", "v2.54.0").as_deref(), Some("v4.0.0"));
        // Forward there is always a way.
        assert_eq!(stops("v2.54.0", "v4.0.0"), None);
    }

    #[test]
    fn data_that_makes_no_sense_is_refused() {
        let wrong = |change: &dyn Fn(&mut Versions)| {
            let mut versions = versions();
            change(&mut versions);
            versions.check().unwrap_err().to_string()
        };
        assert!(wrong(&|v| v.known.reverse()).contains("does not come after"));
        assert!(wrong(&|v| v.breaks.reverse()).contains("`breaks`"));
        assert!(wrong(&|v| v.known.clear()).contains("`known` is missing"));
        assert!(wrong(&|v| v.oldest = v.known.last().cloned()).contains("older than `oldest`"));
        let newer = |v: &mut Versions| {
            v.breaks[0].store.as_mut().unwrap().back_to = Version::parse("v3.1.0");
        };
        assert!(wrong(&newer).contains("`back_to` is an older version"));
    }
}
