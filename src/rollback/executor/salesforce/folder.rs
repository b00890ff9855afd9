//! The project as it was, in a folder of its own: what is deployed comes from git, and never from the work tree.

use std::fs;
use std::path::{Component, Path, PathBuf};

use git2::{ObjectType, Repository, TreeWalkMode, TreeWalkResult};
use serde::Deserialize;
use tempfile::TempDir;

use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::rollback::model::OrgDeploy;
use crate::rollback::salesforce::package::{Files, Package, manifest};

/// Where the manifests are in the folder.
pub(super) const MANIFEST: &str = "manifest/package.xml";
pub(super) const DELETES: &str = "manifest/destructiveChangesPost.xml";
/// What a project says of itself.
const PROJECT: &str = "sfdx-project.json";
/// What it leaves out of deployments.
const IGNORE: &str = ".forceignore";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    package_directories: Vec<Directory>,
    source_api_version: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Directory {
    path: String,
}

/// A project in a repository.
pub(super) struct Project {
    repository: Repository,
    folder: String,
}

impl Project {
    /// The project in a folder of the repository at `root`.
    ///
    /// # Errors
    /// When there is no repository.
    pub(super) fn open(root: &Path, folder: &str) -> Result<Self, String> {
        let repository = said(Repository::open(root))?;
        Ok(Self { repository, folder: folder.trim_end_matches('/').to_owned() })
    }

    /// The files below the package directories at a commit, by their paths in the project.
    ///
    /// # Errors
    /// When there is no project there.
    pub(super) fn files(&self, commit: &Oid) -> Result<Files, String> {
        let described = self.described(commit)?;
        let tree = self.tree(commit)?;
        let mut files = Files::new();
        for Directory { path } in &described.package_directories {
            let path = plain(path)?;
            // A directory that the commit does not have holds nothing yet.
            let Ok(entry) = tree.get_path(Path::new(&path)) else { continue };
            let below = said(entry.to_object(&self.repository).and_then(|it| it.peel_to_tree()))?;
            let walked = below.walk(TreeWalkMode::PreOrder, |between, entry| {
                if entry.kind() == Some(ObjectType::Blob) {
                    let name = String::from_utf8_lossy(entry.name_bytes());
                    files.insert(format!("{path}/{between}{name}"), entry.id().to_string());
                }
                TreeWalkResult::Ok
            });
            said(walked)?;
        }
        Ok(files)
    }

    fn described(&self, commit: &Oid) -> Result<Described, String> {
        let text = self.read(commit, PROJECT)?;
        let text = text.ok_or_else(|| format!("{} has no {PROJECT}: name its folder as `project`", commit.short()))?;
        serde_json::from_slice(&text).map_err(|error| format!("{PROJECT} at {}: {error}", commit.short()))
    }

    fn tree(&self, commit: &Oid) -> Result<git2::Tree<'_>, String> {
        let id = said(git2::Oid::from_str(commit.as_str()))?;
        let root = said(self.repository.find_commit(id).and_then(|commit| commit.tree()))?;
        if self.folder.is_empty() {
            return Ok(root);
        }
        let entry = root.get_path(Path::new(&self.folder));
        let entry = entry.map_err(|_| format!("{} has no folder {}", commit.short(), clean(&self.folder)))?;
        said(entry.to_object(&self.repository).and_then(|it| it.peel_to_tree()))
    }

    fn read(&self, commit: &Oid, path: &str) -> Result<Option<Vec<u8>>, String> {
        let tree = self.tree(commit)?;
        let Ok(entry) = tree.get_path(Path::new(path)) else { return Ok(None) };
        let blob = said(entry.to_object(&self.repository).and_then(|it| it.peel_to_blob()))?;
        Ok(Some(blob.content().to_vec()))
    }
}

/// Makes the project of a package: the files that come back, and the manifests.
///
/// # Errors
/// When git says something else now than when the package was shown, or it cannot be written.
pub(super) fn build(root: &Path, deploy: &OrgDeploy) -> Result<TempDir, String> {
    let project = Project::open(root, &deploy.project)?;
    let package = Package::between(&project.files(&deploy.from)?, &project.files(&deploy.to)?)?;
    if package.digest() != deploy.digest {
        return Err("the package cannot be made again as it was shown: nothing was deployed".into());
    }
    let described = project.described(&deploy.to)?;
    let failed = |error: std::io::Error| format!("no folder for the package: {error}");
    let folder = tempfile::Builder::new().prefix("hotfix-").tempdir().map_err(failed)?;
    let at = folder.path();
    for Directory { path } in &described.package_directories {
        fs::create_dir_all(at.join(plain(path)?)).map_err(failed)?;
    }
    for name in [PROJECT, IGNORE] {
        if let Some(text) = project.read(&deploy.to, name)? {
            fs::write(at.join(name), text).map_err(failed)?;
        }
    }
    for path in package.files.keys() {
        let text = project.read(&deploy.to, path)?.ok_or_else(|| format!("{} is gone", clean(path)))?;
        write(&at.join(plain(path)?), &text).map_err(failed)?;
    }
    let version = described.source_api_version.as_deref();
    write(&at.join(MANIFEST), manifest(&package.restores, version).as_bytes()).map_err(failed)?;
    write(&at.join(DELETES), manifest(&package.removes, None).as_bytes()).map_err(failed)?;
    Ok(folder)
}

fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, text)
}

/// A path that stays where it belongs.
fn plain(path: &str) -> Result<String, String> {
    let parts: Vec<Component> = Path::new(path).components().filter(|part| *part != Component::CurDir).collect();
    if parts.is_empty() || !parts.iter().all(|part| matches!(part, Component::Normal(_))) {
        return Err(format!("{PROJECT} names {}, which is no folder inside of it", clean(path)));
    }
    Ok(parts.iter().collect::<PathBuf>().to_string_lossy().into_owned())
}

fn said<T>(result: Result<T, git2::Error>) -> Result<T, String> {
    result.map_err(|error| clean(error.message()))
}
