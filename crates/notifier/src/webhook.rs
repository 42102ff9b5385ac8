//! Messages for other people's programs: JSON, signed by Standard Webhooks (<https://www.standardwebhooks.com>).
//!
//! The body has that specification's `type`, `timestamp` (when the message was made, not when it is sent) and `data`.
//! `webhook-id` and `Idempotency-Key` are the message's id, the same at each attempt.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use url::Url;

use crate::{
    http::{Answer, Post},
    message::Message,
    outcome::{Failure, Receipt},
};

/// The message as programs read it.
pub(crate) fn body(message: &Message) -> Value {
    let fact = |(name, value): &(String, String)| json!({"name": name, "value": value});
    json!({
        "type": "mainstay.notification",
        "timestamp": message.at,
        "data": {
            "id": message.id,
            "thread": message.thread,
            "urgency": message.urgency,
            "subject": message.subject,
            "text": message.text,
            "facts": message.facts.iter().map(fact).collect::<Vec<_>>(),
            "link": message.link,
            "acknowledge": message.acknowledge,
        },
    })
}

/// The post that brings a message, signed if there is a key.
pub(crate) fn post(key: Option<&outbound::Key>, url: &Url, message: &Message) -> Post {
    let body = body(message).to_string();
    let mut headers = vec![("idempotency-key", message.id.clone()), ("webhook-id", message.id.clone())];
    if let Some(key) = key {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        headers.push(("webhook-timestamp", seconds.to_string()));
        headers.push(("webhook-signature", outbound::sign(key, &message.id, seconds, &body)));
    }
    Post { url: url.clone(), trusted: false, content_type: "application/json", headers, credentials: None, body }
}

/// What an answer means. An `"ok": false` in it is believed more than its status.
///
/// # Errors
/// If it is no success.
pub(crate) fn receipt(answer: Answer, secrets: &[&str]) -> Result<Receipt, Failure> {
    let answer = answer.success(secrets)?;
    let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    if said.get("ok") == Some(&Value::Bool(false)) {
        return Err(Failure::retry(format!("not ok, in spite of status {}", answer.words(secrets))));
    }
    Ok(Receipt { provider_id: None, answer: answer.words(secrets) })
}
