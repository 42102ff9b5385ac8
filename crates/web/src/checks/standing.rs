//! What each location sees of a check, so that "one location" and "everywhere" are told apart.

use std::collections::BTreeMap;

use checks::{State as Checks, Verdict, Watch};

use crate::views::{State, Tone};

/// What one location sees, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seen {
    /// It is broken from there.
    Down,
    /// It is slow from there.
    Slow,
    /// A run failed there, which isn't confirmed yet.
    Once,
    /// Nothing is heard of its probe.
    Silent,
    /// Nothing is known yet.
    NotYet,
    /// It works, as far as is known.
    Good,
}

impl Seen {
    const ALL: [Self; 6] = [Self::Down, Self::Slow, Self::Once, Self::Silent, Self::NotYet, Self::Good];

    /// As a word and a shape.
    pub(super) fn state(self) -> State {
        match self {
            Self::Down => State::new(Tone::Bad, "down"),
            Self::Slow => State::new(Tone::Warn, "slow"),
            Self::Once => State::new(Tone::Warn, "failed once"),
            Self::Silent => State::new(Tone::Unknown, "silent"),
            Self::NotYet => State::new(Tone::Unknown, "no run yet"),
            Self::Good => State::new(Tone::Good, "up"),
        }
    }
}

/// Names that are said; of more, how many there are.
const NAMES_MAX: usize = 3;

/// What each location sees that runs the check, or that reported without a probe of its own; in order of their names.
pub(super) fn seen<'a>(checks: &'a Checks, watch: &'a Watch) -> BTreeMap<&'a str, Seen> {
    let probes =
        checks.probes().filter(|(location, _)| watch.definition.is_for(location)).map(|(location, _)| location);
    let bad = watch.failing.keys().chain(watch.falters.keys()).map(String::as_str);
    let others = watch.location.as_deref().filter(|_| watch.definition.is_run());
    probes.chain(bad).chain(others).map(|location| (location, seen_at(checks, watch, location))).collect()
}

/// Whether a location is one of those of [`seen`].
pub(super) fn is_seen_from(checks: &Checks, watch: &Watch, location: &str) -> bool {
    let runs = || checks.probe(location).is_some() && watch.definition.is_for(location);
    let reported = watch.failing.contains_key(location) || watch.falters.contains_key(location);
    reported || runs() || watch.definition.is_run() && watch.location.as_deref() == Some(location)
}

/// What one location sees.
pub(super) fn seen_at(checks: &Checks, watch: &Watch, location: &str) -> Seen {
    if let Some(failing) = watch.failing.get(location) {
        return if failing.down { Seen::Down } else { Seen::Slow };
    }
    if watch.falters.contains_key(location) {
        return Seen::Once;
    }
    match (checks.probe(location), watch.verdict) {
        (Some(probe), _) if probe.silent => Seen::Silent,
        // Nobody has said anything; what a single location saw of it is not in the World.
        (_, Verdict::Unknown) => Seen::NotYet,
        (_, Verdict::Up | Verdict::Degraded | Verdict::Down) => Seen::Good,
    }
}

/// In words, the worst first: `down at eu-west, us-east; 9 up; 1 silent`.
pub(super) fn in_words(seen: &BTreeMap<&str, Seen>) -> String {
    if seen.is_empty() {
        return "no location runs it".to_owned();
    }
    let of = |wanted: Seen| -> Vec<&str> {
        seen.iter().filter(|(_, theirs)| **theirs == wanted).map(|(location, _)| *location).collect()
    };
    let part = |wanted: Seen| {
        let locations = of(wanted);
        let (count, word) = (locations.len(), wanted.state().word);
        let named = match wanted {
            Seen::Down | Seen::Slow | Seen::Once => true,
            Seen::Silent | Seen::NotYet | Seen::Good => false,
        };
        match (count, named) {
            (0, _) => None,
            (_, true) if count == seen.len() && count > 1 => Some(format!("{word} at all {count}")),
            (_, true) if count > NAMES_MAX => Some(format!("{word} at {count}: {}, …", first(&locations))),
            (_, true) => Some(format!("{word} at {}", first(&locations))),
            (_, false) if count == seen.len() && count > 1 => Some(format!("all {count} {word}")),
            (_, false) => Some(format!("{count} {word}")),
        }
    };
    Seen::ALL.into_iter().filter_map(part).collect::<Vec<_>>().join("; ")
}

fn first(locations: &[&str]) -> String {
    locations.iter().take(NAMES_MAX).copied().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_location_and_everywhere_are_said_differently() {
        let check = |seen: &[(&str, Seen)], words: &str| assert_eq!(in_words(&seen.iter().copied().collect()), words);
        check(&[], "no location runs it");
        check(&[("a", Seen::Good), ("b", Seen::Good)], "all 2 up");
        check(&[("a", Seen::Good)], "1 up");
        check(&[("a", Seen::Down), ("b", Seen::Good), ("c", Seen::Silent)], "down at a; 1 silent; 1 up");
        check(&[("a", Seen::Down), ("b", Seen::Down)], "down at all 2");
        let many: Vec<(&str, Seen)> = ["a", "b", "c", "d"].map(|name| (name, Seen::Slow)).to_vec();
        check(&[many.as_slice(), &[("e", Seen::Good)]].concat(), "slow at 4: a, b, c, …; 1 up");
    }
}
