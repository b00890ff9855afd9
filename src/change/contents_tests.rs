use super::{Reversal, Touched, class, flags};
use crate::change::classes::Classes;

fn touched(paths: &[&str]) -> Vec<Touched> {
    paths.iter().map(|path| Touched { path: (*path).into(), deleted: false }).collect()
}

#[test]
fn flags_come_from_message_and_paths() {
    let classes = Classes::new(&[]);
    let of = |message: &str, paths: &[&str]| flags(&classes, message, &touched(paths));
    assert_eq!(of("Add a cart", &["src/cart.rs"]), [] as [&str; 0]);
    assert_eq!(of("Fix the cart", &["src/cart.rs"]), ["fix"]);
    assert_eq!(of("Prefix names", &["src/cart.rs"]), [] as [&str; 0]);
    assert_eq!(of("Bump x\n\nCVE-2026-1", &[]), ["security"]);
    assert_eq!(of("Add a table", &["db/migrate/1.rb", "config/flags/a.yml"]), ["migration", "flag"]);
    assert_eq!(of("Drop it", &["force-app/destructiveChanges.xml"]), ["destructive"]);
}

#[test]
fn the_worst_path_decides() {
    let classes = Classes::new(&[]);
    let of = |paths: &[&str]| class(&classes, &touched(paths));
    assert_eq!(of(&["src/cart.rs"]), (Reversal::Clean, vec![]));
    assert_eq!(of(&["main.tf"]).0, Reversal::Compensating);
    let (worst, reasons) = of(&["main.tf", "db/migrate/1.rb", "db/migrate/2.rb"]);
    assert_eq!(worst, Reversal::Unsafe);
    assert_eq!(
        reasons,
        [
            "compensating: main.tf touches infrastructure or run-time configuration",
            "unsafe: db/migrate/1.rb touches a database migration or schema"
        ]
    );
}
