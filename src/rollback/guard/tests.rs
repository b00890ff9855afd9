use super::*;
use crate::rollback::fixtures::{Random, at};

const BOUND: &[char] = &['G', 'S', 'R', 'N', 'P'];

fn ms(base: Timestamp, ms: i64) -> Timestamp {
    base.checked_add(jiff::SignedDuration::from_millis(ms)).unwrap()
}

fn armed() -> Guard {
    Guard::arm('K', true, at(0))
}

fn key(c: char) -> Input {
    Input::Key(Key::Char(c))
}

#[test]
fn the_letter_fires_after_the_dwell_when_nothing_follows_on_its_heels() {
    let mut guard = armed();
    // The wait counts down in tenths of a second.
    for tenth in 0..4 {
        assert_eq!(guard.deadline(ms(at(0), 100 * tenth)), Some(ms(at(0), 100 * tenth + 100)));
        assert_eq!(
            guard.armed().unwrap().dwell(ms(at(0), 100 * tenth)),
            Duration::from_millis(400 - 100 * tenth as u64)
        );
    }
    assert_eq!(guard.take(key('K'), ms(at(0), 400)), Verdict::Changed);
    assert_eq!(guard.deadline(ms(at(0), 400)), Some(ms(at(0), 415)));
    assert_eq!(guard.take(Input::Moment, ms(at(0), 414)), Verdict::Changed);
    assert_eq!(guard.take(Input::Moment, ms(at(0), 415)), Verdict::Fire { reason: None });
    assert_eq!(guard, Guard::Safe);
    assert_eq!(guard.take(key('K'), ms(at(0), 900)), Verdict::Nothing);
}

#[test]
fn everything_else_disarms_and_says_why() {
    let late = ms(at(0), 700);
    let cases = [
        (key('K'), ms(at(0), 399), Why::TooSoon),
        (key('k'), late, Why::OtherKey),
        (key('R'), late, Why::OtherKey),
        (Input::Key(Key::Enter), late, Why::OtherKey),
        (Input::Key(Key::Other), late, Why::OtherKey),
        (Input::Repeat, late, Why::Repeat),
        (Input::Paste, late, Why::Paste),
        (Input::FocusLost, late, Why::FocusLost),
        (Input::TooSmall, late, Why::TooSmall),
        (Input::Moment, at(10), Why::Timeout),
        (key('K'), at(10), Why::Timeout),
        (key('K'), ms(at(0), -1), Why::Clock),
    ];
    for (input, when, why) in cases {
        let mut guard = armed();
        assert_eq!(guard.take(input, when), Verdict::Disarmed(why), "{input:?}");
        assert_eq!(guard, Guard::Resting(when));
    }
}

#[test]
fn a_held_r_arms_once() {
    let mut guard = armed();
    guard.take(key('R'), ms(at(0), 500));
    for repeat in 1..100 {
        assert!(!guard.may_arm(ms(at(0), 500 + 33 * repeat)));
    }
    assert!(!guard.may_arm(ms(at(0), 4_166)));
    assert!(guard.may_arm(ms(at(0), 4_566)));
}

#[test]
fn a_key_on_the_heels_of_the_letter_disarms() {
    let mut guard = armed();
    guard.take(key('K'), at(1));
    assert_eq!(guard.take(key('x'), ms(at(1), 14)), Verdict::Disarmed(Why::Burst));
}

#[test]
fn when_it_is_not_ready_a_reason_comes_before_the_letter() {
    let mut guard = Guard::arm('K', false, at(0));
    assert_eq!(guard.take(key('K'), at(1)), Verdict::Disarmed(Why::OtherKey), "the letter alone is not enough");
    let mut guard = Guard::arm('K', false, at(0));
    guard.take(key('!'), at(1));
    assert_eq!(guard.take(Input::Key(Key::Enter), at(2)), Verdict::Changed, "an empty reason is none");
    for c in "dowm".chars() {
        guard.take(key(c), at(20));
    }
    guard.take(Input::Key(Key::Backspace), at(30));
    guard.take(key('n'), at(31));
    guard.take(Input::Key(Key::Enter), at(60));
    assert_eq!(guard.armed().and_then(Armed::reason), Some("down"));
    let mut early = guard.clone();
    assert_eq!(early.take(key('K'), ms(at(60), 399)), Verdict::Disarmed(Why::TooSoon));
    guard.take(key('K'), at(61));
    assert_eq!(guard.take(Input::Moment, at(62)), Verdict::Fire { reason: Some("down".into()) });
}

