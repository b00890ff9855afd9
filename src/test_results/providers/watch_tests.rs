use super::super::github::fixture::{Hub, World, check, run_async};
use super::*;
use crate::test_results::model::Light;

#[test]
fn without_trust_nobody_is_asked_and_nothing_is_green() {
    let text = "[[tests]]\nname = \"ci\"\ngithub = { repository = \"acme/checkout\" }\n";
    let config = crate::config::load::parse(text, Path::new("hotfix.toml")).unwrap().config;
    let reports = Servers::new(&config, None).unasked();
    let why = reports[0].runs[0].ci.as_ref().unwrap().silence(Timestamp::now());
    assert_eq!(why, "not asked: hotfix.toml is not trusted (hotfix trust)");
    assert_eq!(reports[0].sources.len(), 1);
}

#[test]
fn servers_and_files_are_told_together_and_a_refresh_asks_again() {
    run_async(async {
        let hub = Hub::start(World::default()).await;
        let folder = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init(folder.path()).unwrap();
        let who = git2::Signature::now("a", "a@example").unwrap();
        let tree = repository.find_tree(repository.treebuilder(None).unwrap().write().unwrap()).unwrap();
        repository.commit(Some("HEAD"), &who, &who, "one", &tree, &[]).unwrap();
        let remote = hub.remote(|_| {});
        let servers = Servers { blank: vec![remote.blank()], remotes: vec![remote] };
        let (say, heard) = mpsc::unbounded_channel();
        let (tell, mut told) = mpsc::unbounded_channel();
        let asked = Asked::default();
        let send = move |observation| drop(tell.send(observation));
        let ear = (say.downgrade(), heard);
        tokio::spawn(servers.watch(folder.path().to_owned(), asked.clone(), ear, send));
        let files = source::Reports::new(folder.path(), &[]).look(None, Timestamp::now());
        say.send(Heard::Local(Observation::Seen(Generation(1), Box::new(files)))).unwrap();
        let mut next = async || loop {
            match told.recv().await.unwrap() {
                Observation::Seen(_, evidence)
                    if evidence.value.runs.iter().any(|run| run.ci.as_ref().unwrap().asked_at.is_some()) =>
                {
                    return *evidence;
                }
                _ => {}
            }
        };
        // The server's checks are of another commit than the one that is checked out.
        let first = next().await;
        assert_eq!(first.value.runs[0].ci.as_ref().unwrap().light(Timestamp::now()), Light::Unknown);
        hub.set(|world| world.checks.push(check(9, "late", "success")));
        asked.refresh();
        assert_eq!(next().await.value.runs[0].ci.as_ref().unwrap().checks.len(), 3);
        drop(say);
    });
}
