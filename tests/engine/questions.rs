//! What can be asked, and that asking changes nothing.

use futures_util::StreamExt as _;
use mcpmon::engine::{Endpoint, Lock, Reader};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use crate::fixture::{Fixture, connect};

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
