//! A check's verdicts over the last day, from its events.

use checks::{Event as CheckEvent, Verdict};
use jiff::{SignedDuration, Timestamp};
use timeline::Entry;
use world::Event;

use super::show::{History, HistoryPiece};
use crate::{show::verdict, views::State};

/// So far back the strip goes.
const PERIOD: SignedDuration = SignedDuration::from_hours(24);

/// A time from which on a verdict held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Turn {
    at: Timestamp,
    verdict: Verdict,
}

/// The strip; `entries` are the check's newest events, the latest first. What was before them is unknown.
pub(super) fn of(entries: &[Entry], now: Timestamp) -> History {
    let from = now.checked_sub(PERIOD).unwrap_or(Timestamp::MIN);
    let mut turns = vec![Turn { at: from, verdict: Verdict::Unknown }];
    for entry in entries.iter().rev() {
        let Ok(Event::Checks(event)) = Event::from_body(&entry.kind, &entry.body) else { continue };
        if let Some((at, verdict)) = turned(&event, entry.stamp.at) {
            let turn = Turn { at: at.clamp(from, now), verdict };
            // An outage began before it was confirmed.
            turns.retain(|before| before.at < turn.at);
            turns.push(turn);
        }
    }
    let ends = turns.iter().skip(1).map(|turn| turn.at).chain([now]);
    let periods: Vec<(Turn, Timestamp)> =
        turns.iter().copied().zip(ends).filter(|(turn, end)| turn.at < *end).collect();
    History {
        pieces: periods.iter().map(|(turn, end)| piece(*turn, *end, from)).collect(),
        period: "the last 24 h".to_owned(),
        words: words(&periods),
    }
}

fn turned(event: &CheckEvent, recorded: Timestamp) -> Option<(Timestamp, Verdict)> {
    match event {
        CheckEvent::Defined { .. } | CheckEvent::Removed { .. } => Some((recorded, Verdict::Unknown)),
        CheckEvent::CameUp { at, .. } | CheckEvent::Restored { at, .. } | CheckEvent::Recovered { at, .. } => {
            Some((*at, Verdict::Up))
        }
        CheckEvent::WentDown { since, .. } => Some((*since, Verdict::Down)),
        CheckEvent::Degraded { since, .. } => Some((*since, Verdict::Degraded)),
        CheckEvent::FellSilent { last, .. } => Some((last.unwrap_or(recorded), Verdict::Unknown)),
        CheckEvent::Paused { .. } => Some((recorded, Verdict::Unknown)),
        CheckEvent::Resumed { .. }
        | CheckEvent::Faltered { .. }
        | CheckEvent::Steadied { .. }
        | CheckEvent::LocationFailed { .. }
        | CheckEvent::LocationSlowed { .. }
        | CheckEvent::LocationRecovered { .. }
        | CheckEvent::Beat { .. }
        | CheckEvent::MaintenanceSet { .. }
        | CheckEvent::MaintenanceEnded { .. }
        | CheckEvent::ProbeJoined { .. }
        | CheckEvent::ProbeFellSilent { .. }
        | CheckEvent::ProbeCameBack { .. }
        | CheckEvent::ProbeRetired { .. } => None,
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
        match (seconds, count) {
            (_, 0) => {}
            (0..60, _) => words.push(format!("{word} {seconds} s in {}", periods_of(count))),
            (60..7_200, _) => words.push(format!("{word} {} min in {}", seconds / 60, periods_of(count))),
            _ => words.push(format!("{word} {} h in {}", seconds / 3_600, periods_of(count))),
        }
    }
    words.join(", ")
}

fn periods_of(count: usize) -> String {
    if count == 1 { "1 period".to_owned() } else { format!("{count} periods") }
}
