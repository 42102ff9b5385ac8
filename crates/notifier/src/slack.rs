//! Messages for Slack's incoming webhooks (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>).
//!
//! An incoming webhook can't answer in a thread, since it doesn't say under which time it posted; each message stands
//! alone. Slack knows no idempotency key either: an attempt whose answer was lost may be seen twice.

use serde_json::{Value, json};

use crate::{
    http::Answer,
    message::{Message, UNSUBSCRIBE, Urgency},
    outcome::{Failure, Receipt},
};

/// The bounds of Slack's blocks, in characters, less what escaping may add.
const SECTION_CHARS_MAX: usize = 2_900;
const FIELD_CHARS_MAX: usize = 1_900;
const FIELDS_MAX: usize = 10;

/// The message as Slack reads it.
pub(crate) fn body(message: &Message) -> Value {
    let mark = match message.urgency {
        Urgency::High => ":rotating_light: ",
        Urgency::Low => "",
    };
    let subject = format!("{mark}*{}*", escape(&message.subject, SECTION_CHARS_MAX / 2));
    let text = escape(&message.text, SECTION_CHARS_MAX - 1_500);
    let mut blocks = vec![section(&subject)];
    if !text.is_empty() {
        blocks.push(section(&text));
    }
    // More than ten facts don't fit into one section.
    for facts in message.facts.chunks(FIELDS_MAX) {
        let field = |(name, value): &(String, String)| {
            let text = format!("*{}*\n{}", escape(name, FIELD_CHARS_MAX / 4), escape(value, FIELD_CHARS_MAX / 2));
            json!({"type": "mrkdwn", "text": text})
        };
        blocks.push(json!({"type": "section", "fields": facts.iter().map(field).collect::<Vec<_>>()}));
    }
    let mut buttons = Vec::new();
    if let Some(url) = &message.acknowledge {
        buttons.push(button("acknowledge", "Acknowledge", url, Some("primary")));
    }
    if let Some(url) = &message.link {
        buttons.push(button("open", "Open", url, None));
    }
    if let Some(url) = &message.unsubscribe {
        buttons.push(button("unsubscribe", UNSUBSCRIBE, url, None));
    }
    if !buttons.is_empty() {
        blocks.push(json!({"type": "actions", "elements": buttons}));
    }
    // `text` is what a notification shows, and all that a chat without blocks shows.
    json!({"text": format!("{subject}\n{text}"), "blocks": blocks})
}

/// What an answer means: success is the word `ok`, and any other text is an error even with status 200.
///
/// # Errors
/// If it is no success.
pub(crate) fn receipt(answer: Answer, secrets: &[&str]) -> Result<Receipt, Failure> {
    let answer = answer.success(secrets)?;
    if answer.body.trim() != "ok" {
        return Err(Failure::retry(format!("not ok, in spite of status {}", answer.words(secrets))));
    }
    Ok(Receipt { provider_id: None, answer: answer.words(secrets) })
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
}

fn button(id: &str, label: &str, url: &str, style: Option<&str>) -> Value {
    let mut button =
        json!({"type": "button", "action_id": id, "text": {"type": "plain_text", "text": label}, "url": url});
    if let (Some(style), Some(button)) = (style, button.as_object_mut()) {
        button.insert("style".to_owned(), style.into());
    }
    button
}

/// A text that Slack takes literally: `&`, `<` and `>` are its only special characters, and `<!channel>` calls
/// everybody. It is cut before and after, so that neither a bound nor an entity breaks.
fn escape(text: &str, chars_max: usize) -> String {
    let mut escaped = String::new();
    let mut chars = 0;
    for c in text.chars() {
        let written = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => "",
        };
        chars += written.len().max(1);
        if chars >= chars_max {
            escaped.push('…');
            break;
        }
        if written.is_empty() { escaped.push(c) } else { escaped.push_str(written) }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::sample;

    #[test]
    fn nothing_in_a_message_calls_a_whole_channel() {
        let message = Message { text: "<!channel> a & b".to_owned(), ..sample() };
        let body = body(&message).to_string();
        assert!(body.contains("&lt;!channel&gt; a &amp; b") && !body.contains("<!channel"), "{body}");
    }

    #[test]
    fn the_longest_message_is_within_slacks_bounds() {
        let message = Message {
            subject: "<".repeat(1_000),
            text: "&".repeat(50_000),
            facts: vec![("n&".repeat(500), ">".repeat(5_000)); 99],
            ..sample()
        };
        let body = body(&message.bounded());
        let blocks = body["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50);
        for block in blocks {
            let text = block["text"]["text"].as_str().unwrap_or_default();
            assert!(text.chars().count() <= 3_000);
            let fields = block["fields"].as_array().cloned().unwrap_or_default();
            assert!(fields.len() <= 10);
            assert!(fields.iter().all(|field| field["text"].as_str().unwrap().chars().count() <= 2_000));
        }
    }

    #[test]
    fn links_are_buttons() {
        let blocks = body(&sample())["blocks"].clone();
        let buttons = blocks.as_array().unwrap().last().unwrap()["elements"].clone();
        assert_eq!(buttons[0]["url"], "https://mainstay.example/ack/abc?x=1&y=2");
        assert_eq!(buttons[1]["url"], "https://mainstay.example/pages/7");
    }
}
