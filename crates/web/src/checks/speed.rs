//! How fast a check's runs were, from the samples.

use std::collections::BTreeSet;

use checks::{Watch, series};
use jiff::Timestamp;
use kernel::Refusal;
use timeline::{Sample, SampleRange, Sketch};

use super::period::Period;
use crate::frame::Frame;

/// The samples of a check, by steps, at each location that is known to run it.
#[derive(Debug, Default)]
pub(super) struct Speed {
    /// Each location with its steps, oldest first.
    pub(super) places: Vec<(String, Vec<Sample>)>,
    /// How many minutes a step has.
    pub(super) step_minutes: u32,
}

/// The longest period whose samples are read for one screen: each minute of each location is a sketch to merge.
pub(super) const LONGEST: Period = Period::DAY;

impl Speed {
    /// All measured values.
    pub(super) fn all(&self) -> Sketch {
        let mut all = Sketch::default();
        self.places.iter().for_each(|(_, samples)| all.merge(&merged(samples)));
        all
    }

    /// One location's steps.
    pub(super) fn at(&self, location: &str) -> &[Sample] {
        let found = self.places.iter().find(|(name, _)| name == location);
        found.map_or(&[], |(_, samples)| samples.as_slice())
    }
}

/// All measured values of these steps.
pub(super) fn merged(samples: &[Sample]) -> Sketch {
    let mut all = Sketch::default();
    samples.iter().for_each(|sample| all.merge(&sample.measured));
    all
}

/// The locations that may have samples of a check.
pub(super) fn locations(frame: &Frame, watch: &Watch) -> Vec<String> {
    let probes = frame.world.checks.probes().map(|(location, _)| location);
    let theirs = probes.filter(|location| watch.definition.is_for(location));
    // Who reported before probes were known by name.
    let locations: BTreeSet<&str> = theirs.chain(watch.location.as_deref()).collect();
    locations.into_iter().map(str::to_owned).collect()
}

/// How fast a check was at these locations, in a period that is no longer than [`LONGEST`].
pub(super) async fn of(frame: &Frame, watch: &Watch, locations: &[String], period: Period) -> Result<Speed, Refusal> {
    let minutes = period.length().as_mins();
    let step_minutes = u32::try_from((minutes / 60).max(1)).unwrap_or(u32::MAX);
    let to_minute = frame.now.as_second().div_euclid(60).saturating_add(1);
    let asked: Vec<(String, SampleRange)> = locations
        .iter()
        .map(|location| {
            let series = series(&watch.definition.check, location);
            let from_minute = to_minute.saturating_sub(minutes);
            (location.clone(), SampleRange { series, from_minute, to_minute, step_minutes })
        })
        .collect();
    let read = frame.app.blocking(move |engine| {
        let one = |(location, range): (String, SampleRange)| Ok((location, engine.store().samples(&range)?));
        asked.into_iter().map(one).collect::<Result<Vec<_>, Refusal>>()
    });
    Ok(Speed { places: read.await?, step_minutes })
}

/// The time at which a step began.
pub(super) fn began(sample: &Sample) -> Option<Timestamp> {
    Timestamp::from_second(sample.minute.checked_mul(60)?).ok()
}
