//! Faults around a change: each ends in a clear message and the right exit code, with the new or the
//! old generation running, whole and proven, and with all data.
//!
//! * [`gate`] a program's own checker; [`effect`] what is seen only when the change takes effect
//! * [`engine`] the engine dies, hangs or refuses; [`beside`] what others take away; [`room`] full disks
//!
//! [`FAULTS`] counts them all, with those that other tests of this folder are about.

mod beside;
mod effect;
mod engine;
mod gate;
mod room;

use crate::harness::{Ended, TestStack};

/// Each fault, and the file and the test that prove how it ends.
const FAULTS: &[(&str, &str, &str)] = &[
    // The engine.
    ("the engine is not there", "lifecycle", "an_engine_that_is_not_there_ends_with_3"),
    ("the engine hangs", "engine", REFUSING),
    (
        "the engine dies at any step",
        "engine",
        "an_engine_that_dies_at_any_step_leaves_nothing_that_the_next_up_cannot_mend",
    ),
    ("the engine refuses to put a container aside", "engine", REFUSING),
    ("the engine refuses to make a container", "engine", REFUSING),
    ("the engine refuses to remove what was replaced", "engine", REFUSING),
    // mcpmon itself.
    ("it is killed during `up`", "crash", KILLED),
    ("it is killed during `reload`", "crash", KILLED),
    ("it is interrupted", "crash", "ctrl_c_leaves_no_lock_and_the_next_up_goes_on"),
    (
        "another one is at work",
        "crash",
        "of_two_at_once_the_second_waits_or_is_told_who_is_at_work",
    ),
    ("a dead one's lock is left", "beside", "the_lock_of_one_that_died_is_taken_over"),
    // What a change needs is not there.
    ("an image cannot be had", "lifecycle", PREFLIGHT),
    ("a port is taken", "lifecycle", PREFLIGHT),
    (
        "mcpmon or the engine dies before a container has joined its networks",
        "engine",
        "a_container_that_was_not_joined_to_its_networks_is_made_anew",
    ),
    (
        "a change fails of a stack that did not run",
        "effect",
        "what_did_not_run_before_a_change_that_fails_does_not_run_after_it",
    ),
    ("an image vanishes between plan and apply", "engine", BETWEEN),
    ("an image vanishes in the midst", "engine", BETWEEN),
    ("a port is taken between plan and apply", "engine", BETWEEN),
    ("a port is taken in the midst", "engine", BETWEEN),
    ("the manifest changes between plan and apply", "plan", SAVED),
    ("a container stops between plan and apply", "plan", SAVED),
    (
        "a tag names another image than the lock file",
        "history",
        "a_rollback_brings_back_the_image_that_a_tag_named_then",
    ),
    ("a secret is not there, or nobody set it", "secrets", "secrets_are_checked_set_and_rotated"),
    ("no room for candidates", "room", ROOM),
    ("no room for what is remembered", "room", ROOM),
    ("no room for files in use", "room", ROOM),
    // What a program's checker says.
    ("a rule with an error", "reload", REJECTED),
    ("a route to nobody", "reload", REJECTED),
    ("a key that the program does not know", "reload", REJECTED),
    ("a target with a bad address", "reload", REJECTED),
    ("a checker that never ends, in the running program", "gate", GATE),
    ("a checker that never ends, in a container of its own", "gate", GATE),
    ("an image without the checker", "gate", GATE),
    // What is seen when it takes effect.
    ("an argument that the program does not know", "effect", START),
    ("an argument whose value it refuses", "effect", START),
    ("too little memory", "gate", GATE),
    ("a folder that it cannot write to", "effect", START),
    ("it is never ready", "effect", START),
    ("a service that ends again and again", "effect", START),
    ("half of a change is loaded when the other half fails", "reload", REJECTED),
    ("a reload is refused with 500", "effect", RELOADS),
    ("a reload is answered with 200 and loads nothing", "effect", RELOADS),
    ("Grafana refuses a datasource", "effect", RELOADS),
    (
        "a broken generation runs",
        "history",
        "a_broken_generation_is_left_for_the_proven_one_before_it",
    ),
    // What somebody does beside mcpmon.
    ("a container is removed", "beside", TAKEN),
    ("a process is killed", "beside", TAKEN),
    ("a container is paused", "beside", TAKEN),
    ("a container leaves the network", "beside", TAKEN),
    ("the network is removed", "beside", TAKEN),
    ("a network is removed while nothing runs", "beside", TAKEN),
    ("the container that generations are read through is removed", "beside", TAKEN),
    ("a limit is changed", "beside", TAKEN),
    ("a container is renamed", "beside", TAKEN),
    ("a configuration volume is removed", "beside", TAKEN),
    ("a configuration volume is emptied", "beside", TAKEN),
    ("a data volume is removed", "beside", TAKEN),
    ("what is remembered is damaged", "beside", TAKEN),
    ("a file is edited in its volume", "plan", BY_HAND),
    ("a program has loaded other files than are there", "plan", BY_HAND),
    (
        "a data volume belongs to somebody else",
        "doctor",
        "each_fault_is_found_with_its_evidence_and_what_mends_it",
    ),
];

const REFUSING: &str = "an_engine_that_refuses_a_step_or_hangs_is_told_and_nothing_is_half_done";
const KILLED: &str = "after_kill_9_at_any_moment_the_next_up_converges";
const PREFLIGHT: &str =
    "taken_ports_and_missing_images_are_named_all_at_once_before_anything_is_made";
