//! Brings messages to people: the effects that are a page's, or about a promise.
//!
//! It looks as soon as something was committed, so that the first attempt begins within moments of the verdict. What came
//! of an attempt is an event, from which the next attempt or the next rule follows; a crash in between repeats the
//! attempt under the same id. What can't be recorded, since the disk is full, is kept until it can: the message is not
//! sent again for it. Each provider has [`places`](super::places) of its own, so that none delays the others.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
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
};

/// How often it is looked for what is due, beside whenever something happens.
const LOOK: Duration = Duration::from_millis(500);
/// How many messages are looked up at the same time, to learn who takes them.
const LOOKUPS_MAX: usize = 64;
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
#[derive(Default)]
struct Desk {
    under_way: BTreeSet<EffectId>,
    looked_up: usize,
    places: Places,
    /// Who takes what goes to the address that is sealed under a name.
    providers: HashMap<String, Provider>,
}

/// What to do for one message.
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
    loop {
        // That the server stops is seen first: what came of an attempt may not have been recorded then.
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => break,
            Some(done) = tasks.join_next(), if !tasks.is_empty() => {
                if let Ok(done) = done {
                    desk.clear(done, &app, &notifier, &ends, &mut tasks);
                }
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
            if let Ok(done) = done {
                desk.clear(done, &app, &notifier, &ends, &mut tasks);
            }
        }
        let world = app.world();
        for effect in
            world.effects.due(world.not_before(app.now())).filter(|effect| effect.call.message).map(|effect| effect.id)
        {
            let Some(next) = desk.begin(&world, effect) else { continue };
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

impl Desk {
    /// What is to be done for a message that is due; nothing if it is under way, or has to wait for a place.
    fn begin(&mut self, world: &World, effect: EffectId) -> Option<Next> {
        if self.under_way.contains(&effect) {
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

    /// Puts away what is done. An address that can't be had is found out about by an attempt, which says so.
    fn clear(
        &mut self,
        done: Done,
        app: &App,
        notifier: &Notifier,
        stopped: &watch::Receiver<bool>,
        tasks: &mut JoinSet<Done>,
    ) {
        match done {
            Done::Found { effect, secret, provider: Ok(Some(provider)) } => {
                self.looked_up -= 1;
                self.under_way.remove(&effect);
                if self.providers.len() >= PROVIDERS_KEPT {
                    self.providers.clear();
                }
                self.providers.insert(secret, provider);
            }
            // The next look asks again: what is only busy now must not go without a place.
            Done::Found { effect, provider: Err(refusal), .. } if refusal.class() == kernel::Class::Retryable => {
                self.looked_up -= 1;
                self.under_way.remove(&effect);
            }
            Done::Found { effect, provider: Ok(None) | Err(_), .. } => {
                self.looked_up -= 1;
                tasks.spawn(carry_out(app.clone(), notifier.clone(), effect, None, stopped.clone()));
            }
            Done::Attempted { effect, provider } => {
                self.under_way.remove(&effect);
                if let Some(provider) = provider {
                    self.places.give_back(&provider);
                }
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
