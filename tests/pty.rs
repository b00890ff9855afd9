//! The program in a terminal: what a person does, and what the terminal is left like.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world must stop")]

#[path = "pty/rollback.rs"]
mod rollback;
mod support;

use support::{RESTORED, Terminal, git, repository};

const HOTFIX: &str = env!("CARGO_BIN_EXE_hotfix");

fn cockpit(columns: u16, rows: u16) -> (Terminal, tempfile::TempDir, tempfile::TempDir) {
    let (folder, state) = (repository(), tempfile::tempdir().unwrap());
    let terminal = Terminal::start(&[HOTFIX], folder.path(), state.path(), columns, rows);
    (terminal, folder, state)
}

#[test]
fn it_opens_on_a_repository_without_any_configuration() {
    let (mut terminal, _folder, _state) = cockpit(160, 48);
    let screen =
        terminal.wait_until("the change", |screen| screen.contains("v1.0.0") && screen.contains("src/cart.rs"));
    for pane in ["1 Checklist", "2 Change", "3 Tests", "4 Canary", "5 Rollback"] {
        assert!(screen.contains(pane), "{screen}");
    }
    assert!(screen.contains("no incident"), "{screen}");
    terminal.wait_for("timeline: nothing on record");
    let said = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(!said.contains("still being opened"), "what the cockpit asks of itself is no news");
    terminal.press("q");
    assert_eq!(terminal.wait_exit(), 0);
    terminal.wait_modes(RESTORED);
}

#[test]
fn a_commit_is_on_the_screen_without_a_key() {
    let (terminal, folder, _state) = cockpit(160, 48);
    terminal.wait_for("src/cart.rs");
    std::fs::write(folder.path().join("late.rs"), "// late\n").unwrap();
    git(folder.path(), &["add", "late.rs"]);
    git(folder.path(), &["commit", "-qm", "Late"]);
    terminal.wait_for("late.rs");
}

#[test]
fn an_incident_is_declared_ticked_and_found_again() {
    let (mut terminal, folder, state) = cockpit(160, 48);
    terminal.wait_for("i declares one");
    terminal.wait_for("enter answers");
    terminal.press("\r");
    terminal.wait_for("such as checkout-502");
    terminal.press("checkout-502\r20m\rmajor: slow\r4,200\rnone\r");
    terminal.wait_for("SEV2 by the answers");
    terminal.press("\r");
    terminal.wait_for("SEV2 checkout-502");
    terminal.wait_for("00:20:");
    terminal.press("n");
    terminal.wait_for("Note on the timeline");
    terminal.press("looked at the logs\r");
    terminal.wait_for("looked at the logs");
    terminal.press("q");
    assert_eq!(terminal.wait_exit(), 0);
    let again = Terminal::start(&[HOTFIX], folder.path(), state.path(), 160, 48);
    again.wait_for("SEV2 checkout-502");
}

#[test]
fn the_terminal_is_given_back_after_each_signal() {
    for (signal, code) in [(15, 143), (1, 129), (2, 130)] {
        let (mut terminal, _folder, _state) = cockpit(120, 40);
        terminal.wait_for("src/cart.rs");
        Terminal::kill(terminal.pid(), signal);
        assert_eq!(terminal.wait_exit(), code);
        terminal.wait_modes(RESTORED);
    }
}

#[test]
fn the_guardian_puts_the_terminal_right_after_kill_9() {
    let (mut terminal, _folder, _state) = cockpit(120, 40);
    terminal.wait_for("src/cart.rs");
    let children = terminal.children();
    assert_eq!(children.len(), 1, "a guardian has one cockpit");
    Terminal::kill(children[0], 9);
    assert_eq!(terminal.wait_exit(), 137);
    terminal.wait_modes(RESTORED);
    let screen = terminal.wait_for("ended by signal 9");
    assert!(screen.contains("journal is safe"), "{screen}");
}

