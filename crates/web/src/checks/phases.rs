//! What the time of a check's runs went into, at one location: a plot drawn on the server, what happened meanwhile, and the
//! same as a table.
//!
//! Phases are means over each step: means add up to the whole, as percentiles don't.

use askama::Template;
use checks::{Phase, Watch};
use jiff::SignedDuration;
use kernel::EntityRef;
use timeline::Sample;

use super::{period::Period, speed};
use crate::{
    frame::Frame,
    marks::{self, Happened, Mark},
    views::{Empty, Moment, Tabs},
};

/// The plot.
#[derive(Debug, Template)]
#[template(path = "checks/phases.html")]
pub struct Phases {
    /// The locations.
    pub tabs: Tabs,
    /// In words: `From eu-west in the last hour; the tallest bar is 214 ms`.
    pub words: String,
    /// The phases in the order in which they are stacked, from below, with their mean: `connect`, `61 ms`.
    pub legend: Vec<Layer>,
    /// The bars, oldest first.
    pub bars: Vec<Bar>,
    /// What happened meanwhile, oldest first.
    pub marks: Vec<Mark>,
    /// What is said where nothing was measured.
    pub none: Empty,
}

/// One phase.
#[derive(Debug)]
pub struct Layer {
    /// Its name.
    pub name: &'static str,
    /// The style sheet's name for it.
    pub class: &'static str,
    /// Its mean over the period.
    pub mean: String,
}

/// What was measured in one step of time.
#[derive(Debug)]
pub struct Bar {
    /// When the step began.
    pub at: Moment,
    /// Where it begins, in percent of the width.
    pub x: f64,
    /// How wide it is, in percent of the width.
    pub width: f64,
    /// Its parts, from below.
    pub parts: Vec<Part>,
    /// How many runs failed in it.
    pub failed: u64,
    /// The mean of each phase in milliseconds, and of the whole, as text.
    pub means: Vec<String>,
}

/// One phase of a bar.
#[derive(Debug)]
pub struct Part {
    /// The style sheet's name for it.
    pub class: &'static str,
    /// Its upper end, in pixels from the top.
    pub y: f64,
    /// How high it is, in pixels.
    pub height: f64,
}

crate::views::writes_html!(Phases);

/// How high the plot is, in pixels.
const HEIGHT: f64 = 120.0;
/// Where its upper end is; above are the numbers of the marks.
const TOP: f64 = 14.0;
/// So many marks are shown; of more, the newest.
const MARKS_MAX: usize = 12;
/// What was not in any phase: waiting for the next try, redirects, the probe itself.
const OTHER: &str = "other";

/// With two digits after the point: more weighs without being seen.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// The mean of each phase of a step in milliseconds, and at the end what is in none of them; nothing if no run was good.
fn means(sample: &Sample) -> Option<[f64; 6]> {
    let count = sample.measured.count();
    if count == 0 {
        return None;
    }
    let mut means = [0.0; 6];
    for (mean, part) in means.iter_mut().zip(&sample.parts) {
        *mean = *part as f64 / 1_000.0 / count as f64;
    }
    let whole = sample.measured.sum() / count as f64;
    let known: f64 = means.iter().sum();
    if let Some(other) = means.last_mut() {
        *other = (whole - known).max(0.0);
    }
    Some(means)
}

fn class(at: usize) -> &'static str {
    ["phase-0", "phase-1", "phase-2", "phase-3", "phase-4", "phase-5"].get(at).copied().unwrap_or("phase-5")
}

fn name(at: usize) -> &'static str {
    Phase::ALL.get(at).map_or(OTHER, |phase| phase.as_str())
}

