//! A report as values, whatever its format: recognised by content, never by name.

use std::io::Read;
use std::sync::Arc;

use super::cases::Cases;
use super::decode::Decoder;
use super::formats::dotnet::{self, Dotnet};
use super::formats::{self, Format};
use super::junit::xml::{Document, Ending, Handler};
use super::junit::{self, Attributes, Junit};
use super::model::{FlakyTest, RunState, TestFailure, Totals};
use super::tally::{Circumstances, Tally};

/// What is wrong with a report that was begun and not written.
pub const NO_BYTES: &str = "0 bytes: no evidence";

/// What a report says.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Counts. Passes of a report that is not complete are in `unproven`.
    pub totals: Totals,
    /// What failed, as far as there was room.
    pub failures: Vec<TestFailure>,
    /// What passed at a later attempt.
    pub flaky: Vec<FlakyTest>,
    /// What is wrong with it.
    pub warnings: Vec<String>,
    /// How much of it was there.
    pub state: RunState,
    /// Why it is not complete, in words.
    pub trouble: Option<String>,
    /// Whether its attributes claim more failures than its cases show.
    pub claims_more: bool,
    /// What it says of the circumstances it was made in.
    pub said: Circumstances,
    /// Every case, for comparisons.
    pub cases: Arc<Cases>,
}

/// Reads a report to its end. Never fails: what went wrong is in the result.
pub fn read(input: impl Read) -> Parsed {
    let mut decoder = Decoder::new(input);
    match decoder.peek() {
        Ok([]) => Parsed::without_cases(RunState::Empty, NO_BYTES),
        Ok(head) => match formats::recognise(head) {
            Format::Xml => read_xml(decoder),
            Format::JsonLines => Parsed::of(formats::json_lines::read(decoder)),
            Format::Apex => Parsed::of(formats::apex::read(decoder)),
            Format::Ctrf => Parsed::of(formats::ctrf::read(decoder)),
            Format::Tap => Parsed::of(formats::tap::read(decoder)),
        },
        Err(error) => Parsed::unreadable(&error.to_string()),
    }
}

fn read_xml(decoder: Decoder<impl Read>) -> Parsed {
    let mut document = Document::new(decoder);
    let mut dialect = Dialect::Unknown(None);
    let ending = document.drive(&mut dialect);
    let mut parsed = match dialect {
        Dialect::Unknown(root) => return foreign(root.as_deref(), ending),
        Dialect::Junit(mut junit) => {
            junit.finish();
            let mut parsed = Parsed::new(std::mem::take(&mut junit.tally), ending);
            parsed.claims_more = junit.suites.claims_more();
            parsed.said = junit.circumstances(&mut parsed.warnings);
            parsed
        }
        Dialect::Dotnet(mut dotnet) => {
            let claims_more = dotnet.finish();
            Parsed { claims_more, ..Parsed::new(dotnet.tally, ending) }
        }
    };
    if document.roots() > 1 {
        parsed.warnings.push(format!("{} reports in one file, counted together", document.roots()));
    }
    if let Some(name) = document.unknown_encoding() {
        parsed.warnings.push(crate::evidence::text::clean(&format!("encoding {name} was read as UTF-8")));
    }
    parsed
}

fn foreign(root: Option<&str>, ending: Ending) -> Parsed {
    match (ending, root) {
        (Ending::Unreadable(why), _) => Parsed::unreadable(&why),
        (Ending::Refused(why), _) => Parsed::without_cases(RunState::Refused, &why),
        (Ending::Cut, None) => Parsed::without_cases(RunState::Truncated, "it ends before its first element"),
        (_, None) => {
            Parsed::without_cases(RunState::NotAReport, "no test report: neither XML nor another known format")
        }
        (_, Some(root)) => {
            Parsed::without_cases(RunState::NotAReport, &format!("no test report: its root is <{root}>"))
        }
    }
}

impl Parsed {
    /// A report that nothing is known of but why it could not be read.
    pub fn unreadable(why: &str) -> Self {
        Self::without_cases(RunState::Unreadable, why)
    }

