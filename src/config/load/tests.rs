use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, RngSeed};

use super::super::schema::{Engine, MetricKind, Secret};
use super::*;
use crate::evidence::text;

fn at() -> PathBuf {
    PathBuf::from("/repo/hotfix.toml")
}

fn errors(text: &str) -> String {
    parse(text, &at()).unwrap_err().to_string()
}

fn problems(text: &str) -> Vec<String> {
    let error = parse(text, &at()).unwrap_err();
    error.problems.iter().map(|p| format!("{}:{} {}", p.line, p.column, p.what)).collect()
}

/// A canary with these lines, and one metric.
fn canary(lines: &str) -> String {
    format!(
        "[canary]\nsource = {{ prometheus = \"https://p.example\" }}\nbaseline = \"b\"\ncanary = \"c\"\n{lines}\n\
         [[canary.metrics]]\nname = \"errors\"\nbad = \"x\"\ntotal = \"y\"\n"
    )
}

fn step(lines: &str) -> String {
    format!("[rollback]\n[[rollback.steps]]\nname = \"back\"\n{lines}\n")
}

#[test]
fn the_design_s_example_loads() {
    let loaded = parse(include_str!("design.toml"), &at()).unwrap();
    let config = loaded.config;
    assert_eq!(config.rollback.unwrap().engine, Engine::ArgoRollouts);
    assert_eq!(config.canary.unwrap().metrics[0].kind, MetricKind::Ratio);
    assert_eq!(config.tests[1].github.as_ref().unwrap().repository, "acme/checkout");
    assert_eq!(config.comms[0].slack.as_ref().unwrap().webhook, Some(Secret::Env("SLACK_WEBHOOK".into())));
    assert_eq!(config.production.deployed.unwrap().json.as_deref(), Some("$.commit"));
    assert_eq!(loaded.root, Path::new("/repo"));
}

#[test]
fn an_empty_file_is_a_configuration() {
    assert_eq!(parse("", &at()).unwrap().config, Config::default());
}

#[test]
fn a_near_key_is_suggested_with_line_column_and_caret() {
    let text = canary("intervall = \"15s\"");
    assert_eq!(
        errors(&text),
        "hotfix.toml:5:1: unknown key `intervall` in [canary]; did you mean `interval`?\n  |\n5 | intervall = \"15s\"\n  | ^^^^^^^^^"
    );
}

#[test]
fn everything_wrong_is_told_at_once_in_the_order_of_the_lines() {
    let text = "versoin = 1\n[limits]\ncore_lines = \"many\"\nfiles = -3\n[git]\nstrategy = \"trunk\"\n[[tests]]\nname = \"\"\n\
                junit = [\"a[\"]\n[canary]\nfalse_alarm = 2.0\n";
    let told = problems(text);
    assert_eq!(
        told,
        [
            "1:1 unknown key `versoin` at the top of the file; did you mean `version`?",
            "3:14 `core_lines` wants a whole number, 0 or more; found string \"many\"",
            "4:9 `files` wants a whole number, 0 or more; found integer `-3`",
            "6:12 `trunk` is no `strategy`; allowed: `trunk-first`, `back-promotion`",
            "8:8 a name is missing",
            "9:10 no glob: unclosed character class; missing ']'",
            "10:1 `source` is missing from [canary]",
        ]
    );
}

#[test]
fn a_bad_ticket_pattern_and_a_bad_glob_for_production_are_told() {
    let text = "[production]\nref = \"v[\"\n[git]\nticket = '('\n";
    assert_eq!(
        problems(text),
        ["2:7 no glob: unclosed character class; missing ']'", "4:10 no regular expression: unclosed group"]
    );
}

#[test]
fn classes_of_paths_must_be_known_or_have_paths() {
    let text =
        "[[change.classes]]\nname = \"migratoin\"\npoints = 3\n[[change.classes]]\nname = \"x\"\nglobs = [\"a[\"]\n";
    let told = problems(text);
    assert!(
        told[0].starts_with("2:8 no class is called that") && told[0].contains("did you mean `migration`?"),
        "{told:?}"
    );
    assert_eq!(told[1], "6:10 no glob: unclosed character class; missing ']'");
}

