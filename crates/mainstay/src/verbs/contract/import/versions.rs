//! Pacticipants with their versions, oldest first.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Refusal;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    Importing, progress,
    read::{self, Version, list, text},
    report::Sort,
};

/// What is known of a pacticipant beside its name.
const DETAILS: [&str; 5] = ["displayName", "mainBranch", "repositoryUrl", "repositoryName", "repositoryNamespace"];

impl Importing {
    pub(super) async fn pacticipants(&mut self) -> Result<(), Refusal> {
        let found = read::all(&self.source, &["pacticipants"], "/_embedded/pacticipants").await?;
        self.report.read(Sort::Pacticipants, found.len());
        for (at, pacticipant) in found.iter().enumerate() {
            let Some(name) = text(pacticipant, "/name") else { continue };
            let versions = read::versions(&self.source, &name).await?;
            progress(&format!("{} of {}: {name}, {} versions", at + 1, found.len(), versions.len()));
            self.pacticipant(&name, pacticipant).await?;
            self.labels(&name, pacticipant).await?;
            self.versions_of(&name, &versions).await?;
            self.details(&name, pacticipant).await?;
            self.versions.insert(name, versions);
        }
        Ok(())
    }

    async fn pacticipant(&mut self, name: &str, pacticipant: &Value) -> Result<(), Refusal> {
        if self.target.find(&["pacticipants", name], &[]).await?.is_some() {
            self.report.here(Sort::Pacticipants, 1);
            return Ok(());
        }
        let mut body = details(pacticipant);
        body.insert("name".to_owned(), json!(name));
        self.write((Sort::Pacticipants, name), Method::POST, &["pacticipants"], &Value::Object(body)).await?;
        Ok(())
    }

    /// Branches may have given it a main branch that it has not.
    async fn details(&mut self, name: &str, pacticipant: &Value) -> Result<(), Refusal> {
        let Some(known) = self.target.find(&["pacticipants", name], &[]).await? else { return Ok(()) };
        if known.get("mainBranch") != pacticipant.get("mainBranch") && pacticipant.get("mainBranch").is_some() {
            let body = json!({"mainBranch": pacticipant.get("mainBranch")});
            if let Err(refusal) = self.target.send(Method::PATCH, &["pacticipants", name], &body).await {
                self.refused(Sort::Pacticipants, name, refusal)?;
            }
        }
        Ok(())
    }

    async fn labels(&mut self, name: &str, pacticipant: &Value) -> Result<(), Refusal> {
        let labels: Vec<String> =
            list(pacticipant, "/_embedded/labels").iter().filter_map(|label| text(label, "/name")).collect();
        self.report.read(Sort::Labels, labels.len());
        if labels.is_empty() {
            return Ok(());
        }
        let known = self.target.find(&["pacticipants", name], &[]).await?.unwrap_or_default();
        let known: BTreeSet<String> =
            list(&known, "/_embedded/labels").iter().filter_map(|label| text(label, "/name")).collect();
        for label in labels {
            if known.contains(&label) {
                self.report.here(Sort::Labels, 1);
                continue;
            }
            let path = ["pacticipants", name, "labels", &label];
            self.write((Sort::Labels, &format!("{label} of {name}")), Method::PUT, &path, &json!({})).await?;
        }
        Ok(())
    }

    async fn versions_of(&mut self, name: &str, versions: &[Version]) -> Result<(), Refusal> {
        self.report.read(Sort::Versions, versions.len());
        self.report.read(Sort::BranchesOfVersions, versions.iter().map(|version| version.branches.len()).sum());
        self.report.read(Sort::TagsOfVersions, versions.iter().map(|version| version.tags.len()).sum());
        let here = read::versions(&self.target, name).await?;
        self.note_order(name, versions, &here);
        let here: BTreeMap<&str, &Version> = here.iter().map(|version| (version.number.as_str(), version)).collect();
        for version in versions {
            let known = here.get(version.number.as_str()).copied();
            self.version(name, version, known).await?;
        }
        self.heads(name, versions, &here).await
    }

    /// Versions are ordered by when they became known: one that is missing below one that is here comes too late.
    fn note_order(&mut self, name: &str, versions: &[Version], here: &[Version]) {
        let known: BTreeSet<&str> = here.iter().map(|version| version.number.as_str()).collect();
        let last_known = versions.iter().rposition(|version| known.contains(version.number.as_str()));
        let late =
            versions.iter().take(last_known.unwrap_or(0)).filter(|version| !known.contains(version.number.as_str()));
        let theirs: BTreeSet<&str> = versions.iter().map(|version| version.number.as_str()).collect();
        let (late, ours) =
            (late.count(), here.iter().filter(|version| !theirs.contains(version.number.as_str())).count());
        let all_known = versions.iter().all(|version| known.contains(version.number.as_str()));
        if late > 0 {
            self.report.note(format!("{name}: {late} versions come after newer ones that were here already"));
        }
        if ours > 0 && !all_known {
            self.report.note(format!(
                "{name}: {ours} versions were published here already; what is imported comes after them"
            ));
        }
    }

