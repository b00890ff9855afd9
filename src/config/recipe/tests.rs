use super::*;
use crate::config::load;

/// `hotfix.toml` with each recipe, its parameters as their examples say.
fn example(name: &str, recipe: &Recipe) -> String {
    let mut text = format!("version = 1\n[rollback]\nrecipe = \"{name}\"\n[rollback.params]\n");
    for param in recipe.params.iter().filter(|param| param.default.is_none()) {
        let example = param.example.clone().unwrap_or_else(|| panic!("{name}: {} has no example", param.name));
        text += &format!("{} = {}\n", param.name, example.to_string().replace("SERVICE", "checkout"));
    }
    text
}

fn loaded(text: &str) -> Result<Rollback, String> {
    let loaded = load::parse(text, std::path::Path::new("/repo/hotfix.toml"));
    loaded.map(|loaded| loaded.config.rollback.unwrap()).map_err(|error| error.to_string())
}

#[test]
fn each_recipe_holds_and_says_how_one_sees_that_it_worked() {
    for name in names() {
        let recipe = find(name).unwrap();
        let rollback = loaded(&example(name, &recipe)).unwrap_or_else(|what| panic!("{name}: {what}"));
        assert!(rollback.verify.is_some(), "{name}: how its end is seen");
        for step in &rollback.steps {
            assert!(step.verify.is_some(), "{name}, {}: how it is seen", step.name);
        }
        let text = serde_json::to_string(&rollback).unwrap();
        assert!(!text.contains("{param."), "{name}: {text}");
        let programs =
            rollback.steps.iter().flat_map(|step| &step.run).chain(rollback.ask.iter().flat_map(|ask| &ask.run));
        for argv in programs {
            assert!(!["sh", "bash", "eval"].contains(&argv[0].as_str()), "{name}: a shell was not asked for");
            let is_known = recipe.needs.contains(&argv[0]) || argv[0] == "env" || argv[0].starts_with("./");
            assert!(is_known, "{name}: {} is not among `needs`", argv[0]);
        }
        assert!(!recipe.about.is_empty() && recipe.params.iter().all(|param| !param.about.is_empty()), "{name}");
    }
}

#[test]
fn its_defaults_are_of_their_kind_too() {
    for name in names() {
        for param in find(name).unwrap().params {
            let default = param.default.as_deref().unwrap_or("").to_owned();
            assert!(default.is_empty() || param.kind.allows(&default), "{name}: {}", param.name);
        }
    }
}

#[test]
fn an_option_without_a_value_is_left_out_and_a_list_makes_a_step_for_each_host() {
    let ecs = example("ecs", &find("ecs").unwrap());
    let without = loaded(&ecs).unwrap();
    assert!(!without.steps[0].run.as_ref().unwrap().iter().any(|arg| arg.contains("region")));
    let with = loaded(&(ecs + "region = \"eu-west-1\"\n")).unwrap();
    assert!(with.steps[0].run.as_ref().unwrap().contains(&"--region=eu-west-1".to_owned()));
    let ssh = example("systemd-ssh", &find("systemd-ssh").unwrap());
    let two = ssh.replace("[\"deploy@checkout.example\"]", "[\"a@one\", \"a@two\"]");
    let names: Vec<_> = loaded(&two).unwrap().steps.into_iter().map(|step| step.name).collect();
    assert_eq!(
        &names[..3],
        ["look for the release on a@one", "look for the release on a@two", "prepare the link on a@one"]
    );
}

#[test]
fn a_parameter_that_does_not_fit_is_refused_at_its_place() {
    let with = |params: &str| format!("[rollback]\nrecipe = \"systemd-ssh\"\n[rollback.params]\n{params}\n");
    let good = "hosts = [\"a@b\"]\npath = \"/srv/x\"\nunit = \"x\"\nversion_url = \"https://x.example/\"\n";
    assert!(loaded(&with(good)).is_ok());
    for (bad, said) in [
        ("path = \"/srv/x\"", "path = \"/srv/../x; id\""),
        ("hosts = [\"a@b\"]", "hosts = [\"-oProxyCommand=id\"]"),
        ("hosts = [\"a@b\"]", "hosts = \"a@b\""),
        ("unit = \"x\"", "unit = \"x y\""),
        ("unit = \"x\"", "unit = 3"),
        ("version_url = \"https://x.example/\"", "version_url = \"http://x.example/\""),
    ] {
        let refused = loaded(&with(&good.replace(bad, said))).unwrap_err();
        let line = with(&good.replace(bad, said)).lines().position(|line| line == said).unwrap() + 1;
        assert!(refused.contains(&format!("hotfix.toml:{line}:")) && refused.contains("wants"), "{refused}");
    }
    assert!(loaded(&with("")).unwrap_err().contains("`hosts` is missing: the hosts, as ssh knows them"));
    assert!(loaded(&with(&format!("{good}unti = \"x\""))).unwrap_err().contains("did you mean `unit`?"));
}

#[test]
fn a_recipe_is_the_whole_of_the_steps() {
    let refused = loaded("[rollback]\nrecipe = \"eks\"\n").unwrap_err();
    assert!(refused.contains("no recipe is called `eks`; did you mean `ecs`?"), "{refused}");
    let script = "[rollback]\nrecipe = \"script\"\nengine = \"helm\"\n";
    assert!(loaded(script).unwrap_err().contains("no `engine` and no `steps` beside it"));
    let params = "[rollback]\nsteps = [{ name = \"x\", run = [\"x\"] }]\nparams = { a = \"b\" }\n";
    assert!(loaded(params).unwrap_err().contains("go with `recipe` alone"));
}
