use std::fs;
use std::path::PathBuf;

use clap::ValueEnum;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, RngSeed};

use super::detect::{Found, look, tag_glob};
use super::*;
use crate::config::schema::{Engine, Rollback};
use crate::config::uses::Uses;

fn parse(text: &str) -> crate::config::Loaded {
    load::parse(text, &PathBuf::from("/repo/hotfix.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn found() -> Found {
    Found { service: "checkout".into(), ..Found::default() }
}

#[test]
fn every_preset_holds_and_this_version_acts_on_all_of_it() {
    for preset in Preset::value_variants() {
        let config = parse(preset.text()).config;
        let is_verified = |it: Rollback| it.verify.is_some() || it.engine != Engine::Steps;
        assert!(config.rollback.is_some_and(is_verified), "{preset:?}: an engine looks by itself");
        let drafted = parse(&draft::write(&found(), Some(*preset), None, false));
        assert!(!drafted.text.contains("SERVICE"), "{preset:?}");
        assert!(!Uses::of(&drafted.config).is_empty());
    }
}

#[test]
fn without_a_preset_nothing_would_be_run_or_contacted() {
    for preset in [None, Some(Preset::Helm)] {
        let drafted = parse(&draft::write(&Found { preset, ..found() }, None, None, false));
        assert!(Uses::of(&drafted.config).is_empty());
        assert_eq!(drafted.config.production.reference.as_deref(), Some("v*"));
        assert_eq!(drafted.config.git.targets, ["main"]);
    }
}

#[test]
fn every_recipe_is_drafted_with_its_parameters_named() {
    for name in recipe::names() {
        let recipe = recipe::find(name).unwrap();
        let text = draft::write(&found(), None, None, true) + &draft::by_recipe(&found(), name, &recipe);
        let rollback = parse(&text).config.rollback.unwrap();
        assert!(!rollback.steps.is_empty() && rollback.verify.is_some(), "{name}");
        assert!(!text.contains("SERVICE"), "{name}");
        assert!(recipe.params.iter().all(|param| text.contains(&param.about)), "{name}");
    }
}

/// Every part of the draft that is a comment holds as well once the comment signs are gone.
#[test]
fn the_comments_hold_when_they_are_taken_away() {
    let text = draft::write(&Found { github: Some("acme/checkout".into()), ..found() }, None, None, false);
    let is_code = |line: &str| {
        let line = line.trim_start_matches("# ");
        line.starts_with('[')
            || line.split_once(" = ").is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    };
    let bare: String =
        text.lines().filter(|line| is_code(line)).map(|line| format!("{}\n", line.trim_start_matches("# "))).collect();
    let config = parse(&bare).config;
    assert!(config.production.deployed.is_some() && config.rollback.is_some());
    assert_eq!(config.tests.len(), 2);
}

#[test]
fn a_draft_for_a_gradle_service_on_github() {
    let found = Found {
        service: "checkout".into(),
        tags: Some("release-*".into()),
        targets: vec!["main".into(), "release/*".into()],
        remote: Some("upstream".into()),
        github: Some("acme/checkout".into()),
        junit: vec!["**/build/test-results/**/*.xml".into()],
        ci: vec!["GitHub Actions"],
        preset: Some(Preset::Kubernetes),
        ..Found::default()
    };
    insta::assert_snapshot!(draft::write(&found, None, None, false));
}

#[test]
fn version_tags_are_told_from_other_tags() {
    let glob = |tags: &[&str]| tag_glob(tags.iter().copied());
    assert_eq!(glob(&["v1.0.0", "v1.0.1", "nightly-2026", "old"]).as_deref(), Some("v*"));
    assert_eq!(glob(&["1.0", "1.1.0-rc1"]).as_deref(), Some("[0-9]*"));
    assert_eq!(glob(&["checkout-1.2.0", "checkout-1.3.0", "v1.0.0"]).as_deref(), Some("checkout-*"));
    assert_eq!(glob(&["build-7", "latest"]), None);
    assert_eq!(glob(&["x*?[1.2"]), None);
}

#[test]
fn a_repository_tells_how_its_service_is_tested_and_deployed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    assert_eq!(look(folder.path()).preset, None);
    write("node_modules/x/Chart.yaml", "");
    assert_eq!(look(folder.path()).preset, None, "other people's files do not count");
    write("deploy/k8s/app.yaml", "apiVersion: apps/v1\nkind: Deployment\n");
    assert_eq!(look(folder.path()).preset, Some(Preset::Kubernetes));
    write("charts/checkout/Chart.yaml", "name: checkout\n");
    assert_eq!(look(folder.path()).preset, Some(Preset::Helm));
    write("deploy/rollout.yml", "kind: Rollout\r\n");
    assert_eq!(look(folder.path()).preset, Some(Preset::ArgoRollouts));
    write("sfdx-project.json", "{}");
    write("pom.xml", "");
    write(".github/workflows/ci.yml", "");
    let found = look(folder.path());
    assert_eq!(found.preset, Some(Preset::Salesforce));
    assert_eq!(found.junit, ["**/target/surefire-reports/*.xml", "test-results/*-junit.xml"]);
    assert_eq!(found.ci, ["GitHub Actions"]);
}

proptest! {
    #![proptest_config(Cases { cases: 64, rng_seed: RngSeed::Fixed(9), failure_persistence: None, ..Cases::default() })]

    /// Whatever a repository calls its tags, branches and remotes, the draft is a configuration.
    #[test]
    fn any_names_give_a_draft_that_holds(tag in r"[^*\[{}\\]{0,12}", target in r"[^*\[{}\\]{0,12}", remote in ".{0,12}") {
        let found = Found {
            tags: Some(tag),
            targets: vec![target],
            remote: Some(remote.clone()),
            github: Some(remote),
            ..found()
        };
        let text = draft::write(&found, None, None, false);
        prop_assert!(load::parse(&text, &PathBuf::from("hotfix.toml")).is_ok(), "{}", text);
    }
}
