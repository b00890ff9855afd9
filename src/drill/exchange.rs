//! A request to the world and its answer, whoever gives it (pure).

use serde_json::Value;

use super::moment::Moment;

/// A request, its query string and form already taken apart.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`
    pub method: String,
    /// `/api/v1/query`
    pub path: String,
    /// Parameters of the query string and of a form.
    pub parameters: Vec<(String, String)>,
    /// The body of anything but a form.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
    /// It is given then, and not before.
    pub held_until: Option<Moment>,
}

const TEXT: &str = "text/plain; charset=utf-8";

impl Answer {
    /// An answer of plain text.
    pub fn text(status: u16, body: &str) -> Self {
        Self { status, content_type: TEXT, body: body.to_owned(), held_until: None }
    }

    /// An answer of JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", body: body.to_string(), held_until: None }
    }
}
