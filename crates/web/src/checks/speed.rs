//! How fast a check's runs were, from the samples.

use std::collections::BTreeSet;

use checks::{Watch, series};
use jiff::{SignedDuration, Timestamp};
use kernel::Refusal;
use timeline::{Sample, SampleRange, Sketch};

use crate::frame::Frame;

/// The samples of a check over the last hour, by steps, at all locations that are known to run it.
#[derive(Debug, Default)]
pub(super) struct Speed {
    /// Each with its location.
    pub(super) samples: Vec<(String, Sample)>,
}

/// The last hour is looked at.
const MINUTES: i64 = 60;
/// Samples of so many minutes are merged for one check's screen; its newest result is known to the minute.
const STEP_MINUTES: u32 = 5;

impl Speed {
    /// The median of the last hour, in milliseconds.
    pub(super) fn median(&self) -> Option<f64> {
        self.all().quantile(0.5)
    }

    /// All measured values.
    pub(super) fn all(&self) -> Sketch {
        let mut all = Sketch::default();
        self.samples.iter().for_each(|(_, sample)| all.merge(&sample.measured));
        all
    }

    /// When the newest result came, to the minute: the end of that minute, if it is over.
    pub(super) fn newest(&self, now: Timestamp) -> Option<Timestamp> {
        let minute = self.samples.iter().map(|(_, sample)| sample.minute).max()?;
        let end = Timestamp::from_second(minute.checked_add(1)?.checked_mul(60)?).ok()?;
        Some(end.min(now))
    }
}

/// How fast each of these was, in their order.
pub(super) async fn speeds(frame: &Frame, watches: &[&Watch]) -> Result<Vec<Speed>, Refusal> {
    read(frame, watches, 1).await
}

/// How fast one was, in steps.
pub(super) async fn in_steps(frame: &Frame, watch: &Watch) -> Result<Speed, Refusal> {
    Ok(read(frame, &[watch], STEP_MINUTES).await?.pop().unwrap_or_default())
}

async fn read(frame: &Frame, watches: &[&Watch], step_minutes: u32) -> Result<Vec<Speed>, Refusal> {
    let to_minute = frame.now.as_second().div_euclid(60).saturating_add(1);
    let range = move |series| SampleRange { series, from_minute: to_minute - MINUTES, to_minute, step_minutes };
    let asked: Vec<Vec<(String, String)>> = watches
        .iter()
        .map(|watch| {
            let probes = frame.world.checks.probes().map(|(location, _)| location);
            let theirs = probes.filter(|location| watch.definition.is_for(location));
            // Who reported before probes were known by name.
            let locations: BTreeSet<&str> = theirs.chain(watch.location.as_deref()).collect();
            let named = locations.into_iter();
            named.map(|location| (location.to_owned(), series(&watch.definition.check, location))).collect()
        })
        .collect();
    let read = frame.app.blocking(move |engine| {
        let speed = |series: Vec<(String, String)>| -> Result<Speed, Refusal> {
            let mut speed = Speed::default();
            for (location, series) in series {
                let samples = engine.store().samples(&range(series))?;
                speed.samples.extend(samples.into_iter().map(|sample| (location.clone(), sample)));
            }
            Ok(speed)
        };
        asked.into_iter().map(speed).collect()
    });
    read.await
}

/// The time at which a step began.
pub(super) fn began(sample: &Sample) -> Option<Timestamp> {
    Timestamp::from_second(sample.minute.checked_mul(60)?).ok()
}

/// How long a step is.
pub(super) fn step() -> SignedDuration {
    SignedDuration::from_mins(i64::from(STEP_MINUTES))
}
