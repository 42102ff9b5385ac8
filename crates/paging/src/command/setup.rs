//! What is decided about policies and contacts.

use std::collections::HashSet;

use kernel::{EntityRef, Refusal, Weekday, codes, zone};

use crate::{
    AFTER_MINUTES_MAX, Contacts, Event, METHODS_MAX, Method, MethodId, NewMethod, Policy, RULES_MAX, Rule, State,
    policy::{self, AFTER_S_MAX, AFTER_S_MIN, REPEAT_MAX, STEPS_MAX, TARGETS_MAX},
};

/// Policies that there may be.
const POLICIES_MAX: usize = 2_000;
/// People who may have set up something.
const PEOPLE_MAX: usize = 100_000;
const LABEL_BYTES_MAX: usize = 100;
const SECRET_BYTES_MAX: usize = 200;

pub(super) fn define(state: &State, definition: Policy) -> Result<Vec<Event>, Refusal> {
    sound(&definition)?;
    let then = |policy: &EntityRef| {
        if *policy == definition.policy { definition.then.as_ref() } else { state.policy(policy)?.then.as_ref() }
    };
    if let Some(circle) = policy::cycle(&definition.policy, then) {
        return Err(Refusal::new(&codes::INVALID, circle).field("/then").fix("let one of them end"));
    }
    match state.policy(&definition.policy) {
        Some(known) if *known == definition => Ok(Vec::new()),
        None if state.policies().len() >= POLICIES_MAX => {
            let detail = format!("there are {POLICIES_MAX} policies already");
            Err(Refusal::new(&codes::INVALID, detail).fix("remove one first"))
        }
        Some(_) | None => Ok(vec![Event::PolicyDefined { definition }]),
    }
}

/// What is read from a catalog is sound already; a command may come from elsewhere.
fn sound(policy: &Policy) -> Result<(), Refusal> {
    let wrong = |field: &str, detail: String| Err(Refusal::new(&codes::INVALID, detail).field(field));
    if !(1..=STEPS_MAX).contains(&policy.steps.len()) {
        return wrong("/steps", format!("a policy has from 1 to {STEPS_MAX} steps"));
    }
    for step in &policy.steps {
        if !(1..=TARGETS_MAX).contains(&step.notify.len()) {
            return wrong("/steps", format!("a step names from 1 to {TARGETS_MAX} targets"));
        }
        if !(AFTER_S_MIN..=AFTER_S_MAX).contains(&step.after_s) {
            return wrong("/steps", "a step waits from a minute to a day".to_owned());
        }
    }
    if let Some(hours) = &policy.low_urgency
        && (!(1..=Weekday::ALL.len()).contains(&hours.days.len()) || zone(&hours.time_zone).is_none())
    {
        return wrong("/low_urgency", "hours have a time zone and from 1 to 7 days".to_owned());
    }
    if policy.repeat > REPEAT_MAX {
        return wrong("/repeat", format!("a policy is repeated at most {REPEAT_MAX} times"));
    }
    Ok(())
}

pub(super) fn remove(state: &State, policy: EntityRef) -> Result<Vec<Event>, Refusal> {
    if state.policy(&policy).is_none() {
        return Err(Refusal::new(&codes::NOT_FOUND, format!("there is no policy {}", policy.short())));
    }
    Ok(vec![Event::PolicyRemoved { policy }])
}

pub(super) fn add_method(state: &State, person: EntityRef, method: NewMethod) -> Result<Vec<Event>, Refusal> {
    if person.kind() != "user" {
        return Err(Refusal::new(&codes::INVALID, format!("{person} is not a user")).field("/person"));
    }
    for (field, text, max) in
        [("/label", &method.label, LABEL_BYTES_MAX), ("/secret", &method.secret, SECRET_BYTES_MAX)]
    {
        if !is_text(text, max) {
            let detail = format!("must have from 1 to {max} bytes, none of them a control character");
            return Err(Refusal::new(&codes::INVALID, detail).field(field));
        }
    }
    let newest = match state.contacts(&person) {
        Some(contacts) if contacts.methods.len() >= METHODS_MAX => {
            let detail = format!("{} has {METHODS_MAX} contact methods already", person.short());
            return Err(Refusal::new(&codes::INVALID, detail).fix("remove one first"));
        }
        None if state.people() >= PEOPLE_MAX => {
            return Err(Refusal::new(&codes::INVALID, format!("{PEOPLE_MAX} people have contact methods already")));
        }
        contacts => contacts.map_or(0, |contacts| contacts.newest),
    };
    let NewMethod { channel, label, secret, verified } = method;
    let id = MethodId(newest.saturating_add(1));
    Ok(vec![Event::MethodAdded { person, method: Method { id, channel, label, secret, verified } }])
}

/// True if a method may be called so.
pub(super) fn is_sound(label: &str, secret: &str) -> bool {
    is_text(label, LABEL_BYTES_MAX) && is_text(secret, SECRET_BYTES_MAX)
}

fn is_text(text: &str, bytes_max: usize) -> bool {
    !text.trim().is_empty() && text.len() <= bytes_max && !text.contains(char::is_control)
}

pub(super) fn verify_method(state: &State, person: EntityRef, method: MethodId) -> Result<Vec<Event>, Refusal> {
    let verified = known(state, &person, method)?.1.verified;
    Ok(if verified { Vec::new() } else { vec![Event::MethodVerified { person, method }] })
}

pub(super) fn remove_method(state: &State, person: EntityRef, method: MethodId) -> Result<Vec<Event>, Refusal> {
    known(state, &person, method)?;
    Ok(vec![Event::MethodRemoved { person, method }])
}

pub(super) fn set_rules(state: &State, person: EntityRef, rules: Vec<Rule>) -> Result<Vec<Event>, Refusal> {
    if rules.len() > RULES_MAX {
        let detail = format!("there are {} rules; at most {RULES_MAX} are allowed", rules.len());
        return Err(Refusal::new(&codes::INVALID, detail).field("/rules"));
    }
    if rules.iter().any(|rule| rule.after_minutes > AFTER_MINUTES_MAX) {
        let detail = format!("a rule waits at most {AFTER_MINUTES_MAX} minutes");
        return Err(Refusal::new(&codes::INVALID, detail).field("/rules"));
    }
    let methods: HashSet<MethodId> = rules.iter().map(|rule| rule.method).collect();
    for method in methods {
        known(state, &person, method).map_err(|refusal| refusal.field("/rules"))?;
    }
    let same = state.contacts(&person).map_or(rules.is_empty(), |contacts| contacts.rules == rules);
    Ok(if same { Vec::new() } else { vec![Event::RulesSet { person, rules }] })
}

fn known<'a>(state: &'a State, person: &EntityRef, method: MethodId) -> Result<(&'a Contacts, &'a Method), Refusal> {
    let contacts = state.contacts(person);
    contacts.and_then(|contacts| Some((contacts, contacts.method(method)?))).ok_or_else(|| {
        let detail = format!("{} has no contact method {}", person.short(), method.0);
        Refusal::new(&codes::NOT_FOUND, detail)
    })
}
