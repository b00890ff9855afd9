//! Path by path comes to the same as `git merge`.

use super::super::fixture::{Fixture, Random, lines};
use super::super::repository::Repo;
use super::merge;
use crate::evidence::Oid;

fn id(it: &Fixture, name: &str) -> Oid {
    Oid::parse(&it.id(name)).unwrap()
}

/// What git itself comes to: the conflicting paths, and those that the merge changes in `ours`.
fn by_git(it: &Fixture) -> (Vec<String>, Vec<String>) {
    it.git(&["checkout", "--quiet", "--force", "ours"]);
    it.try_git(&["merge", "--quiet", "--no-commit", "--no-ff", "theirs"]);
    let list = |args: &[&str]| -> Vec<String> {
        let mut list: Vec<String> = it.git(args).split('\0').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        list.sort();
        list.dedup();
        list
    };
    let conflicts = list(&["diff", "--name-only", "--diff-filter=U", "-z"]);
    let residual = list(&["diff", "--name-only", "--no-renames", "-z", "HEAD"]);
    it.try_git(&["merge", "--abort"]);
    it.git(&["reset", "--quiet", "--hard", "ours"]);
    (conflicts, residual)
}

fn edit(it: &Fixture, random: &mut Random, branch: &str) {
    it.git(&["checkout", "--quiet", "-b", branch, "v1.0.0"]);
    for file in 0..8 {
        let name = format!("f{file}.rs");
        let old = std::fs::read_to_string(it.path(&name)).unwrap();
        match random.below(8) {
            0 => std::fs::remove_file(it.path(&name)).unwrap(),
            1 => it.git(&["mv", &name, &format!("{branch}-{name}")]).clear(),
            2..=4 => {
                let line = format!("line {}\n", 1 + random.below(20));
                let new = format!("line {}\n", ["by either", branch][random.below(2) as usize]);
                it.write(&name, old.replacen(&line, &new, 1));
            }
            _ => {}
        }
    }
    it.write(&format!("new{}", random.below(3)), branch.get(..random.below(2) as usize).unwrap());
    it.commit(branch);
}

#[test]
fn on_generated_repositories() {
    for seed in 0..12 {
        let it = Fixture::empty();
        (0..8).for_each(|file| it.write(&format!("f{file}.rs"), format!("file {file}\n{}", lines(20))));
        it.commit("First");
        it.git(&["tag", "v1.0.0"]);
        let random = &mut Random::seed(seed);
        edit(&it, random, "ours");
        edit(&it, random, "theirs");
        let (conflicts, residual) = by_git(&it);
        let repo = Repo::open(&it.root).unwrap();
        let found = merge(&repo, &id(&it, "v1.0.0"), &id(&it, "ours"), &id(&it, "theirs")).unwrap();
        assert_eq!(found.conflicts.is_empty(), conflicts.is_empty(), "seed {seed}: {found:?} {conflicts:?}");
        if conflicts.is_empty() {
            let mut paths = found.residual.clone();
            paths.sort();
            assert_eq!(paths, residual, "seed {seed}");
        }
    }
}
