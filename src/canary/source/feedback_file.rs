//! The file of reports: its end is read at every look.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use super::super::feedback::{self, Item};

/// The most that is read, from the end.
const LIMIT: u64 = 256 * 1024;

/// The reports, and what is wrong with the file. One that is not there yet holds none.
pub fn look(path: &Path) -> (Vec<Item>, Option<String>) {
    let shown = path.display();
    match end_of(path) {
        Ok(bytes) => {
            let (items, odd) = feedback::read(&String::from_utf8_lossy(&bytes));
            (items, (odd > 0).then(|| format!("feedback: {odd} lines of {shown} cannot be read")))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => (Vec::new(), None),
        Err(error) => (Vec::new(), Some(format!("feedback: {shown}: {error}"))),
    }
}

fn end_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut file = File::open(path)?;
    let skipped = metadata.len().saturating_sub(LIMIT);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes)?;
    if skipped > 0 {
        // The first line is cut.
        let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        bytes.drain(..end);
    }
    Ok(bytes)
}
