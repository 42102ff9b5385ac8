//! How somebody is reached: addresses are sealed here, and only what may be seen of them goes on the timeline.

use std::time::Instant;

use access::{Grant, Scope};
use kernel::{EntityRef, Refusal, codes};
use notifier::Address;
use paging::{Channel, Command as PageCommand, Method, MethodId, NewMethod, Rule};
use world::{Command, World};

use crate::{App, credentials::new_key, guard::By, pages::message, security::rate::Caller, vault};

/// Lets by the person themself and administrators.
///
/// # Errors
/// `not-found` for somebody whom the catalog doesn't have; `forbidden` for everybody else.
pub(crate) fn allowed(world: &World, grant: Option<&Grant>, person: &EntityRef) -> Result<(), Refusal> {
    let own = grant.is_some_and(|grant| grant.person.as_ref() == Some(person));
    if !own && !grant.is_some_and(|grant| grant.allows(Scope::Admin)) {
        let detail = format!("only {} and administrators see and change how they are reached", person.short());
        return Err(Refusal::new(&codes::FORBIDDEN, detail));
    }
    if world.catalog.get(person).is_none() {
        let detail = format!("the catalog has no user {}", person.short());
        return Err(Refusal::new(&codes::NOT_FOUND, detail));
    }
    Ok(())
}

/// The channel of this name.
///
/// # Errors
/// If there is none.
pub(crate) fn channel(name: &str) -> Result<Channel, Refusal> {
    Channel::ALL.into_iter().find(|channel| channel.as_str() == name).ok_or_else(|| {
        let all = Channel::ALL.map(Channel::as_str).join(", ");
        Refusal::new(&codes::INVALID, "there is no such channel").field("channel").fix(format!("one of {all}"))
    })
}

/// Adds a way to reach somebody. The address is sealed before the event names it, and gone again if it is refused.
///
/// # Errors
/// If the address is none, or the command is refused.
pub(crate) async fn add(
    app: &App,
    asked: impl FnOnce(Command) -> Result<engine::Request, Refusal>,
    person: EntityRef,
    channel: Channel,
    address: &str,
) -> Result<engine::Receipt, Refusal> {
    let address = address.trim().to_owned();
    let parsed = Address::parse(channel, &address)
        .map_err(|error| Refusal::new(&codes::INVALID, format!("the address {error}")).field("address"))?;
    let secret = format!("contacts/{}/{}/{}", person.namespace(), person.name(), new_key()?);
    let method = NewMethod { channel, label: parsed.masked(), secret: secret.clone(), verified: false };
    let request = asked(Command::Paging(PageCommand::AddMethod { person, method }))?;
    let (key, name) = (app.settings().vault_key, secret.clone());
    app.blocking(move |engine| {
        let sealed = vault::seal(&key, &name, address.as_bytes())?;
        Ok(engine.store().put_secret(&name, Some(&sealed))?)
    })
    .await?;
    let added = app.submit(request).await;
    if added.as_ref().map_or(true, |receipt| receipt.repeated) {
        forget(app, secret).await?;
    }
    added
}

/// Takes a way away, and its address with it.
///
/// # Errors
/// If there is no such method, or the command is refused.
pub(crate) async fn remove(
    app: &App,
    asked: impl FnOnce(Command) -> Result<engine::Request, Refusal>,
    person: EntityRef,
    method: MethodId,
) -> Result<engine::Receipt, Refusal> {
    let secret = method_of(&app.world(), &person, method)?.secret.clone();
    let receipt = app.submit(asked(Command::Paging(PageCommand::RemoveMethod { person, method }))?).await?;
    forget(app, secret).await?;
    Ok(receipt)
}

async fn forget(app: &App, secret: String) -> Result<(), Refusal> {
    app.blocking(move |engine| Ok(engine.store().put_secret(&secret, None)?)).await
}

