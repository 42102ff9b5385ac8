//! What must be true so that every page arrives: each invariant is a function with the sentence that it checks.
//!
//! A *ledger* keeps what went in and out beside the timeline: what providers took, what people got, what senders and probes
//! were told is taken. [`Lives`] follows pages by their events alone, and shares nothing with the area that makes them.

use std::collections::{BTreeMap, BTreeSet};

use alerts::IntegrationId;
use checks::Verdict;
use jiff::SignedDuration;
use kernel::{EffectId, EntityRef, IncidentId, Stamp, Timestamp};
use paging::{Closing, Kind, Outcome, Status};
use timeline::{SampleRange, Store};
use world::{Event, World};

/// What went in and out.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// How often each message got to somebody.
    arrived: BTreeMap<EffectId, u32>,
    /// How often more is no wonder: a crash or a lost answer stood between the sending and its record.
    excused: BTreeMap<EffectId, u32>,
    taken: BTreeSet<EffectId>,
    /// Messages that the server was told are taken, and recorded so.
    recorded: BTreeSet<EffectId>,
    /// What senders were told is taken, and until when it must be open at least; none for as long as nobody ends it.
    told: BTreeMap<(IntegrationId, String), Option<Timestamp>>,
    /// Results that probes were told are taken, by series.
    results: BTreeMap<String, u64>,
    /// Where which check was reported as failing.
    reported: BTreeSet<(EntityRef, String)>,
}

impl Ledger {
    /// A message got to somebody.
    pub(crate) fn arrived(&mut self, effect: EffectId) {
        *self.arrived.entry(effect).or_default() += 1;
    }

    /// It may come once more.
    pub(crate) fn excuse(&mut self, effect: EffectId) {
        *self.excused.entry(effect).or_default() += 1;
    }

    /// A provider said that it took it.
    pub(crate) fn accepted(&mut self, effect: EffectId) {
        self.taken.insert(effect);
    }

    /// That was handed in, and acknowledged.
    pub(crate) fn recorded(&mut self, world: &World, effect: EffectId) {
        if world.effects.get(effect).is_none() {
            self.recorded.insert(effect);
        }
    }

    /// A sender was told that its alert is taken.
    pub(crate) fn told(&mut self, of: IntegrationId, key: String, until: Option<Timestamp>) {
        self.told.insert((of, key), until);
    }

    /// Somebody ended it, or may have.
    pub(crate) fn forget(&mut self, of: IntegrationId, key: &str) {
        self.told.remove(&(of, key.to_owned()));
    }

    /// A probe was told that so many results of each series are taken.
    pub(crate) fn results_taken(&mut self, counted: BTreeMap<String, u64>) {
        for (series, count) in counted {
            *self.results.entry(series).or_default() += count;
        }
    }

    /// A check was reported as failing at a place.
    pub(crate) fn reported(&mut self, check: &EntityRef, location: &str) {
        self.reported.insert((check.clone(), location.to_owned()));
    }
}

/// Everything that must hold at each step.
pub(crate) fn check(ledger: &Ledger, lives: &Lives, world: &World, now: Timestamp, wrong: &mut Vec<String>) {
    nobody_is_told_twice_without_a_reason(ledger, wrong);
    what_was_recorded_as_taken_is_over(ledger, world, wrong);
    every_alert_that_was_taken_is_found(ledger, world, now, wrong);
    every_open_alert_is_in_an_incident(world, wrong);
    silence_is_never_down(ledger, lives, wrong);
    an_open_page_has_a_next_time(world, wrong);
    nobody_is_paged_for_what_is_over(world, wrong);
    every_open_incident_has_told_somebody(world, wrong);
}

/// Nobody gets one message twice, unless a crash or a lost answer stood between its sending and its record.
pub(crate) fn nobody_is_told_twice_without_a_reason(ledger: &Ledger, wrong: &mut Vec<String>) {
    for (effect, count) in &ledger.arrived {
        let allowed = 1 + ledger.excused.get(effect).copied().unwrap_or(0);
        if *count > allowed {
            wrong.push(format!("message {effect} came {count} times, and {allowed} are explained"));
        }
    }
}

/// A message of which it was recorded that a provider took it is neither tried again nor given up.
pub(crate) fn what_was_recorded_as_taken_is_over(ledger: &Ledger, world: &World, wrong: &mut Vec<String>) {
    for effect in &ledger.recorded {
        if world.effects.get(*effect).is_some() || world.paging.message(*effect).is_some() {
            wrong.push(format!("message {effect} was taken, and is still on its way"));
        }
    }
}

