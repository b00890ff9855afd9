use super::{Classes, Core, Reversal};
use crate::config::schema::PathClass;

fn names(path: &str) -> Vec<String> {
    Classes::new(&[]).of(path, false).into_iter().map(|class| class.name.clone()).collect()
}

#[test]
fn the_embedded_file_is_sound() {
    let classes = Classes::new(&[]);
    assert!(classes.named("migration").unwrap().rollback == Reversal::Unsafe);
    let points: Vec<(&str, u32)> = [
        ("migration", 12),
        ("auth", 10),
        ("infrastructure", 8),
        ("api", 6),
        ("ci", 6),
        ("dependencies", 6),
        ("flags", 4),
        ("opaque", 6),
        ("sf-destructive", 15),
        ("sf-profile", 10),
        ("sf-permission", 6),
        ("sf-sharing", 8),
        ("sf-flow", 8),
        ("sf-trigger", 8),
        ("sf-apex", 4),
        ("sf-field", 8),
        ("sf-validation", 3),
        ("sf-layout", 1),
        ("sf-label", 1),
        ("sf-integration", 8),
    ]
    .to_vec();
    for (name, expected) in points {
        assert_eq!(classes.named(name).unwrap().points, expected, "{name}");
    }
}

#[test]
fn paths_fall_into_their_classes() {
    assert_eq!(names("src/main.rs"), [] as [&str; 0]);
    assert_eq!(names("Cargo.lock"), ["lockfile", "dependencies"]);
    assert_eq!(names("db/migrate/20260101_add.rb"), ["migration"]);
    assert_eq!(names("app/migrations/0001.py"), ["migration"]);
    assert_eq!(names("services/auth/token.go"), ["auth"]);
    assert_eq!(names("README"), ["docs"]);
    assert_eq!(names("a/b/CHANGELOG.md"), ["changelog", "docs"]);
    assert_eq!(names("tests/cart.rs"), ["test"]);
    assert_eq!(names("force-app/main/default/classes/Cart.cls"), ["sf-apex"]);
    assert_eq!(names("force-app/main/default/classes/CartTest.cls"), ["test"]);
    assert_eq!(names("force-app/main/default/profiles/Admin.profile-meta.xml"), ["sf-profile"]);
}

#[test]
fn a_deletion_has_classes_of_its_own() {
    let classes = Classes::new(&[]);
    let of = |deleted| classes.of("objects/A/fields/B.field-meta.xml", deleted).len();
    assert_eq!((of(false), of(true)), (1, 3));
}

#[test]
fn what_is_no_core_wins() {
    let classes = Classes::new(&[]);
    let core = |names: &[&str]| classes.core(&names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>());
    assert_eq!(core(&[]), Core::Yes);
    assert_eq!(core(&["migration"]), Core::Yes);
    assert_eq!(core(&["test", "auth"]), Core::Test);
    assert_eq!(core(&["test", "generated"]), Core::No);
}

#[test]
fn a_configuration_adds_classes_and_changes_those_that_are_there() {
    let own = |toml: &str| toml::from_str::<PathClass>(toml).unwrap();
    let classes = Classes::new(&[
        own("name = 'billing'\npoints = 12\nglobs = ['**/Billing/**']"),
        own("name = 'migration'\npoints = 0"),
        own("name = 'docs'\ncore = 'yes'\nnot = ['**/spec/**']"),
    ]);
    let of =
        |path: &str| classes.of(path, false).into_iter().map(|it| (it.name.as_str(), it.points)).collect::<Vec<_>>();
    assert_eq!(of("src/billing/Cart.rs"), [("billing", 12)]);
    assert_eq!(of("db/migrate/1.rb"), [("migration", 0)]);
    assert_eq!(classes.named("migration").unwrap().rollback, Reversal::Unsafe, "what is not said stays");
    assert_eq!(classes.named("billing").unwrap().text, "billing");
    assert_eq!(classes.core(&["docs".to_owned()]), Core::Yes);
    assert_eq!(of("spec/a.md"), [("test", 0)]);
}
