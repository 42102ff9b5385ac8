//! Strips: verdicts over time, and what each location sees, as small drawings of few bytes.
//!
//! A strip is made of columns of equal width. Worse stands higher, so that it reads without its colours; runs of equal
//! columns are one line, as thick as its tone is high, and all lines of one tone are one path of relative moves: seven bytes
//! a run, so that fifty checks that flap all day fit a page. What is drawn is always said in words beside it.

use std::fmt::Write as _;

use askama::Template;
use checks::{State as Checks, Verdict, Watch};
use jiff::Timestamp;

use super::period::Period;
use crate::{show::verdict, views::Tone};

/// A drawing of columns.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "checks/strip.html")]
pub struct Strip {
    /// How wide it is, in its own unit.
    pub width: usize,
    /// What is drawn.
    pub shapes: Vec<Shape>,
    /// Where there was maintenance: a line below.
    pub maintenance: Option<String>,
    /// True if it is as wide as it needs to be, and not as wide as there is room.
    pub narrow: bool,
}

/// All of one tone.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Which tone.
    pub tone: Tone,
    /// The path (SVG's `d`).
    pub path: String,
}

crate::views::writes_html!(Strip);

impl Strip {
    /// One column for each tone, side by side; none is a hole.
    pub(super) fn of(columns: &[Option<Tone>]) -> Self {
        let runs = runs(columns).into_iter().filter_map(|(from, width, tone)| Some((from, width, tone?)));
        Self { width: columns.len(), shapes: shapes(runs), ..Self::default() }
    }

    /// The same, each column apart from the next.
    pub(super) fn of_places(columns: &[Option<Tone>]) -> Self {
        let places = columns.iter().enumerate().filter_map(|(at, tone)| Some((at * 5, 4, (*tone)?)));
        Self { width: columns.len() * 5, shapes: shapes(places), narrow: true, ..Self::default() }
    }

    /// The verdicts of a check in a period, in so many columns. In each, the worst counts: a short outage is seen.
    pub(super) fn of_verdicts(watch: &Watch, checks: &Checks, period: Period, now: Timestamp, columns: usize) -> Self {
        let from = period.from(now);
        let mut worst: Vec<Option<Verdict>> = vec![None; columns];
        for (verdict, begin, end) in turns(watch, from, now) {
            let (first, last) = within(period, now, columns, begin, end);
            for column in worst.iter_mut().take(last).skip(first) {
                *column = Some(worse(*column, verdict));
            }
        }
        let tones: Vec<Option<Tone>> = worst.into_iter().map(|one| one.map(|one| verdict(one).tone)).collect();
        Self { maintenance: maintenance(watch, checks, period, now, columns), ..Self::of(&tones) }
    }
}

/// The worse of two verdicts that lie in one column. Not knowing is worse than knowing that all is well.
fn worse(one: Option<Verdict>, other: Verdict) -> Verdict {
    let badness = |verdict| match verdict {
        Verdict::Up => 0,
        Verdict::Unknown => 1,
        Verdict::Degraded => 2,
        Verdict::Down => 3,
    };
    one.filter(|one| badness(*one) >= badness(other)).unwrap_or(other)
}

/// The verdicts of a period, each from when to when, without holes; oldest first. What was before the oldest verdict that
/// is remembered is unknown.
pub(super) fn turns(watch: &Watch, from: Timestamp, now: Timestamp) -> Vec<(Verdict, Timestamp, Timestamp)> {
    let before = watch.history.iter().take_while(|turn| turn.at <= from).last();
    let mut turns = vec![(before.map_or(Verdict::Unknown, |turn| turn.verdict), from, now)];
    for turn in watch.history.iter().filter(|turn| turn.at > from && turn.at < now) {
        match turns.last_mut() {
            Some((verdict, ..)) if *verdict == turn.verdict => {}
            Some((_, _, end)) => {
                *end = turn.at;
                turns.push((turn.verdict, turn.at, now));
            }
            None => {}
        }
    }
    turns
}

/// The columns in which a stretch of time lies: the first, and the one after the last. At least one.
fn within(period: Period, now: Timestamp, columns: usize, begin: Timestamp, end: Timestamp) -> (usize, usize) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a few hundred columns")]
    let column = |share: f64| (share * columns as f64) as usize;
    let first = column(period.place(begin, now)).min(columns.saturating_sub(1));
    (first, column(period.place(end, now)).clamp(first + 1, columns.max(1)))
}

/// The line below the columns in which a maintenance that people planned held.
fn maintenance(watch: &Watch, checks: &Checks, period: Period, now: Timestamp, columns: usize) -> Option<String> {
    let from = period.from(now);
    let planned = checks.maintenances().filter(|planned| planned.concerns(&watch.definition));
    let mut path = String::new();
    for planned in planned.filter(|planned| planned.from < now && planned.to > from && planned.from < planned.to) {
        let (first, last) = within(period, now, columns, planned.from, planned.to);
        let _ = write!(path, "M{first} 23h{}", last - first);
    }
    (!path.is_empty()).then_some(path)
}

/// Equal neighbours together: where they begin, and how many they are.
fn runs<T: Copy + PartialEq>(columns: &[T]) -> Vec<(usize, usize, T)> {
    let mut runs: Vec<(usize, usize, T)> = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        match runs.last_mut() {
            Some((_, width, same)) if same == column => *width += 1,
            Some(_) | None => runs.push((at, 1, *column)),
        }
    }
    runs
}

/// The runs as one path for each tone, in the order in which the tones come.
fn shapes(runs: impl Iterator<Item = (usize, usize, Tone)>) -> Vec<Shape> {
    let mut shapes: Vec<(Shape, usize)> = Vec::new();
    for (from, width, tone) in runs {
        let end = from + width;
        match shapes.iter_mut().find(|(shape, _)| shape.tone == tone) {
            Some((shape, before)) => {
                let _ = write!(shape.path, "m{} 0h{width}", from - *before);
                *before = end;
            }
            None => shapes.push((Shape { tone, path: format!("M{from} {}h{width}", middle(tone)) }, end)),
        }
    }
    shapes.into_iter().map(|(shape, _)| shape).collect()
}

/// The middle of a tone's line, which ends at 20 below; the style sheet says how thick it is. Worse stands higher.
fn middle(tone: Tone) -> usize {
    match tone {
        Tone::Bad => 10,
        Tone::Warn => 13,
        Tone::Good => 16,
        Tone::Unknown | Tone::Quiet => 19,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_columns_are_one_line_and_all_of_a_tone_one_path() {
        let (good, bad) = (Some(Tone::Good), Some(Tone::Bad));
        let strip = Strip::of(&[good, good, bad, None, good]);
        let paths: Vec<&str> = strip.shapes.iter().map(|shape| shape.path.as_str()).collect();
        assert_eq!(paths, ["M0 16h2m2 0h1", "M2 10h1"]);
        assert_eq!(Strip::of_places(&[bad, None, bad]).shapes[0].path, "M0 10h4m6 0h4");
    }

    #[test]
    fn the_shortest_stretch_has_a_column_of_its_own_and_none_lies_outside() {
        let now: Timestamp = "2026-11-20T03:07:00Z".parse().unwrap();
        let at = |minutes: i64| now - jiff::SignedDuration::from_mins(minutes);
        let check = |begin, end, expected| assert_eq!(within(Period::DAY, now, 120, at(begin), at(end)), expected);
        check(24 * 60, 0, (0, 120));
        check(1, 0, (119, 120));
        check(0, 0, (119, 120));
        check(99_999, 99_998, (0, 1));
        check(12 * 60, 6 * 60, (60, 90));
    }
}