/// An alert that a sender was told is taken is found by its key, until somebody ends it or its time is over.
pub(crate) fn every_alert_that_was_taken_is_found(
    ledger: &Ledger,
    world: &World,
    now: Timestamp,
    wrong: &mut Vec<String>,
) {
    // The time of events never goes back, and what is over by it is over.
    let now = world.at.map_or(now, |at| at.max(now));
    for ((of, key), until) in &ledger.told {
        let must_be = until.is_none_or(|until| now < until);
        if must_be && world.alerts.open_by_key(*of, key).is_none() {
            wrong.push(format!("alert {key} was taken, and is not open"));
        }
    }
}

/// An open alert that may wake somebody is in an incident.
pub(crate) fn every_open_alert_is_in_an_incident(world: &World, wrong: &mut Vec<String>) {
    let failing: BTreeSet<&EntityRef> =
        world.incidents.recent().flat_map(|incident| incident.failing().map(|one| &one.check)).collect();
    for alert in world.alerts.open_alerts().filter(|alert| alert.severity != alerts::Severity::Info) {
        if !failing.contains(alert.reference()) {
            wrong.push(format!("alert {} is open and in no incident", alert.about.key));
        }
    }
}

/// A check goes down only at a place that reported it as failing: silence never does that.
pub(crate) fn silence_is_never_down(ledger: &Ledger, lives: &Lives, wrong: &mut Vec<String>) {
    for (check, location) in lives.went_down.difference(&ledger.reported) {
        wrong.push(format!("{} went down at {location}, where nothing was reported", check.short()));
    }
}

/// A page that is open has a time at which something becomes of it by itself.
pub(crate) fn an_open_page_has_a_next_time(world: &World, wrong: &mut Vec<String>) {
    for page in world.paging.unfinished().filter(|page| page.status == Status::Open) {
        if page.next_at.is_none() {
            wrong.push(format!("page {} is open, and nothing will become of it", page.number()));
        }
    }
}

/// A page that goes on is for an incident that does.
pub(crate) fn nobody_is_paged_for_what_is_over(world: &World, wrong: &mut Vec<String>) {
    let is_open = |of: &paging::Concern| {
        !of.ended && world.incidents.get(of.incident.incident).is_some_and(incidents::Incident::is_open)
    };
    for page in world.paging.unfinished().filter(|page| !page.concerns.is_empty()) {
        if !page.concerns.iter().any(is_open) {
            wrong.push(format!("page {} goes on, and its incident is over", page.number()));
        }
    }
}

/// An incident that nobody has taken on has a page that goes on, or one that somebody closed or that made room.
pub(crate) fn every_open_incident_has_told_somebody(world: &World, wrong: &mut Vec<String>) {
    let tells = |page: &paging::Page| match &page.status {
        Status::Open | Status::Exhausted { .. } => true,
        Status::Closed { why, .. } => *why != Closing::IncidentEnded,
        Status::Acknowledged { .. } => false,
    };
    for incident in world.incidents.open().filter(|incident| incident.acknowledged.is_none()) {
        if !world.paging.of_incident(incident.about.incident).any(tells) {
            wrong.push(format!("incident {} is open, and nobody is told of it", incident.number()));
        }
    }
}

/// Once the server did what is due and the store took it, nothing is due any more.
pub(crate) fn nothing_waits_beyond_its_time(world: &World, now: Timestamp, wrong: &mut Vec<String>) {
    if let Some(next) = world.paging.next_due().filter(|next| *next <= now) {
        wrong.push(format!("something of pages is due since {next}, and it is {now}"));
    }
}

/// Once the server looked for silence and the store took it, what nobody has heard of is unknown.
pub(crate) fn what_is_not_heard_is_unknown(
    world: &World,
    last_heard: impl Fn(&EntityRef, Timestamp) -> Timestamp,
    now: Timestamp,
    wrong: &mut Vec<String>,
) {
    for watch in world.checks.watches().filter(|watch| !watch.paused && watch.verdict != Verdict::Unknown) {
        let quiet = now.duration_since(last_heard(&watch.definition.check, watch.since));
        if quiet.is_positive() && quiet.unsigned_abs() > watch.definition.silent_after() {
            let (check, verdict) = (watch.definition.check.short(), watch.verdict.as_str());
            wrong.push(format!("{check} is {verdict}, and nothing was heard of it for {quiet:?}"));
        }
    }
}

/// What only one place sees pages nobody, and changes nothing about how long a check was up.
pub(crate) fn one_bad_location_pages_nobody(
    world: &World,
    truly_failed: &BTreeSet<EntityRef>,
    from: Timestamp,
    now: Timestamp,
    wrong: &mut Vec<String>,
) {
    for watch in world.checks.watches().filter(|watch| !truly_failed.contains(&watch.definition.check)) {
        let check = &watch.definition.check;
        let uptime = checks::uptime(watch, from, now);
        if uptime.down != SignedDuration::ZERO || watch.down_since.is_some() {
            let places: Vec<_> = watch.failing.iter().map(|(place, it)| (place, it.since, it.down)).collect();
            let (check, down) = (check.short(), uptime.down);
            wrong.push(format!("{check} was down for {down:?}, as one place alone saw it; failing now: {places:?}"));
        }
        if world.incidents.recent().any(|incident| incident.checks.iter().any(|known| known.check == *check)) {
            wrong.push(format!("{} is in an incident, as one place alone saw it fail", check.short()));
        }
    }
}

