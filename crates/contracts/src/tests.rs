//! A broker for tests: commands are decided and folded one after the other, a minute apart, and after each of them the
//! ways to the rows must be those that the rows alone give.

mod ask;
mod blockers;
mod change;
mod cleanup;
mod environments;
mod gates;
mod golden;
mod hooks;
mod ignore;
mod naive;
mod notices;
mod parties;
mod pending;
mod placements;
mod properties;
mod publish;
mod reasons;
mod removal;
mod rows;
mod selectors;
mod verifiable;
mod wip;

use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Context, EnvironmentId, IdSeed, PlacementId, Refusal, Sha256, Stamp};
use serde_json::json;

use crate::{
    Command, ContentSha, Event, Outline, State, Via,
    command::{NewPact, Onto},
    decide,
    event::Details,
};

/// 2026-01-01T00:00:00Z.
const START_S: i64 = 1_767_225_600;

pub(crate) struct Broker {
    pub(crate) state: State,
    pub(crate) now: Timestamp,
    /// What the last command brought about.
    pub(crate) last: Vec<Event>,
    position: u64,
}

/// What a content of this name is known by.
pub(crate) fn sha(content: &str) -> ContentSha {
    ContentSha::of(&json!({"interactions": [{"description": content}]}))
}

pub(crate) fn pact(provider: &str, content: &str) -> NewPact {
    let outline = Outline { interactions: 1, messages: 0, calls: vec![format!("GET /{content}")] };
    NewPact {
        provider: provider.to_owned(),
        content: sha(content),
        blob: Sha256::of(content.as_bytes()),
        outline,
        onto: Onto::Any,
    }
}

/// Publication of one pact.
pub(crate) fn publication(consumer: &str, version: &str, provider: &str, content: &str) -> Command {
    Command::Publish {
        pacticipant: consumer.to_owned(),
        version: version.to_owned(),
        branch: None,
        tags: Vec::new(),
        build_url: None,
        pacts: vec![pact(provider, content)],
        may_modify: false,
    }
}

pub(crate) fn verification(provider: &str, version: &str, consumer: &str, content: &str, success: bool) -> Command {
    Command::Verify {
        provider: provider.to_owned(),
        version: version.to_owned(),
        consumer: consumer.to_owned(),
        content: sha(content),
        success,
        wip: false,
        build_url: None,
        results: None,
        verified_by: None,
        failures: Vec::new(),
        selected_for: Vec::new(),
    }
}

impl Broker {
    pub(crate) fn new() -> Self {
        let now = Timestamp::from_second(START_S).unwrap();
        Self { state: State::default(), now, last: Vec::new(), position: 0 }
    }

    pub(crate) fn context(&self) -> Context {
        Context::new(self.now, Actor::mainstay("test"), IdSeed(u128::from(self.position) + 1))
    }

    /// Decides and folds, a minute after the command before.
    pub(crate) fn try_(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        self.now += SignedDuration::from_mins(1);
        self.at_once(command)
    }

    /// The same, at the same moment as the command before.
    pub(crate) fn at_once(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let context = self.context();
        self.position += 1;
        let events = decide(&self.state, command, &context)?;
        for event in &events {
            self.fold(event, &context);
        }
        self.last.clone_from(&events);
        Ok(events)
    }

    pub(crate) fn fold(&mut self, event: &Event, context: &Context) {
        self.fold_unchecked(event, context);
        self.state.assert_indexed();
    }

    /// [`Broker::fold`] where there is too much to look at all of it after each event.
    pub(crate) fn fold_unchecked(&mut self, event: &Event, context: &Context) {
        self.position += 1;
        let stamp = Stamp {
            position: self.position,
            event: context.id(),
            command: context.command,
            at: self.now,
            actor: context.actor.clone(),
            reason: None,
        };
        self.state.fold(event, &stamp);
    }

    pub(crate) fn do_(mut self, command: Command) -> Self {
        let shown = format!("{command:?}");
        self.try_(command).unwrap_or_else(|refusal| panic!("{refusal:?}: {shown}"));
        self
    }

    pub(crate) fn after(mut self, duration: SignedDuration) -> Self {
        self.now += duration;
        self
    }

    pub(crate) fn days(self, days: i64) -> Self {
        self.after(SignedDuration::from_hours(24 * days))
    }

    pub(crate) fn publish(self, consumer: &str, version: &str, provider: &str, content: &str) -> Self {
        self.do_(publication(consumer, version, provider, content))
    }

