//! A check's verdicts over the last day.

use checks::{Turn, Verdict, Watch};
use jiff::{SignedDuration, Timestamp};

use super::show::{History, HistoryPiece};
use crate::{show::verdict, views::State};

/// So far back the strip goes.
const PERIOD: SignedDuration = SignedDuration::from_hours(24);

/// The strip. What was before the oldest verdict that is remembered is unknown.
pub(super) fn of(watch: &Watch, now: Timestamp) -> History {
    let from = now.checked_sub(PERIOD).unwrap_or(Timestamp::MIN);
    let (before, since): (Vec<&Turn>, Vec<&Turn>) = watch.history.iter().partition(|turn| turn.at <= from);
    let verdict = before.last().map_or(Verdict::Unknown, |turn| turn.verdict);
    let mut turns: Vec<Turn> = [Turn { at: from, verdict }].into_iter().chain(since.into_iter().copied()).collect();
    turns.dedup_by_key(|turn| turn.verdict);
    let ends = turns.iter().skip(1).map(|turn| turn.at.min(now)).chain([now]);
    let periods: Vec<(Turn, Timestamp)> =
        turns.iter().copied().zip(ends).filter(|(turn, end)| turn.at < *end).collect();
    History {
        pieces: periods.iter().map(|(turn, end)| piece(*turn, *end, from)).collect(),
        period: "the last 24 h".to_owned(),
        words: words(&periods),
    }
}

fn piece(turn: Turn, end: Timestamp, from: Timestamp) -> HistoryPiece {
    let place = |at: Timestamp| {
        let share = at.duration_since(from).as_millis() * 1_000 / PERIOD.as_millis();
        u16::try_from(share.clamp(0, 1_000)).unwrap_or(1_000)
    };
    let (begin, end) = (place(turn.at), place(end));
    // A short outage is still to be seen.
    HistoryPiece { state: verdict(turn.verdict), from: begin.min(997), width: end.saturating_sub(begin).max(3) }
}

/// `up 97.1%, down 12 min in 1 period`.
fn words(periods: &[(Turn, Timestamp)]) -> String {
    let lasted = |wanted: Verdict| -> (i64, usize) {
        let of = periods.iter().filter(|(turn, _)| turn.verdict == wanted);
        of.fold((0, 0), |(sum, count), (turn, end)| (sum + end.duration_since(turn.at).as_secs(), count + 1))
    };
    let known: i64 = [Verdict::Up, Verdict::Degraded, Verdict::Down].into_iter().map(|one| lasted(one).0).sum();
    let mut words = Vec::new();
    if known > 0 {
        let up = lasted(Verdict::Up).0 as f64 * 100.0 / known as f64;
        words.push(format!("up {up:.1}% of the time that is known"));
    }
    for wanted in [Verdict::Down, Verdict::Degraded, Verdict::Unknown] {
        let (seconds, count) = lasted(wanted);
        let State { word, .. } = verdict(wanted);
        if count > 0 {
            let lasted = lasted_words(SignedDuration::from_secs(seconds));
            words.push(format!("{word} {lasted} in {}", periods_of(count)));
        }
    }
    words.join(", ")
}

/// How long something lasted in all: `12 min`.
pub(super) fn lasted_words(lasted: SignedDuration) -> String {
    match lasted.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ 60..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{:.1} days", seconds as f64 / 86_400.0),
    }
}

fn periods_of(count: usize) -> String {
    if count == 1 { "1 period".to_owned() } else { format!("{count} periods") }
}
