//! The lock.

use std::time::Duration;

use mcpmon::engine::{Holder, Lock, LockError, LockVolume, TarFile, tar_of};

use crate::fixture::Fixture;

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
async fn an_upload_that_is_expected_is_made_whenever_it_comes() {
    let fixture = Fixture::new().await;
    let (engine, stack) = (&fixture.engine, fixture.stack.as_str());
    let me = Holder::current("up");
    let volume = LockVolume {
        target: "/volumes/prometheus".into(),
        name: fixture.name("config"),
        labels: fixture.labels(),
    };
    let lock = Lock::acquire(engine, stack, &me, &[volume]).await.unwrap();
    let archive = |content: &str| {
        let (path, content) = ("volumes/prometheus/a", content.as_bytes());
        tar_of([TarFile { path, content, mode: 0o440, uid: 1, gid: 7 }]).unwrap()
    };
    let read = async || {
        let tree = engine.read_tree(lock.container(), "/volumes/prometheus").await.unwrap();
        let file = tree.unwrap().remove("a").unwrap();
        (String::from_utf8(file.content).unwrap(), file.mode, file.uid, file.gid)
    };
    let is = |content: &str| (content.to_owned(), 0o440, 1, 7);

    lock.expect_upload(engine);
    tokio::time::sleep(Duration::from_millis(200)).await;
    lock.upload(engine, archive("soon")).await.unwrap();
    assert_eq!(read().await, is("soon"));
    // Who asks for the lock meanwhile is told who holds it.
    lock.expect_upload(engine);
    lock.expect_upload(engine);
    let refusal = Lock::acquire(engine, stack, &me, &[]).await.unwrap_err();
    assert!(matches!(refusal, LockError::Held { alive: true, .. }), "{refusal:?}");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(read().await, is("soon"), "nothing came, so nothing was changed");
    lock.upload(engine, archive("late")).await.unwrap();
    assert_eq!(read().await, is("late"));
    // What the engine cannot unpack is no success.
    lock.expect_upload(engine);
    let error = lock.upload(engine, b"no archive".to_vec()).await.unwrap_err().to_string();
    assert!(error.contains("upload files to / of container"), "{error}");
    assert_eq!(read().await, is("late"));
    // Expected, and given up.
    lock.expect_upload(engine);
    tokio::time::sleep(Duration::from_millis(100)).await;
    lock.release(engine).await.unwrap();
    assert_eq!(Lock::holder(engine, stack).await.unwrap(), None);
}
