//! Brings messages to people: the effects that are a page's, or about a promise.
//!
//! It looks as soon as something was committed, so that the first attempt begins within moments of the verdict. What came
//! of an attempt is an event, from which the next attempt or the next rule follows; a crash in between repeats the
//! attempt under the same id. What can't be recorded, since the disk is full, is kept until it can: the message is not
//! sent again for it. Each provider has [`places`](super::places) of its own, so that none delays the others.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use kernel::{EffectId, Refusal, Timestamp};
use notifier::{Class, Failure, Notifier, Receipt};
use tokio::{
    sync::{
        broadcast::error::{RecvError, TryRecvError},
        watch,
    },
    task::JoinSet,
};
use web::{App, pages::message};
use world::{Command, World, effects};

use super::{
    places::{Places, Provider},
    record::record,
    resting::Resting,
};

/// How often it is looked for what is due, beside whenever something happens.
const LOOK: Duration = Duration::from_millis(500);
/// How many messages are looked up at the same time, to learn who takes them.
const LOOKUPS_MAX: usize = 64;
/// How long it is waited before it is asked again who takes a message: at first, and at most.
const AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// Providers that are remembered, by the names under which addresses are sealed.
const PROVIDERS_KEPT: usize = 20_000;

/// What came of an attempt.
struct Attempt {
    outcome: Result<String, String>,
    retry: bool,
    not_before: Option<Timestamp>,
}

/// Something that was done for one message.
enum Done {
    /// It is known who takes what goes to this address, unless it can't be had.
    Found { effect: EffectId, secret: String, provider: Result<Option<Provider>, Refusal> },
    /// An attempt was made, and recorded.
    Attempted { effect: EffectId, provider: Option<Provider> },
}

/// The messages that somebody works on, and what was learned on the way.
struct Desk {
    under_way: BTreeSet<EffectId>,
    looked_up: usize,
    /// The messages of which it could not be learnt just now who takes them.
    resting: Resting<EffectId>,
    places: Places,
    /// Who takes what goes to the address that is sealed under a name.
    providers: HashMap<String, Provider>,
}

/// What to do for one message.
#[derive(Debug)]
enum Next {
    Find { secret: String },
    Attempt { provider: Option<Provider> },
}

/// The task that delivers messages until the server stops.
pub(super) async fn run(app: App, notifier: Notifier, mut stopped: watch::Receiver<bool>) {
    let mut commits = app.engine().subscribe();
    let mut tasks = JoinSet::new();
    let mut desk = Desk::default();
    let mut look = tokio::time::interval(LOOK);
    let ends = stopped.clone();
    let mut finished = Vec::new();
    loop {
        // That the server stops is seen first: what came of an attempt may not have been recorded then.
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => break,
            Some(done) = tasks.join_next(), if !tasks.is_empty() => {
                finished.extend(done.ok());
            }
            commit = commits.recv() => match commit {
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            },
            _ = look.tick() => {}
        }
        // All that is due is walked once for what happened meanwhile, and not once for each.
        while matches!(commits.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
        while let Some(done) = tasks.try_join_next() {
            finished.extend(done.ok());
        }
        let (world, now) = (app.world(), Instant::now());
        for done in finished.drain(..) {
            if let Some(effect) = desk.clear(done, now) {
                tasks.spawn(carry_out(app.clone(), notifier.clone(), effect, None, ends.clone()));
            }
        }
        desk.resting.keep(|effect| world.effects.get(*effect).is_some());
        for effect in
            world.effects.due(world.not_before(app.now())).filter(|effect| effect.call.message).map(|effect| effect.id)
        {
            let Some(next) = desk.begin(&world, effect, now) else { continue };
            match next {
                Next::Find { secret } => tasks.spawn(find(app.clone(), effect, secret)),
                Next::Attempt { provider } => {
                    tasks.spawn(carry_out(app.clone(), notifier.clone(), effect, provider, ends.clone()))
                }
            };
        }
    }
    // An attempt that was begun is waited for, so that its outcome is recorded and it is not made again.
    while tasks.join_next().await.is_some() {}
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            under_way: BTreeSet::new(),
            looked_up: 0,
            resting: Resting::new(AGAIN.0, AGAIN.1),
            places: Places::default(),
            providers: HashMap::new(),
        }
    }
}

impl Desk {
    /// What is to be done for a message that is due; nothing if it is under way, or has to wait.
    fn begin(&mut self, world: &World, effect: EffectId, now: Instant) -> Option<Next> {
        if self.under_way.contains(&effect) || self.resting.rests(&effect, now) {
            return None;
        }
        // What there is no message for any more costs nobody a place.
        let Some(method) = message::method(world, effect) else {
            self.under_way.insert(effect);
            return Some(Next::Attempt { provider: None });
        };
        let secret = &method.secret;
        let known = Provider::only(method.channel).or_else(|| self.providers.get(secret).cloned());
        match known {
            Some(provider) => {
                if !self.places.take(&provider) {
                    return None;
                }
                self.under_way.insert(effect);
                Some(Next::Attempt { provider: Some(provider) })
            }
            None if self.looked_up >= LOOKUPS_MAX => None,
            None => {
                self.looked_up += 1;
                self.under_way.insert(effect);
                Some(Next::Find { secret: secret.clone() })
            }
        }
    }

