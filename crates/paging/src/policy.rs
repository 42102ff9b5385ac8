//! Escalation policies, and the plan that a page makes of them.

use std::collections::{BTreeSet, HashMap};

use kernel::EntityRef;
use serde::{Deserialize, Serialize};

use crate::{Hours, Urgency};

/// Steps of one policy.
pub(crate) const STEPS_MAX: usize = 20;
/// Targets of one step.
pub(crate) const TARGETS_MAX: usize = 50;
/// How often a policy may be repeated.
pub(crate) const REPEAT_MAX: u8 = 9;
/// The shortest wait for an answer: a minute.
pub(crate) const AFTER_S_MIN: u32 = 60;
/// The longest wait for an answer: a day.
pub(crate) const AFTER_S_MAX: u32 = 24 * 60 * 60;
/// Policies that are followed from one page, through `then`.
pub(crate) const LEGS_MAX: usize = 10;

/// Targets of all policies of one plan. A reference has up to 512 bytes, and an event at most a mebibyte.
pub(crate) const PLAN_TARGETS_MAX: usize = 1_500;

/// The kind of a policy's reference: `escalationpolicy:default/payments`.
pub const POLICY_KIND: &str = "escalationpolicy";

/// Who is told when nobody answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The policy itself.
    pub policy: EntityRef,
    /// Its steps, in order. Not empty.
    pub steps: Vec<Step>,
    /// How often all steps are repeated after the first time.
    #[serde(default)]
    pub repeat: u8,
    /// The policy that goes on when all is repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<EntityRef>,
    /// The hours for which pages of low urgency wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_urgency: Option<Hours>,
    /// The urgency of its pages; else it follows from what each is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
}

/// One step of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Who is told.
    pub notify: Vec<Target>,
    /// How long is waited for an answer before the next step.
    pub after_s: u32,
}

/// Whom a step names. The caller finds out who that is at the time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// This person.
    User(EntityRef),
    /// Whoever is on call by this rotation.
    Rotation(EntityRef),
    /// Everybody in this team.
    Team(EntityRef),
    /// Whoever is on call for the page's team, which is the owner of what the page is about.
    Owner,
}

impl Target {
    /// The target in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::User(person) => person.short().to_owned(),
            Self::Rotation(rotation) => format!("whoever is on call by {}", rotation.short()),
            Self::Team(team) => format!("everybody in {}", team.short()),
            Self::Owner => "whoever is on call for the owner".to_owned(),
        }
    }
}

/// All that a page will do, as it was when the page was opened: later changes of policies don't touch it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The policies, in the order in which they follow one another. Not empty.
    pub legs: Vec<Leg>,
}

/// One policy of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The policy; none for what is done where a team has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<EntityRef>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// How often they are repeated.
    pub repeat: u8,
    /// The hours for which the page waits, if its urgency is low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_urgency: Option<Hours>,
}

/// A place in a plan; all count from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Place {
    /// Which policy of the plan.
    pub leg: u8,
    /// Which repetition.
    pub round: u8,
    /// Which step.
    pub step: u8,
}

impl Place {
    /// The place in words: `step 2 of 3, round 1 of 3 of payments`.
    pub(crate) fn in_words(self, plan: &Plan) -> String {
        let Some(leg) = plan.leg(self) else { return "the end".to_owned() };
        let name = leg.policy.as_ref().map_or("the default policy", EntityRef::short);
        let (step, round) = (u32::from(self.step) + 1, u32::from(self.round) + 1);
        let rounds = u32::from(leg.repeat) + 1;
        format!("step {step} of {} in round {round} of {rounds} of {name}", leg.steps.len())
    }
}

impl Plan {
    /// What is done where a team has no policy: whoever is on call for the owner has five minutes; then they and
    /// everybody in the team; all of it three times.
    #[must_use]
    pub fn without_policy(team: Option<&EntityRef>) -> Self {
        let after_s = 5 * 60;
        let everybody = team.cloned().map(Target::Team);
        let first = Step { notify: vec![Target::Owner], after_s };
        let second = Step { notify: [Target::Owner].into_iter().chain(everybody).collect(), after_s };
        Self { legs: vec![Leg { policy: None, steps: vec![first, second], repeat: 2, low_urgency: None }] }
    }

    /// The plan that follows from a policy and those that it goes on with: each once, the first [`LEGS_MAX`] of them, and
    /// no more than have [`PLAN_TARGETS_MAX`] targets together.
    pub(crate) fn of<'a>(first: &'a Policy, policy: impl Fn(&EntityRef) -> Option<&'a Policy>) -> Self {
        let targets = |policy: &Policy| policy.steps.iter().map(|step| step.notify.len()).sum::<usize>();
        let (mut followed, mut total) = (vec![first], targets(first));
        while let Some(then) = followed.last().and_then(|last| policy(last.then.as_ref()?))
            && followed.len() < LEGS_MAX
            && !followed.iter().any(|earlier| earlier.policy == then.policy)
            && total + targets(then) <= PLAN_TARGETS_MAX
        {
            total += targets(then);
            followed.push(then);
        }
        let leg = |policy: &Policy| Leg {
            policy: Some(policy.policy.clone()),
            steps: policy.steps.clone(),
            repeat: policy.repeat.min(REPEAT_MAX),
            low_urgency: policy.low_urgency.clone(),
        };
        Self { legs: followed.into_iter().map(leg).collect() }
    }

    /// The policy at a place.
    #[must_use]
    pub fn leg(&self, place: Place) -> Option<&Leg> {
        self.legs.get(usize::from(place.leg))
    }

    /// The step at a place.
    #[must_use]
    pub fn step(&self, place: Place) -> Option<&Step> {
        self.leg(place)?.steps.get(usize::from(place.step))
    }

    /// The place after this one; none at the end. If nobody could be reached in the whole round, it isn't repeated.
    #[must_use]
    pub fn after(&self, place: Place, reached: bool) -> Option<Place> {
        let leg = self.leg(place)?;
        let step = place.step.checked_add(1)?;
        if usize::from(step) < leg.steps.len() {
            return Some(Place { step, ..place });
        }
        if reached && place.round < leg.repeat {
            return Some(Place { round: place.round + 1, step: 0, ..place });
        }
        let next = Place { leg: place.leg.checked_add(1)?, round: 0, step: 0 };
        self.leg(next).map(|_| next)
    }
}

/// The policies that come back to themselves through `then`, each with the way in words. Other policies that lead into
/// a circle aren't named.
#[must_use]
pub fn cycles(declared: &[Policy]) -> Vec<(EntityRef, String)> {
    let by_name: HashMap<&EntityRef, &Policy> = declared.iter().map(|policy| (&policy.policy, policy)).collect();
    let then = |policy: &EntityRef| by_name.get(policy).and_then(|policy| policy.then.as_ref());
    declared.iter().filter_map(|it| Some((it.policy.clone(), cycle(&it.policy, then)?))).collect()
}

/// The way from the policy back to itself, in words, if there is one.
pub(crate) fn cycle<'a>(target: &'a EntityRef, then: impl Fn(&EntityRef) -> Option<&'a EntityRef>) -> Option<String> {
    let (mut way, mut seen) = (vec![target.short()], BTreeSet::new());
    let mut last = target;
    loop {
        last = then(last)?;
        way.push(last.short());
        if last == target {
            return Some(format!("the policies go on with each other in a circle: {}", way.join(" → ")));
        }
        if !seen.insert(last) {
            return None;
        }
    }
}
