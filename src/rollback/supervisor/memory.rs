//! Giving back the memory that a supervisor needed for its start alone.
//!
//! It is the whole program, of which it uses a corner: to link itself it read a megabyte of relocations, and the kernel
//! maps sixteen pages of code for each one that runs. For the hours that a step may take none of that is needed. Pages
//! of a file that nobody wrote to are let go; whichever is used again is mapped again.

use std::fs;
use std::ops::Range;

/// Lets go of every page that is the same in its file. Where that cannot be seen nothing is let go.
#[cfg(target_os = "linux")]
pub(super) fn give_back() {
    let mappings = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    for range in unwritten(&mappings) {
        let_go(&range);
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn give_back() {}

#[expect(unsafe_code, reason = "no crate of the tree gives pages back without it")]
#[cfg(target_os = "linux")]
fn let_go(range: &Range<usize>) {
    let start = std::ptr::with_exposed_provenance_mut(range.start);
    // SAFETY: the range is a mapping of a file that is neither writable nor was ever written to, relocations included:
    // what is read there afterwards comes from the file again, and is what was there before.
    let _kept_where_refused = unsafe { libc::madvise(start, range.len(), libc::MADV_DONTNEED) };
}

/// The mappings of files, by `/proc/PID/smaps`, that are not writable and hold no page of their own.
#[cfg(target_os = "linux")]
fn unwritten(smaps: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut candidate = None;
    for line in smaps.lines() {
        match (mapping(line), line.split_once(':')) {
            (Some((range, is_file)), _) => candidate = is_file.then_some(range),
            // The last of the fields that matter: what was written to is anonymous, or has gone to swap.
            (None, Some(("Anonymous" | "Swap", amount))) if amount.trim() != "0 kB" => candidate = None,
            (None, Some(("Locked", _))) => found.extend(candidate.take()),
            _ => {}
        }
    }
    found
}

/// The head of a mapping: `7f0c1000-7f0c2000 r-xp 00000000 08:01 1234 /usr/bin/hotfix`, and whether it is of a file and
/// cannot be written to.
#[cfg(target_os = "linux")]
fn mapping(line: &str) -> Option<(Range<usize>, bool)> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let address = |text: &str| usize::from_str_radix(text, 16).ok();
    let (range, rights) = (address(start)?..address(end)?, words.next()?);
    let is_file = words.nth(3).is_some_and(|path| path.starts_with('/'));
    Some((range, is_file && rights.starts_with("r-") && rights.ends_with('p')))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    const SMAPS: &str = "\
1000-3000 r--p 00000000 08:01 7                    /usr/bin/hotfix
Rss:                   8 kB
Anonymous:             0 kB
Swap:                  0 kB
Locked:                0 kB
VmFlags: rd mr mw me
3000-5000 r-xp 00002000 08:01 7                    /usr/bin/hotfix (deleted)
Anonymous:             0 kB
Swap:                  0 kB
Locked:                0 kB
5000-6000 r--p 00004000 08:01 7                    /usr/bin/hotfix
Anonymous:             4 kB
Swap:                  0 kB
Locked:                0 kB
6000-7000 r--p 00005000 08:01 7                    /usr/bin/hotfix
Anonymous:             0 kB
Swap:                  4 kB
Locked:                0 kB
7000-8000 rw-p 00006000 08:01 7                    /usr/bin/hotfix
Anonymous:             0 kB
Swap:                  0 kB
Locked:                0 kB
8000-9000 r--s 00000000 08:01 8                    /srv/shared
Anonymous:             0 kB
Swap:                  0 kB
Locked:                0 kB
9000-a000 r-xp 00000000 00:00 0                    [vdso]
Anonymous:             0 kB
Swap:                  0 kB
Locked:                0 kB
";

    #[test]
    fn what_was_written_to_may_be_or_is_no_file_s_stays() {
        assert_eq!(unwritten(SMAPS), [0x1000..0x3000, 0x3000..0x5000]);
        assert!(unwritten("").is_empty());
    }

    #[test]
    fn this_very_program_goes_on_after_it() {
        give_back();
        let words: Vec<String> = (0..100).map(|number| format!("{number}")).collect();
        assert_eq!(words.concat().len(), 190);
    }
}
