//! Texts that look like a secret, whoever wrote them: the tokens whose shape their makers publish, so that a scanner
//! may find them. What is pasted into a note at three in the morning is not known to the configuration.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::redact::HIDDEN;

/// One alternative each. What `keep` holds stays, so that one still sees what was there; the rest goes.
const SHAPES: &[&str] = &[
    // GitHub, GitLab, Slack, npm, PyPI, Stripe, SendGrid, Grafana, PagerDuty's and others' with a prefix of their own.
    r"gh[pousr]_[A-Za-z0-9]{36,}",
    r"github_pat_[A-Za-z0-9_]{22,}",
    r"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_\-]{20,}",
    r"xox[abeoprs]-[A-Za-z0-9\-]{10,}",
    r"xapp-[0-9]-[A-Za-z0-9\-]{10,}",
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_\-]{50,}",
    r"[rs]k_live_[A-Za-z0-9]{20,}",
    r"SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}",
    r"gl(?:sa|c)_[A-Za-z0-9_+/=]{30,}",
    r"sk-(?:ant-|proj-)?[A-Za-z0-9_\-]{32,}",
    // Amazon's and Google's keys.
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    r"AIza[A-Za-z0-9_\-]{35}",
    r"ya29\.[A-Za-z0-9_\-]{20,}",
    // A Salesforce session, and a JSON web token.
    r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{40,}",
    r"eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}",
    // Addresses that are themselves the key to a channel, and passwords in addresses.
    r"(?P<slack>https://hooks\.slack\.com/(?:services|workflows|triggers)/)[A-Za-z0-9/_\-]{20,}",
    r"(?P<discord>https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/)[0-9]+/[A-Za-z0-9_\-]{20,}",
    r#"(?P<teams>https://[a-z0-9.\-]+\.webhook\.office\.com/)[^\s"'<>]{20,}"#,
    r#"(?P<scheme>[a-z][a-z0-9+.\-]*://)[^\s/:@"'<>]*:[^\s/@"'<>]+@"#,
    // What a header or a setting says of itself.
    r"(?P<bearer>(?i:bearer|basic|token) +)[A-Za-z0-9._~+/\-]{20,}=*",
    r#"(?P<setting>(?i:password|passwd|secret|api[_\-]?key|access[_\-]?token|auth[_\-]?token)["']?[=:] *["']?)[^\s"',;&]{8,}"#,
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.)*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
];

static ANY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let all = SHAPES.iter().map(|shape| format!("(?:{shape})")).collect::<Vec<_>>().join("|");
    Regex::new(&all).ok()
});

/// The text without whatever looks like a secret.
pub fn hide(text: &str) -> Cow<'_, str> {
    let Some(any) = ANY.as_ref() else { return Cow::Borrowed(text) };
    any.replace_all(text, |found: &regex::Captures<'_>| {
        let kept = any.capture_names().flatten().find_map(|name| found.name(name)).map_or("", |kept| kept.as_str());
        let at = if kept.ends_with("://") { "@" } else { "" };
        format!("{kept}{HIDDEN}{at}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A made-up token: nothing that looks like one stands in this file.
    fn token(prefix: &str, length: usize) -> String {
        let letters = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYz".chars().cycle();
        prefix.chars().chain(letters.take(length)).collect()
    }

    #[test]
    fn what_looks_like_a_secret_goes_and_what_is_around_it_stays() {
        for (secret, left) in [
            (token("ghp_", 36), "[hidden]"),
            (token("github_pat_", 60), "[hidden]"),
            (token("glpat-", 20), "[hidden]"),
            (token("xoxb-", 40), "[hidden]"),
            (token("sk_live_", 24), "[hidden]"),
            (format!("AKIA{}", "A1B2C3D4".repeat(2)), "[hidden]"),
            (format!("{}!{}", token("00D", 15), token("", 60)), "[hidden]"),
            (format!("{}.{}.{}", token("eyJ", 20), token("eyJ", 40), token("", 30)), "[hidden]"),
            (
                format!("https://hooks.slack.com/services/{}", token("T0/B0/", 24)),
                "https://hooks.slack.com/services/[hidden]",
            ),
            (
                format!("https://discord.com/api/webhooks/123/{}", token("", 60)),
                "https://discord.com/api/webhooks/[hidden]",
            ),
            ("postgres://shop:hunter2@db.example/shop".into(), "postgres://[hidden]@db.example/shop"),
            (format!("Authorization: Bearer {}", token("", 30)), "Authorization: Bearer [hidden]"),
            ("DB_PASSWORD=hunter2hunter2".into(), "DB_PASSWORD=[hidden]"),
            ("{\"api_key\": \"hunter2hunter2\"}".into(), "{\"api_key\": \"[hidden]\"}"),
            (format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", token("", 64)), "[hidden]"),
        ] {
            let told = hide(&format!("it said {secret} and failed")).into_owned();
            assert_eq!(told, format!("it said {left} and failed"), "{secret}");
        }
    }

    #[test]
    fn everyday_words_of_an_incident_stay_as_they_are() {
        for text in [
            "rolled back to 378612e58cd6ef3bc74e94b9c129961e4e44d0a6, verified",
            "plan 378612e58cd6ef3bc74e94b9c129961e4e44d0a68846b89b66d4bf3cd51a38b1",
            "the token expired, so the secret was rotated; password reset mails are late",
            "https://git.example/acme/checkout/-/merge_requests/12?a=b",
            "see git@git.example:acme/checkout.git and ana@acme.example",
            "10.0.0.1:8080 answers 502; p99 1.2s:3.4s",
            "token bucket is full, basic authentication works",
        ] {
            assert_eq!(hide(text), text);
        }
    }

    #[test]
    fn the_pattern_is_one() {
        assert!(ANY.is_some());
    }
}
