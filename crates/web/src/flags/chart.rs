//! Who got what, over time: a plot drawn on the server, its marks as a list, and the same as a table.
//!
//! Positions along the plot are shares of its width, so that it fits every screen without a script and text in it keeps
//! its size.

use ::flags::Flag;
use askama::Template;
use jiff::SignedDuration;
use kernel::{EntityRef, Refusal, Timestamp};
use timeline::SampleRange;

use super::standing::percent;
use crate::{
    evaluation::tallies::series,
    frame::Frame,
    marks::{self, Happened, Mark},
    show::address,
    views::{Empty, Moment, Tab, Tabs},
};

/// Who got what in one environment.
#[derive(Debug, Template)]
#[template(path = "flags/chart.html")]
pub struct Chart {
    /// The environments, and how far back.
    pub tabs: Vec<Tabs>,
    /// In words: `1,204 evaluations in production in the last 24 h`.
    pub words: String,
    /// The variants in the order in which they are stacked, from below.
    pub series: Vec<Series>,
    /// The bars, oldest first.
    pub bars: Vec<Bar>,
    /// What happened meanwhile, oldest first.
    pub marks: Vec<Mark>,
    /// What is said where nothing was counted.
    pub none: Empty,
}

/// One variant.
#[derive(Debug)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// The style sheet's name for it.
    pub class: String,
    /// How often it was given.
    pub total: String,
    /// Its part of all, in percent.
    pub percent: f64,
}

/// What was given in one step of time.
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
    /// How often each variant was given, in the order of the series.
    pub counts: Vec<u64>,
}

/// One variant's part of a bar.
#[derive(Debug)]
pub struct Part {
    /// The style sheet's name for the variant.
    pub class: String,
    /// Its upper end, in pixels from the top.
    pub y: f64,
    /// How high it is, in pixels.
    pub height: f64,
}

crate::views::writes_html!(Chart);

/// How far back, and in which steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    word: &'static str,
    minutes: i64,
    step_minutes: u32,
}

const PERIODS: [Period; 3] = [
    Period { word: "1h", minutes: 60, step_minutes: 1 },
    Period { word: "24h", minutes: 24 * 60, step_minutes: 30 },
    Period { word: "7d", minutes: 7 * 24 * 60, step_minutes: 180 },
];

/// A flag younger than this is looked at closely.
const YOUNG: SignedDuration = SignedDuration::from_hours(3);
/// How high the plot is, in pixels.
const HEIGHT: f64 = 120.0;
/// A part that is there is to be seen.
const PART_HEIGHT_MIN: f64 = 1.0;
/// So many variants have a look of their own.
const LOOKS: usize = 5;
/// So many marks are shown; of more, the newest.
const MARKS_MAX: usize = 20;

impl Period {
    /// The one that was asked for, or what fits the flag's age.
    pub(super) fn of(asked: Option<&str>, flag: &Flag, now: Timestamp) -> Self {
        let [hour, day, _] = PERIODS;
        let fitting = if now.duration_since(flag.created) < YOUNG { hour } else { day };
        PERIODS.into_iter().find(|period| Some(period.word) == asked).unwrap_or(fitting)
    }

    fn words(self) -> &'static str {
        match self.word {
            "1h" => "the last hour",
            "24h" => "the last 24 hours",
            _ => "the last 7 days",
        }
    }

    fn from(self, now: Timestamp) -> Timestamp {
        now.checked_sub(SignedDuration::from_mins(self.minutes)).unwrap_or(Timestamp::MIN)
    }

    /// Where a moment lies, in percent of the width.
    fn place(self, at: Timestamp, now: Timestamp) -> f64 {
        let away = at.duration_since(self.from(now)).as_secs_f64();
        rounded((away * 100.0 / (self.minutes as f64 * 60.0)).clamp(0.0, 100.0))
    }
}

/// With two digits after the point: more weighs without being seen.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Draws the chart of a flag in an environment.
pub(super) async fn of(
    frame: &Frame,
    flag: &Flag,
    environment: &str,
    environments: &[String],
    period: Period,
) -> Result<Chart, Refusal> {
    let to_minute = frame.now.as_second().div_euclid(60).saturating_add(1);
    let counted = counted(frame, flag, environment, to_minute, period).await?;
    Ok(drawn(frame, flag, environment, environments, period, counted))
}

/// One variant's counts, by the minute at which their step began.
struct Counted {
    variant: Option<String>,
    steps: Vec<(i64, u64)>,
}

