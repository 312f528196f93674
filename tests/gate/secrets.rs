//! What is not shown: whatever stands in a container's environment, labels, command line and mounts, and other people's containers.

use http_body_util::BodyExt as _;
use mcpmon::engine::{Mount, MountSource, NetworkMode};
use mcpmon::gate::Scope;
use serde_json::Value;

use crate::fixture::{Fixture, SOCKET, gate, get, open};

const PLANTED: &str = "planted-secret";

/// Everything that a gate says, but for lines and streams.
async fn everything(address: std::net::SocketAddr, container: &str) -> String {
    let mut all = String::new();
    for path in [
        "/_ping",
        "/version",
        "/info",
        "/networks",
        "/containers/json?all=1",
        &format!("/containers/{container}/json"),
        &format!("/containers/{container}/stats?stream=0"),
    ] {
        all += &get(address, path).await.1.to_string();
    }
    all
}

#[tokio::test]
async fn a_planted_secret_is_nowhere() {
    let fixture = Fixture::new().await;
    let network = fixture.name("net");
    let labels = [("dev.mcpmon.stack".to_owned(), fixture.stack.clone())].into();
    fixture.engine.create_network(&network, &labels).await.unwrap();
    let mut spec = fixture.spec("one", "sleep").await;
    spec.network = NetworkMode::Named { name: network.clone(), aliases: vec![] };
    spec.env.insert("API_TOKEN".into(), format!("{PLANTED}-env"));
    spec.command.push(format!("{PLANTED}-command"));
    spec.labels
        .insert("traefik.http.middlewares.auth.basicauth.users".into(), format!("{PLANTED}-label"));
    spec.labels
        .insert("com.docker.compose.project.working_dir".into(), format!("/{PLANTED}-folder"));
    spec.labels.insert("dev.mcpmon.service".into(), "shown".into());
    spec.mounts.push(Mount {
        source: MountSource::Bind { path: "/tmp".into(), follow_host_mounts: false },
        target: format!("/{PLANTED}-mount"),
        read_only: true,
    });
    fixture.started(&spec).await;
    let (_, address) = gate(SOCKET.as_ref(), fixture.scope()).await;
    let all = everything(address, &spec.name).await;
    assert!(!all.contains(PLANTED), "{all}");
    assert!(all.contains("\"shown\"") && all.contains(&network), "{all}");
    // What docker_sd makes labels of.
    let (_, list) = get(address, "/containers/json").await;
    let networks = &list[0]["NetworkSettings"]["Networks"][&network];
    assert!(networks["IPAddress"].as_str().is_some_and(|ip| !ip.is_empty()), "{list}");
    // Nor can it be guessed by asking for it.
    let guess = "/containers/json?filters=%7B%22label%22%3A%5B%22traefik.http.middlewares.auth.basicauth.users%22%5D%7D";
    assert_eq!(get(address, guess).await.0, 403);
}

#[tokio::test]
async fn events_hold_no_commands_and_no_labels() {
    let fixture = Fixture::new().await;
    let mut spec = fixture.spec("one", "sleep").await;
    spec.labels.insert("traefik.auth".into(), format!("{PLANTED}-label"));
    let (_, address) = gate(SOCKET.as_ref(), fixture.scope()).await;
    let mut events = open(address, "/v1.41/events").await.into_body();
    let id = fixture.started(&spec).await;
    let stranger = fixture.stranger("stranger", "sleep").await;
    let command = format!("{PLANTED}-exec");
    let second = std::time::Duration::from_secs(5);
    fixture.engine.exec(&id, &["/mcpmon", &command], None, second).await.unwrap();
    fixture.engine.stop(&id, std::time::Duration::ZERO).await.unwrap();
    let mut told = String::new();
    while !told.contains("\"die\"") {
        let frame = tokio::time::timeout(std::time::Duration::from_secs(10), events.frame());
        let frame = frame.await.expect("an event").unwrap().unwrap();
        told += &String::from_utf8_lossy(frame.data_ref().unwrap());
    }
    for action in ["create", "start", "die"] {
        assert!(told.contains(&format!("\"Action\":\"{action}\"")), "{told}");
    }
    assert!(
        !told.contains(PLANTED) && !told.contains("exec_") && !told.contains(&stranger.id),
        "{told}"
    );
    let first: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!(first["Actor"]["Attributes"]["name"], spec.name.as_str());
}

#[tokio::test]
async fn other_peoples_containers_are_not_there() {
    let fixture = Fixture::new().await;
    let stranger = fixture.stranger("stranger", "talk").await;
    let named = fixture.stranger("named", "sleep").await;
    let spec = fixture.spec("own", "sleep").await;
    let own = fixture.started(&spec).await;
    let (gate, address) = gate(SOCKET.as_ref(), fixture.scope()).await;
    let ids = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap();
        let mut ids: Vec<_> = list.iter().map(|c| c["Id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let mut wanted = vec![named.id.clone(), own];
    wanted.sort();
    assert_eq!(ids(&get(address, "/containers/json?all=1").await.1), wanted);
    for (id, what) in
        [(&stranger.id, "json"), (&stranger.id, "logs?stdout=1"), (&stranger.id, "stats?stream=0")]
    {
        let (status, answer) = get(address, &format!("/containers/{id}/{what}")).await;
        assert_eq!(status, 404, "{answer}");
        // As if there were none of that name.
        let (_, missing) = get(address, &format!("/containers/missing/{what}")).await;
        assert_eq!(answer.to_string().replace(id.as_str(), "missing"), missing.to_string());
    }
    assert_eq!(get(address, &format!("/containers/{}/json", named.id)).await.0, 200);
    gate.show(Scope::All);
    assert!(ids(&get(address, "/containers/json?all=1").await.1).contains(&stranger.id));
}
