//! What the engine is.

use bollard::models::{SystemInfo, SystemVersion};
use jiff::Timestamp;

/// The oldest API that has all that mcpmon uses (Docker 20.10).
pub(super) const OLDEST_API: (u16, u16) = (1, 41);

/// What the engine says about itself and its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Version of the engine (`20.10.24`).
    pub engine_version: String,
    /// Version of its API, major and minor. It decides which fields the engine understands: newer ones it drops in silence.
    pub api_version: (u16, u16),
    /// Operating system of the containers (`linux`).
    pub os: String,
    /// Architecture in Go's words (`amd64`, `arm64`).
    pub arch: String,
    /// Number of CPUs.
    pub cpus: u64,
    /// Memory of the host in bytes.
    pub memory_bytes: u64,
    /// Whether the engine runs without root.
    pub rootless: bool,
    /// Whether containers are confined by `SELinux`.
    pub selinux: bool,
    /// `1` or `2`.
    pub cgroup_version: String,
    /// Storage driver (`overlay2`, `vfs` …).
    pub storage_driver: String,
    /// Directory that holds images, containers and volumes.
    pub docker_root_dir: String,
    /// Its clock when it was asked, RFC 3339.
    pub system_time: String,
    /// Our clock then.
    pub asked_at: Timestamp,
}

impl Facts {
    pub(super) fn new(version: SystemVersion, info: SystemInfo) -> Self {
        let security = info.security_options.unwrap_or_default();
        let confined_by =
            |name: &str| security.iter().any(|option| option.split(',').any(|part| part == name));
        let count = |number: Option<i64>| {
            number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
        };
        Self {
            engine_version: version.version.unwrap_or_default(),
            api_version: parse_api(&version.api_version.unwrap_or_default()),
            os: version.os.unwrap_or_default(),
            arch: version.arch.unwrap_or_default(),
            cpus: count(info.ncpu),
            memory_bytes: count(info.mem_total),
            rootless: confined_by("name=rootless"),
            selinux: confined_by("name=selinux"),
            cgroup_version: info
                .cgroup_version
                .map(|version| version.to_string())
                .unwrap_or_default(),
            storage_driver: info.driver.unwrap_or_default(),
            docker_root_dir: info.docker_root_dir.unwrap_or_default(),
            system_time: info.system_time.unwrap_or_default(),
            asked_at: Timestamp::now(),
        }
    }
}

/// `1.41` as numbers; what cannot be read counts as too old.
fn parse_api(version: &str) -> (u16, u16) {
    let parsed = version
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parsed.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_version_is_compared_as_numbers() {
        assert!(parse_api("1.9") < OLDEST_API);
        assert!(parse_api("1.141") > OLDEST_API);
        assert!(parse_api("?") < OLDEST_API);
    }
}
