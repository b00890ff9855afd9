//! The fifteen faults of a rollback, each held by a test; those that need whole processes are here.

use super::super::journal_faults::has_strace;
use super::*;

/// What goes wrong, and the tests in which it does: file, then name.
const FAULTS: [(&str, &[(&str, &str)]); 15] = [
    (
        "R1: a step hangs",
        &[
            (EXECUTOR, "a_step_that_hangs_is_killed_with_its_children_and_nobody_knows"),
            (EXECUTOR, "one_that_ignores_term_is_killed_and_one_whose_effect_is_seen_goes_on"),
        ],
    ),
    ("R2: a step fails midway", &[(EXECUTOR, "a_step_that_fails_stops_everything_after_it")]),
    (
        "R3: a double press, a held key",
        &[
            (PTY, "fifty_presses_of_the_letter_are_one_rollback_or_none"),
            ("src/rollback/guard/tests.rs", "a_held_r_arms_once"),
        ],
    ),
    (
        "R4: the cockpit is killed in the middle of a step",
        &[
            ("tests/cli/rollback.rs", "a_step_outlives_a_killed_run_and_nothing_is_done_twice"),
            (PTY, "a_killed_cockpit_leaves_its_step_running_and_the_next_one_goes_on"),
        ],
    ),
    (
        "R5: it is killed between an effect and its record",
        &[
            ("tests/cli/rollback/kills.rs", "killed_at_each_of_its_writes_no_step_takes_effect_twice"),
            (CRASH, "a_doubt_without_an_answer_issues_nothing"),
        ],
    ),
    (
        "R6: two operators",
        &[
            (HERE, "of_two_who_fire_at_once_one_is_refused_and_told_who"),
            ("src/rollback/executor/tests/ways.rs", "of_two_machines_that_fire_at_once_one_rolls_back"),
            ("tests/rollback_protocol.rs", "never_do_two_machines_roll_back_at_once"),
        ],
    ),
    (
        "R7: the lock's remote cannot be reached",
        &[(
            "src/rollback/executor/tests/ways.rs",
            "a_lock_that_cannot_be_reached_is_passed_by_a_person_s_reason_or_the_file_s_word_and_never_in_silence",
        )],
    ),
    (
        "R8: the journal cannot be written",
        &[
            (HERE, "a_full_disk_does_not_stop_a_rollback_and_what_it_did_is_on_record_afterwards"),
            (EXECUTOR, "a_journal_that_cannot_be_written_does_not_stop_a_rollback"),
        ],
    ),
    (
        "R9: the plan changes between preview and run",
        &[
            ("tests/cli/rollback/choice.rs", "a_refusal_says_in_what_the_plan_is_another_one"),
            ("src/rollback/state/tests.rs", "another_plan_disarms"),
        ],
    ),
    (
        "R10: a step prints without end, sequences too, and asks",
        &[
            (EXECUTOR, "a_flood_is_bounded_clean_and_complete_at_its_end"),
            (EXECUTOR, "nothing_can_be_asked_and_nothing_goes_through_a_shell"),
        ],
    ),
    ("R11: a step leaves daemons", &[(CRASH, "what_a_step_leaves_running_does_not_keep_the_lock")]),
    ("R12: the world never follows", &[("tests/cli/rollback.rs", "what_the_world_does_not_confirm_is_not_verified")]),
    ("R13: a drill is taken for production", &[(PTY, "a_drill_says_so_in_every_frame_and_touches_no_production")]),
    (
        "R14: a token expires on the way",
        &[(
            "src/rollback/executor/tests/ways.rs",
            "a_token_that_expires_on_the_way_stops_it_and_the_same_plan_goes_on_with_a_new_one",
        )],
    ),
    (
        "R15: an argument that is smuggled in",
        &[
            ("src/rollback/placeholder/tests.rs", "names_that_could_be_misread_are_refused"),
            (EXECUTOR, "nothing_can_be_asked_and_nothing_goes_through_a_shell"),
        ],
    ),
];

const HERE: &str = "tests/cli/rollback/faults.rs";
const EXECUTOR: &str = "src/rollback/executor/tests.rs";
const CRASH: &str = "src/rollback/executor/tests/crash.rs";
const PTY: &str = "tests/pty/rollback.rs";

#[test]
fn each_fault_is_held_by_a_test() {
    for (fault, tests) in FAULTS {
        for (file, name) in tests {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            let text = fs::read_to_string(path).unwrap_or_default();
            assert!(text.contains(&format!("fn {name}()")), "{fault}: {file} has no test {name}");
        }
    }
}

#[test]
fn of_two_who_fire_at_once_one_is_refused_and_told_who() {
    let script = "echo x >> ../effects; while [ ! -f ../go ]; do sleep 0.02; done; echo {to.version} > ../live";
    let service = Service::new(&step("go back", script));
    let hash = service.hash();
    let mut runs: Vec<_> = (0..4).map(|_| service.0.start(&["rollback", "--yes", &hash])).collect();
    let mut refused = Vec::new();
    while runs.len() > 1 {
        if let Some(at) = runs.iter_mut().position(|run| run.try_wait().unwrap().is_some()) {
            refused.push(runs.remove(at).wait_with_output().unwrap());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    service.wait_for("effects");
    fs::write(service.beside("go"), "").unwrap();
    let won = runs.remove(0).wait_with_output().unwrap();
    assert_eq!(won.status.code(), Some(0), "{won:?}");
    for output in refused {
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("another rollback holds the lock: "), "{said}");
    }
    assert_eq!(fs::read_to_string(service.beside("effects")).unwrap(), "x\n");
}

#[test]
fn a_full_disk_does_not_stop_a_rollback_and_what_it_did_is_on_record_afterwards() {
    if !has_strace() {
        return;
    }
    // SQLite writes its pages in this way; the file beside the journal still takes a line. Then that one does not either.
    for (full, is_kept) in [("pwrite64:error=ENOSPC", true), ("pwrite64,fsync,fdatasync:error=ENOSPC", false)] {
        let service = Service::new(&go_back());
        let hash = service.hash();
        let mut command = service.0.by("strace");
        let inject = format!("inject={full}");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", &inject, service.0.program(), "rollback", "--yes", &hash]);
        let output = command.output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(0), "{full}: {text}");
        let place = if is_kept { "kept in " } else { "write it down" };
        assert!(text.contains("unjournaled") && text.contains(place), "{full}: {text}");
        assert_eq!(fs::read_to_string(service.beside("effects")).unwrap(), "x\n", "{full}");
        if is_kept {
            let said = service.0.fails(&["rollback", "--resume"]);
            assert!(said.contains("nothing to go on with"), "what is kept beside the journal counts: {said}");
            // The next one that can write takes it over.
            service.rollback(&["--yes", &service.hash()]);
            let told = service.0.runs(&["timeline"]);
            assert_eq!(told.matches("rolled back, verified").count(), 2, "{told}");
        }
    }
}
