//! What a repository tells about how its service is built, tested and deployed. Nothing is run.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Preset;
use crate::config::schema::GitHub;
use crate::evidence::text;
use crate::incident::naming;

/// How many folders deep charts and manifests are looked for, and how many files are read.
const DEPTH: usize = 4;
const FILES: usize = 2_000;
/// The beginning of a manifest, in bytes: its kind is there.
const BEGINNING: u64 = 4 * 1024;
/// Folders that hold other people's files.
const PASSED_OVER: [&str; 6] = ["node_modules", "target", "vendor", "build", "dist", ".git"];

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// A short name of the service, fit for names of objects.
    pub service: String,
    /// The glob of version tags, such as `v*`.
    pub tags: Option<String>,
    /// A branch that stands for production, where there are no version tags.
    pub production_branch: Option<String>,
    /// The branches that a fix must reach.
    pub targets: Vec<String>,
    /// The remote, if it is not `origin`.
    pub remote: Option<String>,
    /// `owner/name` on GitHub.
    pub github: Option<String>,
    /// The API of a GitHub that is not github.com.
    pub github_api: Option<String>,
    /// The server and the project of a repository on GitLab.
    pub gitlab: Option<(String, String)>,
    /// Globs of JUnit reports that this build writes.
    pub junit: Vec<String>,
    /// Systems that run the tests.
    pub ci: Vec<&'static str>,
    /// How it is deployed, as far as the files tell.
    pub preset: Option<Preset>,
}

impl Found {
    /// In words, one line each.
    pub fn sentences(&self) -> String {
        let mut lines = vec![format!("service: {}", self.service)];
        match (&self.tags, &self.production_branch) {
            (Some(tags), _) => lines.push(format!("production: the newest tag {tags}")),
            (None, Some(branch)) => lines.push(format!("production: the branch {branch}")),
            (None, None) => lines.push("production: no version tags yet, v* is assumed".to_owned()),
        }
        let list = |what: &str, items: &[String]| format!("{what}: {}", items.join(", "));
        if !self.targets.is_empty() {
            lines.push(list("a fix must reach", &self.targets));
        }
        if !self.junit.is_empty() {
            lines.push(list("test reports", &self.junit));
        }
        if !self.ci.is_empty() {
            lines.push(format!("tests run on: {}", self.ci.join(", ")));
        }
        if let Some(preset) = self.preset {
            lines.push(format!("deployed by: {0} (`--preset {0}`)", preset.name()));
        }
        text::clean_block(&lines.join("\n"), 4 * 1024)
    }
}

/// Looks at the repository at `root`.
pub fn look(root: &Path) -> Found {
    let mut found = Found { junit: junit(root), ci: ci(root), preset: preset(root), ..Found::default() };
    if let Ok(repository) = git2::Repository::open(root) {
        look_at_git(root, &repository, &mut found);
    }
    if found.service.is_empty() {
        let name = root.file_name().unwrap_or_default().to_string_lossy();
        found.service = naming::slug(&name);
    }
    found
}

fn look_at_git(root: &Path, repository: &git2::Repository, found: &mut Found) {
    let tags = repository.tag_names(None);
    let tags: Vec<String> = tags.iter().flat_map(git2::string_array::StringArray::iter).filter_map(name).collect();
    found.tags = tag_glob(tags.iter().map(String::as_str));
    let remotes = crate::journal::location::remotes(repository);
    let remote = remotes.iter().find(|(name, _)| name == "origin").or(remotes.first());
    if let Some((name, place)) = remote {
        found.remote = Some(name.clone()).filter(|name| name != "origin");
        if let Some((host, repository)) = github(root, place) {
            (found.github, found.github_api) = (Some(repository), GitHub::api_of(&host));
        }
        found.gitlab = gitlab(root, place);
        found.service = naming::slug(place.rsplit('/').next().unwrap_or_default());
    }
    let prefix = remote.map(|(name, _)| format!("{name}/"));
    let branches = branches(repository, prefix.as_deref());
    if found.tags.is_none() {
        found.production_branch =
            ["production", "prod", "live"].into_iter().find(|b| branches.contains(*b)).map(Into::into);
    }
    found.targets =
        ["main", "master", "trunk", "develop"].into_iter().filter(|b| branches.contains(*b)).map(Into::into).collect();
    if branches.iter().any(|branch| branch.starts_with("release/")) {
        found.targets.push("release/*".to_owned());
    }
}

/// Host and `owner/name` of a repository on GitHub: by its host, or because it has workflows.
fn github(root: &Path, place: &str) -> Option<(String, String)> {
    let (host, repository) = place.split_once('/')?;
    let is_github = host == "github.com" || host.ends_with(".ghe.com") || root.join(".github/workflows").is_dir();
    let is_pair = repository.split('/').filter(|part| !part.is_empty()).count() == 2;
    (is_github && is_pair).then(|| (host.to_owned(), repository.to_owned()))
}

