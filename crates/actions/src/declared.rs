//! Reads a calendar from the catalog (`kind: Cycle`).

use jiff::civil::{Date, DateTime};
use kernel::EntityRef;
use serde_json::Value;
use spec::{Fields, Problems, SpecProblem, Wrong, read};

use crate::{Cycle, DigestTime, Length, Rhythm};

/// The catalog's kind of calendars, in lower case.
pub const CYCLE_KIND: &str = "cycle";

const KEYS: [&str; 7] = ["owner", "team", "sprints", "cycles", "time_zone", "name", "digest"];
const SPRINT_KEYS: [&str; 2] = ["length", "starts"];
const CYCLE_KEYS: [&str; 3] = ["length", "cooldown", "starts"];
const TEXT_BYTES: usize = 100;
const LONGEST_DAYS: u16 = 26 * 7;

impl Cycle {
    /// Reads the `spec` of a `kind: Cycle` document. `owner` belongs to the catalog and isn't looked at here; whether the
    /// team exists, neither.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn from_spec(cycle: EntityRef, spec: &Value) -> Result<Self, Vec<SpecProblem>> {
        let problems = Problems::default();
        let definition = definition(cycle, spec, &problems);
        problems.or(definition)
    }
}

fn definition(cycle: EntityRef, spec: &Value, problems: &Problems) -> Option<Cycle> {
    let fields = Fields::of_spec(spec, &KEYS, problems)?;
    let team = fields.required("team", |value| {
        let reference = read::reference(Some("group"), cycle.namespace())(value)?;
        let wrong = || Wrong::new(format!("{reference} is not a group"));
        if reference.kind() == "group" { Ok(reference) } else { Err(wrong()) }
    });
    let time_zone = fields.required("time_zone", read::time_zone);
    let (sprints, cycles) = (fields.nested("sprints", &SPRINT_KEYS), fields.nested("cycles", &CYCLE_KEYS));
    let (rhythm, starts) = match (sprints, cycles) {
        (Some(sprints), None) => {
            let length = sprints.required("length", length);
            (length.map(|length| Rhythm::Sprints { length }), sprints.required("starts", starts))
        }
        (None, Some(cycles)) => {
            let (work, cooldown) = (cycles.required("length", length), cycles.required("cooldown", length));
            let rhythm = match (work, cooldown) {
                (Some(length), Some(cooldown)) if length.is_of_days() != cooldown.is_of_days() => {
                    cycles.wrong("cooldown", Wrong::new("must be in days or weeks where the length is, or in neither"));
                    None
                }
                (Some(length), Some(cooldown)) => Some(Rhythm::Cycles { length, cooldown }),
                (None, _) | (_, None) => None,
            };
            (rhythm, cycles.required("starts", starts))
        }
        (Some(_), Some(_)) => {
            fields.wrong("cycles", Wrong::new("must not stand beside `sprints`: a calendar has one of them"));
            (None, None)
        }
        (None, None) => {
            if spec.get("sprints").is_none_or(Value::is_null) && spec.get("cycles").is_none_or(Value::is_null) {
                let form = "is missing: a calendar needs sprints, such as {length: 2w, starts: 2026-01-05}, or cycles";
                fields.wrong("sprints", Wrong::new(form));
            }
            (None, None)
        }
    };
    let name = fields.optional("name", name);
    let digest = fields.optional("digest", digest);
    Some(Cycle { cycle, team: team?, rhythm: rhythm?, starts: starts?, time_zone: time_zone?, name, digest })
}

/// A turn's name: it stands in lists and calendars, and must tell turns apart.
fn name(value: &Value) -> Result<String, Wrong> {
    let name = read::text(TEXT_BYTES)(value)?;
    if name.chars().any(char::is_control) || name.trim() != name {
        return Err(Wrong::new("must be one line without blanks at its ends"));
    }
    if !name.contains("{number}") {
        return Err(
            Wrong::new("must have {number} in it, so that turns differ").suggesting(Some(format!("{name} {{number}}")))
        );
    }
    Ok(name)
}

/// `monday`, which is in the morning, or `monday 09:30`.
fn digest(value: &Value) -> Result<DigestTime, Wrong> {
    let text = read::text(TEXT_BYTES)(value)?;
    DigestTime::read(&text).ok_or_else(|| Wrong::new("must be a weekday, or one with a time, such as \"monday 09:30\""))
}

/// `2026-01-05`, which is its midnight, or `2026-01-05T09:00`, or with seconds.
fn starts(value: &Value) -> Result<DateTime, Wrong> {
    let text = read::text(TEXT_BYTES)(value)?;
    let date = || text.parse::<Date>().ok().filter(|_| text.len() == 10).map(|date| date.at(0, 0, 0, 0));
    let time = || DateTime::strptime("%Y-%m-%dT%H:%M", &text).ok();
    let second = || DateTime::strptime("%Y-%m-%dT%H:%M:%S", &text).ok();
    date().or_else(time).or_else(second).ok_or_else(|| {
        Wrong::new("must be a date, such as \"2026-01-05\", or one with a local time, such as \"2026-01-05T09:00\"")
    })
}

/// `2w`, `10d`, `2 weeks`; for those in a hurry `8h`, `10m` and `30s`.
fn length(value: &Value) -> Result<Length, Wrong> {
    let form = || Wrong::new("must be a number of weeks or days, such as \"2w\"");
    let text = read::text(TEXT_BYTES)(value)?.to_lowercase();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits).ok_or_else(form)?;
    let count: u16 = count.parse().ok().filter(|count| *count > 0).ok_or_else(form)?;
    let minutes = |count: u16, each: u32| Length::Minutes(u32::from(count) * each);
    let length = match unit.trim() {
        "w" | "week" | "weeks" => Length::Days(count.saturating_mul(7)),
        "d" | "day" | "days" => Length::Days(count),
        "h" | "hour" | "hours" => minutes(count, 60),
        "m" | "min" | "minute" | "minutes" => minutes(count, 1),
        "s" | "second" | "seconds" => Length::Seconds(u32::from(count)),
        _ => return Err(form()),
    };
    let days = match length {
        Length::Days(days) => u32::from(days),
        Length::Minutes(minutes) => minutes / (24 * 60),
        Length::Seconds(seconds) => seconds / (24 * 60 * 60),
    };
    if days > u32::from(LONGEST_DAYS) {
        return Err(Wrong::new("must not be longer than 26 weeks"));
    }
    Ok(length)
}
