//! The cockpit: one state, one loop, one way through.
//!
//! ```text
//! keys, signals, observations ──► Event ──► update(&mut State) ──► Vec<Effect> ──► hands
//!                                              │                                    │
//!                            view::draw(&State)                     sources, journal, rollback
//!                                                                                   │
//!                                        every result comes back through the mailbox ◄┘
//! ```
//!
//! - Pure: [`state`], [`event`], [`effect`], [`update`], [`form`], [`assessment`], [`compose`], [`list`], [`action`], [`keymap`], [`palette`], [`notify`],
//!   [`damage`], [`panes`], [`view`], [`tour`].
//! - The world: [`runtime`] (the loop), [`hands`] (effects and sources), [`affected`], [`reading`], [`polling`], [`opening`], [`mailbox`], [`signals`],
//!   [`terminal`], [`guardian`], [`screen`], [`launch`], [`wake`].
//! - [`debrief`]: a screen of its own, the replay of a drill.

pub mod action;
pub mod affected;
pub mod assessment;
pub mod browser;
pub mod clipboard;
pub mod clock;
pub mod compose;
pub mod damage;
pub mod debrief;
pub mod editor;
pub mod effect;
pub mod event;
pub mod exporting;
pub mod form;
pub mod guardian;
pub mod hands;
pub mod inlet;
pub mod keymap;
pub mod keys;
pub mod last_screen;
pub mod launch;
pub mod letter;
pub mod list;
pub mod mailbox;
pub mod notify;
pub mod opening;
pub mod outgoing;
pub mod pace;
pub mod palette;
pub mod panes;
pub mod planner;
pub mod polling;
pub mod reading;
pub mod runtime;
pub mod screen;
pub mod signals;
pub mod state;
pub mod terminal;
pub mod tour;
pub mod update;
pub mod view;
pub mod wake;
pub mod watched;
