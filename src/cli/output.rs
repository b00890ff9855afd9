//! Standard output, for a reader that may go away.

use std::io::{self, ErrorKind, Write};

/// Prints a text as it is. Returns whether somebody still reads: a closed pipe is no error.
///
/// # Errors
/// When it cannot be written for any other reason.
pub fn print(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}
