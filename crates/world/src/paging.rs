//! Who is told of an incident: pages follow incidents, and messages follow pages.
//!
//! `paging` decides when a step's turn comes; whom the step names is found here, at that time: who is on call, who is in
//! the team. A message is an [`Effect`] of its page's id, so that it is delivered at least once whatever crashes.

use incidents::Severity;
use kernel::{Context, EffectId, EntityRef, Timestamp};
use paging::{Channel, DueStep, IncidentRef, Method, MethodId, Opening, Outcome, Reached, Target, Urgency, Via};

use crate::{Call, Command, Effect, Recorded, World, effects, incident, react::Reaction};

/// The annotation of an entity, or of its team, that names the policy by which it pages.
pub const POLICY_ANNOTATION: &str = "mainstay.dev/escalation-policy";

/// The name under which the e-mail address of a catalog user is found, in place of a sealed one.
const CATALOG_ADDRESS: &str = "catalog:";

/// The part that pages.
pub(crate) const PART: &str = "paging";

/// The catalog user whose address a method's secret stands for, if it is not a sealed one.
#[must_use]
pub fn catalog_user(secret: &str) -> Option<EntityRef> {
    secret.strip_prefix(CATALOG_ADDRESS)?.parse().ok()
}

/// What is due of pages, with whom each step names.
pub(crate) fn due(world: &World, now: Timestamp) -> impl Iterator<Item = Command> + '_ {
    paging::due(&world.paging, now).into_iter().map(move |due| {
        Command::Paging(match due {
            paging::Due::Give(command) => command,
            paging::Due::Reach(step) => reach(world, step, now),
        })
    })
}

fn reach(world: &World, step: DueStep, now: Timestamp) -> paging::Command {
    let mut people: Vec<EntityRef> = Vec::new();
    let mut unresolved = Vec::new();
    for target in &step.targets {
        match resolve(world, &step, target, now) {
            Ok(found) => people.extend(found),
            Err(why) => unresolved.push(why),
        }
    }
    let mut reached: Vec<Reached> = Vec::new();
    for person in people {
        if reached.iter().any(|known| known.person == person) {
            continue;
        }
        if world.catalog.get(&person).is_none() {
            unresolved.push(format!("{} is not in the catalog any more", person.short()));
            continue;
        }
        let implied = implied(world, &person);
        reached.push(Reached { person, implied });
    }
    step.reach(reached, unresolved)
}

fn resolve(world: &World, step: &DueStep, target: &Target, now: Timestamp) -> Result<Vec<EntityRef>, String> {
    match target {
        Target::User(person) => Ok(vec![person.clone()]),
        Target::Rotation(rotation) => {
            let roster = world.oncall.roster(rotation);
            let team = roster.map(|roster| roster.rotation.team.clone());
            let team = team.ok_or_else(|| format!("there is no rotation {}", rotation.short()))?;
            let duties = oncall::current(&world.oncall, &team, now);
            let theirs = duties.into_iter().filter(|duty| duty.rotation == *rotation);
            let people: Vec<EntityRef> = theirs.map(|duty| duty.person).collect();
            if people.is_empty() { Err(format!("nobody is on call by {}", rotation.short())) } else { Ok(people) }
        }
        Target::Team(team) => {
            let people = world.catalog.members(team);
            if people.is_empty() { Err(format!("nobody is in {}", team.short())) } else { Ok(people) }
        }
        Target::Owner => {
            let none = || format!("{} has no owner", step.subject.short());
            let team = step.team.as_ref().ok_or_else(none)?;
            let people = oncall::on_call_for(&world.oncall, team, now);
            if !people.is_empty() {
                return Ok(people);
            }
            let why =
                oncall::gap(&world.oncall, team, now).map_or_else(String::new, |gap| format!(": {}", gap.in_words()));
            Err(format!("nobody is on call for {}{why}", team.short()))
        }
    }
}

/// The e-mail address that the catalog has of a person.
pub(crate) fn implied(world: &World, person: &EntityRef) -> Option<Method> {
    let email = email_of(world, person)?;
    Some(Method {
        id: MethodId::IMPLIED,
        channel: Channel::Email,
        label: masked(&email),
        secret: format!("{CATALOG_ADDRESS}{person}"),
        verified: true,
    })
}

