//! Reads a rotation from the catalog (`kind: Rotation`).

use jiff::civil::{Date, Time};
use kernel::{EntityRef, Weekday, closest};
use serde_json::Value;
use spec::{Fields, Problems, SpecProblem, Wrong, read};

use crate::{Handover, Restriction, Rotation, TurnLength};

const KEYS: [&str; 11] =
    ["owner", "team", "people", "time_zone", "handover", "length", "starts", "schedule", "layer", "order", "restrict"];
const RESTRICTION_KEYS: [&str; 3] = ["days", "from", "to"];
const PEOPLE: usize = 100;
const RESTRICTIONS: usize = 20;
const TEXT_BYTES: usize = 100;
const LONGEST_TURN_DAYS: u16 = 366;
const HIGHEST_LAYER: u64 = 9;
const LAST_PLACE: u64 = 9;

impl Rotation {
    /// Reads the `spec` of a `kind: Rotation` document. `owner` belongs to the catalog and isn't looked at here;
    /// whether the team and the people exist, neither.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn from_spec(rotation: EntityRef, spec: &Value) -> Result<Self, Vec<SpecProblem>> {
        let problems = Problems::default();
        let definition = definition(rotation, spec, &problems);
        problems.or(definition)
    }
}

fn definition(rotation: EntityRef, spec: &Value, problems: &Problems) -> Option<Rotation> {
    let fields = Fields::of_spec(spec, &KEYS, problems)?;
    let of_kind = |kind| {
        let read = read::reference(Some(kind), rotation.namespace());
        move |value: &Value| {
            let reference = read(value)?;
            let wrong = || Wrong::new(format!("{reference} is not a {kind}"));
            if reference.kind() == kind { Ok(reference) } else { Err(wrong()) }
        }
    };
    let team = fields.required("team", of_kind("group"));
    let people = people(&fields, of_kind("user"));
    let time_zone = fields.required("time_zone", read::time_zone);
    let length = fields.optional("length", length).unwrap_or(TurnLength::Weeks(1));
    let handover = fields.required("handover", handover);
    if let Some(handover) = handover {
        handover_fits(&fields, handover, length);
    }
    let starts = fields.required("starts", |value| {
        let form = || Wrong::new("must be a date, such as \"2026-01-05\"");
        read::text(TEXT_BYTES)(value)?.parse::<Date>().map_err(|_| form())
    });
    let schedule = fields.optional("schedule", schedule);
    let layer = fields.optional("layer", read::whole(0, HIGHEST_LAYER)).and_then(|layer| u8::try_from(layer).ok());
    if layer.is_some() && schedule.is_none() {
        let wrong = Wrong::new("needs a schedule that it is a layer of: give all its rotations the same `schedule`");
        fields.wrong("layer", wrong);
    }
    let order = fields.optional("order", read::whole(1, LAST_PLACE)).and_then(|order| u8::try_from(order).ok());
    let restrict = restrict(&fields);
    Some(Rotation {
        rotation,
        team: team?,
        people,
        time_zone: time_zone?,
        handover: handover?,
        length,
        starts: starts?,
        schedule,
        layer,
        order,
        restrict,
    })
}

/// Turns of weeks begin on a day of the week; others have none.
fn handover_fits(fields: &Fields<'_>, handover: Handover, length: TurnLength) {
    let wrong = match (handover.weekday, length) {
        (None, TurnLength::Weeks(_)) => {
            let daily = format!("monday {}", handover.in_words());
            Wrong::new("must name a day of the week, since turns are weeks long").suggesting(Some(daily))
        }
        (Some(_), TurnLength::Weeks(_)) | (None, _) => return,
        (Some(_), TurnLength::Days(days)) if days % 7 == 0 => return,
        (Some(_), TurnLength::Hours(_) | TurnLength::Days(_) | TurnLength::Months(_)) => {
            let words = length.in_words();
            let unit = words.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ' ');
            let unit = unit.trim_end_matches('s');
            let wrong = Wrong::new(format!("must not name a day of the week, since turns are {unit}s long"));
            wrong.suggesting(Some(handover.time.strftime("%H:%M").to_string()))
        }
    };
    fields.wrong("handover", wrong);
}

