//! kill -9 of the run at each of its writes to the disk, and of the supervisor at each of its own, with real processes.
//! Whatever dies whenever: no step takes effect twice, and one in doubt is looked at, or asked about, before anything
//! is issued again.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use super::super::journal_faults::has_strace;
use super::*;

/// More writes than a rollback makes.
const MOST: usize = 200;

/// Two steps that take effect once: what the first did can be seen, the second must be asked about. Every step and
/// every look leaves a line.
fn steps() -> String {
    let acts = |name: &str| step(name, &format!("echo issue {name} >> ../log; echo x >> ../{name}"));
    let look = "verify = { run = [\"sh\", \"-c\", \"echo look seen >> ../log; test -s ../seen\"], within = \"1s\" }\n";
    acts("seen") + look + &acts("blind") + &step("switch", "echo {to.version} > ../live") + "idempotent = true\n"
}

fn lines(service: &Service, name: &str) -> Vec<String> {
    let text = fs::read_to_string(service.beside(name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The last state of each step on record.
fn states(service: &Service) -> Vec<(String, String)> {
    let mut states = Vec::<(String, String)>::new();
    for line in service.0.runs(&["timeline", "--json"]).lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| record["body"][key].as_str().unwrap_or_default().to_owned();
        if record["kind"] == "step" {
            states.retain(|(name, _)| *name != text("name"));
            states.push((text("name"), text("state")));
        }
    }
    states
}

/// Whether nobody holds the lock of this machine.
fn is_free(service: &Service) -> bool {
    let folders = fs::read_dir(service.beside("state").join("journals")).unwrap();
    let mut locks = folders.map(|folder| folder.unwrap().path().join("rollback.lock")).filter(|path| path.exists());
    locks.all(|path| fs::File::open(path).unwrap().try_lock().is_ok())
}

/// Goes on as a person would, who answers truly, until it is rolled back. What was in doubt must come first.
fn go_on(service: &Service, how: &str) {
    let in_doubt = |name: &str| {
        states(service)
            .iter()
            .any(|(it, state)| it == name && matches!(state.as_str(), "intent" | "issued" | "unknown"))
    };
    // Nothing may begin while a step of the dead run still goes on.
    wait(|| is_free(service));
    for _ in 0..10 {
        let before = lines(service, "log").len();
        let (seen, blind) = (in_doubt("seen"), in_doubt("blind"));
        let (code, text) = service.rollback(&["--resume"]);
        let after = lines(service, "log").split_off(before);
        if seen {
            assert_eq!(after.first().map(String::as_str), Some("look seen"), "{how}: {text}");
        }
        if blind && !seen {
            assert!(
                !after.contains(&"issue blind".to_owned()),
                "{how}: it was issued before anybody was asked: {text}"
            );
        }
        if text.contains("--answer") {
            let answer = if lines(service, "blind").is_empty() { "not-done" } else { "done" };
            service.rollback(&["--resume", "--answer", answer]);
        } else if text.contains("no rollback of this incident") {
            service.rollback(&["--yes", &service.hash()]);
        } else if code == Some(0) || text.contains("nothing to go on with") {
            return;
        }
    }
    panic!("{how}: it never came to its end: {:?}", states(service));
}

fn once(service: &Service, how: &str) {
    for name in ["seen", "blind"] {
        assert_eq!(lines(service, name).len(), 1, "{how}: {name}: {:?}", lines(service, "log"));
    }
    assert_eq!(lines(service, "live"), ["v2.4.0"], "{how}");
    assert!(service.0.runs(&["timeline"]).contains("rolled back, verified"), "{how}");
}

#[test]
fn killed_at_each_of_its_writes_no_step_takes_effect_twice() {
    if !has_strace() {
        return;
    }
    let killed = |n: usize| {
        let service = Service::new(&steps());
        let (hash, inject) = (service.hash(), format!("inject=fsync,fdatasync:signal=SIGKILL:when={n}"));
        let mut command = service.0.by("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", &inject, service.0.program(), "rollback", "--yes", &hash]);
        let is_done = command.output().unwrap().status.success();
        let how = format!("write {n}");
        if !is_done {
            go_on(&service, &how);
        }
        once(&service, &how);
        is_done
    };
    let kills = (1..MOST).take_while(|n| !killed(*n)).count();
    // Fired, then three entries for each step at the least, then its end.
    assert!(kills >= 11, "it was killed {kills} times only");
}

/// Lets strace hold a process, and returns once it does.
fn held(service: &Service, pid: &str, inject: &str) -> Child {
    let mut strace = service.0.by("strace");
    strace.args(["-o", "/dev/null", "-e", &format!("inject={inject}"), "-p", pid]);
    let mut child = strace.stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(told.any(|line| line.unwrap().contains("attached")), "strace holds nobody");
    child
}

#[test]
fn a_supervisor_that_is_killed_at_each_of_its_writes_leaves_no_step_done_twice() {
    if !has_strace() {
        return;
    }
    let calls = [
        "fsync:signal=SIGKILL:when=1",
        "?rename,?renameat,renameat2:signal=SIGKILL:when=1",
        "fsync:signal=SIGKILL:when=2",
    ];
    for (calls, name) in calls.iter().flat_map(|it| [(*it, "seen"), (*it, "blind")]) {
        let how = format!("{calls} of {name}");
        let waits =
            format!("echo $PPID > ../{name}.supervisor; while [ ! -f ../go ]; do sleep 0.02; done; echo issue {name}");
        let service = Service::new(&steps().replace(&format!("echo issue {name}"), &waits));
        let run = service.0.start(&["rollback", "--yes", &service.hash()]);
        wait(|| lines(&service, &format!("{name}.supervisor")).len() == 1);
        let mut strace = held(&service, &lines(&service, &format!("{name}.supervisor"))[0], calls);
        fs::write(service.beside("go"), "").unwrap();
        strace.wait().unwrap();
        if !run.wait_with_output().unwrap().status.success() {
            go_on(&service, &how);
        }
        once(&service, &how);
    }
}

#[test]
fn a_supervisor_that_is_killed_before_and_after_the_effect_leaves_no_step_done_twice() {
    for name in ["seen", "blind"] {
        let effect = format!("echo x >> ../{name}");
        for script in [format!("kill -9 $PPID; {effect}"), format!("{effect}; kill -9 $PPID")] {
            let service = Service::new(&steps().replace(&effect, &script));
            if service.rollback(&["--yes", &service.hash()]).0 != Some(0) {
                go_on(&service, &script);
            }
            once(&service, &script);
        }
    }
}
