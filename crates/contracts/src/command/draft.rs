//! Facts that are decided one after the other.

use kernel::{Context, EntityRef, EventId, Refusal, Stamp, codes};

use super::not_found;
use crate::{Event, PacticipantKey, Party, State, VersionKey, event::Details, limits};

/// A State with the facts that have been decided already.
pub(super) struct Draft<'a> {
    pub(super) state: State,
    pub(super) context: &'a Context,
    pub(super) events: Vec<Event>,
    stamp: Stamp,
}

/// The branches that become a pacticipant's main branch by themselves.
const MAIN_BRANCHES: [&str; 3] = ["develop", "main", "master"];
/// A version's first tag within this time of its making is taken for its branch.
const FIRST_TAG_IS_BRANCH: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);

impl<'a> Draft<'a> {
    pub(super) fn new(state: &State, context: &'a Context) -> Self {
        let stamp = Stamp {
            position: 0,
            event: EventId::from_bytes([0; 16]),
            command: context.command,
            at: context.now,
            actor: context.actor.clone(),
            reason: None,
        };
        Self { state: state.clone(), context, events: Vec::new(), stamp }
    }

    pub(super) fn push(&mut self, event: Event) {
        self.state.fold(&event, &self.stamp);
        self.events.push(event);
    }

    /// The pacticipant of this name.
    pub(super) fn known(&self, name: &str) -> Result<Party, Refusal> {
        let found = self.state.pacticipant_named(name).and_then(|key| self.state.pacticipant(key));
        found.map(crate::Pacticipant::party).ok_or_else(|| not_found("pacticipant with name", name))
    }

    /// The pacticipant of this name, which is made known if it is not.
    pub(super) fn pacticipant(&mut self, field: &str, name: &str) -> Result<(Party, PacticipantKey), Refusal> {
        if self.state.pacticipant_named(name).is_none() {
            limits::name(field, name)?;
            let pacticipant = Party { name: name.to_owned(), component: component_named(name) };
            self.push(Event::PacticipantCreated { pacticipant, details: Details::default() });
        }
        let key = self.state.pacticipant_named(name).ok_or_else(|| not_found("pacticipant with name", name))?;
        Ok((self.known(name)?, key))
    }

    pub(super) fn known_version(&self, pacticipant: &str, number: &str) -> Result<VersionKey, Refusal> {
        self.known(pacticipant)?;
        let version = self.state.version_named(pacticipant, number);
        version.ok_or_else(|| not_found(&format!("version of {pacticipant} with number"), number))
    }

    /// The version of this number, which is made known if it is not. `build_url` changes it.
    pub(super) fn version(
        &mut self,
        name: &str,
        number: &str,
        build_url: Option<Option<String>>,
    ) -> Result<(Party, VersionKey), Refusal> {
        let (pacticipant, key) = self.pacticipant("pacticipantName", name)?;
        limits::url("buildUrl", build_url.as_ref().and_then(Option::as_deref))?;
        match self.state.version_numbered(key, number) {
            None => {
                limits::name("pacticipantVersionNumber", number)?;
                let (version, build_url) = (number.to_owned(), build_url.flatten());
                self.push(Event::VersionCreated { pacticipant: pacticipant.clone(), version, build_url });
            }
            Some(known) => {
                let now = self.state.version(known).and_then(|version| version.build_url.as_deref().map(str::to_owned));
                if let Some(build_url) = build_url.filter(|wanted| *wanted != now) {
                    let version = number.to_owned();
                    self.push(Event::VersionChanged { pacticipant: pacticipant.clone(), version, build_url });
                }
            }
        }
        let version = self.known_version(name, number)?;
        Ok((pacticipant, version))
    }