/// Every result that a probe was told is taken is counted in its samples.
pub(crate) fn no_result_is_lost(ledger: &Ledger, store: &dyn Store, at: Timestamp, wrong: &mut Vec<String>) {
    const DAYS_MIN: i64 = 30 * 24 * 60;
    let minute = at.as_second().div_euclid(60);
    for (series, taken) in &ledger.results {
        let (from_minute, to_minute) = (minute - DAYS_MIN, minute + DAYS_MIN);
        let range = SampleRange { series: series.clone(), from_minute, to_minute, step_minutes: 2 * DAYS_MIN as u32 };
        let kept = store
            .samples(&range)
            .map(|samples| samples.iter().map(|sample| sample.measured.count() + sample.errors).sum::<u64>());
        match kept {
            Ok(kept) if kept >= *taken => {}
            Ok(kept) => wrong.push(format!("{taken} results of {series} were taken, and {kept} are kept")),
            Err(error) => wrong.push(format!("the samples of {series} can't be read: {error}")),
        }
    }
}

/// After a quiet time each page was answered, is over, or is an alarm that everybody who was reached has got; and no
/// message is on its way.
pub(crate) fn every_page_has_ended(lives: &Lives, world: &World, wrong: &mut Vec<String>) {
    for (number, life) in &lives.pages {
        match life.stage {
            Stage::Open => wrong.push(format!("page {number} is neither answered nor escalated to its end")),
            Stage::Exhausted => {
                let is_loud = world.paging.exhausted().any(|page| page.number() == *number);
                if !is_loud {
                    wrong.push(format!("page {number} was never answered, and is no alarm"));
                }
                for person in life.reached.difference(&life.alarmed) {
                    wrong.push(format!("{} was never told that nobody answers page {number}", person.short()));
                }
            }
            Stage::Ended => {}
        }
    }
    if let Some(message) = world.paging.messages().next() {
        wrong.push(format!("a message to {} is still on its way", message.person.short()));
    }
    if let Some(next) = world.paging.next_due() {
        wrong.push(format!("something of pages still waits, until {next}"));
    }
}

/// Every message that a provider took, of which the server knew, is recorded as sent.
pub(crate) fn what_was_taken_is_recorded(ledger: &Ledger, lives: &Lives, wrong: &mut Vec<String>) {
    for effect in ledger.taken.iter().filter(|effect| !ledger.excused.contains_key(effect)) {
        if !lives.sent.contains(effect) {
            wrong.push(format!("message {effect} was taken, and is not recorded as sent"));
        }
    }
}

/// How far a page has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    Exhausted,
    Ended,
}

/// What the events say of one page.
#[derive(Debug, Default)]
struct Life {
    stage: Stage,
    /// Whom it was to tell, by something that they have.
    reached: BTreeSet<EntityRef>,
    /// Who was told that nobody answered.
    alarmed: BTreeSet<EntityRef>,
    incidents: BTreeSet<IncidentId>,
}

/// The pages, as their events tell.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    pages: BTreeMap<u64, Life>,
    ended_incidents: BTreeSet<IncidentId>,
    messages: BTreeMap<EffectId, Option<Outcome>>,
    sent: BTreeSet<EffectId>,
    went_down: BTreeSet<(EntityRef, String)>,
}

impl Lives {
    /// Follows one event. A page goes only where a page can go, and ends once.
    pub(crate) fn see(&mut self, event: &Event, stamp: &Stamp, wrong: &mut Vec<String>) {
        let mut expect = |is_right: bool, what: &str| {
            if !is_right {
                wrong.push(format!("position {}: {what}", stamp.position));
            }
        };
        match event {
            Event::Incidents(incidents::Event::Resolved { about, .. } | incidents::Event::Merged { about, .. }) => {
                self.ended_incidents.insert(about.incident);
            }
            Event::Incidents(incidents::Event::Joined { about, .. }) => {
                expect(!self.ended_incidents.contains(&about.incident), "something joined an incident that is over");
            }
            Event::Incidents(incidents::Event::Reopened { about, .. }) => {
                self.ended_incidents.remove(&about.incident);
            }
            Event::Checks(checks::Event::WentDown { check, location, .. }) => {
                self.went_down.insert((check.clone(), location.clone()));
            }
            Event::Paging(event) => self.see_page(event, &mut expect),
            Event::Access(_)
            | Event::Actions(_)
            | Event::Alerts(_)
            | Event::Catalog(_)
            | Event::Checks(_)
            | Event::Contracts(_)
            | Event::Deploys(_)
            | Event::Effects(_)
            | Event::Flags(_)
            | Event::Incidents(_)
            | Event::Journal(_)
            | Event::Oncall(_)
            | Event::Postmortems(_)
            | Event::Statuspage(_)
            | Event::Slo(_) => {}
        }
    }

