//! Turning a flag off in a file that flagd watches: one word of it changes, and whoever reads it sees the old file or
//! the new one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tempfile::NamedTempFile;

use super::Ran;
use crate::config::schema::FlagdFlag;
use crate::evidence::text::clean;

/// The state of a flag that is off: its clients use the default that their code has.
pub const OFF: &str = "DISABLED";
/// The largest file that is edited, in bytes.
const LIMIT: u64 = 4 << 20;

#[derive(Deserialize)]
struct Document<'t> {
    #[serde(borrow)]
    flags: BTreeMap<Cow<'t, str>, &'t RawValue>,
}

/// Turns the flag off in its file, below `root` where its path is relative.
pub(super) fn turn_off(root: &Path, it: &FlagdFlag) -> Ran {
    let path = root.join(&it.file);
    let shown = clean(&path.display().to_string());
    let edited = read(&path).and_then(|text| Ok((edited(&text, &it.flag)?, text)));
    match edited {
        Ok((None, _)) => Ran::Done(format!("{} was off in {shown} already", clean(&it.flag))),
        Ok((Some(new), old)) => match replace(&path, &old, &new) {
            Ok(()) => Ran::Done(format!("{} is off in {shown}", clean(&it.flag))),
            Err(error) => Ran::Failed(format!("{shown}: {error}: it is as it was")),
        },
        Err(why) => Ran::Failed(format!("{shown}: {why}: it is as it was")),
    }
}

/// The text of a file that is not too large to be one of flags.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let length = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > LIMIT {
        return Err(format!("it is larger than {} MiB", LIMIT >> 20));
    }
    fs::read_to_string(path).map_err(|error| error.to_string())
}

/// The text with the flag turned off and every other byte as it was; `None` where it is off already.
fn edited(text: &str, flag: &str) -> Result<Option<String>, String> {
    let no_flags = |error: serde_json::Error| format!("it is no JSON of flagd: {error}");
    let document: Document = serde_json::from_str(text).map_err(no_flags)?;
    let entry = document.flags.get(flag).ok_or_else(|| format!("it has no flag {}", clean(flag)))?;
    let fields: BTreeMap<Cow<str>, &RawValue> = serde_json::from_str(entry.get()).map_err(no_flags)?;
    let new = match fields.get("state") {
        Some(state) if serde_json::from_str(state.get()).is_ok_and(|state: String| state == OFF) => return Ok(None),
        Some(state) => spliced(text, range(text, state.get()), &format!("\"{OFF}\"")),
        None => {
            let brace = range(text, entry.get()).start + 1;
            let comma = if fields.is_empty() { "" } else { ", " };
            spliced(text, brace..brace, &format!("\"state\": \"{OFF}\"{comma}"))
        }
    };
    // A key that is there twice, or one that is written in escapes, could leave the flag on.
    let value: Value = serde_json::from_str(&new).map_err(no_flags)?;
    let is_off = value["flags"][flag]["state"] == OFF;
    if is_off { Ok(Some(new)) } else { Err(format!("the state of {} cannot be told for sure", clean(flag))) }
}

/// Where a part of a text lies in it.
fn range(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start..start + part.len()
}

fn spliced(text: &str, range: Range<usize>, with: &str) -> String {
    [&text[..range.start], with, &text[range.end..]].concat()
}

/// Puts a file with the same rights in the place of the other, unless that has changed meanwhile. A link stays a link.
fn replace(path: &Path, old: &str, new: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(new.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    if fs::read_to_string(&path)? != old {
        return Err(io::Error::other("somebody else changes it at this moment; try again"));
    }
    file.persist(&path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const FILE: &str = "{\n  \"$schema\": \"https://flagd.dev/schema/v0/flags.json\",\n  \"flags\": {\n    \"other\": {\"state\": \"ENABLED\"},\n    \"new-gateway\": {\n      \"variants\": {\"on\": true, \"off\": false}, \"state\" : \"ENABLED\",\n      \"defaultVariant\": \"on\"\n    }\n  }\n}\n";

    #[test]
    fn one_word_changes_and_no_other_byte() {
        let off = edited(FILE, "new-gateway").unwrap().unwrap();
        assert_eq!(off, FILE.replace("\"state\" : \"ENABLED\"", "\"state\" : \"DISABLED\""));
        assert_eq!(edited(&off, "new-gateway"), Ok(None), "twice is as good as once");
        let bare = edited(r#"{"flags": {"a": {"variants": {}}, "b": {}}}"#, "a").unwrap().unwrap();
        assert_eq!(bare, r#"{"flags": {"a": {"state": "DISABLED", "variants": {}}, "b": {}}}"#);
    }

    #[test]
    fn what_is_not_plainly_that_flag_is_left_alone() {
        assert!(edited(FILE, "gone").unwrap_err().contains("no flag gone"));
        assert!(edited("flags:\n  a: {}\n", "a").unwrap_err().contains("no JSON of flagd"));
        let twice = r#"{"flags": {"a": {"state": "ENABLED"}, "a": {"state": "ENABLED"}}}"#;
        assert!(edited(twice, "a").is_ok_and(|new| new.is_some_and(|new| new.ends_with(r#"DISABLED"}}}"#))));
        let hidden = r#"{"flags": {"a": {"state": "ENABLED"}}, "flags": {"a": {"state": "ENABLED"}}}"#;
        assert!(edited(hidden, "a").is_err(), "nobody knows which of the two counts");
    }

    #[test]
    fn the_file_behind_a_link_is_replaced_in_one_go_with_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("real.json");
        fs::write(&file, FILE).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, folder.path().join("flags.json")).unwrap();
        let it = FlagdFlag { file: "flags.json".into(), flag: "new-gateway".into() };
        assert!(matches!(turn_off(folder.path(), &it), Ran::Done(what) if what.contains("is off in")));
        assert!(folder.path().join("flags.json").is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(matches!(turn_off(folder.path(), &it), Ran::Done(what) if what.contains("already")));
        assert!(replace(&file, "something else", "new").unwrap_err().to_string().contains("somebody else"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
