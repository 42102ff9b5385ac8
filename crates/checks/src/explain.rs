//! Why a verdict is what it is, in plain words.

use jiff::Timestamp;

use crate::{Verdict, Watch};

/// Why the check has its verdict, and what would change it: one or two sentences for a person.
#[must_use]
pub fn why(watch: &Watch, now: Timestamp) -> String {
    let definition = &watch.definition;
    let request = definition.request();
    let at = watch.location.as_ref().map_or_else(String::new, |location| format!(" at {location}"));
    if watch.paused {
        return format!("Paused: results of {request} are not judged. Before that it was {}.", watch.verdict.as_str());
    }
    let error = watch.evidence.as_ref().map_or("the answer was not as expected", |evidence| evidence.error.as_str());
    match watch.verdict {
        Verdict::Up => match watch.falters.iter().next() {
            Some((location, falter)) => format!(
                "Up, but a run of {request} at {location} failed {}: {}. {} in a row would make it down.",
                ago(falter.since, now),
                falter.evidence.error,
                failures(definition.failures_to_down),
            ),
            None => format!("Up since {}: {request} answered as expected{at}.", watch.since),
        },
        Verdict::Degraded => {
            format!("Degraded since {}: {request} answers, but too slowly{at} ({error}).", watch.since)
        }
        Verdict::Down => {
            let last_good = watch.last_good.map_or_else(
                || "No good run is known before.".to_owned(),
                |last| format!("The last good run was at {last}."),
            );
            format!(
                "Down since {}: {} of {request} in a row{at} ({error}). {last_good} {} in a row will make it up again.",
                watch.since,
                failures(definition.failures_to_down),
                runs(definition.successes_to_up, "good run"),
            )
        }
        Verdict::Unknown => match watch.down_since {
            Some(down) => format!(
                "Unknown: nothing was heard of {request} since {}. It was down since {down}, and that is not known to be over.",
                watch.since
            ),
            None => format!("Unknown: no result of {request} since {}, {}.", watch.since, ago(watch.since, now)),
        },
    }
}

fn failures(count: u32) -> String {
    runs(count, "failing run")
}

fn runs(count: u32, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    match seconds {
        0..=1 => "just now".to_owned(),
        2..=119 => format!("{seconds} seconds ago"),
        120..=7199 => format!("{} minutes ago", seconds / 60),
        7200..=172_799 => format!("{} hours ago", seconds / 3600),
        172_800.. => format!("{} days ago", seconds / 86_400),
        i64::MIN..0 => "just now".to_owned(),
    }
}
