use mcpmon::check::{CheckResult, Report, Verdict};

fn result(name: &'static str, verdict: Verdict, evidence: &str) -> CheckResult {
    CheckResult {
        name,
        title: "every target is up",
        verdict,
        evidence: vec![evidence.to_owned()],
        advice: (verdict == Verdict::Failed).then(|| "look at <it> & \"mend\" it".to_owned()),
        duration_ms: 1234,
        again: true,
    }
}

fn report() -> Report {
    let checks = vec![
        result("engine", Verdict::Passed, "Docker 20.10"),
        result("targets", Verdict::Failed, "8 of 9\u{1b}[31m & <worse>"),
        result("rules", Verdict::Warning, "slow"),
        result("logs", Verdict::Skipped, "loki is not part of the stack"),
    ];
    Report::new("acme", checks, 56)
}

#[test]
fn text_for_people() {
    let expected = "✔ every target is up: Docker 20.10
✘ every target is up
    8 of 9\u{1b}[31m & <worse>
  → look at <it> & \"mend\" it
! every target is up
    slow
- every target is up: loki is not part of the stack
✘ acme is not healthy: 1 passed, 1 failed, 1 to look at, 1 skipped (0.06 s)
";
    assert_eq!(report().text(), expected);
}

#[test]
fn junit_is_xml_whatever_a_program_said() {
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="mcpmon health-check" tests="4" failures="1" errors="0" skipped="1" time="0.056">
  <testsuite name="mcpmon.acme" tests="4" failures="1" errors="0" skipped="1" time="0.056">
    <testcase classname="mcpmon.acme" name="engine" time="1.234"><system-out>Docker 20.10</system-out></testcase>
    <testcase classname="mcpmon.acme" name="targets" time="1.234"><failure message="8 of 9�[31m &amp; &lt;worse&gt;">8 of 9�[31m &amp; &lt;worse&gt;&#10;→ look at &lt;it&gt; &amp; &quot;mend&quot; it</failure></testcase>
    <testcase classname="mcpmon.acme" name="rules" time="1.234"><system-out>slow</system-out></testcase>
    <testcase classname="mcpmon.acme" name="logs" time="1.234"><skipped message="loki is not part of the stack"/></testcase>
  </testsuite>
</testsuites>
"#;
    assert_eq!(report().junit(), expected);
}

#[test]
fn the_worst_check_decides() {
    let of = |verdicts: &[Verdict]| {
        let checks = verdicts.iter().map(|verdict| result("engine", *verdict, "")).collect();
        Report::new("acme", checks, 0).verdict
    };
    assert_eq!(of(&[]), Verdict::Passed);
    assert_eq!(of(&[Verdict::Skipped]), Verdict::Passed);
    assert_eq!(of(&[Verdict::Passed, Verdict::Warning, Verdict::Skipped]), Verdict::Warning);
    assert_eq!(of(&[Verdict::Failed, Verdict::Warning]), Verdict::Failed);
    assert!(
        serde_json::to_string(&report())
            .unwrap()
            .starts_with(r#"{"schema_version":1,"stack":"acme","verdict":"failed","#)
    );
}
