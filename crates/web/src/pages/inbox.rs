//! `GET /inbox`: the messages that are kept instead of sent, such as those of the demo.

use askama::Template;
use axum::response::Response;

use crate::{
    frame::Frame,
    shell::{Chrome, Place, screen},
    views::{Empty, Moment},
};

/// Messages that are shown.
const SHOWN: usize = 100;

/// The inbox.
#[derive(Debug, Template)]
#[template(path = "pages/inbox.html")]
pub struct InboxScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The messages, the latest first.
    pub messages: Vec<MessageRow>,
    /// What is said where there are none.
    pub none: Empty,
}

/// One message.
#[derive(Debug)]
pub struct MessageRow {
    /// The way that it would have taken, or took: `email`.
    pub channel: String,
    /// To whom, masked.
    pub to: String,
    /// When.
    pub at: Moment,
    /// In one line.
    pub subject: String,
    /// All of it.
    pub text: String,
    /// Where it acknowledges.
    pub acknowledge: Option<String>,
    /// Where to read on.
    pub link: Option<String>,
}

/// Shows the inbox.
pub async fn show(frame: Frame) -> Response {
    let inbox = frame.app.settings().notifier.as_ref().map(|notifier| notifier.inbox().list(SHOWN));
    let messages = inbox.unwrap_or_default().into_iter().map(|arrived| MessageRow {
        channel: arrived.channel.as_str().to_owned(),
        to: arrived.to,
        at: frame.ago(arrived.at),
        subject: arrived.message.subject,
        text: arrived.message.text,
        acknowledge: arrived.message.acknowledge,
        link: arrived.message.link,
    });
    screen(&InboxScreen {
        chrome: frame.chrome("Inbox", Place::OnCall),
        messages: messages.collect(),
        none: Empty::new("No message has come. They come when an incident pages somebody, or a promise is due."),
    })
}
