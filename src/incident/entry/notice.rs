//! What stakeholders are told, and how each telling went.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::Stage;
use crate::incident::sentence::after;

/// A notice as it was written, before anything of it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeWritten {
    /// Its idempotency key, which goes along with it wherever a receiver can tell a repetition by it.
    pub key: String,
    /// What it is about.
    pub about: About,
    /// What is said.
    pub text: String,
    /// When the next one is promised.
    pub next_update_at: Option<Timestamp>,
    /// The channels that it is to go to.
    pub channels: Vec<String>,
}

/// How one notice gets to one channel, at one moment. What may have an effect is written before it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The key of the notice.
    pub notice: String,
    /// The channel.
    pub channel: String,
    /// The state it is in now.
    pub state: DeliveryState,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The receiver's own name for what it took: an id, an address.
    pub receipt: Option<String>,
    /// In words: what went wrong, and what to do.
    pub detail: Option<String>,
    /// When it is tried again by itself.
    pub again_at: Option<Timestamp>,
}

/// What a notice is about: a stage of the incident, or its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum About {
    /// We look into it.
    Assess,
    /// We make a fix.
    Develop,
    /// We bring it to production.
    Deploy,
    /// We watch it there.
    Monitor,
    /// It is over.
    Resolved,
}

/// The states of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Nothing is under way; it goes out, or is tried again, later.
    Waiting,
    /// It is about to be sent, or being sent.
    Sending,
    /// The receiver has it.
    Delivered,
    /// Some of its addressees have it, and others refuse it.
    Partly,
    /// The receiver has not got it.
    Failed,
    /// Nobody can say: it is not sent again without a person.
    Unknown,
}

impl About {
    /// In the order of an incident.
    pub const ALL: [Self; 5] = [Self::Assess, Self::Develop, Self::Deploy, Self::Monitor, Self::Resolved];

    /// One word, lower case.
    pub fn label(self) -> &'static str {
        match self {
            Self::Assess => "assess",
            Self::Develop => "develop",
            Self::Deploy => "deploy",
            Self::Monitor => "monitor",
            Self::Resolved => "resolved",
        }
    }

    /// The word that stands in a notice, for people who do not know our stages.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Assess => "investigating",
            Self::Develop => "working on a fix",
            Self::Deploy => "deploying",
            Self::Monitor => "monitoring",
            Self::Resolved => "resolved",
        }
    }
}

impl From<Stage> for About {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Assess => Self::Assess,
            Stage::Develop => Self::Develop,
            Stage::Deploy => Self::Deploy,
            Stage::Monitor => Self::Monitor,
        }
    }
}

impl DeliveryState {
    /// Whether the receiver has it.
    pub fn has_arrived(self) -> bool {
        matches!(self, Self::Delivered | Self::Partly)
    }

    /// One word, lower case.
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Partly => "partly",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl NoticeWritten {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        let to = if self.channels.is_empty() { "nobody".to_owned() } else { self.channels.join(", ") };
        format!("wrote a notice ({}) to {to}: {}", self.about.label(), self.text)
    }
}

impl Delivery {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        let (channel, why) = (&self.channel, after(self.detail.as_deref()));
        let receipt = self.receipt.as_ref().map_or_else(String::new, |receipt| format!(" ({receipt})"));
        match self.state {
            DeliveryState::Waiting => format!("the notice to {channel} waits{why}"),
            DeliveryState::Sending => format!("sends the notice to {channel}, attempt {}", self.attempt),
            DeliveryState::Delivered => format!("the notice reached {channel}{receipt}{why}"),
            DeliveryState::Partly => format!("the notice reached a part of {channel}{receipt}{why}"),
            DeliveryState::Failed => format!("the notice did NOT reach {channel}{why}"),
            DeliveryState::Unknown => format!("nobody knows whether the notice reached {channel}{why}"),
        }
    }
}
