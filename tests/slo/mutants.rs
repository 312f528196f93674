//! Wrong versions of the rules of objectives, which their own tests must notice.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use mcpmon::render::rules::Compiled;
use serde_json::{Value as Json, json};

use crate::promtool::{Trial, failed, promtool};
use crate::read::Read;

/// One objective of each shape that rules have.
pub const MANIFEST: &str = r"
slos:
  requests: {objective: 99%, indicator: requests, min_events: 50, override: {search: {objective: 98%}}}
  latency: {objective: 99%, indicator: {latency: {threshold: 500ms}}, select: {services: [tasks]}, tiers: {slow: false, creeping: false}}
  slices: {objective: 95%, indicator: requests, budgeting: {timeslices: {length: 5m, target: 95%}}, tiers: {medium: false, slow: false, creeping: false}}
  fresh: {objective: 95%, indicator: {freshness: {timestamp: sync_seconds, max_age: 10m}}, tiers: {medium: false, slow: false, creeping: false}}
  health: {objective: 95%, indicator: {custom: {gauge: health_check_status}}, tiers: {medium: false, slow: false, creeping: false}}
  jobs: {objective: 95%, indicator: {custom: {total: jobs_total, good: jobs_done_total}}, tiers: {medium: false, slow: false, creeping: false}}
";

/// One test of an objective, with the rules that it looks at and what these read: the others only take time.
struct Test {
    slo: String,
    rules: Vec<(String, Json)>,
    content: Json,
}

/// One wrong version of a rule, and the tests that look at it, the short ones first.
pub struct Mutant {
    pub what: String,
    right: Json,
    wrong: Json,
    tests: Vec<usize>,
}

/// All tests, and every mutant of every rule.
pub struct Mutants {
    tests: Vec<Test>,
    pub mutants: Vec<Mutant>,
}

impl Mutants {
    pub fn of(compiled: &Compiled) -> Self {
        let compiled = &Read::of(compiled);
        let mut tests: Vec<Test> = compiled
            .tests
            .iter()
            .flat_map(|file| {
                let each = file.content["tests"].as_array().unwrap().iter();
                each.map(|test| alone(compiled, &file.content, test))
            })
            .collect();
        tests.sort_by_key(|test| takes(&test.content));
        let mut mutants = Vec::new();
        let mut known = BTreeSet::new();
        for rule in compiled.files.iter().flat_map(|file| rules(&file.content)) {
            // What all share matters most to series of one's own.
            let id = rule["labels"]["slo"].as_str().unwrap_or("jobs");
            let name = rule["record"].as_str().or(rule["alert"].as_str()).unwrap();
            // A rule that is the same for another objective is tried once.
            let text = rule["expr"].as_str().unwrap().replace(&format!("slo=\"{id}\""), "");
            if !known.insert((name.to_owned(), text)) {
                continue;
            }
            let sees = |test: &Test| {
                test.slo == id && test.rules.iter().any(|(_, file)| rules(file).any(|r| r == rule))
            };
            let about: Vec<usize> = (0..tests.len()).filter(|index| sees(&tests[*index])).collect();
            for (what, wrong) in changes(rule) {
                mutants.push(Mutant {
                    what: format!("{id} {name}: {what}: {}", wrong["expr"]),
                    right: rule.clone(),
                    wrong,
                    tests: about.clone(),
                });
            }
        }
        Self { tests, mutants }
    }

    /// Each mutant is a rule that Prometheus would take, and without one all tests pass.
    pub fn are_fair(&self) {
        let rules: Vec<&Json> = self.mutants.iter().map(|mutant| &mutant.wrong).collect();
        let file = json!({"groups": [{"name": "mutants", "rules": rules}]}).to_string();
        let check = ["check", "rules", "--lint=none", "mutants.yml"];
        let (ok, text) = promtool(&[("mutants.yml".to_owned(), file)], &check);
        assert!(ok, "{text}");
        let trials: Vec<Trial> = self.tests.iter().map(|test| test.trial(Json::clone)).collect();
        for (failed, test) in failed(&trials).into_iter().zip(&self.tests) {
            assert!(!failed, "fails by the right rules: {}", test.content["tests"][0]["name"]);
        }
    }

