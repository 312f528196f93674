//! `mcpmon::engine` against a real Docker engine. No image is pulled: this test's own executable is static, and serves as the program in
//! the containers. A missing engine is a failure, not a skip.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _};
use mcpmon::engine::{
    ContainerSpec, Endpoint, Engine, EngineError, Holder, Lock, LockError, LockVolume, Mount,
    MountSource, NetworkMode, Publish, Reader, RestartPolicy, Status, TarFile, image_self, labels,
    replacing_dir, tar_of,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::OnceCell;

const SECOND: Duration = Duration::from_secs(1);

/// A stack of its own for each test, removed with all that carries its label when the test ends, also when it fails.
struct Fixture {
    engine: Engine,
    stack: String,
}

async fn connect() -> Engine {
    let home = std::env::var("HOME").ok().map(PathBuf::from);
    let endpoint = Endpoint::choose(&|name| std::env::var(name).ok(), home.as_deref()).unwrap();
    Engine::connect(&endpoint).await.expect("these tests need a Docker engine")
}

impl Fixture {
    async fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            engine: connect().await,
            stack: format!("enginetest-{}-{number}", std::process::id()),
        }
    }

    fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(labels::STACK.to_owned(), self.stack.clone())])
    }

    fn name(&self, part: &str) -> String {
        format!("{}-{part}", self.stack)
    }

    fn volume(&self, name: &str, target: &str, read_only: bool) -> Mount {
        let source = MountSource::Volume { name: self.name(name), labels: self.labels() };
        Mount { source, target: target.to_owned(), read_only }
    }

    /// A container that does what `program` below does in this mode.
    async fn spec(&self, part: &str, mode: &str) -> ContainerSpec {
        let mut spec = ContainerSpec::new(self.name(part), program_image(&self.engine).await);
        spec.labels = self.labels();
        spec.command = ["program", "--exact", "--nocapture"].map(str::to_owned).to_vec();
        spec.env.insert("ENGINETEST_PROGRAM".to_owned(), mode.to_owned());
        spec.user = Some("65534:65534".to_owned());
        spec.stop_timeout_seconds = Some(0);
        spec.restart = RestartPolicy::No;
        spec
    }

    async fn started(&self, spec: &ContainerSpec) -> String {
        let id = self.engine.create_container(spec).await.unwrap();
        self.engine.start(&id).await.unwrap();
        id
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let stack = self.stack.clone();
        // A destructor cannot await, and a runtime cannot be started inside another: hence the thread.
        let cleanup = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let engine = connect().await;
                engine.remove_container(&Lock::container_name(&stack), true).await.unwrap();
                for container in engine.containers(&stack).await.unwrap() {
                    engine.remove_container(&container.id, true).await.unwrap();
                }
                for volume in engine.volumes(&stack).await.unwrap() {
                    engine.remove_volume(&volume.name).await.unwrap();
                }
                for network in engine.networks(&stack).await.unwrap() {
                    engine.remove_network(&network.id).await.unwrap();
                }
            });
        });
        let cleaned = cleanup.join();
        assert!(cleaned.is_ok() || std::thread::panicking(), "could not clean up");
    }
}

/// Not a test of its own: what this executable does inside a container.
#[test]
fn program() {
    let Ok(mode) = std::env::var("ENGINETEST_PROGRAM") else {
        return;
    };
    // The engine reads the two streams separately: only what is apart in time comes back in order.
    println!("out one");
    std::thread::sleep(SECOND / 10);
    eprintln!("err two");
    std::thread::sleep(SECOND / 10);
    println!("{}", "x".repeat(40_000));
    match mode.as_str() {
        "fail" => std::process::exit(7),
        "sleep" => std::thread::sleep(300 * SECOND),
        _ => {}
    }
}

