//! Containers: that they are as specified, and their life.

use mcpmon::engine::{
    ContainerSpec, EngineError, Mount, MountSource, NetworkMode, Publish, RestartPolicy, Status,
    labels,
};

use crate::fixture::{Fixture, SECOND};

/// Every field of a specification must show up again: engines drop fields that they do not know in silence.
#[tokio::test]
async fn every_field_of_a_specification_arrives() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let (network, second) = (fixture.name("net"), fixture.name("second"));
    engine.create_network(&network, &fixture.labels()).await.unwrap();
    engine.create_network(&second, &fixture.labels()).await.unwrap();

    let mut spec = fixture.spec("full", "sleep").await;
    spec.labels.insert(labels::COMPONENT.into(), "full".into());
    spec.network = NetworkMode::Named { name: network.clone(), aliases: vec!["alias".into()] };
    spec.also_networks = vec![second.clone()];
    spec.extra_hosts = vec!["docker-host:host-gateway".into()];
    spec.ports =
        vec![Publish { address: "127.0.0.1".into(), host_port: None, container_port: 9090 }];
    let tmpfs = MountSource::Tmpfs { size_bytes: Some(1 << 20), mode: 0o1777 };
    let bind = MountSource::Bind { path: "/proc".into(), follow_host_mounts: false };
    spec.mounts = vec![
        fixture.volume("data", "/data", false),
        fixture.volume("config", "/etc/mcpmon", true),
        Mount { source: tmpfs, target: "/tmp".into(), read_only: false },
        Mount { source: bind, target: "/host/proc".into(), read_only: true },
    ];
    spec.cap_add = vec!["NET_RAW".into()];
    spec.sysctls =
        [("net.ipv4.ping_group_range".to_owned(), "65534 65534".to_owned())].into_iter().collect();
    spec.group_add = vec!["7".into()];
    spec.pid_host = true;
    spec.memory_bytes = Some(128 << 20);
    spec.nano_cpus = Some(500_000_000);
    spec.pids_limit = Some(64);
    spec.restart = RestartPolicy::UnlessStopped;
    fixture.started(&spec).await;

    let container = engine.container(&spec.name).await.unwrap().unwrap();
    assert_eq!(
        (container.name.as_str(), container.image.as_str()),
        (spec.name.as_str(), spec.image.as_str())
    );
    assert_eq!(
        (container.stack(), container.component()),
        (Some(fixture.stack.as_str()), Some("full"))
    );
    assert_eq!(container.state.status, Status::Running);
    assert_eq!(container.command, spec.command);
    assert_eq!(container.env["ENGINETEST_PROGRAM"], "sleep");
    assert_eq!(container.networks.keys().collect::<Vec<_>>(), [&network, &second]);
    assert!(container.networks.values().all(|at| !at.address.is_empty() && !at.network.is_empty()));
    let hardening = &container.hardening;
    assert_eq!(hardening.user, "65534:65534");
    assert!(hardening.read_only_rootfs && !hardening.privileged);
    assert_eq!(hardening.sysctls, spec.sysctls);
    assert_eq!((&hardening.cap_drop, &hardening.cap_add), (&vec!["ALL".to_owned()], &spec.cap_add));
    // The engine adds `label=disable` because of the host's process namespace.
    assert!(hardening.security_opt.contains(&"no-new-privileges:true".to_owned()));
    assert_eq!(
        (hardening.memory_bytes, hardening.nano_cpus, hardening.pids_limit),
        (128 << 20, 500_000_000, 64)
    );
    assert_eq!(
        (hardening.restart_policy.as_str(), hardening.pid_mode.as_str()),
        ("unless-stopped", "host")
    );
    assert_eq!(hardening.log_driver, "json-file");
    assert_eq!(
        (hardening.log_options["max-size"].as_str(), hardening.log_options["max-file"].as_str()),
        ("10m", "3")
    );
    assert_eq!(
        (&hardening.group_add, &hardening.extra_hosts),
        (&spec.group_add, &spec.extra_hosts)
    );
    assert_eq!(hardening.tmpfs["/tmp"], "rw,noexec,nosuid,nodev,mode=1777,size=1048576");
    let mounts: Vec<_> = container
        .mounts
        .iter()
        .map(|m| (m.kind.as_str(), m.source.as_str(), m.target.as_str(), m.read_only))
        .collect();
    let (config, data) = (fixture.name("config"), fixture.name("data"));
    let expected = [
        ("volume", data.as_str(), "/data", false),
        ("volume", &config, "/etc/mcpmon", true),
        ("bind", "/proc", "/host/proc", true),
    ];
    assert_eq!(mounts, expected);
    assert_eq!(
        engine.volume(&config).await.unwrap().unwrap().labels,
        fixture.labels(),
        "the mount's labels are on the new volume"
    );

    assert_eq!(container.published(9090).unwrap().host_ip, "127.0.0.1");
}

