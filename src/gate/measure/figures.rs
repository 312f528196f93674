//! What the engine says about a container, as far as metrics are made of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Of `/containers/{id}/json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Figures {
    pub restart_count: u64,
    pub state: State,
    pub config: Config,
    pub host_config: Host,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct State {
    /// RFC 3339; the year 1 where it never ran.
    pub started_at: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Config {
    /// As whoever made it wrote it; the list of containers may name an identifier instead.
    pub image: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Host {
    /// Bytes; 0 is no limit.
    pub memory: u64,
    pub nano_cpus: u64,
    pub cpu_period: u64,
    /// Microseconds in each period; 0 or below is no limit.
    pub cpu_quota: i64,
}

impl Host {
    /// The processor's limit: microseconds, in each period of so many.
    pub fn quota(&self) -> Option<(u64, u64)> {
        /// What the kernel takes where nobody says otherwise.
        const PERIOD: u64 = 100_000;
        let period = if self.cpu_period == 0 { PERIOD } else { self.cpu_period };
        match u64::try_from(self.cpu_quota) {
            Ok(quota) if quota > 0 => Some((quota, period)),
            _ if self.nano_cpus > 0 => Some((self.nano_cpus / (1_000_000_000 / PERIOD), PERIOD)),
            _ => None,
        }
    }
}

/// Of `/containers/{id}/stats`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Usage {
    pub cpu_stats: Cpu,
    pub memory_stats: Memory,
    pub pids_stats: Pids,
    /// By interface; nothing in the host's own network.
    #[serde(deserialize_with = "or_default")]
    pub networks: BTreeMap<String, Network>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Cpu {
    pub cpu_usage: Times,
    pub throttling_data: Throttling,
}

/// Nanoseconds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Times {
    pub total_usage: u64,
    pub usage_in_kernelmode: u64,
    pub usage_in_usermode: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Throttling {
    pub periods: u64,
    pub throttled_periods: u64,
    /// Nanoseconds.
    pub throttled_time: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Memory {
    pub usage: u64,
    /// How often the limit was hit; control groups of the second version do not count it.
    pub failcnt: Option<u64>,
    #[serde(deserialize_with = "or_default")]
    pub stats: BTreeMap<String, u64>,
}

impl Memory {
    /// The first of these figures that there is: the two versions of control groups name them differently.
    fn first(&self, names: [&str; 2]) -> Option<u64> {
        names.iter().find_map(|name| self.stats.get(*name)).copied()
    }

    /// What cannot simply be dropped.
    pub fn working_set(&self) -> u64 {
        let idle = self.first(["total_inactive_file", "inactive_file"]);
        self.usage.saturating_sub(idle.unwrap_or_default())
    }

    /// What programs asked for.
    pub fn rss(&self) -> Option<u64> {
        self.first(["total_rss", "anon"])
    }

    /// Files in memory.
    pub fn cache(&self) -> Option<u64> {
        self.first(["total_cache", "file"])
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pids {
    /// Threads, in the engine's words processes.
    pub current: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Network {
    pub rx_bytes: u64,
    pub rx_packets: u64,
    pub rx_errors: u64,
    pub rx_dropped: u64,
    pub tx_bytes: u64,
    pub tx_packets: u64,
    pub tx_errors: u64,
    pub tx_dropped: u64,
}

/// The engine writes `null` for a map that there is not.
fn or_default<'de, D, T>(reader: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(reader)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_control_groups_are_read() {
        let first: Memory = serde_json::from_str(
            r#"{"usage": 100, "failcnt": 2, "stats": {"inactive_file": 1, "total_inactive_file": 30, "total_rss": 7, "total_cache": 5}}"#,
        )
        .unwrap();
        assert_eq!((first.working_set(), first.rss(), first.cache()), (70, Some(7), Some(5)));
        let second: Memory = serde_json::from_str(
            r#"{"usage": 100, "stats": {"inactive_file": 40, "anon": 9, "file": 6}}"#,
        )
        .unwrap();
        assert_eq!((second.working_set(), second.rss(), second.cache()), (60, Some(9), Some(6)));
        assert_eq!(Memory { usage: 1, ..first }.working_set(), 0);
    }

    #[test]
    fn a_container_without_network_or_figures_is_read() {
        let usage: Usage =
            serde_json::from_str(r#"{"networks": null, "memory_stats": {"stats": null}}"#).unwrap();
        assert!(usage.networks.is_empty() && usage.memory_stats.rss().is_none());
    }

    #[test]
    fn the_processors_limit_is_said_in_two_ways() {
        let host =
            |nano_cpus, cpu_quota, cpu_period| Host { nano_cpus, cpu_quota, cpu_period, memory: 0 };
        assert_eq!(host(1_500_000_000, 0, 0).quota(), Some((150_000, 100_000)));
        assert_eq!(host(0, 50_000, 200_000).quota(), Some((50_000, 200_000)));
        assert_eq!(host(0, -1, 0).quota(), None);
    }
}
