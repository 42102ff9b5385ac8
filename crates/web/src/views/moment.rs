//! Times as people read them: relative, with the absolute one on hover.

use askama::Template;
use jiff::{SignedDuration, Timestamp};

use super::writes_html;

/// A time. The server writes it relative to its own clock, in UTC; the script keeps it true and moves it into the
/// reader's zone. `app.js` has the same rules as [`Moment::ago`], so that nothing flickers when it takes over.
#[derive(Debug, Clone, Template)]
#[template(path = "components/moment.html")]
pub struct Moment {
    at: Timestamp,
    form: Form,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Ago,
    Elapsed,
    Clock,
}

impl Moment {
    /// `4 min ago`, `in 2 h`, or the date where it is more than two weeks away.
    #[must_use]
    pub fn ago(at: Timestamp, now: Timestamp) -> Self {
        let away = now.duration_since(at);
        let text = match span(away) {
            None => at.strftime("%-d %b %Y").to_string(),
            Some(span) if span == JUST_NOW => span,
            Some(span) if away.is_negative() => format!("in {span}"),
            Some(span) => format!("{span} ago"),
        };
        Self { at, form: Form::Ago, text }
    }

    /// How long it lasts, or has lasted: `12 min`.
    #[must_use]
    pub fn elapsed(at: Timestamp, now: Timestamp) -> Self {
        let text = span(now.duration_since(at)).unwrap_or_else(|| at.strftime("since %-d %b %Y").to_string());
        Self { at, form: Form::Elapsed, text }
    }

    /// The time of day: `14:02`.
    #[must_use]
    pub fn clock(at: Timestamp) -> Self {
        Self { at, form: Form::Clock, text: at.strftime("%H:%M").to_string() }
    }

    /// The same moment as a time of day.
    #[must_use]
    pub fn as_clock(&self) -> Self {
        Self::clock(self.at)
    }

    fn form(&self) -> &'static str {
        match self.form {
            Form::Ago => "ago",
            Form::Elapsed => "elapsed",
            Form::Clock => "clock",
        }
    }

    fn absolute(&self) -> String {
        self.at.strftime("%A %-d %B %Y, %H:%M:%S UTC").to_string()
    }

    /// The time as text without markup.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

const JUST_NOW: &str = "just now";

/// The span in one unit, or nothing where a date says more.
fn span(away: SignedDuration) -> Option<String> {
    let seconds = away.as_secs().unsigned_abs();
    Some(match seconds {
        0..5 => JUST_NOW.to_owned(),
        5..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        86_400..1_209_600 => format!("{} d", seconds / 86_400),
        _ => return None,
    })
}

writes_html!(Moment);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds_before: i64, ago: &str, elapsed: &str) {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let at = now - SignedDuration::from_secs(seconds_before);
        assert_eq!(Moment::ago(at, now).text(), ago);
        assert_eq!(Moment::elapsed(at, now).text(), elapsed);
    }

    #[test]
    fn a_time_is_told_in_one_unit_and_as_a_date_when_it_is_far() {
        check(0, "just now", "just now");
        check(-3, "just now", "just now");
        check(59, "59 s ago", "59 s");
        check(60, "1 min ago", "1 min");
        check(-7_300, "in 2 h", "2 h");
        check(86_400 * 13, "13 d ago", "13 d");
        check(86_400 * 30, "19 Oct 2026", "since 19 Oct 2026");
    }

    #[test]
    fn a_time_is_written_for_programs_for_readers_and_for_hovering() {
        let at = "2026-11-20T03:07:00Z".parse().unwrap();
        let html = Moment::clock(at).to_string();
        assert_eq!(
            html,
            "<time datetime=\"2026-11-20T03:07:00Z\" data-form=\"clock\" title=\"Friday 20 November 2026, 03:07:00 UTC\">03:07</time>"
        );
    }
}
