mod calendar;
mod clocks;
mod gaps;
mod golden;
mod layers;
mod oracle;
mod swaps;

use jiff::{
    Timestamp,
    civil::{Date, Time, date},
    tz::TimeZone,
};
use kernel::{Actor, Code, Context, EntityRef, IdSeed, Refusal, Stamp, Weekday, codes, zone, zone_names};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    Command, Event, Gap, Handover, Rotation, Shift, State, TurnLength, current, decide, gap, on_call, schedule, undo,
};

fn reference(text: &str) -> EntityRef {
    text.parse().unwrap()
}

fn team() -> EntityRef {
    reference("group:money")
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn rotation(people: &[&str], time_zone: &str, handover: &str, length: &str, starts: &str) -> Rotation {
    let spec = json!({
        "team": "money", "people": people, "time_zone": time_zone,
        "handover": handover, "length": length, "starts": starts,
    });
    Rotation::from_spec(reference("rotation:money"), &spec).unwrap()
}

fn weekly() -> Rotation {
    rotation(&["jo", "kim", "lee"], "Europe/Berlin", "monday 09:00", "1 week", "2026-03-10")
}

/// Who is on call at a moment, and from when to when.
fn on_call_at(rotation: &Rotation, at: &str, expected: Option<(&str, &str, &str)>) {
    let actual = on_call(rotation, moment(at));
    let actual = actual.map(|shift| (shift.person.name().to_owned(), shift.from.to_string(), shift.to.to_string()));
    let expected = expected.map(|(person, from, to)| (person.to_owned(), from.to_owned(), to.to_owned()));
    assert_eq!(actual, expected, "at {at}");
}

#[test]
fn turns_begin_on_the_first_fitting_day_and_keep_their_local_time_over_a_change_of_the_clocks() {
    let rotation = weekly();
    on_call_at(&rotation, "2026-03-16T07:59:59Z", None);
    on_call_at(&rotation, "2026-03-16T08:00:00Z", Some(("jo", "2026-03-16T08:00:00Z", "2026-03-23T08:00:00Z")));
    on_call_at(&rotation, "2026-03-23T07:59:59Z", Some(("jo", "2026-03-16T08:00:00Z", "2026-03-23T08:00:00Z")));
    // Berlin's clocks go forward on 29 March: the turn is an hour shorter.
    on_call_at(&rotation, "2026-03-29T12:00:00Z", Some(("kim", "2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z")));
    on_call_at(&rotation, "2026-03-30T07:00:00Z", Some(("lee", "2026-03-30T07:00:00Z", "2026-04-06T07:00:00Z")));
    on_call_at(&rotation, "2026-04-06T07:00:00Z", Some(("jo", "2026-04-06T07:00:00Z", "2026-04-13T07:00:00Z")));
}

#[test]
fn a_time_that_the_clocks_skip_is_later_and_of_one_that_comes_twice_it_is_the_first() {
    let daily = rotation(&["jo", "kim"], "Europe/Berlin", "02:30", "1 day", "2026-03-28");
    // 02:30 on 29 March does not exist; the hand-over is at 03:30, which is 01:30 UTC.
    on_call_at(&daily, "2026-03-29T01:29:59Z", Some(("jo", "2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z")));
    on_call_at(&daily, "2026-03-29T01:30:00Z", Some(("kim", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z")));
    let daily = rotation(&["jo", "kim"], "Europe/Berlin", "02:30", "1 day", "2026-10-24");
    // 02:30 on 25 October comes twice; the first is at 00:30 UTC.
    on_call_at(&daily, "2026-10-25T00:30:00Z", Some(("kim", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")));
}

#[test]
fn a_day_that_a_country_skipped_is_a_turn_of_no_length() {
    // Samoa had no 30 December 2011.
    let daily = rotation(&["jo", "kim", "lee"], "Pacific/Apia", "09:00", "1 day", "2011-12-29");
    on_call_at(&daily, "2011-12-30T18:59:59Z", Some(("jo", "2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z")));
    on_call_at(&daily, "2011-12-30T19:00:00Z", Some(("lee", "2011-12-30T19:00:00Z", "2011-12-31T19:00:00Z")));
}

#[derive(Default)]
struct Log {
    state: State,
    events: Vec<(Event, Stamp)>,
}

impl Log {
    fn with(rotation: Rotation) -> Self {
        let mut log = Self::default();
        log.give(Command::DefineRotation { definition: rotation }).unwrap();
        log
    }

    fn give(&mut self, command: Command) -> Result<usize, Refusal> {
        let seed = IdSeed(self.events.len() as u128 + 1);
        let context = Context::new(moment("2026-03-01T00:00:00Z"), Actor::Person("jo".to_owned()), seed);
        let events = decide(&self.state, command, &context)?;
        for event in &events {
            let stamp = Stamp {
                position: self.events.len() as u64 + 1,
                event: context.id(),
                command: context.command,
                at: context.now,
                actor: context.actor.clone(),
                reason: None,
            };
            self.state.fold(event, &stamp);
            self.events.push((event.clone(), stamp));
        }
        Ok(events.len())
    }

    fn put_in(&mut self, person: &str, from: &str, to: &str) -> Result<usize, Refusal> {
        let (rotation, person) = (reference("rotation:money"), reference(person));
        self.give(Command::SetOverride { rotation, person, from: moment(from), to: moment(to) })
    }

    fn undo_last(&mut self) -> Result<usize, Refusal> {
        let (event, stamp) = self.events.last().unwrap().clone();
        let command = undo(&self.state, &event, &stamp)?;
        self.give(command)
    }

    fn plan(&self, from: &str, to: &str) -> Vec<String> {
        let roster = self.state.roster(&reference("rotation:money")).unwrap();
        let words = |shift: Shift| {
            let instead = shift.instead_of.map_or_else(String::new, |person| format!(" for {}", person.name()));
            format!("{}{instead} from {}", shift.person.name(), shift.from)
        };
        schedule(roster, moment(from), moment(to)).into_iter().map(words).collect()
    }
}

#[test]
fn an_override_cuts_the_turn_and_the_newest_holds() {
    let mut log = Log::with(weekly());
    log.put_in("user:lee", "2026-03-17T00:00:00Z", "2026-03-19T00:00:00Z").unwrap();
    log.put_in("user:max", "2026-03-18T00:00:00Z", "2026-03-24T00:00:00Z").unwrap();
    assert_eq!(
        log.plan("2026-03-16T12:00:00Z", "2026-03-30T00:00:00Z"),
        [
            "jo from 2026-03-16T08:00:00Z",
            "lee for jo from 2026-03-17T00:00:00Z",
            "max for jo from 2026-03-18T00:00:00Z",
            "max for kim from 2026-03-23T08:00:00Z",
            "kim from 2026-03-24T00:00:00Z",
        ]
    );
    let now = current(&log.state, &team(), moment("2026-03-20T00:00:00Z"));
    assert_eq!((now[0].person.name(), now[0].until), ("max", moment("2026-03-24T00:00:00Z")));
    assert_eq!(now[0].next, Some(reference("user:kim")));
    assert_eq!(now[0].overridden, Some(reference("user:jo")));
}

#[test]
fn a_rotation_of_one_is_on_call_until_the_hand_over_to_the_same_person() {
    let log = Log::with(rotation(&["jo"], "Europe/Lisbon", "monday 09:00", "1 week", "2026-01-05"));
    let now = current(&log.state, &team(), moment("2026-01-06T00:00:00Z"));
    assert_eq!((now[0].until, &now[0].next), (moment("2026-01-12T09:00:00Z"), &None));
}

#[test]
fn nobody_on_call_is_a_gap_with_its_reason() {
    let log = Log::with(weekly());
    let before = moment("2026-03-01T00:00:00Z");
    assert_eq!(gap(&log.state, &reference("group:other"), before), Some(Gap::NoRotation));
    let starts = date(2026, 3, 16).at(9, 0, 0, 0);
    let (rotation, time_zone) = (reference("rotation:money"), "Europe/Berlin".to_owned());
    assert_eq!(gap(&log.state, &team(), before), Some(Gap::NotStarted { rotation, starts, time_zone }));
    assert_eq!(gap(&log.state, &team(), moment("2026-03-17T00:00:00Z")), None);
    assert!(current(&log.state, &team(), before).is_empty());
}

fn refused(result: Result<usize, Refusal>, code: &'static Code, words: &str) {
    let refusal = result.unwrap_err();
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(refusal.to_string().contains(words), "{refusal}");
}

#[test]
fn overrides_that_make_no_sense_are_refused_and_sensible_ones_can_be_undone() {
    let mut log = Log::with(weekly());
    refused(log.put_in("user:jo", "2026-03-18T00:00:00Z", "2026-03-18T00:00:00Z"), &codes::INVALID, "ends before");
    refused(log.put_in("user:jo", "2026-03-18T00:00:00Z", "2026-06-17T00:00:00Z"), &codes::INVALID, "90 days");
    refused(log.put_in("group:jo", "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z"), &codes::INVALID, "not a user");
    assert_eq!(log.put_in("user:kim", "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z"), Ok(1));
    assert_eq!(log.put_in("user:kim", "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z"), Ok(0), "said twice");
    let (set, stamp) = log.events.last().unwrap().clone();
    assert_eq!(log.undo_last(), Ok(1));
    assert_eq!(log.events.last().unwrap().0.kind(), "oncall.override_cleared");
    assert_eq!(undo(&log.state, &set, &stamp).unwrap_err().code, &codes::CONFLICT);
    assert_eq!(log.undo_last(), Ok(1));
    assert_eq!(log.events.last().unwrap().0.kind(), "oncall.override_set");
    let (defined, stamp) = log.events[0].clone();
    assert_eq!(undo(&log.state, &defined, &stamp).unwrap_err().code, &codes::IRREVERSIBLE);
    let gone = Command::RemoveRotation { rotation: reference("rotation:gone") };
    refused(log.give(gone), &codes::NOT_FOUND, "no rotation gone");
}

#[test]
fn a_changed_rotation_keeps_its_overrides_and_state_can_be_written_and_read() {
    let mut log = Log::with(weekly());
    log.put_in("user:kim", "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z").unwrap();
    assert_eq!(log.give(Command::DefineRotation { definition: weekly() }), Ok(0));
    let mut changed = weekly();
    changed.people.reverse();
    assert_eq!(log.give(Command::DefineRotation { definition: changed }), Ok(1));
    let bytes = rmp_serde::to_vec_named(&log.state).unwrap();
    let read: State = rmp_serde::from_slice(&bytes).unwrap();
    assert_eq!(read.roster(&reference("rotation:money")), log.state.roster(&reference("rotation:money")));
    assert_eq!(read.roster(&reference("rotation:money")).unwrap().overrides.len(), 1);
    for (event, _) in &log.events {
        let json = serde_json::to_string(event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), *event);
    }
    assert_eq!(
        log.events[0].0.summary(),
        "defined rotation money of money: jo, kim and lee, 1 week each, from monday 09:00 (Europe/Berlin)"
    );
}

fn rejects(key: &str, value: Value, pointer: &str, words: &str, suggestion: Option<&str>) {
    let mut spec = json!({
        "team": "money", "people": ["jo"], "time_zone": "Europe/Berlin",
        "handover": "monday 09:00", "length": "1 week", "starts": "2026-01-05",
    });
    spec[key] = value;
    let problems = Rotation::from_spec(reference("rotation:money"), &spec).unwrap_err();
    let found = problems.iter().find(|problem| problem.pointer == pointer);
    let problem = found.unwrap_or_else(|| panic!("{problems:?}"));
    assert!(problem.message.contains(words), "{problem:?}");
    assert_eq!(problem.suggestion.as_deref(), suggestion, "{problem:?}");
}

#[test]
fn what_is_wrong_in_a_rotation_is_named_with_its_place() {
    rejects("people", json!([]), "/spec/people", "at least one", None);
    rejects("people", json!(["jo", "user:JO"]), "/spec/people", "jo twice", None);
    rejects("people", json!(["group:jo"]), "/spec/people/0", "not a user", None);
    rejects("peopel", json!([]), "/spec/peopel", "not known", Some("people"));
    rejects("team", json!("user:jo"), "/spec/team", "not a group", None);
    rejects("time_zone", json!("Europe/Berln"), "/spec/time_zone", "IANA", Some("Europe/Berlin"));
    rejects("handover", json!("mondai 09:00"), "/spec/handover", "such as", Some("monday 09:00"));
    rejects("handover", json!("monday 25:00"), "/spec/handover", "such as", None);
    rejects("handover", json!("09:00"), "/spec/handover", "must name a day", Some("monday 09:00"));
    rejects("length", json!("1 day"), "/spec/handover", "must not name a day", Some("09:00"));
    rejects("length", json!("fortnight"), "/spec/length", "such as", None);
    rejects("length", json!("0 weeks"), "/spec/length", "such as", None);
    rejects("length", json!("60 weeks"), "/spec/length", "366 days", None);
    rejects("length", json!("13 months"), "/spec/length", "366 days", None);
    rejects("length", json!("1 month"), "/spec/handover", "turns are months long", Some("09:00"));
    rejects("length", json!("8 hours"), "/spec/handover", "turns are hours long", Some("09:00"));
    rejects("layer", json!(1), "/spec/layer", "needs a schedule", None);
    rejects("layer", json!(10), "/spec/layer", "from 0 to 9", None);
    rejects("order", json!(0), "/spec/order", "from 1 to 9", None);
    rejects("schedule", json!("two\nlines"), "/spec/schedule", "one line", None);
    rejects("restrict", json!([{"days": ["mondy"]}]), "/spec/restrict/0/days/0", "day of the week", Some("monday"));
    rejects("restrict", json!([{"from": "9am"}]), "/spec/restrict/0/from", "local time", None);
    rejects("restrict", json!([{"form": "09:00"}]), "/spec/restrict/0/form", "not known", Some("from"));
    rejects("restrict", json!(vec![json!({}); 21]), "/spec/restrict", "at most 20", None);
    rejects("starts", json!("soon"), "/spec/starts", "must be a date", None);
}

fn any_rotation() -> impl Strategy<Value = Rotation> {
    let names: Vec<String> = zone_names().into_iter().filter(|name| zone(name).is_some()).collect();
    let length = prop_oneof![
        (1..4_u16).prop_map(|weeks| (TurnLength::Weeks(weeks), true)),
        (1..10_u16).prop_map(|days| (TurnLength::Days(days), false)),
    ];
    (proptest::sample::select(names), 0..7_usize, 0..24_i8, 0..4_i8, length, 0..730_i32, 1..5_usize).prop_map(
        |(time_zone, day, hour, quarter, (length, weekly), later, people)| Rotation {
            rotation: reference("rotation:money"),
            team: team(),
            people: (0..people).map(|number| reference(&format!("user:p{number}"))).collect(),
            time_zone,
            handover: Handover {
                weekday: weekly.then(|| Weekday::ALL[day]),
                time: Time::new(hour, quarter * 15, 0, 0).unwrap(),
            },
            length,
            starts: date(2024, 1, 1).saturating_add(jiff::Span::new().days(later)),
            schedule: None,
            layer: None,
            order: None,
            restrict: Vec::new(),
        },
    )
}

/// The day and time that a hand-over should be at, unless the clocks skip it.
fn declared(shift: &Shift, rotation: &Rotation, zone: &TimeZone, number: usize) -> bool {
    let days = match rotation.length {
        TurnLength::Days(days) => days,
        TurnLength::Weeks(weeks) => weeks * 7,
        TurnLength::Hours(_) | TurnLength::Months(_) => unreachable!(),
    };
    let days = i32::from(days) * i32::try_from(number).unwrap();
    let day: Date = rotation.first_handover().date().saturating_add(jiff::Span::new().days(days));
    let wanted = day.to_datetime(rotation.handover.time);
    let skipped = zone.to_ambiguous_timestamp(wanted).is_ambiguous();
    let actual = zone.to_datetime(shift.from);
    actual == wanted || (skipped && actual > wanted)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn turns_tile_time_and_each_begins_at_the_declared_local_time(rotation in any_rotation()) {
        let zone = zone(&rotation.time_zone).unwrap();
        let first = zone.to_ambiguous_timestamp(rotation.first_handover()).compatible().unwrap();
        prop_assert!(on_call(&rotation, first - jiff::SignedDuration::from_secs(1)).is_none());
        let log = Log::with(rotation.clone());
        let end = first + jiff::SignedDuration::from_hours(2 * 365 * 24);
        let shifts = schedule(log.state.rosters().next().unwrap(), first, end);
        prop_assert_eq!(shifts.first().unwrap().from, first);
        prop_assert!(shifts.last().unwrap().to >= end);
        for (number, shift) in shifts.iter().enumerate() {
            prop_assert!(declared(shift, &rotation, &zone, number), "{number}: {shift:?}");
            prop_assert_eq!(&shift.person, &rotation.people[number % rotation.people.len()]);
            prop_assert_eq!(on_call(&rotation, shift.from), Some(shift.clone()));
            prop_assert_eq!(on_call(&rotation, shift.to - jiff::SignedDuration::from_secs(1)), Some(shift.clone()));
        }
        prop_assert!(shifts.windows(2).all(|pair| pair[0].to == pair[1].from));
    }

    #[test]
    fn overrides_leave_no_gap_and_no_overlap(
        rotation in any_rotation(),
        overrides in proptest::collection::vec((0..5000_i64, 1..2000_i64, 0..3_usize), 0..12),
    ) {
        let zone = zone(&rotation.time_zone).unwrap();
        let first = zone.to_ambiguous_timestamp(rotation.first_handover()).compatible().unwrap();
        let hours = |hours: i64| first + jiff::SignedDuration::from_hours(hours);
        let mut log = Log::with(rotation);
        for (from, length, person) in &overrides {
            let (rotation, person) = (reference("rotation:money"), reference(&format!("user:p{person}")));
            log.give(Command::SetOverride { rotation, person, from: hours(*from), to: hours(from + length) }).unwrap();
        }
        let shifts = schedule(log.state.rosters().next().unwrap(), first, hours(8000));
        prop_assert!(shifts.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].from < pair[0].to));
        for hour in (0..7000).step_by(37) {
            let newest = overrides.iter().rev().find(|(from, length, _)| (*from..from + length).contains(&hour));
            let shift = shifts.iter().find(|shift| shift.from <= hours(hour) && hours(hour) < shift.to).unwrap();
            if let Some((_, _, person)) = newest {
                prop_assert_eq!(shift.person.name(), format!("p{person}"));
            } else {
                prop_assert_eq!(&shift.instead_of, &None);
            }
            let now = current(&log.state, &team(), hours(hour));
            prop_assert_eq!(&now[0].person, &shift.person);
        }
    }
}