/// The image with this executable. Always the same name, so that at most one stays behind.
async fn program_image(engine: &Engine) -> String {
    static IMAGE: OnceCell<String> = OnceCell::const_new();
    let made = IMAGE.get_or_init(|| async {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let reference = "mcpmon-enginetest/program:1".to_owned();
        engine.remove_image(&reference, true).await.unwrap();
        let tar =
            tar_of([TarFile { path: "mcpmon", content: &bytes, mode: 0o755, uid: 0, gid: 0 }])
                .unwrap();
        let changes = [r#"ENTRYPOINT ["/mcpmon"]"#.to_owned()];
        engine.import_image(tar, &reference, &changes).await.unwrap();
        reference
    });
    made.await.clone()
}

#[tokio::test]
async fn the_engine_says_what_it_is() {
    let engine = connect().await;
    let facts = engine.facts();
    assert!(facts.api_version >= (1, 41), "{facts:?}");
    assert_eq!(facts.os, "linux");
    assert!(
        facts.cpus > 0 && facts.memory_bytes > 0 && !facts.storage_driver.is_empty(),
        "{facts:?}"
    );
    assert!(engine.container("enginetest-none").await.unwrap().is_none());
    assert!(engine.volume("enginetest-none").await.unwrap().is_none());
    assert!(engine.network("enginetest-none").await.unwrap().is_none());
    assert!(engine.image("enginetest-none:1").await.unwrap().is_none());
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_exit_code_3_with_advice() {
    let missing =
        Endpoint { address: "unix:///nonexistent.sock".into(), chosen_by: "a test".into() };
    let error = Reader::connect(&missing).await.err().unwrap();
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().contains("is Docker running?"), "{error}");
    let refused = Endpoint { address: "tcp://127.0.0.1:1".into(), chosen_by: "a test".into() };
    let error = Reader::connect(&refused).await.err().unwrap().to_string();
    assert!(error.contains("refused") && error.contains("right address"), "{error}");
}

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
    assert!(container.networks.values().all(|address| !address.is_empty()));
    let hardening = &container.hardening;
    assert_eq!(hardening.user, "65534:65534");
    assert!(hardening.read_only_rootfs && !hardening.privileged);
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

    let port = container.published(9090).unwrap();
    assert_eq!(port.host_ip, "127.0.0.1");
    let publishing = engine.containers_publishing().await.unwrap();
    let ours = publishing.iter().find(|publishing| publishing.host_port == port.host_port).unwrap();
    assert_eq!(
        (&ours.container, ours.stack.as_deref()),
        (&spec.name, Some(fixture.stack.as_str()))
    );

    let mut thief = fixture.spec("thief", "sleep").await;
    thief.network = NetworkMode::Named { name: network, aliases: vec![] };
    thief.ports = vec![Publish {
        address: "127.0.0.1".into(),
        host_port: Some(port.host_port),
        container_port: 80,
    }];
    let thief = engine.create_container(&thief).await.unwrap();
    let error = engine.start(&thief).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::PortTaken { port: taken, .. } if *taken == port.host_port),
        "{error:?}"
    );
    assert!(engine.create_container(&spec).await.unwrap_err().is_conflict());
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

#[tokio::test]
async fn output_comes_back_in_order_and_in_whole_lines() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let spec = fixture.spec("logs", "sleep").await;
    let id = fixture.started(&spec).await;
    let follow = engine.logs_follow(&id, None, None).skip_while(|line| {
        let begun = line.as_ref().is_ok_and(|line| line.text.contains("out one"));
        std::future::ready(!begun)
    });
    let lines: Vec<_> =
        tokio::time::timeout(20 * SECOND, follow.take(3).try_collect()).await.unwrap().unwrap();
    assert_eq!((lines[1].text.as_str(), lines[1].stderr), ("err two", true));
    assert_eq!((lines[2].text.len(), lines[2].stderr), (40_000, false));
    assert!(
        lines[0].timestamp.ends_with('Z') && lines[0].timestamp <= lines[1].timestamp,
        "{}",
        lines[0].timestamp
    );
    let tail = engine.logs_tail(&id, 4).await.unwrap(); // the long line counts as three
    assert_eq!(tail.iter().map(String::len).collect::<Vec<_>>(), ["err two".len(), 40_000]);

    let listed = engine.exec(&id, &["/mcpmon", "--list"], None, 10 * SECOND).await.unwrap();
    assert!(listed.success() && listed.stdout.contains("program: test"), "{listed:?}");
    let usage =
        engine.exec(&id, &["/mcpmon", "--no-such-option"], Some("1:1"), 10 * SECOND).await.unwrap();
    assert!(!usage.success() && usage.stderr.contains("no-such-option"), "{usage:?}");
    let none = engine.exec(&id, &["/none"], None, 10 * SECOND).await;
    assert!(
        none.as_ref().map_or(true, |output| output.exit_code == 126 || output.exit_code == 127),
        "{none:?}"
    );
    let slow =
        engine.exec(&id, &["/mcpmon", "program", "--exact"], None, SECOND / 2).await.unwrap_err();
    assert!(matches!(slow, EngineError::Timeout { .. }), "{slow:?}");
}

