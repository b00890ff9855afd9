//! The protocol of lock and crash, explored to its end: whatever dies whenever, no step takes effect twice.
//!
//! What is next is asked of the real [`Execution`]; around it stands a model of everything that can happen in between.
//! The search is breadth first over all orders of events, so that a counter-example is the shortest one. A library
//! (stateright) does the same and more, with a server and a thread pool in its tree; what is needed here is a queue and
//! a set.
//!
//! Each rule of the protocol can be left out: the counter-example that follows is why it is there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set up its world must stop")]

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use hotfix_cockpit::config::schema::Verify;
use hotfix_cockpit::incident::{Entry, StepState};
use hotfix_cockpit::rollback::execution::{Execution, Next};
use hotfix_cockpit::rollback::model::{Class, Plan, Step, StepAction, Version};
use jiff::Timestamp;

/// All worlds that can be reached, or the shortest way to a bad one.
fn explore<W: Clone + Eq + Hash, A: Clone + Debug>(
    first: W,
    next: impl Fn(&W) -> Vec<(A, W)>,
    is_bad: impl Fn(&W) -> bool,
) -> Result<usize, Vec<A>> {
    let mut seen: HashMap<W, Option<(W, A)>> = HashMap::from([(first.clone(), None)]);
    let mut queue = VecDeque::from([first]);
    while let Some(world) = queue.pop_front() {
        if is_bad(&world) {
            let (mut way, mut at) = (Vec::new(), &world);
            while let Some((before, action)) = &seen[at] {
                way.insert(0, action.clone());
                at = before;
            }
            return Err(way);
        }
        for (action, after) in next(&world) {
            if !seen.contains_key(&after) {
                seen.insert(after.clone(), Some((world.clone(), action)));
                queue.push_back(after);
            }
        }
    }
    Ok(seen.len())
}

/// The rules of the protocol; each can be left out.
#[derive(Debug, Clone, Copy)]
struct Rules {
    /// A step, and its supervisor, hold the lock themselves.
    step_holds_lock: bool,
    /// A step is on record before it is issued.
    announced_first: bool,
    /// An unknown step is looked at, or asked for, before it is issued again.
    looks_first: bool,
    /// Something tells whether the step took effect; otherwise a person is asked.
    can_look: bool,
}

const PROTOCOL: Rules = Rules { step_holds_lock: true, announced_first: true, looks_first: true, can_look: true };

/// What a cockpit is about to do. All but `Idle` hold the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Cockpit {
    Idle,
    /// Reads what is next.
    Decides,
    /// Was told that the step did not take effect.
    WasTold,
    /// The step is on record, and about to be issued.
    Issues,
    /// Waits for the step with this number.
    Waits(usize),
}

/// A step that was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Process {
    took_effect: bool,
    runs: bool,
    is_supervised: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    journal: Vec<StepState>,
    cockpits: [Cockpit; 2],
    processes: Vec<Process>,
    /// What a supervisor wrote down, not on record yet.
    outcome: Option<StepState>,
    effects: usize,
    crashes: usize,
}

/// How much of the world is explored: more of each changes nothing, and takes long.
const MOST_CRASHES: usize = 3;
const MOST_PROCESSES: usize = 3;

fn plan(can_look: bool) -> Plan {
    let version = |name: &str| Version { reference: name.into(), oid: None };
    let verify = can_look.then(|| Verify {
        run: Some(vec!["look".into()]),
        within: Duration::from_secs(1),
        ..Verify::default()
    });
    let step = Step {
        name: "go back".into(),
        action: StepAction::Run(vec!["go".into()]),
        rehearse: None,
        compensate: None,
        retries: 0,
        timeout_s: 60.0,
        verify,
        idempotent: false,
        irreversible: false,
    };
    Plan {
        name: String::new(),
        keeps_code: false,
        chosen: String::new(),
        from: version("v2"),
        to: version("v1"),
        class: Class::Clean,
        undoes: Vec::new(),
        steps: vec![step],
        verify: None,
        warnings: Vec::new(),
    }
}

