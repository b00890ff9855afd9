use super::*;

const RANGE: Range = Range { start: 1_800_000_000.0, step: 15.0, count: 5 };

fn series(labels: &[(&str, &str)], values: [Option<f64>; 5]) -> Series {
    let points = values.iter().enumerate().filter_map(|(i, v)| Some((RANGE.start + 15.0 * i as f64, (*v)?)));
    let labels = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Series { labels, points: points.collect(), histograms: 0 }
}

fn some(values: [f64; 5]) -> [Option<f64>; 5] {
    values.map(Some)
}

/// The counters of one population, joined as the source joins them.
#[derive(Default)]
struct Pair {
    bad: Counters,
    total: Counters,
}

impl Pair {
    fn increments(&mut self, range: Range, bad: &[Series], total: &[Series]) -> Vec<Option<(f64, f64)>> {
        let (counters, all, presence) = self.total.count(range, total);
        self.total = counters;
        let (counters, bad) = self.bad.count_among(range, bad, &presence);
        self.bad = counters;
        joined(&bad.sums, &all.sums)
    }
}

fn increments(bad: &[Series], total: &[Series]) -> Vec<Option<(f64, f64)>> {
    Pair::default().increments(RANGE, bad, total)
}

const A: &[(&str, &str)] = &[("instance", "a"), ("code", "200")];
const A5: &[(&str, &str)] = &[("instance", "a"), ("code", "500")];
const B: &[(&str, &str)] = &[("instance", "b"), ("code", "200")];

#[test]
fn the_first_value_is_a_start_and_the_rest_are_increments() {
    let seen =
        increments(&[series(A5, some([3.0, 3.0, 4.0, 4.0, 6.0]))], &[series(A, some([10.0, 12.0, 15.0, 15.0, 30.0]))]);
    assert_eq!(seen, [None, Some((0.0, 2.0)), Some((1.0, 3.0)), Some((0.0, 0.0)), Some((2.0, 15.0))]);
}

#[test]
fn a_reset_counts_the_new_value() {
    let seen = increments(&[], &[series(A, some([100.0, 110.0, 4.0, 9.0, 9.0]))]);
    assert_eq!(seen[2], Some((0.0, 4.0)));
    assert_eq!(seen[3], Some((0.0, 5.0)));
}

#[test]
fn the_first_error_of_a_known_target_counts_from_zero() {
    let bad = series(A5, [None, None, Some(2.0), Some(2.0), Some(3.0)]);
    let total = vec![
        series(A, some([10.0, 20.0, 30.0, 40.0, 50.0])),
        series(A5, [None, None, Some(2.0), Some(2.0), Some(3.0)]),
    ];
    let seen = increments(&[bad], &total);
    assert_eq!(seen, [None, Some((0.0, 10.0)), Some((2.0, 12.0)), Some((0.0, 10.0)), Some((1.0, 11.0))]);
}

#[test]
fn a_new_target_starts_with_its_first_value() {
    let young = series(B, [None, None, Some(1e6), Some(1e6 + 5.0), Some(1e6 + 5.0)]);
    let seen = increments(&[], &[series(A, some([10.0, 20.0, 30.0, 40.0, 50.0])), young]);
    assert_eq!(seen[2], Some((0.0, 10.0)));
    assert_eq!(seen[3], Some((0.0, 15.0)));
}

#[test]
fn what_was_counted_in_missed_steps_belongs_to_the_next_one() {
    let seen = increments(&[], &[series(A, [Some(10.0), None, Some(30.0), Some(31.0), None])]);
    assert_eq!(seen, [None, None, Some((0.0, 20.0)), Some((0.0, 1.0)), None]);
    let mut population = Pair::default();
    population.increments(RANGE, &[], &[series(A, [Some(10.0), None, None, None, None])]);
    let later = |looks: u32, value: f64| {
        let mut one = series(A, [None, Some(value), None, None, None]);
        one.points.iter_mut().for_each(|p| p.0 += 75.0 * f64::from(looks));
        (Range { start: RANGE.start + 75.0 * f64::from(looks), ..RANGE }, one)
    };
    let (range, one) = later(1, 17.0);
    assert_eq!(population.increments(range, &[], &[one])[1], Some((0.0, 7.0)), "across two looks");
    for looks in 2..6 {
        population.increments(later(looks, 0.0).0, &[], &[]);
    }
    let (range, one) = later(6, 400.0);
    assert_eq!(population.increments(range, &[], &[one])[1], None, "after five minutes it starts anew");
}