#[tokio::test]
async fn a_one_shot_container_gives_its_output_and_is_gone() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let spec = fixture.spec("once", "fail").await;
    let output = engine.run_once(&spec, 20 * SECOND).await.unwrap();
    assert_eq!(output.exit_code, 7);
    assert!(
        output.stdout.contains("out one") && output.stderr.starts_with("err two\n"),
        "{}",
        output.stderr
    );
    let slow = fixture.spec("once", "sleep").await;
    assert!(matches!(engine.run_once(&slow, SECOND).await, Err(EngineError::Timeout { .. })));
    assert_eq!(engine.container(&spec.name).await.unwrap(), None);
    let mut broken = spec.clone();
    broken.entrypoint = Some(vec!["/none".into()]);
    assert!(engine.run_once(&broken, SECOND).await.is_err());
    assert_eq!(engine.container(&spec.name).await.unwrap(), None);

    let interrupted = tokio::time::timeout(SECOND, engine.run_once(&slow, 60 * SECOND)).await;
    assert!(interrupted.is_err());
    assert_eq!(engine.remove_left_behind(&fixture.stack).await.unwrap(), 1);
    assert_eq!(engine.remove_left_behind(&fixture.stack).await.unwrap(), 0);
}

/// Files go into a volume through the lock's container, which never runs, while another container that runs has it read-only.
#[tokio::test]
async fn files_are_replaced_under_a_running_container() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let volume = LockVolume {
        component: "prometheus".into(),
        name: fixture.name("config"),
        labels: fixture.labels(),
    };
    let lock =
        Lock::acquire(engine, &fixture.stack, &Holder::current("test"), &[volume]).await.unwrap();
    assert_eq!(
        engine.volumes(&fixture.stack).await.unwrap().len(),
        1,
        "the lock made the volume, with its labels"
    );
    let mut spec = fixture.spec("reader", "sleep").await;
    spec.mounts = vec![fixture.volume("config", "/etc/mcpmon", true)];
    let id = fixture.started(&spec).await;
    assert_eq!(engine.read_tree(&id, "/etc/mcpmon/live").await.unwrap(), None);

    let file = |path, content: &'static str, mode, uid| TarFile {
        path,
        content: content.as_bytes(),
        mode,
        uid,
        gid: 7,
    };
    let first = [
        file("prometheus.yml", "a", 0o444, 65534),
        file("rules/old.yml", "b", 0o640, 1),
        file("secret", "s", 0o400, 10001),
    ];
    let tar = replacing_dir("live", (65534, 7), first).unwrap();
    engine.upload(lock.container(), "/volumes/prometheus", tar).await.unwrap();
    for (container, path) in
        [(id.as_str(), "/etc/mcpmon/live"), (lock.container(), "/volumes/prometheus/live")]
    {
        let tree = engine.read_tree(container, path).await.unwrap().unwrap();
        let seen: Vec<_> = tree
            .iter()
            .map(|(path, file)| {
                (path.as_str(), file.content.as_slice(), file.mode, file.uid, file.gid)
            })
            .collect();
        let expected: [(_, &[u8], _, _, _); 3] = [
            ("prometheus.yml", b"a", 0o444, 65534, 7),
            ("rules/old.yml", b"b", 0o640, 1, 7),
            ("secret", b"s", 0o400, 10001, 7),
        ];
        assert_eq!(seen, expected);
    }

    // A file where a directory stood, a directory where a file stood, and the rest gone.
    let second = [file("rules", "c", 0o444, 65534), file("prometheus.yml/x", "d", 0o444, 65534)];
    engine
        .upload(
            lock.container(),
            "/volumes/prometheus",
            replacing_dir("live", (65534, 7), second).unwrap(),
        )
        .await
        .unwrap();
    let tree = engine.read_tree(&id, "/etc/mcpmon/live").await.unwrap().unwrap();
    assert_eq!(tree.keys().collect::<Vec<_>>(), ["prometheus.yml/x", "rules"]);
    // Without the trick a file is added to the others.
    engine
        .upload(
            lock.container(),
            "/volumes/prometheus/live",
            tar_of([file("more", "e", 0o444, 0)]).unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(engine.read_tree(&id, "/etc/mcpmon/live").await.unwrap().unwrap().len(), 3);
    assert_eq!(
        engine.read_tree(&id, "/etc/mcpmon/live/more").await.unwrap().unwrap()["more"].content,
        b"e"
    );
    assert!(engine.read_tree("enginetest-none", "/").await.unwrap_err().is_not_found());
    assert!(
        engine
            .upload(&id, "/etc/mcpmon", tar_of([file("x", "", 0o444, 0)]).unwrap())
            .await
            .is_err(),
        "it is read-only there"
    );
    lock.release(engine).await.unwrap();
}

