//! The report: what happened, as the journal tells it, for those who were not there.
//!
//! - [`moments`]: when what happened, each with its source (pure).
//! - [`delivery`]: the delivery metrics between these moments, of this incident and of those before it (pure).
//! - [`model`]: the whole report as values; serialised, it is the JSON contract (pure).
//! - [`live`]: what git, the tests, the canary and the gates add while the repository is there (pure).
//! - `timeline`: every record as a line (pure).
//! - [`chart`]: pictures as SVG (pure).
//! - [`render`]: Markdown and HTML by templates that a team may replace.
//!
//! The journal alone is enough: what only a live source could tell is `null`, and named in `unknown`.

pub mod chart;
mod clock;
pub mod delivery;
pub mod escape;
pub mod live;
pub mod model;
pub mod moments;
pub mod past;
mod pieces;
pub mod render;
mod timeline;

pub use live::Live;
pub use model::{Origin, Report};
pub use past::Past;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
