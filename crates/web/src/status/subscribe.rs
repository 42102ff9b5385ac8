//! Subscribing to a page: by mail, by a chat's webhook, by a program's webhook.
//!
//! The flow: a form says by which way and where to; a message with a signed link goes there; opening the link shows a
//! button, since scanners follow links; pressing it is the subscription. Until then nothing at all is kept of it: the link
//! itself holds the address, sealed. So nobody is subscribed by somebody else, and what was never confirmed needs no
//! deletion. What is answered to the form is always the same, whoever is subscribed already.
//!
//! An address is kept once, sealed with the key of the data folder, under the subscription's random id; a second name,
//! which only this server can make of the address, finds it again. Ending a subscription deletes both first, and then
//! says so on the timeline, where no address ever was.

use std::{sync::Arc, time::Instant};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use engine::{Receipt, Request};
use kernel::{EntityRef, Refusal, Sha256, SubscriptionId, Timestamp, codes};
use notifier::Address;
use paging::Channel;
use serde::{Deserialize, Serialize};
use statuspage::{Command as PageCommand, Gone, Page, Subscription, Way};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use world::{Command, World};

use crate::{App, credentials::new_key, security::rate::Caller, vault};

/// For how long a link confirms.
const CONFIRM_HOURS: i64 = 24;
/// Bytes of an address: the link that has it must fit into a message.
const ADDRESS_BYTES_MAX: usize = 300;
/// Components that are chosen one by one; who wants more wants all.
const CHOSEN_MAX: usize = 30;
/// How long a token may be.
const TOKEN_BYTES_MAX: usize = 1_500;
/// How many bytes of a tag are used.
const TAG_BYTES: usize = 18;
/// Messages to subscribers by one way that wait to be sent, for the first time or again, beside broadcasts.
const LETTERS_MAX: usize = 256;

/// A message to somebody who asked to be subscribed.
#[derive(Debug, Clone)]
pub struct Letter {
    /// By which way.
    pub way: Way,
    /// Where to.
    pub address: String,
    /// What.
    pub message: notifier::Message,
    /// What a program's webhook is sent instead.
    pub body: String,
    /// Its place among those that wait, which is free when nobody has the letter any more.
    #[expect(dead_code, reason = "it is held, and given back when it is dropped")]
    place: Arc<OwnedSemaphorePermit>,
}

/// What is kept in memory of subscribing.
pub struct Subscribing {
    letters: mpsc::Sender<Letter>,
    /// Each way has places of its own, so that a webhook that hangs delays no mail.
    places: [(Way, Arc<Semaphore>); Way::ALL.len()],
    received: std::sync::Mutex<Option<mpsc::Receiver<Letter>>>,
    /// One subscription is made at a time, so that two clicks on one link make one.
    turn: tokio::sync::Mutex<()>,
    by_peer: crate::security::rate::Limiter,
    by_address: crate::security::rate::Limiter,
}

impl Default for Subscribing {
    fn default() -> Self {
        let (letters, received) = mpsc::channel(LETTERS_MAX * Way::ALL.len());
        Self {
            letters,
            places: Way::ALL.map(|way| (way, Arc::new(Semaphore::new(LETTERS_MAX)))),
            received: std::sync::Mutex::new(Some(received)),
            turn: tokio::sync::Mutex::new(()),
            // Ten at once from one place, and one every minute in the long run; three to one address, and one an hour.
            by_peer: crate::security::rate::Limiter::new(1.0 / 60.0, 10.0),
            by_address: crate::security::rate::Limiter::new(1.0 / 3_600.0, 3.0),
        }
    }
}

