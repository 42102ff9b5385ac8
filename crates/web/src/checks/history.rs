//! A check's verdicts over a period: a strip, the same in words, and the single stretches as a list.

use askama::Template;
use checks::{Verdict, Watch};
use jiff::{SignedDuration, Timestamp};

use super::{
    period::Period,
    strip::{Strip, turns},
};
use crate::{
    frame::Frame,
    show::verdict,
    views::{Moment, State},
};

/// Verdicts over time.
#[derive(Debug, Template)]
#[template(path = "checks/history.html")]
pub struct History {
    /// The strip, oldest first.
    pub strip: Strip,
    /// From when to when: `the last 24 h`.
    pub period: String,
    /// The same in words: `up 99.2%, down 11 min in 2 periods`.
    pub words: String,
    /// The stretches in which it was not up, the latest first.
    pub stretches: Vec<Stretch>,
}

/// A time in which the verdict was the same.
#[derive(Debug)]
pub struct Stretch {
    /// What it was.
    pub state: State,
    /// When it began.
    pub from: Moment,
    /// How long it lasted: `12 min`.
    pub lasted: String,
    /// Whether it goes on.
    pub goes_on: bool,
}

crate::views::writes_html!(History);

/// Columns of the strip.
const COLUMNS: usize = 500;
/// Stretches that are listed.
const STRETCHES_MAX: usize = 20;

/// The verdicts of a check in a period.
pub(super) fn of(frame: &Frame, watch: &Watch, period: Period) -> History {
    let (now, checks) = (frame.now, &frame.world.checks);
    let turns = turns(watch, period.from(now), now);
    let bad = turns.iter().rev().filter(|(verdict, ..)| *verdict != Verdict::Up);
    let stretch = |(said, from, to): &(Verdict, Timestamp, Timestamp)| Stretch {
        state: verdict(*said),
        from: frame.ago(*from),
        lasted: lasted_words(to.duration_since(*from)),
        goes_on: *to == now,
    };
    History {
        strip: Strip::of_verdicts(watch, checks, period, now, COLUMNS),
        period: period.words.to_owned(),
        words: words(&turns),
        stretches: bad.take(STRETCHES_MAX).map(stretch).collect(),
    }
}

/// `up 97.1%, down 12 min in 1 period`.
pub(super) fn words(turns: &[(Verdict, Timestamp, Timestamp)]) -> String {
    let lasted = |wanted: Verdict| -> (i64, usize) {
        let of = turns.iter().filter(|(verdict, ..)| *verdict == wanted);
        of.fold((0, 0), |(sum, count), (_, from, to)| (sum + to.duration_since(*from).as_secs(), count + 1))
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
