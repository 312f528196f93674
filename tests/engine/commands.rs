//! What a container writes, and commands in and as a container.

use futures_util::{StreamExt as _, TryStreamExt as _};
use mcpmon::engine::EngineError;

use crate::fixture::{Fixture, SECOND};

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