/// Host and project of a repository on GitLab: by its host's name, or because it has a pipeline.
fn gitlab(root: &Path, place: &str) -> Option<(String, String)> {
    let (host, project) = place.split_once('/')?;
    let is_gitlab = host.starts_with("gitlab.") || root.join(".gitlab-ci.yml").is_file();
    (is_gitlab && project.contains('/')).then(|| (host.to_owned(), project.to_owned()))
}

/// A name that is UTF-8.
fn name(name: Result<Option<&str>, git2::Error>) -> Option<String> {
    name.ok().flatten().map(str::to_owned)
}

/// The branches here and on the remote, by their short names.
fn branches(repository: &git2::Repository, remote: Option<&str>) -> std::collections::BTreeSet<String> {
    let Ok(all) = repository.branches(None) else { return Default::default() };
    let short = |branch: git2::Branch<'_>| {
        let name = branch.name().ok()??;
        Some(remote.and_then(|remote| name.strip_prefix(remote)).unwrap_or(name).to_owned())
    };
    all.flatten().filter_map(|(branch, _)| short(branch)).collect()
}

/// The most common beginning of tags that look like versions, with a star behind it.
pub fn tag_glob<'t>(tags: impl Iterator<Item = &'t str>) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for tag in tags {
        let Some(at) = tag.find(|c: char| c.is_ascii_digit()) else { continue };
        let (prefix, version) = tag.split_at(at);
        let is_version =
            version.split('.').take(2).filter(|part| part.starts_with(|c: char| c.is_ascii_digit())).count() == 2;
        let is_plain = prefix.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.' | '@'));
        if is_version && is_plain {
            *counts.entry(prefix).or_default() += 1;
        }
    }
    let (prefix, _) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    Some(if prefix.is_empty() { "[0-9]*".to_owned() } else { format!("{prefix}*") })
}

/// Where the build tools that are in use write their reports.
fn junit(root: &Path) -> Vec<String> {
    let places = [
        (".config/nextest.toml", "target/nextest/*/*.xml"),
        ("pom.xml", "**/target/surefire-reports/*.xml"),
        ("build.gradle", "**/build/test-results/**/*.xml"),
        ("build.gradle.kts", "**/build/test-results/**/*.xml"),
        ("sfdx-project.json", "test-results/*-junit.xml"),
    ];
    let by_tool = places.iter().filter(|(marker, _)| root.join(marker).is_file()).map(|(_, glob)| (*glob).to_owned());
    let there = ["junit.xml", "report.xml", "test-results/junit.xml", "reports/junit.xml"];
    let there = there.iter().filter(|path| root.join(path).is_file()).map(|path| (*path).to_owned());
    let mut globs: Vec<_> = by_tool.chain(there).collect();
    globs.dedup();
    globs
}

fn ci(root: &Path) -> Vec<&'static str> {
    let places = [
        (".github/workflows", "GitHub Actions"),
        (".gitlab-ci.yml", "GitLab CI"),
        ("Jenkinsfile", "Jenkins"),
        (".circleci/config.yml", "CircleCI"),
        ("azure-pipelines.yml", "Azure Pipelines"),
        (".buildkite", "Buildkite"),
    ];
    places.into_iter().filter(|(path, _)| root.join(path).exists()).map(|(_, name)| name).collect()
}

/// How it is deployed: the first of these that the files tell.
fn preset(root: &Path) -> Option<Preset> {
    if root.join("sfdx-project.json").is_file() {
        return Some(Preset::Salesforce);
    }
    let files = files(root);
    let manifests: Vec<_> = files.iter().filter(|path| is_yaml(path)).map(|path| beginning(path)).collect();
    let has = |kind: &str| manifests.iter().any(|text| text.lines().any(|line| line.trim_end() == kind));
    if has("kind: Rollout") {
        Some(Preset::ArgoRollouts)
    } else if files.iter().any(|path| path.ends_with("Chart.yaml")) {
        Some(Preset::Helm)
    } else if has("kind: Deployment") {
        Some(Preset::Kubernetes)
    } else {
        None
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn beginning(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        // What cannot be read tells nothing.
        let _ = file.take(BEGINNING).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Ordinary files near the root; links are not followed.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let is_foreign = PASSED_OVER.iter().any(|name| entry.file_name() == *name);
            if kind.is_file() && found.len() < FILES {
                found.push(entry.path());
            } else if kind.is_dir() && depth < DEPTH && !is_foreign {
                folders.push((entry.path(), depth + 1));
            }
        }
    }
    found
}
