//! Webhooks: making, changing, showing and trying them.
//!
//! What is secret of one is sealed under a name of its own and never shown; a change seals it under a new name, so that a
//! delivery that waits keeps what it was made with.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use contracts::{
    Command, KnownWebhook, Latest, PublicationKey, State, Webhook,
    webhooks::{Trigger, Whose, fill_in},
};
use kernel::EffectId;
use serde_json::{Map, Value, json};

use super::{
    webhook_body::{Place, read},
    webhook_host,
};
use crate::{
    Answer, Call, Failure, Secrets,
    links::{Links, link, titled},
    secrets::MASK,
    view::{object, stamp},
};

/// What a webhook does, where nobody described it: `POST example.org`.
pub(super) fn request_name(method: &str, address: &str) -> String {
    let host = webhook_host::parsed(address).and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    format!("{} {host}", method.to_uppercase())
}

fn display(webhook: &Webhook) -> String {
    let description = webhook.description.clone().filter(|text| !text.trim().is_empty());
    description.unwrap_or_else(|| request_name(&webhook.request.method, &webhook.request.url))
}

/// A webhook; what is secret is masked.
fn shown(links: &Links, known: &KnownWebhook) -> Value {
    let webhook = &known.webhook;
    let request = &webhook.request;
    let whose = |whose: &Option<Whose>| match whose {
        None => Value::Null,
        Some(Whose::Name(name)) => json!({"name": name}),
        Some(Whose::Label(label)) => json!({"label": label}),
    };
    let mut headers: Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    headers.extend(request.secret_headers.iter().map(|name| (name.clone(), json!(MASK))));
    let body = request.body.as_ref().map(|body| match serde_json::from_str(body) {
        Ok(document) if request.json => document,
        Ok(_) | Err(_) => json!(body),
    });
    let shown_request = object(json!({
        "method": request.method,
        "url": request.url,
        "headers": Some(headers).filter(|headers| !headers.is_empty()),
        "body": body,
        "username": request.username,
        "password": request.password.then_some(MASK),
    }));
    let events: Vec<Value> = webhook.events.iter().map(|event| json!({"name": event})).collect();
    let mut fields = object(json!({
        "uuid": webhook.id,
        "description": display(webhook),
        "consumer": whose(&webhook.consumer),
        "provider": whose(&webhook.provider),
        "enabled": webhook.enabled,
        "request": shown_request,
        "events": events,
    }));
    if let Some(team) = &webhook.team {
        fields.insert("teamUuid".to_owned(), json!(team));
    }
    stamp(&mut fields, known.created, known.updated);
    fields.insert("_links".to_owned(), linked(links, webhook));
    Value::Object(fields)
}

fn linked(links: &Links, webhook: &Webhook) -> Value {
    let here = links.webhook(&webhook.id);
    let mut linked = Map::new();
    linked.insert("self".to_owned(), titled(here.clone(), &display(webhook)));
    let title = "Test the execution of the webhook with the latest matching pact or verification by sending a POST request \
                 to this URL";
    linked.insert("pb:execute".to_owned(), titled(format!("{here}/execute"), title));
    for (role, title, whose) in
        [("consumer", "Consumer", &webhook.consumer), ("provider", "Provider", &webhook.provider)]
    {
        match whose {
            None => {}
            Some(Whose::Name(name)) => {
                let link = json!({"title": title, "name": name, "href": links.pacticipant(name)});
                linked.insert(format!("pb:{role}"), link);
            }
            Some(Whose::Label(label)) => {
                let href = links.at(&["pacticipants", "label", label]);
                linked.insert(
                    format!("pb:{role}s"),
                    json!({"title": format!("{title}s by label"), "name": label, "href": href}),
                );
            }
        }
    }
    if let (Some(Whose::Name(consumer)), Some(Whose::Name(provider))) = (&webhook.consumer, &webhook.provider) {
        let title = format!("All webhooks for consumer {consumer} and provider {provider}");
        let href = links.at(&["webhooks", "provider", provider, "consumer", consumer]);
        linked.insert("pb:pact-webhooks".to_owned(), titled(href, &title));
    }
    linked.insert("pb:webhooks".to_owned(), titled(links.at(&["webhooks"]), "All webhooks"));
    Value::Object(linked)
}

fn scope(webhook: &Webhook) -> String {
    let name = |whose: &Option<Whose>, others: bool, role: &str| match whose {
        None => None,
        Some(Whose::Name(name)) => Some(name.clone()),
        Some(Whose::Label(label)) if others => Some(format!("{role} labeled '{label}'")),
        Some(Whose::Label(label)) => Some(format!("labeled '{label}'")),
    };
    let consumer = name(&webhook.consumer, webhook.provider.is_some(), "consumers");
    let provider = name(&webhook.provider, webhook.consumer.is_some(), "providers");
    match (consumer, provider) {
        (Some(consumer), Some(provider)) => format!("A webhook for the pact between {consumer} and {provider}"),
        (None, Some(provider)) => format!("A webhook for all pacts with provider {provider}"),
        (Some(consumer), None) => format!("A webhook for all pacts with consumer {consumer}"),
        (None, None) => "A webhook for all pacts".to_owned(),
    }
}