const BETWEEN: &str = "what_goes_between_plan_and_apply_or_in_the_midst_is_told";
const SAVED: &str = "a_plan_asks_and_never_changes_names_fields_and_is_applied_as_it_was_saved";
const ROOM: &str = "a_full_disk_stops_a_change_and_not_what_runs";
const REJECTED: &str = "changes_take_effect_by_the_smallest_action_and_bad_ones_change_nothing";
const GATE: &str = "a_checker_that_never_ends_or_is_not_there_rejects_the_change";
const START: &str = "a_program_that_cannot_start_gives_way_to_the_one_before";
const RELOADS: &str = "a_reload_that_is_refused_or_does_nothing_is_no_success";
const TAKEN: &str = "what_is_taken_away_is_made_again";
const BY_HAND: &str = "what_was_changed_by_hand_is_shown_and_mended";

const FILES: &[(&str, &str)] = &[
    ("beside", include_str!("beside.rs")),
    ("crash", include_str!("../crash.rs")),
    ("doctor", include_str!("../doctor.rs")),
    ("effect", include_str!("effect.rs")),
    ("engine", include_str!("engine.rs")),
    ("gate", include_str!("gate.rs")),
    ("history", include_str!("../history.rs")),
    ("lifecycle", include_str!("../lifecycle.rs")),
    ("plan", include_str!("../plan.rs")),
    ("reload", include_str!("../reload.rs")),
    ("room", include_str!("room.rs")),
    ("secrets", include_str!("../secrets.rs")),
];

#[test]
fn there_are_more_than_forty_and_each_has_its_test() {
    assert!(FAULTS.len() >= 40, "{} faults are few", FAULTS.len());
    for (fault, file, test) in FAULTS {
        let (_, text) = FILES.iter().find(|(name, _)| name == file).unwrap();
        let head = format!("#[test]\nfn {test}() {{");
        assert!(text.contains(&head), "{fault}: there is no test {test} in {file}.rs");
    }
}

/// A stack that runs, and what it was like before any fault.
struct Running {
    stack: TestStack,
    loaded: Vec<String>,
    data: Vec<String>,
}

impl Running {
    /// The quickstart under a name of its own.
    fn up(name: &str) -> Self {
        Self::of(TestStack::new(name))
    }

    fn of(stack: TestStack) -> Self {
        stack.mcpmon(&["up"]).expect(0);
        let (loaded, data) = (loaded(&stack), stack.mark_data());
        Self { stack, loaded, data }
    }

    /// A manifest that no generation can run with: what ran before comes back.
    #[track_caller]
    fn undoes(&self, manifest: &str, says: &str) {
        self.stack.manifest(manifest);
        let before = self.stack.containers("{{.Name}} {{.Id}}");
        let ended = self.stack.mcpmon(&["up", "--timeout", "20s", "--pull", "never"]);
        self.was_undone(ended, says);
        assert_eq!(before, self.stack.containers("{{.Name}} {{.Id}}"), "{says}: others run");
    }

    /// The change failed half-way, and the generation before it runs again.
    #[track_caller]
    fn was_undone(&self, ended: Ended, says: &str) {
        ended.expect(4).says(says).says("what ran before runs again, proven");
        self.as_before(says);
    }

    /// The command fails before its first step.
    #[track_caller]
    fn is_untouched(&self, args: &[&str], code: i32, says: &[&str]) {
        let started = || self.stack.containers("{{.Name}} {{.Id}} {{.State.StartedAt}}");
        let before = started();
        let ended = self.stack.mcpmon(args).expect(code);
        let ended = says.iter().fold(ended, |ended, text| ended.says(text));
        assert_eq!(before, started(), "something began anew:\n{}", ended.stderr);
        self.as_before(&ended.stderr);
    }

    /// The old manifest is there again, and what runs is what it says.
    #[track_caller]
    fn as_before(&self, after: &str) {
        self.stack.manifest("");
        self.is_good(after);
    }

    /// The old manifest is there again, and `up` brings everything back to it.
    #[track_caller]
    fn mended(&self) {
        self.stack.manifest("");
        self.stack.mcpmon(&["up"]).expect(0);
        self.is_good("after a change that failed");
    }

    /// What runs is what the manifest says, whole, with the data that there was.
    #[track_caller]
    fn is_good(&self, after: &str) {
        let left = self.stack.mcpmon(&["plan", "--detailed-exitcode"]);
        assert_eq!(left.code, 0, "after {after}: {}{}", left.stdout, left.stderr);
        let states = self.stack.containers("{{.Name}} {{.State.Status}}");
        assert!(
            states.iter().all(|state| state.ends_with(" running")),
            "after {after}: {states:?}"
        );
        let now = loaded(&self.stack);
        let differs = self.loaded.iter().zip(&now).find(|(before, now)| before != now);
        assert!(self.loaded.len() == now.len() && differs.is_none(), "after {after}: {differs:?}");
        assert_eq!(self.data, self.stack.marked_data(), "after {after}: data was lost");
    }
}

/// What the programs say that they have loaded; containers may be others afterwards.
fn loaded(stack: &TestStack) -> Vec<String> {
    let mut all = stack.fingerprint();
    all.truncate(all.len() - stack.containers("{{.Name}}").len());
    all
}
