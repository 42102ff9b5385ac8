//! How often the ranking of suspects was right, by what people found.

use serde::{Deserialize, Serialize};

use crate::{Incident, Verdict};

/// What became of the ranking where people found the cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Incidents of which somebody said which change it was, and of which is known where the ranking had it then.
    pub judged: u32,
    /// Those in which the ranking had it first.
    pub first: u32,
    /// Those in which it was among the first three.
    pub first_three: u32,
    /// Those in which the ranking did not have it at all.
    pub missed: u32,
    /// Incidents in which all changes that were judged were found innocent.
    pub innocent_only: u32,
}

impl Accuracy {
    /// So many percent of those judged; none if none is.
    #[must_use]
    pub fn percent(&self, of: u32) -> Option<u32> {
        (of * 100).checked_div(self.judged)
    }
}

/// Counts over incidents. Of several guilty changes the one that the ranking had highest counts.
#[must_use]
pub fn accuracy<'a>(incidents: impl Iterator<Item = &'a Incident>) -> Accuracy {
    let mut counted = Accuracy::default();
    // What was merged is counted where its marks are now.
    for incident in incidents.filter(|incident| incident.merged.is_none()) {
        let guilty = || incident.marks.iter().filter(|mark| mark.verdict == Verdict::Guilty);
        if guilty().next().is_none() {
            counted.innocent_only += u32::from(!incident.marks.is_empty());
            continue;
        }
        // Rank 0 is nowhere: worse than any.
        let best = guilty().filter_map(|mark| mark.rank).min_by_key(|rank| rank.wrapping_sub(1));
        let Some(best) = best else { continue };
        counted.judged += 1;
        counted.first += u32::from(best == 1);
        counted.first_three += u32::from((1..=3).contains(&best));
        counted.missed += u32::from(best == 0);
    }
    counted
}