/// The consumer and the provider that the path names, if they are known.
fn fixed(call: &Call<'_>) -> Result<[Option<String>; 2], Failure> {
    let of = |role: &str| -> Result<Option<String>, Failure> {
        let Some(name) = call.path.get(role) else { return Ok(None) };
        call.state().pacticipant_named(name).ok_or(Failure::NotFound)?;
        Ok(Some(name.clone()))
    };
    Ok([of("consumer")?, of("provider")?])
}

fn listed(call: &Call<'_>, meant: impl Fn(&Webhook) -> bool, title: &str, here: String) -> Answer {
    let webhooks = call.state().webhooks().map(|known| &known.webhook).filter(|webhook| meant(webhook));
    let each: Vec<Value> = webhooks
        .map(|webhook| {
            json!({"title": scope(webhook), "name": display(webhook), "href": call.links.webhook(&webhook.id)})
        })
        .collect();
    let curies = json!([{"name": "pb", "href": call.links.raw("/doc/webhooks-{rel}"), "templated": true}]);
    Answer::hal(&json!({
        "_links": {
            "self": titled(here.clone(), title),
            "pb:create": titled(here, "POST to create a webhook"),
            "pb:webhooks": each,
            "curies": curies,
        },
    }))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    Ok(listed(call, |_| true, "Webhooks", call.links.at(&["webhooks"])))
}

fn is_named(whose: &Option<Whose>, name: Option<&str>) -> bool {
    match whose {
        Some(Whose::Name(known)) => Some(known.as_str()) == name,
        Some(Whose::Label(_)) | None => name.is_none(),
    }
}

/// Those for exactly the consumer and the provider that the path names.
pub(super) fn list_of(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let [consumer, provider] = fixed(call)?;
    let mut parts = vec!["webhooks"];
    parts.extend(provider.iter().flat_map(|name| ["provider", name]));
    parts.extend(consumer.iter().flat_map(|name| ["consumer", name]));
    let here = call.links.at(&parts);
    let meant = |webhook: &Webhook| {
        is_named(&webhook.consumer, consumer.as_deref()) && is_named(&webhook.provider, provider.as_deref())
    };
    Ok(listed(call, meant, "Webhooks", here))
}

pub(super) fn list_of_pact(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let [consumer, provider] = fixed(call)?;
    let (of, with) = (consumer.as_deref().unwrap_or_default(), provider.as_deref().unwrap_or_default());
    let here = format!("{}/webhooks", call.links.pacts(with, of));
    let meant = |webhook: &Webhook| {
        is_named(&webhook.consumer, consumer.as_deref()) && is_named(&webhook.provider, provider.as_deref())
    };
    Ok(listed(call, meant, "Pact webhooks", here))
}

fn sealed(call: &Call<'_>, webhook: &Webhook) -> Result<Secrets, Failure> {
    let Some(name) = &webhook.request.secret else { return Ok(Secrets::default()) };
    let secret = call.host.unseal(name)?;
    Ok(secret.and_then(|secret| serde_json::from_slice(&secret).ok()).unwrap_or_default())
}

/// Seals what is secret and puts the webhook.
fn put(
    call: &mut Call<'_>,
    mut webhook: Webhook,
    secrets: &Secrets,
    before: Option<&Secrets>,
) -> Result<Value, Failure> {
    let id = webhook.id.clone();
    let known = call.state().webhook(&id).and_then(|known| known.webhook.request.secret.clone());
    webhook.request.secret = match known {
        _ if secrets.is_empty() => None,
        Some(name) if before == Some(secrets) => Some(name),
        Some(_) | None => {
            let name = format!("webhook/{id}/{}", call.host.random_id());
            call.host.seal(&name, json!(secrets).to_string().as_bytes())?;
            Some(name)
        }
    };
    call.submit(Command::PutWebhook { webhook })?;
    let known = call.state().webhook(&id).ok_or(Failure::NotFound)?;
    Ok(shown(&call.links, known))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let [consumer, provider] = fixed(call)?;
    let body = call.json()?;
    let id = call.host.random_id();
    let place = Place {
        state: call.state(),
        policy: call.host.policy(),
        consumer: consumer.as_deref(),
        provider: provider.as_deref(),
        known: None,
    };
    let (webhook, secrets) = read(&id, &body, &place).map_err(Failure::fields)?;
    let document = put(call, webhook, &secrets, None)?;
    let here = call.links.webhook(&id);
    Ok(Answer::with_status(201, &document).header("location", here))
}

pub(super) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let known = call.state().webhook(call.param("uuid")?).ok_or(Failure::NotFound)?;
    Ok(Answer::hal(&shown(&call.links, known)))
}

