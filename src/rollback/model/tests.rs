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
    assert!(stays.last().unwrap().starts_with("git: the branch keeps these commits"));
    let flag = Plan { keeps_code: true, ..plan };
    assert!(!flag.stays().iter().any(|it| it.starts_with("git:")));
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

#[test]
fn another_plan_says_in_what_it_is_another_one() {
    let was = plan();
    assert!(was.differences(&was).is_empty());
    let mut now = plan();
    now.steps[0].action = StepAction::Run(vec!["kubectl".into(), "delete".into(), "--all".into()]);
    now.to.reference = "v2.3.0".into();
    let found = was.differences(&now);
    assert_eq!(found[0], "to: was v2.4.1 (aaaaaaa), is v2.3.0 (aaaaaaa)");
    assert!(
        found[1].starts_with("step 1: was `point traffic at the old version: kubectl set image")
            && found[1].contains("kubectl delete --all")
    );
    let mut quiet = plan();
    quiet.steps[1].timeout_s += 1.0;
    assert_eq!(was.differences(&quiet).len(), 1);
}
