//! A command: the text is its standard input, and success is its exit code 0.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::{Arrived, Post, Sort, Trouble};
use crate::comms::model::Message;
use crate::config::program::{self, Group};
use crate::config::schema::TellingCommand;
use crate::evidence::text::{clean, clean_bytes, fit, fit_end};

/// The most that is read of what it prints, in bytes.
const OUTPUT: u64 = 4 * 1024;
/// How much of that is shown, in cells.
const SHOWN: usize = 200;

pub(super) async fn send(command: &TellingCommand, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    let shown = command.run.first().map_or_else(String::new, |name| clean(name));
    let trouble = |sort, what: String| Trouble::new(sort, format!("command {shown}: {what}"), None);
    let name = command.run.first().ok_or_else(|| trouble(Sort::Refused, "no program".into()))?;
    let path = program::find(name, &post.place.root).map_err(|what| trouble(Sort::Refused, what))?;
    match tokio::time::timeout(post.timeout, run(&path, &command.run[1..], message, &post.place.root)).await {
        Ok(Ok(arrived)) => Ok(arrived),
        Ok(Err((sort, what))) => Err(trouble(sort, what)),
        Err(_) => {
            let what = format!("it did not end within {} s, and was killed", post.timeout.as_secs_f64());
            Err(trouble(Sort::Unknown, what))
        }
    }
}

async fn run(path: &Path, arguments: &[String], message: &Message, root: &Path) -> Result<Arrived, (Sort, String)> {
    let mut command = tokio::process::Command::new(path);
    command.args(arguments).current_dir(root).process_group(0).kill_on_drop(true);
    command.env("HOTFIX_NOTICE_KEY", &message.key).env("HOTFIX_NOTICE_ABOUT", message.about.label());
    command.env("HOTFIX_INCIDENT", &message.incident);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| (Sort::Refused, format!("cannot start: {error}")))?;
    let _group = Group::of(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let text = message.plain() + "\n";
    let write = async {
        if let Some(mut pipe) = stdin {
            // A command that wants no text closes its end.
            let _ = pipe.write_all(text.as_bytes()).await;
        }
    };
    let ((), out, complaint) = tokio::join!(write, beginning(stdout), beginning(stderr));
    let status = child.wait().await.map_err(|error| (Sort::Unknown, format!("is lost: {error}")))?;
    if status.success() {
        let line = clean_bytes(&out).trim().to_owned();
        return Ok(Arrived { receipt: (!line.is_empty()).then(|| fit(&line, SHOWN)), missed: None });
    }
    let complaint = fit_end(clean_bytes(&complaint).trim(), SHOWN);
    // One that was killed may have told somebody before.
    let sort = if status.code().is_some() { Sort::Refused } else { Sort::Unknown };
    Err((sort, format!("ended with {status}: {complaint}")))
}

/// The beginning of what is printed; the rest is read and thrown away, so that the command does not stop.
async fn beginning(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut read = Vec::new();
    if let Some(mut pipe) = pipe {
        let _ = (&mut pipe).take(OUTPUT).read_to_end(&mut read).await;
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
    read
}
