//! What may be asked of status pages, and what then happens.

mod reports;

use jiff::SignedDuration;
use kernel::{Context, EffectId, EntityRef, Refusal, ReportId, SubscriptionId, Timestamp, codes};
use serde::{Deserialize, Serialize};

pub use self::reports::{Posting, Publication};
use crate::{BATCH_MAX, Event, Gone, Page, SUBSCRIPTIONS_MAX, State, Status, Tried, Way};

/// Pages that there may be.
const PAGES_MAX: usize = 200;
/// For how long a person may set a component's status.
const SET_LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A wish about status pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Have a page as it is declared.
    Define {
        /// All of it.
        definition: Page,
    },
    /// Have it no more.
    Remove {
        /// Which.
        page: EntityRef,
    },
    /// Say how a component is, whatever is measured.
    SetStatus {
        /// The page.
        page: EntityRef,
        /// The component's key.
        component: String,
        /// How it is.
        status: Status,
        /// Until when that counts.
        until: Timestamp,
    },
    /// Show what is measured again.
    ClearStatus {
        /// The page.
        page: EntityRef,
        /// The component's key.
        component: String,
    },
    /// Publish an incident or a maintenance.
    Publish(Publication),
    /// Post an update.
    Post(Posting),
    /// Show a report no more: it was published by mistake.
    Retract {
        /// Which.
        report: ReportId,
    },
    /// Show it again.
    Restore {
        /// Which.
        report: ReportId,
    },
    /// Tell somebody of updates who has confirmed that they want it. The address is sealed already.
    Subscribe {
        /// The page.
        page: EntityRef,
        /// The id under which the address is sealed.
        subscription: SubscriptionId,
        /// By which way.
        way: Way,
        /// The components; all if empty.
        components: Vec<String>,
    },
    /// Tell them of other components.
    ChangeSubscription {
        /// Which.
        subscription: SubscriptionId,
        /// The components; all if empty.
        components: Vec<String>,
    },
    /// Tell them no more.
    Unsubscribe {
        /// Which.
        subscription: SubscriptionId,
        /// Why.
        cause: Gone,
    },
    /// What came of a batch of a broadcast. Of one that is over it is nothing new.
    Deliver {
        /// The broadcast.
        effect: EffectId,
        /// Up to which subscription all were tried once, by number.
        through: u64,
        /// What came of each.
        tried: Vec<Tried>,
    },
}

/// What time brings about: announced maintenances begin and end, and what people set is over.
#[must_use]
pub fn due(state: &State, now: Timestamp) -> Vec<Command> {
    let expired =
        state.expired(now).map(|set| Command::ClearStatus { page: set.page.clone(), component: set.component.clone() });
    expired.chain(reports::due(state, now).map(Command::Post)).collect()
}

/// What the command makes happen. Nothing (`Ok(vec![])`) if it is so already.
///
/// # Errors
/// `NOT_FOUND` for a page, component, report or subscription that is not there; `INVALID` for what is out of bounds;
/// `CONFLICT` for what doesn't fit where a report stands; `BUSY` for one subscription more than may be.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Define { definition } => match state.page(&definition.page) {
            Some(known) if **known == definition => Ok(Vec::new()),
            None if state.pages().count() >= PAGES_MAX => {
                let detail = format!("there are {PAGES_MAX} status pages already");
                Err(Refusal::new(&codes::INVALID, detail).fix("remove one first"))
            }
            Some(_) | None => Ok(vec![Event::PageDefined { definition }]),
        },
        Command::Remove { page } => {
            self::page(state, &page)?;
            Ok(vec![Event::PageRemoved { page }])
        }
        Command::SetStatus { page, component, status, until } => set(state, page, component, status, until, context),
        Command::ClearStatus { page, component } => {
            let Some(set) = state.set(&page, &component) else { return Ok(Vec::new()) };
            let expired = set.until <= context.now;
            Ok(vec![Event::StatusCleared { page, component, expired }])
        }
        Command::Publish(publication) => reports::publish(state, publication, context),
        Command::Post(posting) => reports::post(state, posting, context),
        Command::Retract { report } => reports::retract(state, report),
        Command::Restore { report } => reports::restore(state, report),
        Command::Subscribe { page, subscription, way, components } => {
            let declared = self::page(state, &page)?;
            if !declared.public {
                return Err(no_page(page.name()));
            }
            if state.subscriptions_len() >= SUBSCRIPTIONS_MAX {
                let detail = format!("there are {SUBSCRIPTIONS_MAX} subscriptions, which is the bound");
                return Err(Refusal::new(&codes::BUSY, detail));
            }
            if state.subscription(subscription).is_some() {
                return Ok(Vec::new());
            }
            let components = known(declared, components)?;
            Ok(vec![Event::Subscribed { page, subscription, way, components }])
        }
        Command::ChangeSubscription { subscription, components } => {
            let held = self::subscription(state, subscription)?;
            let components = known(page(state, &held.page)?, components)?;
            let page = held.page.clone();
            let changes = held.components != components;
            let changed = changes.then_some(Event::SubscriptionChanged { page, subscription, components });
            Ok(changed.into_iter().collect())
        }
        Command::Unsubscribe { subscription, cause } => {
            let Some(held) = state.subscription(subscription) else { return Ok(Vec::new()) };
            Ok(vec![Event::Unsubscribed { page: held.page.clone(), subscription, cause }])
        }
        Command::Deliver { effect, through, tried } => deliver(state, effect, through, tried, context),
    }
}

