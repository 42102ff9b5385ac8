//! What is where, and webhooks.

use std::collections::BTreeMap;

use kernel::Refusal;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    Importing,
    read::{after, list, text},
    report::Sort,
};

/// What brokers show instead of a secret.
const MASK: &str = "**********";

/// A version that is somewhere now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Placed {
    id: String,
    pacticipant: String,
    version: String,
    instance: Option<String>,
    created: String,
}

impl Placed {
    fn of(document: &Value) -> Option<Self> {
        let instance = text(document, "/applicationInstance").or_else(|| text(document, "/target"));
        Some(Self {
            id: text(document, "/uuid")?,
            pacticipant: text(document, "/_embedded/pacticipant/name")?,
            version: text(document, "/_embedded/version/number")?,
            instance: instance.filter(|instance| !instance.is_empty()),
            created: text(document, "/createdAt").unwrap_or_default(),
        })
    }

    fn shown(&self, environment: &str) -> String {
        format!("{} {} in {environment}", self.pacticipant, self.version)
    }
}

impl Importing {
    pub(super) async fn places(&mut self) -> Result<(), Refusal> {
        let Some(theirs) = self.source.find(&["environments"], &[]).await? else {
            self.report.note("the other broker is too old to know environments".to_owned());
            return Ok(());
        };
        let theirs = list(&theirs, "/_embedded/environments").to_vec();
        self.report.read(Sort::Environments, theirs.len());
        let ours = self.target.get(&["environments"], &[]).await?;
        let ours: BTreeMap<String, Value> = list(&ours, "/_embedded/environments")
            .iter()
            .filter_map(|known| Some((text(known, "/name")?, known.clone())))
            .collect();
        for environment in &theirs {
            let (Some(name), Some(their_id)) = (text(environment, "/name"), text(environment, "/uuid")) else {
                continue;
            };
            let id = match ours.get(&name) {
                Some(known) => {
                    self.report.here(Sort::Environments, 1);
                    if known.get("production") != environment.get("production") {
                        self.report
                            .note(format!("{name}: whether it is a production environment is said otherwise here"));
                    }
                    text(known, "/uuid")
                }
                None => self.environment(&name, environment).await?,
            };
            let Some(id) = id else { continue };
            self.placed(&name, (&their_id, &id), false).await?;
            self.placed(&name, (&their_id, &id), true).await?;
        }
        Ok(())
    }

    async fn environment(&mut self, name: &str, environment: &Value) -> Result<Option<String>, Refusal> {
        let mut body = Map::new();
        for key in ["name", "displayName", "production", "contacts"] {
            let value = environment.get(key).filter(|value| !value.is_null());
            body.extend(value.map(|value| (key.to_owned(), value.clone())));
        }
        let made =
            self.write((Sort::Environments, name), Method::POST, &["environments"], &Value::Object(body)).await?;
        Ok(made.and_then(|made| text(&made, "/uuid")))
    }

    /// Records what is deployed or released in an environment, the oldest first.
    async fn placed(&mut self, name: &str, (theirs, ours): (&str, &str), released: bool) -> Result<(), Refusal> {
        let (path, which, key, sort) = if released {
            ("released-versions", "currently-supported", "/_embedded/releasedVersions", Sort::Released)
        } else {
            ("deployed-versions", "currently-deployed", "/_embedded/deployedVersions", Sort::Deployed)
        };
        let there = self.source.get(&["environments", theirs, path, which], &[]).await?;
        let mut there: Vec<Placed> = list(&there, key).iter().filter_map(Placed::of).collect();
        there.sort_by(|a, b| a.created.cmp(&b.created));
        self.report.read(sort, there.len());
        let here = self.target.get(&["environments", ours, path, which], &[]).await?;
        let here: Vec<Placed> = list(&here, key).iter().filter_map(Placed::of).collect();
        let same = |one: &Placed, other: &Placed| {
            (&one.pacticipant, &one.version, &one.instance) == (&other.pacticipant, &other.version, &other.instance)
        };
        for placed in &there {
            if here.iter().any(|known| same(known, placed)) {
                self.report.here(sort, 1);
                continue;
            }
            let newer = here.iter().find(|known| {
                !released
                    && known.pacticipant == placed.pacticipant
                    && known.instance == placed.instance
                    && !self.is_theirs(known)
            });
            if let Some(newer) = newer {
                let shown = placed.shown(name);
                self.report.note(format!("{shown}: left alone, since {} was deployed here since", newer.version));
                continue;
            }
            let path = ["pacticipants", &placed.pacticipant, "versions", &placed.version, path, "environment", ours];
            // It is a fact already, whatever a gate here would say.
            let mut body = json!({"emergency": true, "reason": "taken over from another broker, where it is a fact"});
            if let (Some(instance), Some(body)) = (&placed.instance, body.as_object_mut()) {
                body.insert("applicationInstance".to_owned(), json!(instance));
            }
            self.write((sort, &placed.shown(name)), Method::POST, &path, &body).await?;
        }
        if !released {
            self.undo_tags(name, &there, &here).await?;
        }
        Ok(())
    }

