use super::super::fixture::{Fixture, Random};
use super::super::repository::Repo;
use super::{by_command, differing};
use crate::evidence::Oid;

/// Both ways of comparing trees say the same, on trees where files become folders and the other way round.
#[test]
fn libgit2_and_git_tell_the_same() {
    let it = Fixture::empty();
    let random = &mut Random::seed(7);
    let mut commits = Vec::new();
    for _ in 0..12 {
        for _ in 0..8 {
            let name = ["a", "a/b", "a.c", "a-b", "d/e/f", "d/e", "d.e/f", "z"][random.below(8) as usize];
            let path = it.path(name);
            let above = path
                .ancestors()
                .skip(1)
                .take_while(|above| *above != it.root)
                .find(|above| above.symlink_metadata().is_ok_and(|meta| !meta.is_dir()));
            if let Some(file) = above {
                std::fs::remove_file(file).unwrap();
            }
            if path.is_dir() {
                std::fs::remove_dir_all(&path).unwrap();
            }
            match random.below(4) {
                0 => drop(std::fs::remove_file(&path)),
                1 => {
                    std::fs::remove_file(&path).ok();
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::os::unix::fs::symlink("x", &path).unwrap();
                }
                n => {
                    std::fs::remove_file(&path).ok();
                    it.write(name, format!("{n}{}", random.below(3)));
                }
            }
        }
        commits.push(Oid::parse(&it.commit("next")).unwrap());
    }
    let repo = Repo::open(&it.root).unwrap();
    assert!(repo.library.is_some());
    for from in &commits {
        for to in &commits {
            let (ours, theirs) = (differing(&repo, from, to, |_| true), by_command(&repo, from, to, |_| true));
            let mut ours = ours.unwrap();
            ours.sort_by(|a, b| (&a.path, a.status).cmp(&(&b.path, b.status)));
            let mut theirs = theirs.unwrap();
            theirs.sort_by(|a, b| (&a.path, a.status).cmp(&(&b.path, b.status)));
            assert_eq!(ours, theirs);
        }
    }
}