#[test]
fn escape_and_silence_end_the_writing_of_a_reason() {
    let mut guard = Guard::arm('K', false, at(0));
    guard.take(key('!'), at(1));
    let mut silent = guard.clone();
    assert_eq!(guard.take(Input::Key(Key::Other), at(2)), Verdict::Disarmed(Why::OtherKey));
    assert_eq!(silent.take(Input::Moment, at(61)), Verdict::Disarmed(Why::Timeout));
}

#[test]
fn the_letter_is_one_that_the_keymap_leaves() {
    let mut seen: Vec<char> = (0..100).filter_map(|chance| letter(BOUND, chance)).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.iter().collect::<String>(), "ACDEFHKLMTUVWX");
    let all: Vec<char> = LETTERS.chars().collect();
    assert_eq!(letter(&all, 7), None);
}

#[test]
fn where_the_name_is_asked_for_nothing_but_the_name_and_then_the_letter_fires() {
    let named = || Guard::arm_by_name('K', true, Some("v2.4.1".into()), at(0));
    let typed = |guard: &mut Guard, text: &str, from: i64| {
        for (index, c) in (0..).zip(text.chars()) {
            assert_eq!(guard.take(key(c), ms(at(from), 200 * index)), Verdict::Changed, "{c}");
        }
    };
    let mut guard = named();
    assert_eq!(guard.take(key('v'), ms(at(0), 399)), Verdict::Disarmed(Why::TooSoon));
    let mut guard = named();
    typed(&mut guard, "v2.4.0", 1);
    assert_eq!(guard.take(Input::Key(Key::Enter), at(5)), Verdict::Disarmed(Why::WrongName));
    let mut guard = named();
    typed(&mut guard, "v2.4", 1);
    let mut fast = guard.clone();
    assert_eq!(fast.take(key('.'), ms(at(1), 614)), Verdict::Disarmed(Why::Burst), "no hand types so fast");
    typed(&mut guard, ".1", 3);
    assert_eq!(guard.take(Input::Key(Key::Enter), at(5)), Verdict::Changed);
    assert_eq!(guard.take(key('K'), at(6)), Verdict::Changed);
    assert_eq!(guard.take(Input::Moment, at(7)), Verdict::Fire { reason: None });
}

/// A cockpit that does nothing but arm and guard. Returns how often it fired in a stream of `(gap in µs, input)`.
fn fires(seed: u64, stream: impl FnMut(&mut Random) -> (u64, Input)) -> u32 {
    fires_where(seed, None, stream)
}

/// The same where a name must be typed, and where Tab, `\t`, arms another way with a new letter.
fn fires_where(seed: u64, name: Option<&str>, mut stream: impl FnMut(&mut Random) -> (u64, Input)) -> u32 {
    let mut random = Random(seed);
    let arm = |random: &mut Random, now| {
        Guard::arm_by_name(letter(BOUND, random.next()).unwrap(), true, name.map(str::to_owned), now)
    };
    let (mut guard, mut micros, mut fired) = (Guard::Safe, 0, 0);
    let time = |micros: u64| Timestamp::from_microsecond(micros.cast_signed()).unwrap();
    for _ in 0..2_000_000 {
        let (gap, input) = stream(&mut random);
        let before = micros;
        micros += gap;
        if guard.armed().is_none() && input != key('R') {
            continue;
        }
        let (mut now, next) = (time(before), time(micros));
        while let Some(deadline) = guard.deadline(now).filter(|deadline| *deadline <= next) {
            now = deadline;
            fired += u32::from(matches!(guard.take(Input::Moment, now), Verdict::Fire { .. }));
        }
        if guard.armed().is_some() && input == key('\t') {
            guard = arm(&mut random, next);
        } else if guard.armed().is_some() {
            fired += u32::from(matches!(guard.take(input, next), Verdict::Fire { .. }));
        } else if input == key('R') && guard.may_arm(next) {
            guard = arm(&mut random, next);
        }
    }
    fired
}

const PRINTABLE: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;:/-_()[]{}";