/// Draws one location's steps.
pub(super) fn of(
    frame: &Frame,
    watch: &Watch,
    location: &str,
    speed: &speed::Speed,
    period: Period,
    tabs: Tabs,
) -> Phases {
    let samples = speed.at(location);
    let measured: Vec<(&Sample, Option<[f64; 6]>)> = samples.iter().map(|sample| (sample, means(sample))).collect();
    let known = || measured.iter().filter_map(|(sample, means)| Some((sample.measured.count() as f64, (*means)?)));
    let tallest = known().map(|(_, means)| means.iter().sum::<f64>()).fold(0.0, f64::max);
    let runs: f64 = known().map(|(runs, _)| runs).sum();
    let mean =
        |at: usize| known().map(|(runs, means)| runs * means.get(at).copied().unwrap_or(0.0)).sum::<f64>() / runs;
    let present: Vec<usize> = (0..6).filter(|at| runs > 0.0 && mean(*at) >= 0.05).collect();
    let layer = |at: &usize| Layer { name: name(*at), class: class(*at), mean: ms(mean(*at)) };
    let step = SignedDuration::from_mins(i64::from(speed.step_minutes));
    let bars = measured.iter().filter_map(|(sample, means)| {
        let begin = speed::began(sample)?;
        let end = begin.checked_add(step).ok()?;
        let x = period.place(begin, frame.now) * 100.0;
        let mut top = TOP + HEIGHT;
        let parts = present.iter().filter_map(|at| {
            let height = means.as_ref()?.get(*at)? * HEIGHT / tallest.max(0.001);
            top -= height;
            (height >= 0.2).then(|| Part { class: class(*at), y: rounded(top), height: rounded(height) })
        });
        let parts = parts.collect();
        let whole = means.map(|means| means.iter().sum::<f64>());
        let each = present.iter().map(|at| means.and_then(|means| means.get(*at).copied()));
        Some(Bar {
            at: if period == Period::HOUR || period == Period::DAY { Moment::clock(begin) } else { frame.ago(begin) },
            x: rounded(x),
            width: rounded((period.place(end, frame.now) * 100.0 - x) * 0.86),
            parts,
            failed: sample.errors,
            means: each.chain([whole]).map(|mean| mean.map_or("–".to_owned(), ms)).collect(),
        })
    });
    Phases {
        tabs,
        words: format!(
            "From {location} in {}; the tallest bar is {}. Means of {runs:.0} runs that did not fail, in steps of {} min.",
            period.words,
            ms(tallest),
            speed.step_minutes
        ),
        legend: present.iter().map(layer).collect(),
        bars: bars.collect(),
        marks: marks(frame, watch, period),
        none: Empty::new(format!("Nothing was measured from {location} in {}.", period.words)),
    }
}

/// `0.4 ms`, `41 ms`.
fn ms(number: f64) -> String {
    if number < 9.95 { format!("{number:.1} ms") } else { format!("{number:.0} ms") }
}

/// What was changed on the critical path, and what broke there.
fn marks(frame: &Frame, watch: &Watch, period: Period) -> Vec<Mark> {
    let from = period.from(frame.now);
    let path = watch.definition.critical_path();
    let on_path = |entity: &EntityRef| path.contains(entity);
    let changes = frame.world.journal.since(from).filter(|entry| {
        let change = &entry.change;
        on_path(&change.subject) || change.affects.iter().any(on_path)
    });
    let changes = changes.map(|entry| {
        let text = format!("{}: {}", entry.change.subject.short(), entry.change.summary);
        Happened::change(frame, entry, text)
    });
    let concerned = |entity: &EntityRef| *entity == watch.definition.check || path.contains(entity);
    let incidents = frame.world.incidents.recent().take_while(|incident| incident.since >= from);
    let incidents = incidents.filter(|incident| incident.entities().any(concerned));
    let incidents = incidents.map(|incident| Happened::incident(frame, incident));
    let happened = changes.take(MARKS_MAX).chain(incidents.take(MARKS_MAX));
    marks::marks(frame, happened, MARKS_MAX, |at| rounded(period.place(at, frame.now) * 100.0))
}

#[cfg(test)]
mod tests {
    use timeline::Sketch;

    use super::*;

    #[test]
    fn phases_are_means_and_what_is_in_none_of_them_is_said_too() {
        let measured = Sketch::of(&[100.0, 200.0]).unwrap();
        let parts = vec![2_000, 20_000, 30_000, 200_000, 8_000];
        let sample = Sample { minute: 0, measured, errors: 1, parts };
        assert_eq!(means(&sample), Some([1.0, 10.0, 15.0, 100.0, 4.0, 20.0]));
        let failed = Sample { minute: 0, measured: Sketch::default(), errors: 3, parts: vec![0; 5] };
        assert_eq!(means(&failed), None);
        let old = Sample { parts: Vec::new(), ..sample };
        assert_eq!(means(&old), Some([0.0, 0.0, 0.0, 0.0, 0.0, 150.0]), "samples of before phases were kept");
    }
}