/// The e-mail address of a catalog user.
#[must_use]
pub fn email_of(world: &World, person: &EntityRef) -> Option<String> {
    let document = world.catalog.get(person)?.descriptor.json();
    let email = document.pointer("/spec/profile/email")?.as_str()?.trim();
    email.contains('@').then(|| email.to_owned())
}

/// `k…@example.com`.
fn masked(email: &str) -> String {
    let (name, domain) = email.split_once('@').unwrap_or((email, ""));
    let first: String = name.chars().take(1).collect();
    format!("{first}…@{domain}")
}

/// What follows from an incident's event for its pages.
pub(crate) fn follow_incident(world: &World, event: &incidents::Event) -> Vec<Reaction> {
    let about = event.about();
    let of_incident = || world.paging.of_incident(about.incident);
    let commands = match event {
        incidents::Event::Opened { title, severity, .. } => vec![open(world, about, &about.entity, *severity, title)],
        incidents::Event::Reopened { .. } => {
            let Some(incident) = world.incidents.get(about.incident) else { return Vec::new() };
            let title = format!("{} (failed again)", incident.title);
            vec![open(world, about, &about.entity, incident.severity, &title)]
        }
        incidents::Event::Joined { entity, .. } => {
            // Whoever owns what failed too should know, if that is another team.
            let Some(incident) = world.incidents.get(about.incident) else { return Vec::new() };
            let (theirs, first) = (world.owner_of(entity), world.owner_of(&about.entity));
            if theirs == first {
                return Vec::new();
            }
            vec![open(world, about, entity, incident.severity, &incident.title)]
        }
        // Nobody sleeps on what got worse.
        incidents::Event::SeverityChanged { from, to, .. } if urgency(*to) > urgency(*from) => {
            let waiting = of_incident().filter(|page| !page.status.is_finished() && page.about.urgency == Urgency::Low);
            waiting.map(|page| paging::Command::Escalate { page: page.id() }).collect()
        }
        incidents::Event::Acknowledged { .. } => {
            let open = of_incident().filter(|page| !page.status.is_finished());
            open.map(|page| paging::Command::Acknowledge { page: page.id(), via: Via::ByHand }).collect()
        }
        incidents::Event::Resolved { .. } => vec![paging::Command::EndIncident { incident: about.incident }],
        incidents::Event::Merged { .. } => incident::follow_merge(world, event),
        incidents::Event::SplitOff { .. } => {
            return incident::follow_split(world, event, |entity, of| {
                open(world, &of.about, entity, of.severity, &of.title)
            });
        }
        incidents::Event::SeverityChanged { .. }
        | incidents::Event::NoteAdded { .. }
        | incidents::Event::SuspectMarked { .. }
        | incidents::Event::Recovered { .. }
        | incidents::Event::RoleTaken { .. }
        | incidents::Event::RoleLeft { .. }
        | incidents::Event::Mitigated { .. }
        | incidents::Event::MitigationWithdrawn { .. }
        | incidents::Event::ImpactCorrected { .. }
        | incidents::Event::Retitled { .. }
        | incidents::Event::Decided { .. }
        | incidents::Event::PictureKept { .. }
        | incidents::Event::StepTicked { .. }
        | incidents::Event::StepUnticked { .. } => return Vec::new(),
    };
    // Who acknowledges the incident acknowledges its pages.
    let part = (!matches!(event, incidents::Event::Acknowledged { .. })).then_some(PART);
    commands.into_iter().map(|command| Reaction { command: Command::Paging(command), part }).collect()
}

fn urgency(severity: Severity) -> u8 {
    match severity {
        Severity::Sev1 | Severity::Sev2 => 1,
        Severity::Sev3 => 0,
    }
}

fn open(
    world: &World,
    about: &incidents::About,
    subject: &EntityRef,
    severity: Severity,
    title: &str,
) -> paging::Command {
    let team = world.owner_of(subject);
    let about = Opening {
        incident: Some(IncidentRef { incident: about.incident, number: about.number }),
        subject: subject.clone(),
        policy: policy_of(world, subject, team.as_ref()),
        team,
        urgency: if urgency(severity) > 0 { Urgency::High } else { Urgency::Low },
        title: title.to_owned(),
    };
    paging::Command::Open { about }
}

