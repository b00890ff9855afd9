//! `hotfix drill`

mod debrief;
mod history;
mod steer;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Context, Exit, print};
use crate::cockpit::launch::Drill;
use crate::config::problem::{ConfigError, Problem};
use crate::drill::archive::Archive;
use crate::drill::catalogue;
use crate::drill::clock::Tempo;
use crate::drill::headless;
use crate::drill::history::{Summary, best};
use crate::drill::reading::ScenarioError;
use crate::drill::rooms::RealRooms;
use crate::drill::scenario::{Difficulty, Scenario};
use crate::drill::score::Score;
use crate::drill::script::Script;
use crate::drill::steering::Order;
use crate::evidence::text::fit;
use crate::journal::StateFolder;

/// A simulated incident on the real console.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Which: its id (`d1-bad-canary`), its number (`d1`) or a file; the first one without it
    scenario: Option<String>,
    /// Show every scenario with its aim, length and difficulty
    #[arg(long, conflicts_with_all = ["scenario", "check", "script"])]
    list: bool,
    /// Say whether a file is a scenario, and what is wrong with it, with line and column
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenario", "script"])]
    check: Option<PathBuf>,
    /// The seed of the world: the same seed gives the same world
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds of the drill in a real second, from 0.1 to 20
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Begin with the clock stopped: `P` lets it go
    #[arg(long, conflicts_with = "script")]
    paused: bool,
    /// Let this script operate, with no screen and as fast as the machine goes: 0 passed, 1 not passed
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Do not offer the guided tour
    #[arg(long)]
    no_tour: bool,
    /// Keep the script's run too, for its debrief and the history
    #[arg(long, requires = "script")]
    keep: bool,
    /// The team that the run counts for; without it the `team` of your own configuration
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// Replay a run that was kept: its name, a scenario's newest (`d1`), or the newest of all
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "last",
          conflicts_with_all = ["scenario", "list", "check", "script", "team"])]
    debrief: Option<String>,
    /// The earlier run to compare it with; without it the last one before by the same team
    #[arg(long, value_name = "RUN", requires = "debrief")]
    beside: Option<String>,
    /// Print it instead, with the ideal path
    #[arg(long, value_name = "FORMAT", requires = "debrief")]
    export: Option<debrief::Format>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What goes beside playing.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The runs that were kept, for each team and scenario and in each dimension
    History(history::Args),
    /// Lets something happen in a running drill: `error-rate version=v2.4.2 rate=0.3`, `message from=sales says="Now?"`
    Inject(steer::Inject),
    /// Gives the operator of a running drill a hint: the next step of the ideal path, or your own words
    Hint(steer::Hint),
    /// Watches a running drill on a read-only screen
    Observe(steer::Which),
    /// Stops the clock of a running drill
    Pause(steer::Which),
    /// Lets it go on
    Resume(steer::Which),
    /// Lets a running drill go faster or slower: x1 to x20
    Speed(steer::Speed),
    /// Takes the clock of a running drill on to a moment: `4m 30s`
    Skip(steer::Skip),
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all: no such scenario, a script that is none, no place for the drill's folder.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    if let Some(command) = args.command {
        return match command {
            Command::History(args) => history::run(&args),
            Command::Inject(args) => steer::inject(args),
            Command::Hint(args) => steer::hint(&args),
            Command::Observe(which) => steer::observe(&which, context),
            Command::Pause(which) => steer::order(&which, Order::Pause),
            Command::Resume(which) => steer::order(&which, Order::Resume),
            Command::Speed(args) => steer::speed(&args),
            Command::Skip(args) => steer::skip(&args),
        };
    }
    if args.list {
        return list(args.json);
    }
    if let Some(file) = args.check {
        return check(&context.directory.join(file), args.json);
    }
    if let Some(run) = args.debrief {
        return debrief::run(&run, args.beside.as_deref(), args.export, context);
    }
    let scenario = find(args.scenario.as_deref().unwrap_or("d1"), &context.directory)?;
    match args.script {
        Some(file) => {
            let team = if args.keep { Some(debrief::team(args.team)?) } else { None };
            operate(scenario, args.seed, &context.directory.join(file), args.json, team)
        }
        None => {
            let offers_tour = args.scenario.is_none() && !args.no_tour;
            let tempo = Tempo { is_paused: args.paused, ..Tempo::running(args.speed) };
            let drill = Drill::Play { scenario: Box::new(scenario), seed: args.seed, tempo, offers_tour };
            open_cockpit(drill, args.team, context)
        }
    }
}

