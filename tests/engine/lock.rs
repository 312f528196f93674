//! The lock.

use mcpmon::engine::{Holder, Lock, LockError};

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
