//! What a service knows of the flags.
//!
//! An evaluation is kept for [`FRESH`]. When Mainstay does not answer, the last known value goes on, and before there is one,
//! the caller's default: the shop stays open while its control plane is away.

use std::{collections::BTreeMap, time::Duration};

use tokio::{sync::Mutex, time::Instant};

use crate::mainstay::Mainstay;

/// How old a value may be.
const FRESH: Duration = Duration::from_millis(800);

/// The flags as one service sees them.
pub(crate) struct Flags {
    mainstay: Mainstay,
    service: &'static str,
    known: Mutex<BTreeMap<&'static str, Known>>,
}

struct Known {
    /// Nothing until Mainstay has answered once.
    value: Option<bool>,
    asked: Instant,
}

impl Flags {
    pub(crate) fn new(mainstay: Mainstay, service: &'static str) -> Self {
        Self { mainstay, service, known: Mutex::default() }
    }

    /// The flag's value for one customer, of whom there are too many to keep what they got: the default while Mainstay
    /// does not answer.
    pub(crate) async fn is_on_for(&self, flag: &str, customer: &str, default: bool) -> bool {
        self.mainstay.evaluate(flag, self.service, customer).await.unwrap_or(default)
    }

    /// The flag's value for everybody. While one request asks Mainstay, the others wait for its answer.
    pub(crate) async fn is_on(&self, flag: &'static str, default: bool) -> bool {
        let mut known = self.known.lock().await;
        if let Some(last) = known.get(flag).filter(|last| last.asked.elapsed() < FRESH) {
            return last.value.unwrap_or(default);
        }
        let asked = self.mainstay.evaluate(flag, self.service, self.service).await;
        if let Err(error) = &asked {
            tracing::debug!(feature_flag.key = flag, error.message = %error, "a flag keeps its last known value");
        }
        let value = asked.ok().or_else(|| known.get(flag).and_then(|last| last.value));
        known.insert(flag, Known { value, asked: Instant::now() });
        value.unwrap_or(default)
    }
}