/// Opens the cockpit on a live drill (`crate::drill::live::Live::start`): its root, its state folder, its clock and
/// its news, `Permit::for_drill`, and at the end the score of its journal.
fn open_cockpit(drill: Drill, team: Option<String>, context: &Context) -> color_eyre::Result<Exit> {
    let team = debrief::team(team)?;
    let ended = super::cockpit::open(context, false, Some(drill))?;
    if let Some(played) = &ended.played {
        debrief::ended(played, team, ended.code == 0, context)?;
    }
    Ok(Exit::Cockpit(ended.code))
}

/// A scenario by name, or by a path that is relative to where the program was started.
fn find(name: &str, directory: &Path) -> Result<Scenario, ScenarioError> {
    let file = directory.join(name);
    if file.is_file() { catalogue::load(&file) } else { catalogue::find(name) }
}

fn list(as_json: bool) -> color_eyre::Result<Exit> {
    let scenarios = catalogue::all();
    // Where nothing can be read of past runs, the scenarios are listed all the same.
    let runs = StateFolder::find().ok().and_then(|state| Archive::of(&state).all().ok()).unwrap_or_default().0;
    let text = if as_json { listed_json(&scenarios, &runs) } else { listed(&scenarios, &runs) };
    print(&text)?;
    Ok(Exit::Ok)
}

fn listed(scenarios: &[Scenario], runs: &[Summary]) -> String {
    let mut out = String::new();
    for it in scenarios {
        let (minutes, difficulty) = (it.length.secs().div_ceil(60), difficulty(it.difficulty));
        let _ = writeln!(out, "{:<22} {minutes:>3} min  {difficulty:<9} {}", it.id, it.name);
        let _ = writeln!(out, "{:>39}{}", "", fit(&it.aim, 100));
        if let Some(best) = best(runs, it) {
            let team = best.team.as_deref().map_or_else(String::new, |team| format!(" by {team}"));
            let _ = writeln!(out, "{:>39}best so far: {} of 100{team} ({})", "", best.score.score, best.id);
        }
    }
    out
}

fn difficulty(difficulty: Difficulty) -> &'static str {
    match difficulty {
        Difficulty::Easy => "easy",
        Difficulty::Moderate => "moderate",
        Difficulty::Hard => "hard",
    }
}

fn listed_json(scenarios: &[Scenario], runs: &[Summary]) -> String {
    let past = |it: &Scenario| {
        best(runs, it)
            .map(|run| json!({"id": run.id, "team": run.team, "score": run.score.score, "kept_at": run.kept_at}))
    };
    let of = |it: &Scenario| {
        json!({
            "id": it.id, "name": it.name, "aim": it.aim, "length_s": it.length.secs(), "difficulty": it.difficulty,
            "best": past(it),
        })
    };
    format!("{}\n", json!({"schema": 1, "scenarios": scenarios.iter().map(of).collect::<Vec<_>>()}))
}

fn check(file: &Path, as_json: bool) -> color_eyre::Result<Exit> {
    let checked = catalogue::load(file);
    if let Err(ScenarioError::Wrong(ConfigError { whole: Some(_), .. })) = &checked {
        checked?;
        return Ok(Exit::Failed);
    }
    let text = if as_json { checked_json(&checked) } else { checked_in_words(&checked) };
    print(&text)?;
    Ok(if checked.is_ok() { Exit::Ok } else { Exit::Failed })
}

