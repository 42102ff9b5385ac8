//! What may be asked of alerts and integrations, and what then happens.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use kernel::{Context, EntityRef, Refusal, Sha256, Timestamp, codes};
use serde::{Deserialize, Serialize};

use crate::{
    About, Action, Alert, Cause, Event, HELD_BYTES_MAX, INTEGRATIONS_MAX, Integration, IntegrationId, Reported,
    SIGNALS_MAX, Settings, Signal, State, Telling, change, signal::sound_key,
};

/// The alerts that may be open at once. One more is refused as busy.
pub const OPEN_MAX: usize = 200_000;

/// The alerts of one integration that may be open at once, so that one sender gone wild doesn't silence the others.
pub const OPEN_OF_INTEGRATION_MAX: usize = 100_000;

/// No alert ends by itself sooner than this after it was told. So it is renewed at most every half of it.
pub const EXPIRES_AFTER_MIN: SignedDuration = SignedDuration::from_mins(1);

/// An alert that ends by itself, and so is told again and again, is recorded as saying something new at most this
/// often, unless it became better or worse: its texts often have a measured value in them.
pub const UPDATE_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// The alerts that one [`Command::Expire`] ends; the next is due at once.
pub const DUE_MAX: usize = 1_000;

/// When to try again if there is no room, in seconds.
const BUSY_RETRY_S: u32 = 30;

/// A wish about alerts or integrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Let somebody send alerts.
    CreateIntegration {
        /// What is set.
        settings: Settings,
        /// The digest of the key that was made for it.
        key: Sha256,
    },
    /// Set it otherwise.
    ChangeIntegration {
        /// Which.
        integration: IntegrationId,
        /// What is set.
        settings: Settings,
    },
    /// Give it another key.
    RenewKey {
        /// Which.
        integration: IntegrationId,
        /// The digest of the new key.
        key: Sha256,
    },
    /// Take its key away.
    RevokeKey {
        /// Which.
        integration: IntegrationId,
    },
    /// Remove it, and then its open alerts.
    RemoveIntegration {
        /// Which.
        integration: IntegrationId,
    },
    /// Do what a sender's message says, all of it or nothing. Of several signals with one key the last trigger or resolve
    /// counts, and an acknowledgement after that.
    Receive {
        /// Whose message.
        integration: IntegrationId,
        /// What it says.
        signals: Vec<Signal>,
    },
    /// Record that something was done to a component.
    ReportChange {
        /// Who says so.
        integration: IntegrationId,
        /// What was changed; the integration's component if it is left out.
        entity: Option<EntityRef>,
        /// What was done.
        change: Reported,
    },
    /// Take an alert on.
    Acknowledge {
        /// The alert's reference.
        alert: EntityRef,
    },
    /// End an alert by hand. If it is told again, another one opens.
    Resolve {
        /// The alert's reference.
        alert: EntityRef,
    },
    /// End these alerts where their time is over or their integration is gone. [`due`] gives it.
    Expire {
        /// The alerts' references.
        alerts: Vec<EntityRef>,
    },
}

/// What time, and the removal of integrations, end now: at most [`DUE_MAX`] alerts. Found by an index: it costs nothing
/// if nothing is due.
#[must_use]
pub fn due(state: &State, now: Timestamp) -> Vec<Command> {
    let ending = state.expired(now).chain(state.orphans());
    let alerts: Vec<_> = ending.take(DUE_MAX).map(|alert| alert.reference().clone()).collect();
    if alerts.is_empty() { Vec::new() } else { vec![Command::Expire { alerts }] }
}

