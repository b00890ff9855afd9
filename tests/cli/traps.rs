//! What goes wrong when production goes back, engine by engine, and the test that holds each: a trap without one fails here.

use std::fs;
use std::path::Path;

/// Who rolls back, what goes wrong, and the test that holds it.
const TRAPS: &[(&str, &str, &str, &str)] = &[
    // What a look at the tools themselves brought up.
    (
        "helm",
        "without a revision it goes to the one before, even if that failed",
        REAL_HELM,
        "and_not_to_the_one_before",
    ),
    ("kubectl", "undone twice it brings the bad version again", CLUSTER, "never_forth_again"),
    ("argo-rollouts", "an abort after full promotion is dropped silently", CLUSTER, PROMOTED),
    (
        "argo-rollouts",
        "two operators promote, and a step is skipped",
        CLUSTER,
        "two_operators_cannot_skip_a_step_together",
    ),
    ("screen", "a terminal does what data says", HOSTILE, "nothing_fires_and_nothing_raw_reaches_the_terminal"),
    (
        "git",
        "a repository's own configuration runs programs",
        HOSTILE,
        "nothing_fires_and_nothing_raw_reaches_the_terminal",
    ),
    ("key", "a paste fires", GUARD, "no_paste_without_brackets_fires"),
    ("key", "a held key fires", GUARD, "no_held_key_fires"),
    ("key", "a habit fires", GUARD, "no_habit_fires"),
    // Kubernetes.
    (
        "kubectl",
        "replicas, configuration and services do not come back",
        ENGINES,
        "what_an_undo_leaves_as_it_is_is_told",
    ),
    ("kubectl", "a paused deployment refuses", CLUSTER, "a_paused_deployment_is_resumed_first"),
    ("kubectl", "no history is kept", ENGINES, "there_is_no_plan_without_a_revision_to_go_back_to"),
    ("kubectl", "the change-cause is copied, and lies", ENGINES, "a_change_cause_is_copied_by_an_undo"),
    ("kubectl", "GitOps applies the bad version again", CLUSTER, "automatic_sync_is_suspended_before_anything_else"),
    // Argo Rollouts.
    (
        "argo-rollouts",
        "after an abort the spec is still the bad one",
        CLUSTER,
        "a_canary_is_aborted_and_its_template_put_back",
    ),
    ("argo-rollouts", "an undo goes through all steps again", CLUSTER, PROMOTED),
    (
        "argo-rollouts",
        "an abort of the main resource changes nothing",
        CLUSTER,
        "a_canary_is_aborted_and_its_template_put_back",
    ),
    (
        "argo-rollouts",
        "what is fired is not what was shown",
        CLUSTER,
        "a_canary_that_was_promoted_meanwhile_is_not_aborted",
    ),
    ("argo-rollouts", "the template is elsewhere", ENGINES, "a_rollout_whose_template_is_elsewhere_is_refused"),
    (
        "argo-rollouts",
        "aborted is said because it was asked for",
        ROLLOUT,
        "aborted_is_said_by_the_watched_status_alone",
    ),
    // Helm.
    (
        "helm",
        "an operation that never ended is in the way",
        REAL_HELM,
        "an_operation_that_was_killed_is_healed_by_going_back",
    ),
    ("helm", "the history was pruned, or holds failures alone", ENGINES, "a_chart_has_a_version_too"),
    // GitOps.
    ("argo-cd", "automatic sync is on, and it refuses", GITOPS, "argo_cd_loses_its_automatic_sync"),
    ("argo-cd", "a parent turns automatic sync on again", GITOPS, "what_would_take_it_up_again_is_named"),
    ("argo-cd", "an earlier operation is taken for ours", GITOPS, "is_told_apart_by_the_plan"),
    ("flux", "it applies the bad version again", GITOPS, "flux_is_suspended_before_the_undo"),
    ("git-revert", "it conflicts with what came after", REVERT, "what_cannot_be_taken_back_is_known_before_the_key"),
    ("git-revert", "a merge needs a mainline", REVERT, "a_merge_is_taken_back_like_any_other_commit"),
    ("git-revert", "somebody else pushes meanwhile", REVERT, "a_branch_that_somebody_moved_meanwhile_is_left_alone"),
    ("git-revert", "the branch is protected", REVERT, "a_protected_branch_refuses_a_push_and_the_way_out_is_told"),
    ("git-revert", "checks and reviews are required", REVERT, "a_pull_request_is_opened_and_its_merge_awaited"),
    // GitHub.
    ("github-actions", "a dispatch names no run", GITHUB, "found_by_the_plan_among_those_that_came_later"),
    (
        "github-actions",
        "it queues behind the deploy, and is evicted",
        GITHUB,
        "queues_that_could_hold_it_up_or_evict_it_are_named",
    ),
    (
        "github-actions",
        "an environment waits for reviewers",
        GITHUB,
        "queues_that_could_hold_it_up_or_evict_it_are_named",
    ),
    ("github-actions", "a dispatch is repeated", GITHUB, "a_run_is_dispatched_once"),
    // Recipes: each to an explicit version, which is seen there.
    ("flagger", "the gate stays open for the next canary", RECIPES, "POST /rollback/close"),
    ("spinnaker", "the execution of another is taken for ours", RECIPES, "\"hotfix\": \"another\""),
    ("codedeploy", "the version before is not the last good one", RECIPES, "key=v2.4.0.zip,bundleType=zip"),
    ("ecs", "the task definition before is not the last good one", RECIPES, "task-definition/shop:41"),
    ("nomad", "the version is gone", RECIPES, "a_recipe_whose_target_is_gone_has_no_plan_and_says_why"),
    ("nomad", "a version that never was stable is the newest", RECIPES, "\"Version\":8,\"Stable\":false"),
    ("heroku", "a release that only set variables is the one before", RECIPES, "Set X config vars"),
    ("vercel", "the alias is still moving", RECIPES, "\"jobStatus\": \"succeeded\""),
    ("fly", "there is no rollback, and the image is named", RECIPES, "--image=registry.fly.io/shop:v2.4.0"),
    ("symlink", "a link is replaced in two moments", RECIPES, "mv -T /srv/shop/next /srv/shop/current"),
    ("symlink", "one of several hosts is dead", SSHD, "nothing_is_switched_anywhere_where_one_host_does_not_answer"),
    ("symlink", "the release was pruned", SSHD, "a_release_that_was_pruned_is_seen_before_anything_is_switched"),
    // Flags.
    ("flag", "it means something else by now", "src/rollback/engine/flag.rs", "a reused one turns something else off"),
    ("flag", "it is off already, archived or unknown", FLAG, "a_flag_that_is_off_archived_or_unknown_is_no_way_back"),
    ("flag", "an approval refuses", EXECUTOR, "a_refusal_did_nothing_and_a_broken_answer_leaves_a_doubt"),
    // Salesforce.
    (
        "salesforce",
        "an org keeps nothing of what was there before",
        SALESFORCE,
        "is_made_of_git_and_validated_while_there_is_time",
    ),
    ("salesforce", "what was added has to be deleted", PACKAGE, "what_was_added_goes"),
    ("salesforce", "flows and picklist values do not come back", PACKAGE, "what_no_deployment_takes_back_is_told"),
    ("salesforce", "a validation is void after any deployment", SALESFORCE, "another_deployment_voids_a_validation"),
    ("salesforce", "the exit code says that all is well", SALESFORCE, "what_the_org_says_counts_and_no_exit_code"),
    // Schema.
    ("schema", "the old code does not run on it", "src/rollback/plan/tests.rs", "what_git_cannot_tell_is_never_clean"),
    // All of them.
    ("all", "an exit code is taken for the world", EXECUTOR, "an_exit_code_alone_verifies_nothing"),
    (
        "all",
        "a step takes effect twice",
        "src/rollback/executor/tests/crash.rs",
        "no_step_takes_effect_twice_whenever_the_cockpit_dies",
    ),
];

