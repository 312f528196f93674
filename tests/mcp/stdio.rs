//! Programs that speak on their standard input and output, played by a shell.

use std::path::Path;
use std::time::{Duration, Instant};

use mcpmon::mcp::era::Era;
use mcpmon::mcp::report::StepName;
use mcpmon::mcp::target::{At, Protocol};
use mcpmon::mcp::{self, Eras, Reason, Target};

use crate::support::{
    ask, failure, probe, probe_with, program, reason, script, succeeded, within, worked,
};

/// Answers each question by its method, with its number.
const LEGACY: &str = r#"
while read -r line; do
  id=$(printf %s "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case $line in
    *'"server/discover"'*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}";;
    *'"initialize"'*) echo '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'; echo; echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"shell\",\"version\":\"$VERSION\"}}}";;
    *'"ping"'*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{}}";;
    *'"tools/list"'*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"tools\":[{\"name\":\"sh\"}]}}";;
  esac
done
"#;

fn with_env(mut target: Target, name: &str, value: &str) -> Target {
    if let At::Stdio(command) = &mut target.at {
        command.env.insert(name.to_owned(), value.to_owned());
    }
    target
}

fn in_dir(mut target: Target, dir: &Path) -> Target {
    if let At::Stdio(command) = &mut target.at {
        command.dir = Some(dir.to_owned());
    }
    target
}

#[tokio::test]
async fn a_program_of_the_legacy_era() {
    use StepName::{Close, Initialize, Initialized, Ping, Spawn, ToolsList};
    let eras = Eras::default();
    let target = with_env(script(LEGACY), "VERSION", "7");
    for _ in 0..2 {
        let report = probe_with(&target, &ask(), &eras).await;
        succeeded(&report);
        assert_eq!(worked(&report), [Spawn, Initialize, Initialized, Ping, ToolsList, Close]);
        assert_eq!(report.server.unwrap().version, "7");
        assert_eq!(report.tools.unwrap()[0].name, "sh");
    }
    assert_eq!(eras.len(), 1);
}

#[tokio::test]
async fn its_environment_is_what_was_named() {
    let play = "env >&2; exit 3";
    let target = with_env(script(play), "MINE", "1");
    let report = probe(&target, &ask()).await;
    assert_eq!(reason(&report), Reason::ProcessExited);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("env");
    let play = format!("env >{}; exit 3", out.display());
    probe(&with_env(script(&play), "MINE", "1"), &ask()).await;
    let env = std::fs::read_to_string(out).unwrap();
    let mut names: Vec<&str> =
        env.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    // The shell adds its own.
    names.retain(|name| !matches!(*name, "PWD" | "SHLVL" | "_" | "OLDPWD"));
    names.sort_unstable();
    assert_eq!(names, ["HOME", "MINE", "PATH"]);
}

#[tokio::test]
async fn a_program_that_is_not_there() {
    let report = probe(&program("no-such-program", &[]), &ask()).await;
    let words = "no-such-program could not be started: no such file or directory";
    assert_eq!(failure(&report), (Reason::SpawnFailed, words));
    let report = probe(&program("/etc/passwd", &[]), &ask()).await;
    let words = "/etc/passwd could not be started: permission denied";
    assert_eq!(failure(&report), (Reason::SpawnFailed, words));
    let report = probe(&in_dir(script("cat"), Path::new("/no/such/folder")), &ask()).await;
    assert_eq!(failure(&report), (Reason::SpawnFailed, "its folder /no/such/folder is not there"));
}

#[tokio::test]
async fn a_program_that_ends() {
    let report = probe(&script("echo first >&2; echo 'no API key' >&2; exit 2"), &ask()).await;
    let words = "initialize: exited with code 2: no API key";
    assert_eq!(failure(&report), (Reason::ProcessExited, words));
    let report = probe(&script("kill -9 $$"), &ask()).await;
    assert_eq!(failure(&report), (Reason::ProcessExited, "initialize: ended by signal 9"));
}

#[tokio::test]
async fn an_old_program_that_breaks_at_a_question_it_does_not_know() {
    let play = LEGACY.replace(
        "*'\"server/discover\"'*) ",
        "*'\"server/discover\"'*) echo 'Traceback' >&2; exit 1;; *'\"never\"'*) ",
    );
    let report = probe(&script(&play), &ask()).await;
    succeeded(&report);
    assert_eq!(report.protocol.unwrap().era, Era::Legacy);
}

#[tokio::test]
async fn an_old_program_that_does_not_answer_what_it_does_not_know() {
    let play =
        LEGACY.replace("*'\"server/discover\"'*) ", "*'\"server/discover\"'*) ;; *'\"never\"'*) ");
    let report = probe(&script(&play), &within(2000)).await;
    succeeded(&report);
    assert_eq!(report.protocol.unwrap().era, Era::Legacy);
    assert!(report.duration > Duration::from_millis(500));
}

