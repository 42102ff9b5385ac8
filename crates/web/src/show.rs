//! How what the World knows is shown: one way for each sort of thing, used by every screen.

mod health;

use catalog::Relation;
use incidents::suspects::ChangeKind;
use kernel::{Actor, EntityRef, EventId, Refusal, Timestamp, codes};
use oncall::OnCall;
use world::{Entry, Event, UndoState, World, plan_undo};

use crate::{
    frame::Frame,
    views::{Change, Entity, Moment, State, Tone, Undo, Who},
};

pub use health::{Health, health, verdict, verdicts};

/// A text as one segment of an address (RFC 3986: unreserved characters stay).
#[must_use]
pub fn segment(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The address of an entity's own screen. Checks and flags have screens of their own sort.
#[must_use]
pub fn address(entity: &EntityRef) -> String {
    let (namespace, name) = (segment(entity.namespace()), segment(entity.name()));
    match entity.kind() {
        "check" => format!("/checks/{namespace}/{name}"),
        "flag" => format!("/flags/{namespace}/{name}"),
        "segment" => format!("/segments/{namespace}/{name}"),
        "incident" => format!("/incidents/{name}"),
        "page" => format!("/pages/{name}"),
        "action" => format!("/actions/{name}"),
        "retrospective" => format!("/retrospectives/{name}"),
        "alert" => format!("/alerts/{name}"),
        "slo" | "slo-ticket" | "slo-data" => format!("/slos/{namespace}/{name}"),
        kind => format!("/entities/{}/{namespace}/{name}", segment(kind)),
    }
}

/// True of an SLO, and of what stands in incidents for one.
fn is_slo(world: &World, reference: &EntityRef) -> bool {
    let slo = EntityRef::new("slo", reference.namespace(), reference.name());
    reference.kind().starts_with("slo") && slo.is_ok_and(|slo| world.slos.slo(&slo).is_some())
}

impl Frame {
    /// `4 min ago`.
    #[must_use]
    pub fn ago(&self, at: Timestamp) -> Moment {
        Moment::ago(at, self.now)
    }

    /// `12 min`: how long it lasts.
    #[must_use]
    pub fn elapsed(&self, since: Timestamp) -> Moment {
        Moment::elapsed(since, self.now)
    }

    /// A link to an entity, by its name for people; one that does not exist says so.
    #[must_use]
    pub fn entity(&self, reference: &EntityRef) -> Entity {
        let number = (reference.kind() == "incident").then(|| reference.name().parse().ok()).flatten();
        if let Some(incident) = number.and_then(|number| self.world.incidents.by_number(number)) {
            return Entity::new("incident", format!("incident {}", incident.number()), self.href(address(reference)));
        }
        let number = (reference.kind() == "page").then(|| reference.name().parse().ok()).flatten();
        if let Some(page) = number.and_then(|number| self.world.paging.numbered(number)) {
            return Entity::new("page", format!("page {}", page.number()), self.href(address(reference)));
        }
        let number = (reference.kind() == "action").then(|| reference.name().parse().ok()).flatten();
        if let Some(action) = number.and_then(|number| self.world.actions.get(number)) {
            return Entity::new("action", format!("action {}", action.number), self.href(address(reference)));
        }
        let number = (reference.kind() == "retrospective").then(|| reference.name().parse().ok()).flatten();
        if let Some(retro) = number.and_then(|number| self.world.actions.retros().get(number)) {
            let name = format!("retrospective {}", retro.about.number);
            return Entity::new("retrospective", name, self.href(address(reference)));
        }
        let flags = &self.world.flags;
        let known = self.world.checks.watch(reference).is_some()
            || flags.flag(reference).is_some()
            || flags.segment(reference).is_some()
            || is_slo(&self.world, reference);
        match self.world.catalog.get(reference) {
            Some(entity) => Entity::new(reference.kind(), name(entity), self.href(address(reference))),
            None if known => Entity::new(reference.kind(), reference.short(), self.href(address(reference))),
            None => Entity::missing(reference.kind(), reference.short()),
        }
    }

    /// A person or team of the catalog, by the name that people know.
    #[must_use]
    pub fn catalog_person(&self, reference: &EntityRef) -> Who {
        match self.world.catalog.get(reference) {
            Some(entity) => Who::at(name(entity), self.href(address(reference))),
            None => Who::new(reference.short()),
        }
    }

    /// Who did something.
    #[must_use]
    pub fn who(&self, actor: &Actor) -> Who {
        match actor {
            Actor::Person(name) => {
                let user = self.world.access.user_named(name).and_then(|(_, user)| user.person.as_ref());
                user.map_or_else(|| Who::new(name), |person| self.catalog_person(person))
            }
            Actor::Token(_) | Actor::Source(_) | Actor::Mainstay(_) => Who::new(actor.to_string()),
        }
    }

    /// A change of software. Its subject is left out where the screen is about that (`about`).
    #[must_use]
    pub fn change(&self, entry: &Entry, about: Option<&EntityRef>) -> Change {
        let (change, stamp) = (&entry.change, &entry.recorded.stamp);
        Change {
            at: self.ago(change.at),
            href: self.href(format!("/timeline/{}", stamp.position)),
            sort: sort_of_change(change.kind).to_owned(),
            subject: (about != Some(&change.subject)).then(|| self.entity(&change.subject)),
            summary: change.summary.clone(),
            who: self.who(&stamp.actor),
            reason: stamp.reason.clone(),
            relation: None,
            undo: self.undo(stamp.event),
        }
    }

    /// Any entry of the timeline; one that this version can't read says so.
    #[must_use]
    pub fn event(&self, entry: &timeline::Entry, about: Option<&EntityRef>) -> Change {
        if let Some(change) = self.world.journal.get(entry.stamp.event) {
            return self.change(change, about);
        }
        let summary = match Event::from_body(&entry.kind, &entry.body) {
            Ok(event) => event.summary(),
            Err(error) => error.to_string(),
        };
        let subject = entry.subjects.first().filter(|subject| about != Some(subject));
        Change {
            at: self.ago(entry.stamp.at),
            href: self.href(format!("/timeline/{}", entry.stamp.position)),
            sort: sort_of_event(&entry.kind).to_owned(),
            subject: subject.map(|subject| self.entity(subject)),
            summary,
            who: self.who(&entry.stamp.actor),
            reason: entry.stamp.reason.clone(),
            relation: None,
            undo: Undo::Nothing,
        }
    }

    /// What can be done about an event.
    #[must_use]
    pub fn undo(&self, event: EventId) -> Undo {
        let Some(entry) = self.world.journal.get(event) else { return Undo::Nothing };
        match entry.undo {
            UndoState::Undone { .. } => return Undo::Done,
            UndoState::Asked { at, .. } => return Undo::Asked { since: self.ago(at) },
            UndoState::Standing => {}
        }
        if !self.may_write() {
            return Undo::Nothing;
        }
        match plan_undo(&self.world, event) {
            Ok(plan) => Undo::Offered {
                href: format!("/undo/{}?next={}", entry.recorded.stamp.position, segment(self.path())),
                will: plan.will,
            },
            Err(refusal) if refusal.code == &codes::MOVED_ON => {
                Undo::Refused { why: "the same thing was changed since, undo that first".to_owned() }
            }
            Err(refusal) => Undo::Refused { why: refusal.detail },
        }
    }
}

/// Whether a flag is on anywhere.
#[must_use]
pub fn flag_state(flag: &flags::Flag) -> State {
    let is_on = flag.switches.values().any(|switch| switch.on);
    if is_on { State::new(Tone::Good, "on") } else { State::new(Tone::Quiet, "off") }
}

/// A change's sort in one word.
#[must_use]
pub fn sort_of_change(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Deployment => "deploy",
        ChangeKind::Config => "config",
        ChangeKind::Flag => "flag",
        ChangeKind::Migration => "migration",
        ChangeKind::Switch => "switch",
        ChangeKind::Job => "job",
        ChangeKind::Catalog => "catalog",
        ChangeKind::Contract => "contract",
        ChangeKind::Check => "check",
        ChangeKind::Reported => "change",
    }
}