/// What the command makes happen. Nothing (`Ok(vec![])`) if it is so already.
///
/// # Errors
/// `NOT_FOUND` for an integration or alert that is not held; `CONFLICT` for a name or key that is taken, or too many
/// integrations; `INVALID` for settings out of bounds; `TOO_LARGE` for too many signals at once; `BUSY` if there is no
/// room for another open alert, `RATE_LIMITED` for more changes than a day has room for: the sender is to try again.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::CreateIntegration { settings, key } => {
            if state.integrations().count() >= INTEGRATIONS_MAX {
                let detail = format!("There are {INTEGRATIONS_MAX} integrations; no more are allowed.");
                return Err(Refusal::new(&codes::CONFLICT, detail).fix("remove one that sends nothing any more"));
            }
            let settings = settings.sound()?;
            free_name(state, &settings.name, None)?;
            free_key(state, &key)?;
            Ok(vec![Event::IntegrationCreated { integration: context.id(), settings, key }])
        }
        Command::ChangeIntegration { integration, settings } => {
            let held = held(state, integration)?;
            let settings = settings.sound()?;
            free_name(state, &settings.name, Some(integration))?;
            let changed = held.settings != settings;
            Ok(changed.then_some(Event::IntegrationChanged { integration, settings }).into_iter().collect())
        }
        Command::RenewKey { integration, key } => {
            let held = held(state, integration)?;
            if held.key == Some(key) {
                return Ok(vec![]);
            }
            free_key(state, &key)?;
            Ok(vec![Event::KeyRenewed { integration, name: held.settings.name.clone(), key }])
        }
        Command::RevokeKey { integration } => {
            let held = held(state, integration)?;
            let revoke = || Event::KeyRevoked { integration, name: held.settings.name.clone() };
            Ok(held.key.is_some().then(revoke).into_iter().collect())
        }
        Command::RemoveIntegration { integration } => {
            let name = held(state, integration)?.settings.name.clone();
            Ok(vec![Event::IntegrationRemoved { integration, name }])
        }
        Command::Receive { integration, signals } => receive(state, held(state, integration)?, signals, context.now),
        Command::ReportChange { integration, entity, change } => {
            let (recent, held) = (state.recent_changes(integration), held(state, integration)?);
            Ok(change::decide(recent, held, entity, change, context.now)?.into_iter().collect())
        }
        Command::Acknowledge { alert } => {
            let alert = state.get(&alert).ok_or_else(no_alert)?;
            if !alert.is_open() {
                return Err(Refusal::new(&codes::CONFLICT, "This alert is resolved.").field("alert"));
            }
            Ok(acknowledge(alert).into_iter().collect())
        }
        Command::Resolve { alert } => {
            let alert = state.get(&alert).ok_or_else(no_alert)?;
            Ok(alert.is_open().then(|| resolved(alert, Cause::ByHand)).into_iter().collect())
        }
        Command::Expire { alerts } => Ok(expire(state, &alerts, context.now)),
    }
}

fn receive(
    state: &State,
    integration: &Integration,
    signals: Vec<Signal>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if signals.len() > SIGNALS_MAX {
        let detail = format!("The message has {} alerts; at most {SIGNALS_MAX} are taken at once.", signals.len());
        return Err(Refusal::new(&codes::TOO_LARGE, detail).fix("send them in several messages"));
    }
    let mut events = Vec::with_capacity(signals.len());
    let (mut opened, mut ended) = (0_usize, 0_usize);
    for Wish { key, last, acknowledged } in last_of_each(signals) {
        let Some(reference) = About::reference_of(integration.id, &key) else { continue };
        let open = state.open_alert(&reference);
        let event = match (last, open) {
            (Some(Action::Trigger(telling)), Some(alert)) => repeat(integration, alert, *telling, now),
            (Some(Action::Trigger(telling)), None) => Some(trigger(integration, reference, key, *telling, now)),
            (Some(Action::Resolve), Some(alert)) => Some(resolved(alert, Cause::Sender)),
            (Some(Action::Resolve | Action::Acknowledge), _) | (None, _) => None,
        };
        let taken_on = match (&event, open) {
            (Some(Event::Triggered { about, .. }), _) => Some(Event::Acknowledged { about: about.clone() }),
            (Some(Event::Resolved { .. }), _) | (_, None) => None,
            (_, Some(alert)) => acknowledge(alert),
        };
        opened += usize::from(matches!(event, Some(Event::Triggered { .. })));
        ended += usize::from(matches!(event, Some(Event::Resolved { .. })));
        events.extend(event);
        events.extend(taken_on.filter(|_| acknowledged));
    }
    if opened > 0 {
        room_for(state, integration, opened.saturating_sub(ended))?;
    }
    Ok(events)
}

/// What a message wishes for one key, of all that it says of it.
struct Wish {
    key: String,
    /// The last trigger or resolve.
    last: Option<Action>,
    /// True if an acknowledgement comes after that.
    acknowledged: bool,
}

/// What is wished for each key, in the order in which the last of each came. An acknowledgement says nothing of whether it
/// is so, and takes no trigger away.
fn last_of_each(signals: Vec<Signal>) -> Vec<Wish> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<Wish> = Vec::new();
    for signal in signals.into_iter().rev() {
        let key = sound_key(&signal.key);
        let is_acknowledgement = matches!(signal.action, Action::Acknowledge);
        match seen.get(&key).copied() {
            None => {
                seen.insert(key.clone(), kept.len());
                let last = (!is_acknowledgement).then_some(signal.action);
                kept.push(Wish { key, last, acknowledged: is_acknowledgement });
            }
            Some(at) => {
                let wish = kept.get_mut(at).filter(|wish| wish.last.is_none() && !is_acknowledgement);
                if let Some(wish) = wish {
                    wish.last = Some(signal.action);
                }
            }
        }
    }
    kept.reverse();
    kept
}

