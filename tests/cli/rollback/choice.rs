//! Several ways back, what they are chosen by, and who must agree.

use super::*;

/// Turns a flag off where there is one, else goes back to the old version.
const TWO: &str = "[[rollback.plan]]\nname = \"flag off\"\nkeeps_code = true\n\
     needs = [{ name = \"the flag there\", look = { run = [\"test\", \"-f\", \"../flag\"] } }]\n\
     steps = [{ name = \"off\", run = [\"rm\", \"../flag\"] }]\nverify = { run = [\"test\", \"!\", \"-f\", \"../flag\"] }\n\
     [[rollback.plan]]\nname = \"undo\"\n\
     steps = [{ name = \"go back\", run = [\"sh\", \"-c\", \"echo {to.version} > ../live\"] }]\n";

fn preview(service: &Service, arguments: &[&str]) -> Value {
    let all = [&["rollback", "--dry-run", "--json"], arguments].concat();
    serde_json::from_str(&service.0.runs(&all)).unwrap()
}

fn trusted_anew(service: &Service, config: &str) {
    service.0.write("hotfix.toml", config);
    let hash = service.0.runs(&["trust", "--hash"]);
    service.0.runs(&["trust", "--yes", hash.trim()]);
}

#[test]
fn the_plan_that_fits_is_proposed_and_another_is_run_by_its_name() {
    let service = Service::new(TWO);
    let document = preview(&service, &[]);
    assert_eq!((&document["name"], &document["keeps_code"]), (&Value::from("undo"), &Value::from(false)));
    assert_eq!((&document["plans"][0]["fits"], &document["plans"][1]["proposed"]), (&false.into(), &true.into()));
    assert!(document["plans"][0]["why"].as_str().unwrap().starts_with("not the flag there"));
    fs::write(service.beside("flag"), "").unwrap();
    assert_eq!(preview(&service, &[])["name"], "flag off");
    assert_eq!(preview(&service, &["--plan", "undo"])["name"], "undo");
    assert!(service.0.fails(&["rollback", "--dry-run", "--plan", "redo"]).contains("there are: flag off, undo"));
    let hash = preview(&service, &[])["hash"].as_str().unwrap().to_owned();
    let (code, text) = service.rollback(&["--plan", "flag off", "--yes", &hash]);
    assert_eq!(code, Some(0), "{text}");
    assert!(!service.beside("flag").exists() && !service.beside("live").exists());
}

#[test]
fn the_plan_that_was_named_by_its_hash_runs_although_another_one_fits_better_by_now() {
    let service = Service::new(TWO);
    let hash = preview(&service, &[])["hash"].as_str().unwrap().to_owned();
    fs::write(service.beside("flag"), "").unwrap();
    assert_eq!(preview(&service, &[])["name"], "flag off");
    let (code, text) = service.rollback(&["--yes", &hash[..12]]);
    assert_eq!(code, Some(0), "{text}");
    assert!(service.beside("flag").exists() && service.beside("live").exists(), "{text}");
}

#[test]
fn a_plan_that_does_not_fit_is_fired_for_a_reason_alone() {
    let service = Service::new(TWO);
    let hash = preview(&service, &["--plan", "flag off"])["hash"].as_str().unwrap().to_owned();
    let said = service.0.fails(&["rollback", "--plan", "flag off", "--yes", &hash]);
    assert!(said.contains("not ready: not the flag there"), "{said}");
}

#[test]
fn it_goes_back_to_what_was_seen_healthy_and_says_when_it_only_guesses() {
    let service = Service::new(&go_back());
    let guess = preview(&service, &[]);
    let warned = guess["warnings"][0].as_str().unwrap();
    assert!(warned.starts_with("nothing shows that v2.4.0 was healthy"), "{warned}");
    assert!(service.0.fails(&["rollback", "--healthy", "v9"]).contains("there is no revision v9"));
    service.0.runs(&["rollback", "--healthy", "v2.4.0"]);
    let known = preview(&service, &[]);
    assert!(known["chosen"].as_str().unwrap().ends_with("ana says so"), "{known}");
    assert_eq!(known["warnings"].as_array().map(Vec::len), Some(0), "{known}");
    assert!(service.0.runs(&["timeline"]).contains("saw v2.4.0"));
}

#[test]
fn a_refusal_says_in_what_the_plan_is_another_one() {
    let service = Service::new(&go_back());
    let hash = service.hash();
    let config = fs::read_to_string(service.0.repo().join("hotfix.toml")).unwrap();
    trusted_anew(&service, &config.replace("echo x >> ../effects", "echo y >> ../effects"));
    let said = service.0.fails(&["rollback", "--yes", &hash]);
    assert!(
        said.contains("step 1: was `go back: sh -c 'echo x") && said.contains("is `go back: sh -c 'echo y"),
        "{said}"
    );
    assert!(!service.beside("effects").exists());
}

#[test]
fn what_a_failed_rollback_did_can_be_taken_back() {
    let steps = "[[rollback.steps]]\nname = \"pause\"\nrun = [\"touch\", \"../paused\"]\ncompensate = [\"rm\", \"../paused\"]\n";
    let service = Service::new(&(steps.to_owned() + &step("go back", "exit 3")));
    assert!(service.0.fails(&["rollback", "--dry-run", "--take-back"]).contains("no step that was done"));
    assert_eq!(service.rollback(&["--yes", &service.hash()]).0, Some(1));
    assert!(service.beside("paused").exists());
    let plan = preview(&service, &["--take-back"]);
    assert_eq!(plan["steps"].as_array().map(Vec::len), Some(1), "{plan}");
    let (_, text) = service.rollback(&["--take-back", "--yes", plan["hash"].as_str().unwrap()]);
    assert!(text.contains("step 1 `take back: pause` done") && !service.beside("paused").exists(), "{text}");
}

#[test]
fn where_two_must_agree_one_is_not_enough() {
    let service = Service::new(&format!("{}[rollback.key]\npolicy = \"two-person\"\n", go_back()));
    let hash = service.hash();
    assert!(service.0.fails(&["rollback", "--yes", &hash]).contains("a second person must agree"));
    service.0.runs(&["rollback", "--agree", &hash, "--by", "ana"]);
    assert!(service.0.fails(&["rollback", "--yes", &hash]).contains("a second person must agree"));
    service.0.runs(&["rollback", "--agree", &hash[..12], "--by", "ben"]);
    assert_eq!(service.rollback(&["--yes", &hash]).0, Some(0));
}