    /// What is wrong and passes all the same. The tests are tried one by one: most mutants are noticed by one of
    /// the short ones.
    pub fn survivors(&self) -> Vec<&str> {
        let mut alive: Vec<&Mutant> = self.mutants.iter().collect();
        let most = self.mutants.iter().map(|mutant| mutant.tests.len()).max().unwrap_or_default();
        for round in 0..most {
            let (tried, over): (Vec<_>, Vec<_>) =
                alive.into_iter().partition(|mutant| round < mutant.tests.len());
            let trial = |mutant: &&Mutant| {
                let change =
                    |rule: &Json| if *rule == mutant.right { &mutant.wrong } else { rule }.clone();
                self.tests[mutant.tests[round]].trial(change)
            };
            let trials: Vec<Trial> = tried.iter().map(trial).collect();
            let verdicts = failed(&trials).into_iter().zip(tried);
            alive = verdicts.filter(|(failed, _)| !failed).map(|(_, mutant)| mutant).collect();
            alive.extend(over);
        }
        alive.into_iter().map(|mutant| mutant.what.as_str()).collect()
    }
}

impl Test {
    /// With each rule as it is made.
    fn trial(&self, made: impl Fn(&Json) -> Json) -> Trial {
        let path = "tests/test.yml".to_owned();
        let mut files = vec![(path.clone(), self.content.to_string())];
        for (path, content) in &self.rules {
            let mut content = content.clone();
            for group in content["groups"].as_array_mut().unwrap() {
                for rule in group["rules"].as_array_mut().unwrap() {
                    *rule = made(rule);
                }
            }
            files.push((path.clone(), content.to_string()));
        }
        Trial { files, test: path }
    }
}

fn rules(content: &Json) -> impl Iterator<Item = &Json> {
    content["groups"].as_array().unwrap().iter().flat_map(|g| g["rules"].as_array().unwrap())
}

/// One test of a file.
fn alone(compiled: &Read, file: &Json, test: &Json) -> Test {
    let mut content = file.clone();
    content["tests"] = json!([test]);
    let own = |path: &str| {
        let mut read = file["rule_files"].as_array().unwrap().iter();
        read.any(|read| read.as_str().unwrap() == format!("../{path}"))
    };
    let files = compiled.files.iter().filter(|file| own(&file.path));
    let mut files: Vec<(String, Json)> =
        files.map(|file| (file.path.clone(), file.content.clone())).collect();
    let asked: String = test["promql_expr_test"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ask| ask["expr"].as_str().unwrap())
        .collect();
    let narrow = asked.contains("burn_tier=\"") || asked.contains("alertname=\"");
    let mut read = asked.clone();
    let looked_at = |rule: &Json, read: &str| {
        if let Some(name) = rule["record"].as_str() {
            return read.contains(name);
        }
        let is = |label: &str, value: &Json| {
            value.as_str().is_some_and(|value| asked.contains(&format!("{label}=\"{value}\"")))
        };
        !narrow || is("burn_tier", &rule["labels"]["burn_tier"]) || is("alertname", &rule["alert"])
    };
    // Until nothing more is read by what is.
    loop {
        let before = read.len();
        for rule in files.iter().flat_map(|(_, content)| rules(content)) {
            let expr = rule["expr"].as_str().unwrap();
            if looked_at(rule, &read) && !read.contains(expr) {
                read.push_str(expr);
            }
        }
        if read.len() == before {
            break;
        }
    }
    for (_, content) in &mut files {
        for group in content["groups"].as_array_mut().unwrap() {
            group["rules"].as_array_mut().unwrap().retain(|rule| looked_at(rule, &read));
        }
    }
    let slo = test["name"].as_str().unwrap().split_once(": ").unwrap().0.to_owned();
    Test { slo, rules: files, content }
}