    /// True if the other broker has the version, too.
    fn is_theirs(&self, placed: &Placed) -> bool {
        let versions = self.versions.get(&placed.pacticipant);
        versions.is_some_and(|versions| versions.iter().any(|version| version.number == placed.version))
    }

    /// A tag with an environment's name means that a version is there; where the other broker says otherwise, it is not.
    /// What came there at the moment at which it was tagged came by that, in this import or in one that broke off.
    async fn undo_tags(&mut self, name: &str, there: &[Placed], here: &[Placed]) -> Result<(), Refusal> {
        let is_there = |known: &Placed| {
            there.iter().any(|placed| placed.pacticipant == known.pacticipant && placed.version == known.version)
        };
        for known in here.iter().filter(|known| known.instance.is_none() && !is_there(known)) {
            if !self.is_tagged_there(known, name) {
                continue;
            }
            let tag = ["pacticipants", &known.pacticipant, "versions", &known.version, "tags", name];
            let tagged = self.target.find(&tag, &[]).await?.and_then(|tag| text(&tag, "/createdAt"));
            if tagged.as_ref() != Some(&known.created) {
                continue;
            }
            let path = ["deployed-versions", known.id.as_str()];
            match self.target.send(Method::PATCH, &path, &json!({"currentlyDeployed": false})).await {
                Ok(_) => {}
                // Another version has taken its place meanwhile.
                Err(refusal) if refusal.class() == kernel::Class::UserFixable => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(())
    }

    /// True if the version has the tag in the other broker, too.
    fn is_tagged_there(&self, placed: &Placed, tag: &str) -> bool {
        let versions = self.versions.get(&placed.pacticipant);
        let version = versions.and_then(|versions| versions.iter().find(|version| version.number == placed.version));
        version.is_some_and(|version| version.tags.iter().any(|known| known == tag))
    }

    pub(super) async fn webhooks(&mut self) -> Result<(), Refusal> {
        let found = match self.source.find(&["webhooks"], &[]).await {
            Ok(found) => found.unwrap_or_default(),
            Err(refusal) if refusal.code == &kernel::codes::FORBIDDEN => {
                self.report.note("webhooks: they may not be read as this user".to_owned());
                return Ok(());
            }
            Err(refusal) => return Err(refusal),
        };
        let links = list(&found, "/_links/pb:webhooks").iter();
        let ids: Vec<String> = links.filter_map(|link| after(&text(link, "/href")?, "webhooks")).collect();
        self.report.read(Sort::Webhooks, ids.len());
        for id in ids {
            if self.target.find(&["webhooks", &id], &[]).await?.is_some() {
                self.report.here(Sort::Webhooks, 1);
                continue;
            }
            let Some(webhook) = self.source.find(&["webhooks", &id], &[]).await? else { continue };
            self.webhook(&id, &webhook).await?;
        }
        Ok(())
    }

    async fn webhook(&mut self, id: &str, webhook: &Value) -> Result<(), Refusal> {
        let name = text(webhook, "/description").filter(|name| !name.is_empty()).unwrap_or_else(|| id.to_owned());
        let mut body = Map::new();
        for key in ["description", "enabled", "events", "consumer", "provider", "request"] {
            let value = webhook.get(key).filter(|value| !value.is_null());
            body.extend(value.map(|value| (key.to_owned(), value.clone())));
        }
        let secrets = body.get_mut("request").map(without_secrets).unwrap_or_default();
        let was_enabled = webhook.get("enabled") != Some(&json!(false));
        let enabled = was_enabled && self.enable_webhooks && secrets.is_empty();
        body.insert("enabled".to_owned(), json!(enabled));
        if self.write((Sort::Webhooks, &name), Method::PUT, &["webhooks", id], &Value::Object(body)).await?.is_none() {
            return Ok(());
        }
        if !secrets.is_empty() {
            self.report.note(format!("webhook {name}: not enabled; set again what is secret: {}", secrets.join(", ")));
        } else if was_enabled && !enabled {
            self.report
                .note(format!("webhook {name}: not enabled, so that it is not called twice; enable it when you move"));
        }
        Ok(())
    }
}

/// Takes away what is masked, and names it.
fn without_secrets(request: &mut Value) -> Vec<String> {
    let Value::Object(request) = request else { return Vec::new() };
    let is_masked = |value: &Value| value.as_str().is_some_and(|text| text.contains(MASK));
    let mut secrets = Vec::new();
    if request.get("password").is_some_and(is_masked) {
        request.remove("password");
        secrets.push("password".to_owned());
    }
    if let Some(Value::Object(headers)) = request.get_mut("headers") {
        let masked: Vec<String> =
            headers.iter().filter(|(_, value)| is_masked(value)).map(|(name, _)| name.clone()).collect();
        for name in masked {
            headers.remove(&name);
            secrets.push(format!("header {name}"));
        }
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_masked_is_taken_away_and_named() {
        let mut request = json!({"url": "https://ci.example", "username": "u", "password": MASK,
            "headers": {"Authorization": format!("Bearer {MASK}"), "Accept": "x"}});
        assert_eq!(without_secrets(&mut request), ["password", "header Authorization"]);
        assert_eq!(request, json!({"url": "https://ci.example", "username": "u", "headers": {"Accept": "x"}}));
    }
}
