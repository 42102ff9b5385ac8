//! How an SLO stands, in a word and a shape.

use slo::{Held, Severity, Window};

use super::keeper::Look;
use crate::views::{State, Tone};

/// Every word, the worst first.
pub(crate) const WORDS: [&str; 6] = ["burning", "used up", "incomplete", "unknown", "burning slowly", "in budget"];

/// How an SLO stands. What can't be told is never shown as good.
pub(crate) fn state_of(look: &Result<Look, String>, held: &Held) -> State {
    let Ok(look) = look else { return State::new(Tone::Unknown, "incomplete") };
    let silent = look.report.silent;
    match (held.severity(), look.report.left()) {
        (Some(Severity::Page), _) => State::new(Tone::Bad, "burning"),
        // A budget that isn't measured is neither gone nor there.
        (None, _) if silent => State::new(Tone::Unknown, "unknown"),
        (_, Some(left)) if left <= 0.0 && !silent => State::new(Tone::Bad, "used up"),
        (Some(Severity::Ticket), _) => State::new(Tone::Warn, "burning slowly"),
        (None, None) => State::new(Tone::Unknown, "unknown"),
        (None, Some(_)) => State::new(Tone::Good, "in budget"),
    }
}

/// `30d rolling`, or `1M from 2026-01-01 00:00 Europe/Lisbon`.
pub(crate) fn window_words(window: &Window) -> String {
    match window {
        Window::Rolling { duration } => format!("{duration} rolling"),
        Window::Calendar { duration, start, time_zone } => {
            format!("{duration} from {} {time_zone}", start.strftime("%Y-%m-%d %H:%M"))
        }
    }
}

/// So many minutes in words: `3.2 days`.
pub(crate) fn minutes_words(minutes: f64) -> String {
    match minutes {
        few if few < 120.0 => format!("{few:.0} min"),
        some if some < 2_880.0 => format!("{:.1} h", some / 60.0),
        many => format!("{:.1} days", many / 1_440.0),
    }
}
