use super::*;

fn resolve(secret: &Secret, root: &Path) -> Result<Hidden, String> {
    secret.resolve(Permit::for_drill(), root).map_err(|error| error.to_string())
}

fn command(argv: &[&str]) -> Secret {
    Secret::Command(argv.iter().map(|word| (*word).to_owned()).collect())
}

#[test]
fn a_value_is_never_shown() {
    let hidden = Hidden::new("t0p");
    assert_eq!(format!("{hidden} {hidden:?} {:?}", Some(&hidden)), "[hidden] [hidden] Some([hidden])");
    assert_eq!(hidden.reveal(), "t0p");
}

#[test]
fn an_unset_variable_is_named() {
    let told = resolve(&Secret::Env("HOTFIX_TEST_UNSET_TOKEN".into()), Path::new("/")).unwrap_err();
    assert_eq!(told, "secret $HOTFIX_TEST_UNSET_TOKEN: the variable is not set");
}

#[test]
fn a_file_gives_its_first_line_and_an_open_one_is_a_concern() {
    let root = tempfile::tempdir().unwrap();
    let secret = Secret::File("token".into());
    assert!(resolve(&secret, root.path()).unwrap_err().starts_with("secret token: "));
    let path = root.path().join("token");
    fs::write(&path, "t0p\nmore\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(resolve(&secret, root.path()).unwrap().reveal(), "t0p");
    assert!(secret.concern(root.path()).unwrap().contains("chmod 600"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(secret.concern(root.path()), None);
    fs::write(&path, " \n").unwrap();
    assert_eq!(resolve(&secret, root.path()).unwrap_err(), "secret token is empty");
}

#[test]
fn a_command_gives_its_first_line_and_its_failure_does_not_tell_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    assert_eq!(resolve(&command(&["printf", "t0p\\nmore"]), root).unwrap().reveal(), "t0p");
    let told = resolve(&command(&["sh", "-c", "echo t0p; exit 3"]), root).unwrap_err();
    assert!(told.contains("the command failed (exit status: 3)") && !told.contains("failed (t0p"), "{told}");
    assert!(resolve(&command(&["no-such-program"]), root).unwrap_err().contains("no program `no-such-program`"));
}

#[test]
fn a_command_that_hangs_is_ended_with_its_children() {
    let argv: Vec<String> = ["sh", "-c", "sleep 600 & wait"].map(str::to_owned).to_vec();
    let root = tempfile::tempdir().unwrap();
    let told = from_command(&argv, Permit::for_drill(), root.path(), Duration::from_millis(200)).unwrap_err();
    assert!(told.contains("did not end within"), "{told}");
}

#[test]
fn a_repository_cannot_slip_in_its_own_programs() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("printf");
    fs::write(&path, "#!/bin/sh\necho stolen\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(!program::find("printf", root.path()).unwrap().starts_with(root.path()));
    assert!(program::find("./printf", root.path()).unwrap().starts_with(root.path()), "unless it is asked for");
}
