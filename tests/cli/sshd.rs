//! The recipe `systemd-ssh` through the real `ssh` to a real `sshd` on loopback, with keys of its own. Its `systemctl` is a
//! script: no unit of this machine is touched. Without `sshd` these are skipped, and say so.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use git2::Repository;

use super::place::Place;
use super::rollback::{commit, tag, wait};

/// A host with `sshd`, where v2.4.1 runs.
struct Host {
    place: Place,
    folder: PathBuf,
    sshd: Child,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _gone = self.sshd.kill();
        let _reaped = self.sshd.wait();
    }
}

fn sshd() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = places.map(|place| place.join("sshd")).find(|it| it.exists());
    if found.is_none() {
        assert!(std::env::var_os("HOTFIX_REQUIRE_TOOLS").is_none(), "sshd is needed");
        eprintln!("SKIPPED: there is no sshd");
    }
    found
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn key(path: &Path) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status().unwrap();
    assert!(made.success());
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Host {
    /// A host that is known as `one`; `hosts` are those of the recipe, of which `two` never answers.
    fn new(hosts: &str) -> Option<Self> {
        let program = sshd()?;
        let place = Place::new();
        let folder = place.repo().parent().unwrap().to_owned();
        for release in ["v2.4.0", "v2.4.1"] {
            fs::create_dir_all(folder.join("srv/releases").join(release)).unwrap();
        }
        symlink(folder.join("srv/releases/v2.4.1"), folder.join("srv/current")).unwrap();
        let sshd = Self::listen(&program, &folder);
        let repository = Repository::open(place.repo()).unwrap();
        tag(&repository, "v2.4.0");
        commit(&repository, "Retry the payment gateway");
        tag(&repository, "v2.4.1");
        let (path, url) = (folder.join("srv").display().to_string(), tells_version(&folder));
        let params = format!("hosts = [{hosts}]\npath = \"{path}\"\nunit = \"shop\"\nversion_url = \"{url}\"\n");
        place.write("hotfix.toml", &format!("[rollback]\nrecipe = \"systemd-ssh\"\n[rollback.params]\n{params}"));
        let hash = place.runs(&["trust", "--hash"]);
        place.runs(&["trust", "--yes", hash.trim()]);
        place.runs(&["declare", "checkout-502"]);
        Some(Self { place, folder, sshd })
    }

    fn listen(program: &Path, folder: &Path) -> Child {
        let (port, dead) = (free_port(), free_port());
        let (at, bin) = (folder.display(), folder.join("bin"));
        fs::create_dir(&bin).unwrap();
        key(&folder.join("host"));
        key(&folder.join("user"));
        script(
            &bin.join("systemctl"),
            &format!("echo \"$*\" >> {at}/systemctl.log\n[ \"$2\" = is-active ] && echo active\nexit 0"),
        );
        // The real one reads the configuration of whoever runs the tests.
        fs::create_dir(folder.join("wrapped")).unwrap();
        let real = which("ssh");
        script(&folder.join("wrapped/ssh"), &format!("exec {} -F {at}/ssh_config \"$@\"", real.display()));
        let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        let common = format!(
            "HostName 127.0.0.1\nUser {}\nIdentityFile {at}/user\nIdentitiesOnly yes\nUserKnownHostsFile {at}/known\n\
             StrictHostKeyChecking accept-new\nConnectTimeout 5\n",
            user.trim()
        );
        fs::write(folder.join("ssh_config"), format!("Host one\nPort {port}\nHost two\nPort {dead}\nHost *\n{common}"))
            .unwrap();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/user.pub\nStrictModes no\n\
             UsePAM no\nPidFile none\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n\
             SetEnv PATH={}:/usr/local/bin:/usr/bin:/bin\n",
            bin.display()
        );
        fs::write(folder.join("sshd_config"), config).unwrap();
        // Where root starts it, it wants this folder.
        let _may_not = fs::create_dir_all("/run/sshd");
        let mut command = Command::new(program);
        command.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
        let log = fs::File::create(folder.join("sshd.log")).unwrap();
        let sshd = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        wait(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        sshd
    }

    fn hotfix(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let path = format!("{}:{}", self.folder.join("wrapped").display(), std::env::var("PATH").unwrap());
        let output = self.place.output(arguments, Some(("PATH", &path)));
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }

    fn fire(&self) -> (Option<i32>, String) {
        let (code, plan) = self.hotfix(&["rollback", "--dry-run", "--json"]);
        assert_eq!(code, Some(0), "{plan}");
        let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
        self.hotfix(&["rollback", "--yes", plan["hash"].as_str().unwrap()])
    }

    fn runs(&self) -> String {
        let target = fs::read_link(self.folder.join("srv/current")).unwrap();
        target.file_name().unwrap().to_string_lossy().into_owned()
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }
}

fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|place| place.join(name)).find(|it| it.exists()).unwrap()
}

/// The service: it tells the version that the link leads to.
fn tells_version(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let link = folder.join("srv/current");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _head = stream.read(&mut [0; 4096]);
            let target = fs::read_link(&link).unwrap();
            let body = format!("{{\"version\":\"{}\"}}", target.file_name().unwrap().to_string_lossy());
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _gone = write!(stream, "{head}{body}");
        }
    });
    format!("http://{address}/version")
}

#[test]
fn a_link_is_switched_on_the_host_and_the_service_tells_the_version() {
    let Some(host) = Host::new("\"one\"") else { return };
    let (code, told) = host.fire();
    assert_eq!(code, Some(0), "{told}\n{}", host.file("sshd.log"));
    assert!(told.contains("rolled back, verified"), "{told}");
    assert_eq!(host.runs(), "v2.4.0");
    assert!(host.file("systemctl.log").contains("--user restart shop"), "{}", host.file("systemctl.log"));
}

#[test]
fn nothing_is_switched_anywhere_where_one_host_does_not_answer() {
    let Some(host) = Host::new("\"one\", \"two\"") else { return };
    let (code, told) = host.fire();
    assert_ne!(code, Some(0), "{told}");
    assert!(told.contains("look for the release on two"), "{told}");
    assert_eq!((host.runs().as_str(), host.file("systemctl.log").as_str()), ("v2.4.1", ""));
}

#[test]
fn a_release_that_was_pruned_is_seen_before_anything_is_switched() {
    let Some(host) = Host::new("\"one\"") else { return };
    fs::remove_dir(host.folder.join("srv/releases/v2.4.0")).unwrap();
    let (code, told) = host.fire();
    assert_ne!(code, Some(0), "{told}");
    assert_eq!((host.runs().as_str(), host.folder.join("srv/next").exists()), ("v2.4.1", false), "{told}");
}
