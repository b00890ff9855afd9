use serde_json::{Value, json};

use super::super::server_tests::{answer_first, look};
use crate::test_results::providers::github::fixture::HEAD;

const OLD: &str = "00000000000000000000000000000000000000bb";

fn user(name: &str) -> Value {
    json!({"username": name, "name": name.to_uppercase()})
}

fn request(sha: &str) -> Value {
    json!([{"iid": 7, "sha": sha, "author": user("ana"), "web_url": "https://gitlab.example/mr/7"}])
}

fn approved(name: &str, at: Option<&str>) -> Value {
    json!({"user": user(name), "approved_at": at})
}

fn note(name: &str, body: &str, at: &str) -> Value {
    json!({"system": true, "body": body, "author": user(name), "created_at": at})
}

/// The approvals that come of what the server says of one merge request.
fn approvals(sha: &str, by: &[Value], notes: &[Value]) -> Vec<(String, bool)> {
    let report = look(|answers| {
        let versions = json!([
            {"head_commit_sha": HEAD, "created_at": "2026-11-24T19:00:00Z"},
            {"head_commit_sha": OLD, "created_at": "2026-11-24T18:00:00Z"},
        ]);
        let members = json!([{"author_name": "KIM", "committer_name": "KIM"}]);
        for (end, value) in [
            ("/merge_requests", request(sha)),
            ("/7/approvals", json!({"approved_by": by})),
            ("/7/notes", json!(notes)),
            ("/7/versions", versions),
            ("/7/commits", members),
        ] {
            answer_first(answers, end, value);
        }
    });
    let ci = report.runs[0].ci.clone().unwrap();
    ci.approvals.into_iter().map(|it| (it.by, it.is_author)).collect()
}

fn named(all: &[(&str, bool)]) -> Vec<(String, bool)> {
    all.iter().map(|(name, is_author)| ((*name).to_owned(), *is_author)).collect()
}

#[test]
fn an_approval_counts_from_the_push_of_this_commit_on_and_an_author_is_known_as_one() {
    let by = [
        approved("bo", Some("2026-11-24T19:30:00Z")),
        approved("eve", Some("2026-11-24T18:30:00Z")),
        approved("ana", Some("2026-11-24T19:30:00Z")),
        approved("kim", Some("2026-11-24T19:30:00Z")),
    ];
    assert_eq!(approvals(HEAD, &by, &[]), named(&[("bo", false), ("ana", true), ("kim", true)]));
    assert_eq!(approvals(OLD, &by, &[]), [], "the merge request ends in another commit");
}

#[test]
fn an_older_gitlab_notes_when_it_was_approved_and_without_a_time_nothing_counts() {
    let by = [approved("bo", None), approved("eve", None), approved("lee", None)];
    let notes = [
        note("bo", "approved this merge request", "2026-11-24T19:30:00Z"),
        note("eve", "approved this merge request", "2026-11-24T18:30:00Z"),
        note("lee", "mentioned in issue #3", "2026-11-24T19:30:00Z"),
    ];
    assert_eq!(approvals(HEAD, &by, &notes), named(&[("bo", false)]));
}

#[test]
fn a_server_that_does_not_tell_of_approvals_is_no_trouble() {
    let ci = look(|_| {}).runs[0].ci.clone().unwrap();
    assert!(ci.approvals.is_empty() && ci.notes.iter().all(|note| !note.contains("approvals")), "{:?}", ci.notes);
}
