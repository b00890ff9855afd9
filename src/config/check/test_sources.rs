//! What cannot be right in `[[tests]]`.

use super::Faults;
use crate::config::schema::{Apex, Config, GitHub, GitLab, Jenkins, Salesforce, TestLevel, TestSource};

/// The most names in a list.
const NAMES: usize = 200;

impl Faults {
    pub(super) fn tests(&mut self, config: &Config) {
        self.names("tests", config.tests.iter().map(|source| source.name.as_str()));
        for (index, source) in config.tests.iter().enumerate() {
            self.test_source(&format!("tests.{index}"), source);
        }
    }

    fn test_source(&mut self, path: &str, source: &TestSource) {
        let places = [
            ("junit", !source.junit.is_empty() || source.run.is_some()),
            ("github", source.github.is_some()),
            ("gitlab", source.gitlab.is_some()),
            ("jenkins", source.jenkins.is_some()),
            ("salesforce", source.salesforce.is_some()),
        ];
        self.local_tests(path, source);
        let named: Vec<&str> = places.iter().filter(|(_, is_named)| *is_named).map(|(name, _)| *name).collect();
        match named.as_slice() {
            [] => {
                self.add(path, "needs `junit = [\"glob of reports\"]`, `run = [\"program\"]`, `github`, `gitlab`, `jenkins` or `salesforce`");
            }
            [_] => {}
            [first, second, ..] => {
                self.add(path, format!("has `{first}` and `{second}`: make two [[tests]], each with its name"));
            }
        }
        for (place, glob) in source.junit.iter().enumerate() {
            self.glob(&format!("{path}.junit.{place}"), glob);
        }
        if let Some(github) = &source.github {
            self.github(&format!("{path}.github"), github);
        }
        if let Some(gitlab) = &source.gitlab {
            self.gitlab(&format!("{path}.gitlab"), gitlab);
        }
        if let Some(jenkins) = &source.jenkins {
            self.jenkins(&format!("{path}.jenkins"), jenkins);
        }
        if let Some(salesforce) = &source.salesforce {
            self.salesforce(&format!("{path}.salesforce"), salesforce);
        }
    }

    fn salesforce(&mut self, path: &str, salesforce: &Salesforce) {
        let words = [("org", Some(&salesforce.org)), ("manifest", salesforce.manifest.as_ref())];
        let more = [("source", salesforce.source.as_ref()), ("deploy", salesforce.deploy.as_ref())];
        for (key, word) in words.into_iter().chain(more) {
            // A word that begins with a dash would be an option of the command.
            if word.is_some_and(|word| word.trim().is_empty() || word.starts_with('-') || word.contains('\0')) {
                self.add(&format!("{path}.{key}"), "write a name or a path");
            }
        }
        if let Some(apex) = &salesforce.apex {
            return self.apex(path, salesforce, apex);
        }
        match (&salesforce.manifest, &salesforce.source) {
            (Some(_), Some(_)) => self.add(path, "has `manifest` and `source`: name one of them"),
            (None, None) => {
                self.add(
                    path,
                    "needs `manifest = \"manifest/package.xml\"` or `source = \"force-app\"`; or `apex = {}` for tests of what \
                     the org holds",
                );
            }
            _ => {}
        }
        self.test_level(path, salesforce.level, &salesforce.tests);
    }

    /// Which tests run in an org, and their names where they are named.
    pub(super) fn test_level(&mut self, path: &str, level: TestLevel, tests: &[String]) {
        if (level == TestLevel::RunSpecifiedTests) == tests.is_empty() {
            self.add(path, "`tests` and the level RunSpecifiedTests go together");
        }
        self.apex_names(&format!("{path}.tests"), tests);
    }

