//! What each receiver is posted, as its documentation wants it.

use serde_json::{Value, json};

use super::*;

const TEXT: &str = "We deploy &lt;v2.4.2&gt; &amp; watch it, @channel";

/// Sends through the channel that `kind` makes of the server's address; returns what arrived, and what was posted.
fn posted(kind: impl Fn(&str) -> String, status: &str, reply: &str, message: &Message) -> (Arrived, String, Value) {
    run(async {
        let server = Server::answering(status, "content-type: application/json\r\n", reply.as_bytes()).await;
        let bench =
            Bench::new(&[("hook", &server.url("/services/T0P/S3CRET?x=1")), ("token", "t0ken"), ("key", "k3y")]);
        let arrived = bench.send(&channel(&kind(&server.url(""))), message).await.unwrap();
        let [request] = server.requests().try_into().unwrap();
        let (head, body) = parts(&request);
        (arrived, head, body)
    })
}

fn hook(kind: &'static str) -> impl Fn(&str) -> String {
    move |_| format!("{kind} = {{ webhook = {{ file = \"hook\" }} }}")
}

#[test]
fn slack_by_webhook() {
    let (arrived, head, body) = posted(hook("slack"), "200 OK", "ok", &message(About::Deploy));
    assert!(head.starts_with("POST /services/T0P/S3CRET?x=1 "), "{head}");
    assert_eq!(arrived, Arrived::default());
    let text = format!("[SEV2] checkout-502: deploying\n{TEXT}\nNext update at 14:32 UTC.");
    assert_eq!(body, json!({ "text": text, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false }));
}

#[test]
fn slack_by_token_tells_the_message_s_id() {
    let kind =
        |base: &str| format!("slack = {{ token = {{ file = \"token\" }}, channel = \"C1\", api = \"{base}/api\" }}");
    let reply = r#"{"ok":true,"channel":"C1","ts":"17.0002"}"#;
    let (arrived, head, body) = posted(kind, "200 OK", reply, &message(About::Deploy));
    assert!(head.starts_with("POST /api/chat.postMessage ") && head.contains("authorization: Bearer t0ken"), "{head}");
    assert_eq!((body["channel"].as_str(), arrived.receipt.as_deref()), (Some("C1"), Some("C1 17.0002")));
}

#[test]
fn teams_gets_an_adaptive_card() {
    let (arrived, _, body) =
        posted(hook("teams"), "202 Accepted\r\nx-ms-workflow-run-id: 0858", "", &message(About::Deploy));
    assert_eq!(arrived.receipt.as_deref(), Some("0858"));
    let attachment = &body["attachments"][0];
    assert_eq!(
        (&body["type"], &attachment["contentType"]),
        (&json!("message"), &json!("application/vnd.microsoft.card.adaptive"))
    );
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    let texts: Vec<_> = card["body"].as_array().unwrap().iter().map(|block| block["text"].as_str().unwrap()).collect();
    let said =
        ["\\[SEV2\\] checkout-502: deploying", "We deploy <v2.4.2> & watch it, @channel", "Next update at 14:32 UTC."];
    assert_eq!(texts, said);
}