    async fn version(&mut self, name: &str, version: &Version, known: Option<&Version>) -> Result<(), Refusal> {
        let number = version.number.as_str();
        let shown = format!("{name} {number}");
        let mut exists = known.is_some();
        if exists {
            self.report.here(Sort::Versions, 1);
        }
        for (branch, _) in &version.branches {
            if known.is_some_and(|known| known.is_on(branch)) {
                self.report.here(Sort::BranchesOfVersions, 1);
                continue;
            }
            let path = ["pacticipants", name, "branches", branch, "versions", number];
            let what = format!("{branch} of {shown}");
            let put = self.write((Sort::BranchesOfVersions, &what), Method::PUT, &path, &json!({})).await?;
            if put.is_some() && !exists {
                self.report.written(Sort::Versions);
                exists = true;
            }
        }
        let has_tag = |tag: &&String| known.is_some_and(|known| known.tags.contains(tag));
        let (here, missing): (Vec<&String>, Vec<&String>) = version.tags.iter().partition(has_tag);
        self.report.here(Sort::TagsOfVersions, here.len());
        let build_url =
            version.build_url.as_ref().filter(|url| known.and_then(|known| known.build_url.as_ref()) != Some(url));
        if exists && missing.is_empty() && build_url.is_none() {
            return Ok(());
        }
        let mut body = Map::new();
        if let Some(url) = build_url {
            body.insert("buildUrl".to_owned(), json!(url));
        }
        body.insert("tags".to_owned(), missing.iter().map(|tag| json!({"name": tag})).collect());
        let path = ["pacticipants", name, "versions", number];
        let answer = match self.target.send(Method::PATCH, &path, &Value::Object(body)).await {
            Ok(answer) => answer,
            Err(refusal) => return self.refused(Sort::Versions, &shown, refusal),
        };
        if !exists {
            self.report.written(Sort::Versions);
        }
        for _ in missing {
            self.report.written(Sort::TagsOfVersions);
        }
        self.without_others(name, version, known, &answer).await
    }

    /// A young version's first tag is taken for its branch; where it has none in the source, it gets none here.
    async fn without_others(
        &mut self,
        name: &str,
        version: &Version,
        known: Option<&Version>,
        answer: &Value,
    ) -> Result<(), Refusal> {
        let Some(made) = Version::of(answer) else { return Ok(()) };
        let is_new = |branch: &str| !version.is_on(branch) && !known.is_some_and(|known| known.is_on(branch));
        for (branch, _) in made.branches.iter().filter(|(branch, _)| is_new(branch)) {
            let path = ["pacticipants", name, "branches", branch, "versions", &version.number];
            if let Err(refusal) = self.target.send(Method::DELETE, &path, &Value::Null).await {
                self.refused(Sort::BranchesOfVersions, &format!("{branch} of {name} {}", version.number), refusal)?;
            }
        }
        Ok(())
    }

    /// The head of a branch is what came to it last; where that is not the newest version, it comes to it once more. So it
    /// is as well where an import broke off before that; where the branch has gone on here, it is left alone.
    async fn heads(
        &mut self,
        name: &str,
        versions: &[Version],
        here: &BTreeMap<&str, &Version>,
    ) -> Result<(), Refusal> {
        let mut last: BTreeMap<&str, &str> = BTreeMap::new();
        let mut head: BTreeMap<&str, &str> = BTreeMap::new();
        for version in versions {
            for (branch, latest) in &version.branches {
                last.insert(branch, &version.number);
                if *latest {
                    head.insert(branch, &version.number);
                }
            }
        }
        for (branch, number) in head {
            let is_new = versions.iter().any(|version| {
                version.is_on(branch) && !here.get(version.number.as_str()).is_some_and(|known| known.is_on(branch))
            });
            let Some(last) = last.get(branch).filter(|last| **last != number) else { continue };
            let is_left = here.get(last).is_some_and(|known| known.is_head_of(branch));
            if is_new || is_left {
                let path = ["pacticipants", name, "branches", branch, "versions", number];
                let gone = self.target.send(Method::DELETE, &path, &Value::Null).await;
                let done = match gone {
                    Ok(_) => self.target.send(Method::PUT, &path, &json!({})).await,
                    Err(refusal) => Err(refusal),
                };
                if let Err(refusal) = done {
                    let what = format!("{number} as the head of {branch} of {name}");
                    self.refused(Sort::BranchesOfVersions, &what, refusal)?;
                }
            }
        }
        Ok(())
    }
}

fn details(pacticipant: &Value) -> Map<String, Value> {
    let said = DETAILS.iter().filter_map(|key| Some(((*key).to_owned(), pacticipant.get(*key)?.clone())));
    said.filter(|(_, value)| value.is_string()).collect()
}
