mod contacts;
mod delivery;
mod escalation;
mod golden;
mod policies;
mod storm;
mod walk;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Code, Context, EffectId, EntityRef, IdSeed, IncidentId, PageId, Refusal, Stamp};
use serde_json::Value;

use crate::{
    Channel, Command, Due, Event, For, IncidentRef, Message, Method, MethodId, NewMethod, Opening, Outcome, Page,
    Policy, Reached, Rule, State, Target, Urgency, Via, decide, due,
};

fn reference(text: &str) -> EntityRef {
    text.parse().unwrap()
}

fn user(name: &str) -> EntityRef {
    reference(&format!("user:{name}"))
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn policy(name: &str, spec: &Value) -> Policy {
    Policy::from_spec(reference(&format!("escalationpolicy:{name}")), spec).unwrap()
}

/// An e-mail address of the catalog.
fn implied(name: &str) -> Method {
    Method {
        id: MethodId::IMPLIED,
        channel: Channel::Email,
        label: format!("{name}@..."),
        secret: format!("catalog/{name}"),
        verified: false,
    }
}

fn rule(method: u32, after_minutes: u32) -> Rule {
    Rule { method: MethodId(method), after_minutes, urgency: For::Both }
}

/// The whole of paging on a virtual clock, with a caller that resolves targets by a list.
struct Sim {
    state: State,
    events: Vec<(Event, Stamp)>,
    now: Timestamp,
    drawn: u128,
    /// Whom targets stand for; a person stands for themselves.
    who: BTreeMap<Target, Vec<EntityRef>>,
    /// Every message that ever went out, with its time.
    sent: Vec<(Timestamp, Message)>,
}

impl Sim {
    /// On a Wednesday, at noon in Berlin.
    fn new() -> Self {
        Self::seeded(1)
    }

    fn seeded(seed: u128) -> Self {
        Self {
            state: State::default(),
            events: Vec::new(),
            now: moment("2026-06-03T10:00:00Z"),
            drawn: seed << 64,
            who: BTreeMap::new(),
            sent: Vec::new(),
        }
    }

    /// The same with `jo` on call for the owner, reached by ntfy at once and by SMS after three minutes.
    fn with_jo() -> Self {
        let mut sim = Self::new();
        sim.on_call(&["jo"]);
        sim.contact("jo", &[(Channel::Ntfy, 0), (Channel::Sms, 3)]);
        sim
    }

    fn on_call(&mut self, people: &[&str]) {
        self.who.insert(Target::Owner, people.iter().map(|name| user(name)).collect());
    }

    fn contact(&mut self, name: &str, ways: &[(Channel, u32)]) {
        let mut rules = Vec::new();
        for (number, (channel, after)) in (1..).zip(ways) {
            let (channel, label, secret) = (*channel, "...".to_owned(), format!("{name}/{number}"));
            let method = NewMethod { channel, label, secret, verified: true };
            self.ok(Command::AddMethod { person: user(name), method });
            rules.push(rule(number, *after));
        }
        self.ok(Command::SetRules { person: user(name), rules });
    }

    fn give(&mut self, command: Command) -> Result<usize, Refusal> {
        self.give_as(Actor::mainstay("paging"), command)
    }

    fn give_as(&mut self, actor: Actor, command: Command) -> Result<usize, Refusal> {
        self.drawn += 1;
        let context = Context::new(self.now, actor, IdSeed(self.drawn));
        let events = decide(&self.state, command, &context)?;
        for event in &events {
            self.fold(event, &context);
        }
        Ok(events.len())
    }

    fn fold(&mut self, event: &Event, context: &Context) {
        let last = self.events.last().map_or(context.now, |(_, stamp)| stamp.at);
        let stamp = Stamp {
            position: self.events.len() as u64 + 1,
            event: context.id(),
            command: context.command,
            at: last.max(context.now),
            actor: context.actor.clone(),
            reason: None,
        };
        self.state.fold(event, &stamp);
        if let Event::Dispatched { effect, .. } = event {
            self.sent.push((stamp.at, self.state.message(*effect).unwrap().clone()));
        }
        self.events.push((event.clone(), stamp));
    }

    fn ok(&mut self, command: Command) -> usize {
        self.give(command).unwrap()
    }

    /// Does what is due, until nothing is.
    fn settle(&mut self) {
        for _ in 0..1_000 {
            let due = due(&self.state, self.now);
            if due.is_empty() {
                return;
            }
            for due in due {
                let command = match due {
                    Due::Give(command) => command,
                    Due::Reach(step) => {
                        let (people, unresolved) = self.resolve(&step.targets);
                        step.reach(people, unresolved)
                    }
                };
                self.ok(command);
            }
        }
        panic!("there is always something due");
    }

    fn resolve(&self, targets: &[Target]) -> (Vec<Reached>, Vec<String>) {
        let (mut people, mut unresolved) = (Vec::new(), Vec::new());
        for target in targets {
            match (self.who.get(target), target) {
                (Some(who), _) => {
                    people.extend(who.iter().cloned().map(|person| Reached { person, implied: None }));
                }
                (None, Target::User(person)) => people.push(Reached { person: person.clone(), implied: None }),
                (None, other) => unresolved.push(format!("nobody is there for {}", other.in_words())),
            }
        }
        (people, unresolved)
    }

    /// Lets time pass, doing everything at its time.
    fn pass(&mut self, by: SignedDuration) {
        let until = self.now + by;
        self.settle();
        while let Some(next) = self.state.next_due().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.settle();
        }
        self.now = until;
    }

    fn minutes(&mut self, minutes: i64) {
        self.pass(SignedDuration::from_mins(minutes));
    }

    fn seconds(&mut self, seconds: i64) {
        self.pass(SignedDuration::from_secs(seconds));
    }

    fn open(&mut self, title: &str) -> PageId {
        self.open_by(None, Urgency::High, title)
    }

    fn open_by(&mut self, policy: Option<&str>, urgency: Urgency, title: &str) -> PageId {
        let number = self.state.next_number();
        let about = Opening {
            policy: policy.map(|name| reference(&format!("escalationpolicy:{name}"))),
            urgency,
            ..opening(number, title)
        };
        assert!(self.ok(Command::Open { about }) > 0);
        self.state.numbered(number).unwrap().id()
    }

    /// Opens a page where so many are allowed.
    fn open_among(&mut self, about: Opening, open_max: usize) -> Vec<&'static str> {
        self.drawn += 1;
        let context = Context::new(self.now, Actor::mainstay("paging"), IdSeed(self.drawn));
        let events = crate::command::open_among(&self.state, about, &context, open_max).unwrap();
        for event in &events {
            self.fold(event, &context);
        }
        events.iter().map(Event::kind).collect()
    }

    fn page(&self, page: PageId) -> &Page {
        self.state.page(page).unwrap()
    }

    fn acknowledge(&mut self, page: PageId) {
        let kim = Actor::Person("kim".to_owned());
        assert_eq!(self.give_as(kim, Command::Acknowledge { page, via: Via::ByHand }), Ok(1));
    }

    fn last_effect(&self) -> EffectId {
        self.sent.last().unwrap().1.effect
    }

    fn deliver(&mut self, effect: EffectId, outcome: Outcome) -> usize {
        self.ok(Command::Deliver { effect, outcome })
    }

    /// The messages since the last call: seconds since `from`, to whom, on which channel, what, and of how many pages.
    fn told(&mut self, from: Timestamp) -> Vec<String> {
        let words = |(at, message): (Timestamp, Message)| {
            let seconds = at.duration_since(from).as_secs();
            let (whom, by) = (message.person.short().to_owned(), message.method.channel.as_str());
            format!("{seconds}s {whom} {by} {:?} {}", message.kind(), message.lines.len())
        };
        self.sent.drain(..).map(words).collect()
    }

    fn log(&self, page: PageId) -> String {
        self.page(page).log.iter().map(|entry| format!("{}\n", entry.words)).collect()
    }
}

fn opening(number: u64, title: &str) -> Opening {
    Opening {
        incident: Some(IncidentRef { incident: incident(number), number }),
        subject: reference("component:checkout"),
        team: Some(reference("group:money")),
        policy: None,
        urgency: Urgency::High,
        title: title.to_owned(),
    }
}

fn incident(number: u64) -> IncidentId {
    IncidentId::from_bytes(u128::from(number).to_be_bytes())
}

fn failing() -> Outcome {
    Outcome::Retrying { error: "no answer".to_owned() }
}

fn gave_up() -> Outcome {
    Outcome::GaveUp { error: "no such number".to_owned() }
}

fn refused(result: Result<usize, Refusal>, code: &'static Code, words: &str) {
    let refusal = result.unwrap_err();
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(refusal.to_string().contains(words), "{refusal}");
}
