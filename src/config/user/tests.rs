use std::fs;

use super::*;

#[test]
fn without_a_file_there_are_defaults() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read(&folder.path().join("config.toml")).unwrap(), User::default());
}

#[test]
fn name_theme_and_keys_are_read_and_typing_errors_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "name = \"ana\"\nascii = true\nnotify = [\"bell\", \"osc777\"]\n[keys]\nquit = \"ctrl-q\"\nzoom = [\"z\", \"f11\"]\n").unwrap();
    let user = read(&path).unwrap();
    assert_eq!((user.name.as_deref(), user.ascii), (Some("ana"), Some(true)));
    assert_eq!(user.notify, [Way::Bell, Way::Osc777]);
    assert_eq!(user.keys["quit"].list(), ["ctrl-q"]);
    assert_eq!(user.keys["zoom"].list(), ["z", "f11"]);
    fs::write(&path, "nmae = \"ana\"\n[keys]\nquit = 7\n").unwrap();
    let told = read(&path).unwrap_err().to_string();
    assert!(told.contains("config.toml:1:1: unknown key `nmae`") && told.contains("did you mean `name`?"), "{told}");
    assert!(told.contains("config.toml:3:8: a key such as"), "{told}");
}
