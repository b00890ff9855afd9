//! One repository for each way in which a row of the table of facts can be out of order, made with the git command line.
//! What only other rooms know (G16, G30) is tested with the checklist, what production says (G07) beside this.

use std::time::{Duration, SystemTime};

use super::fixture::{Fixture, lines};
use super::read_worktree;
use crate::change::facts;
use crate::change::model::FactState::{self, Bad, Ok, Unknown, Warn};

/// The row, what is done to a hotfix of one commit, the configuration, and what the row says then.
type Row = (&'static str, fn(&Fixture), &'static str, FactState, &'static str);

const HOUR: Duration = Duration::from_secs(3600);
const TARGETS: &str = "git.targets = ['main']";
const TRUNK: &str = "git.targets = ['main']\ngit.strategy = 'trunk-first'";

const ROWS: &[Row] = &[
    ("G01", conflict, "", Bad, "merge is under way"),
    ("G02", |it| drop(it.git(&["checkout", "--quiet", "--detach"])), "", Warn, "HEAD is no branch"),
    ("G02", |it| drop(it.git(&["checkout", "--quiet", "--orphan", "hotfix/none"])), "", Bad, "no commit"),
    ("G03", |it| it.write("src/cart.rs", "changed"), "", Warn, "not committed"),
    ("G04", shallow, "", Warn, "git fetch --unshallow"),
    ("G05", |it| refs_of(it, HOUR), "", Warn, "somebody may have released meanwhile: git fetch"),
    ("G06", |it| drop(it.git(&["tag", "--delete", "v1.0.0"])), "", Unknown, "no version tag matches"),
    ("G06", |it| drop(it.git(&["branch", "v1", "v1.0.0"])), "production.ref = 'v1'", Ok, "branch v1"),
    ("G06", ambiguous, "production.ref = 'v1'", Warn, "both a tag and a branch"),
    ("G08", behind, "production.ref = 'main'", Bad, "1 commit that it lacks"),
    ("G09", |it| drop(it.git(&["reset", "--quiet", "--hard", "v1.0.0"])), "", Warn, "nothing to ship"),
    ("G10", merged_development, TARGETS, Bad, "Feature"),
    ("G11", merged_development, TARGETS, Warn, "1 merge commit"),
    ("G12", |_| (), "git.ticket = 'SHOP-\\d+'", Warn, "without a ticket's key"),
    ("G13", |_| (), "git.scope = ['docs/**']", Warn, "src/fix.rs"),
    ("G14", |it| drop(it.change("src/a.rs", "wip: not yet")), "", Warn, "wip"),
    ("G14", |it| drop(it.change("src/a.rs", "x\n<<<<<<< HEAD\ny")), "", Bad, "src/a.rs"),
    ("G15", |_| (), "", Warn, "git push -u"),
    ("G15", with_upstream, "", Ok, "same commit"),
    ("G15", |it| refs_of(it, HOUR), "", Unknown, "by refs that are not fresh"),
    ("G15", |it| drop((with_upstream(it), it.change("b", "More"))), "", Warn, "git push"),
    ("G15", pulled_less, "", Bad, "git pull"),
    ("G15", upstream_gone, "", Warn, "gone"),
    ("G17", |_| (), TARGETS, Warn, "main"),
    ("G17", |it| drop(it.git(&["branch", "--force", "main", "hotfix/cart"])), TARGETS, Ok, "every target"),
    ("G18", |_| (), TRUNK, Bad, "not on trunk yet"),
    ("G18", picked_from_trunk, TRUNK, Ok, "on trunk"),
    ("G19", conflicting_main, TARGETS, Warn, "conflict in src/fix.rs"),
    ("G20", |it| drop(it.git(&["tag", "v1.0.1"])), "", Warn, "lightweight"),
    ("G20", |it| annotate(it, "v1.1.0", "HEAD"), "", Warn, "no patch release"),
    ("G20", |it| annotate(it, "v1.0.1", "HEAD"), "", Ok, "v1.0.1 names the tip, not signed"),
    ("G20", newer_elsewhere, "", Warn, "v1.0.1 is not newer than v1.2.0"),
    ("G20", merged_as_git_flow_does, "", Ok, "v1.0.1 names the merge of the tip"),
    ("G20", signed, "", Ok, "v1.0.1 names the tip, signed"),
    ("G21", open_release, "", Warn, "release/1.1"),
    ("G22", rival, "", Bad, "hotfix/rival"),
    ("G23", drifted, "git.environments = ['uat']", Warn, "uat: src/fix.rs"),
    ("G24", |_| (), "", Unknown, "no version before it"),
    ("G24", second_release, "", Ok, "version before production"),
    ("G25", second_release, "", Bad, "migration"),
    ("G26", unrevertible, "", Warn, "src/cart.rs"),
    ("G27", |it| drop(it.git(&["revert", "--no-edit", "HEAD"])), "", Bad, "reverted already"),
    ("G28", co_authored, "", Ok, "somebody else approves"),
    ("G29", pointer, "", Warn, "model.bin"),
];

fn conflict(it: &Fixture) {
    conflicting_main(it);
    it.try_git(&["merge", "main"]);
}

fn shallow(it: &Fixture) {
    it.git(&["fetch", "--quiet", "--depth=1", "--update-shallow", &format!("file://{}", it.root.display())]);
    std::fs::write(it.path(".git/shallow"), format!("{}\n", it.id("HEAD"))).unwrap();
}

/// A remote that has the branch as it is.
fn with_upstream(it: &Fixture) {
    refs_of(it, Duration::ZERO);
}

/// The same, as it was seen so long ago.
fn refs_of(it: &Fixture, age: Duration) {
    let remote = it.root.with_file_name("remote.git").display().to_string();
    it.git(&["init", "--quiet", "--bare", &remote]);
    it.git(&["remote", "add", "origin", &remote]);
    it.git(&["push", "--quiet", "--set-upstream", "origin", "hotfix/cart"]);
    let log = it.path(".git/logs/refs/remotes/origin/hotfix/cart");
    let seen = SystemTime::now() - age;
    std::fs::File::options().append(true).open(&log).unwrap().set_modified(seen).unwrap();
    std::fs::File::open(log.parent().unwrap()).unwrap().set_modified(seen).unwrap();
}

fn pulled_less(it: &Fixture) {
    it.change("more", "Pushed by somebody else");
    with_upstream(it);
    it.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
}

fn upstream_gone(it: &Fixture) {
    with_upstream(it);
    it.git(&["update-ref", "-d", "refs/remotes/origin/hotfix/cart"]);
}

fn ambiguous(it: &Fixture) {
    it.git(&["branch", "v1", "v1.0.0"]);
    it.git(&["tag", "v1", "v1.0.0"]);
}

/// On `main` something happens, and the hotfix is checked out again.
fn on_main(it: &Fixture, work: impl FnOnce()) {
    it.git(&["checkout", "--quiet", "main"]);
    work();
    it.git(&["checkout", "--quiet", "hotfix/cart"]);
}

fn behind(it: &Fixture) {
    on_main(it, || drop(it.change("other", "Released meanwhile")));
}

fn merged_development(it: &Fixture) {
    on_main(it, || drop(it.change("feature", "Feature")));
    it.git(&["merge", "--quiet", "--no-edit", "main"]);
}

fn picked_from_trunk(it: &Fixture) {
    on_main(it, || {
        it.change("other", "Before");
        it.git(&["cherry-pick", "hotfix/cart"]);
    });
}

fn conflicting_main(it: &Fixture) {
    on_main(it, || drop(it.change("src/fix.rs", "Something else in the same place")));
}

fn annotate(it: &Fixture, name: &str, commit: &str) {
    it.git(&["tag", "--annotate", "--message", "Release", name, commit]);
}

fn newer_elsewhere(it: &Fixture) {
    on_main(it, || {
        it.change("other", "The next line");
        annotate(it, "v1.2.0", "HEAD");
    });
    annotate(it, "v1.0.1", "HEAD");
}

fn merged_as_git_flow_does(it: &Fixture) {
    on_main(it, || {
        it.git(&["merge", "--quiet", "--no-ff", "--no-edit", "hotfix/cart"]);
        annotate(it, "v1.0.1", "HEAD");
    });
}

/// The signature is none that anybody would accept; that it is there is what is told.
fn signed(it: &Fixture) {
    let object = format!(
        "object {}\ntype commit\ntag v1.0.1\ntagger Ana <ana@example.com> 1700000000 +0000\n\nRelease\n\
         -----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n",
        it.id("HEAD")
    );
    it.write("tag.txt", object);
    let oid = it.git(&["hash-object", "-t", "tag", "-w", "tag.txt"]);
    it.git(&["update-ref", "refs/tags/v1.0.1", &oid]);
    std::fs::remove_file(it.path("tag.txt")).unwrap();
}

fn open_release(it: &Fixture) {
    it.git(&["checkout", "--quiet", "-b", "release/1.1", "v1.0.0"]);
    it.change("r", "Prepare 1.1");
    it.git(&["checkout", "--quiet", "hotfix/cart"]);
}

fn rival(it: &Fixture) {
    it.git(&["checkout", "--quiet", "-b", "hotfix/rival", "v1.0.0"]);
    it.change("src/fix.rs", "Another fix");
    it.git(&["checkout", "--quiet", "hotfix/cart"]);
}

fn drifted(it: &Fixture) {
    it.git(&["checkout", "--quiet", "-b", "uat", "v1.0.0"]);
    it.change("src/fix.rs", "Only in this environment");
    it.git(&["checkout", "--quiet", "hotfix/cart"]);
}

/// Production has a migration since the version before it.
fn second_release(it: &Fixture) {
    on_main(it, || {
        it.change("db/migrate/2.sql", "Add a column");
        it.git(&["tag", "v1.0.1"]);
    });
    it.git(&["rebase", "--quiet", "v1.0.1"]);
}

/// The hotfix goes on from the very line that production's last release changed.
fn unrevertible(it: &Fixture) {
    on_main(it, || {
        it.write("src/cart.rs", lines(40).replace("line 7\n", "line seven\n"));
        it.commit("Change seven");
        it.git(&["tag", "v1.0.1"]);
    });
    it.git(&["rebase", "--quiet", "v1.0.1"]);
    it.write("src/cart.rs", lines(40).replace("line 7\n", "line seven and more\n"));
    it.commit("Go on from seven");
}

fn co_authored(it: &Fixture) {
    it.change("b", "Fix\n\nCo-authored-by: Bo <bo@example.com>");
}

fn pointer(it: &Fixture) {
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 9\n", "0".repeat(64));
    it.write(".gitattributes", "*.bin filter=lfs\n");
    it.write("model.bin", pointer);
    it.commit("A model");
}

#[test]
fn every_row_tells_what_is_out_of_order() {
    let wrong: Vec<String> = ROWS.iter().filter_map(untold).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a row says instead of what it should.
fn untold((id, work, toml, state, words): &Row) -> Option<String> {
    let it = Fixture::hotfix();
    it.change("src/fix.rs", "Fix the cart");
    work(&it);
    let fact = match *id {
        "G03" => facts::work_tree(Some(&read_worktree(&it.root).unwrap().value)),
        id => it.report_with(toml).fact(id).unwrap().clone(),
    };
    let is_told = fact.state == *state && fact.why.contains(words);
    (!is_told).then(|| format!("{id} should be {state:?} and say {words:?}: {fact:?}"))
}

#[test]
fn the_table_has_a_row_for_each_fact_that_git_alone_tells() {
    let told: std::collections::BTreeSet<&str> = ROWS.iter().map(|(id, ..)| *id).collect();
    let elsewhere = ["G07", "G16", "G30"];
    let all: Vec<String> =
        (1..=30).map(|n| format!("G{n:02}")).filter(|id| !elsewhere.contains(&id.as_str())).collect();
    assert_eq!(told.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn people_are_authors_committers_and_co_authors() {
    let it = Fixture::hotfix();
    co_authored(&it);
    it.write("c", "c");
    it.git(&["add", "--all"]);
    it.git(&["commit", "--quiet", "--author=Cy <cy@example.com>", "--message", "By Cy"]);
    assert_eq!(it.report().fact("G28").unwrap().value, "ana@example.com, bo@example.com, cy@example.com");
}
