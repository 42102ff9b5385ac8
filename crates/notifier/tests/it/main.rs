//! Deliveries to servers that answer well, badly, or not at all. Time is virtual where a server is slow.

#![expect(clippy::unwrap_used, reason = "the test fails where it should")]

mod http;
mod smtp;

use notifier::{Address, Class, Failure, Inbox, Message, Notifier, Receipt, Settings, Urgency};
use paging::Channel;

fn message() -> Message {
    Message {
        id: "01932e4a-9c6b-7d20-8b1e-6f2f3c1d5a77".to_owned(),
        thread: "page-7".to_owned(),
        at: "2026-11-20T12:01:30Z".parse().ok(),
        urgency: Urgency::High,
        subject: "checkout: 5xx above 2 %".to_owned(),
        text: "The rate of errors is 7 % – since 12:01.".to_owned(),
        facts: vec![("Service".to_owned(), "checkout".to_owned())],
        link: Some("https://mainstay.example/pages/7".to_owned()),
        acknowledge: Some("https://mainstay.example/ack/abc".to_owned()),
        unsubscribe: None,
    }
}

/// Settings of a server that may call this machine.
fn settings() -> Settings {
    let private_hosts = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    Settings { private_hosts, webhook_key: Some([7; 32]), ..Settings::default() }
}

async fn deliver(settings: Settings, channel: Channel, address: &str) -> Result<Receipt, Failure> {
    let notifier = Notifier::new(settings, Inbox::new()).unwrap();
    notifier.deliver(&Address::parse(channel, address).unwrap(), &message()).await
}

const RETRY: Class = Class::Retry { after: None };
