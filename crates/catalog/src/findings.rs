//! What is wrong with the catalog as a whole. Each gap is shown with the way to close it.
//!
//! One pass over the entities, a few hash look-ups for each: cheap enough to be done anew for every revision.

use std::collections::{HashMap, HashSet};

use kernel::EntityRef;
use serde::Serialize;

use crate::{Definition, Entity, Relation, Severity, State, circles, entity::at};

/// What sort of gap it is. The id is stable: people filter by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingRule {
    /// A catalog source has problems in its files.
    SourceProblems,
    /// Nobody is named who answers for it.
    NoOwner,
    /// Who is named does not exist, or is no group or user.
    OwnerUnknown,
    /// It refers to something that does not exist.
    DanglingReference,
    /// CODEOWNERS names others than the declared owner.
    CodeownersConflict,
    /// A team without members: nobody can be paged.
    EmptyTeam,
    /// A service in production without a runbook.
    NoRunbook,
    /// An API without a definition.
    NoApiDocs,
    /// An API whose definition is not what its type says.
    ApiDocsUnreadable,
    /// Something deprecated is still in use.
    DeprecatedInUse,
    /// Things that depend on each other in a circle. Legal, but an outage of one is an outage of all.
    Circle,
    /// A component that is related to nothing but its owner.
    Orphan,
    /// Somebody undid a change, and the file still says otherwise.
    Drift,
}

impl FindingRule {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::SourceProblems => "source-problems",
            Self::NoOwner => "no-owner",
            Self::OwnerUnknown => "owner-unknown",
            Self::DanglingReference => "dangling-reference",
            Self::CodeownersConflict => "codeowners-conflict",
            Self::EmptyTeam => "empty-team",
            Self::NoRunbook => "no-runbook",
            Self::NoApiDocs => "no-api-docs",
            Self::ApiDocsUnreadable => "api-docs-unreadable",
            Self::DeprecatedInUse => "deprecated-in-use",
            Self::Circle => "circle",
            Self::Orphan => "orphan",
            Self::Drift => "drift",
        }
    }

    /// How much it hurts when something breaks: an error leaves nobody to call, or the catalog wrong.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::SourceProblems | Self::NoOwner | Self::OwnerUnknown | Self::EmptyTeam => Severity::Error,
            Self::DanglingReference
            | Self::CodeownersConflict
            | Self::NoRunbook
            | Self::NoApiDocs
            | Self::ApiDocsUnreadable
            | Self::DeprecatedInUse
            | Self::Circle
            | Self::Orphan
            | Self::Drift => Severity::Warning,
        }
    }
}

/// One gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What sort of gap it is.
    pub rule: FindingRule,
    /// How much it matters.
    pub severity: Severity,
    /// The entity that has it; nothing where a source has it.
    pub subject: Option<EntityRef>,
    /// What it leads to, of several things that the subject can have such a gap with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<EntityRef>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// How to mend it.
    pub fix: String,
}

/// More findings are left out: a catalog with so many needs another remedy than a list.
const FINDINGS_MAX: usize = 20_000;

/// All gaps of the catalog, the worst first, then by rule and subject.
#[must_use]
pub fn findings(state: &State) -> Vec<Finding> {
    let mut search = Search::new(state);
    for entity in state.iter() {
        search.ownership(entity);
        search.references(entity);
        search.api(entity);
        search.component(entity);
        search.team(entity);
        search.deprecation(entity);
        search.codeowners(entity);
    }
    search.circles();
    search.sources();
    let mut found = search.found;
    found.sort_by(|a, b| (a.severity, a.rule, &a.subject).cmp(&(b.severity, b.rule, &b.subject)));
    found.truncate(FINDINGS_MAX);
    found
}

struct Search<'a> {
    state: &'a State,
    found: Vec<Finding>,
    /// Entities by their bare name: what a dangling reference may have meant.
    by_name: HashMap<&'a str, &'a EntityRef>,
    /// What each owner is called in CODEOWNERS, in lower case; made when it is first asked for.
    handles: HashMap<EntityRef, HashSet<String>>,
}

impl<'a> Search<'a> {
    fn new(state: &'a State) -> Self {
        let by_name = state.iter().map(|entity| (entity.reference().name(), entity.reference())).collect();
        Self { state, found: Vec::new(), by_name, handles: HashMap::new() }
    }