/// An event's sort in one word, by its kind: `flags.turned` is a `flag`.
#[must_use]
pub fn sort_of_event(kind: &str) -> &str {
    let area = kind.split_once('.').map_or(kind, |(area, _)| area);
    match area {
        "checks" => "check",
        "deploys" => "deploy",
        "flags" => "flag",
        "incidents" => "incident",
        "journal" => "undo",
        "oncall" => "on call",
        "paging" => "page",
        "postmortems" => "post-mortem",
        "effects" => "effect",
        other => other,
    }
}

impl Frame {
    /// Who answers for an entity; none is a gap.
    #[must_use]
    pub fn owner(&self, of: &EntityRef) -> Option<Entity> {
        self.world.owner_of(of).map(|owner| self.entity(&owner))
    }

    /// Who of the entity's owners is on call at the moment that is shown; none is a gap.
    #[must_use]
    pub fn on_call(&self, of: &EntityRef) -> Option<OnCall> {
        self.on_call_of_team(&self.world.owner_of(of)?)
    }

    /// Who of a team is on call at the moment that is shown.
    #[must_use]
    pub fn on_call_of_team(&self, team: &EntityRef) -> Option<OnCall> {
        oncall::current(&self.world.oncall, team, self.now).into_iter().next()
    }

    /// The teams of the person who asks.
    #[must_use]
    pub fn own_teams(&self) -> Vec<EntityRef> {
        let teams = self.person().map(|person| self.world.catalog.related(person, Relation::MemberOf));
        teams.unwrap_or_default()
    }
}

