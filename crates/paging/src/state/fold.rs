//! The fold.

use std::sync::Arc;

use imbl::Vector;
use kernel::{Actor, EffectId, EntityRef, Stamp};

use super::notices::{come_back, drop_waiting, follow_up, move_next, reach, reassign, tell_again};
use crate::{
    Closing, Contacts, Event, Kind, Line, Message, Method, NoticeState, Outcome, Page, PageRef, Place, Status, Via,
    page::Concern,
    state::{Agenda, FINISHED_KEPT, State},
};

impl State {
    /// Takes in one event. Never fails: what it doesn't know is left alone.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        let (at, by) = (stamp.at, &stamp.actor);
        match event {
            Event::PolicyDefined { definition } => {
                self.policies.insert(definition.policy.clone(), Arc::new(definition.clone()));
            }
            Event::PolicyRemoved { policy } => {
                self.policies.remove(policy);
            }
            Event::MethodAdded { person, method } => self.change_contacts(person, |contacts| {
                contacts.newest = contacts.newest.max(method.id.0);
                contacts.methods.push(method.clone());
            }),
            Event::MethodVerified { person, method } => self.change_contacts(person, |contacts| {
                contacts.methods.iter_mut().filter(|known| known.id == *method).for_each(|known| known.verified = true);
            }),
            Event::MethodRemoved { person, method } => self.change_contacts(person, |contacts| {
                contacts.methods.retain(|known| known.id != *method);
                contacts.rules.retain(|rule| rule.method != *method);
            }),
            Event::RulesSet { person, rules } => {
                self.change_contacts(person, |contacts| contacts.rules.clone_from(rules));
            }
            Event::Opened { .. } => self.fold_opened(event, stamp),
            Event::Joined { page, incident, subject, title } => {
                if let Some(incident) = incident {
                    self.by_incident.entry(incident.incident).or_default().insert(page.number);
                }
                self.change(*page, |page, agenda| {
                    page.joined += 1;
                    page.concerns.extend(incident.map(|incident| Concern { incident, ended: false }));
                    page.note(at, by, format!("this was put into it: {title} ({})", subject.short()), false);
                    tell_again(page, agenda, Kind::Page, at);
                });
            }
            Event::Left { page, incident } => self.change(*page, |page, _| {
                let ended = |concern: &&mut Concern| concern.incident.incident == *incident;
                page.concerns.iter_mut().filter(ended).for_each(|concern| concern.ended = true);
                page.note(at, by, "one of its incidents ended; it goes on for the others".to_owned(), false);
            }),
            Event::Moved { page, from, into } => {
                unindex(&mut self.by_incident, from, page.number);
                self.by_incident.entry(into.incident).or_default().insert(page.number);
                self.change(*page, |page, _| {
                    for concern in page.concerns.iter_mut().filter(|concern| concern.incident.incident == *from) {
                        concern.incident = *into;
                    }
                    if page.about.incident.is_some_and(|of| of.incident == *from) {
                        Arc::make_mut(&mut page.about).incident = Some(*into);
                    }
                    page.note(at, by, format!("it goes on for incident {}", into.number), false);
                });
            }
            Event::Reached { page, at: place, people, findings, then, next } => {
                for telling in people {
                    self.by_person.entry(telling.person.clone()).or_default().insert(page.number);
                }
                self.change(*page, |page, agenda| {
                    reach(page, agenda, *place, people);
                    page.next = *then;
                    move_next(page, agenda, Some(*next));
                    let names: Vec<&str> = people.iter().map(|telling| telling.person.short()).collect();
                    let whom = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
                    page.note(at, by, format!("{} tells {whom}", place.in_words(&page.plan)), names.is_empty());
                    for finding in findings {
                        page.note(at, by, finding.clone(), true);
                    }
                });
            }
            Event::Dispatched { effect, person, method, lines } => {
                self.dispatch(*effect, person, method, lines, stamp);
                self.evict();
            }
            Event::Delivered { effect, person: _, outcome } => self.delivered(*effect, outcome, stamp),
            Event::Acknowledged { page, by: whoever, via } => {
                let status = Status::Acknowledged { by: whoever.clone(), via: via.clone(), at };
                let answered = match via {
                    Via::ByHand => None,
                    Via::Notice { person, .. } => Some(person.clone()),
                };
                let is_answerer = |person: &EntityRef| match (&answered, whoever) {
                    (Some(answered), _) => answered == person,
                    (None, Actor::Person(name)) => person.short() == name,
                    (None, Actor::Token(_) | Actor::Source(_) | Actor::Mainstay(_)) => false,
                };
                self.end(*page, status, stamp, |person| !is_answerer(person));
            }
            Event::Escalated { page } => self.change(*page, |page, agenda| {
                page.pressed = true;
                move_next(page, agenda, Some(at));
                page.note(at, by, "escalated by hand".to_owned(), false);
            }),
            Event::Reassigned { page, policy, plan, next } => {
                self.index_status(*page, false);
                self.change(*page, |page, agenda| {
                    drop_waiting(page, agenda);
                    reassign(page, policy, plan);
                    move_next(page, agenda, Some(*next));
                    page.note(at, by, format!("given to policy {}", policy.short()), false);
                });
                self.index_status(*page, true);
            }
            Event::Renotified { page } => self.change(*page, |page, agenda| {
                page.note(at, by, "everybody is told again".to_owned(), false);
                tell_again(page, agenda, Kind::Page, at);
            }),
            Event::Exhausted { page } => {
                self.index_status(*page, false);
                self.change(*page, |page, agenda| {
                    page.status = Status::Exhausted { at };
                    page.next = None;
                    move_next(page, agenda, None);
                    page.note(at, by, "nobody answered, and there is nobody else to tell".to_owned(), true);
                    drop_waiting(page, agenda);
                    tell_again(page, agenda, Kind::Alarm, at);
                });
                self.index_status(*page, true);
            }
            Event::Closed { page, why } => {
                let status = Status::Closed { why: *why, by: by.clone(), at };
                // A page that made room isn't over: nobody may be told so.
                self.end(*page, status, stamp, |_| *why != Closing::MadeRoom);
            }
        }
    }

    fn change_contacts(&mut self, person: &EntityRef, change: impl FnOnce(&mut Contacts)) {
        let contacts = self.contacts.entry(person.clone()).or_default();
        change(Arc::make_mut(contacts));
    }

    /// Changes a page that is held.
    fn change(&mut self, page: PageRef, change: impl FnOnce(&mut Page, &mut Agenda)) {
        if let Some(page) = self.pages.get_mut(&page.number) {
            change(Arc::make_mut(page), &mut self.agenda);
        }
    }

    fn fold_opened(&mut self, event: &Event, stamp: &Stamp) {
        let Event::Opened { page: id, about, plan, next, findings } = event else { return };
        let incidents = about.incident.into_iter();
        let mut page = Page {
            page: *id,
            about: Arc::new(about.clone()),
            policy: about.policy.clone(),
            plan: Arc::new(plan.clone()),
            opened: stamp.at,
            concerns: incidents.map(|incident| Concern { incident, ended: false }).collect(),
            joined: 0,
            status: Status::Open,
            reached: None,
            next: Some(Place::default()),
            next_at: None,
            people: imbl::OrdMap::new(),
            notices: imbl::OrdMap::new(),
            log: Vector::new(),
            pressed: false,
            reached_in_round: false,
            run: 0,
            notice_number: 0,
        };
        page.note(stamp.at, &stamp.actor, format!("opened, {} urgency", about.urgency.word()), false);
        for finding in findings {
            page.note(stamp.at, &stamp.actor, finding.clone(), true);
        }
        move_next(&mut page, &mut self.agenda, Some(*next));
        self.count = self.count.max(id.number);
        self.numbers.insert(id.page, id.number);
        if let Some(incident) = about.incident {
            self.by_incident.entry(incident.incident).or_default().insert(id.number);
        }
        if let Some(team) = &about.team {
            self.by_team.entry(team.clone()).or_default().insert(id.number);
        }
        self.pages.insert(id.number, Arc::new(page));
        self.index_status(*id, true);
    }

    /// Puts a page into the index of its status, or takes it out before the status changes.
    fn index_status(&mut self, id: PageRef, there: bool) {
        let Some(page) = self.pages.get(&id.number) else { return };
        match page.status {
            Status::Open => {
                let key = (page.about.team.clone(), page.policy.clone());
                let pages = self.escalating.entry(key.clone()).or_default();
                if there {
                    self.escalating_count += usize::from(pages.insert(id.number).is_none());
                } else {
                    self.escalating_count -= usize::from(pages.remove(&id.number).is_some()).min(self.escalating_count);
                    if pages.is_empty() {
                        self.escalating.remove(&key);
                    }
                }
            }
            Status::Exhausted { .. } if there => {
                self.exhausted.insert(id.number);
            }
            Status::Exhausted { .. } => {
                self.exhausted.remove(&id.number);
            }
            Status::Acknowledged { .. } | Status::Closed { .. } if there => self.finished.push_back(id.number),
            Status::Acknowledged { .. } | Status::Closed { .. } => {}
        }
    }

    /// A page is acknowledged or closed: what waits is dropped, and those who were told get a follow-up.
    fn end(&mut self, id: PageRef, status: Status, stamp: &Stamp, follows_up: impl Fn(&EntityRef) -> bool) {
        if self.pages.get(&id.number).is_none_or(|page| page.status.is_finished()) {
            return;
        }
        self.index_status(id, false);
        self.change(id, |page, agenda| {
            drop_waiting(page, agenda);
            page.next = None;
            move_next(page, agenda, None);
            let words = match &status {
                Status::Acknowledged { by, via, .. } => match via {
                    Via::ByHand => format!("acknowledged by {by}"),
                    Via::Notice { person, channel } => {
                        format!("acknowledged by {}, who answered by {}", person.short(), channel.as_str())
                    }
                },
                Status::Closed { why, .. } => format!("closed: {}", why.words()),
                Status::Open | Status::Exhausted { .. } => status.word().to_owned(),
            };
            page.note(stamp.at, &stamp.actor, words, false);
            page.status = status;
            follow_up(page, agenda, stamp.at, follows_up);
        });
        self.index_status(id, true);
        self.evict();
    }

    /// Forgets the oldest finished pages, but not as long as a follow-up of the oldest waits.
    fn evict(&mut self) {
        while self.finished.len() > FINISHED_KEPT
            && let Some(number) = self.finished.front().copied()
        {
            let waits = |page: &Arc<Page>| page.notices.values().any(|notice| notice.state == NoticeState::Waiting);
            if self.pages.get(&number).is_some_and(waits) {
                return;
            }
            self.finished.pop_front();
            let Some(page) = self.pages.remove(&number) else { continue };
            self.numbers.remove(&page.id());
            for concern in &page.concerns {
                unindex(&mut self.by_incident, &concern.incident.incident, number);
            }
            for person in page.people.keys() {
                unindex(&mut self.by_person, person, number);
            }
            if let Some(team) = &page.about.team {
                unindex(&mut self.by_team, team, number);
            }
        }
    }

    fn dispatch(&mut self, effect: EffectId, person: &EntityRef, method: &Method, lines: &[Line], stamp: &Stamp) {
        let (method, mut items) = (Arc::new(method.clone()), Vec::new());
        for line in lines {
            self.change(line.page, |page, _| {
                let Some(notice) = page.notices.get_mut(&line.notice) else { return };
                items.push((notice.at, page.page.number, line.notice));
                notice.state = NoticeState::Sending { effect };
                let words = match line.kind {
                    Kind::Page => "goes to",
                    Kind::Alarm => "goes as an alarm to",
                    Kind::FollowUp => "goes as a follow-up to",
                };
                let words = format!("{words} {} by {} ({})", person.short(), method.channel.as_str(), method.label);
                if line.kind != Kind::FollowUp {
                    page.note_told(person, &method);
                }
                page.note(stamp.at, &stamp.actor, words, false);
            });
        }
        self.agenda.dispatch(person, method.channel, &items, stamp.at);
        let (person, lines) = (person.clone(), lines.to_vec());
        let message = Message { effect, person, method, lines, since: stamp.at, last_error: None };
        self.messages.insert(effect, Arc::new(message));
    }

    fn delivered(&mut self, effect: EffectId, outcome: &Outcome, stamp: &Stamp) {
        let Some(message) = self.messages.get(&effect).cloned() else { return };
        match outcome {
            Outcome::Sent | Outcome::GaveUp { .. } | Outcome::Dropped => {
                self.messages.remove(&effect);
            }
            Outcome::Retrying { error } => {
                if let Some(message) = self.messages.get_mut(&effect) {
                    Arc::make_mut(message).last_error = Some(error.clone());
                }
            }
        }
        for line in &message.lines {
            self.change(line.page, |page, agenda| come_back(page, agenda, &message, line, outcome, stamp));
        }
    }
}

fn unindex<K: Ord + Clone>(index: &mut imbl::OrdMap<K, imbl::OrdSet<u64>>, key: &K, number: u64) {
    if let Some(numbers) = index.get_mut(key) {
        numbers.remove(&number);
        if numbers.is_empty() {
            index.remove(key);
        }
    }
}
