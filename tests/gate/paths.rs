//! Every path of the Engine API, with every method: nothing but the few that collectors need reaches the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcpmon::gate::Scope;
use tokio::net::UnixListener;

use crate::fixture::{Fixture, SOCKET, gate, get, raw};

/// The paths of API 1.51, with `x` for a name.
const PATHS: &str = "
/auth /build /build/prune /commit /configs /configs/create /configs/x /configs/x/update
/containers/create /containers/json /containers/prune /containers/x /containers/x/archive /containers/x/attach
/containers/x/attach/ws /containers/x/changes /containers/x/copy /containers/x/exec /containers/x/export /containers/x/json
/containers/x/kill /containers/x/logs /containers/x/pause /containers/x/rename /containers/x/resize /containers/x/restart
/containers/x/start /containers/x/stats /containers/x/stop /containers/x/top /containers/x/unpause /containers/x/update
/containers/x/wait /containers/x/checkpoints /containers/x/checkpoints/y /distribution/x/json /events /exec/x/json
/exec/x/resize /exec/x/start /grpc /images/create /images/get /images/json /images/load /images/prune /images/search
/images/x /images/x/get /images/x/history /images/x/json /images/x/push /images/x/tag /info /networks /networks/create
/networks/prune /networks/x /networks/x/connect /networks/x/disconnect /nodes /nodes/x /nodes/x/update /_ping /plugins
/plugins/create /plugins/privileges /plugins/pull /plugins/x /plugins/x/disable /plugins/x/enable /plugins/x/json
/plugins/x/push /plugins/x/set /plugins/x/upgrade /secrets /secrets/create /secrets/x /secrets/x/update /services
/services/create /services/x /services/x/logs /services/x/update /session /swarm /swarm/init /swarm/join /swarm/leave
/swarm/unlock /swarm/unlockkey /swarm/update /system/df /tasks /tasks/x /tasks/x/logs /version /volumes /volumes/create
/volumes/prune /volumes/x";

const SHOWN: [&str; 9] = [
    "/_ping",
    "/version",
    "/info",
    "/containers/json",
    "/containers/x/json",
    "/containers/x/logs",
    "/containers/x/stats",
    "/events",
    "/networks",
];

/// An engine that counts who comes, and answers nobody.
fn counting(path: &std::path::Path) -> Arc<AtomicUsize> {
    let listener = UnixListener::bind(path).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    count
}

#[tokio::test]
async fn nothing_but_what_collectors_need_reaches_the_engine() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("engine.sock");
    let reached = counting(&socket);
    let (gate, address) = gate(&socket, Scope::All).await;
    let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"];
    let mut refused = 0;
    for path in PATHS.split_whitespace() {
        for (method, prefix) in methods.iter().flat_map(|m| [(m, ""), (m, "/v1.41"), (m, "/v1.51")])
        {
            let shown = SHOWN.contains(&path) && *method == "GET";
            if shown || path == "/_ping" && *method == "HEAD" {
                continue;
            }
            let request = format!("{method} {prefix}{path} HTTP/1.1\r\nhost: x\r\n\r\n");
            let answer = raw(address, request.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{method} {prefix}{path}: {answer}");
            refused += 1;
        }
    }
    assert!(refused > 2500, "{refused}");
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    assert_eq!(
        gate.asked().iter().map(|(_, outcome, _)| *outcome).collect::<Vec<_>>(),
        ["refused"]
    );
}

#[tokio::test]
async fn what_collectors_need_is_answered() {
    let fixture = Fixture::new().await;
    let spec = fixture.spec("one", "sleep").await;
    let id = fixture.started(&spec).await;
    let (_, address) = gate(SOCKET.as_ref(), fixture.scope()).await;

    let ping = raw(address, b"HEAD /_ping HTTP/1.1\r\nhost: x\r\n\r\n").await.to_lowercase();
    assert!(ping.starts_with("http/1.1 200 ") && ping.contains("\r\napi-version: 1."), "{ping}");
    assert!(raw(address, b"GET /_ping HTTP/1.1\r\nhost: x\r\n\r\n").await.ends_with("\r\n\r\nOK"));
    let (_, version) = get(address, "/version").await;
    assert!(version["ApiVersion"].is_string() && version["Components"].is_null(), "{version}");
    let (_, info) = get(address, "/v1.41/info").await;
    assert!(info["NCPU"].is_u64() && info["ID"].is_null(), "{info}");
    let (_, one) = get(address, &format!("/v1.41/containers/{}/json", spec.name)).await;
    assert_eq!((&one["Id"], &one["Config"]["Tty"]), (&id.into(), &false.into()), "{one}");
    let (_, used) = get(address, &format!("/containers/{}/stats?stream=0", spec.name)).await;
    assert!(used["memory_stats"]["usage"].as_u64() > Some(0), "{used}");
}
