//! How long things take.

use std::time::{Duration, Instant};

use mcpmon::engine::{Holder, Lock, LockVolume, Packing, TarFile};

use crate::fixture::{Fixture, SECOND, connect};

/// Prints how long things take: `cargo test --test engine -- --ignored --nocapture figures`.
#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn figures() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let volume = LockVolume {
        target: "/volumes/c".into(),
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
    let mut packing = Packing::new([]);
    packing.empty("live", (0, 0));
    packing.put(files.iter().map(|(path, content)| TarFile {
        path,
        content: content.as_bytes(),
        mode: 0o444,
        uid: 0,
        gid: 0,
    }));
    let tar = packing.done().unwrap();
    let me = Holder::current("test");
    for round in 0..3 {
        let took = |what: &str, since: Instant| {
            println!("{round} {what}: {:.1} ms", since.elapsed().as_secs_f64() * 1000.0);
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
