mod calendar;
mod digests;
mod golden;
mod machine;
mod refusals;
mod retros;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Context, EntityRef, IdSeed, Refusal, Stamp};

use crate::{
    Action, ActionState, Command, Cycle, DUE_MAX, DoneWhen, Event, Evidence, Knowledge, Lead, Look, Promise, Reminder,
    Source, State, decide, due,
};

fn reference(text: &str) -> EntityRef {
    text.parse().unwrap()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(days * 24)
}

/// What the rest of the world knows, as a test sets it.
struct Town {
    people: Vec<EntityRef>,
    leads: Vec<EntityRef>,
    calendar: Option<Cycle>,
    holds: BTreeMap<DoneWhen, bool>,
}

impl Default for Town {
    fn default() -> Self {
        let people = ["user:jo", "user:kim", "user:lee"].map(reference).to_vec();
        Self { people, leads: vec![reference("user:lee")], calendar: None, holds: BTreeMap::new() }
    }
}

impl Knowledge for Town {
    fn is_person(&self, person: &EntityRef) -> bool {
        self.people.contains(person)
    }

    fn likely_person(&self, person: &EntityRef) -> Option<EntityRef> {
        self.people.iter().find(|known| person.name().starts_with(known.name())).cloned()
    }

    fn is_team(&self, team: &EntityRef) -> bool {
        *team == reference("group:money")
    }

    fn is_post_mortem(&self, incident: u64) -> bool {
        incident == 7
    }

    fn team_of(&self, _: &EntityRef, _: &EntityRef) -> Option<EntityRef> {
        Some(reference("group:money"))
    }

    fn calendar(&self, _: &EntityRef) -> Option<&Cycle> {
        self.calendar.as_ref()
    }

    fn pin(&self, condition: DoneWhen) -> DoneWhen {
        condition
    }

    fn look(&self, condition: &DoneWhen, _: Timestamp) -> Look {
        match self.holds.get(condition) {
            Some(true) => Look::Holds("it is so".to_owned()),
            Some(false) => Look::Fails("it is not so".to_owned()),
            None => Look::Unsure("nobody knows".to_owned()),
        }
    }

    fn leads(&self, _: &EntityRef, team: Option<&EntityRef>) -> (Vec<EntityRef>, Lead) {
        let team = team.cloned();
        match &team {
            Some(group) if !self.leads.is_empty() => (self.leads.clone(), Lead::Leads { team: group.clone() }),
            Some(_) | None => (self.people.clone(), Lead::Nobody { team }),
        }
    }

    fn members(&self, _: &EntityRef) -> Vec<EntityRef> {
        self.people.clone()
    }

    fn can_be_told(&self, person: &EntityRef) -> bool {
        person.name() != "kim"
    }
}

/// A timeline of promises alone.
struct Log {
    town: Town,
    state: State,
    now: Timestamp,
    actor: Actor,
    events: Vec<Event>,
}

impl Log {
    fn new() -> Self {
        Self {
            town: Town::default(),
            state: State::default(),
            now: moment("2026-03-02T09:00:00Z"),
            actor: Actor::Person("jo".to_owned()),
            events: Vec::new(),
        }
    }

    fn give(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let context = Context::new(self.now, self.actor.clone(), IdSeed(self.events.len() as u128 + 1));
        let events = decide(&self.state, command, &self.town, &context)?;
        for event in &events {
            self.events.push(event.clone());
            let stamp = Stamp {
                position: self.events.len() as u64,
                event: context.id(),
                command: context.command,
                at: context.now,
                actor: context.actor.clone(),
                reason: None,
            };
            self.state.fold(event, &stamp);
        }
        Ok(events)
    }

    fn promise(&mut self, promise: Promise) -> u64 {
        let events = self.give(Command::Promise { promise }).unwrap();
        events[0].number().unwrap()
    }

