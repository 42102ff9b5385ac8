//! Times as people read them.

use jiff::Timestamp;

/// `4 min ago`, `in 2 h`, or the date where it is more than two weeks away.
pub(super) fn relative(at: Timestamp, now: Timestamp) -> String {
    let away = now.duration_since(at);
    let seconds = away.as_secs().unsigned_abs();
    let span = match seconds {
        0..5 => return "just now".to_owned(),
        5..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        86_400..1_209_600 => format!("{} d", seconds / 86_400),
        _ => return at.strftime("%-d %b %Y").to_string(),
    };
    if away.is_negative() { format!("in {span}") } else { format!("{span} ago") }
}

/// `2026-11-20 03:07:00 UTC`.
pub(super) fn absolute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(at: &str, expect: &str) {
        assert_eq!(relative(at.parse().unwrap(), "2026-11-20T03:07:00Z".parse().unwrap()), expect);
    }

    #[test]
    fn a_time_is_told_in_one_unit_and_as_a_date_when_it_is_far() {
        check("2026-11-20T03:06:58Z", "just now");
        check("2026-11-20T03:06:01Z", "59 s ago");
        check("2026-11-20T01:00:00Z", "2 h ago");
        check("2026-11-22T03:07:00Z", "in 2 d");
        check("2026-09-01T00:00:00Z", "1 Sep 2026");
    }

    #[test]
    fn an_absolute_time_is_in_utc() {
        assert_eq!(absolute("2026-11-20T04:07:00+01:00".parse().unwrap()), "2026-11-20 03:07:00 UTC");
    }
}
