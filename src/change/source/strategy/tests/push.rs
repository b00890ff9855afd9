use super::*;

/// A bare remote, and this clone with its branches fetched.
fn with_remote(toml: &str) -> (Place, PathBuf) {
    let place = Place::new(toml);
    let bare = place.folder("origin.git");
    place.it.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    place.it.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
    place.it.git(&["fetch", "--quiet", "origin"]);
    (place, bare)
}

fn at_remote(place: &Place, bare: &Path, name: &str) -> String {
    place.it.git(&["--git-dir", bare.to_str().unwrap(), "rev-parse", name])
}

const TWO: &str = "[git]\ntargets = ['main', 'release/1.0']\n";

fn pushing() -> FinishOrder {
    FinishOrder { push: true, ..FinishOrder::default() }
}

#[test]
fn nothing_is_pushed_unless_it_is_asked_for() {
    let (place, bare) = with_remote(TWO);
    let main = at_remote(&place, &bare, "main");
    assert!(place.go().targets.iter().all(|it| !it.pushed));
    assert_eq!(at_remote(&place, &bare, "main"), main);
    let order = FinishOrder { tag: Some("v1.0.1".into()), ..pushing() };
    let finished = place.finish(&order).unwrap();
    assert!(finished.targets.iter().all(|it| it.pushed) && finished.tag.unwrap().pushed);
    for name in ["main", "release/1.0", "v1.0.1^{commit}"] {
        assert_eq!(at_remote(&place, &bare, name), place.it.id(name), "{name}");
    }
    assert_eq!(place.it.id("origin/main"), place.it.id("main"));
    let again = place.finish(&order).unwrap();
    assert!(again.targets.iter().all(|it| it.state == ReachedState::Already && it.pushed));
}

#[test]
fn a_branch_that_only_the_remote_has_is_promoted_and_tracked() {
    let (place, _) = with_remote(TWO);
    place.it.git(&["branch", "-D", "--quiet", "main"]);
    place.go();
    assert_eq!(place.it.git(&["rev-parse", "--abbrev-ref", "main@{upstream}"]), "origin/main");
    assert_eq!(place.it.git(&["rev-list", "--count", "origin/main..main", "--first-parent"]), "1");
}

#[test]
fn a_local_branch_behind_the_remote_is_brought_along_and_a_diverged_one_refused() {
    let (place, bare) = with_remote(TWO);
    place.it.git(&["update-ref", "refs/heads/main", &place.it.id("v1.0.0^{commit}")]);
    place.finish(&pushing()).unwrap();
    assert!(place.show("main:src/new.rs").contains("line 9"));
    assert_eq!(at_remote(&place, &bare, "main"), place.it.id("main"));

    let (place, _) = with_remote(TWO);
    place.it.git(&["checkout", "--quiet", "main"]);
    place.it.git(&["commit", "--quiet", "--amend", "-m", "Other"]);
    place.it.git(&["checkout", "--quiet", "hotfix/cart"]);
    let said = place.finish(&FinishOrder::default()).unwrap_err();
    assert!(said.contains("main and origin/main have diverged: 1 commits here, 1 there"), "{said}");
}

#[test]
fn whoever_pushed_first_wins_and_the_loser_can_begin_again() {
    let (place, bare) = with_remote("[git]\ntargets = ['main']\n");
    // Somebody else pushes to main; this clone does not know yet.
    let other = place.folder("other");
    place.it.git(&["clone", "--quiet", bare.to_str().unwrap(), other.to_str().unwrap()]);
    let git = |args: &[&str]| place.it.git(&[&["-C", other.to_str().unwrap()], args].concat());
    git(&["checkout", "--quiet", "main"]);
    git(&["commit", "--quiet", "--allow-empty", "-m", "Theirs"]);
    git(&["push", "--quiet", "origin", "main"]);
    let theirs = at_remote(&place, &bare, "main");
    let before = place.it.id("main");
    let said = place.finish(&pushing()).unwrap_err();
    assert!(said.contains("somebody else moved refs/heads/main at the remote"), "{said}");
    assert_eq!(at_remote(&place, &bare, "main"), theirs);
    place.turn(Turn::Abort).unwrap();
    assert_eq!(place.it.id("main"), before);
    place.it.git(&["fetch", "--quiet", "origin"]);
    place.finish(&pushing()).unwrap();
    assert_eq!(at_remote(&place, &bare, "main"), place.it.id("main"));
    assert_eq!(place.it.id("main^1"), theirs);
}

#[test]
fn a_push_that_nobody_saw_the_end_of_is_looked_up_at_the_remote() {
    let (place, bare) = with_remote("[git]\ntargets = ['main']\n");
    // Intent, done, pushing; then the journal breaks down.
    place.finish_at(&place.it.root, &pushing(), 3).unwrap_err();
    assert_eq!(at_remote(&place, &bare, "main"), place.it.id("main"));
    let said = place.turn(Turn::Abort).unwrap_err();
    assert!(said.contains("main was pushed: it is not taken back"), "{said}");
    let again = place.finish(&pushing()).unwrap();
    assert!(target(&again, "main").pushed);
}

#[test]
fn an_address_that_names_a_program_is_refused() {
    let (place, _) = with_remote("[git]\ntargets = ['main']\n");
    place.it.git(&["config", "protocol.ext.allow", "always"]);
    for url in ["ext::sh -c touch% ran", "--upload-pack=touch ran"] {
        place.it.git(&["config", "remote.origin.url", url]);
        place.finish(&pushing()).unwrap_err();
        assert!(!place.it.path("ran").exists() && !place.folder("ran").exists());
    }
}
