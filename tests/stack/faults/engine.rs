//! The engine dies, hangs or refuses a step, and what it held is gone in the midst of a change.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::Running;
use crate::between::{Verdict, changes, with_engine};
use crate::harness::{TestStack, docker};
use crate::own::OwnImage;

/// A change that reloads, restarts and makes anew.
fn change(round: usize) -> String {
    format!(
        "alerts: {{override: {{HighErrorRate: {{threshold: 0.0{}5}}}}}}\ncomponents: {{loki: {{config: {{limits_config: {{max_query_series: {}}}}}}}, alertmanager: {{resources: {{pids: {}}}}}}}\n",
        round + 1,
        400 + round,
        100 + round
    )
}

#[test]
fn an_engine_that_dies_at_any_step_leaves_nothing_that_the_next_up_cannot_mend() {
    let stack = TestStack::new("dying");
    stack.mcpmon(&["up"]).expect(0);
    let data = stack.mark_data();
    // How many steps there are, of which the last ones only clear up.
    let steps = Arc::new(AtomicUsize::new(0));
    stack.manifest(&change(0));
    let counted = steps.clone();
    with_engine(&stack, &["up"], move |request| {
        counted.fetch_add(usize::from(changes(request)), Ordering::SeqCst);
        Verdict::Pass
    })
    .expect(0);
    let steps = steps.load(Ordering::SeqCst);
    assert!(steps >= 16, "{steps} steps are few");
    // A dozen of them, and each of the last.
    let dozen = (0..12).map(|round| round * steps / 12);
    for (round, after) in dozen.chain(steps - 4..steps).enumerate() {
        let round = round + 1;
        stack.manifest(&change(round));
        let seen = AtomicUsize::new(0);
        let died = with_engine(&stack, &["up"], move |request| {
            let changing = usize::from(changes(request));
            let before = seen.fetch_add(changing, Ordering::SeqCst);
            if before + changing > after { Verdict::Cut } else { Verdict::Pass }
        });
        assert!([0, 1, 3].contains(&died.code), "after {after}: {}", died.stderr);
        assert!(died.code == 0 || died.stderr.contains("error:"), "after {after}: no message");
        // Its process has ended, so its lock is taken over.
        let good = stack.mcpmon(&["up"]);
        assert_eq!(good.code, 0, "after {after}:\n{}\nthen\n{}", died.stderr, good.stderr);
        let left = stack.mcpmon(&["plan", "--detailed-exitcode"]);
        assert_eq!(left.code, 0, "after {after}: {}{}", left.stdout, left.stderr);
        let rules = stack.text(stack.ports.prometheus, "/api/v1/rules?type=alert");
        assert!(rules.contains(&format!(" 0.0{}5 ", round + 1)), "after {after}: the old rules");
        assert!(stack.containers("{{.State.Status}}").iter().all(|s| s == "running"));
    }
    assert_eq!(data, stack.marked_data(), "data was lost");
}