fn set(
    state: &State,
    page: EntityRef,
    component: String,
    status: Status,
    until: Timestamp,
    context: &Context,
) -> Result<Vec<Event>, Refusal> {
    known_component(self::page(state, &page)?, &component)?;
    if status == Status::NoData {
        let refusal = Refusal::new(&codes::INVALID, "\"no_data\" is what nobody can say").field("/status");
        return Err(refusal.fix("clear what was set, and what is measured is shown"));
    }
    if until <= context.now {
        return Err(Refusal::new(&codes::INVALID, "it must end after now").field("/until"));
    }
    if until.duration_since(context.now) > SET_LONGEST {
        return Err(Refusal::new(&codes::INVALID, "it must end within 90 days").field("/until"));
    }
    if context.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(Refusal::new(&codes::INVALID, "say why").field("/reason"));
    }
    Ok(vec![Event::StatusSet { page, component, status, until }])
}

fn deliver(
    state: &State,
    effect: EffectId,
    through: u64,
    tried: Vec<Tried>,
    context: &Context,
) -> Result<Vec<Event>, Refusal> {
    let Some(broadcast) = state.broadcast(effect) else { return Ok(Vec::new()) };
    if tried.len() > BATCH_MAX {
        return Err(Refusal::new(&codes::TOO_LARGE, format!("a batch has at most {BATCH_MAX} receivers")));
    }
    let Some(report) = state.report(broadcast.report) else { return Ok(Vec::new()) };
    let mut after = (**broadcast).clone();
    after.through = after.through.max(through.min(after.last));
    for tried in &tried {
        if let Some(held) = state.subscription(tried.subscription) {
            after.note(held.number, tried.outcome, context.now);
        }
    }
    let (through, done) = (after.through, after.is_done());
    let about = reports::about(report);
    Ok(vec![Event::Delivered { about, effect, through, tried, done }])
}

pub(crate) fn page<'a>(state: &'a State, page: &EntityRef) -> Result<&'a Page, Refusal> {
    state.page(page).map(AsRef::as_ref).ok_or_else(|| no_page(page.name()))
}

fn no_page(name: &str) -> Refusal {
    Refusal::new(&codes::NOT_FOUND, format!("there is no status page {name}"))
}

fn subscription(state: &State, id: SubscriptionId) -> Result<&crate::Subscription, Refusal> {
    let held = state.subscription(id).map(AsRef::as_ref);
    held.ok_or_else(|| Refusal::new(&codes::NOT_FOUND, "there is no such subscription"))
}

fn known_component(page: &Page, key: &str) -> Result<(), Refusal> {
    if page.component(key).is_some() {
        return Ok(());
    }
    let shown: String = key.chars().take(80).collect();
    let detail = format!("status page {} has no component \"{shown}\"", page.name());
    let keys: Vec<&str> = page.components().map(|component| component.key.as_str()).take(20).collect();
    Err(Refusal::new(&codes::INVALID, detail).field("/components").fix(format!("it has {}", keys.join(", "))))
}

/// The components that are meant, in order and once each; none, which means all, if all are named.
fn known(page: &Page, mut components: Vec<String>) -> Result<Vec<String>, Refusal> {
    components.sort();
    components.dedup();
    components.iter().try_for_each(|key| known_component(page, key))?;
    let all = components.len() == page.components().count();
    Ok(if all { Vec::new() } else { components })
}