#[test]
fn bad_values_of_the_canary_are_told_where_they_stand() {
    for (lines, told) in [
        ("interval = \"15 bananas\"", "5:12 `15 bananas` is no duration"),
        ("interval = \"0s\"", "5:12 `0s` is no duration"),
        ("interval = \"-5s\"", "5:12 `-5s` is no duration"),
        ("interval = \"1000000h\"", "5:12 must lie between 0.1 and 3600 seconds"),
        ("interval = 15", "5:12 `interval` wants a string in quotes; found integer `15`"),
        ("false_alarm = 0.0", "5:15 must lie between 0 and 1"),
        ("false_alarm = nan", "5:15 must lie between 0 and 1"),
        ("margin = inf", "5:10 must be more than 0"),
        ("lookback = \"1s\"", "5:12 must lie between 15 and 604800 seconds"),
    ] {
        let found = problems(&canary(lines));
        assert!(found.len() == 1 && found[0].starts_with(told), "{lines}: {found:?}");
    }
}

#[test]
fn bad_metrics_are_told() {
    let twice = canary("") + "[[canary.metrics]]\nname = \"errors\"\nbad = \"x\"\ntotal = \"y\"\n";
    assert_eq!(problems(&twice), ["11:8 `errors` is there twice: names must differ"]);
    let halves = canary("").replace("total = \"y\"", "worse = \"up\"");
    assert_eq!(problems(&halves).len(), 2, "{:?}", problems(&halves));
    let quantile = canary("").replace("bad = \"x\"", "kind = \"quantile\"\nq = 1.5");
    let told = problems(&quantile);
    assert!(told[0].contains("a quantile needs `query`") && told[1].contains("between 0 and 1"), "{told:?}");
    let none =
        "[canary]\nsource = { prometheus = \"https://p.example\" }\nbaseline = \"b\"\ncanary = \"c\"\nmetrics = []\n";
    assert!(problems(none)[0].contains("at least one metric"));
    let kind = canary("").replace("bad = \"x\"", "kind = \"ratoi\"\nbad = \"x\"");
    assert_eq!(problems(&kind), ["8:8 `ratoi` is no `kind`; did you mean `ratio`?"]);
}

#[test]
fn bad_steps_are_told() {
    for (lines, told) in [
        ("", "a step needs `run"),
        ("run = [\"a\"]\nhttp = { url = \"https://x.example\" }", "one of `run`, `http` and `manual`"),
        ("run = []", "a command needs a program"),
        ("run = [\"a\", \"{to.tag}\"]", "unknown placeholder `{to.tag}`"),
        ("run = [\"a\", \"--to={to.versoin}\"]", "did you mean `to.version`?"),
        ("run = [\"{to.sha}\"]", "the program itself cannot be a placeholder"),
        ("run = \"kubectl rollout undo\"", "`run` wants a list"),
        ("http = { url = \"http://deploy.example/x\" }", "can be read on the way"),
        ("http = { url = \"https://{to.version}.example/\" }", "a placeholder cannot choose the host"),
        ("http = { url = \"https://x.example\", json = { a = [\"{to.hsa}\"] } }", "did you mean `to.sha`?"),
        ("run = [\"awk\", \"{print}\"]", "unknown placeholder `{print}`"),
        ("http = { url = \"deploy.example\" }", "no address"),
        ("http = { url = \"file:///etc/passwd\" }", "https://host"),
        ("http = { url = \"https://x.example\", method = \"POTS\" }", "`POTS` is no method; allowed: `POST`"),
        ("run = [\"a\"]\ntimeout = \"100h\"", "must lie between"),
        ("run = [\"a\"]\nverify = { within = \"5s\" }", "needs `run"),
        ("run = [\"a\"]\nverify = { run = [\"b\"], json = \"$.x\" }", "needs `equals` beside it"),
        ("run = [\"a\\u0000b\"]", "NUL"),
    ] {
        let found = problems(&step(lines));
        assert!(found.iter().any(|problem| problem.contains(told)), "{lines}: {found:?}");
    }
}