    /// Lets time pass, and does what falls due in it, at the time when it does.
    fn pass(&mut self, time: SignedDuration) -> Vec<Event> {
        let until = self.now.checked_add(time).unwrap();
        let mut done = Vec::new();
        while let Some(next) = self.state.next_due().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            done.extend(self.tick());
        }
        self.now = until;
        done
    }

    fn tick(&mut self) -> Vec<Event> {
        let actor = std::mem::replace(&mut self.actor, Actor::mainstay("actions"));
        let commands: Vec<Command> = due(&self.state, self.now).collect();
        assert!(!commands.is_empty());
        let done = commands.into_iter().flat_map(|command| self.give(command).unwrap()).collect();
        self.actor = actor;
        done
    }

    fn action(&self, number: u64) -> &Action {
        self.state.get(number).unwrap()
    }

    fn word(&self, number: u64) -> &'static str {
        self.action(number).state.as_str()
    }

    /// Looks at an item's condition when it holds, or doesn't.
    fn observe(&mut self, action: u64, holds: bool) -> usize {
        let condition = self.action(action).promise.done_when.clone();
        self.town.holds.insert(condition.clone(), holds);
        let events = self.give(Command::Observe { action }).unwrap();
        self.town.holds.remove(&condition);
        events.len()
    }
}

fn sprints() -> Cycle {
    let spec = serde_json::json!({
        "team": "money", "time_zone": "Europe/Berlin", "sprints": {"length": "2w", "starts": "2026-01-05"},
    });
    Cycle::from_spec(reference("cycle:money"), &spec).unwrap()
}

fn green() -> DoneWhen {
    DoneWhen::CheckUp { check: reference("check:buy") }
}

/// A promise of Jo's, due in ten days.
fn promise(done_when: DoneWhen) -> Promise {
    Promise {
        what: "watch the checkout".to_owned(),
        why: "nobody saw that it was broken".to_owned(),
        subject: reference("component:shop"),
        owner: reference("user:jo"),
        team: None,
        deadline: moment("2026-03-12T09:00:00Z"),
        done_when,
        source: Source::PostMortem { incident: 7 },
    }
}

fn told(event: &Event) -> Vec<(&str, bool)> {
    let (Event::Escalated { to, .. } | Event::Reminded { to, .. }) = event else { panic!("{event:?}") };
    to.iter().map(|told| (told.person.name(), told.message.is_some())).collect()
}

#[test]
fn the_owner_is_reminded_two_days_before_and_on_the_deadline_and_then_the_lead_gets_it() {
    let mut log = Log::new();
    log.town.calendar = Some(sprints());
    let number = log.promise(promise(DoneWhen::Word));
    // The sprint of 2 March begins that day at midnight in Berlin, so that it is not whole any more: those of the 16th
    // and the 30th are, and the second ends on 13 April.
    assert_eq!(log.action(number).clock.escalates, moment("2026-04-12T22:00:00Z"));
    let events = log.pass(days(60));
    let told: Vec<_> = events.iter().map(|event| (event.kind(), told(event))).collect();
    let again = ("actions.reminded", vec![("jo", true), ("lee", true)]);
    assert_eq!(
        told,
        [
            ("actions.reminded", vec![("jo", true)]),
            ("actions.reminded", vec![("jo", true)]),
            ("actions.escalated", vec![("lee", true)]),
            again.clone(),
            again,
        ]
    );
    assert_eq!(log.word(number), "escalated");
    assert!(log.action(number).is_late(log.now));
}

#[test]
fn what_is_not_done_after_four_weeks_escalates_where_there_is_no_calendar() {
    let mut log = Log::new();
    let number = log.promise(promise(DoneWhen::Word));
    let clock = &log.action(number).clock;
    assert_eq!((clock.escalates, &clock.cycle), (moment("2026-03-30T09:00:00Z"), &None));
    // A calendar that has not begun is none yet.
    log.town.calendar = Some(Cycle { starts: jiff::civil::date(2027, 1, 4).at(0, 0, 0, 0), ..sprints() });
    let number = log.promise(promise(DoneWhen::Word));
    assert_eq!(log.action(number).clock.cycle, None);
}

#[test]
fn a_team_without_a_lead_is_told_as_a_whole_and_whoever_has_no_address_is_named() {
    let mut log = Log::new();
    log.town.leads.clear();
    let number = log.promise(promise(DoneWhen::Word));
    let events = log.pass(days(30));
    let escalated = events.iter().find(|event| event.kind() == "actions.escalated").unwrap();
    assert_eq!(told(escalated), [("jo", true), ("kim", false), ("lee", true)]);
    assert!(escalated.summary().contains("which nobody leads"));
    let last = log.action(number).log.last().unwrap();
    assert!(last.what.contains("kim (no address of theirs is known)"), "{}", last.what);
}