impl Subscribing {
    /// The letters to send, for whoever sends them; none if somebody has them already.
    #[must_use]
    pub fn letters(&self) -> Option<mpsc::Receiver<Letter>> {
        self.received.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    /// A place for a letter by this way.
    fn place(&self, way: Way) -> Result<Arc<OwnedSemaphorePermit>, Refusal> {
        let places = self.places.iter().find(|(known, _)| *known == way);
        let place = places.and_then(|(_, places)| Arc::clone(places).try_acquire_owned().ok());
        place.map(Arc::new).ok_or_else(full)
    }
}

fn full() -> Refusal {
    Refusal::new(&codes::BUSY, "too many messages wait to be sent").retry_after(60)
}

/// What a link that confirms says. It is sealed: nobody reads an address in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claim {
    page: EntityRef,
    way: Way,
    address: String,
    /// Digests of the components' keys.
    components: Vec<String>,
    expires: Timestamp,
}

impl Claim {
    /// When somebody asked to be subscribed.
    fn asked(&self) -> Timestamp {
        self.expires.checked_sub(jiff::SignedDuration::from_hours(CONFIRM_HOURS)).unwrap_or(self.expires)
    }
}

/// What is sealed of a subscription.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    address: String,
    /// The name under which the subscription is found by its address.
    by: String,
}

/// What a link is.
pub(crate) enum Link {
    /// It confirms.
    Confirm(Confirm),
    /// It manages a subscription.
    Manage(SubscriptionId),
}

/// A wish to be subscribed, as a link has it.
pub(crate) struct Confirm(Claim);

impl Confirm {
    /// The page.
    pub(crate) fn page(&self) -> &EntityRef {
        &self.0.page
    }

    /// Where to, as everybody may read it.
    pub(crate) fn masked(&self) -> String {
        parse(self.0.way, &self.0.address).map(|address| address.masked()).unwrap_or_default()
    }
}

/// The channel of the notifier by which a way goes.
#[must_use]
pub fn channel(way: Way) -> Channel {
    match way {
        Way::Email => Channel::Email,
        Way::Slack => Channel::Slack,
        Way::Webhook => Channel::Webhook,
    }
}

/// The ways by which this server can send.
pub(crate) fn ways(app: &App) -> Vec<Way> {
    let notifier = app.settings().notifier.as_ref();
    Way::ALL.into_iter().filter(|way| notifier.is_some_and(|notifier| notifier.serves(channel(*way)))).collect()
}

fn parse(way: Way, address: &str) -> Result<Address, Refusal> {
    let wrong = |detail: String| Refusal::new(&codes::INVALID, detail).field("address");
    if address.len() > ADDRESS_BYTES_MAX {
        return Err(wrong(format!("an address has at most {ADDRESS_BYTES_MAX} bytes")));
    }
    Address::parse(channel(way), address).map_err(|error| wrong(format!("the address {error}")))
}

/// Asks whoever has an address whether they want to be subscribed. Nothing is kept of it.
///
/// # Errors
/// If the address is none, this server can't send there, a component isn't the page's, or too much is asked from here.
pub(crate) fn ask(
    app: &App,
    page: &Page,
    way: Way,
    address: &str,
    components: &[String],
    peer: Caller,
) -> Result<(), Refusal> {
    app.subscribing().by_peer.take(peer, Instant::now())?;
    if !ways(app).contains(&way) {
        let refusal = Refusal::new(&codes::INVALID, "nobody can subscribe by this way here").field("way");
        return Err(refusal.fix("choose another, or use the Atom feed"));
    }
    let address = address.trim().to_owned();
    parse(way, &address)?;
    let schemes = &app.settings().contracts.webhook_schemes;
    if way != Way::Email && !schemes.iter().any(|scheme| address.starts_with(&format!("{scheme}://"))) {
        let refusal = Refusal::new(&codes::INVALID, "webhooks are not called by this scheme").field("address");
        return Err(refusal.fix(schemes.join(", ")));
    }
    for key in components {
        if page.component(key).is_none() {
            return Err(Refusal::new(&codes::INVALID, "the page has no such component").field("component"));
        }
    }
    let all = components.len() > CHOSEN_MAX || components.len() == page.components().count();
    let chosen: Vec<String> = if all { Vec::new() } else { components.iter().map(|key| digest(key)).collect() };
    // Who was written to three times in an hour is not written to again; the answer is the same.
    let named = Caller::named(&address);
    if app.subscribing().by_address.take(named, Instant::now()).is_err() {
        return Ok(());
    }
    let expires = app.now().checked_add(jiff::SignedDuration::from_hours(CONFIRM_HOURS)).unwrap_or_else(|_| app.now());
    let claim = Claim { page: page.page.clone(), way, address: address.clone(), components: chosen, expires };
    let link = format!("{}/status/subscriptions/{}", app.settings().base_url, token(app, &claim)?);
    let (message, body) = (confirmation(page, &link), confirmation_body(page, &link));
    let letter = Letter { way, address, message, body, place: app.subscribing().place(way)? };
    app.subscribing().letters.try_send(letter).map_err(|_| full())
}

