//! What must hold in the world for a plan, besides what its engine refuses by itself: programs, rights, the artifact,
//! the time, and what the file names. Nothing is changed by asking.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::timeout;

use super::super::look::{self, Eyes, Seen};
use super::super::remote_lock::{self, Standing};
use super::super::revert;
use super::{LIMIT, NOT_TRUSTED, SHOWN};
use crate::config::program;
use crate::config::schema::{Need, Rollback, SharedLock, Unreachable, Verify};
use crate::evidence::text::{clean, clean_bytes, fit};
use crate::rollback::choice::{Held, Needed, on_time};
use crate::rollback::engine::{self, Right};
use crate::rollback::model::{Plan, StepAction};
use crate::rollback::plan::{self, Contents};

/// How much of an answer to a question of rights is read, in bytes.
const PRINTED: u64 = 4 << 10;

/// Everything that must hold for a plan, which was made of these answers.
pub(super) async fn of(
    eyes: Option<&Eyes>,
    root: &Path,
    way: &Rollback,
    plan: &Plan,
    (contents, answers): (&Contents, &[Value]),
) -> Vec<Needed> {
    let mut needs = programs(root, plan);
    let images = engine::images(way, contents, answers);
    // Each waits for a server or a command of its own: together they take as long as the slowest.
    let (rights, pushes, artifact, clock, named) = tokio::join!(
        rights(eyes, way),
        pushes(eyes, plan),
        artifact(eyes, way, contents, &images),
        clock(eyes, plan),
        named(eyes, &way.needs, contents),
    );
    needs.extend(rights.into_iter().chain(pushes).chain(artifact).chain([clock]).chain(named));
    needs
}

fn needed(name: impl Into<String>, held: Held) -> Needed {
    Needed { name: name.into(), held }
}

/// The programs of a plan: where each is, or that it is not on this machine.
fn programs(root: &Path, plan: &Plan) -> Vec<Needed> {
    let name = |action: &StepAction| match action {
        StepAction::Run(argv) => argv.first().cloned(),
        StepAction::GitRevertPush(_) => Some("git".to_owned()),
        StepAction::SalesforceDeploy(_) => Some("sf".to_owned()),
        _ => None,
    };
    let names: BTreeSet<String> = plan.steps.iter().filter_map(|step| name(&step.action)).collect();
    let found = |name: String| {
        let held = match program::find(&name, root) {
            Ok(path) => Held::Yes(clean(&path.display().to_string())),
            Err(why) => Held::No(clean(&why)),
        };
        needed(format!("`{}` here", clean(&name)), held)
    };
    names.into_iter().map(found).collect()
}

/// Whether the cluster would let us: it is asked the question that it asks itself when it is done.
async fn rights(eyes: Option<&Eyes>, way: &Rollback) -> Vec<Needed> {
    let mut needs = Vec::new();
    for Right { name, argv } in engine::rights(way) {
        let held = match eyes {
            None => Held::Unknown(NOT_TRUSTED.into()),
            Some(eyes) if program::find(&argv[0], &eyes.directory).is_err() => {
                Held::Unasked(format!("`{}` is not here to ask the cluster", clean(&argv[0])))
            }
            Some(eyes) => may(eyes, &argv).await,
        };
        needs.push(needed(clean(&name), held));
    }
    needs
}

/// `yes` and 0, or `no` and 1; anything else is no answer.
async fn may(eyes: &Eyes, argv: &[String]) -> Held {
    let ran = timeout(LIMIT, look::run(&eyes.directory, argv, PRINTED)).await;
    let (code, printed) = match ran {
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => return Held::Unknown(why),
        Err(_) => return Held::Unknown(format!("no answer within {} s", LIMIT.as_secs())),
    };
    let words = fit(clean_bytes(printed.trim_ascii()).trim(), SHOWN);
    match (code, words.split_whitespace().next()) {
        (Some(0), Some("yes")) => Held::Yes("the cluster says yes".into()),
        (Some(1), Some("no")) => Held::No(format!("the cluster says {words}")),
        _ => Held::Unknown(if words.is_empty() { "the cluster says nothing".into() } else { words }),
    }
}