/// How often the rules are evaluated in the test of a file.
fn takes(file: &Json) -> u64 {
    let asked = file["tests"][0]["promql_expr_test"].as_array().unwrap();
    let last = asked.iter().map(|ask| seconds(&ask["eval_time"])).max().unwrap();
    last / seconds(&file["evaluation_interval"])
}

/// `1d2h57m` in seconds.
fn seconds(duration: &Json) -> u64 {
    let parts = duration.as_str().unwrap().split_inclusive(char::is_alphabetic);
    parts
        .map(|part| {
            let (number, unit) = part.split_at(part.len() - 1);
            let unit = match unit {
                "d" => 86_400,
                "h" => 3600,
                "m" => 60,
                _ => 1,
            };
            number.parse::<u64>().unwrap() * unit
        })
        .sum()
}

/// Wrong versions of one rule.
fn changes(rule: &Json) -> Vec<(&'static str, Json)> {
    let expr = rule["expr"].as_str().unwrap();
    let record = rule["record"].as_str().unwrap_or_default();
    let alert = rule["alert"].is_string();
    let burn = rule["labels"]["burn_tier"].is_string();
    // A constant is what it is, and these are read by people alone.
    if ["slo:info", "slo:objective:ratio", "slo:error_budget:ratio"].contains(&record) {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut add = |what, changed: String| {
        if changed != expr {
            let mut rule = rule.clone();
            rule["expr"] = changed.into();
            out.push((what, rule));
        }
    };
    if burn {
        let slo = rule["labels"]["slo"].as_str().unwrap();
        // States come in whole minutes: a fifth more or less may be the same minutes.
        if ["requests", "latency"].contains(&slo) {
            add("a factor that is too large", scaled(expr, 1.2));
            add("a factor that is too small", scaled(expr, 1.0 / 1.2));
        }
        add(
            "or instead of and",
            expr.replace(" and on (service) slo:error", " or on (service) slo:error"),
        );
        add("no short window", without_short(expr));
        for (from, to) in [
            ("rate1h{", "rate6h{"),
            ("rate6h{", "rate1h{"),
            ("rate1d{", "rate1h{"),
            ("rate3d{", "rate1d{"),
            ("rate5m{", "rate1h{"),
            ("rate30m{", "rate6h{"),
            ("rate1d{", "rate3d{"),
            ("rate2h{", "rate1d{"),
            ("rate6h{", "rate3d{"),
        ] {
            // The first window of an alert is its long one.
            add("another window", first_or_second(expr, from, to));
        }
        add("the other way round", expr.replacen(" > ", " < ", 1));
        add(
            "without its group",
            expr.replace(" * on (service) group_left (group) slo:service_group", ""),
        );
    } else if alert {
        add("no targets expected", expr.replace("unless on (service)", "and on (service)"));
        add("only one by one", expr.split(" or ").next().unwrap().to_owned());
        add("never as a whole", expr.replace("absent_over_time", "0 > absent_over_time"));
        add("both at a time", expr.replace("absent_over_time", "absent").replace("[5h50m]", ""));
        add("a gap between them", expr.replace("[5h50m]", "[6h]"));
        add("forgotten early", expr.replace("[6h]", "[1h]"));
        let mut early = rule.clone();
        early.as_object_mut().unwrap().remove("for");
        out.push(("at once", early));
        let mut late = rule.clone();
        late["for"] = "1h".into();
        out.push(("an hour late", late));
        return out;
    } else {
        add("NaN allowed", expr.replace(" > 0)", ")"));
        add("no zero for what is not there", without_zero(expr));
        add("by group", expr.replace("sum by (service)", "sum by (group)"));
        add("by nothing", expr.replace("sum by (service)", "sum"));
        add("the largest instead of the sum", expr.replace("sum by (service)", "max by (service)"));
        add("differences instead of rates", expr.replace("rate(", "delta("));
        add("an hour instead of five minutes", expr.replace("[5m]", "[1h]"));
        add("added instead of taken off", expr.replace(" - on (service)", " + on (service)"));
        add("bad is good", expr.replace("<= bool", "> bool"));
        add("an age ten times as high", expr.replace("bool 600", "bool 6000"));
        add("counted instead of summed", expr.replace("sum_over_time", "count_over_time"));
        add("no bad ones", expr.replace("status", "x_status"));
        add("another bucket", expr.replace("le=\"0.5\"", "le=\"+Inf\""));
        if let Some(range) = record.strip_prefix("slo:error_ratio:rate").filter(|r| *r != "5m") {
            let own = format!("[{range}");
            let other = if range == "1d" || range == "3d" { "[2h" } else { "[12h" };
            add("another range", expr.replace(&own, other));
            add(
                "the mean of shares",
                format!(
                    "avg_over_time(slo:error_ratio:rate5m{{slo=\"{}\"}}[{range}:5m])",
                    rule["labels"]["slo"].as_str().unwrap()
                ),
            );
        }
        if record == "slo:error_budget:remaining" {
            add("what was used instead of what is left", expr.replace("1 - ", ""));
            add("half of the budget", expr.replace("/ 0.0", "/ 0.5 / 0.0"));
        }
        if record == "slo:error_ratio:period" {
            add("only the last day", expr.replace("[30d]", "[6h]"));
        }
    }
    // The mean of shares is the same as the share of sums while traffic is steady, which only the tests of
    // days vary; and of hourly sums the divisor cancels out.
    let steady = [
        "slo:error_ratio:rate30m",
        "slo:error_ratio:rate1h",
        "slo:error_ratio:rate2h",
        "slo:error_ratio:rate6h",
    ];
    out.retain(|(what, _)| *what != "the mean of shares" || !steady.contains(&record));
    out
}

/// Every limit times a factor.
fn scaled(expr: &str, factor: f64) -> String {
    let mut out = String::new();
    let mut rest = expr;
    while let Some((before, after)) = rest.split_once(" > ") {
        let end = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
        let limit: f64 = after[..end].parse().unwrap();
        write!(out, "{before} > {}", limit * factor).unwrap();
        rest = &after[end..];
    }
    out + rest
}

/// Only the long windows.
fn without_short(expr: &str) -> String {
    let mut out = String::new();
    let mut rest = expr;
    while let Some((before, after)) = rest.split_once(" and on (service) slo:error_ratio") {
        out.push_str(before);
        let end = after
            .find([')', ' '])
            .map(|_| after.find(" and ").into_iter().chain(after.find(')')).min().unwrap());
        rest = &after[end.unwrap_or(after.len())..];
    }
    out + rest
}

/// Every window of the one name by that of the other.
fn first_or_second(expr: &str, from: &str, to: &str) -> String {
    let short = ["rate5m{", "rate30m{", "rate2h{"].contains(&from);
    let mut out = String::new();
    for (index, part) in expr.split("slo:error_ratio:").enumerate() {
        if index > 0 {
            out.push_str("slo:error_ratio:");
        }
        // Long and short windows take turns.
        let is_short = index > 0 && index % 2 == 0;
        if is_short == short {
            out.push_str(&part.replacen(from, to, 1));
        } else {
            out.push_str(part);
        }
    }
    out
}

/// The last alternative, which stands for what is not there, left out.
fn without_zero(expr: &str) -> String {
    expr.split_once(" or on (service) 0 * ").map_or_else(
        || expr.to_owned(),
        |(before, after)| {
            let end = after.find('}').map_or(after.len(), |end| end + 1);
            format!("{before}{}", &after[end..])
        },
    )
}