/// The policy by which an entity pages: its own, or its team's; none if neither names one that there is.
#[must_use]
pub fn policy_of(world: &World, subject: &EntityRef, team: Option<&EntityRef>) -> Option<EntityRef> {
    [Some(subject), team].into_iter().flatten().find_map(|of| {
        let document = world.catalog.get(of)?.descriptor.json();
        let annotations = document.pointer("/metadata/annotations")?;
        let name = annotations.get(POLICY_ANNOTATION)?.as_str()?;
        let defaults = kernel::RefDefaults { kind: Some(paging::POLICY_KIND), namespace: of.namespace() };
        let policy = EntityRef::parse(name, defaults).ok()?;
        world.paging.policy(&policy).is_some().then_some(policy)
    })
}

/// What follows from a page's event: a message to deliver, or an incident that somebody took on.
pub(crate) fn follow(world: &World, event: &paging::Event, recorded: &Recorded, context: &Context) -> Vec<Reaction> {
    match event {
        paging::Event::Dispatched { effect, person, method, .. } => {
            let purpose = format!("tell {} by {} at {}", person.short(), method.channel.as_str(), method.label);
            vec![deliver(*effect, person, purpose, recorded, context)]
        }
        paging::Event::Acknowledged { page, .. } => {
            let Some(page) = world.paging.page(page.page) else { return Vec::new() };
            let incident = page.about.incident.filter(|of| {
                world
                    .incidents
                    .get(of.incident)
                    .is_some_and(|incident| incident.is_open() && incident.acknowledged.is_none())
            });
            let acknowledge = incident.map(|of| incidents::Command::Acknowledge { incident: of.incident });
            acknowledge
                .map(|command| Reaction { command: Command::Incidents(command), part: None })
                .into_iter()
                .collect()
        }
        paging::Event::PolicyDefined { .. }
        | paging::Event::PolicyRemoved { .. }
        | paging::Event::MethodAdded { .. }
        | paging::Event::MethodVerified { .. }
        | paging::Event::MethodRemoved { .. }
        | paging::Event::RulesSet { .. }
        | paging::Event::Opened { .. }
        | paging::Event::Joined { .. }
        | paging::Event::Left { .. }
        | paging::Event::Moved { .. }
        | paging::Event::Reached { .. }
        | paging::Event::Delivered { .. }
        | paging::Event::Escalated { .. }
        | paging::Event::Reassigned { .. }
        | paging::Event::Renotified { .. }
        | paging::Event::Exhausted { .. }
        | paging::Event::Closed { .. } => Vec::new(),
    }
}

fn deliver(id: EffectId, person: &EntityRef, purpose: String, recorded: &Recorded, context: &Context) -> Reaction {
    let call = Call { url: String::new(), body: String::new(), purpose, request: None, message: true };
    let effect = Effect {
        id,
        call,
        subject: person.clone(),
        undoes: None,
        requested: recorded.stamp.at,
        attempts: 0,
        next: context.now,
        last_error: None,
    };
    Reaction { command: Command::Effects(effects::Command::Request { effect }), part: Some(PART) }
}

/// What became of a try to deliver a message.
pub(crate) fn report(world: &World, event: &effects::Event) -> Option<Reaction> {
    let (effect, outcome) = match event {
        effects::Event::Requested { .. } => return None,
        effects::Event::Failed { effect, error, .. } => (*effect, Outcome::Retrying { error: error.clone() }),
        effects::Event::Done { effect, .. } => (*effect, Outcome::Sent),
        effects::Event::GaveUp { effect, error, .. } => (*effect, Outcome::GaveUp { error: error.clone() }),
    };
    let message = world.paging.message(effect)?;
    // Nobody needs to hear of what was answered before it was told.
    let outcome =
        if outcome != Outcome::Sent && world.paging.lines(message).is_empty() { Outcome::Dropped } else { outcome };
    let command = Command::Paging(paging::Command::Deliver { effect, outcome });
    Some(Reaction { command, part: Some(PART) })
}
