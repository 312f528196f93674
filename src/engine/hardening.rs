//! What a container may do to its host.

use std::collections::BTreeMap;

use bollard::models::HostConfig;

use super::container::sorted;

/// The facts that decide what a container may do to its host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hardening {
    /// `uid[:gid]` or a name; empty is the image's root.
    pub user: String,
    /// Whether its root file system is read-only.
    pub read_only_rootfs: bool,
    /// Capabilities taken away; `ALL` for every one.
    pub cap_drop: Vec<String>,
    /// Capabilities given back.
    pub cap_add: Vec<String>,
    /// Kernel parameters of its own network.
    pub sysctls: BTreeMap<String, String>,
    /// Security options, such as `no-new-privileges:true`.
    pub security_opt: Vec<String>,
    /// Whether it may do everything.
    pub privileged: bool,
    /// Memory limit in bytes; 0 is none.
    pub memory_bytes: i64,
    /// CPU limit in billionths of a CPU; 0 is none.
    pub nano_cpus: i64,
    /// Limit of processes; 0 or below is none.
    pub pids_limit: i64,
    /// Log driver (`json-file` …).
    pub log_driver: String,
    /// Options of the log driver.
    pub log_options: BTreeMap<String, String>,
    /// `no`, `always`, `unless-stopped` or `on-failure`.
    pub restart_policy: String,
    /// `host` when it sees the host's processes.
    pub pid_mode: String,
    /// `host`, or the network it was created with.
    pub network_mode: String,
    /// Options of each tmpfs by target.
    pub tmpfs: BTreeMap<String, String>,
    /// Additional groups.
    pub group_add: Vec<String>,
    /// Additional lines of `/etc/hosts`, as `name:address`.
    pub extra_hosts: Vec<String>,
}

impl Hardening {
    pub(super) fn new(host: HostConfig, user: String) -> Self {
        let log = host.log_config.unwrap_or_default();
        let restart_policy =
            host.restart_policy.and_then(|policy| policy.name).map(|name| name.to_string());
        Self {
            user,
            read_only_rootfs: host.readonly_rootfs.unwrap_or_default(),
            cap_drop: host.cap_drop.unwrap_or_default(),
            cap_add: host.cap_add.unwrap_or_default(),
            sysctls: sorted(host.sysctls),
            security_opt: host.security_opt.unwrap_or_default(),
            privileged: host.privileged.unwrap_or_default(),
            memory_bytes: host.memory.unwrap_or_default(),
            nano_cpus: host.nano_cpus.unwrap_or_default(),
            pids_limit: host.pids_limit.unwrap_or_default(),
            log_driver: log.typ.unwrap_or_default(),
            log_options: sorted(log.config),
            restart_policy: restart_policy.unwrap_or_default(),
            pid_mode: host.pid_mode.unwrap_or_default(),
            network_mode: host.network_mode.unwrap_or_default(),
            tmpfs: sorted(host.tmpfs),
            group_add: host.group_add.unwrap_or_default(),
            extra_hosts: host.extra_hosts.unwrap_or_default(),
        }
    }
}
