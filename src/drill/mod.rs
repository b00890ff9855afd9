//! Drills: a simulated incident on the real console, scored fairly.
//!
//! Nothing in the cockpit knows that it is a drill, except for the banner: the world below is reached
//! over HTTP, through git and by report files, as production is.
//!
//! - [`scenario`] with its [`service`] and [`rules`], [`reading`], [`check`], [`catalogue`]: the incident as data; whether it can be; the ones that
//!   the program carries.
//! - [`world`] with [`faults`], [`traffic`], [`instance`], [`database`], [`rollout`], [`ci`]: what is simulated (pure).
//! - [`samples`], [`promql`], [`evaluate`], [`exchange`], [`api`] over [`control`]: what the world answers (pure); [`server`] serves it.
//! - [`repository`] with [`pushes`], [`configuration`], [`folder`], [`site`]: the git repository, its `hotfix.toml` and the folders of
//!   the occasion.
//! - [`script`], [`headless`]: a drill that a file operates.
//! - [`live`]: a drill that a person operates, by a [`clock`] that can be stopped; [`steering`] is done to it, from a
//!   second terminal through the [`door`], by [`visit`].
//! - [`score`] by [`dimensions`] over [`deeds`], in [`points`]: what it comes to (pure).
//! - [`kept`] with [`ideal`]: a run as a file, for [`debrief`], [`replay`] and [`history`] (pure); [`archive`] keeps them.

pub mod api;
pub mod archive;
pub mod catalogue;
pub mod check;
pub mod ci;
pub mod clock;
pub mod configuration;
pub mod control;
pub mod database;
pub mod debrief;
pub mod deeds;
pub mod dimensions;
pub mod door;
pub mod evaluate;
pub mod exchange;
pub mod faults;
pub mod folder;
pub mod headless;
pub mod history;
pub mod ideal;
pub mod inbox;
pub mod instance;
pub mod kept;
pub mod live;
pub mod moment;
pub mod points;
pub mod promql;
pub mod pushes;
pub mod random;
pub mod reading;
pub mod replay;
pub mod repository;
pub mod rollout;
pub mod rooms;
pub mod rules;
pub mod samples;
pub mod scenario;
pub mod score;
pub mod script;
pub mod server;
pub mod service;
pub mod site;
pub mod steering;
pub mod traffic;
pub mod visit;
pub mod world;

#[cfg(test)]
mod d1_tests;
#[cfg(test)]
pub mod fixture;