    fn add(&mut self, rule: FindingRule, subject: Option<&EntityRef>, message: String, fix: impl Into<String>) {
        let (severity, subject) = (rule.severity(), subject.cloned());
        self.found.push(Finding { rule, severity, subject, target: None, message, fix: fix.into() });
    }

    fn ownership(&mut self, entity: &Entity) {
        let needs_owner =
            matches!(&*entity.kind, "Component" | "API" | "Resource" | "System" | "Domain" | "Check" | "Flag");
        let of = entity.reference();
        match &entity.owner {
            None if needs_owner => {
                let message = format!("nobody answers for {}", of.short());
                self.add(FindingRule::NoOwner, Some(of), message, "set spec.owner to a group");
            }
            Some(owner) if self.state.get(owner).is_none() => {
                let message = format!("the owner {owner} does not exist");
                let fix = self.likely(owner).unwrap_or_else(|| "declare the group, or name one that exists".to_owned());
                self.add(FindingRule::OwnerUnknown, Some(of), message, fix);
            }
            Some(owner) if !matches!(owner.kind(), "group" | "user") => {
                let message = format!("the owner {owner} is neither a group nor a user");
                self.add(FindingRule::OwnerUnknown, Some(of), message, "set spec.owner to a group");
            }
            Some(_) | None => {}
        }
    }

    fn references(&mut self, entity: &Entity) {
        for (relation, target) in &entity.relations {
            if *relation != Relation::OwnedBy && self.state.get(target).is_none() {
                let message = format!("{relation} leads to {target}, which does not exist");
                let fix = self.likely(target).unwrap_or_else(|| "declare it, or correct the reference".to_owned());
                let (rule, subject) = (FindingRule::DanglingReference, Some(entity.reference().clone()));
                let (severity, target) = (rule.severity(), Some(target.clone()));
                self.found.push(Finding { rule, severity, subject, target, message, fix });
            }
        }
    }

    /// Of the same name, but of another kind or in another namespace: the commonest slip.
    fn likely(&self, target: &EntityRef) -> Option<String> {
        self.by_name.get(target.name()).map(|likely| format!("did you mean {likely}?"))
    }

    fn api(&mut self, entity: &Entity) {
        let (rule, message, fix) = match entity.definition {
            Definition::None | Definition::Present => return,
            Definition::Empty => (FindingRule::NoApiDocs, "has no definition", "set spec.definition"),
            Definition::NotFetched => (
                FindingRule::NoApiDocs,
                "names a URL as its definition, which is not fetched",
                "keep the definition in the repository and name the file with $text",
            ),
            Definition::Unreadable => (
                FindingRule::ApiDocsUnreadable,
                "has a definition that is not what spec.type says",
                "correct spec.type or the definition",
            ),
        };
        self.add(rule, Some(entity.reference()), format!("the API {} {message}", entity.reference().short()), fix);
    }

    fn component(&mut self, entity: &Entity) {
        if &*entity.kind != "Component" {
            return;
        }
        let of = entity.reference();
        let is_alone = |(relation, _): &(Relation, EntityRef)| *relation == Relation::OwnedBy;
        if entity.relations.iter().all(is_alone) && !self.state.is_referred_to(of) {
            let message = format!("{} is related to nothing", of.short());
            let fix = "add spec.system, dependsOn, providesApis or consumesApis";
            self.add(FindingRule::Orphan, Some(of), message, fix);
        }
        let runs = matches!(entity.spec_type.as_deref(), Some("service" | "website"));
        let counts = entity.lifecycle.as_deref() == Some("production");
        if runs && counts && self.state.runbooks(of).is_empty() {
            let message = format!("{} has no runbook", of.short());
            let fix = "add a link of type runbook to metadata.links, or a page under docs/runbooks";
            self.add(FindingRule::NoRunbook, Some(of), message, fix);
        }
    }

    fn team(&mut self, entity: &Entity) {
        let of = entity.reference();
        if of.kind() != "group" {
            return;
        }
        let relations = self.state.relations_of(of);
        let has_people = |(relation, _): &(Relation, EntityRef)| {
            matches!(relation, Relation::HasMember | Relation::ParentOf | Relation::LedBy)
        };
        if !relations.iter().any(has_people) {
            let message = format!("the team {} has no members", of.short());
            self.add(FindingRule::EmptyTeam, Some(of), message, "add spec.members, or memberOf to its users");
        }
    }