/// A program that panics in a terminal session of the cockpit's kind.
fn panicking(thread: &str) -> (Terminal, tempfile::TempDir) {
    let program = std::path::Path::new(HOTFIX).with_file_name("examples").join("panicking");
    let state = tempfile::tempdir().unwrap();
    let terminal = Terminal::start(&[program.to_str().unwrap(), thread], state.path(), state.path(), 120, 40);
    (terminal, state)
}

#[test]
fn a_panic_of_the_drawing_thread_restores_first_and_reports_second() {
    let (mut terminal, _state) = panicking("ui");
    assert_eq!(terminal.wait_exit(), 101);
    terminal.wait_modes(RESTORED);
    terminal.wait_for("the cockpit broke: boom");
}

#[test]
fn a_panic_of_a_worker_is_told_on_the_living_screen() {
    let (mut terminal, _state) = panicking("worker");
    terminal.wait_for("a worker failed: boom");
    let modes = terminal.modes();
    assert!(modes.alternate && modes.raw, "{modes:?}");
    terminal.press("q");
    assert_eq!(terminal.wait_exit(), 0);
    terminal.wait_modes(RESTORED);
}

#[test]
fn every_size_is_drawn_and_none_panics() {
    let (mut terminal, _folder, _state) = cockpit(160, 48);
    terminal.wait_for("src/cart.rs");
    for (columns, rows) in [(80, 24), (60, 15), (40, 10), (1, 1), (2, 3), (300, 100), (500, 200)] {
        terminal.resize(columns, rows);
    }
    terminal.resize(120, 40);
    terminal.wait_for("5 Rollback");
    terminal.resize(80, 24);
    terminal.press("2");
    terminal.wait_for("src/cart.rs");
    terminal.press("q");
    assert_eq!(terminal.wait_exit(), 0);
}

#[test]
fn a_paste_is_never_a_key() {
    let (mut terminal, _folder, _state) = cockpit(120, 40);
    terminal.wait_for("src/cart.rs");
    terminal.press("\x1b[200~Rqqq\rR\x1b[201~");
    terminal.wait_for("pasted text is ignored");
    terminal.press("q");
    assert_eq!(terminal.wait_exit(), 0);
}

#[test]
fn no_colour_means_no_colour() {
    let (folder, state) = (repository(), tempfile::tempdir().unwrap());
    let env = [("NO_COLOR", "1")];
    let terminal = Terminal::start_with(&[HOTFIX], folder.path(), state.path(), 120, 40, &env);
    terminal.wait_for("src/cart.rs");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    for sequence in raw.split("\x1b[").skip(1) {
        let parameters: String = sequence.chars().take_while(|c| c.is_ascii_digit() || *c == ';').collect();
        if sequence[parameters.len()..].starts_with('m') {
            let coloured = |n: &str| matches!(n.parse(), Ok(30..=38 | 40..=48 | 90..=107));
            assert!(!parameters.split(';').any(coloured), "{parameters}m");
        }
    }
}

#[test]
fn a_locale_without_unicode_gets_ascii() {
    let (folder, state) = (repository(), tempfile::tempdir().unwrap());
    let env = [("LANG", "C")];
    let terminal = Terminal::start_with(&[HOTFIX], folder.path(), state.path(), 120, 40, &env);
    terminal.wait_for("src/cart.rs");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    let beyond: String = raw.chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(beyond, "");
}

