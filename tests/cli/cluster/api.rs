//! The API server of a small cluster on loopback, for the real `kubectl`: discovery, objects, lists, patches with their
//! fences, and controllers that do what the real ones do with what they are told.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::secret::secret;

/// What the server has: the path of each object below its namespace, and the object.
type Objects = Vec<(String, Value)>;

/// The resources that there are: group and version, name, kind, and whether it has a status of its own.
const RESOURCES: [(&str, &str, &str, bool); 6] = [
    ("v1", "secrets", "Secret", false),
    ("apps/v1", "deployments", "Deployment", false),
    ("apps/v1", "replicasets", "ReplicaSet", false),
    ("argoproj.io/v1alpha1", "rollouts", "Rollout", true),
    ("argoproj.io/v1alpha1", "analysisruns", "AnalysisRun", false),
    ("argoproj.io/v1alpha1", "applications", "Application", false),
];

/// A cluster.
pub struct Cluster {
    objects: Arc<Mutex<Objects>>,
    asked: Arc<Mutex<Vec<String>>>,
    kubeconfig: PathBuf,
}

impl Cluster {
    /// Starts one with these objects, and writes a configuration for `kubectl` into a folder.
    pub fn start(folder: &Path, objects: Objects) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let kubeconfig = folder.join("kubeconfig");
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
        });
        fs::write(&kubeconfig, config.to_string()).unwrap();
        let cluster = Self { objects: Arc::new(Mutex::new(objects)), asked: Arc::default(), kubeconfig };
        let (objects, asked) = (Arc::clone(&cluster.objects), Arc::clone(&cluster.asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (objects, asked) = (Arc::clone(&objects), Arc::clone(&asked));
                std::thread::spawn(move || answer(&stream, &objects, &asked));
            }
        });
        cluster
    }

    /// For `KUBECONFIG`.
    pub fn kubeconfig(&self) -> String {
        self.kubeconfig.display().to_string()
    }

    /// An object as it is now.
    pub fn object(&self, path: &str) -> Value {
        let objects = self.objects.lock().unwrap();
        objects.iter().find(|(at, _)| at == path).unwrap_or_else(|| panic!("no {path}")).1.clone()
    }

    /// Changes an object behind everybody's back, and lets its controller work.
    pub fn change(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let mut objects = self.objects.lock().unwrap();
        change(&mut objects.iter_mut().find(|(at, _)| at == path).unwrap().1);
        control(&mut objects, path);
    }

    /// The patches that were asked for, in order: path and body.
    pub fn patches(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter_map(|line| line.strip_prefix("PATCH ").map(str::to_owned)).collect()
    }
}

fn answer(stream: &TcpStream, objects: &Mutex<Objects>, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length, mut kind) = (String::new(), 0, String::new());
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "content-type" => value.clone_into(&mut kind),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (method, target) = (first.split(' ').next()?, first.split(' ').nth(1)?);
    asked.lock().unwrap().push(format!("{method} {target} {}", String::from_utf8_lossy(&body)));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (status, told) = match method {
        "PATCH" => patched(objects, path, query, &kind, &body),
        "POST" if path.ends_with("/selfsubjectaccessreviews") => (201, may()),
        "POST" | "PUT" => kept(&mut objects.lock().unwrap(), path, method == "POST", &body),
        // Nothing changes by itself here: a watch would bring nothing, and is not to be had.
        _ if query.contains("watch=true") => failure(404, "no watch here"),
        _ => told(&objects.lock().unwrap(), path, query),
    };
    let (told, mut stream) = (told.to_string(), stream);
    let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}", told.len());
    write!(stream, "{head}\r\nconnection: close\r\n\r\n{told}").ok()
}

