//! Promises and the rest: who is known and leads whom, whether a condition holds, and who is told.
//!
//! A condition is looked at whenever an event about what it watches is written, in the same append, so that an item closes
//! with what closed it. A message to a person is an [`Effect`] like a page's, but a calm one: it goes by mail or chat, and
//! wakes nobody.

use std::collections::BTreeSet;

use ::actions::{ActionState, Command as Action, Cycle, DoneWhen, Event as Fact, Knowledge, Lead, Look, Told};
use ::contracts::Latest;
use catalog::Relation;
use checks::Verdict;
use kernel::{Context, EntityRef, Sha256, Timestamp, closest};
use paging::{Channel, Method};

use crate::{Call, Command, Effect, Event, Recorded, World, effects, paging::implied, react::Reaction};

/// The annotation of a group that names who leads it. Backstage's `leaderOf` of a user counts as well.
pub const LEAD_ANNOTATION: &str = "mainstay.dev/lead";

/// The part that looks after promises.
pub(crate) const PART: &str = "actions";

/// Groups around a group that are looked at.
const DEPTH_MAX: usize = 10;

/// The channels by which a person is told of a promise, the calmest first. Nobody is telephoned for one.
const CHANNELS: [Channel; 5] = [Channel::Email, Channel::Slack, Channel::Webhook, Channel::Ntfy, Channel::Inbox];

/// What is due of promises.
pub(crate) fn due(world: &World, now: Timestamp) -> impl Iterator<Item = Command> + '_ {
    ::actions::due(&world.actions, now).map(Command::Actions)
}

/// What an event shows of the conditions that watch what it is about.
pub(crate) fn observe(world: &World, event: &Event) -> Vec<Reaction> {
    let is_own = matches!(event, Event::Actions(_) | Event::Effects(_));
    if is_own || world.actions.watches_nothing() {
        return Vec::new();
    }
    let mut subjects = event.subjects();
    if let Event::Catalog(_) = event {
        // That a group came to be gives an owner to what named it before.
        let groups = subjects.iter().filter(|subject| matches!(subject.kind(), "group" | "user"));
        let owned: Vec<EntityRef> = groups.flat_map(|group| world.catalog.related(group, Relation::OwnerOf)).collect();
        subjects.extend(owned);
    }
    let mut seen = BTreeSet::new();
    let watching = subjects.iter().flat_map(|subject| world.actions.watching(subject));
    let news = watching.filter(|action| seen.insert(action.number)).filter(|action| {
        match world.look(&action.promise.done_when, action.promised) {
            // It is only news if it is not known yet.
            Look::Holds(_) => !action.is_finished(),
            Look::Fails(_) => action.is_finished(),
            Look::Unsure(_) => false,
        }
    });
    news.map(|action| reaction(Action::Observe { action: action.number })).collect()
}

/// What was escalated to somebody who left the catalog is looked at: it may be for the next lead.
pub(crate) fn hand_on(world: &World, event: &catalog::Event) -> Vec<Reaction> {
    let catalog::Event::EntityRemoved { entity, .. } = event else { return Vec::new() };
    let theirs = world.actions.concerning(&entity.reference);
    let escalated = theirs.filter(|action| matches!(action.state, ActionState::Escalated { .. }));
    escalated.map(|action| reaction(Action::Escalate { action: action.number })).collect()
}

fn reaction(command: Action) -> Reaction {
    Reaction { command: Command::Actions(command), part: Some(PART) }
}

