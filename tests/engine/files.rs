//! Files in volumes.

use mcpmon::engine::{Holder, Lock, LockVolume, Packing, TarFile, tar_of};

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
    let upload = async |pack: &dyn Fn(&mut Packing)| {
        let mut packing = Packing::new(["volumes", "volumes/prometheus"]);
        pack(&mut packing);
        engine.upload(lock.container(), "/", packing.done().unwrap()).await.unwrap();
    };
    let live = |files: &[TarFile<'static>]| -> Vec<(String, TarFile<'static>)> {
        let path = |file: &TarFile<'_>| format!("volumes/prometheus/live/{}", file.path);
        files.iter().map(|file| (path(file), *file)).collect()
    };
    let replace = |packing: &mut Packing, files: &[TarFile<'static>]| {
        packing.empty("volumes/prometheus/live", (65534, 7));
        packing.put(live(files).iter().map(|(path, file)| TarFile { path, ..*file }));
    };
    upload(&|packing| replace(packing, &first)).await;
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
    upload(&|packing| replace(packing, &second)).await;
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
    let more = async || {
        let tree = engine.read_tree(&id, "/etc/mcpmon/live/more").await.unwrap().unwrap();
        let file = &tree["more"];
        (String::from_utf8(file.content.clone()).unwrap(), file.mode, file.uid, file.gid)
    };
    assert_eq!(more().await, ("e".to_owned(), 0o444, 0, 7));

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

/// A file gets the place of another when it is whole, and stays when its first name goes.
#[tokio::test]
async fn a_file_is_whole_before_it_takes_the_place_of_another() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let volume = LockVolume {
        target: "/volume".into(),
        name: fixture.name("config"),
        labels: fixture.labels(),
    };
    let lock =
        Lock::acquire(engine, &fixture.stack, &Holder::current("test"), &[volume]).await.unwrap();
    for (content, mode, uid) in [("first", 0o444, 0), ("second", 0o400, 65534)] {
        let aside = TarFile {
            path: "volume/candidate/file",
            content: content.as_bytes(),
            mode,
            uid,
            gid: 7,
        };
        let mut packing = Packing::new(["volume"]);
        packing.empty("volume/candidate", (65534, 7));
        packing.put([aside]);
        packing.link(TarFile { path: "volume/live/file", ..aside }, aside.path);
        packing.empty("volume/candidate", (65534, 7));
        engine.upload(lock.container(), "/", packing.done().unwrap()).await.unwrap();

        let tree = engine.read_tree(lock.container(), "/volume").await.unwrap().unwrap();
        assert_eq!(tree.keys().collect::<Vec<_>>(), ["live/file"]);
        let file = &tree["live/file"];
        assert_eq!((file.content.as_slice(), file.mode), (content.as_bytes(), mode));
        assert_eq!((file.uid, file.gid), (uid, 7));
    }
    lock.release(engine).await.unwrap();
}