async fn counted(
    frame: &Frame,
    flag: &Flag,
    environment: &str,
    to_minute: i64,
    period: Period,
) -> Result<Vec<Counted>, Refusal> {
    let name = &flag.definition.flag;
    let variants = flag.definition.variants.keys().map(Some).chain([None]);
    let asked: Vec<(Option<String>, String)> =
        variants.map(|variant| (variant.cloned(), series(name, environment, variant.map(String::as_str)))).collect();
    let (from_minute, step_minutes) = (to_minute.saturating_sub(period.minutes), period.step_minutes);
    let read = frame.app.blocking(move |engine| {
        let one = |(variant, series): (Option<String>, String)| -> Result<Counted, Refusal> {
            let range = SampleRange { series, from_minute, to_minute, step_minutes };
            let samples = engine.store().samples(&range)?;
            let steps = samples.iter().map(|sample| (sample.minute, whole(sample.measured.sum())));
            Ok(Counted { variant, steps: steps.filter(|(_, count)| *count > 0).collect() })
        };
        asked.into_iter().map(one).collect::<Result<Vec<_>, _>>()
    });
    let mut counted = read.await?;
    counted.retain(|one| !one.steps.is_empty());
    Ok(counted)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of counts")]
fn whole(sum: f64) -> u64 {
    sum as u64
}

fn drawn(
    frame: &Frame,
    flag: &Flag,
    environment: &str,
    environments: &[String],
    period: Period,
    mut counted: Vec<Counted>,
) -> Chart {
    let sum = |one: &Counted| one.steps.iter().map(|(_, count)| count).sum::<u64>();
    // What most get stands at the bottom, where it is read best.
    counted.sort_by_key(|one| std::cmp::Reverse(sum(one)));
    let all: u64 = counted.iter().map(sum).sum();
    let series: Vec<Series> = counted
        .iter()
        .enumerate()
        .map(|(at, one)| Series {
            name: one.variant.clone().unwrap_or_else(|| "the client’s default".to_owned()),
            class: format!("look-{}", at.min(LOOKS - 1)),
            total: grouped(sum(one)),
            percent: percent(u32::try_from(sum(one)).unwrap_or(u32::MAX), all),
        })
        .collect();
    Chart {
        tabs: tabs(frame, flag, environment, environments, period),
        words: format!("{} evaluations in {environment} in {}.", grouped(all), period.words()),
        bars: bars(&series, &counted, period, frame.now),
        series,
        marks: marks(frame, flag, period),
        none: Empty::new(format!("No client evaluated it in {environment} in {}.", period.words())),
    }
}

/// `15,212`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bars(series: &[Series], counted: &[Counted], period: Period, now: Timestamp) -> Vec<Bar> {
    let mut steps: std::collections::BTreeMap<i64, Vec<u64>> = std::collections::BTreeMap::new();
    for (at, one) in counted.iter().enumerate() {
        for (minute, count) in &one.steps {
            let row = steps.entry(*minute).or_insert_with(|| vec![0; counted.len()]);
            if let Some(cell) = row.get_mut(at) {
                *cell += count;
            }
        }
    }
    let highest = steps.values().map(|row| row.iter().sum::<u64>()).max().unwrap_or(1).max(1);
    let step = SignedDuration::from_mins(i64::from(period.step_minutes));
    let bars = steps.into_iter().filter_map(|(minute, counts)| {
        let begin = Timestamp::from_second(minute.checked_mul(60)?).ok()?;
        let end = begin.checked_add(step).ok()?;
        let x = period.place(begin, now);
        let mut top = 14.0 + HEIGHT;
        let parts = series.iter().zip(&counts).filter(|(_, count)| **count > 0).map(|(one, count)| {
            let height = (*count as f64 * HEIGHT / highest as f64).max(PART_HEIGHT_MIN);
            top -= height;
            Part { class: one.class.clone(), y: rounded(top), height: rounded(height) }
        });
        let parts = parts.collect();
        let width = rounded((period.place(end, now) - x) * 0.86);
        Some(Bar { at: Moment::clock(begin), x, width, parts, counts })
    });
    bars.collect()
}

/// What was done to the flag, and what broke where it is read.
fn marks(frame: &Frame, flag: &Flag, period: Period) -> Vec<Mark> {
    let from = period.from(frame.now);
    let changes = frame.world.journal.about(&flag.definition.flag).take_while(|entry| entry.change.at >= from);
    let changes = changes.map(|entry| Happened::change(frame, entry, entry.change.summary.clone()));
    let concerned = |entity: &EntityRef| flag.users().any(|user| user == entity);
    let incidents = frame.world.incidents.recent().filter(|incident| incident.since >= from);
    let incidents = incidents.filter(|incident| incident.entities().any(concerned));
    let incidents = incidents.map(|incident| Happened::incident(frame, incident));
    let happened = changes.take(MARKS_MAX).chain(incidents.take(MARKS_MAX));
    marks::marks(frame, happened, MARKS_MAX, |at| period.place(at, frame.now))
}

fn tabs(frame: &Frame, flag: &Flag, environment: &str, environments: &[String], period: Period) -> Vec<Tabs> {
    let home = address(&flag.definition.flag);
    let tab = |label: &str, environment: &str, word: &str, here: bool| {
        let query = serde_html_form::to_string([("environment", environment), ("period", word)]).unwrap_or_default();
        Tab { label: label.to_owned(), href: frame.href(format!("{home}?{query}#chart")), here, count: None }
    };
    let places = environments.iter().map(|name| tab(name, name, period.word, name == environment)).collect();
    let periods = PERIODS.iter().map(|one| tab(one.word, environment, one.word, one == &period)).collect();
    vec![
        Tabs { label: "Environment of the plot".to_owned(), tabs: places },
        Tabs { label: "Period of the plot".to_owned(), tabs: periods },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_large_numbers_stand_in_groups() {
        let check = |number, text: &str| assert_eq!(grouped(number), text);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(12_345_678, "12,345,678");
    }

    #[test]
    fn moments_are_placed_from_the_left_and_never_outside_of_the_plot() {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let check = |minutes_ago: i64, place: f64| {
            let at = now - SignedDuration::from_mins(minutes_ago);
            assert!((PERIODS[0].place(at, now) - place).abs() < 0.01, "{minutes_ago} min ago");
        };
        check(0, 100.0);
        check(15, 75.0);
        check(60, 0.0);
        check(90, 0.0);
        check(-5, 100.0);
    }
}