/// A repository whose tests fail in a way that a file decides, and its trusted cockpit.
fn with_tests(columns: u16, rows: u16) -> (Terminal, tempfile::TempDir, tempfile::TempDir) {
    let (folder, state) = (repository(), tempfile::tempdir().unwrap());
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "hotfix.toml",
        "[[tests]]\nname = \"unit\"\nrun = [\"sh\", \"run.sh\"]\njunit = [\"out/*.xml\"]\ntimeout = \"60s\"\n",
    );
    write(
        "run.sh",
        "echo 'ok 1 - begins'\nwhile [ ! -e out/go ]; do sleep 0.05; done\n\
         echo '<testsuite name=\"s\"><testcase classname=\"Pool\" name=\"drains\"><failure message=\"expected 8, got 9\"/></testcase>\
         <testcase classname=\"Pool\" name=\"fills\"/></testsuite>' > out/unit.xml\nexit 1\n",
    );
    write(".gitignore", "out/\n");
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "Tests"]);
    std::fs::create_dir(folder.path().join("out")).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = std::process::Command::new(HOTFIX);
        command.args(arguments).current_dir(folder.path()).env("HOTFIX_STATE_DIR", state.path().join("state"));
        command.env("XDG_CONFIG_HOME", state.path().join("config")).output().unwrap()
    };
    let hash = String::from_utf8(command(&["trust", "--hash"]).stdout).unwrap();
    assert!(command(&["trust", "--yes", hash.trim()]).status.success());
    let terminal = Terminal::start(&[HOTFIX], folder.path(), state.path(), columns, rows);
    (terminal, folder, state)
}

#[test]
fn tests_run_from_the_cockpit_and_what_fails_is_on_the_screen() {
    let (mut terminal, folder, _state) = with_tests(160, 48);
    terminal.wait_for("UNKNOWN  unit: no report");
    terminal.press("3t");
    terminal.wait_for("1 passed so far  T stops it");
    std::fs::write(folder.path().join("out/go"), "").unwrap();
    terminal.wait_until("the failure", |screen| screen.contains("Pool > drains") && screen.contains("RED"));
    terminal.press("\r");
    terminal.wait_for("expected 8, got 9");
}

#[test]
fn a_run_that_is_stopped_proves_nothing() {
    let (mut terminal, _folder, _state) = with_tests(80, 24);
    terminal.wait_for("i opens the assessment");
    terminal.press("3");
    terminal.wait_for("no report at out");
    terminal.press("t");
    terminal.wait_for("T stops it");
    terminal.press("T");
    let screen = terminal.wait_until("its end", |screen| screen.contains("stopped"));
    assert!(!screen.contains("GREEN"), "{screen}");
}

/// What `hotfix` prints in the folder of a terminal, with its state.
fn hotfix(folder: &std::path::Path, state: &std::path::Path, arguments: &[&str]) {
    let mut command = std::process::Command::new(HOTFIX);
    command
        .args(arguments)
        .current_dir(folder)
        .env("HOTFIX_STATE_DIR", state.join("state"))
        .env("HOME", state.join("home"));
    let output = command.env("USER", "bob").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_second_cockpit_says_who_holds_the_pen_and_follows_live() {
    let (mut first, folder, state) = cockpit(160, 48);
    first.wait_for("i declares one");
    hotfix(folder.path(), state.path(), &["declare", "checkout-502", "--severity", "sev2", "--by", "bob"]);
    first.wait_for("SEV2 checkout-502");
    let mut second = Terminal::start(&[HOTFIX], folder.path(), state.path(), 160, 48);
    second.wait_for("read-only: process ");
    second.wait_for("SEV2 checkout-502");
    first.press("n");
    first.wait_for("Note on the timeline");
    first.press("looked at the logs\r");
    second.wait_for("looked at the logs");
    second.press("n");
    second.wait_for("read-only");
    assert!(!second.wait_for("read-only").contains("Note on the timeline"), "a follower writes nothing");
    hotfix(folder.path(), state.path(), &["note", "from a third place", "--by", "bob"]);
    second.wait_for("from a third place");
    first.wait_for("from a third place");
    first.press("q");
    assert_eq!(first.wait_exit(), 0);
    second.press("q");
    assert_eq!(second.wait_exit(), 0);
}

/// Plays D1 by its wrong script, and keeps the run.
fn keep_a_run(state: &std::path::Path) {
    let script = format!("{}/tests/data/d1-wrong.toml", env!("CARGO_MANIFEST_DIR"));
    let mut command = std::process::Command::new(HOTFIX);
    command.args(["drill", "d1", "--script", &script, "--keep", "--json"]);
    let output = command.env("HOTFIX_STATE_DIR", state.join("state")).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("kept as d1-bad-canary-1"), "{output:?}");
}

