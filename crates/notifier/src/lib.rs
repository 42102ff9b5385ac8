//! Brings a message to somebody: by mail, chat, push, text message, telephone, webhook, or to a screen.
//!
//! **Cast.** A [`Message`] goes to an [`Address`] on a [`Channel`](paging::Channel). The
//! [`Notifier`] makes one attempt and says what
//! came of it: a [`Receipt`], or a [`Failure`] whose [`Class`] says what to do next. Trying again is its user's
//! business. The [`Inbox`] is the list that a screen shows. [`links`] makes and reads the tokens of links that
//! acknowledge. Each channel's form is in one file: `email`, `slack`, `ntfy`, `sms`, `voice`, `webhook`.
//!
//! **Invariants.**
//! - An attempt is bounded: in time, in what is sent and in what is read.
//! - A message's id is shown to whoever can tell repetitions by it: as a header, as a `Message-ID`, or as ntfy's
//!   sequence. Slack and Twilio can't, so an attempt whose answer was lost may reach somebody twice.
//! - No secret is in an error, an answer that is kept, a masked address or a debug print.
//! - An address that a user gave never leads to a private network that the operator didn't allow, nor does a redirect.
//! - Accepted is not seen: a receipt says that a provider took the message.

mod address;
mod email;
mod http;
mod inbox;
pub mod links;
mod message;
mod notifier;
mod ntfy;
mod outcome;
mod settings;
mod slack;
mod sms;
mod smtp;
#[cfg(test)]
mod tests;
mod twilio;
mod voice;
mod webhook;

pub use address::{ADDRESS_BYTES_MAX, Address};
pub use inbox::{Arrived, Inbox, KEPT_MAX};
pub use message::{FACTS_MAX, LINK_BYTES_MAX, Message, SUBJECT_CHARS_MAX, TEXT_CHARS_MAX, Urgency};
pub use notifier::Notifier;
pub use outcome::{Class, Failure, RETRY_AFTER_MAX, Receipt, WORDS_BYTES_MAX};
pub use settings::{BadSetting, Settings};
pub use twilio::is_from_twilio;
pub use voice::{ACKNOWLEDGE_DIGIT, say};
