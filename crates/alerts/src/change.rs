//! Changes that other tools report: something was done to a component. They open nothing; they are suspects when it fails.
//!
//! A sender's repetition, after an answer that was lost, is the same change: one that says the same and since when. What
//! doesn't say when it was is the same within [`SAME_CHANGE`]. Changes are remembered by their digests, and no longer
//! than a day.

use imbl::Vector;
use jiff::SignedDuration;
use kernel::{EntityRef, Refusal, Sha256, Timestamp, codes};
use serde::{Deserialize, Serialize};

use crate::{Event, Integration, Link, alert};

/// The changes that one integration may report in a day. Suspects are found among the latest changes of all: one sender
/// gone wild must not crowd out what others did.
pub const CHANGES_PER_DAY_MAX: usize = 1_000;

/// How long a change that doesn't say when it was is the same as one that says the same.
pub const SAME_CHANGE: SignedDuration = SignedDuration::from_mins(10);

/// The details of a change are kept as JSON text of at most this many bytes: the latest changes are held in memory whole.
const DETAILS_BYTES_MAX: usize = 4 * 1_024;

/// How long changes are counted and recognised.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// A sender that reported too much is told to come back no later than this.
const RETRY_S_MAX: i64 = 3_600;

/// What a sender says of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// What was done, in one line.
    pub summary: String,
    /// Who or what did it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// When it was done, if that was said: in an event never later than the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Everything else that it says, as JSON text; empty if there is nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub details: String,
    /// Where to read on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

impl Reported {
    /// The same within all bounds, and not in the future: there the sender's clock is wrong.
    fn bounded(self, now: Timestamp) -> Self {
        let Self { summary, mut source, at, details, mut links } = self;
        alert::bound_source(&mut source);
        alert::bound_links(&mut links);
        let details = alert::bounded_details(details, DETAILS_BYTES_MAX);
        Self { summary: alert::one_line(&summary), source, at: at.filter(|at| *at <= now), details, links }
    }

    fn digest(&self, entity: &EntityRef) -> Sha256 {
        let said = serde_json::to_vec(self).unwrap_or_default();
        Sha256::of_parts(&[entity.to_string().as_bytes(), &said])
    }
}

/// An integration's changes of the last day, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recent(Vector<(Timestamp, Sha256)>);

impl Recent {
    /// Adds one, and forgets those of more than a day ago.
    pub(crate) fn add(&mut self, entity: &EntityRef, change: &Reported, at: Timestamp) {
        while self.0.len() >= CHANGES_PER_DAY_MAX || self.0.front().is_some_and(|(of, _)| is_over(*of, at)) {
            self.0.pop_front();
        }
        self.0.push_back((at, change.digest(entity)));
    }

    fn counted(&self, now: Timestamp) -> impl Iterator<Item = &(Timestamp, Sha256)> {
        self.0.iter().filter(move |(at, _)| !is_over(*at, now))
    }
}

fn is_over(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) >= REMEMBERED
}

/// What becomes of a report: nothing if it is told again.
///
/// # Errors
/// `RATE_LIMITED` if the integration reported too much in the last day.
pub(crate) fn decide(
    recent: Option<&Recent>,
    integration: &Integration,
    entity: Option<EntityRef>,
    change: Reported,
    now: Timestamp,
) -> Result<Option<Event>, Refusal> {
    let change = change.bounded(now);
    let entity = entity.unwrap_or_else(|| integration.settings.entity.clone());
    let digest = change.digest(&entity);
    let known = recent.into_iter().flat_map(|recent| recent.counted(now));
    let same = |at: Timestamp| change.at.is_some() || now.duration_since(at) < SAME_CHANGE;
    let (mut count, mut oldest) = (0, now);
    for (at, of) in known {
        if *of == digest && same(*at) {
            return Ok(None);
        }
        count += 1;
        oldest = oldest.min(*at);
    }
    if count >= CHANGES_PER_DAY_MAX {
        let wait = (REMEMBERED - now.duration_since(oldest)).as_secs().clamp(1, RETRY_S_MAX);
        let detail = format!("This integration has reported {CHANGES_PER_DAY_MAX} changes within a day.");
        let refusal = Refusal::new(&codes::RATE_LIMITED, detail).fix("report what is deployed, not each commit");
        return Err(refusal.retry_after(u32::try_from(wait).unwrap_or(1)));
    }
    Ok(Some(Event::ChangeReported { integration: integration.id, entity, change }))
}
