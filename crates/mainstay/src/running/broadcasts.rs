//! Tells subscribers of status pages: updates in batches, and the links that confirm a subscription.
//!
//! Pages come first. At most a few of these messages are on their way at the same time, fewer than there are connections
//! to the mail server, and none is begun while a page's message is due, unless that lasts for half a minute. What came of a batch is one event; a crash before
//! it repeats the batch, under the same ids.

use std::{sync::Arc, time::Duration};

use engine::Request;
use futures::{StreamExt as _, stream};
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
/// How many updates are on their way at the same time.
const AT_ONCE: usize = 4;
/// How many links that confirm are on their way by one way at the same time, and how many wait for another try.
const LETTERS_AT_ONCE: usize = 2;
const LETTERS_MAX: usize = 64;
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
    let waiting = Arc::new(Semaphore::new(LETTERS_MAX));
    loop {
        let letter = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            letter = letters.recv() => match letter {
                Some(letter) => letter,
                None => return,
            },
        };
        // Both are never closed. Who asks for more while all are taken is told to come back later.
        let Ok(place) = Arc::clone(&waiting).acquire_owned().await else { return };
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
            drop(place);
        });
    }
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
    /// what is done.
    async fn deliver(&self, broadcast: &Broadcast, stopped: &mut watch::Receiver<bool>) -> bool {
        let (world, effect) = (self.app.world(), broadcast.effect);
        let Some(batch) = world.statuspage.batch(effect, self.app.now()) else { return false };
        let told = Told::of(&self.app, &world, broadcast).map(Arc::new);
        drop(world);
        let first_time = batch.through > broadcast.through;
        let whole = batch.receivers.len();
        let mut answers = stream::iter(batch.receivers)
            .map(|held| {
                let told = told.clone();
                async move {
                    let outcome = match told {
                        Some(told) => self.tell(&told, &held).await,
                        None => TriedOutcome::GaveUp,
                    };
                    (held.number, Tried { subscription: held.id, outcome })
                }
            })
            .buffered(AT_ONCE)
            .boxed();
        let (mut tried, mut last) = (Vec::with_capacity(whole), broadcast.through);
        loop {
            tokio::select! {
                answer = answers.next() => match answer {
                    Some((number, answer)) => {
                        last = number;
                        tried.push(answer);
                    }
                    None => break,
                },
                _ = stopped.wait_for(|stopped| *stopped) => break,
            }
        }
        drop(answers);
        let through = match (tried.len() == whole, first_time) {
            (true, _) => batch.through,
            (false, true) => last,
            (false, false) => broadcast.through,
        };
        // Nobody is told again because the disk is full.
        let command = Command::Statuspage(PageCommand::Deliver { effect, through, tried });
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
