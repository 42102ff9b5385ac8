//! Flags that should be gone.

use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use kernel::{EntityRef, Timestamp};

use crate::{Flag, State};

/// A flag that should be gone, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Which.
    pub flag: EntityRef,
    /// Who keeps it.
    pub owner: Option<EntityRef>,
    /// Why; at least one reason.
    pub reasons: Vec<StaleReason>,
}

/// Why a flag should be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaleReason {
    /// Everybody gets the same, wherever it is known, for long.
    Settled {
        /// True if it is on.
        on: bool,
        /// Since when.
        since: Timestamp,
    },
    /// It is older than flags of its purpose should become.
    PastLifetime {
        /// The days that it should have lived.
        days: u16,
        /// When it was made.
        created: Timestamp,
    },
    /// It should be gone by its own declaration.
    Expired {
        /// The day.
        on: Date,
    },
    /// Nobody evaluates it.
    NotEvaluated {
        /// The last day; none: never.
        since: Option<Timestamp>,
    },
    /// Code was searched, and does not name it.
    NotInCode,
}

/// A flag that serves everybody the same for so long is done.
const SETTLED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A flag that nobody evaluates for so long is not in use.
const UNUSED_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

impl StaleReason {
    /// It in words.
    #[must_use]
    pub fn words(&self, now: Timestamp) -> String {
        let days = |since: Timestamp| now.duration_since(since).as_hours() / 24;
        match self {
            Self::Settled { on, since } => {
                format!("has been {} for everybody for {} days", if *on { "on" } else { "off" }, days(*since))
            }
            Self::PastLifetime { days: expected, created } => {
                format!("is {} days old; flags of its sort should live for {expected}", days(*created))
            }
            Self::Expired { on } => format!("should have been gone by {on}"),
            Self::NotEvaluated { since: Some(since) } => format!("has not been evaluated for {} days", days(*since)),
            Self::NotEvaluated { since: None } => "has never been evaluated".to_owned(),
            Self::NotInCode => "is not named in any code that was searched".to_owned(),
        }
    }
}

/// The flags that should be gone, by name.
#[must_use]
pub fn stale(state: &State, now: Timestamp) -> Vec<Stale> {
    let stale = |flag: &Flag| {
        let reasons = reasons(state, flag, now);
        let of = |reasons| {
            let definition = &flag.definition;
            Stale { flag: definition.flag.clone(), owner: definition.owner.clone(), reasons }
        };
        (!reasons.is_empty()).then(|| of(reasons))
    };
    state.flags().filter_map(stale).collect()
}

/// Why a flag should be gone; nothing speaks against most.
#[must_use]
pub fn reasons(state: &State, flag: &Flag, now: Timestamp) -> Vec<StaleReason> {
    let definition = &flag.definition;
    let age = now.duration_since(flag.created);
    let mut reasons = Vec::new();
    if let Some(days) = definition.purpose.expected_days() {
        reasons.extend(settled(flag, now));
        if age > SignedDuration::from_hours(24 * i64::from(days)) {
            reasons.push(StaleReason::PastLifetime { days, created: flag.created });
        }
    }
    let today = now.to_zoned(TimeZone::UTC).date();
    let expires = definition.expires.as_ref().and_then(|date| date.parse::<Date>().ok());
    reasons.extend(expires.filter(|date| *date < today).map(|on| StaleReason::Expired { on }));
    if now.duration_since(flag.evaluated.unwrap_or(flag.created)) > UNUSED_FOR && state.is_counted() {
        reasons.push(StaleReason::NotEvaluated { since: flag.evaluated });
    }
    let newer = |reported: &Timestamp| *reported > flag.created;
    if flag.references.is_empty() && state.reporters().any(|(_, reported)| newer(reported)) {
        reasons.push(StaleReason::NotInCode);
    }
    reasons
}

fn settled(flag: &Flag, now: Timestamp) -> Option<StaleReason> {
    let mut switches = flag.switches.iter();
    let (_, first) = switches.next()?;
    let alike = switches.all(|(_, switch)| switch.on == first.on);
    let whole = !first.on || flag.switches.keys().all(|environment| serves_everybody_alike(flag, environment, now));
    let switched = flag.switches.values().map(|switch| switch.since).max()?;
    let defined = flag.history.last().map_or(flag.created, |past| past.at);
    let stepped = flag.runs.values().filter_map(|run| run.reached).map(|reached| reached.since).max();
    let since = if first.on { switched.max(defined).max(stepped.unwrap_or(switched)) } else { switched };
    let is_long = now.duration_since(since) > SETTLED_FOR;
    (alike && whole && is_long).then_some(StaleReason::Settled { on: first.on, since })
}

fn serves_everybody_alike(flag: &Flag, environment: &str, now: Timestamp) -> bool {
    let definition = &flag.definition;
    let Some(setting) = definition.setting(environment) else { return true };
    let rules = setting.targeting.is_some() || definition.targeting.is_some() || !setting.audiences.is_empty();
    let rollout =
        setting.rollout.as_ref().is_some_and(|it| it.shares.iter().filter(|share| share.weight > 0).count() > 1);
    let ramp = flag.ramp_position(environment, now).is_some_and(|position| !position.is_whole());
    !(rules || rollout || ramp || !definition.requires.is_empty())
}
