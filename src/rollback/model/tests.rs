use crate::rollback::fixtures::{plan, plan_of, step, undone, verify_url};

use super::*;

#[test]
fn a_command_is_shown_so_that_no_argument_looks_like_two() {
    let plan = plan_of(vec![step("go", &["sh", "-c", "echo 'a b' \u{1b}[2J", ""])], None);
    assert_eq!(plan.steps[0].action.detail(), r"sh -c 'echo '\''a b'\'' \u{1b}[2J' ''");
}

#[test]
fn a_look_is_one_line() {
    let look = verify_url("https://h/version", "$.commit", "v2.4.1");
    assert_eq!(describe(&look), "https://h/version $.commit = v2.4.1, within 0.3s");
}

#[test]
fn what_git_saw_stays_behind_comes_first() {
    let mut plan = plan();
    plan.undoes =
        vec![undone('d', "Drop the column", &["migration", "destructive"]), undone('e', "Add a table", &["migration"])];
    let stays = plan.stays();
    assert_eq!(stays[0], "data that it removed: ddddddd Drop the column");
    assert_eq!(stays[1], "the schema that it changed: eeeeeee Add a table");
    assert!(stays.last().unwrap().starts_with("configuration"));
}

#[test]
fn an_unsafe_plan_or_one_that_leads_nowhere_wants_a_reason() {
    assert_eq!(plan().objection(), None);
    let with = |change: fn(&mut Plan)| {
        let mut plan = plan();
        change(&mut plan);
        plan.objection()
    };
    assert!(with(|plan| plan.class = Class::Unsafe).unwrap().starts_with("schema or data changed"));
    assert!(with(|plan| plan.to.oid = None).unwrap().contains("does not know v2.4.1"));
    assert!(with(|plan| plan.from = plan.to.clone()).unwrap().contains("is what runs now"));
    assert_eq!(with(|plan| plan.class = Class::Compensating), None);
}
