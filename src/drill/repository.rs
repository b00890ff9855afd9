//! The git repository of the occasion: a small service, its tags, and the branch of the hotfix.
//!
//! Made with fixed names, addresses and dates relative to the start of the drill, so that the same start
//! gives the same object ids.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use git2::{BranchType, Repository as Git, RepositoryInitOptions, Signature, Time};
use jiff::Timestamp;

use super::scenario::Scenario;
use super::world::OLDER;
use crate::evidence::Oid;

/// A repository that was made, with its origin beside it.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its work tree.
    pub root: PathBuf,
    /// The commits of the versions that the scenario names.
    pub commits: BTreeMap<String, Oid>,
    /// The tip of the hotfix branch.
    pub head: Oid,
    /// The branch of the hotfix.
    pub branch: String,
}

/// Why the world could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct SetupError {
    /// What failed, and where.
    pub what: String,
}

impl From<git2::Error> for SetupError {
    fn from(error: git2::Error) -> Self {
        Self { what: format!("the drill's repository could not be made: {}", error.message()) }
    }
}

impl From<std::io::Error> for SetupError {
    fn from(error: std::io::Error) -> Self {
        Self { what: format!("the drill's folder could not be written: {error}") }
    }
}

/// Where the pretended CI writes its report, below the repository's root.
pub const REPORT: &str = "reports/unit.xml";

const ANA: (&str, &str) = ("Ana Marin", "ana@checkout.example");
const BO: (&str, &str) = ("Bo Lind", "bo@checkout.example");
/// The file that the fix changes.
pub(super) const PAYMENT: &str = "checkout/payment.py";
const PAYMENT_TEST: &str = "tests/test_payment.py";

/// Makes the repository below `folder`, for a drill that starts at `epoch`.
///
/// # Errors
/// When the folder cannot be written.
pub fn make(folder: &Path, scenario: &Scenario, epoch: Timestamp) -> Result<Made, SetupError> {
    let root = folder.join("checkout");
    let git = Git::init_opts(&root, RepositoryInitOptions::new().initial_head("main").external_template(false))?;
    let author = Author { git: &git, root: &root, start: epoch.as_second() };
    let older = author.first_release()?;
    let stable = author.second_release(&scenario.service.stable.version)?;
    let develop = author.development(scenario)?;
    let branch = format!("hotfix/{}", scenario.incident.title);
    let head = author.hotfix(&branch, scenario, stable, develop)?;
    author.publish(folder, &branch)?;
    let commits =
        [(OLDER, older), (&scenario.service.stable.version, stable), (&scenario.service.canary.version, head)];
    let commits = commits.into_iter().map(|(name, oid)| (name.to_owned(), full(oid))).collect();
    Ok(Made { root, commits, head: full(head), branch })
}

fn full(oid: git2::Oid) -> Oid {
    Oid::parse(&oid.to_string()).expect("git2 prints full object ids")
}

struct Author<'a> {
    git: &'a Git,
    root: &'a Path,
    start: i64,
}