#[test]
fn a_kept_run_is_replayed_scrubbed_and_played() {
    let state = tempfile::tempdir().unwrap();
    keep_a_run(state.path());
    for (columns, rows) in [(160, 48), (80, 24), (40, 10)] {
        let mut terminal = Terminal::start(&[HOTFIX, "drill", "--debrief"], state.path(), state.path(), columns, rows);
        terminal.wait_for("DRILL");
        terminal.wait_for(" 0:00 of");
        terminal.press("\x1b[6~");
        terminal.wait_for(" 1:00 of");
        terminal.press("\x1b[1;2C");
        terminal.wait_for(" 1:10 of");
        terminal.press("+ ");
        terminal.wait_gone(" 1:10 of");
        terminal.press(" G");
        terminal.wait_for("sum");
        terminal.resize(100, 30);
        terminal.wait_for("What happened");
        terminal.press("q");
        assert_eq!(terminal.wait_exit(), 0);
        terminal.wait_modes(RESTORED);
    }
}

#[test]
fn a_debrief_that_is_asked_to_stop_gives_the_terminal_back() {
    let state = tempfile::tempdir().unwrap();
    keep_a_run(state.path());
    let mut terminal = Terminal::start(&[HOTFIX, "drill", "--debrief"], state.path(), state.path(), 120, 40);
    terminal.wait_for("DRILL");
    Terminal::kill(terminal.pid(), 15);
    assert_eq!(terminal.wait_exit(), 143);
    terminal.wait_modes(RESTORED);
}

#[test]
fn a_live_drill_ends_in_its_debrief_and_is_kept() {
    let state = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(&[HOTFIX, "drill", "d1"], state.path(), state.path(), 160, 48);
    terminal.wait_for("SEV? checkout-502");
    terminal.press("n");
    terminal.wait_for("Note on the timeline");
    terminal.press("the canary fails\r");
    terminal.wait_gone("Note on the timeline");
    terminal.press("q");
    terminal.wait_for("The ideal path");
    terminal.press("q");
    assert_eq!(terminal.wait_exit(), 0);
    terminal.wait_for("kept as d1-bad-canary-1");
}

