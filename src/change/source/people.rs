//! Who wrote what would be shipped: authors, committers and co-authors, as the commits and as `.mailmap` name them.

use std::collections::BTreeSet;
use std::path::Path;

use git2::{Mailmap, Signature};

use super::history::Record;
use crate::config::load;
use crate::evidence::text;

/// Who commits what was merged or edited on a page: nobody in person.
const MACHINES: [&str; 1] = ["noreply@github.com"];

/// `Ana Lima <ana@example.org>` for everybody, each under every name that is known.
pub(super) fn of(root: &Path, records: &[Record]) -> Vec<String> {
    let mailmap = read(root);
    let mut people = BTreeSet::new();
    for (name, email) in records.iter().flat_map(signers).filter(|(_, email)| !MACHINES.contains(&email.as_str())) {
        people.extend(mailmap.as_ref().and_then(|map| mapped(map, &name, &email)));
        people.insert(format!("{name} <{email}>"));
    }
    people.into_iter().collect()
}

/// Of a bare repository nobody reads one: it would have to be taken from a commit that anybody could have pushed.
fn read(root: &Path) -> Option<Mailmap> {
    Mailmap::from_buffer(&load::read(&root.join(".mailmap")).ok()??).ok()
}

fn mapped(map: &Mailmap, name: &str, email: &str) -> Option<String> {
    let resolved = map.resolve_signature(&Signature::now(name, email).ok()?).ok()?;
    Some(format!("{} <{}>", text::clean_bytes(resolved.name_bytes()), text::clean_bytes(resolved.email_bytes())))
}

fn signers(record: &Record) -> Vec<(String, String)> {
    let author = (record.name.clone(), record.email.clone());
    let committer = (record.committer_name.clone(), record.committer_email.clone());
    let co_authors = record.message.lines().filter_map(co_author);
    [author, committer].into_iter().chain(co_authors).collect()
}

/// The person of a `Co-authored-by: Bo <bo@example.org>` line, however it is written.
fn co_author(line: &str) -> Option<(String, String)> {
    let (key, person) = line.split_once(':')?;
    if !key.trim().eq_ignore_ascii_case("co-authored-by") {
        return None;
    }
    let (name, email) = person.split_once('<').unwrap_or((person, ""));
    Some((name.trim().to_owned(), email.trim().trim_end_matches('>').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Oid;

    fn record(message: &str) -> Record {
        Record {
            oid: Oid::parse(&"3".repeat(40)).unwrap(),
            parents: Vec::new(),
            name: "ana".into(),
            email: "ana@home.example".into(),
            authored: jiff::Timestamp::UNIX_EPOCH,
            committer_name: "GitHub".into(),
            committer_email: "noreply@github.com".into(),
            committed: jiff::Timestamp::UNIX_EPOCH,
            message: message.into(),
        }
    }

    #[test]
    fn authors_committers_and_co_authors_are_known_under_every_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".mailmap"), "Ana Lima <ana@example.org> <ana@home.example>\n").unwrap();
        let message = "Mend it\n\nco-authored-by: Bo <bo@example.org>\nCo-authored-by: nobody";
        let people = of(folder.path(), &[record(message)]);
        assert_eq!(
            people,
            ["Ana Lima <ana@example.org>", "Bo <bo@example.org>", "ana <ana@home.example>", "nobody <>"]
        );
    }
}
