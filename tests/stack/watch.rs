//! `mcpmon watch`: files change, the stack follows, mistakes are shown, and Ctrl-C ends it well.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::harness::{TestStack, eventually};

#[test]
fn what_is_saved_takes_effect_and_mistakes_change_nothing() {
    let stack = TestStack::new("watch");
    stack.mcpmon(&["up"]).expect(0);
    let mut child = stack.command(&["watch"]).stderr(Stdio::piped()).spawn().unwrap();
    let said = Arc::new(Mutex::new(String::new()));
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let heard = said.clone();
    let reader = std::thread::spawn(move || {
        for line in lines {
            writeln!(heard.lock().unwrap(), "{}", line.unwrap()).unwrap();
        }
    });
    let times = |text: &str| said.lock().unwrap().matches(text).count();
    eventually("it watches", 60, || times("Ctrl-C ends it") == 1);
    assert_eq!(times("start: applied and proven"), 1, "{}", said.lock().unwrap());

    let loads = |text: &str| {
        stack.get(stack.ports.prometheus, "/api/v1/rules?type=alert").to_string().contains(text)
    };
    stack.manifest("alerts: {override: {HighErrorRate: {threshold: 0.0625}}}\n");
    eventually("the threshold is applied", 60, || times("test.yaml: applied and proven") == 1);
    assert!(loads("0.0625"));

    stack.manifest("alerts: {override: {HighErrorRate: {treshold: 0.1}}}\n");
    eventually("the mistake is shown", 60, || times("test.yaml: not applied") == 1);
    assert_eq!(times("did you mean `threshold`?"), 1, "{}", said.lock().unwrap());
    assert!(loads("0.0625") && child.try_wait().unwrap().is_none());

    // A folder that the manifest names from now on is watched from now on.
    let rule = |name: &str, expr: &str| {
        format!(
            "groups:\n  - name: team\n    rules:\n      - {{alert: {name}, expr: \"{expr}\", labels: {{severity: warning}}, annotations: {{summary: s}}}}\n"
        )
    };
    std::fs::create_dir(stack.path("alerts")).unwrap();
    std::fs::write(stack.path("alerts/team.yml"), rule("First", "up == 2")).unwrap();
    stack.manifest("alerts: {rules_dir: alerts}\n");
    eventually("the folder is applied", 60, || times("test.yaml: applied and proven") == 2);
    std::fs::write(stack.path("alerts/team.yml"), rule("Second", "up == 3")).unwrap();
    eventually("the rule is applied", 60, || times("alerts/team.yml: applied and proven") == 1);
    assert!(loads("\"Second\"") && !loads("\"First\""));
    std::fs::write(stack.path("alerts/team.yml"), rule("Third", "up == (")).unwrap();
    eventually("the broken rule is refused", 60, || {
        times("alerts/team.yml: not applied, what ran before runs on") == 1
    });
    assert!(loads("\"Second\""));

    // One line for each change, and the mistakes' own.
    let lines = said.lock().unwrap().lines().filter(|line| line.starts_with('✔')).count();
    assert_eq!(lines, 4, "{}", said.lock().unwrap());
    let interrupt = ["-INT", &child.id().to_string()];
    assert!(Command::new("kill").args(interrupt).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", said.lock().unwrap());
    reader.join().unwrap();
    stack.manifest("");
}
