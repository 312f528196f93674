//! Our container specification in the engine's words.
//!
//! Every field used here is understood by API 1.41, the oldest that [`Reader::connect`](super::Reader::connect) accepts. An engine drops
//! newer fields in silence, so a newer one must be gated by [`Facts::api_version`](super::Facts::api_version). Two choices avoid that:
//! tmpfs options go to `HostConfig.Tmpfs` (`TmpfsOptions.Options` is 1.46), and additional networks are joined after the creation (more
//! than one at creation is 1.44).

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig,
    Mount as ApiMount, MountBindOptions, MountBindOptionsPropagationEnum, MountType,
    MountVolumeOptions, NetworkingConfig, PortBinding, PortMap, RestartPolicy as ApiRestart,
    RestartPolicyNameEnum,
};

use super::{ContainerSpec, Mount, MountSource, NetworkMode, Publish, RestartPolicy};

impl ContainerSpec {
    pub(super) fn to_bollard(&self) -> ContainerCreateBody {
        ContainerCreateBody {
            image: Some(self.image.clone()),
            entrypoint: self.entrypoint.clone(),
            cmd: filled(&self.command),
            env: Some(self.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            user: self.user.clone(),
            labels: Some(unordered(&self.labels)),
            exposed_ports: Some(self.ports.iter().map(inside).collect()),
            stop_timeout: self.stop_timeout_seconds,
            healthcheck: self.healthcheck_disabled.then(|| HealthConfig {
                test: Some(vec!["NONE".to_owned()]),
                ..HealthConfig::default()
            }),
            networking_config: self.endpoints(),
            host_config: Some(self.host_config()),
            ..ContainerCreateBody::default()
        }
    }

    fn host_config(&self) -> HostConfig {
        let restart = match self.restart {
            RestartPolicy::UnlessStopped => RestartPolicyNameEnum::UNLESS_STOPPED,
            RestartPolicy::No => RestartPolicyNameEnum::NO,
        };
        HostConfig {
            network_mode: Some(match &self.network {
                NetworkMode::Named { name, .. } => name.clone(),
                NetworkMode::Host => "host".to_owned(),
                NetworkMode::None => "none".to_owned(),
            }),
            port_bindings: Some(bindings(&self.ports)),
            mounts: Some(self.mounts.iter().filter_map(mount).collect()),
            tmpfs: Some(self.mounts.iter().filter_map(tmpfs).collect()),
            extra_hosts: filled(&self.extra_hosts),
            readonly_rootfs: Some(self.read_only_rootfs),
            cap_drop: (!self.privileged).then(|| vec!["ALL".to_owned()]),
            security_opt: (!self.privileged).then(|| vec!["no-new-privileges:true".to_owned()]),
            cap_add: filled(&self.cap_add),
            sysctls: (!self.sysctls.is_empty()).then(|| self.sysctls.clone().into_iter().collect()),
            group_add: filled(&self.group_add),
            pid_mode: self.pid_host.then(|| "host".to_owned()),
            privileged: Some(self.privileged),
            memory: self.memory_bytes,
            nano_cpus: self.nano_cpus,
            pids_limit: self.pids_limit,
            restart_policy: Some(ApiRestart { name: Some(restart), maximum_retry_count: None }),
            log_config: Some(self.log_config()),
            ..HostConfig::default()
        }
    }

    fn log_config(&self) -> HostConfigLogConfig {
        let option = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let size = option("max-size", &self.log_rotation.max_size);
        let files = option("max-file", &self.log_rotation.max_file.to_string());
        let (driver, options) = match &self.log_to {
            None => ("json-file", vec![size, files]),
            Some(to) => (
                "fluentd",
                vec![
                    option("fluentd-address", &to.address),
                    // A container starts and runs though Fluentd does not.
                    option("fluentd-async", "true"),
                    option("fluentd-sub-second-precision", "true"),
                    option("tag", "docker.{{.Name}}"),
                    option("labels", &to.labels.join(",")),
                    // The engine's own copy.
                    option("cache-max-size", &size.1),
                    option("cache-max-file", &files.1),
                ],
            ),
        };
        HostConfigLogConfig {
            typ: Some(driver.to_owned()),
            config: Some(options.into_iter().collect()),
        }
    }

    fn endpoints(&self) -> Option<NetworkingConfig> {
        let NetworkMode::Named { name, aliases } = &self.network else {
            return None;
        };
        let endpoint = EndpointSettings { aliases: filled(aliases), ..EndpointSettings::default() };
        Some(NetworkingConfig { endpoints_config: Some(HashMap::from([(name.clone(), endpoint)])) })
    }
}

fn inside(port: &Publish) -> String {
    format!("{}/tcp", port.container_port)
}

fn bindings(ports: &[Publish]) -> PortMap {
    let mut bindings = PortMap::new();
    for port in ports {
        // An empty port asks the engine for a free one.
        let host_port = port.host_port.map(|port| port.to_string()).unwrap_or_default();
        let binding =
            PortBinding { host_ip: Some(port.address.clone()), host_port: Some(host_port) };
        bindings.entry(inside(port)).or_default().get_or_insert_default().push(binding);
    }
    bindings
}

fn mount(mount: &Mount) -> Option<ApiMount> {
    let common = ApiMount {
        target: Some(mount.target.clone()),
        read_only: Some(mount.read_only),
        ..ApiMount::default()
    };
    match &mount.source {
        MountSource::Volume { name, labels } => Some(ApiMount {
            typ: Some(MountType::VOLUME),
            source: Some(name.clone()),
            volume_options: Some(MountVolumeOptions {
                labels: Some(unordered(labels)),
                ..MountVolumeOptions::default()
            }),
            ..common
        }),
        MountSource::Bind { path, follow_host_mounts } => Some(ApiMount {
            typ: Some(MountType::BIND),
            source: Some(path.clone()),
            bind_options: follow_host_mounts.then(|| MountBindOptions {
                propagation: Some(MountBindOptionsPropagationEnum::RSLAVE),
                ..MountBindOptions::default()
            }),
            ..common
        }),
        MountSource::Tmpfs { .. } => None,
    }
}

fn tmpfs(mount: &Mount) -> Option<(String, String)> {
    let MountSource::Tmpfs { size_bytes, mode } = &mount.source else {
        return None;
    };
    let access = if mount.read_only { "ro" } else { "rw" };
    let size = size_bytes.map(|bytes| format!(",size={bytes}")).unwrap_or_default();
    Some((mount.target.clone(), format!("{access},noexec,nosuid,nodev,mode={mode:o}{size}")))
}

/// `None` for an empty list, which the engine reads as "keep the image's".
fn filled(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

pub(super) fn unordered(map: &BTreeMap<String, String>) -> HashMap<String, String> {
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}
