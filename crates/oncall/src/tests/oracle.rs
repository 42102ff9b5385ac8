//! Final schedules against an evaluation minute by minute that knows nothing of spans.

use std::collections::HashMap;

use jiff::{SignedDuration, civil::DateTime};
use proptest::{collection::vec, sample::select};

use super::{layers::log_of, *};
use crate::{FinalSchedule, Restriction, final_schedule, gaps, on_call_for};

/// Days that are looked at. Each of the zones changes its clocks, or skips a day, in one of the stretches.
const DAYS: i64 = 9;
const STRETCHES: [(&str, &str); 6] = [
    ("Europe/Lisbon", "2026-03-25T00:00:00Z"),
    ("Europe/Lisbon", "2026-10-21T00:00:00Z"),
    ("America/New_York", "2026-10-28T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-01T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-01T00:00:00Z"),
    ("Pacific/Apia", "2011-12-26T00:00:00Z"),
];

/// What a wall clock has shown at most, minute by minute: it never goes back.
fn clock(zone: &TimeZone, from: Timestamp, minutes: i64) -> Vec<DateTime> {
    let before = 3 * 24 * 60;
    let mut shown = DateTime::MIN;
    let mut clock = Vec::new();
    for minute in -before..minutes {
        shown = shown.max(zone.to_datetime(from + SignedDuration::from_mins(minute)));
        if minute >= 0 {
            clock.push(shown);
        }
    }
    clock
}

fn covers(restrict: &[Restriction], shown: DateTime) -> bool {
    restrict.is_empty()
        || restrict.iter().any(|restriction| {
            [shown.date().yesterday().unwrap(), shown.date()].into_iter().any(|day| {
                let on = restriction.days.is_empty()
                    || restriction.days.iter().any(|name| {
                        let number = day.weekday().to_monday_one_offset();
                        Weekday::ALL.iter().position(|other| other == name) == usize::try_from(number - 1).ok()
                    });
                let until = if restriction.to > restriction.from { day } else { day.tomorrow().unwrap() };
                on && day.to_datetime(restriction.from) <= shown && shown < until.to_datetime(restriction.to)
            })
        })
}

/// Who has the turn at a minute: hand-overs are counted one by one, each by the clock.
fn turns(rotation: &Rotation, zone: &TimeZone, from: Timestamp, clock: &[DateTime]) -> Vec<Option<EntityRef>> {
    let step = |number: i64| match rotation.length {
        TurnLength::Hours(hours) => jiff::Span::new().hours(number * i64::from(hours)),
        TurnLength::Days(days) => jiff::Span::new().days(number * i64::from(days)),
        TurnLength::Weeks(weeks) => jiff::Span::new().weeks(number * i64::from(weeks)),
        TurnLength::Months(months) => jiff::Span::new().months(number * i64::from(months)),
    };
    let by_the_hour = matches!(rotation.length, TurnLength::Hours(_));
    let begun = |number: i64, minute: usize| {
        let local = rotation.first_handover() + step(number);
        if by_the_hour {
            return local <= clock[minute];
        }
        let at = from + SignedDuration::from_mins(i64::try_from(minute).unwrap());
        zone.to_ambiguous_timestamp(local).compatible().unwrap() <= at
    };
    let mut next = 0;
    let mut turns = Vec::new();
    for minute in 0..clock.len() {
        while begun(next, minute) {
            next += 1;
        }
        let people = i64::try_from(rotation.people.len()).unwrap();
        turns.push((next > 0).then(|| rotation.people[usize::try_from((next - 1) % people).unwrap()].clone()));
    }
    turns
}

fn any_hours() -> impl Strategy<Value = Vec<Restriction>> {
    let time = (0..24_i8, 0..4_i8).prop_map(|(hour, quarter)| Time::new(hour, quarter * 15, 0, 0).unwrap());
    let days = vec(select(Weekday::ALL.to_vec()), 0..4);
    vec((days, time.clone(), time).prop_map(|(days, from, to)| Restriction { days, from, to }), 0..3)
}

type Raw = (TurnLength, Time, i32, usize, Option<u8>, Vec<Restriction>, bool);

fn any_part() -> impl Strategy<Value = Raw> {
    let length = prop_oneof![
        (1..30_u16).prop_map(TurnLength::Hours),
        (1..4_u16).prop_map(TurnLength::Days),
        Just(TurnLength::Weeks(1)),
        Just(TurnLength::Months(1)),
    ];
    let time = (0..24_i8, 0..4_i8).prop_map(|(hour, quarter)| Time::new(hour, quarter * 15, 0, 0).unwrap());
    let layer = proptest::option::of(0..4_u8);
    (length, time, -20..4_i32, 1..4_usize, layer, any_hours(), any::<bool>())
}