#[test]
fn harmless_braces_and_local_addresses_pass() {
    for lines in [
        r#"run = ["kubectl", "get", "-o", "jsonpath={.status.phase}", "{to.version}-{to.sha}"]"#,
        r#"run = ["sh", "-c", "echo ${name} $(git rev-parse HEAD@{upstream}) {{.Name}} {plan}"]"#,
        r#"run = ["curl", "-d", '{"a":{"b":1}}']"#,
        r#"http = { url = "http://127.0.0.1:8080/back/{to.sha}" }"#,
        r#"http = { url = "http://[::1]:8080/" }"#,
        r#"http = { url = "http://deploy.example/", allow_http = true }"#,
    ] {
        parse(&step(lines), &at()).unwrap_or_else(|error| panic!("{lines}: {error}"));
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_printed() {
    for text in [
        "[[tests]]\nname = \"ci\"\ngithub = { repository = \"a/b\", token = \"ghp_S3CRET\" }\n",
        "[[tests]]\nname = \"ci\"\ngithub = { repository = \"a/b\", tokn = \"ghp_S3CRET\" }\n",
        "[production]\ndeployed = { url = \"https://x.example\", token = { value = \"ghp_S3CRET\" } }\n",
        "[[comms]]\nname = \"s\"\nslack = { webhook = \"https://hooks.example/S3CRET\" }\n",
        "[[comms]]\nname = \"s\"\nslack = { webhook = { env = 'a', file = 'S3CRET' } }\n",
        "[production]\ndeployed = { url = \"https://me:S3CRET@x.example\" }\n",
        "[canary]\nsource = { prometheus = \"https://p.example\", headers = { Authorization = \"Bearer S3CRET\" } }\n\
         baseline = \"b\"\ncanary = \"c\"\n[[canary.metrics]]\nname = \"errors\"\nbad = \"x\"\ntotal = \"y\"\n",
    ] {
        let told = errors(text);
        assert!(!told.contains("S3CRET"), "{told}");
    }
}

#[test]
fn text_that_could_steer_the_terminal_is_escaped_and_refused_in_names() {
    let told = errors("\"\u{202e}key\" = 1\n[[tests]]\nname = \"a\\u001b[2J\"\njunit = [\"x\"]\n");
    assert!(!told.contains('\u{202e}') && !told.contains('\u{1b}'), "{told:?}");
    assert!(told.contains("no characters that do not show"), "{told}");
}

#[test]
fn syntax_errors_name_their_place() {
    let told = errors("[canary\nsource = 1\n");
    assert!(told.starts_with("hotfix.toml:1:"), "{told}");
    assert!(errors(&format!("a = {}", "[".repeat(50_000))).contains("not TOML"));
    assert!(errors("trusted = true").contains("unknown key `trusted`"), "a file cannot trust itself");
    assert!(errors("include = [\"other.toml\"]").contains("unknown key `include`"));
}

#[test]
fn it_is_found_at_the_root_of_the_work_tree_alone() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    assert_eq!(find(&deep).unwrap(), None);
    fs::write(folder.path().join(FILE), "version = 1\n").unwrap();
    fs::write(deep.join(FILE), "nonsense = 1\n").unwrap();
    let loaded = find(&deep).unwrap().unwrap();
    assert_eq!(loaded.root, folder.path().canonicalize().unwrap());
    assert_eq!(loaded.config.version, Some(1));
}

#[test]
fn links_pipes_long_files_and_other_encodings_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let told = || find(folder.path()).unwrap_err().to_string();
    fs::create_dir(&path).unwrap();
    assert_eq!(told(), "hotfix.toml: is not a file");
    fs::remove_dir(&path).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    assert_eq!(told(), "hotfix.toml: is a symbolic link, which is not followed");
    fs::remove_file(&path).unwrap();
    fs::write(&path, vec![b'#'; LIMIT as usize + 1]).unwrap();
    assert_eq!(told(), "hotfix.toml: is longer than 256 KiB");
    fs::write(&path, b"# caf\xe9\n").unwrap();
    assert_eq!(told(), "hotfix.toml: is not UTF-8: byte 6");
}

