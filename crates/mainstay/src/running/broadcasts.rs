//! Tells subscribers of status pages: updates in batches, and the links that confirm a subscription.
//!
//! Pages come first. At most a few of these messages are on their way by one way at the same time, fewer than there are
//! connections to the mail server, and none is begun while a page's message is due, unless that lasts for half a minute.
//! What came of a batch is one event; a crash before it repeats the batch, under the same ids.

use std::{collections::HashMap, pin::pin, sync::Arc, time::Duration};

use engine::Request;
use futures::{StreamExt as _, stream::FuturesUnordered};
use kernel::{Refusal, codes};
use notifier::{Class, Notifier};
use outbound::{Allowed, Caller};
use statuspage::{Broadcast, Command as PageCommand, Gone, Subscription, Tried, TriedOutcome, Way};
use tokio::{
    sync::{Semaphore, broadcast::error::RecvError, mpsc, watch},
    time::{Instant, sleep},
};
use web::{
    App,
    status::{
        message::{self, Ready, Told},
        subscribe::{self, Letter},
    },
};
use world::Command;

use super::record::record;

/// How often it is looked for what is due, beside whenever something happens.
const LOOK: Duration = Duration::from_secs(1);
/// How many updates are on their way by one way at the same time.
const AT_ONCE: usize = 4;
/// How many links that confirm are on their way by one way at the same time.
const LETTERS_AT_ONCE: usize = 2;
/// How often it is looked whether pages are out, and for how long a message waits for them at most.
const YIELD: Duration = Duration::from_millis(250);
const YIELD_MAX: Duration = Duration::from_secs(30);
/// How often a link that confirms is tried, and how long it is waited in between.
const LETTER_TRIES: u32 = 4;
const LETTER_WAIT: Duration = Duration::from_secs(15);

/// The task that tells subscribers until the server stops.
///
/// # Errors
/// If no HTTP client can be had.
pub(super) fn run(
    app: App,
    notifier: Notifier,
    mut stopped: watch::Receiver<bool>,
) -> Result<impl Future<Output = ()> + use<>, Refusal> {
    // Strangers name these addresses: what the operator opened to the team's webhooks is not open to them.
    let hosts = &app.settings().subscriber_hosts;
    let no_client = |error| Refusal::new(&codes::INTERNAL, format!("no client for subscribers: {error}"));
    let caller = Caller::new(Allowed::new(hosts)).map_err(no_client)?;
    let notifier = notifier.reaching(hosts).map_err(no_client)?;
    Ok(async move {
        let letters = app.subscribing().letters();
        let sender = Sender { app: app.clone(), notifier, caller };
        let confirming = tokio::spawn(confirm(sender.clone(), letters, stopped.clone()));
        let mut commits = app.engine().subscribe();
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => break,
                commit = commits.recv() => match commit {
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => break,
                },
                _ = look.tick() => {}
            }
            while let Some(broadcast) = next(&sender.app) {
                if *stopped.borrow() || !sender.deliver(&broadcast, &mut stopped).await {
                    break;
                }
            }
        }
        if confirming.await.is_err() {
            tracing::error!("the task that sends links to subscribers ended by a panic");
        }
    })
}

/// The oldest broadcast of which something can be done now.
fn next(app: &App) -> Option<Arc<Broadcast>> {
    let (world, now) = (app.world(), app.now());
    world.statuspage.broadcasts().find(|broadcast| world.statuspage.batch(broadcast.effect, now).is_some()).cloned()
}

