//! Pictures of the whole screen: each freshness, at each size that the design names, and in ASCII.

use std::time::Duration;

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::assessment::Assessment;
use super::super::compose::{Compose, Part};
use super::super::damage::Damage;
use super::super::event::Toast;
use super::super::form::Form;
use super::super::state::{Overlay, Project, Standing, State};
use super::draw;
use crate::canary;
use crate::canary::model::{Arm, Batch, Scrape};
use crate::checklist::fixture::World;
use crate::comms::state::Channel;
use crate::config::schema::Config;
use crate::evidence::{Evidence, Failure, Generation, Observation, Observed, Subject};
use crate::incident::{About, BrokenGlass, Entry, Stage};
use crate::rollback::choice::Choice;
use crate::rollback::state::Event;
use crate::ui::layout::Pane;
use crate::ui::theme::{Role, Theme};

mod drill;

const CONFIGURED: &str = r#"
[canary]
source = { prometheus = "http://127.0.0.1:9090" }
baseline = 'track="stable"'
canary = 'track="canary"'
[[canary.metrics]]
name = "error rate"
bad = 'errors{$scope}'
total = 'requests{$scope}'
critical = true
[rollback]
steps = [{ name = "deploy", run = ["deploy", "{to.version}"] }]
"#;

/// The six pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Picture {
    Never,
    Loading,
    Fresh,
    Stale,
    Failed,
    Empty,
}

const ALL: [Picture; 6] =
    [Picture::Never, Picture::Loading, Picture::Fresh, Picture::Stale, Picture::Failed, Picture::Empty];

fn failure(at: jiff::Timestamp) -> Failure {
    Failure {
        what: "10.0.0.7 refused the connection".into(),
        remedy: Some("is it running, and is the address right?".into()),
        at,
        retry_at: at.checked_add(SignedDuration::from_secs(4)).ok(),
    }
}

fn pictured<T: Clone + Default + PartialEq>(fresh: &Observed<T>, picture: Picture, at: jiff::Timestamp) -> Observed<T> {
    let mut observed = Observed::default();
    match picture {
        Picture::Never => {}
        Picture::Loading => drop(observed.observe(Observation::Started(Generation(1)))),
        Picture::Fresh => return fresh.clone(),
        Picture::Stale | Picture::Failed => {
            observed = fresh.clone();
            if picture == Picture::Failed {
                observed.observe(Observation::Failed(Generation(9), failure(at)));
            }
        }
        Picture::Empty => {
            let evidence = Evidence {
                value: T::default(),
                subject: Subject::default(),
                source: "test".into(),
                observed_at: at,
                ttl: Duration::from_secs(60),
            };
            observed = Observed::seen(evidence);
        }
    }
    observed
}

fn state(picture: Picture, size: (u16, u16)) -> State {
    let world = World::go(Stage::Deploy);
    let project = Project {
        name: "checkout".into(),
        operator: "ana".into(),
        config: toml::from_str(CONFIGURED).unwrap(),
        standing: Standing::Trusted,
        ..Project::default()
    };
    let late = if matches!(picture, Picture::Stale | Picture::Failed) { 600 } else { 0 };
    let now = world.now + SignedDuration::from_secs(late);
    let mut state = State::new(now, size, project);
    state.incident = world.incident();
    state.records.clone_from(&world.records);
    for record in &world.records {
        state.comms.record(record, state.incident.as_ref());
    }
    state.change.report = pictured(&world.change, picture, now);
    state.change.worktree = pictured(&world.worktree, picture, now);
    state.tests.report = pictured(&world.tests.report, picture, now);
    state.tests.set_head(state.change.head().unwrap_or_default());
    state.canary = canary(picture, world.now, now);
    // There is no empty plan: what cannot be built is a failure.
    let plan = if picture == Picture::Empty { Picture::Never } else { picture };
    if plan != Picture::Never {
        let fresh = world.plan.as_ref().unwrap();
        let observation = match plan {
            Picture::Loading => Observation::Started(Generation(1)),
            _ => {
                let plan = fresh.evidence().unwrap();
                let seen = Choice::of(plan.value.clone()).seen(&plan.source, plan.observed_at);
                Observation::Seen(Generation(1), Box::new(seen))
            }
        };
        state.rollback.update(Event::Plan(observation), now);
    }
    state.judge();
    state
}