/// What follows from a promise's event: messages.
pub(crate) fn follow(event: &Fact, recorded: &Recorded, context: &Context) -> Vec<Reaction> {
    let (what, to) = match event {
        Fact::Escalated { about, to, .. } | Fact::Reminded { about, to, .. } => {
            (format!("of action {}", about.number), to)
        }
        Fact::Digested { team, to, .. } => (format!("how the week of {} was", team.short()), to),
        Fact::CycleDefined { .. }
        | Fact::CycleRemoved { .. }
        | Fact::Promised { .. }
        | Fact::Done { .. }
        | Fact::Reopened { .. }
        | Fact::Deprioritised { .. }
        | Fact::Reassigned { .. }
        | Fact::Postponed { .. }
        | Fact::RetroOpened { .. }
        | Fact::RetroSaid { .. }
        | Fact::RetroTakenBack { .. }
        | Fact::RetroVoted { .. }
        | Fact::RetroClosed { .. } => return Vec::new(),
    };
    let tell = |told: &Told| {
        let purpose = format!("tell {} {what}", told.person.short());
        let call = Call { url: String::new(), body: String::new(), purpose, request: None, message: true };
        let effect = Effect {
            id: told.message?,
            call,
            subject: told.person.clone(),
            undoes: None,
            requested: recorded.stamp.at,
            attempts: 0,
            next: context.now,
            last_error: None,
        };
        Some(Reaction { command: Command::Effects(effects::Command::Request { effect }), part: Some(PART) })
    };
    to.iter().filter_map(tell).collect()
}

/// How a person is told of promises: by the first address of theirs that is known to work, by the calmest channel; else by
/// the catalog's.
#[must_use]
pub fn method_of(world: &World, person: &EntityRef) -> Option<Method> {
    let contacts = world.paging.contacts(person);
    let of = |channel: Channel| {
        let methods = contacts.into_iter().flat_map(|contacts| &contacts.methods);
        methods.into_iter().find(|method| method.verified && method.channel == channel)
    };
    // What somebody set up goes before what the catalog says of them.
    CHANNELS.into_iter().find_map(of).cloned().or_else(|| implied(world, person))
}

impl World {
    /// The group's own lead: by annotation, else by Backstage's `leaderOf`.
    fn leads_of(&self, group: &EntityRef) -> Vec<EntityRef> {
        let annotated = self.catalog.get(group).and_then(|entity| entity.annotation(LEAD_ANNOTATION));
        let defaults = kernel::RefDefaults { kind: Some("user"), namespace: group.namespace() };
        let annotated = annotated.and_then(|name| EntityRef::parse(&name, defaults).ok());
        let mut leads: Vec<EntityRef> = annotated.into_iter().filter(|lead| self.is_person(lead)).collect();
        if leads.is_empty() {
            leads = self.catalog.related(group, Relation::LedBy);
            leads.retain(|lead| self.is_person(lead));
        }
        leads
    }

    /// A group and those around it, from the inside out.
    fn groups_around(&self, group: &EntityRef) -> Vec<EntityRef> {
        let mut groups = vec![group.clone()];
        while groups.len() < DEPTH_MAX
            && let Some(inner) = groups.last()
            && let Some(outer) = self.catalog.related(inner, Relation::ChildOf).into_iter().next()
            && !groups.contains(&outer)
        {
            groups.push(outer);
        }
        groups
    }
}

impl Knowledge for World {
    fn is_person(&self, person: &EntityRef) -> bool {
        person.kind() == "user" && self.catalog.get(person).is_some()
    }

    fn likely_person(&self, person: &EntityRef) -> Option<EntityRef> {
        let people: Vec<&EntityRef> = self.catalog.of_kind("user").map(|user| user.reference()).collect();
        let name = closest(person.name(), people.iter().map(|known| known.name()))?;
        people.into_iter().find(|known| known.name() == name).cloned()
    }

    fn is_team(&self, team: &EntityRef) -> bool {
        team.kind() == "group" && self.catalog.get(team).is_some()
    }

    fn is_post_mortem(&self, incident: u64) -> bool {
        self.postmortems.get(incident).is_some()
    }

    fn team_of(&self, owner: &EntityRef, subject: &EntityRef) -> Option<EntityRef> {
        let theirs = self.catalog.related(owner, Relation::MemberOf);
        let answers = self.owner_of(subject).filter(|team| self.is_team(team));
        // Of several teams of theirs, the one that answers for the subject.
        match answers {
            Some(team) if theirs.is_empty() || theirs.contains(&team) => Some(team),
            Some(_) | None => theirs.into_iter().find(|team| self.is_team(team)),
        }
    }

