//! Messages as mail: plain text and simple HTML.
//!
//! The `Message-ID` comes from the message's id, so that a mail program shows one of two copies. All mail of a thread
//! refers to the same root, which is never sent, and so it is shown together (RFC 5322, section 3.6.4).
//! `Auto-Submitted` keeps holiday notices away (RFC 3834). `List-Unsubscribe` ends such mail by one click (RFC 8058).

use lettre::message::{
    Mailbox, MultiPart,
    header::{HeaderName, HeaderValue},
};

use crate::message::{Message, UNSUBSCRIBE, Urgency, short_name};

/// The mail from somebody to somebody.
///
/// # Errors
/// What of it can't be a mail.
pub(crate) fn mail(
    from: &Mailbox,
    to: &lettre::Address,
    message: &Message,
) -> Result<lettre::Message, lettre::error::Error> {
    let domain = from.email.domain();
    let root = format!("<thread.{}@{domain}>", short_name(&message.thread));
    let mut mail = lettre::Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(message.subject.as_str())
        .message_id(Some(format!("<{}@{domain}>", short_name(&message.id))))
        .in_reply_to(root.clone())
        .references(root)
        .raw_header(header(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"))
        .raw_header(header(HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All"));
    if let Some(unsubscribe) = &message.unsubscribe {
        mail = mail
            .raw_header(header(HeaderName::new_from_ascii_str("List-Unsubscribe"), &format!("<{unsubscribe}>")))
            .raw_header(header(HeaderName::new_from_ascii_str("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click"));
    }
    if message.urgency == Urgency::High {
        mail = mail.raw_header(header(HeaderName::new_from_ascii_str("Importance"), "high"));
    }
    mail.multipart(MultiPart::alternative_plain_html(message.plain(), html(message)))
}

fn header(name: HeaderName, value: &str) -> HeaderValue {
    HeaderValue::new(name, value.to_owned())
}

/// The message in HTML that every mail program shows: no images, nothing from elsewhere.
fn html(message: &Message) -> String {
    let mut html = format!(
        "<!doctype html>\n<html><body style=\"font-family:sans-serif;line-height:1.4\">\n<h2>{}</h2>\n",
        escape(&message.subject)
    );
    for paragraph in message.text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        html.push_str(&format!("<p>{}</p>\n", escape(paragraph).replace('\n', "<br>\n")));
    }
    if !message.facts.is_empty() {
        html.push_str("<table cellpadding=\"4\">\n");
        for (name, value) in &message.facts {
            html.push_str(&format!("<tr><th align=\"left\">{}</th><td>{}</td></tr>\n", escape(name), escape(value)));
        }
        html.push_str("</table>\n");
    }
    let links = [("Acknowledge", &message.acknowledge), ("Open", &message.link), (UNSUBSCRIBE, &message.unsubscribe)];
    for (what, link) in links {
        if let Some(link) = link {
            html.push_str(&format!("<p><a href=\"{}\">{what}</a></p>\n", escape(link)));
        }
    }
    html.push_str("</body></html>\n");
    html
}

/// The text with nothing in it that means something in HTML or XML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::sample;

    fn formatted(message: &Message) -> String {
        let from: Mailbox = "Mainstay <mainstay@example.com>".parse().unwrap();
        let to = "anna@example.org".parse().unwrap();
        String::from_utf8(mail(&from, &to, message).unwrap().formatted()).unwrap()
    }

    fn header(mail: &str, name: &str) -> String {
        let line = mail.lines().find(|line| line.starts_with(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {mail}")).to_owned()
    }

    #[test]
    fn a_repeated_mail_has_the_same_id_and_a_thread_has_one_root() {
        let (first, again) = (formatted(&sample()), formatted(&sample()));
        assert_eq!(header(&first, "Message-ID"), header(&again, "Message-ID"));
        let next = formatted(&Message { id: "another".to_owned(), ..sample() });
        assert_ne!(header(&first, "Message-ID"), header(&next, "Message-ID"));
        assert_eq!(header(&first, "References"), header(&next, "References"));
        assert_eq!(header(&first, "Auto-Submitted"), "Auto-Submitted: auto-generated");
        assert_eq!(header(&first, "Importance"), "Importance: high");
    }

    #[test]
    fn mail_that_can_be_ended_says_how_to_programs_and_to_people() {
        let unsubscribe = Some("https://mainstay.example/status/subscriptions/abc".to_owned());
        let mail = formatted(&Message { unsubscribe, ..sample() });
        let unfolded = mail.replace("\r\n ", " ");
        assert_eq!(
            header(&unfolded, "List-Unsubscribe").replace(": ", ":").replace(' ', ""),
            "List-Unsubscribe:<https://mainstay.example/status/subscriptions/abc>"
        );
        assert_eq!(header(&mail, "List-Unsubscribe-Post"), "List-Unsubscribe-Post: List-Unsubscribe=One-Click");
        assert!(mail.contains("Unsubscribe: https://mainstay.example/status/subscriptions/abc"), "{mail}");
        assert!(!formatted(&sample()).contains("List-Unsubscribe"), "a page can't be ended so");
    }

    #[test]
    fn nothing_in_a_message_becomes_markup_or_a_header() {
        let text = "<script>alert('1')</script>\nBcc: all@example.com".to_owned();
        let message = Message { subject: "a\r\nBcc: all@example.com".to_owned(), text, ..sample() }.bounded();
        let html = html(&message);
        assert!(html.contains("&lt;script&gt;alert(&#39;1&#39;)") && !html.contains("<script"), "{html}");
        assert!(html.contains("href=\"https://mainstay.example/ack/abc?x=1&amp;y=2\""), "{html}");
        let mail = formatted(&message);
        let headers = mail.split("\r\n\r\n").next().unwrap();
        assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
    }
}
