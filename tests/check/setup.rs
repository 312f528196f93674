//! What programs hold through their own API, asked of doubles of Elasticsearch and Kibana.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mcpmon::apply::setup::bring;
use mcpmon::assets::Assets;
use mcpmon::catalog::Catalog;
use mcpmon::check::http::Http;
use mcpmon::check::{Begun, Subject, tls, wait_ready};
use mcpmon::engine::{Container, Reader};
use mcpmon::manifest;
use mcpmon::plan::{self, Unit};
use mcpmon::render;
use mcpmon::stack::{self, Secrets, Stack, Surroundings};
use mcpmon::start::{self, Certificates};
use serde_json::json;

use crate::elastic_double::Double;
use crate::fixture::{RUNNING, engine};

const MANIFEST: &str = "name: acme
components:
  grafana: {admin_password: {file: secrets/grafana}}
  elasticsearch: {retention: 14d}
  kibana: {}
  logstash: {}
  elasticsearch-exporter: {}
services: {a: {metrics: \"http://a:1/metrics\", dialect: fastapi}}
";

/// A stack with its secrets made, in a folder of its own.
struct Team {
    dir: tempfile::TempDir,
    stack: Stack,
    units: Vec<Unit>,
    secrets: Secrets,
}

fn team(manifest: &str) -> Team {
    let dir = tempfile::tempdir().unwrap();
    let document = manifest::load_text("mcpmon.yaml", manifest, dir.path());
    let document = document.unwrap_or_else(|_| panic!("{manifest}"));
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    let stack = stack::resolve(&document, &catalog).unwrap_or_else(|e| panic!("{e:?}")).stack;
    start::generate(&stack, dir.path(), Certificates::Keep).unwrap();
    let around = Surroundings { env: &|_| None, file: &|path: &Path| std::fs::read(path) };
    let secrets = stack::read_secrets(&document, &stack, &around);
    let secrets = secrets.unwrap_or_else(|found| panic!("{found:?}"));
    let bundle = render::render(&stack, &catalog).unwrap();
    let units = plan::wanted(&stack, &bundle, &secrets, "");
    Team { dir, stack, units, secrets }
}

impl Team {
    fn secrets_dir(&self) -> PathBuf {
        self.dir.path().join("secrets")
    }
    fn password(&self, file: &str) -> String {
        std::fs::read_to_string(self.secrets_dir().join(file)).unwrap().trim().to_owned()
    }
    fn unit(&self, name: &str) -> &Unit {
        self.units.iter().find(|unit| unit.name == name).unwrap()
    }
    /// The double of a program, which knows the administrator.
    async fn double(&self, name: &str) -> Double {
        let double = Double::start(&self.secrets_dir(), name).await;
        double.state.lock().unwrap().users.insert("elastic".to_owned(), self.password("elastic"));
        double
    }
    async fn subject(&self, name: &str, double: &Double) -> Subject<'_> {
        let (_engine, reader) = self.engine(name, double.port).await;
        let container: Container =
            reader.container(&format!("acme-{name}")).await.unwrap().unwrap();
        Subject::new(self.unit(name), Some(&container), &self.stack, &self.secrets, Http::default())
            .unwrap()
    }
    async fn engine(&self, name: &str, port: u16) -> (crate::fixture::Server, Reader) {
        let described = described(&format!("acme-{name}"), self.unit(name).port.unwrap(), port);
        engine(move |_| Some(described.clone())).await
    }
}

/// A container whose port is published on this one.
fn described(name: &str, inside: u16, host: u16) -> String {
    json!({
        "Id": "1", "Name": format!("/{name}"), "RestartCount": 0,
        "State": serde_json::from_str::<serde_json::Value>(RUNNING).unwrap(),
        "Config": {"Labels": {"dev.mcpmon.stack": "acme"}},
        "NetworkSettings": {"Ports": {format!("{inside}/tcp"): [{"HostIp": "127.0.0.1", "HostPort": host.to_string()}]}},
    })
    .to_string()
}

const NO_PATIENCE: Duration = Duration::ZERO;

#[tokio::test]
async fn what_is_missing_is_written_and_what_is_there_is_left_alone() {
    let team = team(MANIFEST);
    let double = team.double("elasticsearch").await;
    let subject = team.subject("elasticsearch", &double).await;
    let written = bring(&subject, &team.secrets, NO_PATIENCE).await.unwrap();
    assert_eq!(
        written,
        [
            "elasticsearch: lifecycle policy `mcp-logs`",
            "elasticsearch: index template `mcp-logs`",
            "elasticsearch: password of `kibana_system`",
            "elasticsearch: role `mcpmon_writer`",
            "elasticsearch: user `mcpmon_writer`",
            "elasticsearch: role `mcpmon_monitor`",
            "elasticsearch: user `mcpmon_monitor`",
        ]
    );
    assert_eq!(double.changes().len(), 7);
    {
        let state = double.state.lock().unwrap();
        for (user, file) in [
            ("kibana_system", "kibana-system"),
            ("mcpmon_writer", "logstash-writer"),
            ("mcpmon_monitor", "elastic-monitor"),
        ] {
            assert_eq!(state.users[user], team.password(file), "{user}");
        }
        let policy = &state.documents["/_ilm/policy/mcp-logs"];
        assert_eq!(policy["policy"]["phases"]["delete"]["min_age"], "1209600s");
    }
    // A second time there is nothing to do.
    assert_eq!(bring(&subject, &team.secrets, NO_PATIENCE).await.unwrap(), Vec::<String>::new());
    assert_eq!(double.changes(), Vec::<String>::new());
}

#[tokio::test]
async fn only_what_differs_is_written_again() {
    let team = team(MANIFEST);
    let double = team.double("elasticsearch").await;
    let subject = team.subject("elasticsearch", &double).await;
    bring(&subject, &team.secrets, NO_PATIENCE).await.unwrap();
    double.changes();
    {
        let mut state = double.state.lock().unwrap();
        let policy = state.documents.get_mut("/_ilm/policy/mcp-logs").unwrap();
        policy["policy"]["phases"]["delete"]["min_age"] = json!("90d");
        state.users.insert("mcpmon_writer".to_owned(), "somebody else's".to_owned());
    }
    bring(&subject, &team.secrets, NO_PATIENCE).await.unwrap();
    assert_eq!(
        double.changes(),
        ["PUT /_ilm/policy/mcp-logs", "PUT /_security/user/mcpmon_writer"]
    );
}

#[tokio::test]
async fn what_a_missing_component_would_need_is_left_out() {
    let text = MANIFEST.replace("  kibana: {}\n  logstash: {}\n  elasticsearch-exporter: {}\n", "");
    let team = team(&text);
    let double = team.double("elasticsearch").await;
    let subject = team.subject("elasticsearch", &double).await;
    let written = bring(&subject, &team.secrets, NO_PATIENCE).await.unwrap();
    assert_eq!(written.len(), 2, "{written:?}");
}

#[tokio::test]
async fn kibana_gets_its_data_view_and_dashboard() {
    let team = team(MANIFEST);
    let double = team.double("kibana").await;
    let subject = team.subject("kibana", &double).await;
    let written = bring(&subject, &team.secrets, NO_PATIENCE).await.unwrap();
    assert_eq!(written, ["kibana: data view `mcp-logs-*`", "kibana: dashboard `MCP logs`"]);
    assert_eq!(bring(&subject, &team.secrets, NO_PATIENCE).await.unwrap(), Vec::<String>::new());
    let state = double.state.lock().unwrap();
    assert_eq!(
        state.documents["/api/data_views/data_view/mcp-logs"]["data_view"]["title"],
        "mcp-logs-*"
    );
    let objects = state.documents.keys().filter(|path| path.contains("saved_objects")).count();
    assert_eq!(objects, 5, "a dashboard, three charts and a search");
    // The administrator's password is mcpmon's to know, and not in Kibana's container.
    let elastic = team.password("elastic");
    let held = team.unit("kibana").files.values().any(|f| f.content == elastic.as_bytes());
    assert!(!held);
}

#[tokio::test]
async fn each_failure_says_what_to_do_and_no_secret() {
    let team = team(MANIFEST);
    let path = "/_security/user/mcpmon_writer";
    let password = team.password("logstash-writer");
    for (refusal, expected) in [
        ((400, r#"{"error":{"reason":"not this: $BODY"}}"#), "answered 400: "),
        ((500, r"it broke over $BODY"), "answered 500: it broke over"),
        ((200, r#"{"success":false,"errors":["no: $BODY"]}"#), "refused: "),
    ] {
        let double = team.double("elasticsearch").await;
        double
            .state
            .lock()
            .unwrap()
            .refusals
            .insert(path.to_owned(), vec![(refusal.0, refusal.1.to_owned())]);
        let subject = team.subject("elasticsearch", &double).await;
        let said = bring(&subject, &team.secrets, NO_PATIENCE).await.unwrap_err();
        assert!(said.starts_with("elasticsearch: user `mcpmon_writer`: "), "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains(&password), "a secret is in: {said}");
    }
}

#[tokio::test]
async fn another_password_is_refused_once_and_explained() {
    let team = team(MANIFEST);
    let double = team.double("elasticsearch").await;
    double.state.lock().unwrap().users.insert("elastic".to_owned(), "another one".to_owned());
    let subject = team.subject("elasticsearch", &double).await;
    let started = Instant::now();
    let said = bring(&subject, &team.secrets, Duration::from_secs(30)).await.unwrap_err();
    assert!(said.contains("does not take the password of `elastic`"), "{said}");
    assert!(said.contains("docker exec -it acme-elasticsearch"), "{said}");
    assert!(!said.contains(&team.password("elastic")), "{said}");
    assert!(started.elapsed() < Duration::from_secs(5), "trying again is of no use");
    assert_eq!(double.changes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_program_that_is_busy_is_asked_again() {
    let team = team(MANIFEST);
    let double = team.double("elasticsearch").await;
    let busy = vec![(503, "not yet".to_owned()), (429, "slower".to_owned())];
    double.state.lock().unwrap().refusals.insert("/_ilm/policy/mcp-logs".to_owned(), busy);
    let subject = team.subject("elasticsearch", &double).await;
    bring(&subject, &team.secrets, Duration::from_secs(10)).await.unwrap();
    let tries = double.changes().iter().filter(|c| c.contains("_ilm")).count();
    assert_eq!(tries, 3);
}

#[tokio::test]
async fn what_is_taken_and_not_held_is_an_error() {
    let team = team(MANIFEST);
    let double = team.double("elasticsearch").await;
    double.state.lock().unwrap().forgetful = true;
    let subject = team.subject("elasticsearch", &double).await;
    let said = bring(&subject, &team.secrets, NO_PATIENCE).await.unwrap_err();
    assert!(said.contains("it took it, and does not hold it:\n    it is not there"), "{said}");
}

/// Whoever answers without the stack's own certificate gets no password.
#[tokio::test]
async fn another_certificate_is_not_spoken_to() {
    let (team, stranger) = (team(MANIFEST), team(MANIFEST));
    for (folder, name) in [(&stranger, "elasticsearch"), (&team, "kibana")] {
        let double = Double::start(&folder.secrets_dir(), name).await;
        let subject = team.subject("elasticsearch", &double).await;
        let said = bring(&subject, &team.secrets, NO_PATIENCE).await.unwrap_err();
        assert!(said.contains("certificate"), "{said}");
        assert_eq!(double.changes(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn readiness_is_what_the_answer_says() {
    let team = team(MANIFEST);
    let double = team.double("elasticsearch").await;
    let (_engine, reader) = team.engine("elasticsearch", double.port).await;
    let units = [team.unit("elasticsearch")];
    let wait = async |seconds: f64| {
        let deadline = Instant::now() + Duration::from_secs_f64(seconds);
        wait_ready(&reader, &units, &Begun::new(), deadline, &|_, _| {}).await
    };
    wait(10.0).await.unwrap_or_else(|late| panic!("{}", late[0]));
    double.state.lock().unwrap().documents.insert("health".to_owned(), json!("red"));
    let late = wait(0.3).await.unwrap_err();
    assert!(late[0].reason.ends_with("/_cluster/health: it says `red`"), "{}", late[0].reason);
    double.state.lock().unwrap().users.clear();
    let late = wait(0.3).await.unwrap_err();
    assert!(late[0].reason.contains("answered 401: unable to authenticate"), "{}", late[0].reason);
    let double = team.double("kibana").await;
    let (_engine, reader) = team.engine("kibana", double.port).await;
    let units = [team.unit("kibana")];
    let deadline = Instant::now() + Duration::from_secs(10);
    wait_ready(&reader, &units, &Begun::new(), deadline, &|_, _| {})
        .await
        .unwrap_or_else(|l| panic!("{}", l[0]));
}

#[test]
fn certificates_are_for_their_programs_and_for_two_years() {
    let team = team(MANIFEST);
    let read = |file: &str| std::fs::read(team.secrets_dir().join(file)).unwrap();
    let (ca, certificate) = (read("elastic-ca.crt"), read("elasticsearch.crt"));
    let days = |days: u64| Duration::from_secs(days * 86_400);
    for name in ["elasticsearch", "acme-elasticsearch", "localhost", "127.0.0.1"] {
        assert_eq!(tls::proves(&ca, &certificate, name, Duration::ZERO), Ok(()), "{name}");
    }
    assert_eq!(tls::proves(&ca, &certificate, "elasticsearch", days(729)), Ok(()));
    assert_eq!(
        tls::proves(&ca, &certificate, "elasticsearch", days(732)),
        Err(tls::Wrong::Expired)
    );
    let said = tls::proves(&ca, &certificate, "kibana", Duration::ZERO).unwrap_err();
    assert_eq!(said, tls::Wrong::Other("it is not for the name `kibana`".to_owned()));
    assert_eq!(tls::fit(&certificate, &read("elasticsearch.key")), Ok(()));
    assert!(tls::fit(&certificate, &read("kibana.key")).is_err());
}

#[test]
fn nothing_is_overwritten_and_certificates_are_renewed_when_asked() {
    let team = team(MANIFEST);
    let read = || -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(team.secrets_dir()).unwrap().map(|e| e.unwrap().path());
        entries
            .map(|p| {
                (p.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(p).unwrap())
            })
            .collect()
    };
    let before = read();
    assert_eq!(before.len(), 15, "{:?}", before.keys());
    start::generate(&team.stack, team.dir.path(), Certificates::Keep).unwrap();
    assert_eq!(read(), before);
    start::generate(&team.stack, team.dir.path(), Certificates::Renew).unwrap();
    let after = read();
    let changed: Vec<&str> =
        after.iter().filter(|(k, v)| before[*k] != **v).map(|(k, _)| k.as_str()).collect();
    assert_eq!(
        changed,
        [
            "elasticsearch.crt",
            "elasticsearch.key",
            "kibana.crt",
            "kibana.key",
            "logstash.crt",
            "logstash.key"
        ]
    );
    assert_eq!(
        tls::proves(&after["elastic-ca.crt"], &after["kibana.crt"], "kibana", Duration::ZERO),
        Ok(())
    );
    // Without the authority's key, or with another authority, nothing can be signed.
    std::fs::remove_file(team.secrets_dir().join("elastic-ca.key")).unwrap();
    let said = start::generate(&team.stack, team.dir.path(), Certificates::Renew).unwrap_err();
    assert!(format!("{said:#}").contains("bring certificates of your own"), "{said:#}");
    let other = self::team(MANIFEST);
    std::fs::copy(
        other.secrets_dir().join("elastic-ca.key"),
        team.secrets_dir().join("elastic-ca.key"),
    )
    .unwrap();
    let said = start::generate(&team.stack, team.dir.path(), Certificates::Renew).unwrap_err();
    assert!(format!("{said:#}").contains("An authority that mcpmon did not make"), "{said:#}");
    assert_eq!(read()["kibana.crt"], after["kibana.crt"], "what was there is still there");
    #[cfg(unix)]
    for file in read().keys() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(team.secrets_dir().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}