fn checked_in_words(checked: &Result<Scenario, ScenarioError>) -> String {
    match checked {
        Ok(it) => {
            let ideal = if it.ideal.is_some() { ", and a script of its ideal run" } else { "" };
            format!("{}: a scenario, {} long, with {} events{ideal}\n", it.id, it.length, it.events.len())
        }
        Err(error) => format!("{error}\n"),
    }
}

fn checked_json(checked: &Result<Scenario, ScenarioError>) -> String {
    let problem = |it: &Problem| json!({"line": it.line, "column": it.column, "what": it.what});
    let problems: Vec<Value> = match checked {
        Err(ScenarioError::Wrong(error)) => error.problems.iter().map(problem).collect(),
        _ => Vec::new(),
    };
    let (ok, id) = (checked.is_ok(), checked.as_ref().ok().map(|it| it.id.clone()));
    let first = checked.as_ref().err().map(ToString::to_string);
    format!("{}\n", json!({"schema": 1, "ok": ok, "id": id, "problem": first, "problems": problems}))
}

/// Plays a script; its run is kept for a team, or for nobody in particular, where the outer `Option` says so.
fn operate(
    scenario: Scenario,
    seed: u64,
    file: &Path,
    as_json: bool,
    team: Option<Option<String>>,
) -> color_eyre::Result<Exit> {
    let script = Script::load(file)?;
    let debrief = scenario.debrief.trim().to_owned();
    let run = debrief::headless_runtime()?.block_on(headless::run(scenario, seed, &script, RealRooms::open))?;
    let text = if as_json { serde_json::to_string(&run.score)? + "\n" } else { told(&run.score, &debrief) };
    print(&text)?;
    if let Some(team) = team {
        eprintln!("{}", debrief::kept_as(&debrief::keep(&run.played, team)?));
    }
    Ok(if run.score.passed { Exit::Ok } else { Exit::Failed })
}

/// The score for people: each dimension with its sentences, the caps, the timeline, the debrief.
fn told(score: &Score, debrief: &str) -> String {
    let mut out = String::new();
    let end = if score.passed { "passed" } else { "not passed" };
    let _ = writeln!(out, "{} with seed {}: {} of 100, {end}\n", score.scenario, score.seed, score.score);
    let it = score.dimensions;
    let dimensions = [
        ("detect", it.detect, 20),
        ("decide", it.decide, 25),
        ("act", it.act, 20),
        ("discipline", it.discipline, 20),
        ("comms", it.comms, 15),
    ];
    for (name, points, most) in dimensions {
        let _ = writeln!(out, "{name:<10} {points:>3} of {most}");
        for point in score.points.iter().filter(|point| point.dimension == name) {
            let _ = writeln!(out, "  {:>5}  {:>+4}  {}", moment(point.at_s), point.points, point.why);
        }
    }
    for cap in &score.caps {
        let _ = writeln!(out, "capped at {}: {} ({})", cap.limit, cap.why, moment(Some(cap.at_s)));
    }
    for it in &score.steering {
        let _ = writeln!(out, "steered by {} at {}: {}", it.actor, moment(Some(it.at_s)), it.event);
    }
    out.push_str("\ntimeline\n");
    for moved in &score.timeline {
        let _ = writeln!(out, "  {:>5}  {:<9} {}", moment(Some(moved.at_s)), moved.actor, moved.event);
    }
    let _ = writeln!(out, "\n{debrief}");
    out
}

fn moment(seconds: Option<u64>) -> String {
    seconds.map_or_else(|| "-".into(), |it| format!("{}:{:02}", it / 60, it % 60))
}

fn speed(text: &str) -> Result<f64, String> {
    match text.trim_start_matches(['x', '×']).parse::<f64>() {
        Ok(speed) if (0.1..=20.0).contains(&speed) => Ok(speed),
        _ => Err("a speed is a number from 0.1 to 20".into()),
    }
}
