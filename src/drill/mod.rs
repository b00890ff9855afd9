//! Drills: a simulated incident on the real console, scored fairly.
//!
//! Nothing in the cockpit knows that it is a drill, except for the banner: the world below is reached
//! over HTTP, through git and by report files, as production is.
//!
//! - [`scenario`] with its [`rules`], [`catalogue`]: the incident as data; the ones that the program carries.
//! - [`world`] with [`traffic`], [`instance`], [`rollout`], [`ci`]: what is simulated (pure).
//! - [`samples`], [`promql`], [`evaluate`], [`api`]: what the world answers (pure); [`server`] serves it.
//! - [`repository`], [`site`]: the git repository, the configuration and the folders of the occasion.
//! - [`script`], [`headless`]: a drill that a file operates.
//! - [`live`]: a drill that a person operates.
//! - [`score`]: what it comes to (pure).

pub mod api;
pub mod catalogue;
pub mod ci;
pub mod clock;
pub mod deeds;
pub mod dimensions;
pub mod evaluate;
pub mod headless;
pub mod instance;
pub mod live;
pub mod moment;
pub mod promql;
pub mod random;
pub mod repository;
pub mod rollout;
pub mod rooms;
pub mod rules;
pub mod samples;
pub mod scenario;
pub mod score;
pub mod script;
pub mod server;
pub mod site;
pub mod traffic;
pub mod world;

#[cfg(test)]
mod d1_tests;
