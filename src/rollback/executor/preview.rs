//! The plan that was printed last, kept so that a refusal can say what is different now.

use std::fs;
use std::path::{Path, PathBuf};

use crate::rollback::model::Plan;

fn file(state: &Path) -> PathBuf {
    state.join("rollback.preview.json")
}

/// Keeps a plan; a courtesy, so that failing does no harm.
pub fn keep(state: &Path, plan: &Plan) {
    if let (true, Ok(text)) = (state.is_dir(), serde_json::to_vec(plan)) {
        let _forgone = fs::write(file(state), text);
    }
}

/// The plan that was kept last, if it has this hash, or one that begins so.
pub fn kept(state: &Path, hash: &str) -> Option<Plan> {
    let plan: Plan = serde_json::from_slice(&fs::read(file(state)).ok()?).ok()?;
    plan.hash().starts_with(hash).then_some(plan)
}