/// Ten minutes of a canary at a tenth of the traffic, with one error now and then.
fn canary(picture: Picture, then: jiff::Timestamp, now: jiff::Timestamp) -> canary::state::State {
    let config: Config = toml::from_str(CONFIGURED).unwrap();
    let mut state = canary::state::State::new(&config.canary.unwrap());
    let scrape = |n: i64| {
        let at = then - SignedDuration::from_secs(15 * (40 - n));
        let arm = |bad: bool, total| Arm { bad: Some(f64::from(u8::from(bad))), total: Some(total) };
        Scrape { at, baseline: arm(n % 3 == 0, 900.0), canary: arm(n % 17 == 5, 100.0) }
    };
    let batch = |scrapes: Vec<Scrape>| Batch::counted(vec![scrapes]);
    let seen = |value: Batch, observed_at| {
        let evidence = Evidence {
            value,
            subject: Subject::default(),
            source: "prometheus".into(),
            observed_at,
            ttl: Duration::from_secs(35),
        };
        Observation::Seen(Generation(1), Box::new(evidence))
    };
    match picture {
        Picture::Never => {}
        Picture::Loading => drop(state.update(Observation::Started(Generation(1)), now)),
        Picture::Empty => drop(state.update(seen(batch(Vec::new()), now), now)),
        Picture::Fresh | Picture::Stale => {
            state.update(seen(batch((0..40).map(scrape).collect()), then), then);
        }
        Picture::Failed => {
            state.update(seen(batch((0..40).map(scrape).collect()), then), then);
            state.update(Observation::Failed(Generation(9), failure(now)), now);
        }
    }
    state
}