    fn calendar(&self, team: &EntityRef) -> Option<&Cycle> {
        self.groups_around(team).iter().find_map(|group| self.actions.cycle_of(group))
    }

    fn pin(&self, condition: DoneWhen) -> DoneWhen {
        match condition {
            DoneWhen::DocumentChanged { entity, path, .. } => {
                let was = path.as_deref().and_then(|path| page(self, &entity, path));
                let had = path.is_none().then(|| written(self, &entity));
                DoneWhen::DocumentChanged { entity, path, was, had }
            }
            DoneWhen::Word
            | DoneWhen::CheckUp { .. }
            | DoneWhen::CheckExists { .. }
            | DoneWhen::FlagGone { .. }
            | DoneWhen::AlertFires { .. }
            | DoneWhen::DependsOn { .. }
            | DoneWhen::ContractVerified { .. }
            | DoneWhen::Owned { .. } => condition,
        }
    }

    fn look(&self, condition: &DoneWhen, promised: Timestamp) -> Look {
        match condition {
            DoneWhen::Word => Look::Unsure("only a person can tell".to_owned()),
            DoneWhen::CheckUp { check } => check_up(self, check),
            DoneWhen::CheckExists { check } => {
                let exists = self.checks.watch(check).is_some();
                say(exists, format!("there is {} check {}", if exists { "a" } else { "no" }, check.short()))
            }
            DoneWhen::FlagGone { flag } => {
                let gone = self.flags.flag(flag).is_none();
                say(gone, format!("flag {} is {}", flag.short(), if gone { "removed" } else { "still there" }))
            }
            DoneWhen::AlertFires { entity } => {
                let fired = self.alerts.of_entity(entity).find(|alert| alert.first > promised);
                match fired {
                    Some(alert) => Look::Holds(format!("an alert fired: {}", alert.summary)),
                    None => Look::Fails(format!("no alert about {} has fired since", entity.short())),
                }
            }
            DoneWhen::DependsOn { from, to } => {
                let declared = self.catalog.needs(from).iter().any(|(_, needed)| needed == to);
                let whether = if declared { "depends" } else { "is not declared to depend" };
                say(declared, format!("{} {whether} on {}", from.short(), to.short()))
            }
            DoneWhen::DocumentChanged { entity, path, was, had } => {
                // What is gone was not changed by anybody who wanted to.
                let is_another = |now: Sha256| Some(now) != *was;
                let changed = match (path, had) {
                    (Some(path), _) => page(self, entity, path).is_some_and(is_another),
                    (None, Some(had)) => !written(self, entity).is_subset(had),
                    (None, None) => whole(self, entity).is_some_and(is_another),
                };
                let what =
                    path.as_ref().map_or_else(|| "what is written".to_owned(), |path| format!("the page {path}"));
                let whether = if changed { "has changed" } else { "has not changed since" };
                say(changed, format!("{what} of {} {whether}", entity.short()))
            }
            DoneWhen::ContractVerified { consumer, provider } => contract_verified(self, consumer, provider),
            DoneWhen::Owned { entity } => match self.owner_of(entity) {
                Some(owner) if !matches!(owner.kind(), "group" | "user") => {
                    Look::Fails(format!("the owner {owner} is neither a group nor a user"))
                }
                Some(owner) if self.catalog.get(&owner).is_some() => {
                    Look::Holds(format!("{} answers for {}", owner.short(), entity.short()))
                }
                Some(owner) => Look::Fails(format!("the owner {} is not in the catalog", owner.short())),
                None => Look::Fails(format!("nobody answers for {}", entity.short())),
            },
        }
    }

    fn leads(&self, owner: &EntityRef, team: Option<&EntityRef>) -> (Vec<EntityRef>, Lead) {
        let theirs = self.catalog.related(owner, Relation::MemberOf).into_iter().next();
        let Some(team) = team.cloned().or(theirs) else { return (Vec::new(), Lead::Nobody { team: None }) };
        for group in self.groups_around(&team) {
            let mut leads = self.leads_of(&group);
            // To escalate to whoever didn't do it would be no escalation.
            leads.retain(|lead| lead != owner);
            if !leads.is_empty() {
                return (leads, Lead::Leads { team: group });
            }
        }
        (self.members(&team), Lead::Nobody { team: Some(team) })
    }