#[test]
fn targets_are_told_apart_and_missed_when_they_go() {
    let both = [series(A, some([1.0, 2.0, 3.0, 4.0, 5.0])), series(B, some([0.0, 5.0, 5.0, 5.0, 6.0]))];
    let (counters, added, _) = Counters::default().count(RANGE, &both);
    let of = |name: &str| added.targets.iter().find(|(target, _)| target.contains(name)).unwrap().1;
    assert_eq!((of("a")[1], of("b")[1], added.sums[1]), (Some(1.0), Some(5.0), Some(6.0)));
    let next = Range { start: RANGE.start + 75.0, ..RANGE };
    let mut alone = series(A, some([6.0, 7.0, 8.0, 9.0, 9.0]));
    alone.points.iter_mut().for_each(|p| p.0 += 75.0);
    let (_, added, presence) = counters.count(next, &[alone]);
    assert_eq!(presence.gone().collect::<Vec<_>>(), ["b"]);
    assert!(added.targets.is_empty(), "one alone is the whole");
}

#[test]
fn a_target_that_dies_leaves_the_others() {
    let dying = series(B, [Some(5.0), Some(9.0), None, None, None]);
    let seen = increments(&[], &[series(A, some([10.0, 20.0, 30.0, 40.0, 50.0])), dying]);
    assert_eq!(seen[1..3], [Some((0.0, 14.0)), Some((0.0, 10.0))]);
    assert_eq!(increments(&[], &[]), vec![None; 5]);
}

#[test]
fn looks_join_without_a_seam() {
    let values = [0.0, 2.0, 4.0, 6.0, 8.0];
    let mut population = Pair::default();
    population.increments(RANGE, &[], &[series(A, some(values))]);
    let next = Range { start: RANGE.start + 75.0, ..RANGE };
    let mut later = series(A, some([10.0, 12.0, 14.0, 16.0, 18.0]));
    later.points.iter_mut().for_each(|p| p.0 += 75.0);
    assert_eq!(population.increments(next, &[], &[later]), vec![Some((0.0, 2.0)); 5]);
}

#[test]
fn nan_and_strangers_between_steps_are_no_values() {
    let mut odd = series(A, some([1.0, 2.0, f64::NAN, 4.0, 5.0]));
    odd.points.push((RANGE.start + 7.0, 99.0));
    odd.points.push((RANGE.start + 750.0, 99.0));
    assert_eq!(increments(&[], &[odd]), [None, Some((0.0, 1.0)), None, Some((0.0, 2.0)), Some((0.0, 1.0))]);
}

#[test]
fn no_more_is_bad_than_there_was() {
    let seen =
        increments(&[series(A5, some([0.0, 9.0, 9.0, 9.0, 9.0]))], &[series(A, some([0.0, 4.0, 8.0, 9.0, 9.0]))]);
    assert_eq!(seen[1], Some((4.0, 4.0)));
}

#[test]
fn memory_of_gone_targets_is_dropped() {
    let mut population = Pair::default();
    for look in 0..50_u32 {
        let start = RANGE.start + 75.0 * f64::from(look);
        let name = look.to_string();
        let mut one = series(&[("instance", &name)], some([1.0, 2.0, 3.0, 4.0, 5.0]));
        one.points.iter_mut().for_each(|p| p.0 += 75.0 * f64::from(look));
        population.increments(Range { start, ..RANGE }, &[], &[one]);
    }
    assert!(population.total.last.len() <= 5, "{}", population.total.last.len());
}

#[test]
fn samples_that_go_back_in_time_are_not_counted_twice() {
    let mut odd = series(A, some([1.0, 2.0, 3.0, 4.0, 5.0]));
    odd.points.push((RANGE.start + 15.0, 2.0));
    odd.points.push((RANGE.start + 30.0, 3.0));
    assert_eq!(increments(&[], &[odd])[1..], vec![Some((0.0, 1.0)); 4]);
}
