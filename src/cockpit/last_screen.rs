//! The screen as it was left: the first frame of the next run shows it, greyed and with its age, before git,
//! the network or the journal is touched.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::state::{LastScreen, State};
use crate::evidence::text;
use crate::ui::layout::{Pane, inner};

/// A file beyond this, in bytes, is none of ours.
const SIZE_LIMIT: u64 = 256 * 1024;

#[derive(Serialize, Deserialize)]
struct Saved {
    at: Timestamp,
    size: (u16, u16),
    /// The inner rows of each pane, by its number.
    panes: Vec<(usize, Vec<String>)>,
}

/// Where the screen of a folder is kept, within the state folder.
fn place(state_folder: &Path, directory: &Path) -> Option<PathBuf> {
    let canonical = fs::canonicalize(directory).ok()?;
    let digest = Sha256::digest(canonical.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    Some(state_folder.join("screens").join(format!("{name}.json")))
}

/// The screen that was left in this folder, if there is one of this size.
pub fn load(state_folder: &Path, directory: &Path, size: (u16, u16)) -> Option<LastScreen> {
    let path = place(state_folder, directory)?;
    if fs::metadata(&path).ok()?.len() > SIZE_LIMIT {
        return None;
    }
    let saved: Saved = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    if saved.size != size {
        return None;
    }
    let clean = |rows: Vec<String>| rows.iter().map(|row| text::clean(row)).collect();
    let panes = saved.panes.into_iter().filter_map(|(number, rows)| Some((*Pane::ALL.get(number)?, clean(rows))));
    Some(LastScreen { at: saved.at, panes: panes.collect() })
}

/// Keeps the screen of this folder. It is a convenience: whatever goes wrong is not worth a word.
pub fn save(state_folder: &Path, directory: &Path, state: &State, shown: &Buffer) {
    let areas = state.areas();
    let is_whole = areas.panes.len() > 1 && state.ui.last_screen.is_none();
    let Some(path) = place(state_folder, directory).filter(|_| is_whole) else { return };
    let panes = areas.panes.iter().map(|(pane, area)| (pane.index(), rows(shown, inner(*area)))).collect();
    let saved = Saved { at: state.now, size: state.ui.size, panes };
    let Ok(bytes) = serde_json::to_vec(&saved) else { return };
    let _unwritable = path.parent().map(fs::create_dir_all);
    let _unwritable = fs::write(path, bytes);
}

fn rows(shown: &Buffer, area: Rect) -> Vec<String> {
    area.rows().map(|row| row.columns().map(|cell| shown[(cell.x, cell.y)].symbol()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_kept_for_its_folder_and_size_alone() {
        let folder = tempfile::tempdir().unwrap();
        let project = tempfile::tempdir().unwrap();
        let state = State::new(Timestamp::UNIX_EPOCH, (160, 48), super::super::state::Project::default());
        let mut shown = Buffer::empty(Rect::new(0, 0, 160, 48));
        shown.set_string(1, 3, "9 of 11 gates", ratatui::style::Style::new());
        save(folder.path(), project.path(), &state, &shown);
        let last = load(folder.path(), project.path(), (160, 48)).unwrap();
        assert!(last.panes[0].1[0].starts_with("9 of 11 gates"));
        assert_eq!(load(folder.path(), project.path(), (120, 40)), None);
        assert_eq!(load(folder.path(), folder.path(), (160, 48)), None);
    }
}
