//! What is read beside the rest where somebody waits for the end, on threads of their own, each with a repository of
//! its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::{Comparison, LazyClasses, Settings, point};
use crate::change::contents::Contents;
use crate::change::patch::Entry;
use crate::change::releases::Releases;
use crate::change::risk::Familiarity;
use crate::change::source::history::Record;
use crate::change::source::production::Found;
use crate::change::source::repository::Repo;
use crate::change::source::trouble::Trouble;
use crate::change::source::{familiar, releases, undoing};
use crate::evidence::Oid;

/// What a rollback undoes, and the files that it changes.
type Undone = (Contents, Vec<Entry>);

/// The threads.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) undoing: Option<JoinHandle<Result<Undone, Trouble>>>,
    walk: Option<JoinHandle<Option<Familiarity>>>,
    pub(super) releases: Option<JoinHandle<Option<Releases>>>,
    is_awaited: Arc<AtomicBool>,
}

impl Beside {
    /// What a rollback from production undoes.
    pub(super) fn undo(&mut self, repo: &Repo, settings: &Settings, classes: &LazyClasses, found: &Found) {
        let (root, settings) = (repo.place.root().to_owned(), settings.production.clone());
        let (classes, from, versions) = (classes.clone(), point(found), found.versions.clone());
        self.undoing = spawn("rollback contents", move || {
            undoing::contents(&Repo::open(&root)?, &classes, &settings, from, None, &versions)
        });
    }

    /// How well the authors know what they touch.
    pub(super) fn walk(&mut self, repo: &Repo, production: &Oid, records: &[Record], paths: Vec<familiar::Paths>) {
        let (root, production, records) = (repo.place.root().to_owned(), production.clone(), records.to_owned());
        let is_awaited = self.is_awaited.clone();
        self.walk = spawn("familiarity", move || {
            Some(familiar::read(&Repo::open(&root).ok()?, &production, &records, &paths, Some(&is_awaited)))
        });
    }

    /// How large patch releases were.
    pub(super) fn compare(&mut self, repo: &Repo, classes: &LazyClasses, (base, head, versions): Comparison) {
        let (root, classes) = (repo.place.root().to_owned(), classes.clone());
        self.releases = spawn("releases", move || {
            releases::compare(&Repo::open(&root).ok()?, &classes, &versions, &base, &head).ok()?
        });
    }

    /// What the walk saw until now.
    pub(super) fn walked(&mut self) -> Option<Familiarity> {
        self.is_awaited.store(true, Ordering::Relaxed);
        self.walk.take()?.join().ok()?
    }
}

/// Where no thread can be had, what it would have read is read in its turn.
fn spawn<T: Send + 'static>(name: &str, read: impl FnOnce() -> T + Send + 'static) -> Option<JoinHandle<T>> {
    std::thread::Builder::new().name(name.into()).spawn(read).ok()
}