thread_local! {
    /// What was asked before: the same record is reached in many ways.
    static KNOWN: RefCell<HashMap<(bool, Vec<StepState>), Next>> = RefCell::default();
}

/// What is next by the record, under these rules.
fn by_record(journal: &[StepState], rules: Rules) -> Next {
    let key = (rules.can_look, journal.to_vec());
    let next = KNOWN.with_borrow_mut(|known| *known.entry(key).or_insert_with(|| asked(journal, rules)));
    match next {
        Next::Look(index) | Next::Ask(index) if !rules.looks_first => Next::Issue(index),
        next => next,
    }
}

/// What is next by the record, as the program itself sees it.
fn asked(journal: &[StepState], rules: Rules) -> Next {
    let plan = plan(rules.can_look);
    let (hash, at) = (plan.hash(), Timestamp::UNIX_EPOCH);
    let steps = serde_json::to_value(&plan).unwrap();
    let mut execution = None;
    let fired = Entry::RollbackFired { plan: hash.clone(), steps, target: "v1".into() };
    Execution::apply(&mut execution, &fired, "ana", at);
    for state in journal {
        let name = "go back".to_owned();
        let entry = Entry::Step { plan: hash.clone(), index: 0, name, state: *state, detail: None };
        Execution::apply(&mut execution, &entry, "ana", at);
    }
    execution.as_ref().map_or(Next::Nothing, Execution::next)
}

impl World {
    fn first() -> Self {
        let cockpits = [Cockpit::Idle; 2];
        Self { journal: Vec::new(), cockpits, processes: Vec::new(), outcome: None, effects: 0, crashes: 0 }
    }

    fn is_locked(&self, rules: Rules) -> bool {
        let by_step = rules.step_holds_lock && self.processes.iter().any(|it| it.runs || it.is_supervised);
        by_step || self.cockpits.iter().any(|it| *it != Cockpit::Idle)
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut world = self.clone();
        change(&mut world);
        world
    }

    fn next(&self, rules: Rules) -> Vec<(String, Self)> {
        let mut found = Vec::new();
        for at in 0..self.cockpits.len() {
            found.extend(self.cockpit(at, rules).into_iter().map(|(what, world)| (format!("{at} {what}"), world)));
            if self.cockpits[at] != Cockpit::Idle && self.crashes < MOST_CRASHES {
                let died = |world: &mut Self| {
                    world.cockpits[at] = Cockpit::Idle;
                    world.crashes += 1;
                };
                found.push((format!("{at} cockpit is killed"), self.with(died)));
            }
        }
        for at in 0..self.processes.len() {
            found.extend(self.process(at));
        }
        found
    }

    fn cockpit(&self, at: usize, rules: Rules) -> Vec<(&'static str, Self)> {
        let to = |cockpit: Cockpit| move |world: &mut Self| world.cockpits[at] = cockpit;
        let record = |state: StepState, then: Cockpit| {
            self.with(|world| {
                world.journal.push(state);
                world.cockpits[at] = then;
            })
        };
        match self.cockpits[at] {
            Cockpit::Idle if self.is_locked(rules) => Vec::new(),
            Cockpit::Idle => vec![("takes the lock", self.with(|world| world.take_lock(at)))],
            Cockpit::Decides => match by_record(&self.journal, rules) {
                Next::Issue(_) => vec![("decides to issue", self.announce(at, rules))],
                Next::Look(_) | Next::Ask(_) if self.effects > 0 => {
                    vec![("is told that it took effect", record(StepState::Verified, Cockpit::Decides))]
                }
                Next::Look(_) | Next::Ask(_) => vec![("is told that it did not", self.with(to(Cockpit::WasTold)))],
                Next::Verify(_) if self.effects > 0 => vec![("sees it", record(StepState::Verified, Cockpit::Decides))],
                Next::Verify(_) => vec![("does not see it", record(StepState::Failed, Cockpit::Idle))],
                Next::LastLook | Next::Nothing => vec![("is done", self.with(to(Cockpit::Idle)))],
            },
            Cockpit::WasTold => vec![("issues it for that", self.announce(at, rules))],
            Cockpit::Issues if self.processes.len() == MOST_PROCESSES => Vec::new(),
            Cockpit::Issues => vec![("issues", self.with(|world| world.issue(at)))],
            Cockpit::Waits(process) => self.hear(at, process, rules),
        }
    }