const CLUSTER: &str = "tests/cli/cluster.rs";
const ENGINES: &str = "src/rollback/engine/tests.rs";
const EXECUTOR: &str = "src/rollback/executor/tests.rs";
const FLAG: &str = "src/rollback/engine/flag/tests.rs";
const GITHUB: &str = "src/rollback/engine/github/tests.rs";
const GITOPS: &str = "src/rollback/engine/gitops/tests.rs";
const GUARD: &str = "src/rollback/guard/tests.rs";
const REAL_HELM: &str = "tests/cli/cluster/helm.rs";
const HOSTILE: &str = "tests/cli/hostile.rs";
const PACKAGE: &str = "src/rollback/salesforce/package/tests.rs";
const RECIPES: &str = "tests/cli/recipes.rs";
const REVERT: &str = "src/rollback/executor/tests/revert.rs";
const ROLLOUT: &str = "src/rollback/rollout/tests.rs";
const SALESFORCE: &str = "tests/cli/salesforce.rs";
const SSHD: &str = "tests/cli/sshd.rs";
const PROMOTED: &str = "after_full_promotion_nothing_is_aborted_and_the_old_template_is_promoted_at_once";

#[test]
fn each_trap_is_held_by_a_test() {
    for (engine, trap, file, words) in TRAPS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{engine}, {trap}: {file}: {error}"));
        assert!(text.contains(words), "{engine}, {trap}: {file} has no {words}");
    }
}
