use std::fmt::Write as _;
use std::time::Duration;

use super::super::judge::Pair;
use super::super::model::{Arm, Batch, Scrape, Seen, Sight};
use super::*;
use crate::canary::feedback::{Item, Reports};
use crate::config::schema;
use crate::evidence::{Evidence, Failure, Generation, Observation, Subject};
use crate::ui::theme::Theme;

const CONFIG: &str = "source = { prometheus = \"http://127.0.0.1:9\" }\nbaseline = 'track=\"stable\"'\n\
    canary = 'track=\"canary\"'\nfalse_alarm = 0.01\n\
    [[metrics]]\nname = \"error rate\"\nbad = 'e{$scope}'\ntotal = 't{$scope}'\ncritical = true\nslo = 0.01\n\
    [[metrics]]\nname = \"timeouts\"\nbad = 'o{$scope}'\ntotal = 't{$scope}'\n";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// Forty scrapes with a fault of `bad` errors a scrape from the 20th on, and a gap.
fn batch(bad: f64) -> Batch {
    let scrape = |i: i64, fault: f64| {
        let noise = ((i * 7 + 3) % 5) as f64;
        let canary = Arm { bad: Some(if i < 20 { 0.0 } else { fault * noise }), total: Some(100.0) };
        let missed = Arm { bad: None, total: None };
        Scrape {
            at: at(15 * i),
            baseline: Arm { bad: Some(((i * 5 + 1) % 4) as f64), total: Some(900.0) },
            canary: if (11..13).contains(&i) { missed } else { canary },
        }
    };
    let metric = |fault: f64| (0..40).map(|i| scrape(i, fault)).collect();
    Batch::counted(vec![metric(bad), metric(0.05)])
}

fn seen(value: Batch) -> Observation<Batch> {
    let ttl = Duration::from_secs(35);
    let evidence =
        Evidence { value, subject: Subject::default(), source: "prometheus".into(), observed_at: at(585), ttl };
    Observation::Seen(Generation(2), Box::new(evidence))
}

fn state(observations: Vec<Observation<Batch>>) -> State {
    let canary: schema::Canary = toml::from_str(CONFIG).unwrap();
    let mut state = State::new(&canary);
    observations.into_iter().for_each(|o| {
        state.update(o, at(590));
    });
    state
}

fn failed() -> Observation<Batch> {
    let failure = Failure {
        what: "POST prometheus.example/api/v1/query_range: connection refused".into(),
        remedy: Some("is the server running, and is the port right?".into()),
        at: at(640),
        retry_at: Some(at(648)),
    };
    Observation::Failed(Generation(3), failure)
}

/// The six pictures, and the seconds at which they are looked at.
fn pictures() -> Vec<(&'static str, State, i64)> {
    vec![
        ("never", State::default(), 590),
        ("loading", state(vec![Observation::Started(Generation(1))]), 590),
        ("fresh", state(vec![seen(batch(1.0))]), 590),
        ("stale", state(vec![seen(batch(1.0))]), 640),
        ("failed", state(vec![seen(batch(1.0)), failed()]), 640),
        ("empty", state(vec![seen(Batch::counted(vec![vec![], vec![]]))]), 590),
    ]
}

fn plain(line: &Line) -> String {
    line.spans.iter().map(|span| span.content.as_ref()).collect::<String>().trim_end().to_owned()
}

/// Head and items as they would be laid out, each line within the width.
fn drawn(state: &State, ctx: &Ctx, width: u16, height: u16) -> String {
    let title = title(state, ctx);
    let mut out = format!("[{} | {}]\n", title.subject, title.note.content);
    let items = (0..len(state)).map(|index| item(state, ctx, index, width));
    for line in head(state, ctx, width, height).into_iter().chain(items) {
        let text = plain(&line);
        assert!(
            cells(&text) <= usize::from(width)
                || text.contains("prometheus")
                || text.contains("server")
                || text.contains("hotfix"),
            "{} > {width}: {text}",
            cells(&text)
        );
        writeln!(out, "{text}").unwrap();
    }
    writeln!(out, "summary: {}", plain(&summary(state, ctx))).unwrap();
    out
}