    fn members(&self, team: &EntityRef) -> Vec<EntityRef> {
        let mut members = self.catalog.members(team);
        members.retain(|member| self.is_person(member));
        members
    }

    fn can_be_told(&self, person: &EntityRef) -> bool {
        method_of(self, person).is_some()
    }
}

fn say(holds: bool, words: String) -> Look {
    if holds { Look::Holds(words) } else { Look::Fails(words) }
}

/// Unknown is neither: a check that nobody ran lately says nothing, and one that is slow is not green and not down.
fn check_up(world: &World, check: &EntityRef) -> Look {
    let Some(watch) = world.checks.watch(check) else {
        return Look::Fails(format!("there is no check {}", check.short()));
    };
    let is = |word: &str| format!("check {} is {word}", check.short());
    match watch.verdict {
        _ if watch.paused => Look::Unsure(is("paused")),
        Verdict::Up => Look::Holds(is("up")),
        Verdict::Down => Look::Fails(is("down")),
        Verdict::Degraded => Look::Unsure(is("degraded")),
        Verdict::Unknown => Look::Unsure(is("unknown")),
    }
}

/// By the newest pact between any of the two components' pacticipants that was tried.
fn contract_verified(world: &World, consumer: &EntityRef, provider: &EntityRef) -> Look {
    let state = &world.contracts;
    let names = format!("what {} expects of {}", consumer.short(), provider.short());
    let pairs =
        state.pacticipants_of(consumer).flat_map(|one| state.pacticipants_of(provider).map(move |other| (one, other)));
    let mut looks = pairs.filter_map(|(one, other)| {
        let main = state.latest_pact(one, other, Latest::OnMainBranch);
        let pact = main.or_else(|| state.latest_pact(one, other, Latest::Overall))?;
        let content = state.publication(pact)?.content;
        let verified = state.verifications_of(content).next_back().and_then(|key| state.verification(key));
        Some(match verified {
            Some(verified) if verified.success => {
                Look::Holds(format!("{names} was verified with {}", state.number(verified.version)))
            }
            Some(verified) => Look::Fails(format!("{names} does not hold in {}", state.number(verified.version))),
            None => Look::Unsure(format!("{names} was never tried in its newest form")),
        })
    });
    looks.next().unwrap_or_else(|| Look::Unsure(format!("there is no pact that says {names}")))
}

/// The digest of a page of the entity's docs, if it is there.
fn page(world: &World, entity: &EntityRef, path: &str) -> Option<Sha256> {
    world.catalog.docs(entity)?.page(path).map(|page| page.digest)
}

/// The digests of all that is written of an entity: its description, and each page of its docs.
fn written(world: &World, entity: &EntityRef) -> BTreeSet<Sha256> {
    let description = world.catalog.get(entity).and_then(|entity| entity.description.as_deref().map(str::trim));
    let description = description.filter(|text| !text.is_empty()).map(|text| Sha256::of(text.as_bytes()));
    let pages = world.catalog.docs(entity).into_iter().flat_map(|docs| docs.pages.iter().map(|page| page.digest));
    description.into_iter().chain(pages).collect()
}

/// All that was declared and written of an entity in one digest: what promises remembered before [`written`].
fn whole(world: &World, entity: &EntityRef) -> Option<Sha256> {
    let declared = world.catalog.get(entity).map(|entity| entity.descriptor.digest);
    let pages = world.catalog.docs(entity).into_iter().flat_map(|docs| docs.pages.iter().map(|page| page.digest));
    let all: Vec<u8> = declared.into_iter().chain(pages).flat_map(|digest| digest.0).collect();
    (!all.is_empty()).then(|| Sha256::of(&all))
}
