//! Integrations: who has pacts with whom.

use contracts::{Command, PacticipantKey};
use serde_json::{Value, json};

use super::webhooks;
use crate::{
    Answer, Call, Failure,
    links::{link, segment, titled},
    view::{self, Paging},
};

/// Those whose consumer's or provider's name has the text that is looked for, by name.
fn meant(call: &Call<'_>) -> Vec<(PacticipantKey, PacticipantKey)> {
    let state = call.state();
    let wanted = call.query_text("q").map(|text| text.to_lowercase());
    let has =
        |key: PacticipantKey| wanted.as_deref().is_none_or(|wanted| state.name(key).to_lowercase().contains(wanted));
    let all = state.integrations().map(|(consumer, provider, _)| (consumer, provider));
    let mut found: Vec<_> = all.filter(|(consumer, provider)| has(*consumer) || has(*provider)).collect();
    found.sort_by_key(|(consumer, provider)| (state.name(*consumer), state.name(*provider)));
    found
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let found = meant(call);
    if call.accept.contains("text/vnd.graphviz") {
        return Ok(graph(call, &found));
    }
    let paging = Paging::of(call, 100)?;
    let total = found.len();
    let page = if paging.is_asked() { paging.cut(found.into_iter()) } else { found };
    let (state, links) = (call.state(), &call.links);
    let shown = |(consumer, provider): &(PacticipantKey, PacticipantKey)| {
        let (consumer, provider) = (state.name(*consumer), state.name(*provider));
        let consumer_at = segment(consumer);
        let below = format!("provider/{}/consumer/{consumer_at}", segment(provider));
        let at = |first: &str| links.raw(&format!("/{first}/{below}"));
        json!({
            "consumer": {"name": consumer},
            "provider": {"name": provider},
            "_links": {
                "pb:dashboard": titled(at("dashboard"), "BETA: Pacts to show on the dashboard"),
                "pb:matrix": titled(
                    at("matrix"), &format!("Matrix of pacts/verification results for {consumer} and {provider}")),
                "pb:group": link(links.raw(&format!("/groups/{consumer_at}"))),
                "pb:delete_integration": titled(
                    at("integrations"), &format!("Delete the integration between {consumer} and {provider}")),
            },
        })
    };
    let entries: Vec<Value> = page.iter().map(shown).collect();
    let here = links.at(&["integrations"]);
    let mut document = json!({
        "_embedded": {"integrations": entries},
        "_links": {"self": {"href": here, "title": "All integrations"}},
    });
    if paging.is_asked() {
        paging.note(&mut document, total, &here);
    }
    Ok(Answer::hal(&document))
}

fn graph(call: &Call<'_>, found: &[(PacticipantKey, PacticipantKey)]) -> Answer {
    let quoted = |key: PacticipantKey| {
        let name = call.state().name(key);
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let edges: String = found
        .iter()
        .map(|(consumer, provider)| format!("  {} -> {}\n", quoted(*consumer), quoted(*provider)))
        .collect();
    let text = format!("digraph {{ node [ shape = plaintext, fontname = Helvetica ];\n{edges}}}\n");
    Answer::text("text/vnd.graphviz;charset=utf-8", text)
}

/// Removes what is between two, with the webhooks that are only for them.
fn remove_pair(call: &mut Call<'_>, consumer: String, provider: String) -> Result<(), Failure> {
    webhooks::remove_between(call, &consumer, &provider)?;
    call.submit(Command::RemoveIntegration { consumer, provider })
}

pub(super) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let state = call.state();
    if state.are_integrated(consumer, provider) {
        let (consumer, provider) = (state.name(consumer).to_owned(), state.name(provider).to_owned());
        remove_pair(call, consumer, provider)?;
    }
    Ok(Answer::empty())
}

pub(super) fn remove_all(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let state = call.state();
    let pairs: Vec<(String, String)> = state
        .integrations()
        .map(|(consumer, provider, _)| (state.name(consumer).to_owned(), state.name(provider).to_owned()))
        .collect();
    pairs.into_iter().try_for_each(|(consumer, provider)| remove_pair(call, consumer, provider))?;
    Ok(Answer::empty())
}