/// One process speaks one era: after `server/discover` it takes no `initialize`.
#[tokio::test]
async fn a_program_that_has_only_an_unknown_modern_version_is_started_anew() {
    let refused = r#"echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":{\"code\":-32022,\"message\":\"no\",\"data\":{\"supported\":[\"2031-01-01\",\"2025-11-25\"]}}}"; modern=1"#;
    let play = LEGACY.replace(
        "*'\"server/discover\"'*) ",
        &format!("*'\"server/discover\"'*) {refused};; *'\"initialize\"'*) [ -n \"$modern\" ] && exit 9;;& *'\"never\"'*) "),
    );
    // `;;&` is bash's: the next pattern is looked at too.
    let report = probe(&program("bash", &["-c", &play]), &ask()).await;
    succeeded(&report);
    assert_eq!(report.protocol.unwrap().era, Era::Legacy);
}

/// It starts slowly, so that `initialize` is sent before it has read `server/discover`.
#[tokio::test]
async fn a_modern_program_that_answers_late() {
    let play = r#"sleep 1.2; IFS= read -r line
        echo '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}}'
        read -r line; echo '{"jsonrpc":"2.0","id":2,"error":{"code":-32022,"message":"connection is serving the 2026-07-28 protocol"}}'
        read -r line; echo '{"jsonrpc":"2.0","id":3,"result":{"resultType":"complete","tools":[]}}'; cat >/dev/null"#;
    let report = probe(&script(play), &within(2000)).await;
    succeeded(&report);
    assert_eq!(report.protocol.as_ref().unwrap().era, Era::Modern);
    assert_eq!(
        worked(&report),
        [StepName::Spawn, StepName::Discover, StepName::ToolsList, StepName::Close]
    );
}

#[tokio::test]
async fn noise_on_its_standard_output() {
    let report = probe(&script("echo Listening on stdio...; cat"), &ask()).await;
    let (reason, words) = failure(&report);
    assert_eq!(reason, Reason::StdoutNoise);
    assert!(words.contains("on its standard output: no JSON"), "{words}");
    assert!(words.contains("`Listening on stdio...`"), "{words}");
}

#[tokio::test]
async fn a_program_that_never_answers() {
    let play = "echo 'waiting for the database' >&2; exec cat >/dev/null";
    let report = probe(&script(play), &within(800)).await;
    let words = "initialize: not done within 800ms; its last line on standard error: waiting for the database";
    assert_eq!(failure(&report), (Reason::Timeout, words));
    assert!(report.duration < Duration::from_millis(900));
}

#[tokio::test]
async fn a_line_without_end() {
    let report = probe(&script("exec head -c 20000000 /dev/zero"), &ask()).await;
    let (reason, words) = failure(&report);
    assert_eq!(reason, Reason::TooLarge);
    assert!(words.ends_with("an answer of more than 8 MiB"), "{words}");
}

#[tokio::test]
async fn messages_without_end() {
    let play = r#"while :; do echo '{"jsonrpc":"2.0","method":"notifications/message"}'; done"#;
    let report = probe(&script(play), &ask()).await;
    let (reason, words) = failure(&report);
    assert_eq!(reason, Reason::TooLarge);
    assert!(words.ends_with("more than 1000 messages without an answer"), "{words}");
}

#[tokio::test]
async fn a_full_standard_error_holds_nothing_up() {
    let play = format!("head -c 3000000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; {LEGACY}");
    succeeded(&probe(&script(&play), &ask()).await);
}

#[tokio::test]
async fn what_does_not_end_by_itself_is_ended_with_all_that_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let pids = dir.path().join("pids");
    let play = format!(
        "trap '' TERM; sleep 300 & echo $! $$ >{}; {LEGACY} while :; do sleep 0.1; done",
        pids.display()
    );
    let report = probe(&script(&play), &within(1500)).await;
    succeeded(&report);
    assert!(!worked(&report).contains(&StepName::Close), "it had to be killed");
    gone(&pids).await;
}

#[tokio::test]
async fn it_ends_when_nobody_waits_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let pids = dir.path().join("pids");
    let play = format!("sleep 300 & echo $! $$ >{}; exec sleep 300", pids.display());
    let (target, ask, eras) = (script(&play), ask(), Eras::default());
    let given_up =
        tokio::time::timeout(Duration::from_millis(400), mcp::probe(&target, &ask, &eras)).await;
    assert!(given_up.is_err());
    gone(&pids).await;
}

async fn gone(pids: &Path) {
    let pids = std::fs::read_to_string(pids).unwrap();
    let started = Instant::now();
    for pid in pids.split_whitespace() {
        let stat = format!("/proc/{pid}/stat");
        // One that is dead and not yet fetched by its parent has ended too.
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(started.elapsed() < Duration::from_secs(3), "{pid} still runs");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn a_transport_that_programs_do_not_have() {
    let target = Target { protocol: Protocol::Sse, ..script("cat") };
    assert_eq!(failure(&probe(&target, &ask()).await).0, Reason::UnsupportedVersion);
}
