//! What a channel would get, as text (pure).

use super::markup::Markup;
use super::model::Message;
use crate::incident::About;

/// The message in the words and the markup of a kind of channel.
pub fn of(kind: &str, message: &Message) -> String {
    let marked = |markup: Markup| markup.of(&message.plain());
    match kind {
        "slack" => marked(Markup::Slack),
        "discord" => shown(&marked(Markup::Discord)),
        "mattermost" => shown(&marked(Markup::Mattermost)),
        "teams" => marked(Markup::Card),
        "github" | "gitlab" => {
            let (headline, body) = (Markup::Markdown.of(&message.headline()), Markup::Markdown.of(&message.body()));
            shown(&format!("**{headline}**\n\n{body}"))
        }
        "email" => format!("Subject: {}\n\n{}", message.headline(), message.body()),
        "pagerduty" => format!("{}\n{}", pagerduty(message.about), message.headline()),
        "statuspage" => format!("{}: {}\n{}", statuspage(message.about), message.title, message.body()),
        _ => message.plain(),
    }
}

/// A mark that keeps an `@` from calling anybody does not show, and neither does it here.
fn shown(text: &str) -> String {
    text.replace('\u{200b}', "")
}

/// What an event does with the incident on PagerDuty: the first word pages, work on it acknowledges, the end resolves.
pub fn pagerduty(about: About) -> &'static str {
    match about {
        About::Assess => "trigger",
        About::Develop | About::Deploy | About::Monitor => "acknowledge",
        About::Resolved => "resolve",
    }
}

/// What a status page calls it.
pub fn statuspage(about: About) -> &'static str {
    match about {
        About::Assess => "investigating",
        About::Develop | About::Deploy => "identified",
        About::Monitor => "monitoring",
        About::Resolved => "resolved",
    }
}