    fn deprecation(&mut self, entity: &Entity) {
        if entity.lifecycle.as_deref() != Some("deprecated") {
            return;
        }
        let of = entity.reference();
        let is_alive = |user: &EntityRef| {
            let lifecycle = self.state.get(user).map(|user| user.lifecycle.as_deref());
            lifecycle.is_some_and(|lifecycle| lifecycle != Some("deprecated"))
        };
        let is_use = |relation: Relation| matches!(relation, Relation::ApiConsumedBy | Relation::DependencyOf);
        let relations = self.state.relations_of(of).into_iter();
        let users: Vec<String> = relations
            .filter(|(relation, user)| is_use(*relation) && is_alive(user))
            .map(|(_, user)| user.short().to_owned())
            .collect();
        if let Some(first) = users.first() {
            let more = if users.len() > 1 { format!(" and {} more", users.len() - 1) } else { String::new() };
            let message = format!("{} is deprecated, but used by {first}{more}", of.short());
            self.add(FindingRule::DeprecatedInUse, Some(of), message, "move its users away, or say that it stays");
        }
    }

    fn codeowners(&mut self, entity: &Entity) {
        let written = &entity.descriptor.origin.code_owners;
        let Some(owner) = entity.owner.clone().filter(|_| !written.is_empty()) else { return };
        let state = self.state;
        let Some(declared) = state.get(&owner) else { return };
        let handles = self.handles.entry(owner.clone()).or_insert_with(|| handles(state, declared));
        if written.iter().any(|handle| is_one_of(handle, handles)) {
            return;
        }
        let written: Vec<&str> = written.iter().map(|handle| &**handle).collect();
        let message = format!("the owner is {}, but CODEOWNERS says {}", owner.short(), written.join(", "));
        let fix = "correct one of the two, or set the annotation github.com/team-slug of the group";
        self.add(FindingRule::CodeownersConflict, Some(entity.reference()), message, fix);
    }

    fn circles(&mut self) {
        for circle in circles::find(self.state) {
            let Some(first) = circle.first() else { continue };
            let names: Vec<&str> = circle.iter().chain([first]).map(EntityRef::short).collect();
            let message = format!("these need each other: {}", names.join(" → "));
            self.add(FindingRule::Circle, Some(first), message, "break the circle where it is least needed");
        }
    }

    fn sources(&mut self) {
        for (name, source) in self.state.sources() {
            let errors = source.problems.iter().filter(|problem| problem.is_error());
            if let Some(first) = errors.clone().next() {
                let count = errors.count();
                let place = first.place();
                let message = format!("the catalog {name} has {count} errors, the first in {place}: {}", first.message);
                let fix = first.suggestion.clone().unwrap_or_else(|| format!("run mainstay plan {name}"));
                self.add(FindingRule::SourceProblems, None, message, fix);
            }
        }
        for (source, entity) in self.state.drift() {
            let message = format!("a change of {} was undone, but {source} still declares it", entity.short());
            self.add(FindingRule::Drift, Some(entity), message, "change the file to what should be, and apply it");
        }
    }
}

/// What an owner may be called in CODEOWNERS: by annotation or by name; for a group, its members as well.
fn handles(state: &State, owner: &Entity) -> HashSet<String> {
    let mut handles = HashSet::new();
    let members = state.members(owner.reference());
    let people = members.iter().filter_map(|member| state.get(member)).map(|member| &**member);
    for entity in people.chain([owner]) {
        let json = entity.descriptor.json();
        let annotations = at(&json, &["metadata", "annotations"]);
        let annotated = ["github.com/team-slug", "github.com/user-login"].map(|key| at(annotations, &[key]).as_str());
        let email = at(&json, &["spec", "profile", "email"]).as_str();
        let all = annotated.into_iter().chain([email, Some(&*entity.name)]).flatten();
        handles.extend(all.map(str::to_lowercase));
    }
    handles
}

/// True if `@org/team`, `@user` or an address is one of the names; a team also by its name alone.
fn is_one_of(handle: &str, handles: &HashSet<String>) -> bool {
    let handle = handle.trim_start_matches('@').to_lowercase();
    let team = handle.rsplit_once('/').map_or(handle.as_str(), |(_, team)| team);
    handles.contains(&handle) || handles.contains(team)
}
