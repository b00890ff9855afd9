//! The page in a browser: headless Chromium opens it once, and nothing that is in it asks for anything.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::super::fixture::{records, report};
use super::super::render::{Format, render};
use super::{live, past};

/// What a page of somebody else's would load.
const FOREIGN: &str = "<img src=\"http://elsewhere.example/x.png\">\
    <link rel=\"stylesheet\" href=\"http://elsewhere.example/x.css\"><script src=\"http://elsewhere.example/x.js\"></script>";

/// The browser, or `None` after saying that the test is skipped. Continuous integration forbids the skip.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path)
        .flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)));
    let found = files.find(|file| file.is_file());
    if found.is_none() {
        let is_required = std::env::var_os("HOTFIX_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!is_required, "chromium is required and not installed");
        println!("skipped: chromium is not installed");
    }
    found
}

/// A page as the browser has it after it was opened, and every address that it asked for.
struct Opened {
    dom: String,
    asked: Vec<String>,
}

fn open(chromium: &Path, page: &str) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (folder.path().join("page.html"), folder.path().join("net.json"));
    fs::write(&file, page).unwrap();
    let output = Command::new(chromium)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        // What is asked for all the same gets nowhere.
        .args(["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("--log-net-log={}", log.display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Opened { dom, asked: asked(&fs::read_to_string(&log).unwrap()) }
}

/// The addresses that a page asked for. What the browser asks on its own account has no page that began it.
fn asked(log: &str) -> Vec<String> {
    let log: Value = serde_json::from_str(log).unwrap();
    let events = log["events"].as_array().unwrap();
    assert!(!events.is_empty(), "the browser keeps its log");
    let by_page = |event: &&Value| event["params"]["initiator"].as_str().is_some_and(|it| it != "not an origin");
    events.iter().filter(by_page).filter_map(|event| event["params"]["url"].as_str().map(str::to_owned)).collect()
}

#[test]
fn the_page_opens_in_a_browser_and_asks_for_nothing() {
    let Some(chromium) = chromium() else { return };
    let bare = open(&chromium, &format!("<!doctype html><title>x</title>{FOREIGN}"));
    assert_eq!(bare.asked.len(), 3, "this test sees what a page asks for: {:?}", bare.asked);

    let title = "checkout <img src=http://elsewhere.example/t.png> 502";
    let page = render(&report(&records(title, None), &live(), &past()), Format::Html, None).unwrap();
    let opened = open(&chromium, &page);
    assert_eq!(opened.asked, [] as [String; 0]);
    for section in ["Impact", "Canary", "Rollback", "The change", "Tests", "Notices", "Root cause", "Timeline"] {
        assert!(opened.dom.contains(&format!("<h2>{section}</h2>")), "{section} in {}", opened.dom);
    }
    assert_eq!(opened.dom.matches("<svg").count(), 3, "the line of time, the curve and the verdicts");
    assert!(opened.dom.contains("class=\"curve canary\"") && opened.dom.contains("class=\"curve baseline\""));
    assert!(!opened.dom.contains("<img"), "what somebody wrote is text");

    let spoilt = page.replace("</body>", &format!("{FOREIGN}</body>"));
    let opened = open(&chromium, &spoilt);
    assert_eq!(opened.asked, [] as [String; 0], "a template that wants more gets nothing by the page's own policy");
}
