use crate::config::check::check;
use crate::config::schema::Config;
use crate::config::uses::Uses;

fn config(channel: &str) -> Config {
    toml::from_str(&format!("[[comms]]\nname = \"all\"\n{channel}\n"))
        .unwrap_or_else(|error| panic!("{channel}: {error}"))
}

fn faults(channel: &str) -> String {
    let told = check(&config(channel)).into_iter().map(|fault| format!("{}: {}", fault.path, fault.what));
    told.collect::<Vec<_>>().join("\n")
}

const SOUND: [&str; 17] = [
    "slack = { webhook = { env = \"HOOK\" } }",
    "slack = { token = { env = \"BOT\" }, channel = \"#incidents\" }",
    "teams = { webhook = { env = \"HOOK\" } }",
    "discord = { webhook = { env = \"HOOK\" } }",
    "mattermost = { webhook = { env = \"HOOK\" } }",
    "webhook = { url = \"https://hooks.example/in\", token = { env = \"T\" }, sign = { env = \"KEY\" }, idempotent = true }",
    "webhook = { address = { env = \"HOOK\" } }",
    "email = { server = \"smtp.example\", from = \"Ops <ops@acme.example>\", to = [\"all@acme.example\"] }",
    "email = { server = \"[::1]:2525\", tls = \"none\", from = \"ops@acme.example\", to = [\"all@acme.example\"] }",
    "pagerduty = { routing_key = { env = \"PD\" } }",
    "statuspage = { page = \"k2x\", token = { env = \"SP\" }, components = [\"c1\"] }",
    "github = { repository = \"acme/checkout\", issue = 7, token = { env = \"GH\" } }",
    "gitlab = { project = \"acme/shop/checkout\", token = { env = \"GL\" } }",
    "gitlab = { project = \"12\", token = { env = \"GL\" } }",
    "jira = { url = \"https://acme.atlassian.net\", user = \"ana@acme.example\", token = { env = \"J\" } }",
    "jira = { url = \"https://jira.example\", issue = \"SHOP-17\", token = { env = \"J\" } }",
    "command = { run = [\"wall\"] }",
];

#[test]
fn each_kind_of_channel_is_sound_and_is_shown_before_it_is_trusted() {
    for channel in SOUND {
        assert_eq!(faults(channel), "", "{channel}");
        assert!(!Uses::of(&config(channel)).is_empty(), "{channel}");
    }
}

#[test]
fn a_channel_that_cannot_be_right_says_where_and_why() {
    for (channel, told) in [
        ("", "comms.0: needs one of `slack`"),
        (
            "teams = { webhook = { env = \"A\" } }\ndiscord = { webhook = { env = \"B\" } }",
            "comms.0: has `teams` and `discord`",
        ),
        ("slack = {}", "comms.0.slack: needs `webhook"),
        ("slack = { token = { env = \"BOT\" } }", "comms.0.slack: `token` and `channel` go together"),
        ("webhook = { url = \"http://hooks.example/\" }", "comms.0.webhook.url: http to `hooks.example` can be read"),
        ("webhook = { idempotent = true }", "comms.0.webhook: needs `url"),
        (
            "email = { server = \"smtp.example\", tls = \"none\", from = \"a@b.example\", to = [\"c@d.example\"] }",
            "comms.0.email.tls: without TLS",
        ),
        (
            "email = { server = \"[::1]:25\", tls = \"none\", ca = \"ca.pem\", from = \"a@b.example\", to = [\"c@d.example\"] }",
            "comms.0.email.ca: names a file",
        ),
        (
            "email = { server = \"smtp.example:mail\", from = \"a@b.example\", to = [\"c@d.example\"] }",
            "comms.0.email.server: write `host`",
        ),
        ("email = { server = \"smtp.example\", from = \"a@b.example\", to = [] }", "comms.0.email.to: name 1 to 100"),
        (
            "email = { server = \"smtp.example\", from = \"ops\", to = [\"c@d.example\"] }",
            "comms.0.email.from: write an address",
        ),
        (
            "email = { server = \"smtp.example\", user = \"u\", from = \"a@b.example\", to = [\"c@d.example\"] }",
            "`user` and `password` go together",
        ),
        ("statuspage = { page = \"a/b\", token = { env = \"SP\" } }", "comms.0.statuspage.page: an id has"),
        (
            "github = { repository = \"checkout\", token = { env = \"GH\" } }",
            "comms.0.github.repository: write `owner/name`",
        ),
        ("gitlab = { project = \"shop\", token = { env = \"GL\" } }", "comms.0.gitlab.project: write `group/name`"),
        (
            "jira = { url = \"https://u:p@jira.example\", token = { env = \"J\" } }",
            "comms.0.jira.url: an address never holds",
        ),
        ("command = { run = [] }", "comms.0.command.run: a command needs a program"),
        ("command = { run = [\"wall\"] }\ntimeout = \"10m\"", "comms.0.timeout: must lie between 1 and 30"),
    ] {
        assert!(faults(channel).contains(told), "{channel}: {}", faults(channel));
    }
}

#[test]
fn the_host_of_a_mail_server_and_of_an_api_is_shown() {
    let contact = |channel: &str| Uses::of(&config(channel)).contacts.remove(0).url;
    assert_eq!(contact(SOUND[7]), "smtp://smtp.example");
    assert_eq!(contact(SOUND[9]), "https://events.pagerduty.com/v2/enqueue");
    assert_eq!(contact(SOUND[10]), "https://api.statuspage.io/v1/pages/k2x/incidents");
    assert_eq!(contact(SOUND[12]), "https://gitlab.com/api/v4/projects/acme%2Fshop%2Fcheckout/issues");
    assert_eq!(contact(SOUND[14]), "https://acme.atlassian.net/rest/api/3/issue");
    assert_eq!(contact(SOUND[15]), "https://jira.example/rest/api/2/issue");
}

#[test]
fn the_words_of_a_notice_name_facts_that_there_are() {
    let config: Config = toml::from_str("[notices]\ndeploy = \"{what} {canry} ${HOME}\"\n").unwrap();
    let told: Vec<_> = check(&config).into_iter().map(|fault| format!("{}: {}", fault.path, fault.what)).collect();
    assert_eq!(told, ["notices.deploy: no fact is called `{canry}`; did you mean `canary`?"]);
}