    /// Puts a version on a branch.
    pub(super) fn branch(
        &mut self,
        name: &str,
        number: &str,
        branch: Option<&str>,
        automatic: bool,
    ) -> Result<(), Refusal> {
        let Some(branch) = branch else { return Ok(()) };
        limits::name("branch", branch)?;
        let version = self.known_version(name, number)?;
        let known = self.state.version(version);
        if known.is_some_and(|known| !known.is_on(branch) && known.branches.len() >= limits::BRANCHES) {
            let detail = format!("version {number} is on {} branches already", limits::BRANCHES);
            return Err(Refusal::new(&codes::INVALID, detail).field("branch"));
        }
        if !known.is_some_and(|known| known.is_on(branch)) {
            let (pacticipant, version) = (self.known(name)?, number.to_owned());
            self.push(Event::BranchSet { pacticipant, version, branch: branch.to_owned(), automatic });
        }
        self.main_branch(name, branch)
    }

    /// Tags a version.
    pub(super) fn tags(&mut self, name: &str, number: &str, tags: &[String]) -> Result<(), Refusal> {
        let key = self.known_version(name, number)?;
        if tags.len() > limits::TAGS {
            let detail = format!("has {} tags; at most {} are allowed", tags.len(), limits::TAGS);
            return Err(Refusal::new(&codes::INVALID, detail).field("tags"));
        }
        for tag in tags {
            limits::name("tags", tag)?;
            let Some(version) = self.state.version(key) else { continue };
            let is_young = jiff::Timestamp::from(version.created) >= self.context.now - FIRST_TAG_IS_BRANCH;
            if version.branches.is_empty() && version.tags.is_empty() && is_young {
                self.branch(name, number, Some(tag), true)?;
            }
            self.main_branch(name, tag)?;
            let version = self.state.version(key);
            if version.is_some_and(|version| !version.has_tag(tag) && version.tags.len() >= limits::TAGS) {
                let detail = format!("version {number} has {} tags already", limits::TAGS);
                return Err(Refusal::new(&codes::INVALID, detail).field("tags"));
            }
            if version.is_some_and(|version| !version.has_tag(tag)) {
                let (pacticipant, version) = (self.known(name)?, number.to_owned());
                self.push(Event::Tagged { pacticipant, version, tag: tag.clone() });
            }
        }
        Ok(())
    }

    /// Notes that a version is deployed wherever its new tags say so.
    pub(super) fn deployed_by_tags(&mut self, name: &str, number: &str, tags: &[String]) -> Result<(), Refusal> {
        tags.iter().try_for_each(|tag| super::environments::deployed_by_tag(self, name, number, tag))
    }

    /// The first branch (or tag) with a usual name becomes the main branch.
    fn main_branch(&mut self, name: &str, branch: &str) -> Result<(), Refusal> {
        let pacticipant = self.known(name)?;
        let details = self.state.pacticipant_named(name).and_then(|key| self.state.pacticipant(key));
        let Some(details) = details.map(|known| known.details.clone()) else { return Ok(()) };
        if details.main_branch.is_none() && MAIN_BRANCHES.contains(&branch) {
            let details = Details { main_branch: Some(branch.to_owned()), ..details };
            self.push(Event::PacticipantChanged { pacticipant, details });
        }
        Ok(())
    }
}

/// The component that a pacticipant of this name is taken for unless somebody says otherwise: the one whose name is the
/// same, written as catalog names are.
pub fn component_named(name: &str) -> EntityRef {
    let letters = name.trim().chars().map(|letter| match letter {
        'a'..='z' | '0'..='9' | '.' | '_' | '-' => letter,
        'A'..='Z' => letter.to_ascii_lowercase(),
        _ => '-',
    });
    let slug: String = letters.take(200).collect();
    if !slug.contains(|letter: char| letter.is_ascii_alphanumeric()) {
        return unnamed();
    }
    EntityRef::new("component", EntityRef::DEFAULT_NAMESPACE, &slug).unwrap_or_else(|_| unnamed())
}

/// What has no name that a catalog could have. Its parts are sound, so that there is always such a reference.
#[expect(clippy::expect_used, reason = "the parts are constants, and a test makes it")]
fn unnamed() -> EntityRef {
    EntityRef::new("component", EntityRef::DEFAULT_NAMESPACE, "unnamed").expect("constant parts")
}
