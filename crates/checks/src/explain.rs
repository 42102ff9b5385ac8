//! Why a verdict is what it is, in plain words.

use jiff::Timestamp;

use crate::{State, Verdict, Watch, quorum::Standing};

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
    let flaps = if watch.is_flapping(now) {
        let wanted = runs(watch.successes_wanted(now), "good run");
        format!(" It goes down again and again: {wanted} in a row are wanted for now, so that it pages once.")
    } else {
        String::new()
    };
    let said = match watch.verdict {
        Verdict::Up if let Some(partly) = partly(watch) => format!("Up, since too few locations agree: {partly}."),
        Verdict::Up => match watch.falters.iter().next() {
            Some((location, falter)) => format!(
                "Up, but a run of {request} at {location} failed {}: {}. {} in a row would make it down.",
                ago(falter.since, now),
                falter.evidence.error,
                failures(definition.failures_to_down),
            ),
            None => format!("Up since {:.0}: {request} answered as expected{at}.", watch.since),
        },
        Verdict::Degraded => {
            format!("Degraded since {:.0}: {request} answers, but too slowly{at} ({error}).", watch.since)
        }
        Verdict::Down => {
            let last_good = watch.last_good.map_or_else(
                || "No good run is known before.".to_owned(),
                |last| format!("The last good run was at {last:.0}."),
            );
            format!(
                "Down since {:.0}: {} of {request} in a row{at} ({error}). {last_good} {} in a row will make it up again.",
                watch.since,
                failures(definition.failures_to_down),
                runs(definition.successes_to_up, "good run"),
            )
        }
        Verdict::Unknown => match watch.down_since {
            Some(down) => format!(
                "Unknown: nothing was heard of {request} since {:.0}. It was down since {down:.0}, and that is not known to be over.",
                watch.since
            ),
            None => match partly(watch) {
                Some(partly) => format!("Unknown: too few locations report to say more. {partly}."),
                None => format!("Unknown: no result of {request} since {:.0}, {}.", watch.since, ago(watch.since, now)),
            },
        },
    };
    let unable = watch.unable.iter().map(|(location, why)| format!(" At {location} it can't be run: {why}."));
    said + &flaps + &unable.collect::<String>()
}

/// Where the path fails or is slow, in words; none if nowhere.
fn partly(watch: &Watch) -> Option<String> {
    let all = || watch.failing.iter();
    let names = |down| all().filter(move |(_, failing)| failing.down == down).map(|(location, _)| location.as_str());
    let (down, slow): (Vec<&str>, Vec<&str>) = (names(true).collect(), names(false).collect());
    let parts = [("fails at", down), ("is slow at", slow)].into_iter().filter(|(_, locations)| !locations.is_empty());
    let parts: Vec<String> = parts.map(|(how, locations)| format!("it {how} {}", locations.join(", "))).collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// Why this check paged, or did not: what a person asks who was woken, or who was not.
#[must_use]
pub fn why_paged(state: &State, watch: &Watch, now: Timestamp) -> String {
    let definition = &watch.definition;
    if watch.paused {
        return "It pages nobody: it is paused.".to_owned();
    }
    if let Some(end) = state.maintenance_end(definition, now) {
        return format!("It pages nobody until {end}: it is in maintenance.");
    }
    let panel = state.panel(watch);
    let (needed, down) = (panel.needed(definition.agreement), panel.count(Standing::Down));
    let of = panel.reporting.len();
    let silent = match panel.silent {
        0 => String::new(),
        silent => format!(
            " {} silent or can't run it, which counts as neither.",
            if silent == 1 { "1 location is".to_owned() } else { format!("{silent} locations are") }
        ),
    };
    match watch.verdict {
        Verdict::Down => format!(
            "It paged: {} in a row failed at {down} of {of} reporting locations, and {needed} must agree.{silent}",
            failures(definition.failures_to_down)
        ),
        Verdict::Unknown => {
            format!("It pages nobody: what isn't known is not down. {needed} locations must report, {of} do.{silent}")
        }
        Verdict::Degraded => format!("It pages nobody: it is slow, not down.{silent}"),
        Verdict::Up if down > 0 => {
            format!("It pages nobody: {down} of {of} reporting locations see it down, and {needed} must agree.{silent}")
        }
        Verdict::Up if !watch.falters.is_empty() => format!(
            "It pages nobody yet: a failure isn't confirmed; {} in a row at {needed} locations are wanted.{silent}",
            failures(definition.failures_to_down)
        ),
        Verdict::Up => format!("It pages nobody: it works.{silent}"),
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