#[test]
fn discord_calls_nobody_and_tells_the_message_s_id() {
    let (arrived, head, body) = posted(hook("discord"), "200 OK", r#"{"id":"119"}"#, &message(About::Deploy));
    assert!(head.starts_with("POST /services/T0P/S3CRET?x=1&wait=true "), "{head}");
    assert_eq!(arrived.receipt.as_deref(), Some("119"));
    assert_eq!(body["allowed_mentions"], json!({ "parse": [] }));
    assert!(body["content"].as_str().unwrap().contains("\\<v2.4.2\\> & watch it, @\u{200b}channel"), "{body}");
}

#[test]
fn mattermost_calls_nobody() {
    let (_, _, body) = posted(hook("mattermost"), "200 OK", "ok", &message(About::Deploy));
    assert!(body["text"].as_str().unwrap().contains("watch it, @\u{200b}channel"), "{body}");
}

#[test]
fn a_webhook_gets_the_document_with_its_key_and_signature() {
    let kind = |base: &str| {
        format!("webhook = {{ url = \"{base}/in\", token = {{ file = \"token\" }}, sign = {{ file = \"key\" }} }}")
    };
    let (arrived, head, body) = posted(kind, "201 Created", r#"{"id":7}"#, &message(About::Resolved));
    assert_eq!(arrived.receipt.as_deref(), Some("7"));
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    assert_eq!((header("idempotency-key:"), header("authorization:")), ("f00d".into(), "Bearer t0ken".into()));
    let expected = webhook::signature("k3y", &header("x-hotfix-timestamp:"), &body.to_string());
    assert_eq!(header("x-hotfix-signature-256:"), expected);
    let named = json!({
        "schema": 1, "key": "f00d", "incident": "checkout-502", "title": "checkout-502", "severity": "SEV2",
        "about": "resolved", "text": "We deploy <v2.4.2> & watch it, @channel",
        "next_update_at": "2026-11-24T14:32:00Z", "written_at": "2026-11-24T14:02:00Z",
        "ticket": "https://git.example/acme/checkout/issues/17", "drill": null,
    });
    assert_eq!(body, named);
}

#[test]
fn pagerduty_triggers_acknowledges_and_resolves_one_incident() {
    for (about, action) in [
        (About::Assess, "trigger"),
        (About::Develop, "acknowledge"),
        (About::Monitor, "acknowledge"),
        (About::Resolved, "resolve"),
    ] {
        let kind = |base: &str| format!("pagerduty = {{ routing_key = {{ file = \"key\" }}, api = \"{base}\" }}");
        let reply = r#"{"status":"success","message":"Event processed","dedup_key":"hotfix-checkout-502"}"#;
        let (arrived, head, body) = posted(kind, "202 Accepted", reply, &message(about));
        assert!(head.starts_with("POST /v2/enqueue "), "{head}");
        assert_eq!(arrived.receipt.as_deref(), Some("hotfix-checkout-502"));
        let shape = (&body["event_action"], &body["dedup_key"], &body["routing_key"], &body["payload"]["severity"]);
        assert_eq!(shape, (&json!(action), &json!("hotfix-checkout-502"), &json!("k3y"), &json!("error")));
    }
}

#[test]
fn a_status_page_opens_an_incident_and_goes_on_under_its_id() {
    let kind = |base: &str| {
        format!(
            "statuspage = {{ page = \"p1\", token = {{ file = \"token\" }}, components = [\"c1\"], api = \"{base}\" }}"
        )
    };
    let (arrived, head, body) = posted(kind, "201 Created", r#"{"id":"inc9"}"#, &message(About::Assess));
    assert!(head.starts_with("POST /v1/pages/p1/incidents ") && head.contains("authorization: OAuth t0ken"), "{head}");
    assert_eq!(
        (&body["incident"]["name"], &body["incident"]["status"]),
        (&json!("checkout-502"), &json!("investigating"))
    );
    assert_eq!(body["incident"]["components"], json!({ "c1": "partial_outage" }));
    let thread = Message { thread: arrived.receipt, ..message(About::Resolved) };
    let (_, head, body) = posted(kind, "200 OK", r#"{"id":"inc9"}"#, &thread);
    assert!(head.starts_with("PATCH /v1/pages/p1/incidents/inc9 "), "{head}");
    assert_eq!((&body["incident"]["status"], body["incident"].get("name")), (&json!("resolved"), None));
    assert_eq!(body["incident"]["components"], json!({ "c1": "operational" }));
}

#[test]
fn issues_get_a_comment_by_the_incident_s_ticket() {
    let github = |base: &str| {
        format!("github = {{ repository = \"acme/checkout\", token = {{ file = \"token\" }}, api = \"{base}\" }}")
    };
    let reply = r#"{"id":5,"html_url":"https://git.example/c/5"}"#;
    let (arrived, head, body) = posted(github, "201 Created", reply, &message(About::Deploy));
    assert!(head.starts_with("POST /repos/acme/checkout/issues/17/comments "), "{head}");
    assert!(head.contains("accept: application/vnd.github+json") && head.contains("x-github-api-version: 2022-11-28"));
    assert_eq!(arrived.receipt.as_deref(), Some("https://git.example/c/5"));
    assert!(body["body"].as_str().unwrap().contains("\\<v2.4.2\\> & watch it, @\u{200b}channel"), "{body}");
    let gitlab = |base: &str| {
        format!(
            "gitlab = {{ project = \"acme/checkout\", issue = 3, token = {{ file = \"token\" }}, url = \"{base}\" }}"
        )
    };
    let (arrived, head, _) = posted(gitlab, "201 Created", r#"{"id":5}"#, &message(About::Deploy));
    assert!(head.starts_with("POST /api/v4/projects/acme%2Fcheckout/issues/3/notes "), "{head}");
    assert_eq!(arrived.receipt.as_deref(), Some("note 5"));
}

#[test]
fn jira_gets_a_document_in_the_cloud_and_markup_on_a_server() {
    let jira = |api: &'static str, user: &'static str| {
        move |base: &str| {
            format!(
                "jira = {{ url = \"{base}\", issue = \"SHOP-17\", {user}token = {{ file = \"token\" }}, api = \"{api}\" }}"
            )
        }
    };
    let cloud = jira("cloud", "user = \"ana@acme.example\", ");
    let (arrived, head, body) = posted(cloud, "201 Created", r#"{"id":"10001"}"#, &message(About::Deploy));
    assert!(
        head.starts_with("POST /rest/api/3/issue/SHOP-17/comment ") && head.contains("authorization: Basic "),
        "{head}"
    );
    assert_eq!(arrived.receipt.as_deref(), Some("comment 10001 on SHOP-17"));
    let document = &body["body"];
    assert_eq!((&document["type"], &document["version"]), (&json!("doc"), &json!(1)));
    let line = &document["content"][1];
    let text = json!({ "type": "text", "text": "We deploy <v2.4.2> & watch it, @channel", "marks": [] });
    assert_eq!((&line["type"], &line["content"][0]), (&json!("paragraph"), &text));
    let (_, head, body) = posted(jira("server", ""), "201 Created", r#"{"id":"7"}"#, &message(About::Deploy));
    assert!(
        head.starts_with("POST /rest/api/2/issue/SHOP-17/comment ") && head.contains("authorization: Bearer t0ken")
    );
    assert!(body["body"].as_str().unwrap().starts_with("*\\[SEV2\\] checkout-502: deploying*\nWe deploy"), "{body}");
}

#[test]
fn without_an_issue_nothing_is_asked() {
    run(async {
        let bench = Bench::new(&[("token", "t0ken")]);
        let lost = Message { ticket: Some("ask ana".into()), ..message(About::Deploy) };
        for kind in [
            "github = { repository = \"a/b\", token = { file = \"token\" }, api = \"http://127.0.0.1:9\" }",
            "jira = { url = \"http://127.0.0.1:9\", token = { file = \"token\" } }",
        ] {
            let trouble = bench.send(&channel(kind), &lost).await.unwrap_err();
            assert_eq!((trouble.sort, trouble.what.as_str()), (Sort::Refused, "no issue is named"));
        }
    });
}
