//! Times and spans on the command line.

use jiff::{Span, Timestamp, tz::TimeZone};
use kernel::{Refusal, codes};

/// A time: as RFC 3339 has it, or a span before now such as `2h` or `3 days`.
///
/// # Errors
/// If it is neither.
pub(crate) fn past(field: &str, text: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
    read(field, text, now, |span| span.negate())
}

/// A time: as RFC 3339 has it, or a span after now such as `90d`.
///
/// # Errors
/// If it is neither.
pub(crate) fn future(field: &str, text: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
    read(field, text, now, |span| span)
}

fn read(field: &str, text: &str, now: Timestamp, turn: impl Fn(Span) -> Span) -> Result<Timestamp, Refusal> {
    let wrong = |why: String| {
        Refusal::new(&codes::INVALID, format!("\"{text}\" is no time: {why}"))
            .field(field)
            .fix("write a span such as 2h or 90d, or a time such as 2026-11-20T03:07:00Z")
    };
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let span: Span = text.parse().map_err(|error: jiff::Error| wrong(error.to_string()))?;
    if span.is_negative() {
        return Err(wrong("a span has no sign".to_owned()));
    }
    let moved = now.to_zoned(TimeZone::UTC).checked_add(turn(span)).map_err(|error| wrong(error.to_string()))?;
    Ok(moved.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_is_absolute_or_a_span_from_now() {
        let now = at("2026-11-20T03:07:00Z");
        assert_eq!(past("--from", "2h", now).unwrap(), at("2026-11-20T01:07:00Z"));
        assert_eq!(past("--from", "2026-11-19T00:00:00Z", now).unwrap(), at("2026-11-19T00:00:00Z"));
        assert_eq!(future("--expires", "90d", now).unwrap(), at("2027-02-18T03:07:00Z"));
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_flag_at_fault() {
        let now = at("2026-11-20T03:07:00Z");
        for text in ["", "soon", "-2h", "99999999999999y", "2026-13-01T00:00:00Z"] {
            let refusal = future("--expires", text, now).unwrap_err();
            assert_eq!((refusal.code.name, refusal.field.as_deref()), ("invalid", Some("--expires")), "{text}");
        }
    }
}
