//! Messages as telephone calls, in TwiML (<https://www.twilio.com/docs/voice/twiml>).
//!
//! The key that was pressed is posted to the link that acknowledges, as `Digits`: [`ACKNOWLEDGE_DIGIT`] acknowledges,
//! and the answer is TwiML again, such as [`say`].

use crate::{email::escape, message::Message};

/// The key that acknowledges. Others may be pressed by a pocket or a mailbox.
pub const ACKNOWLEDGE_DIGIT: &str = "4";
/// How much is read out at once, in characters and with what escapes them. TwiML in a request has at most 4000.
const SAID_CHARS_MAX: usize = 600;
/// How long a link may be, likewise.
const LINK_CHARS_MAX: usize = 2_000;
/// How long a key is waited for after the words, in seconds.
const KEY_SECONDS: u8 = 10;

/// What the telephone is to say and to listen for.
pub(crate) fn twiml(message: &Message) -> String {
    let what = spoken(&message.subject);
    let said = format!("<Say>This is Mainstay. {what}.</Say>");
    let url = message.acknowledge.as_deref().map(escape).filter(|url| url.len() <= LINK_CHARS_MAX);
    let Some(url) = url else {
        return format!("<Response>{said}<Pause length=\"1\"/>{said}</Response>");
    };
    let said = format!("{said}<Say>Press {ACKNOWLEDGE_DIGIT} to acknowledge.</Say>");
    format!(
        "<Response><Gather numDigits=\"1\" timeout=\"{KEY_SECONDS}\" method=\"POST\" action=\"{url}\">\
         {said}<Pause length=\"1\"/>{said}</Gather><Say>Nothing was acknowledged. Goodbye.</Say></Response>"
    )
}

/// The answer to a pressed key: it says a sentence and hangs up.
#[must_use]
pub fn say(sentence: &str) -> String {
    let said = spoken(sentence);
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say>{said}</Say><Hangup/></Response>")
}

/// As much of a text as is read out, escaped.
fn spoken(text: &str) -> String {
    let mut said = String::new();
    for c in text.chars() {
        let escaped = escape(c.encode_utf8(&mut [0; 4]));
        if said.chars().count() + escaped.chars().count() > SAID_CHARS_MAX {
            break;
        }
        said.push_str(&escaped);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::sample;

    #[test]
    fn a_call_says_it_twice_and_listens_for_one_key() {
        let message = Message { subject: "a < b & c".to_owned(), ..sample() };
        let twiml = twiml(&message);
        assert_eq!(twiml.matches("This is Mainstay. a &lt; b &amp; c.").count(), 2, "{twiml}");
        let gather = "<Gather numDigits=\"1\" timeout=\"10\" method=\"POST\" \
                      action=\"https://mainstay.example/ack/abc?x=1&amp;y=2\">";
        assert!(twiml.contains(gather), "{twiml}");
    }

    #[test]
    fn the_longest_call_is_within_twilios_bound() {
        for ampersands in [0, 390, 900] {
            let link = format!("https://mainstay.example/?{}", "&".repeat(ampersands));
            let message = Message { subject: "'".repeat(900), acknowledge: Some(link), ..sample() };
            let twiml = twiml(&message.bounded());
            assert!(twiml.chars().count() <= 4_000, "{ampersands}: {}", twiml.len());
            assert_eq!(twiml.contains("<Gather"), ampersands < 500);
        }
    }

    #[test]
    fn without_a_link_no_key_is_asked_for() {
        let twiml = twiml(&Message { acknowledge: None, ..sample() });
        assert!(!twiml.contains("Gather") && !twiml.contains("Press"), "{twiml}");
    }
}