    pub(crate) fn publish_on(self, branch: &str, consumer: &str, version: &str, provider: &str, content: &str) -> Self {
        let mut command = publication(consumer, version, provider, content);
        if let Command::Publish { branch: on, .. } = &mut command {
            *on = Some(branch.to_owned());
        }
        self.do_(command)
    }

    pub(crate) fn revise(self, consumer: &str, version: &str, provider: &str, content: &str) -> Self {
        let mut command = publication(consumer, version, provider, content);
        if let Command::Publish { may_modify, .. } = &mut command {
            *may_modify = true;
        }
        self.do_(command)
    }

    pub(crate) fn verify(self, provider: &str, version: &str, consumer: &str, content: &str, success: bool) -> Self {
        self.do_(verification(provider, version, consumer, content, success))
    }

    pub(crate) fn verify_wip(self, provider: &str, version: &str, consumer: &str, content: &str) -> Self {
        let mut command = verification(provider, version, consumer, content, true);
        if let Command::Verify { wip, .. } = &mut command {
            *wip = true;
        }
        self.do_(command)
    }

    pub(crate) fn version(self, pacticipant: &str, version: &str) -> Self {
        self.put(pacticipant, version, None, &[])
    }

    pub(crate) fn tag(self, pacticipant: &str, version: &str, tag: &str) -> Self {
        self.put(pacticipant, version, None, &[tag])
    }

    pub(crate) fn branch(self, pacticipant: &str, version: &str, branch: &str) -> Self {
        self.put(pacticipant, version, Some(branch), &[])
    }

    pub(crate) fn put(self, pacticipant: &str, version: &str, branch: Option<&str>, tags: &[&str]) -> Self {
        self.do_(Command::PutVersion {
            pacticipant: pacticipant.to_owned(),
            version: version.to_owned(),
            build_url: None,
            branch: branch.map(str::to_owned),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        })
    }

    pub(crate) fn pacticipant(self, name: &str, main_branch: &str) -> Self {
        let details = Details { main_branch: Some(main_branch.to_owned()), ..Details::default() };
        self.do_(Command::PutPacticipant { name: name.to_owned(), details })
    }

    pub(crate) fn environment(self, name: &str) -> Self {
        self.do_(Command::PutEnvironment {
            id: None,
            name: name.to_owned(),
            display_name: None,
            production: name.starts_with("prod"),
            contacts: None,
        })
    }

    pub(crate) fn environment_id(&self, name: &str) -> EnvironmentId {
        self.state.environment_named(name).unwrap().environment.id
    }

    pub(crate) fn deployment(
        &self,
        pacticipant: &str,
        version: &str,
        environment: &str,
        instance: Option<&str>,
    ) -> Command {
        Command::Deploy {
            pacticipant: pacticipant.to_owned(),
            version: version.to_owned(),
            environment: self.environment_id(environment),
            instance: instance.map(str::to_owned),
            via: Via::Contracts,
            emergency: false,
        }
    }

    pub(crate) fn deploy(self, pacticipant: &str, version: &str, environment: &str) -> Self {
        let command = self.deployment(pacticipant, version, environment, None);
        self.do_(command)
    }

    pub(crate) fn deploy_to(self, pacticipant: &str, version: &str, environment: &str, instance: &str) -> Self {
        let command = self.deployment(pacticipant, version, environment, Some(instance));
        self.do_(command)
    }

    pub(crate) fn release(self, pacticipant: &str, version: &str, environment: &str) -> Self {
        let environment = self.environment_id(environment);
        self.do_(Command::Release {
            pacticipant: pacticipant.to_owned(),
            version: version.to_owned(),
            environment,
            emergency: false,
        })
    }

    /// What of a pacticipant is in an environment, as `2` or, on an instance, `2@blue`, by when it came there.
    pub(crate) fn there(&self, pacticipant: &str, environment: &str) -> Vec<String> {
        let key = self.state.pacticipant_named(pacticipant).unwrap();
        let placed = self.state.placed_in(self.environment_id(environment), key);
        placed
            .map(|placed| {
                let instance = placed.instance.as_ref().map_or_else(String::new, |instance| format!("@{instance}"));
                format!("{}{instance}", self.state.number(placed.version))
            })
            .collect()
    }

    pub(crate) fn placement(&self, pacticipant: &str, version: &str) -> PlacementId {
        let version = self.state.version_named(pacticipant, version).unwrap();
        self.state.placements_of(version).last().unwrap().id
    }

    /// The kinds of the last events, without `contracts.`.
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.last.iter().map(|event| event.kind().strip_prefix("contracts.").unwrap()).collect()
    }
}
