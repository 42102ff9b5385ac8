//! Webhooks.

use kernel::{EffectId, EntityRef, Refusal, codes};

use super::{draft::Draft, not_found};
use crate::{
    Delivery, Event, Webhook, limits,
    webhooks::{EVENTS, Whose},
};

/// Bytes of a webhook's body.
const BODY_BYTES: usize = 100_000;
/// Headers of a webhook.
const HEADERS: usize = 50;

pub(super) fn put(draft: &mut Draft<'_>, webhook: Webhook) -> Result<(), Refusal> {
    let refuse = |field: &str, detail: String| Err(Refusal::new(&codes::INVALID, detail).field(field));
    let known = draft.state.webhook(&webhook.id);
    if known.is_none() && draft.state.webhooks().count() >= limits::WEBHOOKS {
        return refuse("description", format!("there are {} webhooks already", limits::WEBHOOKS));
    }
    webhook.description.as_deref().map_or(Ok(()), |text| limits::bounded("description", text, limits::TEXT_BYTES))?;
    webhook.team.as_deref().map_or(Ok(()), |team| limits::bounded("teamUuid", team, limits::NAME_BYTES))?;
    if webhook.events.is_empty() {
        return refuse("events", "can't be blank".to_owned());
    }
    if let Some(unknown) = webhook.events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
        return refuse("events", format!("\"{unknown}\" is no event; there are {}", EVENTS.join(", ")));
    }
    let request = &webhook.request;
    limits::bounded("request.url", &request.url, limits::URL_BYTES)?;
    if request.body.as_ref().is_some_and(|body| body.len() > BODY_BYTES) {
        return refuse("request.body", format!("has more than {BODY_BYTES} bytes"));
    }
    if request.headers.len() + request.secret_headers.len() > HEADERS {
        return refuse("request.headers", format!("there are more than {HEADERS}"));
    }
    let names = request.headers.iter().map(|(name, _)| name).chain(&request.secret_headers);
    for name in names {
        limits::bounded("request.headers", name, limits::HEADER_NAME_BYTES)?;
    }
    if request.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > limits::HEADERS_BYTES {
        return refuse("request.headers", format!("have more than {} bytes", limits::HEADERS_BYTES));
    }
    let username = request.username.as_deref();
    username.map_or(Ok(()), |user| limits::bounded("request.username", user, limits::NAME_BYTES))?;
    limits::bounded("request.method", &request.method, limits::NAME_BYTES)?;
    for (field, whose) in [("consumer.name", &webhook.consumer), ("provider.name", &webhook.provider)] {
        if let Some(Whose::Name(name)) = whose
            && draft.state.pacticipant_named(name).is_none()
        {
            return refuse(field, "does not match an existing pacticipant".to_owned());
        }
    }
    if known.is_none_or(|known| known.webhook != webhook) {
        let about = about(draft, &webhook);
        draft.push(Event::WebhookDefined { webhook, about });
    }
    Ok(())
}

fn about(draft: &Draft<'_>, webhook: &Webhook) -> Vec<EntityRef> {
    let named = [&webhook.provider, &webhook.consumer].into_iter().filter_map(|whose| match whose {
        Some(Whose::Name(name)) => Some(name.as_str()),
        Some(Whose::Label(_)) | None => None,
    });
    components(draft, named)
}

fn components<'n>(draft: &Draft<'_>, names: impl Iterator<Item = &'n str>) -> Vec<EntityRef> {
    let known = names.filter_map(|name| draft.state.pacticipant(draft.state.pacticipant_named(name)?));
    known.map(|known| known.component.clone()).collect()
}

pub(super) fn remove(draft: &mut Draft<'_>, id: String) -> Result<(), Refusal> {
    let known = draft.state.webhook(&id).ok_or_else(|| not_found("webhook with uuid", &id))?;
    let description = known.webhook.description.clone();
    draft.push(Event::WebhookRemoved { webhook: id, description });
    Ok(())
}

/// Removes the webhooks that name a pacticipant which is removed.
pub(super) fn remove_of(draft: &mut Draft<'_>, name: &str) {
    let names = |whose: &Option<Whose>| matches!(whose, Some(Whose::Name(named)) if named == name);
    remove_all(draft, |webhook| names(&webhook.consumer) || names(&webhook.provider));
}

/// Removes the webhooks for just these two, when everything between them is removed.
pub(super) fn remove_between(draft: &mut Draft<'_>, consumer: &str, provider: &str) {
    let names = |whose: &Option<Whose>, name: &str| matches!(whose, Some(Whose::Name(named)) if named == name);
    remove_all(draft, |webhook| names(&webhook.consumer, consumer) && names(&webhook.provider, provider));
}

fn remove_all(draft: &mut Draft<'_>, is_doomed: impl Fn(&Webhook) -> bool) {
    let doomed = draft.state.webhooks().map(|known| &known.webhook).filter(|webhook| is_doomed(webhook));
    let doomed: Vec<Event> = doomed
        .map(|webhook| Event::WebhookRemoved { webhook: webhook.id.clone(), description: webhook.description.clone() })
        .collect();
    doomed.into_iter().for_each(|event| draft.push(event));
}

fn about_delivery(draft: &Draft<'_>, delivery: &Delivery) -> Vec<EntityRef> {
    components(draft, [&delivery.provider, &delivery.consumer].into_iter().filter_map(Option::as_deref))
}

pub(super) fn trigger(draft: &mut Draft<'_>, delivery: Delivery) {
    let about = about_delivery(draft, &delivery);
    draft.push(Event::WebhookTriggered { delivery, about });
}

pub(super) fn refire(draft: &mut Draft<'_>, effect: EffectId) -> Result<(), Refusal> {
    let known = draft.state.delivery(effect).ok_or_else(|| not_found("triggered webhook", &effect.to_string()))?;
    let again = Delivery { effect: draft.context.id(), ..known.delivery.clone() };
    let about = about_delivery(draft, &again);
    draft.push(Event::WebhookRefired { delivery: effect, again, about });
    Ok(())
}
