//! Each recipe from the preview to its verified end, against a world of programs and a server that remember what they
//! were asked. Production is the file `live`: it holds `bad` until something that rolls back was asked for.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use git2::Repository;
use serde_json::{Value, json};

use super::place::Place;
use super::rollback::{commit, tag};

/// A recipe, its parameters (`HOST` is the server), and its programs by what each command line makes of the world.
struct Case {
    recipe: &'static str,
    params: &'static str,
    programs: &'static [&'static str],
    /// Cases of a shell, after `case "$*" in`; `$live` is `good` or `bad`, `rolled` makes it good.
    answers: &'static str,
    /// What must have been asked of a program, or of the server.
    asked: &'static str,
}

const KUBECTL: &str = r#"
*--output=json) echo '{"metadata":{},"spec":{},"status":{"phase":"Progressing"}}' ;;
*jsonpath*) [ "$live" = good ] && printf 'Failed 0' || printf 'Progressing 10' ;;
"#;

const AWS_ECS: &str = r#"
*get-resources*Key=version,Values=v2.4.0*) echo '{"ResourceTagMappingList":[{"ResourceARN":"arn:aws:ecs:eu:1:task-definition/shop:41"}]}' ;;
*update-service*--task-definition=arn:aws:ecs:eu:1:task-definition/shop:41*) rolled; echo '{}' ;;
*describe-services*) [ "$live" = good ] && n=41 || n=42
  printf '{"services":[{"deployments":[{"status":"PRIMARY","taskDefinition":"arn:aws:ecs:eu:1:task-definition/shop:%s","rolloutState":"COMPLETED"},{"status":"ACTIVE","taskDefinition":"x"}]}]}' $n ;;
"#;

const AWS_DEPLOY: &str = r#"
*head-object*--key=v2.4.0.zip*) echo '{"ContentLength": 4711}' ;;
*create-deployment*key=v2.4.0.zip*) rolled; echo '{"deploymentId":"d-2"}' ;;
*get-deployment-group*) [ "$live" = good ] && key=v2.4.0.zip || key=v2.4.1.zip
  printf '{"deploymentGroupInfo":{"lastAttemptedDeployment":{"deploymentId":"d","status":"Succeeded"},"targetRevision":{"s3Location":{"key":"%s"}}}}' $key ;;
"#;

const NOMAD: &str = r#"
"job history"*) echo '[{"Version":9,"Stable":true,"Meta":{"version":"v2.4.1"}},{"Version":8,"Stable":false,"Meta":{"version":"v2.4.0"}},{"Version":7,"Stable":true,"Meta":{"version":"v2.4.0"}},{"Version":3,"Stable":true,"Meta":{"version":"v2.4.0"}},{"Version":1,"Stable":true,"Meta":null}]' ;;
"job revert"*"shop 7") rolled ;;
"job inspect"*) [ "$live" = good ] && v=v2.4.0 || v=v2.4.1; printf '{"Job":{"Meta":{"version":"%s"}}}' $v ;;
"job deployments"*) echo '{"Status":"successful"}' ;;
"#;

const HEROKU: &str = r#"
"releases --app=shop --num=100 --json") printf '[{"version":44,"description":"Deploy ffffffff","status":"succeeded"},{"version":43,"description":"Set X config vars","status":"succeeded"},{"version":42,"description":"Deploy %s","status":"succeeded"}]' "$short" ;;
"releases:rollback v42 --app=shop") rolled ;;
"releases --app=shop --num=1 --json") [ "$live" = good ] && d='Rollback to v42' || d='Deploy ffffffff'; printf '[{"description":"%s","status":"succeeded"}]' "$d" ;;
"#;

const FLY: &str = r#"
"releases --app=shop --image --json") old='{"ImageRef":"registry.fly.io/shop:v2.4.0","Status":"complete"}'; [ "$live" = good ] && new=$old || new='{"ImageRef":"registry.fly.io/shop:v2.4.1","Status":"complete"}'
  printf '[%s,%s]' "$new" "$old" ;;
"deploy --app=shop --image=registry.fly.io/shop:v2.4.0 --yes") rolled ;;
"#;

const CAPISTRANO: &str = r#"
*grep\ -l*) echo "/srv/shop/releases/20261101/REVISION" ;;
"exec cap production deploy:rollback") [ "$ROLLBACK_RELEASE" = 20261101 ] && rolled ;;
*"readlink /srv/shop/current") [ "$live" = good ] && echo /srv/shop/releases/20261101 || echo /srv/shop/releases/20261124 ;;
"#;

