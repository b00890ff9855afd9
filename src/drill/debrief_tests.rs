use super::*;
use crate::drill::fixture;

#[test]
fn the_document_holds_the_score_the_path_and_what_was_secret() {
    let (run, earlier) = (fixture::run("ideal"), fixture::run("wrong"));
    let document = document(&run, Some(&earlier));
    assert_eq!(document["schema"], 1);
    assert_eq!(document["score"]["scenario"], "d1-bad-canary");
    assert_eq!(document["earlier"]["id"], earlier.id);
    let path = document["path"].as_array().unwrap();
    assert_eq!(path.len(), 5);
    let decide = path.iter().find(|it| it["step"]["dimension"] == "decide").unwrap();
    assert_eq!((&decide["step"]["from_s"], &decide["run"]["at_s"]), (&240.into(), &270.into()));
    assert!(document["happenings"].as_array().unwrap().iter().any(|it| it["secret"] == true));
}

#[test]
fn the_section_of_a_report() {
    insta::assert_snapshot!(markdown(&fixture::run("ideal"), Some(&fixture::run("wrong"))));
}

#[test]
fn the_comparison_for_people() {
    insta::assert_snapshot!(text(&fixture::run("wrong"), Some(&fixture::run("ideal"))));
}

#[test]
fn what_somebody_wrote_stays_text() {
    assert_eq!(escaped("<b>|x|</b> *now* [a](b)\n# no"), "\\<b\\>\\|x\\|\\</b\\> \\*now\\* \\[a\\](b) \\# no");
}