    fn take_lock(&mut self, at: usize) {
        self.cockpits[at] = Cockpit::Decides;
        self.journal.extend(self.outcome.take());
        if matches!(self.journal.last(), Some(StepState::Intent | StepState::Issued)) {
            self.journal.push(StepState::Unknown);
        }
    }

    fn announce(&self, at: usize, rules: Rules) -> Self {
        self.with(|world| {
            world.cockpits[at] = Cockpit::Issues;
            world.journal.extend(rules.announced_first.then_some(StepState::Intent));
        })
    }

    fn issue(&mut self, at: usize) {
        self.cockpits[at] = Cockpit::Waits(self.processes.len());
        self.processes.push(Process { took_effect: false, runs: true, is_supervised: true });
    }

    /// The cockpit hears of its step: that it runs, how it ended, or that nobody will tell.
    fn hear(&self, at: usize, process: usize, rules: Rules) -> Vec<(&'static str, Self)> {
        let mut found = Vec::new();
        if !matches!(self.journal.last(), Some(StepState::Issued)) {
            let record = |world: &mut Self| {
                world.journal.extend((!rules.announced_first).then_some(StepState::Intent));
                world.journal.push(StepState::Issued);
            };
            return vec![("records that it runs", self.with(record))];
        }
        if self.processes[process].is_supervised {
            return found;
        }
        let (state, then, what) = match self.outcome {
            Some(state) => (state, Cockpit::Decides, "hears of its end"),
            None => (StepState::Unknown, Cockpit::Idle, "loses sight of it"),
        };
        let record = |world: &mut Self| {
            world.outcome = None;
            world.journal.push(state);
            // A step that failed ends the run.
            world.cockpits[at] = if state == StepState::Failed { Cockpit::Idle } else { then };
        };
        found.push((what, self.with(record)));
        found
    }

    fn process(&self, at: usize) -> Vec<(String, Self)> {
        let Process { took_effect, runs, is_supervised } = self.processes[at];
        let mut found = Vec::new();
        let mut can = |what: &str, change: &dyn Fn(&mut Self)| {
            let mut world = self.clone();
            change(&mut world);
            found.push((format!("step {at} {what}"), world));
        };
        if runs && !took_effect {
            can("takes effect", &|world| {
                world.processes[at].took_effect = true;
                world.effects += 1;
            });
        }
        if runs {
            can("ends", &|world| world.processes[at].runs = false);
        }
        if is_supervised && !runs {
            can("is written down", &|world| {
                world.processes[at].is_supervised = false;
                world.outcome = Some(if took_effect { StepState::Observed } else { StepState::Failed });
            });
        }
        if is_supervised && self.crashes < MOST_CRASHES {
            can("loses its supervisor", &|world| {
                world.processes[at].is_supervised = false;
                world.crashes += 1;
            });
        }
        found
    }
}

fn twice(rules: Rules) -> Result<usize, Vec<String>> {
    explore(World::first(), |world| world.next(rules), |world| world.effects > 1)
}

#[test]
fn no_step_s_effect_twice_whatever_dies_whenever() {
    for can_look in [true, false] {
        let worlds = twice(Rules { can_look, ..PROTOCOL }).unwrap_or_else(|way| panic!("{way:#?}"));
        assert!(worlds > 1_000, "so few worlds are not all: {worlds}");
    }
}

#[test]
fn a_rollback_can_come_to_its_good_end_after_every_crash() {
    let done = |world: &World| world.journal.last() == Some(&StepState::Verified) && world.crashes == MOST_CRASHES;
    assert!(explore(World::first(), |world| world.next(PROTOCOL), done).is_err(), "a way to the end is found");
}