const SSH: &str = r#"
*"test -d /srv/shop/releases/v2.4.0") ;;
*"ln -sfn /srv/shop/releases/v2.4.0 /srv/shop/next") ;;
*"readlink /srv/shop/next") echo /srv/shop/releases/v2.4.0 ;;
*"mv -T /srv/shop/next /srv/shop/current") rolled ;;
*"readlink /srv/shop/current") [ "$live" = good ] && echo /srv/shop/releases/v2.4.0 || echo /srv/shop/releases/v2.4.1 ;;
*"systemctl --user restart shop") ;;
*"systemctl --user is-active shop") echo active ;;
"#;

const CASES: [Case; 12] = [
    Case {
        recipe: "flagger",
        params: "gate = \"HOST\"\ncanary = \"shop\"\nnamespace = \"shop\"",
        programs: &["kubectl"],
        answers: KUBECTL,
        asked: "POST /rollback/close",
    },
    Case {
        recipe: "spinnaker",
        params: "gate = \"HOST\"\napplication = \"shop\"\npipeline = \"deploy\"\ntoken_env = \"TOKEN\"",
        programs: &[],
        answers: "",
        asked: "POST /pipelines/shop/deploy",
    },
    Case {
        recipe: "ecs",
        params: "cluster = \"shop\"\nservice = \"shop\"",
        programs: &["aws"],
        answers: AWS_ECS,
        asked: "aws ecs update-service --cluster=shop --service=shop",
    },
    Case {
        recipe: "codedeploy",
        params: "application = \"shop\"\ngroup = \"production\"\nbucket = \"shop-releases\"",
        programs: &["aws"],
        answers: AWS_DEPLOY,
        asked: "--s3-location=bucket=shop-releases,key=v2.4.0.zip,bundleType=zip",
    },
    Case { recipe: "nomad", params: "job = \"shop\"", programs: &["nomad"], answers: NOMAD, asked: "nomad job revert" },
    Case {
        recipe: "heroku",
        params: "app = \"shop\"",
        programs: &["heroku"],
        answers: HEROKU,
        asked: "heroku releases:rollback v42 --app=shop",
    },
    Case {
        recipe: "vercel",
        params: "project = \"prj_1\"\nteam = \"team_1\"\ntoken_env = \"TOKEN\"\napi = \"HOST\"",
        programs: &[],
        answers: "",
        asked: "POST /v9/projects/prj_1/rollback/dpl_good",
    },
    Case {
        recipe: "fly",
        params: "app = \"shop\"\nimage = \"registry.fly.io/shop:{to.version}\"",
        programs: &["fly"],
        answers: FLY,
        asked: "fly deploy --app=shop",
    },
    Case {
        recipe: "kamal",
        params: "version_url = \"HOST/version\"",
        programs: &["kamal"],
        answers: "\"rollback $sha\") rolled ;;",
        asked: "kamal rollback",
    },
    Case {
        recipe: "capistrano",
        params: "host = \"deploy@one\"\npath = \"/srv/shop\"",
        programs: &["bundle", "ssh"],
        answers: CAPISTRANO,
        asked: "bundle exec cap production deploy:rollback",
    },
    Case {
        recipe: "systemd-ssh",
        params: "hosts = [\"deploy@one\", \"deploy@two\"]\npath = \"/srv/shop\"\nunit = \"shop\"\nversion_url = \"HOST/version\"",
        programs: &["ssh"],
        answers: SSH,
        asked: "ssh -o BatchMode=yes deploy@two systemctl --user restart shop",
    },
    Case {
        recipe: "script",
        params: "script = \"our-rollback\"\nversion_url = \"HOST/version\"",
        programs: &["our-rollback"],
        answers: "\"v2.4.0\") rolled ;;",
        asked: "our-rollback v2.4.0",
    },
];

/// A service that runs v2.4.1, in a world of its own.
struct World {
    place: Place,
    folder: PathBuf,
}