proptest! {
    #![proptest_config(Cases { cases: 300, rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..Cases::default() })]

    /// C5, and everything else that could be typed at three in the morning: refused or read, never a panic.
    #[test]
    fn no_edit_of_a_good_file_brings_it_down(at in 0usize..1400, cut in 0usize..40, put in "[ -~\\n\u{e9}\u{202e}]{0,6}") {
        let good: Vec<char> = include_str!("design.toml").chars().collect();
        let at = at.min(good.len());
        let end = (at + cut).min(good.len());
        let text: String = good[..at].iter().copied().chain(put.chars()).chain(good[end..].iter().copied()).collect();
        if let Err(error) = parse(&text, Path::new("hotfix.toml")) {
            prop_assert!(!error.problems.is_empty());
            prop_assert!(!error.to_string().chars().any(|c| c != '\n' && text::is_dangerous(c)));
        }
    }

    #[test]
    fn numbers_out_of_bounds_are_refused(value in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), -1e300..=0.0, 1.0..1e300]) {
        let text = canary(&format!("false_alarm = {}", toml::Value::Float(value)));
        prop_assert!(parse(&text, Path::new("hotfix.toml")).is_err());
    }
}

#[test]
fn what_cannot_be_right_in_a_remote_test_source_is_told_where_it_stands() {
    for (source, told) in [
        ("github = { repository = \"checkout\" }", "3:25 write `owner/name`"),
        ("github = { repository = \"a/b\", api = \"ftp://x\" }", "3:38 an address begins with https://host"),
        ("github = { repository = \"a/b\", checks = [\" \"] }", "3:42 ` ` is no name"),
        (
            "github = { repository = \"a/b\", branch = \"release/*\" }",
            "3:41 write the name of one branch, such as `main`",
        ),
        ("github = { repository = \"a/b\", artifacts = [] }", "3:44 names none: leave it out, or name one"),
        ("gitlab = { project = \"checkout\" }", "3:22 write `group/name`, or the project's number"),
        ("jenkins = { job = \"https://ci/job/x\", user = \"ana\" }", "3:11 `user` and `token` go together"),
    ] {
        assert_eq!(problems(&format!("[[tests]]\nname = \"ci\"\n{source}\n")), [told]);
    }
    let both = "[[tests]]\nname = \"ci\"\njunit = [\"a.xml\"]\ngitlab = { project = \"7\" }\n";
    assert_eq!(problems(both), ["1:1 has `junit` and `gitlab`: make two [[tests]], each with its name"]);
}

#[test]
fn a_test_source_may_run_tests_and_excuse_some_for_a_while() {
    let text = r#"
version = 1
[[tests]]
name = "unit"
run = ["cargo", "nextest", "run"]
junit = ["target/nextest/*/junit.xml"]
timeout = "10m"
max_age = "8h"
flaky = "fail"
max_missing = 2
accept_tree_equal = true
quarantine = [{ test = "pool > drains", owner = "ana", ticket = "PAY-1", expires = "2026-12-31" }]
"#;
    let config = parse(text, &at()).unwrap().config;
    let source = &config.tests[0];
    assert_eq!(source.quarantine[0].expires.to_string(), "2026-12-31");
    assert_eq!((source.timeout.as_secs(), source.max_age.as_secs(), source.max_missing), (600, 28_800, 2));
    assert!(crate::config::uses::Uses::of(&config).runs[0].purpose.starts_with("tests unit"));
}