fn all(theme: &Theme, width: u16, height: u16) -> String {
    let mut out = String::new();
    for (name, state, now) in pictures() {
        let ctx = Ctx { now: at(now), theme };
        write!(out, "-- {name}\n{}\n", drawn(&state, &ctx, width, height)).unwrap();
    }
    out
}

#[test]
fn six_pictures_in_a_third_of_the_screen() {
    insta::assert_snapshot!(all(&Theme::default(), 52, 20));
}

#[test]
fn six_pictures_in_a_zoomed_pane_of_a_small_terminal() {
    insta::assert_snapshot!(all(&Theme::default(), 78, 20));
}

#[test]
fn six_pictures_on_the_full_screen() {
    insta::assert_snapshot!(all(&Theme::default(), 158, 44));
}

#[test]
fn six_pictures_in_ascii() {
    let theme = Theme { ascii: true, monochrome: true, ..Theme::default() };
    let text = all(&theme, 78, 20);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn without_colour_texture_tells() {
    let theme = Theme { monochrome: true, ..Theme::default() };
    let ctx = Ctx { now: at(590), theme: &theme };
    insta::assert_snapshot!(drawn(&state(vec![seen(batch(1.0))]), &ctx, 78, 20));
}

#[test]
fn not_enough_data_says_what_is_missing_and_by_when() {
    let theme = Theme::default();
    let ctx = Ctx { now: at(590), theme: &theme };
    let few = batch(1.0).scrapes.into_iter().map(|scrapes| scrapes[20..23].to_vec()).collect();
    let state = state(vec![seen(Batch { scrapes: few, warnings: vec!["slow query".into()], ..Batch::default() })]);
    assert_eq!(state.report.value().unwrap().verdict, Verdict::Collecting);
    insta::assert_snapshot!(drawn(&state, &ctx, 52, 20));
}

#[test]
fn the_detail_explains_the_verdict() {
    let theme = Theme::default();
    let ctx = Ctx { now: at(590), theme: &theme };
    let lines = detail(&state(vec![seen(batch(1.0))]), &ctx, 0, 78);
    insta::assert_snapshot!(lines.iter().map(plain).collect::<Vec<_>>().join("\n"));
}

#[test]
fn hostile_sizes_draw_something_and_never_panic() {
    let theme = Theme::default();
    for (_, state, now) in pictures() {
        let ctx = Ctx { now: at(now), theme: &theme };
        for (width, height) in [(0, 0), (1, 1), (23, 4), (24, 6), (500, 1), (1, 200)] {
            head(&state, &ctx, width, height);
            item(&state, &ctx, 0, width);
            item(&state, &ctx, 99, width);
            detail(&state, &ctx, 0, width);
        }
    }
}

#[test]
fn a_cursor_shows_values_and_a_held_picture_says_so() {
    use super::super::view::Look;
    let theme = Theme::default();
    let ctx = Ctx { now: at(590), theme: &theme };
    let mut state = state(vec![seen(batch(1.0))]);
    let drawn = |state: &State| head(state, &ctx, 100, 30).iter().map(plain).collect::<Vec<_>>().join("\n");
    state.look(Look::Earlier);
    state.look(Look::Earlier);
    assert!(
        drawn(&state).contains("08:09:30Z  canary 4 of 100 (4.00 %)  baseline 3 of 900 (0.33 %)"),
        "{}",
        drawn(&state)
    );
    state.look(Look::Later);
    state.look(Look::Later);
    state.look(Look::Wider);
    assert!(drawn(&state).contains("30 s a column"), "{}", drawn(&state));
    state.look(Look::Hold);
    assert!(drawn(&state).contains("held at 08:09:45Z"), "{}", drawn(&state));
    let later = Scrape {
        at: at(600),
        baseline: Arm { bad: Some(0.0), total: Some(9.0) },
        canary: Arm { bad: Some(9.0), total: Some(9.0) },
    };
    let before = drawn(&state);
    state.update(seen(Batch::counted(vec![vec![later], vec![]])), at(601));
    let pictures = |drawn: &str| drawn.lines().filter(|line| line.contains('┤')).collect::<Vec<_>>().join("\n");
    assert_eq!(pictures(&drawn(&state)), pictures(&before), "the verdict goes on, the picture does not");
}

#[test]
fn a_promotion_is_marked_where_the_share_changes() {
    let theme = Theme::default();
    let ctx = Ctx { now: at(590), theme: &theme };
    let scrape = |i: i64| {
        let share = [0.0, 50.0, 200.0][(i / 14) as usize];
        let arm = |total: f64| Arm { bad: Some(1.0_f64.min(total)), total: Some(total) };
        Scrape { at: at(15 * i), baseline: arm(1_000.0 - share), canary: arm(share) }
    };
    let state = state(vec![seen(Batch::counted(vec![(0..42).map(scrape).collect(), vec![]]))]);
    let lines: Vec<String> = head(&state, &ctx, 100, 16).iter().map(plain).collect();
    let axis = lines.iter().position(|line| line.contains('▲')).unwrap();
    assert!(
        lines[axis + 1].contains("canary") && lines[axis + 1].contains("20 %") && !lines[axis + 1].contains("15 %"),
        "{lines:#?}"
    );
}

#[test]
fn few_requests_promote_nothing() {
    // 5 % of 40 requests a scrape: chance alone makes 2 to 15 % of any three.
    let scrape = |i: i64| {
        let canary = [2.0, 0.0, 1.0, 5.0, 3.0, 0.0, 2.0, 4.0][(i * i % 8) as usize];
        let arm = |total: f64| Arm { bad: Some(0.0), total: Some(total) };
        Scrape { at: at(15 * i), baseline: arm(40.0 - canary), canary: arm(canary) }
    };
    let batch = Batch::counted(vec![(0..40).map(scrape).collect(), Vec::new()]);
    let theme = Theme::default();
    let ctx = Ctx { now: at(590), theme: &theme };
    let lines = head(&state(vec![seen(batch)]), &ctx, 78, 20);
    assert!(
        !lines.iter().any(|line| plain(line).contains('▲')),
        "{}",
        lines.iter().map(plain).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn where_there_is_nothing_to_compare_with_it_says_so_first() {
    let scrape = |i: i64| Scrape {
        at: at(15 * i),
        baseline: Arm { bad: None, total: None },
        canary: Arm { bad: Some(0.0), total: Some(20.0) },
    };
    let theme = Theme::default();
    let ctx = Ctx { now: at(590), theme: &theme };
    let batch = Batch::counted(vec![(0..40).map(scrape).collect(), Vec::new()]);
    let lines: Vec<String> = head(&state(vec![seen(batch)]), &ctx, 78, 20).iter().map(plain).collect();
    let all = lines.join("\n");
    assert!(lines[0].starts_with("? BLIND"), "{all}");
    assert!(
        lines[1].starts_with("nothing is seen of the baseline: without it nothing can be said of the canary"),
        "{all}"
    );
    assert!(all.contains("not seen") && !all.contains("0 of 0"), "{all}");
}

#[test]
fn the_second_opinion_waits_for_fifty_points_and_decides_nothing() {
    let text = format!("kayenta = {{ pass = 95, marginal = 75 }}\n{CONFIG}");
    let canary: schema::Canary = toml::from_str(&text).unwrap();
    let opinion = |n: i64| {
        let scrape = |i: i64| Scrape {
            at: at(15 * i),
            baseline: Arm { bad: Some((i % 3) as f64), total: Some(900.0) },
            canary: Arm { bad: Some((i % 3) as f64), total: Some(100.0) },
        };
        let mut state = State::new(&canary);
        state.update(seen(Batch::counted(vec![(0..n).map(scrape).collect(), (0..n).map(scrape).collect()])), at(590));
        state.report.value().unwrap().second.clone().unwrap().words()
    };
    assert_eq!(opinion(49), "Kayenta: from 50 points a side, 49 now");
    assert_eq!(opinion(60), "Kayenta: Fail 0");
}

#[test]
fn unusual_feedback_stands_in_the_pane() {
    let text = format!("{CONFIG}[feedback]\nfile = \"feedback.ndjson\"\nusual = 0.4\n");
    let canary: schema::Canary = toml::from_str(&text).unwrap();
    let item = |seconds| Item { at: at(seconds), title: "cannot pay".into(), from: None };
    let mut state = State::new(&canary);
    state.update(
        seen(Batch { reports: Some(Reports { items: vec![item(100), item(200)], counted: 0 }), ..batch(1.0) }),
        at(590),
    );
    let theme = Theme::default();
    let ctx = Ctx { now: at(590), theme: &theme };
    let drawn = |lines: Vec<Line<'static>>| lines.iter().map(plain).collect::<Vec<_>>().join("\n");
    let head = drawn(head(&state, &ctx, 100, 30));
    assert!(
        head.contains("feedback: 2 reports since 08:00Z, usually 0.066 in that time: unusual (1 in 486)"),
        "{head}"
    );
    assert!(drawn(detail(&state, &ctx, 0, 100)).contains("cannot pay; cannot pay"));
}

/// A latency at 0.1, 0.25 and 0.5 s whose canary is slower, with 150 scrapes.
fn slow() -> State {
    let config = "source = { prometheus = \"http://127.0.0.1:9\" }\nbaseline = 'a'\ncanary = 'b'\nfalse_alarm = 0.01\n\
        [[metrics]]\nname = \"latency\"\nkind = \"quantile\"\nquery = 'b{$scope}'\nq = 0.9\n";
    let arm = |slow: f64, all: f64| Arm { bad: Some(slow), total: Some(all) };
    let sight = |i: i64| {
        let pair = |base: f64, canary: f64| Pair { baseline: arm(base, 900.0), canary: arm(canary, 100.0) };
        let seen = Seen::Counts(vec![pair(300.0, 50.0), pair(45.0, 20.0), pair(9.0, 3.0)]);
        Sight { at: at(15 * i), seen, pods: Vec::new() }
    };
    let batch = Batch {
        scrapes: vec![(0..150).map(sight).collect()],
        boundaries: vec![vec![0.1, 0.25, 0.5]],
        ..Batch::default()
    };
    let canary: schema::Canary = toml::from_str(config).unwrap();
    let mut state = State::new(&canary);
    let evidence = Evidence {
        value: batch,
        subject: Subject::default(),
        source: "prometheus".into(),
        observed_at: at(2_235),
        ttl: Duration::from_secs(35),
    };
    state.update(Observation::Seen(Generation(1), Box::new(evidence)), at(2_240));
    state
}

#[test]
fn a_latency_shows_the_band_of_its_quantile() {
    let state = slow();
    let mut out = String::new();
    for (name, theme, width) in [
        ("colour", Theme::default(), 78),
        ("without colour", Theme { monochrome: true, ..Theme::default() }, 120),
        ("ASCII", Theme { ascii: true, ..Theme::default() }, 52),
    ] {
        let ctx = Ctx { now: at(2_240), theme: &theme };
        writeln!(out, "-- {name}").unwrap();
        head(&state, &ctx, width, 20).iter().for_each(|line| writeln!(out, "{}", plain(line)).unwrap());
    }
    insta::assert_snapshot!(out);
    let theme = Theme::default();
    let short = head(&state, &Ctx { now: at(2_240), theme: &theme }, 78, 12);
    assert!(!short.iter().any(|line| plain(line).contains("p90")), "the columns come first where there is little room");
}
