//! Nothing that a `hotfix.toml` names is run or contacted before a person trusted that exact content.

/// Proof that the configuration at hand was trusted: whatever runs, sends or authenticates asks for it.
#[derive(Debug, Clone, Copy)]
pub struct Permit(());

impl Permit {
    /// For the world that a drill made itself, on this machine.
    pub fn for_drill() -> Self {
        Self(())
    }
}