#[test]
fn a_test_source_that_cannot_be_right_says_where() {
    let of = |lines: &str| problems(&format!("[[tests]]\nname = \"unit\"\n{lines}"));
    assert!(of("")[0].contains("`run = "), "{:?}", of(""));
    assert!(of("run = []")[0].contains("needs a program"));
    assert!(of("run = [\"x\"]\nmax_missing = 101")[0].contains("percentage"));
    assert!(
        of("run = [\"x\"]\nflaky = \"maybe\"")[0].contains("flaky")
            || of("run = [\"x\"]\nflaky = \"maybe\"")[0].contains("maybe")
    );
    let quarantine =
        "run = [\"x\"]\nquarantine = [{ test = \"t\", owner = \"\", ticket = \"T\", expires = \"2026-12-31\" }]";
    assert!(of(quarantine)[0].contains("say something"), "{:?}", of(quarantine));
}

#[test]
fn several_ways_back_share_what_stands_above_them() {
    let text = "[rollback]\nto = \"v1\"\nverify = { run = [\"check\"] }\n\
         [[rollback.plan]]\nname = \"flag off\"\nkeeps_code = true\nneeds = [{ name = \"flag\", look = { run = [\"flag\", \"get\"] } }]\n\
         steps = [{ name = \"off\", run = [\"flag\", \"off\"] }]\n\
         [[rollback.plan]]\nengine = \"helm\"\nhelm = { release = \"r\", namespace = \"n\" }\nwindow = \"10m\"\n";
    let rollback = parse(text, &at()).unwrap().config.rollback.unwrap();
    let ways = rollback.ways();
    assert_eq!(ways.iter().map(|way| way.label()).collect::<Vec<_>>(), ["flag off", "helm"]);
    assert!(ways.iter().all(|way| way.to.as_deref() == Some("v1") && way.verify.is_some()));
    assert_eq!(rollback.places(), ["rollback.plan.0", "rollback.plan.1"]);
}

#[test]
fn a_plan_among_several_is_checked_like_one_alone() {
    let text = "[rollback]\nengine = \"helm\"\nhelm = { release = \"r\", namespace = \"n\" }\n\
         [[rollback.plan]]\nname = \"a\"\n[[rollback.plan]]\nname = \"b\"\n\
         steps = [{ name = \"go\", run = [\"x\"], manual = \"y\" }, { name = \"again\", run = [\"x\"], retries = 2 }]\n";
    let found = errors(text);
    for said in [
        "beside [[rollback.plan]] only `to`, `verify` and `artifact` may stand",
        "needs at least one [[rollback.plan.steps]]",
        "a step has one of `run`, `http` and `manual`",
        "only a step that says `idempotent = true` is tried again",
    ] {
        assert!(found.contains(said), "{said}\n{found}");
    }
}

#[test]
fn a_flag_has_one_keeper_and_a_name_that_fits_an_address() {
    let flag = |lines: &str| format!("[rollback]\nengine = \"flag\"\n[rollback.flag]\n{lines}\n");
    let flagd = "flagd = { file = \"flags.json\", flag = \"new-gateway\" }";
    assert!(parse(&flag(flagd), &at()).is_ok());
    let both = format!("{flagd}\nlaunchdarkly = {{ project = \"p\", environment = \"e\", flag = \"a/../b\" }}");
    let said = problems(&flag(&both)).join("\n");
    assert!(said.contains("exactly one of `unleash`, `launchdarkly` and `flagd`"), "{said}");
    assert!(said.contains("5:") && said.contains("has letters, digits"), "{said}");
    assert!(problems(&flag(&flagd.replace(".json", ".yaml")))[0].contains("must be a JSON file"));
}

#[test]
fn a_look_has_a_path_that_can_be_read_and_no_secret_among_its_headers() {
    let look = |more: &str| step(&format!("verify = {{ url = \"https://h.example/\", equals = \"1\", {more} }}"));
    assert!(parse(&look("json = \"$.runs[?search(@.title, '{plan}')].status\""), &at()).is_ok(), "it waits");
    assert!(problems(&look("json = \"$.runs[?\""))[0].contains("no path into JSON"));
    assert!(problems(&look("headers = { Authorization = \"Bearer x\" }"))[0].contains("a secret never stands"));
    let file = step("verify = { file = \"flags.json\", follow = \"$.a\" }");
    assert!(problems(&file)[0].contains("goes with `url` alone"));
}