fn picture_of(state: &State, theme: &Theme) -> String {
    let area = Rect::new(0, 0, state.ui.size.0, state.ui.size.1);
    let mut canvas = Buffer::empty(area);
    draw(state, theme, &mut canvas);
    let row = |y: u16| (0..area.width).map(|x| canvas[(x, y)].symbol()).collect::<String>();
    (0..area.height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
}

#[test]
fn whole_screens() {
    let ascii = Theme { ascii: true, monochrome: true, ..Theme::default() };
    for picture in ALL {
        let name = |form: &str| format!("{picture:?}_{form}").to_lowercase();
        insta::assert_snapshot!(name("160x48"), picture_of(&state(picture, (160, 48)), &Theme::default()));
        insta::assert_snapshot!(name("120x40"), picture_of(&state(picture, (120, 40)), &Theme::default()));
        insta::assert_snapshot!(name("ascii"), picture_of(&state(picture, (160, 48)), &ascii));
    }
}

#[test]
fn each_pane_alone_on_a_small_screen() {
    for picture in ALL {
        for size in [(80, 24), (60, 15)] {
            let mut shown = String::new();
            for pane in Pane::ALL {
                let mut state = state(picture, size);
                state.ui.focus = pane;
                shown += &picture_of(&state, &Theme::default());
            }
            insta::assert_snapshot!(format!("{picture:?}_{}x{}", size.0, size.1).to_lowercase(), shown);
        }
    }
}

#[test]
fn overlays_and_the_card() {
    let mut state = state(Picture::Fresh, (120, 40));
    let gate = state.checklist.gates().iter().find(|gate| gate.id == "b9").unwrap().clone();
    state.ui.overlay = Overlay::Form(Form::overriding(&gate, "ana"));
    insta::assert_snapshot!("form", picture_of(&state, &Theme::default()));
    let channel = |name: &str, kind| Channel { name: name.into(), kind };
    let channels = [channel("stakeholders", "slack"), channel("management", "email")];
    let templates = About::ALL.map(|about| format!("{} the fix for checkout & cart.\nMore at noon.", about.phrase()));
    let mut compose = Compose::new(state.incident.as_ref().unwrap(), &channels, templates);
    state.ui.overlay = Overlay::Notice(Box::new(compose.clone()));
    insta::assert_snapshot!("notice", picture_of(&state, &Theme::default()));
    compose.part = Part::Channel(0);
    state.ui.overlay = Overlay::Notice(Box::new(compose));
    state.ui.size = (80, 24);
    let ascii = Theme { ascii: true, ..Theme::default() };
    insta::assert_snapshot!("notice_preview_ascii_80x24", picture_of(&state, &ascii));
    state.ui.size = (120, 40);
    state.ui.overlay = Overlay::Actions { query: "roll".into(), cursor: 1, is_help: true };
    insta::assert_snapshot!("help", picture_of(&state, &Theme::default()));
    state.ui.overlay = Overlay::Detail { pane: Pane::Checklist, index: 2, scroll: 0 };
    insta::assert_snapshot!("detail", picture_of(&state, &Theme::default()));
    let event = Event::Arm { bound: Vec::new(), chance: 7, over: false, answer: None };
    state.rollback.update(event, state.now);
    state.ui.overlay = Overlay::Rollback;
    insta::assert_snapshot!("armed", picture_of(&state, &Theme::default()));
    state.ui.overlay = Overlay::None;
    state.ui.tell(Toast::error("NOT recorded: no space left on the device"), Duration::ZERO);
    state.ui.size = (50, 12);
    insta::assert_snapshot!("card", picture_of(&state, &Theme::default()));
}

#[test]
fn the_letter_is_on_the_screen_whatever_its_size_and_however_long_the_plan() {
    for size in [(60, 15), (60, 18), (80, 24), (120, 40), (160, 48), (300, 16)] {
        let mut state = state(Picture::Fresh, size);
        let mut plan = state.rollback.plan.value().unwrap().clone();
        plan.steps = vec![plan.steps[0].clone(); 60];
        plan.undoes = (0..9).flat_map(|_| plan.undoes.clone()).collect();
        plan.warnings = vec!["a warning that is so long that it needs two lines on a screen of eighty cells".into(); 9];
        let evidence = Choice::of(plan).seen("git", state.now);
        state.rollback.update(Event::Plan(Observation::Seen(Generation(9), Box::new(evidence))), state.now);
        state.rollback.update(Event::Arm { bound: Vec::new(), chance: 7, over: false, answer: None }, state.now);
        state.ui.overlay = Overlay::Rollback;
        let waits = picture_of(&state, &Theme::default());
        assert!(waits.contains("wait 0.4 s"), "{size:?}\n{waits}");
        let later = state.now + SignedDuration::from_millis(500);
        state.rollback.update(Event::Input(crate::rollback::guard::Input::Moment), later);
        let letter = state.rollback.guard.armed().unwrap().letter();
        let fires = picture_of(&state, &Theme::default());
        assert!(fires.contains(&format!("press {letter} to fire")), "{size:?}\n{fires}");
    }
}

#[test]
fn a_broken_glass_is_in_the_header_and_takes_no_clock_away() {
    let mut state = state(Picture::Fresh, (80, 24));
    let mut world = World::go(Stage::Develop);
    for item in ["a6", "b9"] {
        let (reason, name) = ("alone at night".to_owned(), "ana".to_owned());
        let glass = BrokenGlass { item: item.to_owned(), reason, name, head: None };
        world.record(world.now, "ana", &Entry::GlassBroken(Box::new(glass)));
    }
    state.incident = world.incident();
    let shown = picture_of(&state, &Theme::default());
    let head: Vec<&str> = shown.lines().take(2).collect();
    for said in ["DEVELOP", "BREAK GLASS a6, b9 ana", "overdue"] {
        assert!(head.concat().contains(said), "{said}: {head:?}");
    }
}

#[test]
fn the_three_questions_leave_the_panes_to_be_read() {
    let matrix = crate::config::schema::SeverityMatrix::default;
    let mut state = state(Picture::Fresh, (80, 24));
    state.ui.overlay = Overlay::Assessment(Box::new(Assessment::new(None, matrix()).offered()));
    insta::assert_snapshot!("questions_offered", picture_of(&state, &Theme::default()));
    let mut form = Assessment::new(state.incident.as_ref(), matrix());
    form.paste(", and refunds are sent twice");
    state.ui.overlay = Overlay::Assessment(Box::new(form));
    state.ui.size = (120, 40);
    insta::assert_snapshot!("questions", picture_of(&state, &Theme::default()));
    for (columns, rows) in [(1, 1), (9, 4), (60, 15), (80, 24)] {
        state.ui.size = (columns, rows);
        picture_of(&state, &Theme { ascii: true, ..Theme::default() });
    }
}

#[test]
fn no_size_panics_and_nothing_is_drawn_outside() {
    for (columns, rows) in [(1, 1), (2, 3), (59, 15), (60, 14), (61, 200), (500, 16), (300, 100)] {
        for picture in ALL {
            for pane in Pane::ALL {
                let mut state = state(picture, (columns, rows));
                state.ui.focus = pane;
                picture_of(&state, &Theme::default());
                state.ui.overlay = Overlay::Detail { pane, index: 0, scroll: 3 };
                picture_of(&state, &Theme::default());
                state.ui.overlay = Overlay::Actions { query: String::new(), cursor: 9, is_help: false };
                picture_of(&state, &Theme::default());
            }
        }
    }
}

#[test]
fn drawing_what_is_damaged_is_drawing_everything() {
    let theme = Theme::default();
    let area = Rect::new(0, 0, 160, 48);
    let mut state = state(Picture::Fresh, (160, 48));
    let mut canvas = Buffer::empty(area);
    draw(&state, &theme, &mut canvas);
    state.ui.focus = Pane::Canary;
    state.ui.damage = Damage::pane(Pane::Checklist);
    state.ui.damage.add(Damage::pane(Pane::Canary));
    state.ui.damage.add(Damage::FOOTER);
    let damaged = draw(&state, &theme, &mut canvas);
    assert_eq!(damaged.len(), 3);
    state.ui.damage = Damage::ALL;
    let mut whole = Buffer::empty(area);
    draw(&state, &theme, &mut whole);
    assert_eq!(canvas, whole);
}

#[test]
fn the_verdict_has_the_colour_of_its_word() {
    let theme = Theme::default();
    let mut state = state(Picture::Never, (160, 48));
    state.ui.damage = Damage::ALL;
    let mut canvas = Buffer::empty(Rect::new(0, 0, 160, 48));
    draw(&state, &theme, &mut canvas);
    let row: String = (0..160).map(|x| canvas[(x, 0)].symbol()).collect();
    let at = row.chars().position(|c| c == '✗').unwrap();
    assert_eq!(canvas[(at as u16, 0)].fg, theme.style(Role::Bad).fg.unwrap());
}