#[test]
fn a_container_that_was_not_joined_to_its_networks_is_made_anew() {
    let stack = TestStack::new("joining");
    let died = AtomicBool::new(false);
    let ended = with_engine(&stack, &["up"], move |request| {
        let joins = request.starts_with("POST /networks/") && request.contains("/connect");
        if joins {
            died.store(true, Ordering::SeqCst);
        }
        if died.load(Ordering::SeqCst) { Verdict::Cut } else { Verdict::Pass }
    });
    assert!([1, 3].contains(&ended.code), "no container joins a network: {}", ended.stderr);
    let left = stack.containers("{{.Name}} {{.State.Status}} {{len .NetworkSettings.Networks}}");
    let half = format!("/{} created 1", stack.container("agent"));
    assert!(left.contains(&half), "the agent was not left half made: {left:?}");
    stack.mcpmon(&["up"]).expect(0).says("recreate agent: it is not in the network");
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn an_engine_that_refuses_a_step_or_hangs_is_told_and_nothing_is_half_done() {
    let running = Running::up("refusing");
    let stack = &running.stack;
    let name = stack.container("alertmanager");
    // The one before has been stopped and cannot be put aside; its successor cannot be made.
    for (call, name) in [("/rename?", format!("{name}-previous")), ("/create?", name)] {
        stack.manifest(&change(0));
        let name = format!("name={name}");
        let ended = with_engine(stack, &["up", "--timeout", "20s"], move |request| {
            let refused = request.contains(call) && request.split(['?', '&']).any(|p| p == name);
            if refused { Verdict::Refuse } else { Verdict::Pass }
        });
        running.was_undone(ended, "refused by a double");
    }
    // Proven already, and what waited to come back cannot be removed.
    stack.manifest(&change(0));
    let aside = AtomicBool::new(false);
    let name = format!("{}-previous", stack.container("alertmanager"));
    let ended = with_engine(stack, &["up"], move |request| {
        let about_it = request.contains(&name);
        if about_it && request.contains("/rename?") {
            aside.store(true, Ordering::SeqCst);
        }
        let removes = about_it && request.starts_with("DELETE ");
        if removes && aside.load(Ordering::SeqCst) { Verdict::Refuse } else { Verdict::Pass }
    });
    ended.expect(0).says("stays behind").says("ready and proven");
    assert!(stack.mcpmon(&["history"]).expect(0).stdout.lines().next().unwrap().contains("proven"));
    stack.mcpmon(&["up"]).expect(0);
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);
    stack.manifest("");
    stack.mcpmon(&["up"]).expect(0);
    running.as_before("after a change that stayed");

    let started = std::time::Instant::now();
    stack.manifest(&change(1));
    with_engine(stack, &["up"], |_| Verdict::Hang).expect(3).says("cannot use the Docker engine");
    assert!(started.elapsed().as_secs() < 60, "a frozen engine is waited for too long");
    running.as_before("a frozen engine");
}

#[test]
fn what_goes_between_plan_and_apply_or_in_the_midst_is_told() {
    let running = Running::up("between");
    let stack = &running.stack;
    let tag = format!("{}-alertmanager:1", stack.name);
    let named = format!(
        "components: {{alertmanager: {{image: {}-alertmanager, version: '1'}}}}\n",
        stack.name
    );
    let apply = ["up", "--plan", "plan.json", "--timeout", "20s", "--pull", "never"];
    let planned = |manifest: &str| {
        stack.manifest(manifest);
        stack.mcpmon(&["plan", "--out", "plan.json"]).expect(0);
    };

    // An image: after the plan, and after everything was looked at.
    let image = OwnImage::tag("prom/alertmanager:v0.33.1", &tag);
    planned(&named);
    drop(image);
    running.is_untouched(&apply, 4, &["a tag names another image"]);
    let image = Mutex::new(Some(OwnImage::tag("prom/alertmanager:v0.33.1", &tag)));
    stack.manifest(&named);
    let args = ["up", "--timeout", "20s", "--pull", "never"];
    let aside = format!("/rename?name={}-alertmanager-previous", stack.name);
    let moving = aside.clone();
    let ended = with_engine(stack, &args, move |request| {
        if request.contains(&moving) {
            drop(image.lock().unwrap().take());
        }
        Verdict::Pass
    });
    running.was_undone(ended, "No such image");

    // A port, likewise.
    let port = crate::harness::free();
    let moved = format!("components: {{alertmanager: {{port: {port}}}}}\n");
    planned(&moved);
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    running.is_untouched(&apply, 1, &["a program on this host has it"]);
    drop(taken);
    let taken = Arc::new(Mutex::new(None));
    let holds = taken.clone();
    stack.manifest(&moved);
    let ended = with_engine(stack, &args, move |request| {
        if request.contains(&aside) {
            *holds.lock().unwrap() = TcpListener::bind(("127.0.0.1", port)).ok();
        }
        Verdict::Pass
    });
    assert!(taken.lock().unwrap().is_some(), "the port was not taken in the midst");
    running.was_undone(ended, "is in use");
    let left = docker(&["ps", "-aq", "--filter", &format!("name=^/{}-.*-previous$", stack.name)]);
    assert_eq!(left.trim(), "", "what was put aside stays");
}
