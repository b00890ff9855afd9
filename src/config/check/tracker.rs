//! What cannot be right in `[tracker]`.

use super::Faults;
use super::test_sources::is_path;
use crate::config::schema::Tracker;

impl Faults {
    pub(super) fn tracker(&mut self, tracker: &Tracker) {
        match tracker.kinds().as_slice() {
            [] => self.add("tracker", "needs one of `github`, `gitlab`, `jira` or `url`"),
            [_] => {}
            [first, second, ..] => self.add("tracker", format!("has `{first}` and `{second}`: name one of them")),
        }
        if let Some(github) = &tracker.github {
            if github.repository.matches('/').count() != 1 || !is_path(&github.repository) {
                self.add("tracker.github.repository", "write `owner/name`");
            }
            self.token("tracker.github", github.token.as_ref());
            self.base("tracker.github.api", github.api.as_ref(), tracker.allow_http);
        }
        if let Some(gitlab) = &tracker.gitlab {
            self.project("tracker.gitlab.project", &gitlab.project);
            self.token("tracker.gitlab", gitlab.token.as_ref());
            self.base("tracker.gitlab.url", gitlab.url.as_ref(), tracker.allow_http);
        }
        if let Some(jira) = &tracker.jira {
            self.token("tracker.jira", Some(&jira.token));
            self.base("tracker.jira.url", Some(&jira.url), tracker.allow_http);
        }
        if let Some(url) = &tracker.url {
            let (host, rest) = url.split_at(super::authority(url).len());
            if host.contains("{ticket}") || !rest.contains("{ticket}") {
                self.add("tracker.url", "wants `{ticket}` once the host is named");
            }
            self.base("tracker.url", Some(url), tracker.allow_http);
        }
        self.token("tracker", tracker.token.as_ref());
        if tracker.token.is_some() && tracker.url.is_none() {
            self.add("tracker.token", "goes with `url` alone: the others have a `token` of their own");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::check::check;
    use crate::config::schema::Config;
    use crate::config::uses::Uses;

    fn faults(tracker: &str) -> String {
        let config: Config = toml::from_str(&format!("[tracker]\n{tracker}\n")).unwrap();
        let told = check(&config).into_iter().map(|fault| format!("{}: {}", fault.path, fault.what));
        told.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_kind_of_tracker_is_sound_and_shown_before_it_is_trusted() {
        for (tracker, address) in [
            ("github = { repository = \"acme/checkout\" }", "https://api.github.com/repos/acme/checkout/issues"),
            ("gitlab = { project = \"a/b\" }", "https://gitlab.com/api/v4/projects/a%2Fb/issues"),
            ("jira = { url = \"https://j.example\", token = { env = \"J\" } }", "https://j.example/rest/api/2/issue"),
            ("url = \"https://t.example/{ticket}\"\ntoken = { env = \"T\" }", "https://t.example/{ticket}"),
        ] {
            assert_eq!(faults(tracker), "", "{tracker}");
            let config = toml::from_str(&format!("[tracker]\n{tracker}\n")).unwrap();
            assert_eq!(Uses::of(&config).contacts[0].url, address);
        }
    }

    #[test]
    fn a_tracker_that_cannot_be_right_says_where_and_why() {
        for (tracker, told) in [
            ("", "tracker: needs one of"),
            ("github = { repository = \"a/b\" }\ngitlab = { project = \"a/b\" }", "tracker: has `github` and `gitlab`"),
            ("github = { repository = \"a\" }", "tracker.github.repository: write `owner/name`"),
            ("github = { repository = \"a/b\" }\ntoken = { env = \"T\" }", "tracker.token: goes with `url` alone"),
            ("url = \"https://{ticket}.example/\"", "tracker.url: wants `{ticket}` once the host is named"),
            ("url = \"http://t.example/{ticket}\"", "tracker.url: http to `t.example` can be read"),
        ] {
            assert!(faults(tracker).contains(told), "{tracker}: {}", faults(tracker));
        }
    }
}