/// Steers a running drill from a second terminal. Returns the exit code and everything that was said.
fn steer(state: &std::path::Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(HOTFIX);
    command.arg("drill").args(arguments).env("HOTFIX_STATE_DIR", state.join("state"));
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn a_facilitator_steers_from_a_second_terminal_and_watches_from_a_third() {
    let state = tempfile::tempdir().unwrap();
    for order in [&["pause"][..], &["hint"], &["observe"], &["inject", "metrics-down", "lasts=1m"], &["speed", "2"]] {
        let (code, said) = steer(state.path(), order);
        assert_eq!(code, Some(2), "{order:?}: {said}");
        assert!(said.contains("no drill is running"), "{order:?}: {said}");
    }
    let mut player = Terminal::start(&[HOTFIX, "drill", "d1"], state.path(), state.path(), 160, 48);
    player.wait_for("SEV? checkout-502");
    let order = |arguments: &[&str]| {
        let (code, said) = steer(state.path(), arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
    };
    order(&["pause"]);
    player.wait_for("DRILL PAUSED");
    let mut watcher = Terminal::start(&[HOTFIX, "drill", "observe"], state.path(), state.path(), 160, 48);
    watcher.wait_for("watching Bad canary");
    watcher.wait_for("DRILL PAUSED");
    watcher.wait_for("SEV? checkout-502");
    order(&["resume"]);
    order(&["speed", "x5"]);
    player.wait_for("DRILL x5");
    watcher.wait_for("DRILL x5");
    order(&["inject", "message", "from=finance", "says=Who pays for this?"]);
    order(&["inject", "metrics-down", "lasts=2m"]);
    order(&["hint", "look", "at", "the", "age", "of", "the", "canary"]);
    for terminal in [&mut player, &mut watcher] {
        terminal.press("6");
        terminal.wait_for("Who pays for this?");
        terminal.wait_for("hint: look at the age of the canary");
        assert!(!terminal.screen().contains("injected"), "{}", terminal.screen());
    }
    watcher.press("n");
    watcher.wait_for("read-only");
    player.press("n");
    player.wait_for("Note on the timeline");
    player.press("blind\rq");
    let debrief = player.wait_for("The ideal path");
    assert!(debrief.contains("DRILL"), "{debrief}");
    assert_eq!(watcher.wait_exit(), 0, "the drill is over for whoever watches, too");
    watcher.wait_modes(RESTORED);
    player.press("q");
    assert_eq!(player.wait_exit(), 0);
    let told = player.wait_for("kept as");
    assert!(told.contains("kept as d1-bad-canary-1"), "{told}");
    let (_, text) = steer(state.path(), &["--debrief", "--export", "text"]);
    for words in ["steered by facilitator", "injected metrics-down lasts=2m", "set the speed to x5"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(steer(state.path(), &["pause"]).1.contains("no drill is running"));
}

#[test]
fn a_first_drill_offers_a_tour_which_leads_on_by_what_is_done_and_is_left_by_esc() {
    for (columns, rows) in [(160, 48), (80, 24)] {
        let state = tempfile::tempdir().unwrap();
        let mut terminal = Terminal::start(&[HOTFIX, "drill"], state.path(), state.path(), columns, rows);
        terminal.wait_for("A guided tour?");
        terminal.wait_for("SEV? checkout-502");
        terminal.press("\r");
        terminal.wait_for("Tour, 1 of 10");
        for (key, step) in [("2", 2), ("3", 3), ("4", 4), ("i", 5), ("major: slow\r4,200\rnone\r\r", 6)] {
            terminal.press(key);
            terminal.wait_for(&format!("Tour, {step} of 10"));
        }
        terminal.press("\x1b");
        terminal.wait_gone("Tour,");
        terminal.press("q");
        terminal.wait_for("of 100, not passed");
        terminal.press("q");
        assert_eq!(terminal.wait_exit(), 0);
    }
}

#[test]
fn a_named_drill_and_one_without_a_tour_begin_at_once() {
    for arguments in [&["d1"][..], &["--no-tour"]] {
        let state = tempfile::tempdir().unwrap();
        let command: Vec<&str> = [HOTFIX, "drill"].into_iter().chain(arguments.iter().copied()).collect();
        let terminal = Terminal::start(&command, state.path(), state.path(), 80, 24);
        let screen = terminal.wait_for("checkout-502");
        assert!(!screen.contains("guided tour"), "{arguments:?}: {screen}");
    }
}

#[test]
fn a_notice_of_a_drill_is_written_by_key_and_goes_to_its_own_inbox() {
    let state = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(&[HOTFIX, "drill", "d1"], state.path(), state.path(), 160, 48);
    terminal.wait_for("SEV? checkout-502");
    terminal.press("7");
    terminal.wait_for("not told");
    terminal.press("s");
    terminal.wait_for("We are looking into it.");
    terminal.press("\x13");
    terminal.wait_for("delivered  inbox 1");
    terminal.wait_for("the notice reached every channel");
    terminal.press("q");
}

#[test]
fn the_situation_is_copied_and_a_clock_that_turns_calls_by_bell_and_notification() {
    let (folder, state) = (repository(), tempfile::tempdir().unwrap());
    let config = state.path().join("config/hotfix");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "notify = [\"bell\", \"osc9\", \"osc777\"]\n").unwrap();
    hotfix(folder.path(), state.path(), &["declare", "checkout-502", "--severity", "sev3"]);
    let mut terminal = Terminal::start(&[HOTFIX], folder.path(), state.path(), 160, 48);
    terminal.wait_for("SEV3 checkout-502");
    terminal.press("y");
    terminal.wait_for("copied: the situation");
    terminal.wait_raw("\x1b]52;c;");
    hotfix(folder.path(), state.path(), &["say", "we look into it", "--next", "1s"]);
    let raw = terminal.wait_raw("\x07\x1b]9;");
    assert!(raw.contains("-checkout-502: ") && raw.contains("\x1b]777;notify;hotfix;"), "{raw:?}");
    terminal.wait_for("overdue");
}

/// A cockpit on a rollout that is a file, at 25%.
fn with_a_rollout(columns: u16, rows: u16) -> (Terminal, tempfile::TempDir, tempfile::TempDir) {
    let (folder, state) = (repository(), tempfile::tempdir().unwrap());
    let weight = state.path().join("weight");
    std::fs::write(&weight, "25").unwrap();
    let at = weight.display();
    let config = format!(
        "version = 1\n[rollout]\nfrom = \"command\"\nrun = [\"sh\", \"-c\", \"printf '{{\\\"weight\\\": %s}}' $(cat {at})\"]\n\
         steps = [5, 25, 50, 100]\nset_by = [\"sh\", \"-c\", \"echo $1 > {at}\", \"set\", \"{{weight}}\"]\ninterval = \"1s\"\n\
         [rollback]\nsteps = [{{ name = \"go back\", run = [\"true\"] }}]\n"
    );
    std::fs::write(folder.path().join("hotfix.toml"), config).unwrap();
    let mut hash = std::process::Command::new(HOTFIX);
    let hash =
        hash.args(["trust", "--hash"]).current_dir(folder.path()).env("HOTFIX_STATE_DIR", state.path().join("state"));
    let hash = String::from_utf8(hash.output().unwrap().stdout).unwrap();
    hotfix(folder.path(), state.path(), &["trust", "--yes", hash.trim()]);
    hotfix(folder.path(), state.path(), &["declare", "checkout-502", "--severity", "sev2", "--by", "bob"]);
    let terminal = Terminal::start(&[HOTFIX], folder.path(), state.path(), columns, rows);
    (terminal, folder, state)
}

#[test]
fn a_rollout_is_promoted_taken_back_and_aborted_by_keys() {
    for (columns, rows) in [(160, 48), (80, 24)] {
        let (mut terminal, _folder, state) = with_a_rollout(columns, rows);
        let at = || std::fs::read_to_string(state.path().join("weight")).unwrap().trim().to_owned();
        terminal.wait_for("SEV2 checkout-502");
        terminal.press("5");
        terminal.wait_for("[25%]");
        terminal.press("p");
        terminal.wait_for("takes it back");
        terminal.press("p");
        terminal.wait_for("nothing was promoted");
        assert_eq!(at(), "25");
        terminal.press("p");
        terminal.wait_for("[50%]");
        assert_eq!(at(), "50");
        terminal.press("a");
        let screen = terminal.wait_until("the letter", |screen| screen.contains(" to fire"));
        assert!(screen.contains("take the canary out of traffic"), "{screen}");
        let letter = screen.split(" to fire").next().unwrap().chars().last().unwrap();
        terminal.press("x");
        terminal.wait_gone(" to fire");
        assert_eq!(at(), "50", "another key than {letter} cancels");
        // For a moment after a cancelled arming nothing arms, and each key begins that moment anew: nothing tells its end.
        std::thread::sleep(std::time::Duration::from_millis(600));
        terminal.press("a");
        let screen = terminal.wait_until("the letter", |screen| screen.contains(" to fire"));
        let letter = screen.split(" to fire").next().unwrap().chars().last().unwrap();
        terminal.press(&letter.to_string());
        terminal.wait_for("· 0% ·");
        assert_eq!(at(), "0");
        terminal.press("q");
    }
}
