//! Brings messages to people: the effects that are a page's.
//!
//! It looks as soon as something was committed, so that the first attempt begins within moments of the verdict. What came
//! of an attempt is an event, from which the next attempt or the next rule follows; a crash in between repeats the
//! attempt under the same id.

use std::{collections::BTreeSet, time::Duration};

use engine::Request;
use kernel::{EffectId, Refusal, Timestamp, codes};
use notifier::{Class, Failure, Notifier, Receipt};
use tokio::{
    sync::{broadcast::error::RecvError, watch},
    task::JoinSet,
};
use web::{App, pages::message};
use world::{Command, Effect, effects};

/// How often it is looked for what is due, beside whenever something happens.
const LOOK: Duration = Duration::from_millis(500);
/// How many messages are on their way at the same time.
const AT_ONCE: usize = 64;

/// What came of an attempt.
struct Attempt {
    outcome: Result<String, String>,
    retry: bool,
    not_before: Option<Timestamp>,
}

/// The task that delivers messages until the server stops.
pub(super) async fn run(app: App, notifier: Notifier, mut stopped: watch::Receiver<bool>) {
    let mut commits = app.engine().subscribe();
    let mut attempts = JoinSet::new();
    let mut under_way = BTreeSet::<EffectId>::new();
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            Some(done) = attempts.join_next(), if !attempts.is_empty() => {
                if let Ok(effect) = done {
                    under_way.remove(&effect);
                }
            }
            commit = commits.recv() => match commit {
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            },
            _ = look.tick() => {}
        }
        let world = app.world();
        let due = world.effects.due(app.now()).filter(|effect| effect.call.message && !under_way.contains(&effect.id));
        let due: Vec<Effect> = due.take(AT_ONCE - under_way.len().min(AT_ONCE)).cloned().collect();
        for effect in due {
            under_way.insert(effect.id);
            attempts.spawn(carry_out(app.clone(), notifier.clone(), effect));
        }
    }
    // An attempt that was begun is waited for, so that its outcome is recorded and it is not made again.
    while attempts.join_next().await.is_some() {}
}

async fn carry_out(app: App, notifier: Notifier, effect: Effect) -> EffectId {
    let id = effect.id;
    let Attempt { outcome, retry, not_before } = attempt(&app, &notifier, id).await;
    let command = Command::Effects(effects::Command::Report { effect: id, outcome, retry, not_before });
    if let Err(refusal) = app.submit(Request::by_part(command, "paging")).await {
        tracing::warn!(error.code = refusal.code.name, "what came of a message was not recorded: {refusal}");
    }
    id
}

async fn attempt(app: &App, notifier: &Notifier, effect: EffectId) -> Attempt {
    let never = |error: String| Attempt { outcome: Err(error), retry: false, not_before: None };
    let asked = app.clone();
    let made = app.blocking(move |engine| {
        let world = engine.world();
        let gone = || Refusal::new(&codes::NOT_FOUND, "the message is not on its way any more");
        let message = world.paging.message(effect).ok_or_else(gone)?;
        message::ready(&asked, &world, message)
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