/// That leaving a rule out leads to an effect twice, by a way on which these things happen in this order.
fn needs(rules: Rules, story: &[&str]) {
    let way = twice(rules).expect_err("this rule is not needed");
    let mut left = way.iter();
    for event in story {
        assert!(left.any(|it| it.contains(event)), "{event}: {way:#?}");
    }
}

#[test]
fn a_step_that_does_not_hold_the_lock_itself_takes_effect_after_somebody_looked() {
    let story = ["cockpit is killed", "takes the lock", "is told that it did not", "takes effect", "takes effect"];
    for can_look in [true, false] {
        needs(Rules { step_holds_lock: false, can_look, ..PROTOCOL }, &story);
    }
}

#[test]
fn a_step_that_is_recorded_after_it_was_issued_is_issued_again() {
    needs(Rules { announced_first: false, ..PROTOCOL }, &["issues", "cockpit is killed", "decides to issue"]);
}

#[test]
fn an_unknown_step_that_is_just_issued_again_takes_effect_again() {
    needs(Rules { looks_first: false, ..PROTOCOL }, &["takes effect", "takes the lock", "decides to issue"]);
}

/// Two machines, each with a journal of its own, and one lock between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Machines {
    /// Who holds the reference at the remote.
    lock: Option<usize>,
    /// What each believes and does.
    machines: [Machine; 2],
    /// Whether the time in the lock's words is over.
    is_expired: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Machine {
    Idle,
    Holds,
    Runs,
    /// Its cockpit is gone, its step runs on.
    RunsAlone,
}

fn machines(world: &Machines, expiry_frees: bool) -> Vec<(String, Machines)> {
    let mut found = Vec::new();
    for at in 0..2 {
        let mut can = |what: &str, machine: Machine, lock: Option<usize>| {
            let mut after = world.clone();
            (after.machines[at], after.lock) = (machine, lock);
            after.is_expired &= lock == world.lock;
            found.push((format!("{at} {what}"), after));
        };
        let is_free = world.lock.is_none() || world.lock == Some(at) || expiry_frees && world.is_expired;
        let given_back = world.lock.filter(|holder| *holder != at);
        match world.machines[at] {
            Machine::Idle if is_free => can("takes the lock", Machine::Holds, Some(at)),
            Machine::Idle => {}
            Machine::Holds => {
                // Looked at before each step: who lost it does nothing more.
                let goes_on = world.lock == Some(at);
                can("issues or leaves", if goes_on { Machine::Runs } else { Machine::Idle }, world.lock);
                can("is killed", Machine::Idle, world.lock);
            }
            Machine::Runs => {
                can("ends and gives the lock back", Machine::Idle, given_back);
                can("is killed", Machine::RunsAlone, world.lock);
            }
            // The file lock of that machine is held until its step is over: nothing begins there.
            Machine::RunsAlone => can("ends alone", Machine::Idle, world.lock),
        }
    }
    if world.lock.is_some() && !world.is_expired {
        found.push(("time goes by".into(), Machines { is_expired: true, ..world.clone() }));
    }
    found
}

fn both(expiry_frees: bool) -> Result<usize, Vec<String>> {
    let first = Machines { lock: None, machines: [Machine::Idle; 2], is_expired: false };
    let runs = |machine: &Machine| matches!(machine, Machine::Runs | Machine::RunsAlone);
    explore(first, |world| machines(world, expiry_frees), |world| world.machines.iter().all(runs))
}

#[test]
fn never_do_two_machines_roll_back_at_once() {
    both(false).unwrap_or_else(|way| panic!("{way:#?}"));
}

#[test]
fn a_lock_that_time_alone_frees_lets_two_machines_roll_back_at_once() {
    let way = both(true).expect_err("time alone would do");
    assert!(way.iter().any(|it| it == "time goes by"), "{way:#?}");
}