/// Sends links that confirm. They are not kept: who gets none asks again.
async fn confirm(sender: Sender, letters: Option<mpsc::Receiver<Letter>>, mut stopped: watch::Receiver<bool>) {
    let Some(mut letters) = letters else { return };
    // Each way has places of its own, so that a webhook that hangs delays no mail.
    let places = Way::ALL.map(|way| (way, Arc::new(Semaphore::new(LETTERS_AT_ONCE))));
    loop {
        let letter = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            letter = letters.recv() => match letter {
                Some(letter) => letter,
                None => return,
            },
        };
        // As many wait as have a place: who asks for more by the same way is told to come back later.
        let own = places.iter().find(|(way, _)| *way == letter.way).map(|(_, own)| Arc::clone(own));
        let Some(own) = own else { continue };
        let (sender, mut stopped) = (sender.clone(), stopped.clone());
        let sending = async move {
            for attempt in 1..=LETTER_TRIES {
                let outcome = {
                    let _turn = own.acquire().await;
                    sender.send_letter(&letter).await
                };
                match outcome {
                    TriedOutcome::Retry if attempt < LETTER_TRIES => sleep(LETTER_WAIT * attempt).await,
                    TriedOutcome::Sent | TriedOutcome::Retry | TriedOutcome::GaveUp => return,
                }
            }
        };
        tokio::spawn(async move {
            tokio::select! {
                () = sending => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        });
    }
}

/// Tells each of these, a few at a time by each way, so that webhooks that hang delay no mail. If it is stopped before,
/// those that were not told yet are to be tried again.
async fn tell_each<F: Future<Output = TriedOutcome>>(
    receivers: &[Arc<Subscription>],
    tell: impl Fn(Arc<Subscription>) -> F,
    stop: impl Future<Output = ()>,
) -> Vec<Tried> {
    let places = Way::ALL.map(|way| (way, Semaphore::new(AT_ONCE)));
    let one = |held: &Arc<Subscription>| {
        let own = places.iter().find(|(way, _)| *way == held.way).map(|(_, own)| own);
        let (id, telling) = (held.id, tell(Arc::clone(held)));
        async move {
            let _turn = match own {
                Some(own) => own.acquire().await.ok(),
                None => None,
            };
            (id, telling.await)
        }
    };
    let mut answers: FuturesUnordered<_> = receivers.iter().map(one).collect();
    let mut told = HashMap::with_capacity(receivers.len());
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            answer = answers.next() => match answer {
                Some((id, outcome)) => drop(told.insert(id, outcome)),
                None => break,
            },
            () = &mut stop => break,
        }
    }
    let outcome = |held: &Arc<Subscription>| told.get(&held.id).copied().unwrap_or(TriedOutcome::Retry);
    receivers.iter().map(|held| Tried { subscription: held.id, outcome: outcome(held) }).collect()
}

/// Sends one message at a time.
#[derive(Clone)]
struct Sender {
    app: App,
    notifier: Notifier,
    caller: Caller,
}