impl World {
    fn new(case: &Case) -> Self {
        let place = Place::new();
        let repository = Repository::open(place.repo()).unwrap();
        let good = place.head();
        tag(&repository, "v2.4.0");
        commit(&repository, "Retry the payment gateway");
        tag(&repository, "v2.4.1");
        let folder = place.repo().parent().unwrap().join("bin");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("live"), "bad").unwrap();
        fs::write(folder.join("sha"), &good).unwrap();
        let script = format!(
            "#!/bin/sh\nhere=$(dirname \"$0\")\nlive=$(cat \"$here/live\")\nsha=$(cat \"$here/sha\")\n\
             short=$(printf %.8s \"$sha\")\nrolled() {{ printf good > \"$here/live\"; }}\n\
             echo \"$(basename \"$0\") $*\" >> \"$here/log\"\ncase \"$*\" in\n{}\n\
             *) echo \"not expected: $*\" >&2; exit 64 ;;\nesac\n",
            case.answers
        );
        for program in case.programs {
            fs::write(folder.join(program), &script).unwrap();
            fs::set_permissions(folder.join(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let params = case.params.replace("HOST", &serve(&folder));
        let recipe = case.recipe;
        place.write("hotfix.toml", &format!("[rollback]\nrecipe = \"{recipe}\"\n[rollback.params]\n{params}\n"));
        let world = Self { place, folder };
        let hash = world.place.runs(&["trust", "--hash"]);
        world.place.runs(&["trust", "--yes", hash.trim()]);
        world.place.runs(&["declare", "checkout-502"]);
        world
    }

    fn hotfix(&self, arguments: &[&str]) -> Output {
        let path = format!("{}:{}", self.folder.display(), std::env::var("PATH").unwrap());
        self.place.output_with(arguments, &[("PATH", &path), ("TOKEN", "hush")])
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

#[test]
fn each_recipe_goes_back_to_an_explicit_version_and_sees_that_it_is_there() {
    for case in &CASES {
        let (name, world) = (case.recipe, World::new(case));
        let preview = world.hotfix(&["rollback", "--dry-run", "--json"]);
        assert!(preview.status.success(), "{name}: {preview:?}");
        let plan: Value = serde_json::from_slice(&preview.stdout).unwrap();
        assert_eq!(fs::read_to_string(world.folder.join("live")).unwrap(), "bad", "{name}: a preview changes nothing");
        let run = world.hotfix(&["rollback", "--yes", plan["hash"].as_str().unwrap()]);
        let said = String::from_utf8_lossy(&run.stdout);
        assert_eq!(run.status.code(), Some(0), "{name}: {run:?}\n{}", world.log());
        assert!(said.contains("rolled back, verified"), "{name}: {said}");
        assert_eq!(fs::read_to_string(world.folder.join("live")).unwrap(), "good", "{name}");
        assert!(world.log().contains(case.asked), "{name}: {}", world.log());
        assert!(!said.contains("hush"), "{name}");
    }
}

#[test]
fn a_recipe_whose_target_is_gone_has_no_plan_and_says_why() {
    let nomad = CASES.iter().find(|case| case.recipe == "nomad").unwrap();
    let world = World::new(&Case { answers: "\"job history\"*) echo '[]' ;;", ..*nomad });
    let preview = world.hotfix(&["rollback", "--dry-run"]);
    assert_eq!(preview.status.code(), Some(2));
    let said = String::from_utf8_lossy(&preview.stderr);
    assert!(said.contains("Nomad keeps no stable version of the job with version = v2.4.0"), "{said}");
}

/// The server of every recipe that talks to one. It lives as long as the test.
fn serve(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(&stream.unwrap(), &folder);
        }
    });
    address
}

fn answer(stream: &TcpStream, folder: &Path) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
    writeln!(log, "{}", first.trim()).unwrap();
    let body = told(&first, &body, folder).to_string();
    let mut stream = stream;
    let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
}

fn told(line: &str, body: &[u8], folder: &Path) -> Value {
    let is_good = fs::read_to_string(folder.join("live")).unwrap() == "good";
    let sha = fs::read_to_string(folder.join("sha")).unwrap();
    let path = line.split(' ').nth(1).unwrap();
    let is_switch = ["/rollback/open", "/pipelines/shop/deploy"].contains(&path) || path.contains("/rollback/dpl_good");
    if line.starts_with("POST") && is_switch {
        fs::write(folder.join("live"), "good").unwrap();
        fs::write(folder.join("posted"), body).unwrap();
    }
    let posted = fs::read(folder.join("posted")).unwrap_or_default();
    let posted: Value = serde_json::from_slice(&posted).unwrap_or_default();
    match path.split('?').next().unwrap() {
        "/version" => {
            let (version, commit) = if is_good { ("v2.4.0", sha) } else { ("v2.4.1", "f".repeat(40)) };
            json!({"version": version, "commit": commit})
        }
        "/v6/deployments" => json!({"deployments": [{"uid": "dpl_good"}]}),
        "/v9/projects/prj_1" => {
            let to = if is_good { "dpl_good" } else { "dpl_bad" };
            json!({"lastAliasRequest": {"toDeploymentId": to, "type": "rollback", "jobStatus": "succeeded"}})
        }
        "/applications/shop/pipelines" => {
            let of = |time: u64, parameters: &Value| json!({"buildTime": time, "name": "deploy", "status": "SUCCEEDED", "trigger": {"parameters": parameters}});
            let earlier = of(1_900_000_000_000, &json!({"version": "v2.4.0", "hotfix": "another"}));
            if is_good { json!([of(1_900_000_000_001, &posted["parameters"]), earlier]) } else { json!([earlier]) }
        }
        _ => json!({}),
    }
}