    fn see_page(&mut self, event: &paging::Event, expect: &mut impl FnMut(bool, &str)) {
        use paging::Event as E;
        match event {
            E::Opened { page, about, .. } => {
                let incidents = about.incident.iter().map(|of| of.incident).collect();
                let life = Life { incidents, ..Life::default() };
                expect(self.pages.insert(page.number, life).is_none(), "a page was opened twice");
            }
            E::Joined { page, incident, .. } => {
                let Some(life) = self.pages.get_mut(&page.number) else { return };
                expect(life.stage == Stage::Open, "something was put into a page that is not open");
                life.incidents.extend(incident.iter().map(|of| of.incident));
            }
            E::Reached { page, people, .. } => {
                let Some(life) = self.pages.get_mut(&page.number) else { return };
                expect(life.stage == Stage::Open, "a page that is not open reached somebody");
                life.reached.extend(people.iter().map(|telling| telling.person.clone()));
            }
            E::Dispatched { effect, person, lines, .. } => {
                expect(self.messages.insert(*effect, None).is_none(), "a message went out twice");
                expect(!lines.is_empty(), "a message says nothing");
                for line in lines {
                    let Some(life) = self.pages.get_mut(&line.page.number) else { continue };
                    match line.kind {
                        Kind::Page => expect(life.stage != Stage::Ended, "a page is told that is over"),
                        Kind::Alarm => {
                            expect(life.stage == Stage::Exhausted, "an alarm is told of a page that is none");
                            life.alarmed.insert(person.clone());
                        }
                        Kind::FollowUp => expect(life.stage == Stage::Ended, "a page is said to be over that is not"),
                    }
                }
            }
            E::Delivered { effect, outcome, .. } => {
                let before = self.messages.insert(*effect, Some(outcome.clone()));
                let goes_on = matches!(before, Some(None | Some(Outcome::Retrying { .. })));
                expect(goes_on, "something became of a message that was not on its way");
                if *outcome == Outcome::Sent {
                    self.sent.insert(*effect);
                }
            }
            E::Exhausted { page } => {
                let Some(life) = self.pages.get_mut(&page.number) else { return };
                expect(life.stage == Stage::Open, "a page came to its end twice, or after it was over");
                life.stage = Stage::Exhausted;
            }
            E::Acknowledged { page, .. } => self.end(page.number, None, expect),
            E::Closed { page, why, .. } => self.end(page.number, Some(*why), expect),
            E::Escalated { page } | E::Reassigned { page, .. } => {
                let is_open = self.pages.get(&page.number).is_none_or(|life| life.stage == Stage::Open);
                expect(is_open, "a page that is not open was escalated or given away");
            }
            E::Renotified { page } => {
                let is_over = self.pages.get(&page.number).is_some_and(|life| life.stage == Stage::Ended);
                expect(!is_over, "a page that is over is told again");
            }
            E::Moved { page, from, into } => {
                expect(!self.ended_incidents.contains(&into.incident), "a page moved to an incident that is over");
                let Some(life) = self.pages.get_mut(&page.number) else { return };
                expect(life.stage != Stage::Ended, "a page moved that is over");
                expect(life.incidents.remove(from), "a page moved from an incident that it was not for");
                life.incidents.insert(into.incident);
            }
            E::PolicyDefined { .. }
            | E::PolicyRemoved { .. }
            | E::MethodAdded { .. }
            | E::MethodVerified { .. }
            | E::MethodRemoved { .. }
            | E::RulesSet { .. }
            | E::Left { .. } => {}
        }
    }

    fn end(&mut self, number: u64, why: Option<Closing>, expect: &mut impl FnMut(bool, &str)) {
        let Some(life) = self.pages.get_mut(&number) else { return };
        expect(life.stage != Stage::Ended, "a page ended twice");
        if why == Some(Closing::IncidentEnded) {
            let all_ended = life.incidents.is_subset(&self.ended_incidents) && !life.incidents.is_empty();
            expect(all_ended, "a page was closed for the end of an incident that goes on");
        }
        expect(why != Some(Closing::MadeRoom) || life.stage == Stage::Exhausted, "an open page made room");
        life.stage = Stage::Ended;
    }
}