    /// Puts away what is done. An address that can't be had is found out about by an attempt, which says so: that message
    /// is given.
    fn clear(&mut self, done: Done, now: Instant) -> Option<EffectId> {
        match done {
            Done::Found { effect, secret, provider: Ok(Some(provider)) } => {
                self.looked_up -= 1;
                self.under_way.remove(&effect);
                self.resting.went_well(&effect);
                if self.providers.len() >= PROVIDERS_KEPT {
                    self.providers.clear();
                }
                self.providers.insert(secret, provider);
                None
            }
            // It is asked again later: what is only busy now must not go without a place.
            Done::Found { effect, provider: Err(refusal), .. } if refusal.class() == kernel::Class::Retryable => {
                self.looked_up -= 1;
                self.under_way.remove(&effect);
                self.resting.rest(effect, now);
                None
            }
            Done::Found { effect, provider: Ok(None) | Err(_), .. } => {
                self.looked_up -= 1;
                Some(effect)
            }
            Done::Attempted { effect, provider } => {
                self.under_way.remove(&effect);
                if let Some(provider) = provider {
                    self.places.give_back(&provider);
                }
                None
            }
        }
    }
}

/// Finds out who takes a message.
async fn find(app: App, effect: EffectId, secret: String) -> Done {
    let asked = app.clone();
    let found = app.blocking(move |engine| {
        let world = engine.world();
        let Some(method) = message::method(&world, effect) else { return Ok(None) };
        message::address_of(&asked, &world, &method).map(|address| Some(Provider::of(&address)))
    });
    Done::Found { effect, secret, provider: found.await }
}

async fn carry_out(
    app: App,
    notifier: Notifier,
    effect: EffectId,
    provider: Option<Provider>,
    stopped: watch::Receiver<bool>,
) -> Done {
    // A panic costs one attempt, and not the place.
    let (own, by) = (app.clone(), notifier.clone());
    let tried = tokio::spawn(async move { attempt(&own, &by, effect).await }).await;
    let Attempt { outcome, retry, not_before } = tried.unwrap_or_else(|error| Attempt {
        outcome: Err(format!("the attempt broke off: {error}")),
        retry: true,
        not_before: None,
    });
    let command = Command::Effects(effects::Command::Report { effect, outcome, retry, not_before });
    record(&app, command, "paging", stopped).await;
    Done::Attempted { effect, provider }
}

async fn attempt(app: &App, notifier: &Notifier, effect: EffectId) -> Attempt {
    let never = |error: String| Attempt { outcome: Err(error), retry: false, not_before: None };
    let asked = app.clone();
    let made = app.blocking(move |engine| {
        let world = engine.world();
        message::made(&asked, &world, effect)
    });
    let (address, message) = match made.await {
        Ok(Some(made)) => made,
        Ok(None) => return never("nobody needs to hear of it any more".to_owned()),
        Err(refusal) if refusal.class() == kernel::Class::Retryable => {
            return Attempt { outcome: Err(refusal.to_string()), retry: true, not_before: None };
        }
        Err(refusal) => return never(refusal.to_string()),
    };
    match notifier.deliver(&address, &message).await {
        Ok(Receipt { answer, .. }) => Attempt { outcome: Ok(answer), retry: true, not_before: None },
        Err(Failure { error, class }) => match class {
            Class::Retry { after } => {
                let after = after.and_then(|after| jiff::SignedDuration::try_from(after).ok());
                let not_before = after.and_then(|after| app.now().checked_add(after).ok());
                Attempt { outcome: Err(error), retry: true, not_before }
            }
            // The operator may mend it within the time for which it is tried.
            Class::Misconfigured => Attempt { outcome: Err(error), retry: true, not_before: None },
            Class::Permanent => never(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use kernel::codes;

    use super::*;

    fn effect(number: u128) -> EffectId {
        kernel::Context::new(Timestamp::UNIX_EPOCH, kernel::Actor::mainstay("paging"), kernel::IdSeed(number)).id()
    }

    #[test]
    fn who_takes_a_message_is_asked_again_only_after_a_while_if_it_can_t_be_learnt_now() {
        let (mut desk, world, begun) = (Desk::default(), World::default(), Instant::now());
        let busy = || Err(Refusal::new(&codes::BUSY, "the store is busy"));
        let refused = |provider| Done::Found { effect: effect(1), secret: "one".to_owned(), provider };
        desk.looked_up = 3;
        assert_eq!(desk.clear(refused(busy()), begun), None);
        assert!(desk.begin(&world, effect(1), begun).is_none(), "it rests");
        assert!(desk.begin(&world, effect(2), begun).is_some(), "others don't");
        assert!(desk.begin(&world, effect(1), begun + AGAIN.0).is_some());
        assert_eq!(desk.clear(refused(busy()), begun), None);
        assert!(desk.begin(&world, effect(1), begun + AGAIN.0).is_none(), "it rests longer the second time");
        let never = Err(Refusal::new(&codes::INVALID, "the address is gone"));
        assert_eq!(desk.clear(refused(never), begun), Some(effect(1)), "an attempt says why");
        assert_eq!(desk.looked_up, 0);
    }
}
