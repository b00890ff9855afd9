use super::*;

#[test]
fn a_branch_begins_at_production_in_a_sibling_folder_whatever_is_checked_out() {
    let place = Place::new("");
    place.it.git(&["branch", "-m", "hotfix/cart", "fixes/old"]);
    // A line of development that never saw the tag.
    place.it.git(&["checkout", "--quiet", "--orphan", "other"]);
    place.it.commit("Other");
    place.it.write("src/cart.rs", "not committed\n");
    let started = place.slug("cart-502").unwrap();
    assert_eq!((started.branch.as_str(), started.from.as_str()), ("hotfix/cart-502", "v1.0.0"));
    assert_eq!(started.base.as_str(), place.it.id("v1.0.0^{commit}"));
    let folder = place.folder("work-cart-502");
    assert_eq!(started.worktree.as_deref(), Some(folder.to_str().unwrap()));
    assert_eq!(std::fs::read_to_string(folder.join("src/cart.rs")).unwrap(), lines(40));
    assert_eq!(std::fs::read_to_string(place.it.path("src/cart.rs")).unwrap(), "not committed\n");
    assert!(started.notes[0].contains("HEAD descends from no version"), "{:?}", started.notes);
}

#[test]
fn the_newest_release_is_production_and_a_candidate_is_none() {
    let place = Place::new("");
    place.it.git(&["branch", "-m", "hotfix/cart", "old"]);
    place.it.git(&["tag", "v1.0.1", "release/1.0"]);
    place.it.git(&["tag", "v1.1.0-rc.1", "main"]);
    let started = place.slug("x").unwrap();
    assert_eq!(started.from, "v1.0.1");
    assert!(started.notes[0].contains("say --from v1.0.0"), "{:?}", started.notes);
}

#[test]
fn trunk_first_begins_at_the_trunk() {
    let place = Place::new("[git]\nstrategy = 'trunk-first'\ntargets = ['main', 'release/1.0']\n");
    place.it.git(&["branch", "-m", "hotfix/cart", "old"]);
    let started = place.slug("x").unwrap();
    assert_eq!((started.base.as_str(), started.from.as_str()), (place.it.id("main").as_str(), "main"));
}

#[test]
fn what_stands_in_the_way_is_refused_with_a_way_out() {
    let place = Place::new("");
    let refused = |order: &StartOrder, what: &str| {
        let before = place.world();
        let said = place.start(order).unwrap_err();
        assert!(said.contains(what), "{said}");
        assert_eq!(place.world(), before);
    };
    let slug = |slug: &str| StartOrder { slug: slug.into(), ..StartOrder::default() };
    refused(&slug("b"), "another hotfix is open: hotfix/cart");
    refused(&slug("cart"), "hotfix/cart exists already (it is checked out in");
    refused(&slug("x.lock"), "git allows no branch called hotfix/x.lock");
    refused(&slug("-x"), "is no slug");
    place.it.git(&["branch", "-m", "hotfix/cart", "old"]);
    refused(&StartOrder { from: Some("nope".into()), ..slug("b") }, "there is no revision nope");
    std::fs::create_dir_all(place.folder("work-b/x")).unwrap();
    refused(&slug("b"), "work-b is there already");
    place.it.write("src/cart.rs", "changed\n");
    refused(&StartOrder { here: true, ..slug("b") }, "not committed: 1 changed");
    place.it.git(&["checkout", "--quiet", "--", "."]);
    place.it.git(&["tag", "-d", "v1.0.0"]);
    refused(&slug("c"), "production is unknown");
    place.it.git(&["tag", "v1.0.0", "main"]);
    place.it.write(".git/shallow", place.it.id("main") + "\n");
    let said = place.slug("c").unwrap_err();
    assert!(said.contains("git fetch --unshallow"), "{said}");
}

#[test]
fn without_a_work_tree_of_its_own_it_is_checked_out_here() {
    let place = Place::new("");
    place.it.git(&["branch", "-m", "hotfix/cart", "old"]);
    place.start(&StartOrder { slug: "x".into(), here: true, ..StartOrder::default() }).unwrap();
    assert_eq!(place.it.git(&["symbolic-ref", "HEAD"]), "refs/heads/hotfix/x");
    assert_eq!(place.it.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_folder_that_cannot_be_made_leaves_no_branch_behind() {
    let place = Place::new("");
    place.it.git(&["branch", "-m", "hotfix/cart", "old"]);
    let path = Some(PathBuf::from("/proc/none/x"));
    place.start(&StartOrder { slug: "x".into(), path, ..StartOrder::default() }).unwrap_err();
    assert!(!place.it.git(&["branch", "--list"]).contains("hotfix/x"));
}

#[test]
fn a_bare_repository_and_a_rival_that_is_meant_work() {
    let place = Place::new("");
    let bare = place.folder("bare.git");
    place.it.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    let order = StartOrder { slug: "x".into(), despite_rival: true, ..StartOrder::default() };
    let started = start_branch(&bare, &place.settings, &order).unwrap();
    assert_eq!(started.worktree.as_deref(), Some(place.folder("bare-x").to_str().unwrap()));
}