/// Whether the remote would take a push, up to the rules of the branch, which it tells when it is pushed to.
async fn pushes(eyes: Option<&Eyes>, plan: &Plan) -> Vec<Needed> {
    let reverts = plan.steps.iter().filter_map(|step| match &step.action {
        StepAction::GitRevertPush(revert) => Some(revert),
        _ => None,
    });
    let mut needs = Vec::new();
    for it in reverts {
        let held = match eyes {
            Some(eyes) => revert::may_push(&eyes.directory, it).await,
            None => Held::Unknown(NOT_TRUSTED.into()),
        };
        needs.push(needed(format!("the right to push {}", clean(it.goes_to())), held));
    }
    needs
}

/// Whether what it goes back to can still be had.
async fn artifact(eyes: Option<&Eyes>, way: &Rollback, contents: &Contents, images: &[String]) -> Vec<Needed> {
    let Some(look) = &way.artifact else {
        // Worth a word where there is something to ask for; other engines found it already when they made the plan.
        let unasked = || Held::Unasked("`artifact` names no command that tells whether it can still be pulled".into());
        return images.iter().map(|image| needed(format!("the image {}", clean(image)), unasked())).collect();
    };
    if !look.names_image() {
        return vec![needed("the artifact there", held(eyes, look, contents).await)];
    }
    let mut needs = Vec::new();
    for image in images {
        let name = format!("the image {}", clean(image));
        let held = match is_image(image) {
            true => held(eyes, &look.with_image(image), contents).await,
            false => Held::Unknown("its name is not fit for an argument".into()),
        };
        needs.push(needed(name, held));
    }
    needs
}

/// Registries, names, tags and digests have these characters; braces would be placeholders, a dash an option.
fn is_image(image: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._/+-@:".contains(c);
    image.starts_with(|c: char| c.is_ascii_alphanumeric()) && image.chars().all(allowed)
}

/// Whether this machine has the time. Any server that answered tells; where none did yet, the one of the last look.
async fn clock(eyes: Option<&Eyes>, plan: &Plan) -> Needed {
    if let (Some(eyes), Some(verify)) = (eyes, &plan.verify)
        && let (None, Some(url)) = (eyes.http.clock(), &verify.url)
    {
        let _only_for_its_date = timeout(LIMIT, look::fetch(eyes, url, verify)).await;
    }
    needed("the time here", on_time(eyes.and_then(|eyes| eyes.http.clock()).as_ref()))
}

/// What the file names.
async fn named(eyes: Option<&Eyes>, needs: &[Need], contents: &Contents) -> Vec<Needed> {
    let mut found = Vec::new();
    for need in needs {
        found.push(needed(clean(&need.name), held(eyes, &need.look, contents).await));
    }
    found
}

async fn held(eyes: Option<&Eyes>, look: &Verify, contents: &Contents) -> Held {
    let Some(eyes) = eyes else { return Held::Unknown(NOT_TRUSTED.into()) };
    let look = match plan::filled(look, contents) {
        Ok(look) => look,
        Err(problem) => return Held::Unknown(problem.to_string()),
    };
    match look::look_once(eyes, &look).await {
        Seen::Holds(what) => Held::Yes(what),
        Seen::Differs(what) | Seen::Failed(what) => Held::No(what),
        Seen::Cannot(what) => Held::Unknown(what),
    }
}

/// Whether no other machine rolls back.
pub(super) async fn alone(eyes: Option<&Eyes>, lock: &SharedLock, now: Timestamp) -> Needed {
    let held = match eyes {
        None => Held::Unknown(NOT_TRUSTED.into()),
        Some(eyes) => match remote_lock::standing(&eyes.directory, lock, now).await {
            Ok(Standing::Free) => Held::Yes(format!("nobody holds the lock at {}", lock.remote)),
            Ok(Standing::Ours(_)) => Held::Yes("the lock is this machine's own".into()),
            Ok(Standing::Theirs(_, words)) => Held::No(words),
            Err(why) if lock.unreachable == Unreachable::GoOn => Held::Yes(format!("{why}: it goes on without")),
            Err(why) => Held::Unknown(why),
        },
    };
    needed("alone", held)
}