#[test]
fn a_condition_that_holds_closes_the_item_and_one_that_fails_again_reopens_it() {
    let mut log = Log::new();
    let number = log.promise(promise(green()));
    assert_eq!(log.observe(number, false), 0);
    assert_eq!(log.observe(number, true), 1);
    let ActionState::Done { evidence: Evidence::Seen { words }, .. } = &log.action(number).state else { panic!() };
    assert_eq!(words, "it is so");
    assert_eq!(log.observe(number, true), 0);
    log.pass(days(5));
    assert_eq!(log.observe(number, false), 1);
    assert_eq!((log.word(number), log.action(number).reopened), ("open", 1));
    // It has two sprints again, from then on.
    assert_eq!(log.action(number).clock.escalates, log.now.checked_add(days(28)).unwrap());
}

#[test]
fn what_can_not_fail_again_is_not_watched_any_more() {
    let mut log = Log::new();
    let fires = DoneWhen::AlertFires { entity: reference("component:shop") };
    let number = log.promise(promise(fires));
    assert_eq!(log.state.watching(&reference("component:shop")).count(), 1);
    log.observe(number, true);
    assert_eq!(log.word(number), "done");
    assert!(log.state.watches_nothing());
    assert_eq!(log.observe(number, false), 0);
}

#[test]
fn a_moment_of_success_does_not_silence_an_escalation() {
    let mut log = Log::new();
    let number = log.promise(promise(green()));
    log.pass(days(29));
    assert_eq!(log.word(number), "escalated");
    assert_eq!(log.observe(number, true), 1);
    log.pass(days(1));
    assert_eq!(log.observe(number, false), 1);
    assert_eq!(log.word(number), "escalated");
    let events = log.pass(days(8));
    assert_eq!(told(&events[0]), [("jo", true), ("lee", true)]);
}

#[test]
fn what_was_seen_counts_no_more_if_it_is_otherwise_by_now() {
    let mut log = Log::new();
    let number = log.promise(promise(green()));
    log.observe(number, true);
    // It was looked at because it had failed; now nobody knows, and that reopens nothing.
    assert!(log.give(Command::Observe { action: number }).unwrap().is_empty());
    log.town.holds.insert(green(), true);
    assert!(log.give(Command::Observe { action: number }).unwrap().is_empty());
    assert_eq!(log.word(number), "done");
}

#[test]
fn a_check_that_comes_and_goes_does_not_put_off_the_weekly_reminder() {
    let mut log = Log::new();
    let number = log.promise(promise(green()));
    let escalated = log.action(number).clock.escalates;
    log.pass(escalated.duration_since(log.now));
    log.pass(days(6));
    assert_eq!((log.observe(number, true), log.observe(number, false)), (1, 1));
    let events = log.pass(days(1));
    assert!(matches!(events.as_slice(), [Event::Reminded { of: Reminder::StillEscalated, .. }]), "{events:?}");
}

#[test]
fn what_was_escalated_to_somebody_who_left_goes_to_the_next_lead_and_is_as_old_as_it_was() {
    let mut log = Log::new();
    let number = log.promise(promise(DoneWhen::Word));
    log.pass(days(29));
    let (state, lee) = (log.action(number).state.clone(), reference("user:lee"));
    let again = |log: &mut Log| log.give(Command::Escalate { action: number }).unwrap();
    assert!(again(&mut log).is_empty(), "lee is there");
    log.town.people.retain(|person| *person != lee);
    log.town.leads = vec![reference("user:kim")];
    let events = again(&mut log);
    assert_eq!(told(&events[0]), [("kim", false)]);
    assert_eq!(log.action(number).state, state);
    assert_eq!(log.state.concerning(&lee).count(), 0);
    assert_eq!(log.state.concerning(&reference("user:kim")).count(), 1);
    // Nobody is left: that is said once.
    log.town.people.clear();
    log.town.leads.clear();
    assert_eq!(told(&again(&mut log)[0]), []);
    assert!(again(&mut log).is_empty());
    // Whoever comes then gets it with the next reminder.
    log.town.people = vec![lee.clone()];
    log.town.leads = vec![lee];
    let events = log.pass(days(7));
    assert!(matches!(&events[0], Event::Escalated { .. }), "{events:?}");
    assert_eq!(told(&events[0]), [("lee", true)]);
}