fn room_for(state: &State, integration: &Integration, more: usize) -> Result<(), Refusal> {
    let open = state.counts().open() + more;
    let of_integration = state.open_of_integration(integration.id) + more;
    room(open, of_integration, state.held_bytes())
        .map_err(|detail| Refusal::new(&codes::BUSY, detail).retry_after(BUSY_RETRY_S))
}

/// Whether so many alerts may be open, so many of them of one integration, with texts of this size.
pub(crate) fn room(open: usize, of_integration: usize, held_bytes: u64) -> Result<(), String> {
    if open > OPEN_MAX {
        return Err(format!("{OPEN_MAX} alerts are open; there is room again when some are resolved."));
    }
    if of_integration > OPEN_OF_INTEGRATION_MAX {
        return Err(format!("{OPEN_OF_INTEGRATION_MAX} alerts of this integration are open; it has to resolve some."));
    }
    if held_bytes >= HELD_BYTES_MAX {
        return Err("The texts of the open alerts take all the memory that they may.".to_owned());
    }
    Ok(())
}

fn trigger(integration: &Integration, reference: EntityRef, key: String, telling: Telling, now: Timestamp) -> Event {
    let expires = expiry(integration, &telling, now);
    let Telling { content, since, entity, .. } = telling;
    let entity = entity.unwrap_or_else(|| integration.settings.entity.clone());
    let about = About { alert: reference, integration: integration.id, key, entity };
    let since = since.map_or(now, |since| since.min(now));
    Event::Triggered { about, content: content.bounded(), since, expires }
}

/// What a trigger of an open alert is worth recording as.
fn repeat(integration: &Integration, alert: &Alert, telling: Telling, now: Timestamp) -> Option<Event> {
    let granted = expiry(integration, &telling, now);
    // The latest end wins, as Alertmanager merges what two Prometheus servers of a pair send.
    let expires = match (alert.expires, granted) {
        (Some(held), Some(granted)) => Some(held.max(granted)),
        (_, granted) => granted,
    };
    let content = telling.content.bounded();
    let (about, from) = (alert.about.clone(), alert.severity);
    let rested = alert.expires.is_none() || now.duration_since(alert.changed) >= UPDATE_EVERY;
    if content.severity != from || (rested && content.digest() != alert.told) {
        return Some(Event::Updated { about, content, from, expires });
    }
    let renew = match (alert.expires, expires) {
        (Some(held), Some(new)) => new > held && held.duration_since(now) <= new.duration_since(now) / 2,
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    };
    renew.then_some(Event::Renewed { about, expires })
}

fn expiry(integration: &Integration, telling: &Telling, now: Timestamp) -> Option<Timestamp> {
    let ends = telling.ends.or_else(|| integration.expiry(now))?;
    Some(ends.max(now.checked_add(EXPIRES_AFTER_MIN).unwrap_or(now)))
}

fn acknowledge(alert: &Alert) -> Option<Event> {
    alert.acknowledged.is_none().then(|| Event::Acknowledged { about: alert.about.clone() })
}

fn resolved(alert: &Alert, cause: Cause) -> Event {
    Event::Resolved { about: alert.about.clone(), cause }
}

fn expire(state: &State, alerts: &[EntityRef], now: Timestamp) -> Vec<Event> {
    let end = |alert: &Alert| {
        let cause = if state.integration(alert.about.integration).is_none() {
            Cause::IntegrationRemoved
        } else if alert.expires.is_some_and(|expires| expires <= now) {
            Cause::Expired
        } else {
            return None;
        };
        Some((alert.position, resolved(alert, cause)))
    };
    let ended: BTreeMap<_, _> =
        alerts.iter().take(DUE_MAX).filter_map(|alert| state.open_alert(alert)).filter_map(end).collect();
    ended.into_values().collect()
}

fn held(state: &State, integration: IntegrationId) -> Result<&Integration, Refusal> {
    state
        .integration(integration)
        .ok_or_else(|| Refusal::new(&codes::NOT_FOUND, "There is no integration with this id.").field("integration"))
}

fn no_alert() -> Refusal {
    Refusal::new(&codes::NOT_FOUND, "There is no such alert, or it ended long ago: the timeline has it.").field("alert")
}

fn free_name(state: &State, name: &str, own: Option<IntegrationId>) -> Result<(), Refusal> {
    let taken = state.integrations().any(|other| other.settings.name == name && Some(other.id) != own);
    if taken {
        let detail = format!("Another integration is called {name}.");
        return Err(Refusal::new(&codes::CONFLICT, detail).field("name").fix("choose another name"));
    }
    Ok(())
}

fn free_key(state: &State, key: &Sha256) -> Result<(), Refusal> {
    if state.by_key(key).is_some() {
        return Err(Refusal::new(&codes::CONFLICT, "Another integration has this key.")
            .field("key")
            .fix("make a new one"));
    }
    Ok(())
}