/// What people call an entity: its title, or the display name of a person or team, or else its name.
#[must_use]
pub fn name(entity: &catalog::Entity) -> String {
    if entity.title.is_none() && matches!(entity.reference().kind(), "user" | "group") {
        let document = entity.descriptor.json();
        let called = document.pointer("/spec/profile/displayName").and_then(serde_json::Value::as_str);
        if let Some(called) = called.filter(|called| !called.trim().is_empty()) {
            return called.to_owned();
        }
    }
    entity.display_name().to_owned()
}

/// The entity that an address names.
///
/// # Errors
/// `NOT_FOUND` if no reference can be made of the parts.
pub fn named(kind: &str, namespace: &str, name: &str) -> Result<EntityRef, Refusal> {
    EntityRef::new(kind, namespace, name).map_err(|_| not_in_catalog(kind, namespace, name))
}

/// That an address names nothing.
#[must_use]
pub fn not_in_catalog(kind: &str, namespace: &str, name: &str) -> Refusal {
    let named = format!("{kind}:{namespace}/{name}");
    let shown: String = named.chars().take(120).collect();
    Refusal::new(&codes::NOT_FOUND, format!("the catalog has no {shown}"))
        .fix("search for it by name: it may be of another kind or in another namespace")
}

/// An address elsewhere that may be followed. What is none, such as `javascript:`, comes back as nothing.
#[must_use]
pub fn outside(url: &str) -> Option<String> {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase())?;
    let allowed = matches!(scheme.as_str(), "http" | "https" | "mailto" | "tel" | "slack");
    (allowed && !url.chars().any(char::is_control)).then(|| url.to_owned())
}

/// The address of a page of an entity's docs; of the first one, if `path` is empty.
#[must_use]
pub fn docs_address(of: &EntityRef, path: &str) -> String {
    let base = format!("/docs/{}/{}/{}", segment(of.kind()), segment(of.namespace()), segment(of.name()));
    if path.is_empty() {
        return base;
    }
    let path: Vec<String> = path.split('/').map(segment).collect();
    format!("{base}/{}", path.join("/"))
}

/// The address of an API's reference.
#[must_use]
pub fn api_address(api: &EntityRef) -> String {
    format!("/apis/{}/{}", segment(api.namespace()), segment(api.name()))
}

/// What a neighbour is to an entity that stands in this relation to it.
#[must_use]
pub fn role(relation: Relation) -> &'static str {
    match relation {
        Relation::DependsOn => "depended on",
        Relation::DependencyOf => "depends on it",
        Relation::ConsumesApi => "called",
        Relation::ApiConsumedBy => "calls it",
        Relation::ProvidesApi => "provided by it",
        Relation::ApiProvidedBy => "provides it",
        Relation::HasPart => "a part of it",
        Relation::PartOf => "it is a part of this",
        Relation::Checks => "checked by it",
        Relation::CheckedBy => "checks it",
        Relation::OwnedBy => "owns it",
        Relation::OwnerOf => "owned by it",
        Relation::ChildOf => "it is within this",
        Relation::ParentOf => "within it",
        Relation::MemberOf => "it is a member of this",
        Relation::HasMember => "a member",
        Relation::LeaderOf => "led by it",
        Relation::LedBy => "leads it",
    }
}

/// How one thing is related to another, as a verb between the two.
#[must_use]
pub fn verb(relation: Relation) -> &'static str {
    match relation {
        Relation::OwnedBy => "is owned by",
        Relation::OwnerOf => "owns",
        Relation::PartOf => "is part of",
        Relation::HasPart => "is made of",
        Relation::ProvidesApi => "provides",
        Relation::ApiProvidedBy => "is provided by",
        Relation::ConsumesApi => "calls",
        Relation::ApiConsumedBy => "is called by",
        Relation::DependsOn => "depends on",
        Relation::DependencyOf => "is needed by",
        Relation::ChildOf => "is within",
        Relation::ParentOf => "has within it",
        Relation::MemberOf => "is a member of",
        Relation::HasMember => "has the member",
        Relation::LeaderOf => "leads",
        Relation::LedBy => "is led by",
        Relation::Checks => "checks",
        Relation::CheckedBy => "is checked by",
    }
}