fn confirmation(page: &Page, link: &str) -> notifier::Message {
    notifier::Message {
        id: format!("confirm-{}", Sha256::of(link.as_bytes())),
        thread: format!("status-{}", page.name()),
        subject: format!("Confirm: updates of {}", page.title),
        text: format!(
            "Somebody, hopefully you, asked for updates of {} to be sent here.\n\nTo get them, open the link and press \
             the button there, within {CONFIRM_HOURS} hours. If you didn't ask for it, do nothing: nothing is kept, and \
             nothing more is sent.",
            page.title
        ),
        link: Some(link.to_owned()),
        ..notifier::Message::default()
    }
}

/// As Amazon's SNS does: a `POST` to the address confirms it.
fn confirmation_body(page: &Page, link: &str) -> String {
    let meta = serde_json::json!({"documentation": "POST to confirm_url within 24 hours; else nothing more is sent"});
    serde_json::json!({
        "type": "subscription.confirmation", "confirm_url": link, "page": {"id": page.name(), "name": page.title},
        "meta": meta,
    })
    .to_string()
}

fn digest(key: &str) -> String {
    Sha256::of(key.as_bytes()).to_string().chars().take(8).collect()
}

fn purpose(app: &App, purpose: &str) -> vault::Key {
    vault::derive(&app.settings().vault_key, purpose)
}

const CONFIRMS: &str = "status-page-confirm";

