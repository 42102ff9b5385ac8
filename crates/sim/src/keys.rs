//! What was promised to those who send an idempotency key.

use engine::{Receipt, Request};
use kernel::{Class, CommandId, Refusal};

/// The requests that had a key, each with the first answer that changed something.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    sent: Vec<Sent>,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) request: Request,
    id: CommandId,
    pub(crate) first: Option<Receipt>,
}

impl Keys {
    /// The newest `count` requests.
    pub(crate) fn newest(&self, count: usize) -> &[Sent] {
        self.sent.get(self.sent.len().saturating_sub(count)..).unwrap_or_default()
    }

    /// Keeps the first answer to a key; says what is wrong if a later one is not the same.
    pub(crate) fn remember(&mut self, request: &Request, answer: &Result<Receipt, Refusal>) -> Option<String> {
        let id = request.id?;
        let known = self.sent.iter_mut().find(|sent| sent.id.same_key() == id.same_key());
        let changed = answer.as_ref().ok().filter(|receipt| !receipt.recorded.is_empty());
        match known {
            None => {
                self.sent.push(Sent { request: request.clone(), id, first: changed.cloned() });
                None
            }
            Some(Sent { id: earlier, first: Some(first), .. }) => {
                compare(*earlier == id, first, answer).map(|wrong| format!("command {id} {wrong}"))
            }
            Some(sent) => {
                if let Some(receipt) = changed {
                    // Nothing came of the first request with this key: whoever changes something first has it.
                    *sent = Sent { request: request.clone(), id, first: Some(receipt.clone()) };
                }
                None
            }
        }
    }
}

fn compare(is_same: bool, first: &Receipt, answer: &Result<Receipt, Refusal>) -> Option<String> {
    match answer {
        Ok(_) if !is_same => Some("served another request with its key".to_owned()),
        Ok(receipt) if !receipt.repeated => Some("was carried out again".to_owned()),
        Ok(receipt) if receipt.recorded != first.recorded => Some("was answered otherwise than at first".to_owned()),
        Err(refusal) if is_same && refusal.class() == Class::UserFixable => {
            Some(format!("was carried out, and its repetition refused: {refusal}"))
        }
        Ok(_) | Err(_) => None,
    }
}