fn is_uuid(text: &str) -> bool {
    (16..=255).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

pub(super) fn replace(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = call.param("uuid")?.to_owned();
    if !is_uuid(&id) {
        let text =
            "The UUID can only contain the characters A-Z, a-z, 0-9, _ and -, and must be 16 or more characters.";
        return Err(Failure::field("uuid", text));
    }
    let body = call.json()?;
    let known = call.state().webhook(&id).map(|known| known.webhook.clone());
    let before = known.as_ref().map(|known| sealed(call, known)).transpose()?;
    let place = Place {
        state: call.state(),
        policy: call.host.policy(),
        consumer: None,
        provider: None,
        known: known.as_ref().zip(before.as_ref()),
    };
    let (webhook, secrets) = read(&id, &body, &place).map_err(Failure::fields)?;
    let status = if known.is_some() { 200 } else { 201 };
    let document = put(call, webhook, &secrets, before.as_ref())?;
    Ok(Answer::with_status(status, &document))
}

pub(super) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = call.param("uuid")?.to_owned();
    call.state().webhook(&id).ok_or(Failure::NotFound)?;
    call.submit(Command::RemoveWebhook { id })?;
    Ok(Answer::empty())
}

/// The newest pact that a webhook may be called for.
fn newest_pact(state: &State, webhook: &Webhook) -> Option<PublicationKey> {
    let meant = state.integrations().filter(|(consumer, provider, _)| webhook.is_for(state, *consumer, *provider));
    meant.filter_map(|(consumer, provider, _)| state.latest_pact(consumer, provider, Latest::Overall)).max()
}

fn tried_with(state: &State, webhook: &Webhook) -> Trigger {
    let pact = newest_pact(state, webhook).and_then(|key| state.publication(key));
    let of_verification = webhook.events.iter().any(|event| event.starts_with("provider_verification"));
    let verification =
        pact.filter(|_| of_verification).and_then(|pact| state.verifications_of(pact.content).next_back());
    let version = pact.and_then(|pact| state.version(pact.version));
    Trigger {
        event: "test",
        consumer: version.map(|version| version.pacticipant),
        consumer_version: pact.map(|pact| pact.version),
        provider: pact.map(|pact| pact.provider),
        content: pact.map(|pact| pact.content),
        verification,
        build_url: version.and_then(|version| version.build_url.as_deref().map(str::to_owned)),
        ..Trigger::default()
    }
}

pub(super) fn execute(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let known = call.state().webhook(call.param("uuid")?).ok_or(Failure::NotFound)?;
    let secrets = sealed(call, &known.webhook)?;
    let here = call.links.webhook(&known.webhook.id);
    let again = json!({"title": "Execute the webhook again", "href": format!("{here}/execute")});
    Ok(tried(call, &known.webhook, &secrets, json!({"webhook": link(here), "try-again": again})))
}

/// Tries a webhook that nobody keeps: what is secret of it goes with the call and nowhere else.
pub(super) fn execute_unsaved(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let body = call.json()?;
    let id = call.host.random_id();
    let place = Place { state: call.state(), policy: call.host.policy(), consumer: None, provider: None, known: None };
    let (webhook, secrets) = read(&id, &body, &place).map_err(Failure::fields)?;
    let here = call.links.at(&["webhooks", "execute"]);
    let again = json!({"title": "Execute the webhook again", "href": here});
    Ok(tried(call, &webhook, &secrets, json!({"try-again": again})))
}

fn tried(call: &Call<'_>, webhook: &Webhook, secrets: &Secrets, links: Value) -> Answer {
    let state = call.state();
    let effect = call.host.random_id().parse().unwrap_or_else(|_| EffectId::from_bytes([0; 16]));
    let mut delivery = fill_in(state, webhook, &tried_with(state, webhook), effect);
    let mut headers: Map<String, Value> =
        delivery.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    headers.extend(secrets.headers.keys().map(|name| (name.clone(), json!(MASK))));
    let user = delivery.username.clone();
    if user.is_some() {
        headers.insert("authorization".to_owned(), json!(MASK));
    }
    if webhook.request.secret.is_none() {
        delivery.headers.extend(secrets.headers.clone());
        if let Some(user) = delivery.username.take() {
            let both = format!("{user}:{}", secrets.password.as_deref().unwrap_or_default());
            delivery.headers.push(("authorization".to_owned(), format!("Basic {}", STANDARD.encode(both))));
        }
    }
    let called = call.host.try_call(&delivery);
    let there = |text: &str| text.replace("${pactbroker.baseUrl}", call.links.base());
    let body = delivery.body.as_deref().map(there).map(|text| serde_json::from_str(&text).unwrap_or(json!(text)));
    let request = object(json!({"headers": headers, "body": body, "url": there(&delivery.url)}));
    Answer::hal(&json!({
        "request": request,
        "logs": secrets.masked(user.as_deref(), &called.log),
        "success": called.success,
        "_links": links,
    }))
}

/// Removes the webhooks that are for exactly these two.
pub(super) fn remove_between(call: &mut Call<'_>, consumer: &str, provider: &str) -> Result<(), Failure> {
    let of_both =
        |webhook: &Webhook| is_named(&webhook.consumer, Some(consumer)) && is_named(&webhook.provider, Some(provider));
    let webhooks = call.state().webhooks().map(|known| &known.webhook).filter(|webhook| of_both(webhook));
    let ids: Vec<String> = webhooks.map(|webhook| webhook.id.clone()).collect();
    ids.into_iter().try_for_each(|id| call.submit(Command::RemoveWebhook { id }))
}