fn built(number: usize, zone: &str, from: Timestamp, raw: Raw) -> Rotation {
    let (length, time, later, people, layer, restrict, own_zone) = raw;
    let zone = if own_zone { "Asia/Kolkata" } else { zone };
    let begins = TimeZone::UTC.to_datetime(from).date();
    Rotation {
        rotation: reference(&format!("rotation:r{number}")),
        team: team(),
        people: (0..people).map(|person| reference(&format!("user:p{number}{person}"))).collect(),
        time_zone: zone.to_owned(),
        handover: Handover { weekday: None, time },
        length,
        starts: begins.saturating_add(jiff::Span::new().days(later)),
        schedule: Some("all".to_owned()),
        layer,
        order: None,
        restrict,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_final_schedule_says_what_each_minute_says(
        (zone_name, from) in select(STRETCHES.to_vec()),
        parts in vec(any_part(), 1..4),
        overrides in vec((0..4_usize, 0..DAYS * 24 * 4, 1..300_i64, 0..3_usize), 0..5),
    ) {
        let from = moment(from);
        let minutes = DAYS * 24 * 60;
        let at = |minute: i64| from + SignedDuration::from_mins(minute);
        let parts: Vec<Rotation> =
            parts.into_iter().enumerate().map(|(number, raw)| built(number, zone_name, from, raw)).collect();
        let mut log = log_of(parts.clone());
        let overrides: Vec<_> = overrides
            .into_iter()
            .map(|(part, quarter, length, who)| (part % parts.len(), quarter * 15, quarter * 15 + length * 15, who))
            .collect();
        for (part, begins, ends, who) in &overrides {
            let (rotation, person) = (parts[*part].rotation.clone(), reference(&format!("user:o{who}")));
            log.give(Command::SetOverride { rotation, person, from: at(*begins), to: at(*ends) }).unwrap();
        }
        let told = |part: usize, minute: i64| {
            let of_part = overrides.iter().rev().find(|(of, begins, ends, _)| {
                *of == part && (*begins..*ends).contains(&minute)
            });
            of_part.map(|(_, _, _, who)| reference(&format!("user:o{who}")))
        };
        let mut clocks: HashMap<&str, Vec<DateTime>> = HashMap::new();
        let mut by_layer: Vec<(u8, usize, Vec<Option<EntityRef>>)> = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let zone = zone(&part.time_zone).unwrap();
            let clock = clocks.entry(&part.time_zone).or_insert_with(|| clock(&zone, from, minutes));
            let turns = turns(part, &zone, from, clock);
            let who = |minute: i64| {
                let index = usize::try_from(minute).unwrap();
                let on = covers(&part.restrict, clock[index]);
                on.then(|| told(number, minute).or_else(|| turns[index].clone())).flatten()
            };
            by_layer.push((part.layer.unwrap_or(0), number, (0..minutes).map(who).collect()));
        }
        by_layer.sort_by_key(|(layer, number, _)| (std::cmp::Reverse(*layer), *number));
        let expected = |minute: usize| by_layer.iter().find_map(|(_, _, who)| who[minute].as_ref());

        let found = final_schedule(&log.state, &team(), from, at(minutes));
        let [FinalSchedule { spans, .. }] = found.as_slice() else { panic!("{found:?}") };
        prop_assert!(spans.windows(2).all(|pair| pair[0].to <= pair[1].from));
        prop_assert!(spans.iter().all(|span| span.from < span.to && span.from < at(minutes) && span.to > from));
        let mut coming = spans.iter().peekable();
        for minute in 0..minutes {
            while coming.next_if(|span| span.to <= at(minute)).is_some() {}
            let span = coming.peek().filter(|span| span.from <= at(minute));
            let index = usize::try_from(minute).unwrap();
            prop_assert_eq!(span.map(|span| &span.person), expected(index), "{} of {:?}", at(minute), parts);
            if minute % 61 == 0 {
                let people = on_call_for(&log.state, &team(), at(minute));
                prop_assert_eq!(people.first(), expected(index));
                let now = current(&log.state, &team(), at(minute));
                prop_assert_eq!(now.first().map(|now| &now.person), expected(index));
                let later = final_schedule(&log.state, &team(), at(minute), at(minute + 1));
                prop_assert_eq!(later[0].spans.first(), span.copied(), "a span is the same wherever one begins to look");
                prop_assert_eq!(gap(&log.state, &team(), at(minute)).is_none(), expected(index).is_some());
            }
        }
        let missing = gaps(&log.state, &team(), from, at(minutes), |_| true);
        prop_assert!(missing.windows(2).all(|pair| pair[0].to <= pair[1].from));
        for minute in 0..minutes {
            let gap = missing.iter().any(|gap| gap.from <= at(minute) && at(minute) < gap.to);
            prop_assert_eq!(gap, expected(usize::try_from(minute).unwrap()).is_none());
        }
    }
}