    fn without_cases(state: RunState, trouble: &str) -> Self {
        let mut parsed = Self::new(Tally::default(), Ending::Closed);
        parsed.state = state;
        parsed.trouble = Some(crate::evidence::text::clean(trouble));
        parsed
    }

    /// What was counted without a file.
    pub fn of_tally(tally: Tally) -> Self {
        Self::new(tally, Ending::Closed)
    }

    /// What `sf apex get test` gives as its result.
    ///
    /// # Errors
    /// When it is something else.
    pub fn of_apex(result: &serde_json::Value) -> Result<Self, serde_json::Error> {
        Ok(Self::of(formats::apex::of_result(result)?))
    }

    fn of(found: formats::Outcome) -> Self {
        Self { said: found.said, claims_more: found.claims_more, ..Self::new(found.tally, found.ending) }
    }

    fn new(tally: Tally, ending: Ending) -> Self {
        let (state, trouble) = match ending {
            Ending::Closed if tally.totals.tests == 0 => (RunState::Empty, Some("0 tests: no evidence".into())),
            Ending::Closed => (RunState::Complete, None),
            Ending::Cut => (RunState::Truncated, Some("its end is missing".into())),
            Ending::Malformed(what) => (RunState::Malformed, Some(what)),
            Ending::Refused(what) => (RunState::Refused, Some(what)),
            Ending::Unreadable(what) => (RunState::Unreadable, Some(what)),
        };
        let mut totals = tally.totals;
        if state != RunState::Complete {
            totals.unproven = std::mem::take(&mut totals.passed);
        }
        let mut warnings = tally.warnings;
        if tally.unlisted > 0 {
            warnings.push(format!("{} more failures are counted and not listed", tally.unlisted));
        }
        Self {
            totals,
            failures: tally.failures,
            flaky: tally.flaky,
            warnings,
            state,
            trouble: trouble.map(|what: String| crate::evidence::text::clean(&what)),
            claims_more: false,
            said: Circumstances::default(),
            cases: Arc::new(tally.cases),
        }
    }
}

/// Chooses the reader by the first element that is known.
enum Dialect {
    /// None yet; the first element.
    Unknown(Option<String>),
    Junit(Box<Junit>),
    Dotnet(Box<Dotnet>),
}

/// What an element means to the reader that was chosen when it began.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Unknown,
    Junit(junit::Kind),
    Dotnet(dotnet::Kind),
}

impl Handler for Dialect {
    type Kind = Kind;

    fn open(&mut self, name: &str, attributes: Attributes<'_>) -> Kind {
        if let Self::Unknown(root) = self {
            root.get_or_insert_with(|| crate::evidence::text::clean(name));
            if junit::is_root(name) {
                *self = Self::Junit(Box::default());
            } else if dotnet::is_root(name) {
                *self = Self::Dotnet(Box::default());
            }
        }
        match self {
            Self::Unknown(_) => Kind::Unknown,
            Self::Junit(junit) => Kind::Junit(junit.open(name, attributes)),
            Self::Dotnet(dotnet) => Kind::Dotnet(dotnet.open(name, attributes)),
        }
    }

    fn wants_text(&self, kind: Kind) -> bool {
        match (self, kind) {
            (Self::Junit(junit), Kind::Junit(kind)) => junit.wants_text(kind),
            (Self::Dotnet(dotnet), Kind::Dotnet(kind)) => dotnet.wants_text(kind),
            _ => false,
        }
    }

    fn text(&mut self, text: &str) {
        match self {
            Self::Unknown(_) => {}
            Self::Junit(junit) => junit.text(text),
            Self::Dotnet(dotnet) => dotnet.text(text),
        }
    }

    fn close(&mut self, kind: Kind) {
        match (self, kind) {
            (Self::Junit(junit), Kind::Junit(kind)) => junit.close(kind),
            (Self::Dotnet(dotnet), Kind::Dotnet(kind)) => dotnet.close(kind),
            _ => {}
        }
    }

    fn abandon(&mut self, kind: Kind) {
        match (self, kind) {
            (Self::Junit(junit), Kind::Junit(kind)) => junit.abandon(kind),
            (Self::Dotnet(dotnet), Kind::Dotnet(kind)) => dotnet.abandon(kind),
            _ => {}
        }
    }
}