/// A name of a schedule: it stands in lists and calendars.
fn schedule(value: &Value) -> Result<String, Wrong> {
    let name = read::text(TEXT_BYTES)(value)?;
    if name.chars().any(char::is_control) || name.trim() != name {
        return Err(Wrong::new("must be one line without blanks at its ends"));
    }
    Ok(name)
}

fn restrict(fields: &Fields<'_>) -> Vec<Restriction> {
    let restriction = |fields: Fields<'_>| {
        let mut days = fields.list("days", Weekday::ALL.len(), read::weekday);
        days.sort_unstable();
        days.dedup();
        let time = |key| fields.optional(key, time);
        let (from, to) = (time("from").unwrap_or(Time::midnight()), time("to").unwrap_or(Time::midnight()));
        Restriction { days, from, to }
    };
    fields.objects("restrict", RESTRICTIONS, &RESTRICTION_KEYS).into_iter().map(restriction).collect()
}

/// `09:00`; `24:00` is midnight too.
fn time(value: &Value) -> Result<Time, Wrong> {
    let text = read::text(TEXT_BYTES)(value)?;
    if text == "24:00" {
        return Ok(Time::midnight());
    }
    Time::strptime("%H:%M", &text).map_err(|_| Wrong::new("must be a local time, such as \"09:00\""))
}

fn people(fields: &Fields<'_>, user: impl Fn(&Value) -> Result<EntityRef, Wrong>) -> Vec<EntityRef> {
    let people = fields.list("people", PEOPLE, user);
    if people.is_empty() {
        fields.wrong("people", Wrong::new("must name at least one person"));
    }
    for (at, person) in people.iter().enumerate() {
        if people.iter().take(at).any(|earlier| earlier == person) {
            fields.wrong("people", Wrong::new(format!("names {} twice", person.short())));
        }
    }
    people
}

/// `monday 09:00`, or `09:00` for turns of days.
fn handover(value: &Value) -> Result<Handover, Wrong> {
    let text = read::text(TEXT_BYTES)(value)?.to_lowercase();
    let form = || Wrong::new("must be a day and a local time, such as \"monday 09:00\"");
    let (weekday, time) = match text.split_once(' ') {
        Some((day, time)) => {
            let weekday = Weekday::ALL.into_iter().find(|weekday| weekday.as_str() == day).ok_or_else(|| {
                let day = closest(day, Weekday::ALL.map(Weekday::as_str));
                form().suggesting(day.map(|day| format!("{day} {}", time.trim())))
            })?;
            (Some(weekday), time.trim())
        }
        None => (None, text.as_str()),
    };
    let time = Time::strptime("%H:%M", time).map_err(|_| form())?;
    Ok(Handover { weekday, time })
}

/// `8 hours`, `1 day`, `2 weeks`, `1 month`.
fn length(value: &Value) -> Result<TurnLength, Wrong> {
    let text = read::text(TEXT_BYTES)(value)?.to_lowercase();
    let form = || Wrong::new("must be a number of hours, days, weeks or months, such as \"1 week\"");
    let (count, unit) = text.split_once(' ').ok_or_else(form)?;
    let count: u16 = count.parse().ok().filter(|count| *count > 0).ok_or_else(form)?;
    let (length, longest) = match unit.trim() {
        "hour" | "hours" => (TurnLength::Hours(count), LONGEST_TURN_DAYS * 24),
        "day" | "days" => (TurnLength::Days(count), LONGEST_TURN_DAYS),
        "week" | "weeks" => (TurnLength::Weeks(count), LONGEST_TURN_DAYS / 7),
        "month" | "months" => (TurnLength::Months(count), 12),
        _ => return Err(form()),
    };
    if count > longest {
        return Err(Wrong::new(format!("must not be longer than {LONGEST_TURN_DAYS} days")));
    }
    Ok(length)
}