/// Whoever asks may do it.
fn may() -> Value {
    let status = json!({"allowed": true});
    json!({"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "spec": {}, "status": status})
}

fn failure(code: u16, message: &str) -> (u16, Value) {
    let reason = if code == 409 { "Conflict" } else { "Invalid" };
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": message});
    (code, status)
}

fn told(objects: &Objects, path: &str, query: &str) -> (u16, Value) {
    let groups = ["apps/v1", "argoproj.io/v1alpha1"];
    let group = |version: &&str| {
        let named = json!({"groupVersion": version, "version": version.split('/').nth(1)});
        json!({"name": version.split('/').next(), "versions": [named], "preferredVersion": named})
    };
    if path == "/version" {
        return (200, json!({"major": "1", "minor": "32", "gitVersion": "v1.32.4"}));
    }
    if path == "/api" {
        return (200, json!({"kind": "APIVersions", "versions": ["v1"]}));
    }
    if path == "/apis" {
        let groups: Vec<Value> = groups.iter().map(group).collect();
        return (200, json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}));
    }
    if let Some(version) = [groups[0], groups[1], "v1"].iter().find(|it| path.ends_with(&format!("/{it}"))) {
        return (200, resources(version));
    }
    let Some((_, at)) = path.split_once("/namespaces/") else { return failure(404, "not found") };
    let at = at.trim_end_matches("/status");
    if let Some((_, object)) = objects.iter().find(|(path, _)| path == at) {
        return (200, object.clone());
    }
    let query = query.replace("%3D", "=").replace("%2C", ",");
    let part = |name: &str| query.split('&').find_map(|part| part.strip_prefix(name).map(str::to_owned));
    let (named, labels) = (part("fieldSelector=metadata.name="), part("labelSelector="));
    let has = |object: &Value, label: &str| {
        label.split_once('=').is_some_and(|(key, value)| object["metadata"]["labels"][key] == value)
    };
    let is_listed = |path: &str, object: &Value| {
        let here = path.rsplit_once('/').filter(|(list, _)| *list == at);
        here.is_some_and(|(_, name)| named.as_ref().is_none_or(|it| it == name))
            && labels.iter().flat_map(|labels| labels.split(',')).all(|label| has(object, label))
    };
    let items: Vec<&Value> = objects.iter().filter(|(path, it)| is_listed(path, it)).map(|it| &it.1).collect();
    let kind = RESOURCES.iter().find(|it| at.ends_with(it.1)).map_or("", |it| it.2);
    let version = RESOURCES.iter().find(|it| at.ends_with(it.1)).map_or("v1", |it| it.0);
    (
        200,
        json!({"kind": format!("{kind}List"), "apiVersion": version, "metadata": {"resourceVersion": "90"}, "items": items}),
    )
}

fn resources(version: &str) -> Value {
    let verbs = ["get", "list", "patch", "watch"];
    let of = |name: &str, kind: &str| {
        json!({"name": name, "singularName": kind.to_lowercase(), "namespaced": true,
        "kind": kind, "verbs": verbs})
    };
    let mut listed = Vec::new();
    for (_, name, kind, has_status) in RESOURCES.iter().filter(|it| it.0 == version) {
        listed.push(of(name, kind));
        if *has_status {
            listed.push(of(&format!("{name}/status"), kind));
        }
    }
    json!({"kind": "APIResourceList", "groupVersion": version, "resources": listed})
}

fn patched(objects: &Mutex<Objects>, path: &str, query: &str, kind: &str, body: &[u8]) -> (u16, Value) {
    let mut objects = objects.lock().unwrap();
    let Some((_, at)) = path.split_once("/namespaces/") else { return failure(404, "not found") };
    let (at, is_status) = (at.trim_end_matches("/status").to_owned(), at.ends_with("/status"));
    let Some((_, object)) = objects.iter_mut().find(|(path, _)| *path == at) else { return failure(404, "not found") };
    let change: Value = serde_json::from_slice(body).unwrap();
    let mut changed = object.clone();
    if kind.starts_with("application/json-patch") {
        if let Err(why) = apply(&mut changed, &change) {
            return failure(422, &why);
        }
    } else {
        let version = &change["metadata"]["resourceVersion"];
        if !version.is_null() && *version != changed["metadata"]["resourceVersion"] {
            return failure(409, "the object has been modified; please apply your changes to the latest version");
        }
        merge(&mut changed, &change);
    }
    // What is not of the subresource is passed over, as the real server does.
    let has_status = RESOURCES.iter().any(|it| it.3 && at.contains(&format!("/{}/", it.1)));
    match (is_status, has_status) {
        (true, _) => changed["spec"] = object["spec"].clone(),
        (false, true) => changed["status"] = object["status"].clone(),
        (false, false) => {}
    }
    if query.contains("dryRun=All") {
        return (200, changed);
    }
    if changed["spec"] != object["spec"] {
        changed["metadata"]["generation"] = json!(changed["metadata"]["generation"].as_u64().unwrap_or(0) + 1);
    }
    let version: u64 = object["metadata"]["resourceVersion"].as_str().unwrap_or("1").parse().unwrap();
    changed["metadata"]["resourceVersion"] = json!((version + 1).to_string());
    *object = changed;
    control(&mut objects, &at);
    (200, objects.iter().find(|(path, _)| *path == at).unwrap().1.clone())
}