#[tokio::test]
async fn only_one_writer_at_a_time() {
    let fixture = Fixture::new().await;
    let (engine, stack) = (&fixture.engine, fixture.stack.as_str());
    let me = Holder::current("up");
    // Eight at once: exactly one gets it. Removing the image first makes them also import it together.
    let tries =
        futures_util::future::join_all((0..8).map(|_| Lock::acquire(engine, stack, &me, &[])))
            .await;
    let (mut locks, refusals): (Vec<_>, Vec<_>) = tries.into_iter().partition(Result::is_ok);
    assert_eq!((locks.len(), refusals.len()), (1, 7));
    for refusal in refusals {
        let error = refusal.unwrap_err();
        let LockError::Held { holder, alive: true, .. } = &error else { panic!("{error:?}") };
        assert_eq!((holder.pid, &holder.started), (me.pid, &me.started));
        assert!(error.to_string().contains("wait until that has ended"), "{error}");
    }
    assert_eq!(Lock::holder(engine, stack).await.unwrap().unwrap().command, "up");
    assert!(
        engine.containers(stack).await.unwrap().is_empty(),
        "a lock is not a part of the stack"
    );
    locks.remove(0).unwrap().release(engine).await.unwrap();
    assert_eq!(Lock::holder(engine, stack).await.unwrap(), None);

    // One that died: the same process number, started at another time.
    let dead =
        Holder { process_start: me.process_start + 1, command: "reload".into(), ..me.clone() };
    let left_behind = Lock::acquire(engine, stack, &dead, &[]).await.unwrap();
    let tries =
        futures_util::future::join_all((0..4).map(|_| Lock::acquire(engine, stack, &me, &[])))
            .await;
    let taken: Vec<_> = tries.into_iter().filter_map(Result::ok).collect();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].taken_over_from(), Some(&dead));
    left_behind.release(engine).await.unwrap(); // by identifier: this does not remove the new lock
    assert_eq!(Lock::holder(engine, stack).await.unwrap(), Some(me.clone()));
    for lock in taken {
        lock.release(engine).await.unwrap();
    }

    let elsewhere = Holder { boot_id: "other".into(), machine_id: "other".into(), ..me.clone() };
    let lock = Lock::acquire(engine, stack, &elsewhere, &[]).await.unwrap();
    let error = Lock::acquire(engine, stack, &me, &[]).await.unwrap_err().to_string();
    assert!(error.contains(&format!("docker rm {stack}-mcpmon-lock")), "{error}");
    lock.release(engine).await.unwrap();
}

#[tokio::test]
async fn this_executable_becomes_an_image_once() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let mcpmon = PathBuf::from(env!("CARGO_BIN_EXE_mcpmon"));
    let reference = image_self::ensure_image_of(engine, &mcpmon).await.unwrap();
    let image = engine.image(&reference).await.unwrap().unwrap();
    assert_eq!(
        (image.user.as_str(), image.entrypoint.as_slice()),
        ("65534:65534", ["/mcpmon".to_owned()].as_slice())
    );
    assert_eq!(
        (image.labels[labels::SELF_IMAGE].as_str(), &image.architecture),
        ("true", &engine.facts().arch)
    );
    assert_eq!(image_self::ensure_image_of(engine, &mcpmon).await.unwrap(), reference);
    assert_eq!(engine.image(&reference).await.unwrap().unwrap().id, image.id, "not imported again");
    let mut spec = ContainerSpec::new(fixture.name("self"), &reference);
    spec.labels = fixture.labels();
    let output = engine.run_once(&spec, 20 * SECOND).await.unwrap();
    assert!(output.exit_code < 126, "{output:?}");
    engine.remove_image(&reference, false).await.unwrap();
    let script = std::env::temp_dir().join(fixture.name("script"));
    std::fs::write(&script, "#!/bin/sh").unwrap();
    let error = image_self::ensure_image_of(engine, &script).await.unwrap_err().to_string();
    std::fs::remove_file(script).unwrap();
    assert!(
        error.contains("no Linux executable") && error.contains("components.agent.image"),
        "{error}"
    );
}

#[tokio::test]
async fn an_image_that_cannot_be_had_is_named() {
    let error = connect().await.pull("localhost:1/enginetest/none:1", &|_| ()).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::Pull { image, .. } if image == "localhost:1/enginetest/none:1"),
        "{error:?}"
    );
}