#[test]
fn what_fell_due_while_nothing_ran_is_done_by_the_hundred() {
    let mut log = Log::new();
    for _ in 0..DUE_MAX + 50 {
        log.promise(promise(DoneWhen::Word));
    }
    log.now = moment("2026-06-01T00:00:00Z");
    assert_eq!([log.tick().len(), log.tick().len()], [DUE_MAX, 50]);
}

#[test]
fn of_several_reminders_that_were_missed_the_last_is_sent() {
    let mut log = Log::new();
    let number = log.promise(promise(DoneWhen::Word));
    log.now = moment("2026-03-13T00:00:00Z");
    let events = log.tick();
    assert!(matches!(events.as_slice(), [Event::Reminded { of: Reminder::Deadline, .. }]));
    log.now = moment("2026-06-01T00:00:00Z");
    let events = log.tick();
    assert!(matches!(events.as_slice(), [Event::Escalated { .. }]));
    assert_eq!(log.word(number), "escalated");
}

#[test]
fn what_is_due_in_less_than_two_days_is_reminded_of_on_the_deadline_alone() {
    let mut log = Log::new();
    let deadline = log.now.checked_add(SignedDuration::from_hours(20)).unwrap();
    log.promise(Promise { deadline, ..promise(DoneWhen::Word) });
    let events = log.pass(days(2));
    assert!(matches!(events.as_slice(), [Event::Reminded { of: Reminder::Deadline, .. }]));
}

#[test]
fn whoever_left_is_not_reminded_but_their_lead_is() {
    let mut log = Log::new();
    log.promise(promise(DoneWhen::Word));
    log.town.people.remove(0);
    let events = log.pass(days(9));
    assert_eq!(told(&events[0]), [("lee", true)]);
}

#[test]
fn a_message_is_known_until_it_has_arrived() {
    let mut log = Log::new();
    let number = log.promise(promise(DoneWhen::Word));
    let events = log.pass(days(9));
    let [Event::Reminded { to, .. }] = events.as_slice() else { panic!("{events:?}") };
    let message = to[0].message.unwrap();
    let notice = log.state.message(message).unwrap();
    assert_eq!((notice.number, notice.person.name(), notice.of), (number, "jo", Some(Reminder::Soon)));
    log.state.note_delivery(message);
    assert!(log.state.message(message).is_none());
}

#[test]
fn follow_through_counts_the_deadline_that_was_promised_first() {
    let mut log = Log::new();
    let numbers: Vec<u64> = (0..5).map(|_| log.promise(promise(DoneWhen::Word))).collect();
    let done = |log: &mut Log, number: u64| {
        let (note, link) = ("it is so".to_owned(), "https://example.com/1".to_owned());
        log.give(Command::Done { action: number, note, link }).unwrap();
    };
    let team = reference("group:money");
    assert_eq!(log.state.follow_through(&team, log.now).percent(), None);
    done(&mut log, numbers[0]);
    let reason = "there is something else first".to_owned();
    let deadline = moment("2026-03-20T09:00:00Z");
    log.give(Command::Postpone { action: numbers[1], deadline, reason: reason.clone() }).unwrap();
    log.give(Command::Deprioritise { action: numbers[2], reason, by: None }).unwrap();
    log.pass(days(15));
    done(&mut log, numbers[1]);
    done(&mut log, numbers[3]);
    let all = log.state.follow_through(&team, log.now);
    assert_eq!((all.due, all.in_time, all.late, all.deprioritised, all.open), (5, 1, 2, 1, 1));
    assert_eq!(all.percent(), Some(20));
    assert!(log.action(numbers[1]).was_late() && !log.action(numbers[0]).was_late());
    let later = log.now.checked_add(days(100)).unwrap();
    assert_eq!(log.state.follow_through(&team, later).due, 0);
}

#[test]
fn the_log_holds_the_newest_and_says_how_many_it_left_out() {
    let mut log = Log::new();
    let number = log.promise(promise(green()));
    for _ in 0..60 {
        log.observe(number, true);
        log.observe(number, false);
    }
    let action = log.action(number);
    assert_eq!((action.log.len(), action.log_left_out, action.reopened), (Action::LOG, 21, 60));
}