/// Keeps a Secret, which clients write in the protobuf of Kubernetes.
fn kept(objects: &mut Objects, path: &str, is_new: bool, body: &[u8]) -> (u16, Value) {
    let mut secret = secret(body);
    // The address has the namespace: clients leave it out of the object.
    let (_, place) = path.split_once("/namespaces/").unwrap();
    let namespace = place.split('/').next().unwrap();
    secret["metadata"]["namespace"] = json!(namespace);
    let at = format!("{namespace}/secrets/{}", secret["metadata"]["name"].as_str().unwrap());
    let found = objects.iter_mut().find(|(path, _)| *path == at);
    match (found, is_new) {
        (Some(_), true) => return failure(409, "already exists"),
        (Some((_, kept)), false) => *kept = secret.clone(),
        (None, _) => objects.push((at, secret.clone())),
    }
    (200, secret)
}

/// A JSON patch with `test`, `add` and `replace` of fields.
fn apply(object: &mut Value, operations: &Value) -> Result<(), String> {
    for operation in operations.as_array().unwrap() {
        let path = operation["path"].as_str().unwrap();
        let value = &operation["value"];
        let (parent, key) = path.rsplit_once('/').unwrap();
        let key = key.replace("~1", "/");
        let parent = object.pointer_mut(parent).ok_or_else(|| format!("no {path}"))?;
        match operation["op"].as_str().unwrap() {
            "test" if parent[&key] == *value => {}
            "test" => return Err(format!("testing value {path} failed: test failed")),
            "replace" if parent[&key].is_null() => return Err(format!("no {path}")),
            _ => parent[&key] = value.clone(),
        }
    }
    Ok(())
}

fn merge(object: &mut Value, change: &Value) {
    let (Some(fields), Some(changes)) = (object.as_object_mut(), change.as_object()) else {
        *object = change.clone();
        return;
    };
    for (key, change) in changes {
        match change {
            Value::Null => drop(fields.remove(key)),
            Value::Object(_) => merge(fields.entry(key).or_insert_with(|| json!({})), change),
            _ => drop(fields.insert(key.clone(), change.clone())),
        }
    }
}

fn image(of: &Value) -> Value {
    of["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

/// What the controller of an object makes of it.
fn control(objects: &mut Objects, at: &str) {
    if at.contains("/deployments/") {
        deployment(objects, at);
    } else if at.contains("/rollouts/") {
        rollout(objects, at);
    }
}

/// A template that was there before gets its old revision back under a new number.
fn deployment(objects: &mut Objects, at: &str) {
    const REVISION: &str = "deployment.kubernetes.io/revision";
    let wanted = image(&objects.iter().find(|(path, _)| path == at).unwrap().1);
    let number =
        |object: &Value| -> u64 { object["metadata"]["annotations"][REVISION].as_str().unwrap().parse().unwrap() };
    let sets = || objects.iter().filter(|(path, _)| path.contains("/replicasets/"));
    let newest = sets().map(|(_, set)| number(set)).max().unwrap_or(0);
    let found = sets().find(|(_, set)| image(set) == wanted).map(|(path, set)| (path.clone(), number(set)));
    let Some((set, old)) = found else { return };
    let revision = if old == newest { old } else { newest + 1 };
    for (path, object) in objects.iter_mut().filter(|(path, _)| *path == set || path == at) {
        object["metadata"]["annotations"][REVISION] = json!(revision.to_string());
        if path == at {
            object["status"]["observedGeneration"] = object["metadata"]["generation"].clone();
        }
    }
}

/// As Argo Rollouts: an abort of what is fully promoted is dropped silently, a template that is the stable one is taken up
/// at once, any other goes through the steps unless it is promoted fully.
fn rollout(objects: &mut Objects, at: &str) {
    let wanted = image(&objects.iter().find(|(path, _)| path == at).unwrap().1);
    let set = objects.iter().find(|(path, set)| path.contains("/replicasets/") && image(set) == wanted);
    let hash = set.map(|(_, set)| set["metadata"]["labels"]["rollouts-pod-template-hash"].clone());
    let object = &mut objects.iter_mut().find(|(path, _)| path == at).unwrap().1;
    let generation = object["metadata"]["generation"].to_string();
    let is_paused = object["spec"]["paused"] == true;
    let status = &mut object["status"];
    status["observedGeneration"] = json!(generation);
    let Some(hash) = hash else { return };
    if status["currentPodHash"] != hash {
        status["currentPodHash"] = hash.clone();
        status["currentStepIndex"] = json!(0);
        status["abort"] = Value::Null;
    }
    if status["promoteFull"] == true {
        status["stableRS"] = hash.clone();
        status["promoteFull"] = Value::Null;
    }
    let is_promoted = status["stableRS"] == hash;
    if is_promoted {
        status["abort"] = Value::Null;
    }
    let word = match () {
        () if is_paused => "Paused",
        () if is_promoted => "Healthy",
        () if status["abort"] == true => "Degraded",
        () => "Progressing",
    };
    status["phase"] = json!(word);
}