fn token(app: &App, claim: &Claim) -> Result<String, Refusal> {
    let text = serde_json::to_vec(claim).map_err(|error| Refusal::new(&codes::INTERNAL, error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(vault::seal(&purpose(app, CONFIRMS), CONFIRMS, &text)?))
}

/// The address at which a subscription is managed and ended, without signing in. It never expires.
#[must_use]
pub fn manage_link(app: &App, subscription: SubscriptionId) -> String {
    format!("{}/status/subscriptions/{}", app.settings().base_url, manage_token(app, subscription))
}

pub(crate) fn manage_token(app: &App, subscription: SubscriptionId) -> String {
    let tag = vault::tag(&purpose(app, "status-page-manage"), subscription.to_string().as_bytes());
    let tag: Vec<u8> = tag.into_iter().take(TAG_BYTES).collect();
    format!("{subscription}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// What a link is.
///
/// # Errors
/// If this server didn't make it, or its time is over.
pub(crate) fn read(app: &App, token: &str) -> Result<Link, Refusal> {
    let forged =
        || Refusal::new(&codes::NOT_FOUND, "this link does not work: it was changed, or another server made it");
    if token.len() > TOKEN_BYTES_MAX {
        return Err(forged());
    }
    if let Some((id, _)) = token.split_once('.') {
        let id: SubscriptionId = id.parse().map_err(|_| forged())?;
        let made = manage_token(app, id);
        // Every byte is looked at, so that the time taken says nothing about where they differ.
        let same =
            made.len() == token.len() && made.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0;
        return if same { Ok(Link::Manage(id)) } else { Err(forged()) };
    }
    let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| forged())?;
    let opened = vault::open(&purpose(app, CONFIRMS), CONFIRMS, &sealed).map_err(|_| forged())?;
    let claim: Claim = serde_json::from_slice(&opened).map_err(|_| forged())?;
    if app.now() >= claim.expires {
        let refusal = Refusal::new(&codes::NOT_FOUND, "this link has expired");
        return Err(refusal.fix("subscribe once more, and confirm within a day"));
    }
    Ok(Link::Confirm(Confirm(claim)))
}

/// The name under which an address is sealed.
fn secret(subscription: SubscriptionId) -> String {
    format!("status-page/address/{subscription}")
}

/// The name under which a subscription is found by its address: nobody without the key can make it.
fn found_by(app: &App, page: &EntityRef, way: Way, address: &str) -> String {
    // The part before the @ may differ in case, in theory; no mail server that is in use sees it so.
    let address = if way == Way::Email { address.to_lowercase() } else { address.to_owned() };
    let tag = vault::tag(&purpose(app, "status-page-find"), format!("{page} {} {address}", way.as_str()).as_bytes());
    format!("status-page/by/{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Subscribes whoever confirmed it; answers the subscription, which may be there already and is then about what was chosen
/// now.
///
/// # Errors
/// If the page is gone, the subscription was changed since somebody asked for this, or the store can't be written.
pub(crate) async fn confirm(app: &App, confirmed: &Confirm) -> Result<SubscriptionId, Refusal> {
    let claim = &confirmed.0;
    let _turn = app.subscribing().turn.lock().await;
    let by = found_by(app, &claim.page, claim.way, &claim.address);
    let known = find(app, &by).await?;
    let components = {
        let world = app.world();
        let gone = || Refusal::new(&codes::NOT_FOUND, "the status page is gone");
        let page = world.statuspage.page(&claim.page).ok_or_else(gone)?;
        let chosen = page.components().filter(|component| claim.components.contains(&digest(&component.key)));
        let chosen: Vec<String> = chosen.map(|component| component.key.clone()).collect();
        // None is all of them, which is not what was wished.
        if chosen.is_empty() && !claim.components.is_empty() {
            return Err(Refusal::new(&codes::NOT_FOUND, "the components are no longer on the status page"));
        }
        chosen
    };
    if let Some(known) = known {
        let changed = app.world().statuspage.subscription(known).and_then(|held| match held.components == components {
            true => None,
            false => held.changed,
        });
        if changed.is_some_and(|changed| claim.asked() < changed) {
            let refusal = Refusal::new(&codes::NOT_FOUND, "the subscription was changed after this link was sent");
            return Err(refusal.fix("subscribe once more, or change it by a link in any of its messages"));
        }
        // Who confirms once more has chosen anew.
        let command = PageCommand::ChangeSubscription { subscription: known, components };
        app.submit(Request::by_part(Command::Statuspage(command), world::statuspage::PART)).await?;
        return Ok(known);
    }
    let id: SubscriptionId =
        new_key()?.parse().map_err(|_| Refusal::new(&codes::INTERNAL, "a random id could not be read"))?;
    let kept = Kept { address: claim.address.clone(), by: by.clone() };
    let kept = serde_json::to_vec(&kept).map_err(|error| Refusal::new(&codes::INTERNAL, error.to_string()))?;
    let key = app.settings().vault_key;
    app.blocking(move |engine| {
        let name = secret(id);
        engine.store().put_secret(&name, Some(&vault::seal(&key, &name, &kept)?))?;
        engine.store().put_secret(&by, Some(&vault::seal(&key, &by, id.to_string().as_bytes())?))?;
        Ok(())
    })
    .await?;
    let (page, way) = (claim.page.clone(), claim.way);
    let command = Command::Statuspage(PageCommand::Subscribe { page, subscription: id, way, components });
    let subscribed = app.submit(Request::by_part(command, world::statuspage::PART)).await;
    if let Err(refusal) = subscribed {
        forget(app, id).await?;
        return Err(refusal);
    }
    Ok(id)
}

/// The subscription that is found by a name, if it is still one.
async fn find(app: &App, by: &str) -> Result<Option<SubscriptionId>, Refusal> {
    let (key, by) = (app.settings().vault_key, by.to_owned());
    let found = app.blocking(move |engine| match engine.store().get_secret(&by)? {
        Some(sealed) => Ok(vault::open(&key, &by, &sealed).ok()),
        None => Ok(None),
    });
    let id: Option<SubscriptionId> = found.await?.and_then(|opened| String::from_utf8(opened).ok()?.parse().ok());
    let Some(id) = id else { return Ok(None) };
    if app.world().statuspage.subscription(id).is_some() {
        return Ok(Some(id));
    }
    // The process ended between the sealing and the event: nobody is subscribed, and nothing of it is kept.
    forget(app, id).await?;
    Ok(None)
}

/// Deletes what is sealed of a subscription.
async fn forget(app: &App, subscription: SubscriptionId) -> Result<(), Refusal> {
    let key = app.settings().vault_key;
    app.blocking(move |engine| {
        let name = secret(subscription);
        let kept = engine.store().get_secret(&name)?.and_then(|sealed| vault::open(&key, &name, &sealed).ok());
        if let Some(kept) = kept.and_then(|opened| serde_json::from_slice::<Kept>(&opened).ok()) {
            engine.store().put_secret(&kept.by, None)?;
        }
        Ok(engine.store().put_secret(&name, None)?)
    })
    .await
}

/// The command that ends a subscription.
#[must_use]
pub fn ended(subscription: SubscriptionId, cause: Gone) -> Command {
    Command::Statuspage(PageCommand::Unsubscribe { subscription, cause })
}

/// Ends a subscription: its address is deleted, and then the timeline says so. If the process ends in between, there is a
/// subscription without an address, which the next broadcast ends.
///
/// # Errors
/// If the store can't be written.
pub async fn end(app: &App, subscription: SubscriptionId, request: Request) -> Result<Receipt, Refusal> {
    forget(app, subscription).await?;
    app.submit(request).await
}

/// Where a subscription leads: its address, as it was given and as the notifier reads it. It reads the store.
///
/// # Errors
/// If the address is lost.
pub fn address_of(app: &App, held: &Subscription) -> Result<(String, Address), Refusal> {
    let lost = || Refusal::new(&codes::NOT_FOUND, "the address of a subscription is lost");
    let name = secret(held.id);
    let sealed = app.engine().store().get_secret(&name)?.ok_or_else(lost)?;
    let opened = vault::open(&app.settings().vault_key, &name, &sealed)?;
    let kept: Kept = serde_json::from_slice(&opened).map_err(|_| lost())?;
    let parsed = parse(held.way, &kept.address).map_err(|_| lost())?;
    Ok((kept.address, parsed))
}

/// The key with which calls of a program's webhook are signed: made of its address, so that nothing needs to be kept.
#[must_use]
pub fn webhook_key(app: &App, address: &str) -> outbound::Key {
    vault::derive(&app.settings().vault_key, &format!("status-page-webhook\0{address}"))
}

/// The page of a wish.
pub(crate) fn page_of<'a>(world: &'a World, page: &EntityRef) -> Result<&'a Arc<Page>, Refusal> {
    let gone = || Refusal::new(&codes::NOT_FOUND, "the status page is gone");
    world.statuspage.page(page).filter(|page| page.public).ok_or_else(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_by_one_way_take_no_place_of_another() {
        let subscribing = Subscribing::default();
        let hanging: Vec<_> = (0..LETTERS_MAX).map(|_| subscribing.place(Way::Webhook).unwrap()).collect();
        let refusal = subscribing.place(Way::Webhook).unwrap_err();
        assert_eq!(refusal.code, &codes::BUSY);
        let mails: Vec<_> = (0..LETTERS_MAX).map(|_| subscribing.place(Way::Email).unwrap()).collect();
        drop(hanging);
        assert!(subscribing.place(Way::Webhook).is_ok(), "they come back");
        drop(mails);
    }
}
