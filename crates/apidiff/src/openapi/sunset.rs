//! `x-sunset`: until when something stays.

use serde_json::{Map, Value};

/// The date that is given, or what is given in its place.
pub(super) fn of(fields: &Map<String, Value>) -> Option<Result<&str, String>> {
    let said = fields.get("x-sunset")?;
    let date = said.as_str().and_then(date);
    Some(date.ok_or_else(|| said.to_string()))
}

/// The day of an RFC 3339 date, alone or with a time.
fn date(text: &str) -> Option<&str> {
    let day = text.get(..10)?;
    if !text.get(10..).is_some_and(|rest| rest.is_empty() || rest.starts_with(['T', 't'])) {
        return None;
    }
    let mut parts = day.split('-');
    let mut number = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()));
        part.and_then(|part| part.parse::<u32>().ok())
    };
    let (_, month, of_month) = (number(4)?, number(2)?, number(2)?);
    ((1..=12).contains(&month) && (1..=31).contains(&of_month) && parts.next().is_none()).then_some(day)
}