#[test]
fn no_paste_without_brackets_fires() {
    // Blocks of 300 characters in one read, two seconds apart.
    let mut left = 0_u32;
    let fired = fires(1, |random| {
        left = left.checked_sub(1).unwrap_or(300);
        (if left == 300 { 2_000_000 } else { 20 }, key(random.pick(PRINTABLE)))
    });
    assert_eq!(fired, 0);
}

#[test]
fn no_held_key_fires() {
    // A cat: one key after the other, each held; a terminal without the kitty protocol reports repeats as presses.
    let (mut held, mut left, mut first) = ('R', 0_u64, false);
    let fired = fires(2, |random| {
        if left == 0 {
            (held, left, first) = (random.pick(PRINTABLE), 1 + random.below(60), true);
            return (50_000 + random.below(2_000_000), key(held));
        }
        left -= 1;
        (if std::mem::take(&mut first) { 250_000 + random.below(400_000) } else { 33_000 }, key(held))
    });
    assert_eq!(fired, 0);
}

#[test]
fn no_mash_fires() {
    // Twelve keys a second, a pause of up to two seconds after a hundred of them, one key in twenty with shift.
    let fired = fires(3, |random| {
        let pause = if random.below(100) == 0 { random.below(2_000_000) } else { 0 };
        let letter = random.pick("abcdefghijklmnopqrstuvwxyz");
        let c = if random.below(20) == 0 { letter.to_ascii_uppercase() } else { letter };
        (40_000 + random.below(90_000) + pause, key(c))
    });
    assert_eq!(fired, 0);
}

#[test]
fn no_navigation_fires() {
    // A person at work: bound keys, upper-case ones among them, and a slip on `R` now and then.
    let fired = fires(4, |random| {
        let c = random.pick("hjklhjklhjklzgGNPS123456/?:qR");
        let input = if random.below(6) == 0 { Input::Key(Key::Other) } else { key(c) };
        (60_000 + random.below(1_500_000), input)
    });
    assert_eq!(fired, 0);
}

#[test]
fn no_habit_fires() {
    // `R` and at once, or after a look, what other programs want: Enter, `y`, `Y`, `R` again.
    let mut second = false;
    let fired = fires(5, |random| {
        second = !second;
        let habits = [Input::Key(Key::Enter), key('y'), key('Y'), key('R')];
        let gap = if second { 3_000_000 } else { 80_000 + random.below(2_500_000) };
        (gap, if second { key('R') } else { habits[random.below(4) as usize] })
    });
    assert_eq!(fired, 0);
}

#[test]
fn neither_looking_at_other_ways_nor_typing_names_fires() {
    // A person who looks at every way with Tab, leaves with Escape or goes on with their work; slow enough for the dwell.
    let wander = |random: &mut Random| {
        let c = random.pick("\t\t\t\tRRjkhl123GNPS\u{1b}");
        let input = if c == '\u{1b}' { Input::Key(Key::Other) } else { key(c) };
        (60_000 + random.below(2_500_000), input)
    };
    assert_eq!(fires_where(7, None, wander), 0);
    // Somebody types versions wherever the cursor may be, a new line after each.
    let mut left = Vec::new();
    let types = |random: &mut Random| {
        let c = left.pop().unwrap_or_else(|| {
            left = ["\n1.4.2vR", "\n0.4.2v", "\nK1.4.2vR", "\ny"][random.below(4) as usize].chars().collect();
            'R'
        });
        (40_000 + random.below(400_000), if c == '\n' { Input::Key(Key::Enter) } else { key(c) })
    };
    assert_eq!(fires_where(8, Some("v2.4.1"), types), 0);
}

#[test]
fn a_hand_that_reads_the_letter_always_fires() {
    let mut random = Random(6);
    for _ in 0..10_000 {
        let letter = letter(BOUND, random.next()).unwrap();
        let mut guard = Guard::arm(letter, true, at(0));
        let pressed = ms(at(0), 400 + random.below(9_500).cast_signed());
        guard.take(Input::Moment, ms(at(0), 400));
        assert_eq!(guard.take(key(letter), pressed), Verdict::Changed);
        assert_eq!(guard.take(Input::Moment, ms(pressed, 15)), Verdict::Fire { reason: None });
    }
}
