//! Files in volumes.

use mcpmon::engine::{Holder, Lock, LockVolume, TarFile, replacing_dir, tar_of};

use crate::fixture::Fixture;

/// Files go into a volume through the lock's container, which never runs, while another container that runs has it read-only.
#[tokio::test]
async fn files_are_replaced_under_a_running_container() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let volume = LockVolume {
        target: "/volumes/prometheus".into(),
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