#[tokio::test]
async fn a_port_in_use_is_named_and_its_user_found() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let network = fixture.name("net");
    engine.create_network(&network, &fixture.labels()).await.unwrap();
    let mut owner = fixture.spec("owner", "sleep").await;
    owner.network = NetworkMode::Named { name: network, aliases: vec![] };
    owner.ports =
        vec![Publish { address: "127.0.0.1".into(), host_port: None, container_port: 9090 }];
    let id = fixture.started(&owner).await;
    let taken = engine.container(&id).await.unwrap().unwrap().published(9090).unwrap().host_port;

    let publishing = engine.containers_publishing().await.unwrap();
    let by = publishing.iter().find(|publishing| publishing.host_port == taken).unwrap();
    assert_eq!((&by.container, by.stack.as_deref()), (&owner.name, Some(fixture.stack.as_str())));

    let thief = ContainerSpec {
        name: fixture.name("thief"),
        ports: vec![Publish {
            address: "127.0.0.1".into(),
            host_port: Some(taken),
            container_port: 80,
        }],
        ..owner.clone()
    };
    let thief = engine.create_container(&thief).await.unwrap();
    let error = engine.start(&thief).await.unwrap_err();
    assert!(matches!(&error, EngineError::PortTaken { port, .. } if *port == taken), "{error:?}");
    assert!(engine.create_container(&owner).await.unwrap_err().is_conflict());

    // The same when a process that is no container has it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    let victim = ContainerSpec {
        name: fixture.name("victim"),
        ports: vec![Publish {
            address: "127.0.0.1".into(),
            host_port: Some(taken),
            container_port: 80,
        }],
        ..owner
    };
    let victim = engine.create_container(&victim).await.unwrap();
    let error = engine.start(&victim).await.unwrap_err();
    assert!(matches!(&error, EngineError::PortTaken { port, .. } if *port == taken), "{error:?}");
}

#[tokio::test]
async fn a_container_goes_through_its_life() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let spec = fixture.spec("life", "sleep").await;
    let id = engine.create_container(&spec).await.unwrap();
    let status = async || engine.container(&id).await.unwrap().unwrap().state.status;
    assert_eq!(status().await, Status::Created);
    engine.start(&id).await.unwrap();
    engine.start(&id).await.unwrap();
    assert_eq!(status().await, Status::Running);
    engine.restart(&id, SECOND).await.unwrap();
    assert_eq!(status().await, Status::Running);
    engine.kill(&id, "SIGKILL").await.unwrap();
    while status().await == Status::Running {
        tokio::time::sleep(SECOND / 20).await;
    }
    let state = engine.container(&id).await.unwrap().unwrap().state;
    assert_eq!((state.status, state.exit_code), (Status::Exited, 137));
    engine.stop(&id, SECOND).await.unwrap();
    let name = fixture.name("renamed");
    engine.rename(&id, &name).await.unwrap();
    assert_eq!(engine.containers(&fixture.stack).await.unwrap()[0].name, name);
    engine.remove_container(&id, false).await.unwrap();
    engine.remove_container(&id, false).await.unwrap();
    assert!(engine.start(&id).await.unwrap_err().is_not_found());
    let unknown_network =
        ContainerSpec { also_networks: vec!["enginetest-none".into()], ..spec.clone() };
    let error = engine.create_container(&unknown_network).await.unwrap_err().to_string();
    assert!(error.contains("network enginetest-none does not exist"), "{error}");
    assert_eq!(
        engine.container(&spec.name).await.unwrap(),
        None,
        "nothing is left of a failed creation"
    );
}
