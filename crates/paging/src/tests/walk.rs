//! Random walks: pages, answers, failures, jumps of the clock, in any order. Whatever happens, pages end and arrive.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use kernel::{EffectId, EntityRef};
use proptest::prelude::*;
use serde_json::json;

use super::{Sim, failing, gave_up, incident, opening, policy, reference, user};
use crate::{
    Channel, Command, Event, Kind, MethodId, NoticeState, OPEN_MAX, Opening, Outcome, State, Status, Target, Urgency,
    Via, explain,
};

const PEOPLE: [&str; 5] = ["jo", "kim", "lee", "max", "nobody"];

struct Walk {
    sim: Sim,
    seed: u64,
    incidents: u64,
    few: bool,
    /// True if the clock may jump back in this walk.
    jumps_back: bool,
    /// How far it did, in all.
    back: SignedDuration,
    /// What the clock was at each event; the timeline's own never goes back.
    clock: Vec<Timestamp>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let mut walk = Self {
            sim: Sim::seeded(u128::from(seed) + 1),
            seed,
            incidents: 0,
            few: seed % 5 < 2,
            jumps_back: seed.is_multiple_of(3),
            back: SignedDuration::ZERO,
            clock: Vec::new(),
        };
        for person in &PEOPLE[..4] {
            let count = walk.below(4);
            let ways: Vec<_> =
                (0..count).map(|_| (Channel::ALL[walk.below(7)], [0, 0, 1, 3, 20][walk.below(5)])).collect();
            walk.sim.contact(person, &ways);
        }
        let team = PEOPLE.iter().map(|name| user(name)).collect();
        walk.sim.who.insert(Target::Team(reference("group:money")), team);
        walk.sim.on_call(&["jo"]);
        let hours =
            json!({"time_zone": "America/New_York", "from": "09:00", "to": "17:00", "days": ["monday", "thursday"]});
        let last = json!({"steps": [{"notify": ["group:money"], "after": "2m"}]});
        let first = json!({
            "steps": [{"notify": ["owner"], "after": "3m"}, {"notify": ["user:kim", "user:gone"], "after": "1h"}],
            "repeat": 2, "then": "last", "low_urgency": hours,
        });
        walk.sim.ok(Command::DefinePolicy { definition: policy("last", &last) });
        walk.sim.ok(Command::DefinePolicy { definition: policy("first", &first) });
        walk
    }

    /// SplitMix64.
    fn below(&mut self, bound: usize) -> usize {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.seed ^ (self.seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }

    fn step(&mut self) {
        match self.below(16) {
            0..3 => {
                let policy = [None, Some("first"), Some("last"), Some("not-there")][self.below(4)];
                let urgency = if self.below(3) == 0 { Urgency::Low } else { Urgency::High };
                let policy = policy.map(|name| reference(&format!("escalationpolicy:{name}")));
                // In some walks few are allowed, so that incidents share pages.
                let open_max = if self.few { 4 } else { OPEN_MAX };
                self.incidents += 1;
                let about = Opening { policy, urgency, ..opening(self.incidents, "something is down") };
                self.sim.open_among(about, open_max);
            }
            3..6 => {
                let seconds = i64::try_from(self.below(200)).unwrap();
                self.pass(SignedDuration::from_secs(seconds));
            }
            6 => {
                let minutes = i64::try_from(self.below(180)).unwrap();
                self.pass(SignedDuration::from_mins(minutes));
            }
            // The clock jumps, and what is due is done late.
            7 => self.jump(360, 1),
            8 if self.jumps_back => self.jump(60, -1),
            8..12 => self.deliver(),
            12 => self.act_on_a_page(),
            13 => {
                let number = self.below(usize::try_from(self.incidents).unwrap() + 1) as u64;
                self.sim.ok(Command::EndIncident { incident: incident(number) });
            }
            14 => {
                let count = self.below(3);
                let people: Vec<&str> = (0..count).map(|_| PEOPLE[self.below(5)]).collect();
                self.sim.on_call(&people);
            }
            _ => {
                let (person, method) = (user(PEOPLE[self.below(5)]), MethodId(u32::try_from(self.below(4)).unwrap()));
                if self.below(4) == 0 {
                    let _ = self.sim.give(Command::RemoveMethod { person, method });
                } else {
                    self.sim.ok(Command::AcknowledgeAll { person, channel: Channel::Sms });
                }
            }
        }
        // Mostly what is due is done at once; sometimes other things happen first.
        if self.below(4) > 0 {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.sim.settle();
        self.clock.resize(self.sim.events.len(), self.sim.now);
    }

    fn jump(&mut self, minutes_max: usize, direction: i64) {
        let minutes = i64::try_from(self.below(minutes_max)).unwrap();
        let by = SignedDuration::from_mins(minutes * direction);
        self.clock.resize(self.sim.events.len(), self.sim.now);
        self.sim.now += by;
        self.back += by.min(SignedDuration::ZERO).abs();
        // What follows is late only by as much as the clock jumped.
        self.settle();
    }

    fn pass(&mut self, by: SignedDuration) {
        let until = self.sim.now + by;
        self.settle();
        while let Some(next) = self.sim.state.next_due().filter(|next| *next <= until) {
            self.sim.now = self.sim.now.max(next);
            self.settle();
        }
        self.sim.now = until;
    }

    fn deliver(&mut self) {
        let pending: Vec<EffectId> = self.sim.state.messages().map(|message| message.effect).collect();
        if pending.is_empty() {
            return;
        }
        let effect = pending[self.below(pending.len())];
        let outcome = [Outcome::Sent, Outcome::Sent, failing(), gave_up(), Outcome::Dropped][self.below(5)].clone();
        self.sim.deliver(effect, outcome);
    }

    fn act_on_a_page(&mut self) {
        let pages: Vec<_> = self.sim.state.pages().map(crate::Page::id).collect();
        if pages.is_empty() {
            return;
        }
        let page = pages[self.below(pages.len())];
        let command = match self.below(7) {
            6 => {
                let of = self.sim.state.page(page).and_then(|page| page.about.incident);
                let Some(of) = of else { return };
                let into = crate::IncidentRef { incident: incident(self.incidents), number: self.incidents };
                Command::Move { page, from: of.incident, into }
            }
            0 => Command::Acknowledge { page, via: Via::ByHand },
            1 => Command::Close { page },
            2 => Command::Renotify { page },
            3 => Command::Reassign { page, policy: reference("escalationpolicy:last") },
            _ => Command::Escalate { page },
        };
        let _ = self.sim.give(command);
    }

    /// Asserts that the index by time and the pages agree.
    fn assert_indexed(&self) {
        let state = &self.sim.state;
        let mut waiting = BTreeSet::new();
        for page in state.pages() {
            assert_eq!(page.next_at.is_some(), page.status == Status::Open);
            for (number, notice) in page.notices.iter().filter(|(_, notice)| notice.state == NoticeState::Waiting) {
                waiting.insert((notice.person.clone(), notice.method.channel, (notice.at, page.number(), *number)));
                assert!(notice.kind == Kind::FollowUp || !page.status.is_finished(), "a notice of a page that ended");
            }
            assert!(!explain(page, self.sim.now).is_empty());
        }
        for number in 0..=self.incidents {
            let of = incident(number);
            let indexed: BTreeSet<u64> = state.of_incident(of).map(crate::Page::number).collect();
            let concerned = |page: &&crate::Page| page.concerns.iter().any(|concern| concern.incident.incident == of);
            assert_eq!(indexed, state.pages().filter(concerned).map(crate::Page::number).collect());
        }
        let mut indexed = BTreeSet::new();
        for person in PEOPLE.iter().copied().map(user).chain([user("gone")]) {
            for channel in Channel::ALL {
                let items = state.agenda().ready(&person, channel, Timestamp::MAX);
                indexed.extend(items.map(|item| (person.clone(), channel, item)));
            }
        }
        assert_eq!(waiting, indexed);
        assert_eq!(state.unfinished().count(), state.unfinished_count());
        assert!(state.unfinished().all(|page| !page.status.is_finished()));
        assert_eq!(state.unfinished_count(), state.pages().filter(|page| !page.status.is_finished()).count());
    }
}

/// What the events say of one page.
#[derive(Default)]
struct Life {
    /// When it ended; the first end of an exhausted one.
    ended: Option<Timestamp>,
    exhausted: bool,
    finished: bool,
    /// When its first notice was due.
    first_notice: Option<Timestamp>,
    /// When something was put into it that was in no message since.
    joined: Option<Timestamp>,
    /// When it first was in a message.
    told: Option<Timestamp>,
}

/// Asserts that each page went only where a page can go, and arrived.
fn assert_lives(walk: &Walk) {
    let mut lives: BTreeMap<u64, Life> = BTreeMap::new();
    for ((event, _), now) in walk.sim.events.iter().zip(&walk.clock) {
        if let Event::Opened { page, .. } = event {
            assert!(lives.insert(page.number, Life::default()).is_none());
        } else if let Event::Reached { page, people, .. } = event {
            let life = lives.get_mut(&page.number).unwrap();
            assert!(life.ended.is_none(), "an ended page reached somebody");
            let first = people.iter().flat_map(|telling| &telling.notices).map(|notice| notice.at).min();
            life.first_notice = [life.first_notice, first].into_iter().flatten().min();
        } else if let Event::Dispatched { lines, .. } = event {
            for line in lines.iter().filter(|line| line.kind != Kind::FollowUp) {
                let life = lives.get_mut(&line.page.number).unwrap();
                assert!(!life.finished, "a page was told after it had been answered");
                life.told.get_or_insert(*now);
                life.joined = None;
            }
        } else if let Event::Joined { page, .. } = event {
            lives.get_mut(&page.number).unwrap().joined = Some(*now);
        } else if let Event::Exhausted { page } = event {
            let life = lives.get_mut(&page.number).unwrap();
            assert!(life.ended.is_none(), "exhausted twice, or after its end");
            (life.ended, life.exhausted) = (Some(*now), true);
        } else if let Event::Acknowledged { page, .. } | Event::Closed { page, .. } = event {
            let life = lives.get_mut(&page.number).unwrap();
            assert!(!life.finished, "ended twice");
            life.finished = true;
            life.ended.get_or_insert(*now);
        }
    }
    // So many addresses on one channel, each with a gap before it.
    let slack = SignedDuration::from_secs(60 * 4) + walk.back;
    for (number, life) in lives {
        let ended = life.ended.unwrap_or_else(|| panic!("page {number} never ended"));
        if let Some(joined) = life.joined.filter(|_| life.told.is_some()) {
            assert!(joined + slack > ended, "what was put into page {number} is lost");
        }
        match life.first_notice {
            None => assert!(life.told.is_none()),
            // Nobody answered: whoever could be reached was in a message, at the latest by the alarm.
            Some(_) if life.exhausted && !life.finished => assert!(life.told.is_some(), "page {number} is lost"),
            Some(due) if due + slack <= ended => {
                assert!(life.told.is_some(), "page {number} was late or is lost");
            }
            Some(_) => {}
        }
    }
}

fn assert_gaps_kept(sim: &Sim) {
    let mut last: BTreeMap<(EntityRef, Channel), Timestamp> = BTreeMap::new();
    for (event, stamp) in &sim.events {
        let Event::Dispatched { person, method, .. } = event else { continue };
        if let Some(before) = last.insert((person.clone(), method.channel), stamp.at) {
            let gap = stamp.at.duration_since(before);
            assert!(gap >= method.channel.gap(), "{gap} between two messages by {}", method.channel.as_str());
        }
    }
}

fn bytes(state: &State) -> Vec<u8> {
    rmp_serde::to_vec_named(state).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_page_ends_once_and_none_is_lost(seed: u64, steps in 1..250_usize) {
        let mut walk = Walk::new(seed);
        for _ in 0..steps {
            walk.step();
            walk.assert_indexed();
        }
        let half = walk.sim.events.len() / 2;
        // From now on nobody answers, and nothing is reported of messages.
        walk.pass(SignedDuration::from_hours(24 * 60));
        walk.assert_indexed();
        prop_assert_eq!(walk.sim.state.next_due(), None);
        prop_assert!(walk.sim.state.pages().all(|page| page.status != Status::Open));
        assert_lives(&walk);
        assert_gaps_kept(&walk.sim);

        let (mut replayed, mut read) = (State::default(), State::default());
        for (at, (event, stamp)) in walk.sim.events.iter().enumerate() {
            replayed.fold(event, stamp);
            read.fold(event, stamp);
            if at == half {
                read = rmp_serde::from_slice(&bytes(&read)).unwrap();
            }
        }
        prop_assert_eq!(bytes(&replayed), bytes(&walk.sim.state));
        prop_assert_eq!(bytes(&read), bytes(&walk.sim.state));
    }

    #[test]
    fn a_clock_that_jumps_back_stops_nothing_for_longer_than_it_jumped(
        at_minutes in 0..40_i64, back_minutes in 1..=60_i64, forward in any::<bool>(),
    ) {
        let mut sim = Sim::with_jo();
        sim.open("checkout is down");
        sim.minutes(at_minutes);
        let jump = SignedDuration::from_mins(back_minutes);
        let truly = |sim: &Sim, jumped: SignedDuration| sim.now - jumped;
        let jumped = if forward { jump } else { -jump };
        sim.now += jumped;
        let from = truly(&sim, jumped);
        // Without a jump the page is at its end after half an hour.
        sim.minutes((30 - at_minutes).max(0) + back_minutes);
        prop_assert!(sim.state.exhausted().count() == 1, "{} later", truly(&sim, jumped).duration_since(from));
    }
}

#[test]
fn a_jump_ahead_skips_nobody() {
    let mut sim = Sim::with_jo();
    sim.who.insert(Target::Team(reference("group:money")), vec![user("kim")]);
    sim.contact("kim", &[(Channel::Ntfy, 0)]);
    sim.open("checkout is down");
    let from = sim.now;
    sim.seconds(1);
    sim.now += SignedDuration::from_hours(5);
    sim.settle();
    assert_eq!(
        sim.told(from),
        ["0s jo ntfy Page 1", "18001s jo sms Page 1", "18001s jo ntfy Page 1", "18001s kim ntfy Page 1"]
    );
    assert_eq!(sim.state.exhausted().count(), 0);
}
