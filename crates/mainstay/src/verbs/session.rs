//! What the verbs that ask a server share.

use std::process::ExitCode;

use kernel::Refusal;
use serde::Serialize;
use serde_json::Value;

use crate::{
    answers::{Done, Event},
    client::Client,
    output::{Printer, Tone, add},
};

/// A server to ask, and where to print what it answers.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) out: Printer,
}

impl Session {
    /// Sends a wish and prints what came of it.
    ///
    /// # Errors
    /// What the server refuses.
    pub(crate) async fn carry_out(&self, path: &[&str], body: &(impl Serialize + Sync)) -> Result<ExitCode, Refusal> {
        let answer = self.client.post(path, body).await?;
        self.show_done(answer)
    }

    /// Prints what came of a wish.
    ///
    /// # Errors
    /// If the answer can't be understood.
    pub(crate) fn show_done(&self, answer: Value) -> Result<ExitCode, Refusal> {
        self.out.show(answer, |done: Done| events(&self.out, &done.events))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What was recorded: one line for each event, and how to take the first of them back.
fn events(out: &Printer, events: &[Event]) -> String {
    let mut text = String::new();
    if events.is_empty() {
        add(&mut text, "Nothing to do: it is so already.");
    }
    for event in events {
        add(&mut text, out.toned(Tone::Good, &event.summary));
    }
    if let Some(event) = events.first().filter(|event| is_change(&event.kind)) {
        add(&mut text, out.faint(&format!("  to take it back: mainstay undo {}", event.id)));
    }
    text
}

/// True for the areas whose events alter how software behaves. Whether one can be undone, the server says when asked.
fn is_change(kind: &str) -> bool {
    ["flags.", "deploys.", "catalog."].iter().any(|area| kind.starts_with(area))
}