impl Sender {
    /// Delivers the next batch of a broadcast; false if there is none any more. When the server stops, the batch ends with
    /// what is done; the rest is tried again.
    async fn deliver(&self, broadcast: &Broadcast, stopped: &mut watch::Receiver<bool>) -> bool {
        let (world, effect) = (self.app.world(), broadcast.effect);
        let Some(batch) = world.statuspage.batch(effect, self.app.now()) else { return false };
        let told = Told::of(&self.app, &world, broadcast).map(Arc::new);
        drop(world);
        let tell = |held: Arc<Subscription>| {
            let told = told.clone();
            async move {
                match told {
                    Some(told) => self.tell(&told, &held).await,
                    None => TriedOutcome::GaveUp,
                }
            }
        };
        let tried = tell_each(&batch.receivers, tell, async {
            // Who stops the server outlives this.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        });
        let tried = tried.await;
        // Nobody is told again because the disk is full.
        let command = Command::Statuspage(PageCommand::Deliver { effect, through: batch.through, tried });
        record(&self.app, command, world::statuspage::PART, stopped.clone()).await;
        true
    }

    async fn tell(&self, told: &Arc<Told>, held: &Arc<Subscription>) -> TriedOutcome {
        self.let_pages_pass().await;
        let (app, asked, theirs) = (self.app.clone(), Arc::clone(told), Arc::clone(held));
        match self.app.blocking(move |_| asked.to(&app, &theirs)).await {
            Ok(Ready::Message(ready)) => self.send(&ready.0, &ready.1).await,
            Ok(Ready::Call(call)) => self.call(&call, Some(held)).await,
            Err(refusal) if message::is_lost(&refusal) => {
                self.end(held).await;
                TriedOutcome::GaveUp
            }
            Err(_) => TriedOutcome::Retry,
        }
    }

    async fn send(&self, address: &notifier::Address, message: &notifier::Message) -> TriedOutcome {
        match self.notifier.deliver(address, message).await {
            Ok(_) => TriedOutcome::Sent,
            Err(failure) => match failure.class {
                // The operator may mend it within the time for which it is tried.
                Class::Retry { .. } | Class::Misconfigured => TriedOutcome::Retry,
                Class::Permanent => TriedOutcome::GaveUp,
            },
        }
    }

    async fn call(&self, call: &outbound::Outgoing, held: Option<&Arc<Subscription>>) -> TriedOutcome {
        if self.notifier.keeps_all() {
            return TriedOutcome::Sent;
        }
        match self.caller.call(call).await {
            Ok(_) => TriedOutcome::Sent,
            Err(failed) if failed.may_pass => TriedOutcome::Retry,
            Err(failed) => {
                // 410 is how a receiver says that it is there no more.
                if let Some(held) = held.filter(|_| failed.error.starts_with("410")) {
                    self.end(held).await;
                }
                TriedOutcome::GaveUp
            }
        }
    }

    async fn send_letter(&self, letter: &Letter) -> TriedOutcome {
        self.let_pages_pass().await;
        if letter.way == Way::Webhook {
            let id = letter.message.id.clone();
            return self.call(&message::call(&self.app, id, &letter.address, letter.body.clone()), None).await;
        }
        match notifier::Address::parse(subscribe::channel(letter.way), &letter.address) {
            Ok(address) => self.send(&address, &letter.message).await,
            Err(_) => TriedOutcome::GaveUp,
        }
    }

    async fn end(&self, held: &Subscription) {
        let request = Request::by_part(subscribe::ended(held.id, Gone::Lost), world::statuspage::PART);
        if let Err(refusal) = subscribe::end(&self.app, held.id, request).await {
            tracing::warn!(error.code = refusal.code.name, "a lost subscription was not ended: {refusal}");
        }
    }

    /// Waits while a page's message is due.
    async fn let_pages_pass(&self) {
        let begun = Instant::now();
        let due = || self.app.world().effects.due(self.app.now()).any(|effect| effect.call.message);
        while due() && begun.elapsed() < YIELD_MAX {
            sleep(YIELD).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use kernel::{EntityRef, SubscriptionId, Timestamp};

    use super::*;

    fn held(number: u8, way: Way) -> Arc<Subscription> {
        Arc::new(Subscription {
            id: SubscriptionId::from_bytes([number; 16]),
            number: number.into(),
            page: EntityRef::new("statuspage", "default", "main").unwrap(),
            way,
            components: Vec::new(),
            since: Timestamp::UNIX_EPOCH,
            changed: None,
        })
    }

    #[tokio::test]
    async fn webhooks_that_hang_delay_no_mail_and_are_tried_again_if_the_server_stops_meanwhile() {
        let hooks = (0..20).map(|number| held(number, Way::Webhook));
        let receivers: Vec<_> = hooks.chain((20..40).map(|number| held(number, Way::Email))).collect();
        let (mails, hanging) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let all_mails = tokio::sync::Notify::new();
        let tell = |held: Arc<Subscription>| {
            let (mails, hanging, all_mails) = (&mails, &hanging, &all_mails);
            async move {
                if held.way == Way::Webhook {
                    hanging.fetch_add(1, Ordering::Relaxed);
                    std::future::pending::<()>().await;
                }
                if mails.fetch_add(1, Ordering::Relaxed) == 19 {
                    all_mails.notify_one();
                }
                TriedOutcome::Sent
            }
        };
        let tried = tell_each(&receivers, tell, all_mails.notified()).await;
        assert_eq!(hanging.load(Ordering::Relaxed), AT_ONCE);
        let expected = receivers.iter().map(|held| {
            let outcome = if held.way == Way::Webhook { TriedOutcome::Retry } else { TriedOutcome::Sent };
            Tried { subscription: held.id, outcome }
        });
        assert_eq!(tried, expected.collect::<Vec<_>>());
    }
}
