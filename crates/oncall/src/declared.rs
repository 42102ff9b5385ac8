//! Reads a rotation from the catalog (`kind: Rotation`).

use jiff::civil::{Date, Time};
use kernel::{EntityRef, closest};
use serde_json::Value;
use spec::{Fields, Problems, SpecProblem, Wrong, read};

use crate::{
    Handover, Rotation, TurnLength, Weekday,
    rotation::{zone, zone_names},
};

const KEYS: [&str; 7] = ["owner", "team", "people", "time_zone", "handover", "length", "starts"];
const PEOPLE: usize = 100;
const TEXT_BYTES: usize = 100;
const LONGEST_TURN_DAYS: u16 = 366;

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
    let time_zone = fields.required("time_zone", time_zone);
    let length = fields.optional("length", length).unwrap_or(TurnLength::Weeks(1));
    let handover = fields.required("handover", handover);
    if let Some(handover) = handover {
        match (handover.weekday, length) {
            (None, TurnLength::Weeks(_)) => {
                let daily = format!("monday {}", handover.in_words());
                let wrong = Wrong::new("must name a day of the week, since turns are weeks long");
                fields.wrong("handover", wrong.suggesting(Some(daily)));
            }
            (Some(_), TurnLength::Days(days)) if days % 7 != 0 => {
                let wrong = Wrong::new("must not name a day of the week, since turns are days long");
                fields.wrong("handover", wrong.suggesting(Some(handover.time.strftime("%H:%M").to_string())));
            }
            (Some(_), _) | (None, TurnLength::Days(_)) => {}
        }
    }
    let starts = fields.required("starts", |value| {
        let form = || Wrong::new("must be a date, such as \"2026-01-05\"");
        read::text(TEXT_BYTES)(value)?.parse::<Date>().map_err(|_| form())
    });
    Some(Rotation {
        rotation,
        team: team?,
        people,
        time_zone: time_zone?,
        handover: handover?,
        length,
        starts: starts?,
    })
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

fn time_zone(value: &Value) -> Result<String, Wrong> {
    let name = read::text(TEXT_BYTES)(value)?;
    if zone(&name).is_some() {
        return Ok(name);
    }
    let names = zone_names();
    let suggestion = closest(&name, names.iter().map(String::as_str)).map(str::to_owned);
    Err(Wrong::new("is not an IANA time zone, such as \"Europe/Lisbon\"").suggesting(suggestion))
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

/// `1 week`, `2 weeks`, `1 day`.
fn length(value: &Value) -> Result<TurnLength, Wrong> {
    let text = read::text(TEXT_BYTES)(value)?.to_lowercase();
    let form = || Wrong::new("must be a number of days or weeks, such as \"1 week\"");
    let (count, unit) = text.split_once(' ').ok_or_else(form)?;
    let count: u16 = count.parse().ok().filter(|count| *count > 0).ok_or_else(form)?;
    let length = match unit.trim() {
        "day" | "days" => TurnLength::Days(count),
        "week" | "weeks" => TurnLength::Weeks(count),
        _ => return Err(form()),
    };
    if length.days() > LONGEST_TURN_DAYS {
        return Err(Wrong::new(format!("must not be longer than {LONGEST_TURN_DAYS} days")));
    }
    Ok(length)
}