/// Everything a `Reader` does goes through a socket that notes the requests: they are all GET.
#[tokio::test]
async fn a_reader_only_ever_asks() {
    let fixture = Fixture::new().await;
    let spec = fixture.spec("asked", "sleep").await;
    let id = fixture.started(&spec).await;
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("recording.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let (note, mut noted) = tokio::sync::mpsc::unbounded_channel();
    let recorder = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let note = note.clone();
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                let size = client.read(&mut request).await.unwrap();
                note.send(
                    String::from_utf8_lossy(&request[..size]).lines().next().unwrap().to_owned(),
                )
                .unwrap();
                let mut engine = UnixStream::connect("/var/run/docker.sock").await.unwrap();
                engine.write_all(&request[..size]).await.unwrap();
                tokio::io::copy_bidirectional(&mut client, &mut engine).await.ok();
            });
        }
    });
    let reader = Reader::connect(&Endpoint {
        address: format!("unix://{}", socket.display()),
        chosen_by: "a test".into(),
    })
    .await
    .unwrap();
    reader.containers(&fixture.stack).await.unwrap();
    reader.container(&id).await.unwrap();
    reader.containers_publishing().await.unwrap();
    reader.volumes(&fixture.stack).await.unwrap();
    reader.volume("none").await.unwrap();
    reader.networks(&fixture.stack).await.unwrap();
    reader.network("none").await.unwrap();
    reader.image(&spec.image).await.unwrap();
    reader.read_tree(&id, "/nowhere").await.unwrap();
    reader.logs_tail(&id, 1).await.unwrap();
    reader.logs_follow(&id, Some(1), None).next().await.unwrap().unwrap();
    Lock::holder(&reader, &fixture.stack).await.unwrap();
    recorder.abort();
    noted.close();
    let mut requests = Vec::new();
    while let Some(request) = noted.recv().await {
        requests.push(request);
    }
    assert!(requests.len() > 12, "{requests:#?}");
    assert!(requests.iter().all(|request| request.starts_with("GET /")), "{requests:#?}");
}

/// Prints how long things take: `cargo test --test engine -- --ignored --nocapture figures`.
#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn figures() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let volume = LockVolume {
        component: "c".into(),
        name: fixture.name("config"),
        labels: fixture.labels(),
    };
    let mut ids = Vec::new();
    for number in 0..7 {
        let mut spec = fixture.spec(&format!("c{number}"), "sleep").await;
        spec.mounts = vec![fixture.volume("config", "/etc/mcpmon", true)];
        ids.push(fixture.started(&spec).await);
    }
    let files: Vec<(String, String)> =
        (0..30).map(|number| (format!("rules/{number:02}.yml"), "x".repeat(4000))).collect();
    let tar = replacing_dir(
        "live",
        (0, 0),
        files.iter().map(|(path, content)| TarFile {
            path,
            content: content.as_bytes(),
            mode: 0o444,
            uid: 0,
            gid: 0,
        }),
    )
    .unwrap();
    let me = Holder::current("test");
    for round in 0..3 {
        let took = |what: &str, since: Instant| {
            println!("{round} {what}: {:.1} ms", since.elapsed().as_secs_f64() * 1000.0)
        };
        let since = Instant::now();
        connect().await;
        took("connect + facts", since);
        let since = Instant::now();
        assert_eq!(engine.containers(&fixture.stack).await.unwrap().len(), 7);
        took("list + inspect 7", since);
        let since = Instant::now();
        let lock = Lock::acquire(engine, &fixture.stack, &me, std::slice::from_ref(&volume))
            .await
            .unwrap();
        took("lock acquire", since);
        let since = Instant::now();
        engine.upload(lock.container(), "/volumes/c", tar.clone()).await.unwrap();
        took("upload 30 files, 120 kB, through the lock", since);
        let since = Instant::now();
        assert_eq!(
            engine.read_tree(lock.container(), "/volumes/c/live").await.unwrap().unwrap().len(),
            30
        );
        took("read_tree of those, lock's container", since);
        let since = Instant::now();
        assert_eq!(engine.read_tree(&ids[0], "/etc/mcpmon/live").await.unwrap().unwrap().len(), 30);
        took("read_tree of those, running container", since);
        let since = Instant::now();
        lock.release(engine).await.unwrap();
        took("lock release", since);
        let since = Instant::now();
        engine.exec(&ids[0], &["/mcpmon", "--list"], None, 10 * SECOND).await.unwrap();
        took("exec", since);
        let since = Instant::now();
        engine.run_once(&fixture.spec("once", "fail").await, 10 * SECOND).await.unwrap();
        took("run_once", since);
        let since = Instant::now();
        engine.stop(&ids[1], Duration::ZERO).await.unwrap();
        engine.start(&ids[1]).await.unwrap();
        took("stop + start", since);
    }
}