impl Author<'_> {
    fn first_release(&self) -> Result<git2::Oid, SetupError> {
        self.write("README.md", "# checkout\n\nTakes carts, gives receipts.\n")?;
        self.write("checkout/cart.py", CART)?;
        self.write("checkout/__init__.py", "")?;
        self.commit(BO, "Price carts", 60 * 24 * 9)?;
        self.write(PAYMENT, PAYMENT_ONCE)?;
        self.write(PAYMENT_TEST, TEST_ONCE)?;
        let oid = self.commit(ANA, "Take payments", 60 * 24 * 7)?;
        self.tag(OLDER, oid, 60 * 24 * 7)?;
        Ok(oid)
    }

    fn second_release(&self, version: &str) -> Result<git2::Oid, SetupError> {
        self.write("checkout/cart.py", &CART.replace("round(total, 2)", "max(0, round(total, 2))"))?;
        let oid = self.commit(BO, "Never let a coupon make a cart negative", 60 * 24 * 2)?;
        self.tag(version, oid, 60 * 24 * 2)?;
        Ok(oid)
    }

    fn development(&self, scenario: &Scenario) -> Result<git2::Oid, SetupError> {
        self.write("checkout/receipt.py", RECEIPT)?;
        self.commit(BO, "Start on receipts by mail", 60 * 20)?;
        if scenario.repository.back_merge_conflict {
            self.write(PAYMENT, PAYMENT_MOVED)?;
            self.commit(BO, "Take the bank's address from the settings", 60 * 18)?;
        }
        let mut oid = self.git.head()?.peel_to_commit()?.id();
        for number in 1..=scenario.repository.foreign_commits.max(1) {
            self.write(&format!("checkout/mail_{number}.py"), &RECEIPT.repeat(75))?;
            oid = self.commit(BO, &format!("Write mail, part {number}"), 60 * 17 - i64::from(number) * 40)?;
        }
        Ok(oid)
    }

    fn hotfix(
        &self,
        branch: &str,
        scenario: &Scenario,
        stable: git2::Oid,
        develop: git2::Oid,
    ) -> Result<git2::Oid, SetupError> {
        self.git.branch(branch, &self.git.find_commit(stable)?, true)?;
        self.check_out(branch)?;
        let key = scenario.incident.ticket.as_deref().map_or_else(String::new, |key| format!("{key}: "));
        if scenario.repository.foreign_commits > 0 {
            self.merge(develop)?;
        }
        self.write(PAYMENT, PAYMENT_RETRIED)?;
        self.commit(ANA, &format!("{key}Retry a payment that the bank answered with 502"), 34)?;
        self.write(PAYMENT_TEST, TEST_RETRIED)?;
        self.commit(ANA, &format!("{key}Prove that a payment survives one 502"), 29)
    }

    fn merge(&self, other: git2::Oid) -> Result<(), SetupError> {
        let (ours, theirs) = (self.git.head()?.peel_to_commit()?, self.git.find_commit(other)?);
        let mut index = self.git.merge_commits(&ours, &theirs, None)?;
        let tree = self.git.find_tree(index.write_tree_to(self.git)?)?;
        let who = self.signature(ANA, 50)?;
        let message = "Merge main to get the build green";
        self.git.commit(Some("HEAD"), &who, &who, message, &tree, &[&ours, &theirs])?;
        self.git.checkout_head(Some(git2::build::CheckoutBuilder::new().force()))?;
        Ok(())
    }

    /// Pushes everything to an origin beside the repository, and lets the local branches follow it.
    fn publish(&self, folder: &Path, branch: &str) -> Result<(), SetupError> {
        let origin = folder.join("origin.git");
        Git::init_opts(&origin, RepositoryInitOptions::new().bare(true).initial_head("main").external_template(false))?;
        let mut remote = self.git.remote("origin", &origin.display().to_string())?;
        let heads = ["main", branch].map(|name| format!("refs/heads/{name}:refs/heads/{name}"));
        let tags = self.git.tag_names(None)?;
        let tags = tags.iter().flatten().flatten().map(|tag| format!("refs/tags/{tag}:refs/tags/{tag}"));
        let all: Vec<String> = heads.into_iter().chain(tags).collect();
        remote.push(&all, None)?;
        remote.fetch(&["+refs/heads/*:refs/remotes/origin/*"], None, None)?;
        for name in ["main", branch] {
            self.git.find_branch(name, BranchType::Local)?.set_upstream(Some(&format!("origin/{name}")))?;
        }
        fs::write(self.root.join(".git/info/exclude"), "/hotfix.toml\n/reports/\n")?;
        fs::create_dir_all(self.root.join("reports"))?;
        Ok(())
    }

    fn write(&self, path: &str, text: &str) -> Result<(), SetupError> {
        let path = self.root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(path, text)?)
    }

    /// Commits everything, as it was `minutes` before the start.
    fn commit(&self, who: (&str, &str), message: &str, minutes: i64) -> Result<git2::Oid, SetupError> {
        let mut index = self.git.index()?;
        index.add_all(["."], git2::IndexAddOption::DEFAULT, None)?;
        index.write()?;
        let tree = self.git.find_tree(index.write_tree()?)?;
        let who = self.signature(who, minutes)?;
        let parent = self.git.head().ok().and_then(|head| head.peel_to_commit().ok());
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        Ok(self.git.commit(Some("HEAD"), &who, &who, message, &tree, &parents)?)
    }

    fn tag(&self, name: &str, oid: git2::Oid, minutes: i64) -> Result<(), SetupError> {
        let who = self.signature(BO, minutes - 10)?;
        self.git.tag(name, self.git.find_commit(oid)?.as_object(), &who, &format!("Release {name}"), false)?;
        Ok(())
    }

    fn check_out(&self, branch: &str) -> Result<(), SetupError> {
        self.git.set_head(&format!("refs/heads/{branch}"))?;
        self.git.checkout_head(Some(git2::build::CheckoutBuilder::new().force()))?;
        Ok(())
    }

    fn signature(&self, (name, address): (&str, &str), minutes: i64) -> Result<Signature<'static>, SetupError> {
        Ok(Signature::new(name, address, &Time::new(self.start - minutes * 60, 0))?)
    }
}

const CART: &str = "def total(cart):\n    total = sum(line.price * line.count for line in cart.lines)\n    for coupon in cart.coupons:\n        total -= coupon.value\n    return round(total, 2)\n";
const RECEIPT: &str = "def receipt(order):\n    lines = [f\"{line.count} x {line.name}\" for line in order.lines]\n    return \"\\n\".join(lines)\n\n\n";
const PAYMENT_ONCE: &str = "import bank\n\n\ndef pay(order):\n    answer = bank.charge(order.account, order.total)\n    if answer.status != 200:\n        raise PaymentFailed(answer.status)\n    return answer.receipt\n\n\nclass PaymentFailed(Exception):\n    pass\n";
const PAYMENT_MOVED: &str = "import bank\nimport settings\n\n\ndef pay(order):\n    answer = bank.at(settings.BANK).charge(order.account, order.total)\n    if answer.status >= 400:\n        raise PaymentFailed(answer.status)\n    return answer.receipt\n\n\nclass PaymentFailed(Exception):\n    pass\n";
/// The fix: it retries, and is too impatient.
pub(super) const PAYMENT_RETRIED: &str = "import bank\n\nATTEMPTS = 2\nPATIENCE_S = 0.2\n\n\ndef pay(order):\n    for attempt in range(ATTEMPTS):\n        answer = bank.charge(order.account, order.total, timeout=PATIENCE_S)\n        if answer.status == 200:\n            return answer.receipt\n        if answer.status != 502:\n            break\n    raise PaymentFailed(answer.status)\n\n\nclass PaymentFailed(Exception):\n    pass\n";
const TEST_ONCE: &str =
    "from checkout.payment import pay\n\n\ndef test_pays(bank, order):\n    bank.answers(200)\n    assert pay(order)\n";
const TEST_RETRIED: &str = "from checkout.payment import pay\n\n\ndef test_pays(bank, order):\n    bank.answers(200)\n    assert pay(order)\n\n\ndef test_survives_one_502(bank, order):\n    bank.answers(502, 200)\n    assert pay(order)\n";

#[cfg(test)]
#[path = "repository_tests.rs"]
mod tests;