    /// Tests of what the org holds: nothing is deployed.
    fn apex(&mut self, path: &str, salesforce: &Salesforce, apex: &Apex) {
        let of_a_validation = [
            ("manifest", salesforce.manifest.is_some()),
            ("source", salesforce.source.is_some()),
            ("deploy", salesforce.deploy.is_some()),
            ("level", salesforce.level != TestLevel::default()),
            ("tests", !salesforce.tests.is_empty()),
        ];
        for (key, _) in of_a_validation.iter().filter(|(_, is_there)| *is_there) {
            self.add(path, format!("has `{key}`, which is of a validation, and `apex`: make two [[tests]]"));
        }
        let path = format!("{path}.apex");
        let lists = [("classes", &apex.classes), ("suites", &apex.suites), ("tests", &apex.tests)];
        if lists.iter().filter(|(_, names)| !names.is_empty()).count() > 1 {
            self.add(&path, "name `classes`, `suites` or `tests`: `sf` takes one of them");
        }
        for (key, names) in lists {
            self.apex_names(&format!("{path}.{key}"), names);
        }
        match apex.level {
            Some(TestLevel::RunRelevantTests) => {
                self.add(&format!("{path}.level"), "RunRelevantTests is of deployments alone");
            }
            Some(level) if (level == TestLevel::RunSpecifiedTests) != apex.is_named() => {
                self.add(&path, "names of tests and the level RunSpecifiedTests go together");
            }
            _ => {}
        }
    }

    fn apex_names(&mut self, path: &str, names: &[String]) {
        let is_name =
            |test: &String| !test.is_empty() && test.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b));
        for (index, _) in names.iter().enumerate().filter(|(_, test)| !is_name(test)) {
            self.add(&format!("{path}.{index}"), "write the name of a class, or of a method behind a dot");
        }
    }

    pub(super) fn project(&mut self, path: &str, project: &str) {
        let is_number = !project.is_empty() && project.bytes().all(|b| b.is_ascii_digit());
        if !is_number && !is_path(project) {
            self.add(path, "write `group/name`, or the project's number");
        }
    }

    fn gitlab(&mut self, path: &str, gitlab: &GitLab) {
        self.project(&format!("{path}.project"), &gitlab.project);
        if let Some(url) = &gitlab.url {
            self.url(&format!("{path}.url"), url, gitlab.allow_http);
        }
        self.token(path, gitlab.token.as_ref());
    }

    fn jenkins(&mut self, path: &str, jenkins: &Jenkins) {
        self.url(&format!("{path}.job"), &jenkins.job, jenkins.allow_http);
        if jenkins.job.contains(['?', '#']) || jenkins.job.contains("/api/") {
            self.add(
                &format!("{path}.job"),
                "write the address of the job's page, such as `https://ci.example/job/checkout`",
            );
        }
        if jenkins.user.is_some() != jenkins.token.is_some() {
            self.add(path, "`user` and `token` go together");
        }
        if jenkins.user.as_ref().is_some_and(|user| user.contains(':') || user.is_empty()) {
            self.add(&format!("{path}.user"), "a user's name has no colon in it");
        }
        self.token(path, jenkins.token.as_ref());
    }

    fn github(&mut self, path: &str, github: &GitHub) {
        if !is_repository(&github.repository) {
            self.add(&format!("{path}.repository"), "write `owner/name`");
        }
        if let Some(api) = &github.api {
            self.url(&format!("{path}.api"), api, github.allow_http);
        }
        self.patterns(&format!("{path}.checks"), &github.checks);
        if let Some(artifacts) = &github.artifacts {
            self.patterns(&format!("{path}.artifacts"), artifacts);
            if artifacts.is_empty() {
                self.add(&format!("{path}.artifacts"), "names none: leave it out, or name one");
            }
        }
        if github.branch.as_ref().is_some_and(|branch| branch.trim().is_empty() || branch.contains(['*', '?', '['])) {
            self.add(&format!("{path}.branch"), "write the name of one branch, such as `main`");
        }
        self.token(path, github.token.as_ref());
    }

    /// Names in which `*` stands for anything.
    fn patterns(&mut self, path: &str, patterns: &[String]) {
        if patterns.len() > NAMES {
            self.add(path, format!("more than {NAMES} names"));
        }
        for (index, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| pattern.trim().is_empty()) {
            self.add(&format!("{path}.{index}"), format!("`{pattern}` is no name"));
        }
    }
}

fn is_part(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_repository(name: &str) -> bool {
    name.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name))
}

/// Groups may be inside of groups.
pub(super) fn is_path(name: &str) -> bool {
    name.contains('/') && name.split('/').all(is_part)
}