/// A method of somebody's.
///
/// # Errors
/// `not-found` if there is none.
pub(crate) fn method_of<'a>(world: &'a World, person: &EntityRef, id: MethodId) -> Result<&'a Method, Refusal> {
    let found = world.paging.contacts(person).and_then(|contacts| contacts.method(id));
    found.ok_or_else(|| {
        let detail = format!("{} has no contact method {}", person.short(), id.0);
        Refusal::new(&codes::NOT_FOUND, detail)
    })
}

/// All rules at once.
pub(crate) fn set_rules(person: EntityRef, rules: Vec<Rule>) -> Command {
    Command::Paging(PageCommand::SetRules { person, rules })
}

/// Hours that a code counts at least; at most it is twice as long.
const CODE_HOURS: i64 = 1;

/// The code that a test message carries: whoever can read it has the address. Made of the method and the time, so that
/// nothing needs to be remembered of it.
fn code(app: &App, method: &Method, ago: i64) -> String {
    let window = app.now().as_second().div_euclid(3_600 * CODE_HOURS) - ago;
    let key = vault::derive(&app.settings().vault_key, "contact-codes");
    let tag = vault::tag(&key, format!("{} {window}", method.secret).as_bytes());
    let number = tag.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{:08}", number % 100_000_000)
}

/// Sends a message that says so, with a code.
///
/// # Errors
/// If there is no such method, nothing sends messages here, or the other side did not take it.
pub(crate) async fn test(app: &App, person: &EntityRef, method: MethodId) -> Result<(), Refusal> {
    let world = app.world();
    let method = method_of(&world, person, method)?.clone();
    app.sign_ins().take(Caller::named(&format!("contact-test {}", method.secret)), Instant::now())?;
    let misses =
        || Refusal::new(&codes::CONFLICT, "this server sends no messages").fix("set up [notify] in its settings");
    let notifier = app.settings().notifier.clone().ok_or_else(misses)?;
    let (asked, named) = (app.clone(), method.clone());
    let address = app.blocking(move |engine| message::address_of(&asked, &engine.world(), &named)).await?;
    let test = notifier::Message {
        id: format!("test-{}", new_key()?),
        thread: "test".to_owned(),
        at: Some(app.now()),
        subject: format!("Test: pages reach you here. Code {}", code(app, &method, 0)),
        text: format!(
            "This is a test of how {} is paged, asked for at {}. Nothing is wrong.",
            person.short(),
            app.settings().base_url
        ),
        link: Some(format!("{}/me/contact", app.settings().base_url)),
        ..notifier::Message::default()
    };
    match notifier.deliver(&address, &test).await {
        Ok(_) => Ok(()),
        Err(failure) => {
            let detail = format!("the test to {} failed: {}", method.label, failure.error);
            Err(Refusal::new(&codes::CONFLICT, detail).fix("mend the address, or what sends to it"))
        }
    }
}

/// Shows by the code of a test message that an address is somebody's.
///
/// # Errors
/// If there is no such method, or the code is wrong or too old.
pub(crate) fn verify(app: &App, person: EntityRef, method: MethodId, shown: &str) -> Result<Command, Refusal> {
    let world = app.world();
    let known = method_of(&world, &person, method)?;
    // As tries to sign in are: a code can't be guessed in the time that it counts.
    app.sign_ins().take(Caller::named(&format!("contact-code {}", known.secret)), Instant::now())?;
    let shown = shown.trim();
    if [0, 1].into_iter().any(|ago| code(app, known, ago) == shown) {
        return Ok(Command::Paging(PageCommand::VerifyMethod { person, method }));
    }
    let refusal = Refusal::new(&codes::INVALID, "this is not the code of a test message of the last hour");
    Err(refusal.field("code").fix("send a test, and enter its code"))
}

/// The request in somebody's name, for [`add`] and [`remove`].
pub(crate) fn in_name_of(by: &By) -> impl FnOnce(Command) -> Result<engine::Request, Refusal> + '_ {
    |command| by.request(command, None, None)
}
