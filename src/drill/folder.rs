//! The folder of a drill: taken away with it, or by the next drill if its own was killed.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

/// How the names of all such folders begin.
const PREFIX: &str = "hotfix-drill-";
/// A file in the folder that its process holds locked for as long as it lives.
const ALIVE: &str = "alive";

/// A folder of its own for a drill.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    _alive: File,
}

impl Folder {
    /// Makes one, and takes those away whose drills are dead.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make() -> io::Result<Self> {
        Self::make_in(&std::env::temp_dir())
    }

    fn make_in(parent: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)?;
        // Under another name until it is locked: nobody finds it there unlocked while its drill lives.
        let (unlocked, alive) = (folder.path().join("starting"), folder.path().join(ALIVE));
        let file = File::create(&unlocked)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        fs::rename(&unlocked, &alive)?;
        sweep(parent, fs::metadata(folder.path())?.uid());
        Ok(Self { folder, _alive: file })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Takes away what killed drills of this user left behind. What cannot be taken away is left for another time.
fn sweep(parent: &Path, user: u32) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    let is_named =
        |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX));
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_named) {
        // Links are not followed: neither here nor by what removes a folder.
        let is_own = fs::symlink_metadata(&path).is_ok_and(|it| it.is_dir() && it.uid() == user);
        if is_own && is_dead(&path) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Whether the process that made a folder is gone. One without the file is not known to be a drill's, or is being made.
fn is_dead(folder: &Path) -> bool {
    let alive = folder.join(ALIVE);
    let is_file = fs::symlink_metadata(&alive).is_ok_and(|it| it.is_file());
    is_file && File::open(alive).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_drill_and_a_living_one_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let first = Folder::make_in(parent.path()).unwrap();
        let second = Folder::make_in(parent.path()).unwrap();
        assert!(first.path().exists() && second.path().exists());
        let gone = first.path().to_owned();
        drop(first);
        assert!(!gone.exists());
    }

    #[test]
    fn only_what_is_ours_and_dead_is_swept() {
        let parent = tempfile::tempdir().unwrap();
        let kept = tempfile::tempdir().unwrap();
        fs::write(kept.path().join(ALIVE), "").unwrap();
        let make = |name: &str, has_lock: bool| {
            let path = parent.path().join(name);
            fs::create_dir(&path).unwrap();
            if has_lock {
                fs::write(path.join(ALIVE), "").unwrap();
            }
            path
        };
        // As if their processes had been killed: the lock is the kernel's, and gone with them.
        let dead = make("hotfix-drill-dead", true);
        fs::create_dir(dead.join("checkout")).unwrap();
        let unknown = make("hotfix-drill-unknown", false);
        let other = make("somebody-elses", true);
        let link = parent.path().join("hotfix-drill-link");
        std::os::unix::fs::symlink(kept.path(), &link).unwrap();
        let living = Folder::make_in(parent.path()).unwrap();
        assert!(!dead.exists());
        assert!(unknown.exists() && other.exists() && link.exists() && kept.path().exists() && living.path().exists());
        let user = fs::metadata(parent.path()).unwrap().uid();
        let foreign = make("hotfix-drill-foreign", true);
        sweep(parent.path(), user.wrapping_add(1));
        assert!(foreign.exists(), "of another user");
        sweep(parent.path(), user);
        assert!(!foreign.exists());
    }
}
