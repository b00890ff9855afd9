//! What the engines of a cluster share: `kubectl`, and objects as it prints them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Right, Wanted};
use crate::config::schema;
use crate::evidence::text::clean;
use crate::rollback::plan::Problem;

/// `kubectl` for one workload.
pub(super) struct Kubectl<'a>(pub &'a schema::Kubernetes);

impl Kubectl<'_> {
    /// A command in the workload's context and namespace.
    pub(super) fn argv(&self, args: &[&str]) -> Vec<String> {
        let context = self.0.context.iter().map(|context| format!("--context={context}"));
        let namespace = format!("--namespace={}", self.0.namespace);
        let args = args.iter().map(|&arg| arg.to_owned());
        std::iter::once("kubectl".to_owned()).chain(context).chain([namespace]).chain(args).collect()
    }

    /// Whether this user may do that to an object; the API server answers, as it would when it is done.
    pub(super) fn right(&self, verb: &str, object: &str, more: &[&str]) -> Right {
        let status = if more.is_empty() { "" } else { "the status of " };
        let argv = self.argv(&[&["auth", "can-i", verb, object], more].concat());
        Right { name: format!("the right to {verb} {status}{object}"), argv }
    }

    /// Prints the images of an object's pod template, with a space between two.
    pub(super) fn images(&self, object: &str) -> Vec<String> {
        self.argv(&["get", object, "--output=jsonpath={.spec.template.spec.containers[*].image}"])
    }
}

/// An object of the cluster, as far as a rollback needs it.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::rollback) struct Object {
    pub(in crate::rollback) metadata: Metadata,
    #[serde(default)]
    pub(in crate::rollback) spec: Value,
    #[serde(default)]
    pub(in crate::rollback) status: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::rollback) struct Metadata {
    #[serde(default)]
    pub(in crate::rollback) name: String,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    generation: Option<u64>,
    #[serde(default)]
    pub(in crate::rollback) labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    owner_references: Vec<Owner>,
}

#[derive(Debug, Clone, Deserialize)]
struct Owner {
    uid: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct List {
    items: Vec<Object>,
}

impl Object {
    /// One object.
    pub(in crate::rollback) fn read(answer: Option<&Value>, what: &'static str) -> Result<Self, Problem> {
        let answer = answer.ok_or_else(|| Problem::Answer(what, "nobody was asked".into()))?;
        Self::deserialize(answer).map_err(|error| Problem::Answer(what, clean(&error.to_string())))
    }

    /// The objects of a list that this one owns.
    pub(in crate::rollback) fn owned(&self, answer: Option<&Value>, what: &'static str) -> Result<Vec<Self>, Problem> {
        let answer = answer.ok_or_else(|| Problem::Answer(what, "nobody was asked".into()))?;
        let list = List::deserialize(answer).map_err(|error| Problem::Answer(what, clean(&error.to_string())))?;
        let is_owned = |it: &Self| it.metadata.owner_references.iter().any(|owner| owner.uid == self.metadata.uid);
        Ok(list.items.into_iter().filter(is_owned).collect())
    }

    /// The pod template.
    pub(super) fn template(&self) -> &Value {
        &self.spec["template"]
    }

    /// The images of the pod template, as `kubectl` prints them.
    pub(in crate::rollback) fn images(&self) -> Vec<&str> {
        let containers = self.template()["spec"]["containers"].as_array();
        containers.into_iter().flatten().filter_map(|container| container["image"].as_str()).collect()
    }

    /// The images of every container that must start, the first ones included.
    pub(super) fn every_image(&self) -> Vec<String> {
        let spec = &self.template()["spec"];
        let lists = ["initContainers", "containers"].into_iter().filter_map(|key| spec[key].as_array());
        lists.flatten().filter_map(|container| Some(container["image"].as_str()?.to_owned())).collect()
    }

    pub(super) fn runs(&self, wanted: &Wanted) -> bool {
        self.images().iter().any(|image| wanted.is_image(image))
    }

    /// The number of a revision, by the annotation of its controller.
    pub(in crate::rollback) fn revision(&self, annotation: &str) -> Option<u64> {
        self.metadata.annotations.get(annotation)?.parse().ok()
    }

    /// The name of the object of this kind that made it.
    pub(super) fn made_by(&self, kind: &str) -> Option<&str> {
        let owners = &self.metadata.owner_references;
        owners.iter().find(|owner| owner.kind == kind).map(|owner| owner.name.as_str())
    }

    /// The number of the spec, as its controllers repeat it.
    pub(in crate::rollback) fn generation(&self) -> Option<String> {
        self.metadata.generation.map(|number| number.to_string())
    }

    /// Who will bring the bad version back if nobody stops them.
    pub(in crate::rollback) fn owner(&self) -> Option<String> {
        let labels = &self.metadata.labels;
        let named = |map: &BTreeMap<String, String>, key: &str| map.get(key).map(|name| clean(name));
        let argo = named(labels, "argocd.argoproj.io/instance").or_else(|| {
            let tracked = named(&self.metadata.annotations, "argocd.argoproj.io/tracking-id")?;
            Some(tracked.split(':').next().unwrap_or_default().to_owned())
        });
        let flux = ["kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"];
        let flux = flux.iter().find_map(|key| named(labels, key));
        argo.map(|name| format!("Argo CD application {name}")).or_else(|| flux.map(|name| format!("Flux, as {name},")))
    }
}

/// The revision to go back to: the newest that runs the target. Also says which there are.
pub(super) fn target<'a>(
    revisions: &'a [Object],
    annotation: &str,
    wanted: &Wanted,
) -> Result<(u64, &'a Object), Problem> {
    let numbered = || revisions.iter().filter_map(|it| Some((it.revision(annotation)?, it)));
    let found = numbered().filter(|(_, it)| it.runs(wanted)).max_by_key(|(number, _)| *number);
    found.ok_or_else(|| {
        let mut kept: Vec<(u64, String)> =
            numbered().map(|(number, it)| (number, clean(&it.images().join(" ")))).collect();
        kept.sort();
        let kept: Vec<String> = kept.into_iter().map(|(number, images)| format!("{number} ({images})")).collect();
        let none = || "none; is revisionHistoryLimit 0?".to_owned();
        let kept = if kept.is_empty() { none() } else { kept.join(", ") };
        Problem::NoRevision { wanted: wanted.reference.clone(), kept }
    })
}

/// What nobody can see from the plan: what comes back by no undo, and who may undo the undo.
pub(super) fn warnings(workload: &Object, kubernetes: &schema::Kubernetes) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(owner) = workload.owner() {
        warnings.push(format!(
            "{owner} owns {}: unless its automatic sync is suspended it brings the bad version back",
            kubernetes.workload
        ));
    }
    warnings.push("the pod template comes back alone: replicas, ConfigMaps, Secrets and Services stay".into());
    if kubernetes.context.is_none() {
        warnings.push("whatever cluster kubectl has as its current context is used: name one as `context`".into());
    }
    warnings
}
