//! The rollback key with a hand at it: once, never by accident, and not lost with its cockpit.

use std::path::Path;

use super::*;

/// A cockpit that is ready to roll back by this script, in an incident.
struct Desk {
    folder: tempfile::TempDir,
    state: tempfile::TempDir,
}

impl Desk {
    fn new(script: &str) -> Self {
        let (folder, state) = (repository(), tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join(".gitignore"), "*\n").unwrap();
        let steps = format!("[[rollback.steps]]\nname = \"go back\"\nrun = [\"sh\", \"-c\", \"{script}\"]\n");
        let verify = "[rollback.verify]\nrun = [\"test\", \"-s\", \"effects\"]\nwithin = \"2s\"\n";
        std::fs::write(folder.path().join("hotfix.toml"), format!("[rollback]\n{steps}{verify}")).unwrap();
        let desk = Self { folder, state };
        let hash = desk.said(&["trust", "--hash"]);
        desk.said(&["trust", "--yes", hash.trim()]);
        desk.said(&["declare", "checkout-502", "--severity", "sev2"]);
        desk
    }

    fn said(&self, arguments: &[&str]) -> String {
        let mut command = std::process::Command::new(HOTFIX);
        let state = self.state.path();
        for (name, inside) in [("HOME", "home"), ("HOTFIX_STATE_DIR", "state"), ("XDG_CONFIG_HOME", "config")] {
            command.env(name, state.join(inside));
        }
        let output = command.args(arguments).current_dir(self.folder.path()).env("USER", "ana").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn open(&self) -> Terminal {
        let terminal = Terminal::start(&[HOTFIX], self.folder.path(), self.state.path(), 160, 48);
        terminal.wait_for("ready");
        terminal
    }

    fn effects(&self) -> usize {
        std::fs::read_to_string(self.folder.path().join("effects")).map_or(0, |text| text.lines().count())
    }

    fn wait_for(&self, name: &str) {
        let path = self.folder.path().join(name);
        while !Path::exists(&path) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

/// Arms, waits for the dwell to be over, and returns the letter. The key does nothing before there is a plan, and for a
/// moment after it was disarmed: then it is pressed again, as a person would.
fn letter(terminal: &mut Terminal) -> String {
    for _ in 0..20 {
        terminal.press("R");
        for _ in 0..100 {
            if let Some((before, _)) = terminal.screen().split_once(" to fire") {
                return before.chars().last().unwrap().to_string();
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    panic!("it does not arm; the screen was:\n{}", terminal.screen())
}

const ONCE: &str = "echo x >> effects";

#[test]
fn fifty_presses_of_the_letter_are_one_rollback_or_none() {
    let desk = Desk::new(ONCE);
    let mut terminal = desk.open();
    let key = letter(&mut terminal);
    terminal.press(&key.repeat(50));
    terminal.wait_for("keys too fast for a hand");
    assert_eq!(desk.effects(), 0, "no hand presses so fast");
    // A held `R` arms once at most, and fires nothing.
    terminal.press(&"R".repeat(50));
    terminal.wait_gone(" to fire");
    let key = letter(&mut terminal);
    terminal.press(&key);
    terminal.wait_for("rolled back, verified");
    terminal.press(&key.repeat(50));
    terminal.press("5");
    terminal.wait_for("rolled back, verified");
    assert_eq!(desk.effects(), 1);
    assert_eq!(desk.said(&["timeline"]).matches("rolled back, verified").count(), 1);
}

#[test]
fn a_paste_of_the_key_and_every_letter_fires_nothing() {
    let desk = Desk::new(ONCE);
    let mut terminal = desk.open();
    let key = letter(&mut terminal);
    terminal.press(&format!("\x1b[200~{key}\x1b[201~"));
    terminal.wait_for("rollback disarmed: a paste");
    letter(&mut terminal);
    terminal.press("\x1b");
    terminal.wait_for("rollback disarmed: another key");
    terminal.press("RACDEFHKLMNPTUVWX\rR\ry\r");
    terminal.wait_for("rollback disarmed");
    assert_eq!(desk.effects(), 0);
    assert!(!desk.said(&["timeline"]).contains("rolled back"));
}

#[test]
fn a_killed_cockpit_leaves_its_step_running_and_the_next_one_goes_on() {
    let desk = Desk::new("touch begun; while [ ! -f go ]; do sleep 0.02; done; echo x >> effects");
    let mut terminal = desk.open();
    let key = letter(&mut terminal);
    terminal.press(&key);
    desk.wait_for("begun");
    for pid in terminal.children() {
        Terminal::kill(pid, 9);
    }
    terminal.wait_exit();
    let mut next = Terminal::start(&[HOTFIX], desk.folder.path(), desk.state.path(), 160, 48);
    next.wait_until("who runs it", |screen| screen.contains("elsewhere") && screen.contains("step 1 `go back`"));
    std::fs::write(desk.folder.path().join("go"), "").unwrap();
    next.wait_gone("elsewhere");
    let key = letter(&mut next);
    next.press(&key);
    next.wait_for("rolled back, verified");
    assert_eq!(desk.effects(), 1);
}

#[test]
fn read_only_takes_the_key_away() {
    let desk = Desk::new(ONCE);
    let mut terminal = Terminal::start(&[HOTFIX, "--read-only"], desk.folder.path(), desk.state.path(), 160, 48);
    terminal.wait_for("READ-ONLY");
    terminal.wait_for("ready");
    terminal.press("R");
    terminal.wait_for("read-only");
    assert!(!terminal.screen().contains(" to fire"), "{}", terminal.screen());
    assert_eq!(desk.effects(), 0);
}

#[test]
fn a_drill_says_so_in_every_frame_and_touches_no_production() {
    let desk = Desk::new("echo x >> effects");
    let mut terminal = Terminal::start(&[HOTFIX, "drill", "d1"], desk.folder.path(), desk.state.path(), 160, 48);
    let is_drill = |screen: &str| screen.contains("DRILL");
    terminal.wait_until("a drill", |screen| is_drill(screen) && screen.contains("5 Rollback"));
    let key = letter(&mut terminal);
    assert!(is_drill(&terminal.screen()), "{}", terminal.screen());
    terminal.press(&key);
    // A key on the heels of the letter would disarm it.
    terminal.wait_until("its beginning", |screen| {
        is_drill(screen) && (screen.contains("ROLLING BACK") || screen.contains("rolled back"))
    });
    for key in ["1", "2", "3", "4", "6", "5", "z", "z"] {
        terminal.press(key);
        assert!(is_drill(&terminal.wait_for("DRILL")));
    }
    terminal
        .wait_until("its end", |screen| is_drill(screen) && screen.to_lowercase().contains("rolled back, verified"));
    assert_eq!(desk.effects(), 0, "the steps of hotfix.toml are not those of a drill");
    let recorded = desk.said(&["timeline"]);
    assert!(!recorded.contains("rolled back"), "a drill has a journal of its own: {recorded}");
}
