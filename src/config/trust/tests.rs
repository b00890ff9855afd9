use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;
use crate::config::load;

struct Place {
    folder: TempDir,
    remotes: Vec<String>,
    named: Option<String>,
}

const CONFIG: &str = "[rollback]\n[[rollback.steps]]\nname = \"back\"\nrun = [\"./deploy\", \"{to.sha}\"]\n";

impl Place {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder, remotes: vec!["h.example/a/b".into()], named: None };
        fs::create_dir(place.root()).unwrap();
        place.write("hotfix.toml", config);
        place
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.root().join(name), text).unwrap();
    }

    fn loaded(&self) -> Loaded {
        load::find(&self.root()).unwrap().unwrap()
    }

    fn store(&self) -> Store {
        Store::at(self.folder.path().join("state/trust.jsonl")).naming(self.named.clone())
    }

    fn check(&self) -> Result<(), (String, Option<String>)> {
        match self.store().check(&self.loaded(), &self.remotes) {
            Trust::Trusted(_) => Ok(()),
            Trust::Untrusted { why, changed_since } => Err((why, changed_since)),
        }
    }

    fn why(&self) -> String {
        self.check().unwrap_err().0
    }

    fn grant(&self) {
        self.store().grant(&self.loaded(), &self.remotes, Timestamp::UNIX_EPOCH).unwrap();
    }

    fn revoke(&self) {
        self.store().revoke(&self.loaded(), &self.remotes, Timestamp::UNIX_EPOCH).unwrap();
    }
}

#[test]
fn nothing_is_trusted_by_itself() {
    assert_eq!(Place::new(CONFIG).why(), "never trusted at this place");
    assert_eq!(Place::new("").why(), "never trusted at this place");
}

#[test]
fn exactly_the_granted_content_is_trusted() {
    let place = Place::new(CONFIG);
    place.grant();
    assert_eq!(place.check(), Ok(()));
    place.write("hotfix.toml", &format!("{CONFIG}#"));
    let (why, before) = place.check().unwrap_err();
    assert_eq!(why, "the file has changed since it was trusted");
    assert_eq!(before.as_deref(), Some(CONFIG), "so that the change can be shown");
    place.write("hotfix.toml", CONFIG);
    assert_eq!(place.check(), Ok(()), "the same content again is what was trusted");
}

#[test]
fn a_changed_program_of_the_repository_asks_again() {
    let place = Place::new(CONFIG);
    place.write("deploy", "#!/bin/sh\necho back\n");
    place.grant();
    place.write("deploy", "#!/bin/sh\nrm -rf /\n");
    assert_eq!(place.why(), "a program of the repository that it runs has changed since it was trusted");
    fs::remove_file(place.root().join("deploy")).unwrap();
    place.check().unwrap_err();

    let place = Place::new(&CONFIG.replace("\"./deploy\"", "\"bash\", \"-e\", \"deploy.sh\""));
    place.write("deploy.sh", "echo back\n");
    place.grant();
    place.write("deploy.sh", "echo other\n");
    place.check().unwrap_err();
}

#[test]
fn another_clone_or_other_remotes_are_not_trusted() {
    let mut place = Place::new(CONFIG);
    place.grant();
    fs::rename(place.root(), place.folder.path().join("other")).unwrap();
    let other = load::find(&place.folder.path().join("other")).unwrap().unwrap();
    assert!(place.store().check(&other, &place.remotes).permit().is_none());
    fs::rename(place.folder.path().join("other"), place.root()).unwrap();
    place.remotes.push("evil.example/a/b".into());
    assert_eq!(place.why(), "the repository's remotes have changed since it was trusted");
    place.remotes.remove(0);
    place.check().unwrap_err();
}

#[test]
fn ci_names_the_exact_hash_and_a_revocation_wins() {
    let mut place = Place::new(CONFIG);
    let hash = content_hash(&place.loaded()).unwrap();
    for wrong in ["", "1", "*", &hash[..63], &hash.to_uppercase()] {
        place.named = Some(wrong.to_owned());
        assert_eq!(place.why(), "HOTFIX_TRUST names other content");
    }
    place.named = Some(hash.clone());
    assert_eq!(place.check(), Ok(()));
    assert_eq!(hash, content_hash(&Place::new(CONFIG).loaded()).unwrap(), "the same in every clone");
    place.revoke();
    assert_eq!(place.why(), "trust was revoked here");
    place.named = None;
    place.grant();
    assert_eq!(place.check(), Ok(()), "until a person grants again");
    place.revoke();
    place.check().unwrap_err();
}

#[test]
fn a_store_that_others_can_write_or_that_is_damaged_counts_for_nothing() {
    let place = Place::new(CONFIG);
    place.grant();
    let path = place.folder.path().join("state/trust.jsonl");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o622)).unwrap();
    assert!(place.why().contains("can be written by others"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(place.check(), Ok(()));
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{{\"action\":\"rev")).unwrap();
    assert!(place.why().contains("is damaged"), "what cannot be read may have been a revocation");
    place.store().grant(&place.loaded(), &place.remotes, Timestamp::UNIX_EPOCH).unwrap_err();
}
