//! Messages for ntfy, published as JSON (<https://docs.ntfy.sh/publish/#publish-as-json>).
//!
//! A repeated attempt has the same `sequence_id`: a server from version 2.16 on replaces the message instead of
//! showing two. Older servers ignore the field.

use serde_json::{Value, json};

use crate::{
    address::{Credentials, Topic},
    http::{Answer, Post},
    message::{Message, Urgency, clip_bytes, short_name},
    outcome::{Class, Failure, Receipt, words},
    settings::NtfyServer,
};

/// A longer text becomes an attachment, which a telephone doesn't show (ntfy's limit is 4096 bytes).
const TEXT_BYTES_MAX: usize = 3_800;

/// How long a whole publication may be (ntfy reads twice the limit of a text, 8192 bytes).
const BODY_BYTES_MAX: usize = 8_000;

/// The message as ntfy reads it. Of a text that quoting makes too long there is less.
pub(crate) fn body(topic: &str, message: &Message) -> Value {
    let mut text_bytes_max = TEXT_BYTES_MAX;
    loop {
        let body = body_within(topic, message, text_bytes_max);
        if body.to_string().len() <= BODY_BYTES_MAX || text_bytes_max == 0 {
            return body;
        }
        text_bytes_max /= 2;
    }
}

fn body_within(topic: &str, message: &Message, text_bytes_max: usize) -> Value {
    let (priority, tag) = match message.urgency {
        Urgency::High => (5, "rotating_light"),
        Urgency::Low => (3, "information_source"),
    };
    let mut text = clip_bytes(&message.text, text_bytes_max);
    let facts = message.facts_text();
    // All facts or none: half a value may mislead.
    if !facts.is_empty() && text.len() + facts.len() + 2 <= text_bytes_max {
        text = format!("{text}\n\n{facts}");
    }
    let mut actions = Vec::new();
    if let Some(url) = &message.acknowledge {
        // The telephone posts by itself: one touch on a locked screen.
        actions.push(json!({"action": "http", "label": "Acknowledge", "url": url, "method": "POST", "clear": true}));
    }
    if let Some(url) = &message.link {
        actions.push(json!({"action": "view", "label": "Open", "url": url}));
    }
    let mut body = json!({
        "topic": topic,
        "title": message.subject,
        "message": text.trim(),
        "priority": priority,
        "tags": [tag],
        "actions": actions,
        "sequence_id": short_name(&message.id),
    });
    if let (Some(url), Some(body)) = (&message.link, body.as_object_mut()) {
        body.insert("click".to_owned(), url.as_str().into());
    }
    body
}

/// The post that publishes a message.
pub(crate) fn post(usual: &NtfyServer, topic: &Topic, message: &Message) -> Post {
    let (url, trusted) = match &topic.server {
        Some(server) => (server, server.origin() == usual.url.origin()),
        None => (&usual.url, true),
    };
    let token = || usual.token.clone().filter(|_| trusted).map(Credentials::Token);
    Post {
        url: url.clone(),
        trusted,
        content_type: "application/json",
        headers: vec![("idempotency-key", message.id.clone())],
        credentials: topic.credentials.clone().or_else(token),
        body: body(&topic.topic, message).to_string(),
    }
}

/// What an answer means.
///
/// # Errors
/// If it is no success, or comes from something that is no ntfy.
pub(crate) fn receipt(answer: Answer, own_credentials: bool, secrets: &[&str]) -> Result<Receipt, Failure> {
    // A server's usual token is the operator's; an address's own is its owner's.
    if matches!(answer.status.as_u16(), 401 | 403) && !own_credentials {
        return Err(Failure::new(answer.words(secrets), Class::Misconfigured));
    }
    let answer = answer.success(secrets)?;
    let published: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    match published.get("id").and_then(Value::as_str) {
        Some(id) => Ok(Receipt { provider_id: Some(words(id, secrets)), answer: answer.words(secrets) }),
        None => Err(Failure::retry(format!("no ntfy answered: {}", answer.words(secrets)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::sample;

    #[test]
    fn a_message_can_be_acknowledged_from_a_locked_screen() {
        let body = body("alerts", &sample());
        assert_eq!(body["topic"], "alerts");
        assert_eq!(body["priority"], 5);
        assert_eq!(body["click"], "https://mainstay.example/pages/7");
        assert_eq!(body["actions"][0]["action"], "http");
        assert_eq!(body["actions"][0]["method"], "POST");
        assert_eq!(body["actions"][1]["action"], "view");
        assert!(body["message"].as_str().unwrap().ends_with("Service: checkout"), "{body}");
    }

    #[test]
    fn a_long_text_stays_a_text() {
        let message = Message { text: "ü".repeat(9_000), ..sample() };
        let body = body("alerts", &message);
        assert!(body["message"].as_str().unwrap().len() <= 4_096);
    }

    #[test]
    fn the_longest_publication_is_within_ntfys_bound() {
        let link = Some(format!("https://mainstay.example/{}", "x".repeat(970)));
        let subject = "🔥".repeat(500);
        let text = "\"\n".repeat(9_000);
        let message = Message { subject, text, link: link.clone(), acknowledge: link, ..sample() };
        let body = body(&"t".repeat(64), &message.bounded());
        assert!(body.to_string().len() <= 8_192, "{}", body.to_string().len());
        assert!(body["message"].as_str().unwrap().len() > 1_000);
    }
}
