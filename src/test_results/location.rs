//! `file:line` of a failure, found in what the report says.

use super::tally::Named;

/// Parts of paths that belong to the tools and not to the project.
const FOREIGN: [&str; 8] =
    ["/rustc/", "node_modules", "site-packages", "dist-packages", "node:", "/usr/lib", "<frozen", "vendor/"];
/// Lines of a message that are looked through.
const LINES: usize = 400;

/// The place in the project that a failure points at: a position in the message that is in the test's own file, else what the
/// attributes say, else the first position in the message that is in no library.
pub fn find(message: &str, case: Named<'_>) -> Option<String> {
    let positions = || message.lines().take(LINES).flat_map(positions_in).filter(|p| !is_foreign(p.0));
    let own = positions().find(|(file, _)| is_own(file, case)).map(|(file, line)| format!("{file}:{line}"));
    own.or_else(|| stated(case)).or_else(|| positions().next().map(|(file, line)| format!("{file}:{line}")))
}

fn stated(case: Named<'_>) -> Option<String> {
    let file = case.file.map(str::trim).filter(|f| !f.is_empty())?;
    let line: u64 = case.line?.trim().parse().ok()?;
    Some(crate::evidence::text::clean(&format!("{file}:{line}")))
}

fn is_own(file: &str, case: Named<'_>) -> bool {
    if let Some(stated) = case.file.filter(|f| !f.is_empty()) {
        return file.ends_with(stated) || stated.ends_with(file);
    }
    let stem = file.rsplit(['/', '\\']).next().and_then(|name| name.split('.').next()).unwrap_or(file);
    !stem.is_empty() && case.class.split(['.', '/', '\\', ':', '$', ' ']).any(|part| part == stem)
}

fn is_foreign(file: &str) -> bool {
    FOREIGN.iter().any(|part| file.contains(part))
}

/// The positions in a line: `path.ext:12`, also `path.ext:12:5`, and in words, as Python's `File "path.ext", line 12`.
fn positions_in(line: &str) -> impl Iterator<Item = (&str, u64)> {
    let tokens = line.split(|c: char| c.is_whitespace() || "()[]{}'\"`,;<>".contains(c)).filter_map(position);
    in_words(line).into_iter().chain(tokens)
}

fn position(token: &str) -> Option<(&str, u64)> {
    let token = token.trim_end_matches([':', '.']);
    // Ruby: `pool_spec.rb:6:in`
    let token = token.strip_suffix(":in").unwrap_or(token);
    let (file, line) = token.rsplit_once(':')?;
    let line_number: u64 = line.parse().ok()?;
    let inner = file.rsplit_once(':').and_then(|(f, l)| Some((f, l.parse::<u64>().ok()?)));
    let (file, number) = inner.unwrap_or((file, line_number));
    let file = file.strip_prefix("file://").unwrap_or(file);
    let extension = file.rsplit_once('.')?.1;
    let is_file = matches!(extension.len(), 1..=8)
        && extension.starts_with(|c: char| c.is_ascii_alphabetic())
        && extension.chars().all(|c| c.is_ascii_alphanumeric())
        && !file.contains("://");
    (is_file && number > 0).then_some((file, number))
}

fn in_words(line: &str) -> Option<(&str, u64)> {
    let (before, rest) = line.split_once(", line ")?;
    let file = before.rsplit_once("ile ")?.1.trim_matches('"');
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((file, digits.parse().ok()?))
}

#[cfg(test)]
#[path = "location_tests.rs"]
mod tests;
