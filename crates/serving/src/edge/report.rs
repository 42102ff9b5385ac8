//! Hands in what the relay counted.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::upstream::{Upstream, UpstreamError, fresh_key};
use crate::tally::{Batch, Tally};

/// So often.
const INTERVAL: Duration = Duration::from_secs(10);
/// At most so many counts, and so many callers, go in one request.
const COUNTS_MAX: usize = 5000;
/// What is handed in when the relay stops must not keep it.
const LAST_TIME: Duration = Duration::from_secs(2);

/// Hands in what was counted, again and again. While the server is away, counts add up in the tally.
pub(super) async fn report(upstream: Arc<Upstream>, tally: Arc<Tally>) {
    let mut outbox = Outbox::default();
    loop {
        tokio::time::sleep(INTERVAL).await;
        outbox.hand_in(&upstream, &tally).await;
    }
}

/// Hands in what is left, once.
pub(super) async fn last(upstream: &Upstream, tally: &Tally) {
    let _ = tokio::time::timeout(LAST_TIME, Outbox::default().hand_in(upstream, tally)).await;
}

/// What the server did not take yet. A batch keeps its key, so that it counts once if only the answer was lost.
#[derive(Default)]
struct Outbox(VecDeque<(String, Batch)>);

impl Outbox {
    async fn hand_in(&mut self, upstream: &Upstream, tally: &Tally) {
        if self.0.is_empty() {
            self.0.extend(parts(tally.drain()).map(|part| (fresh_key(), part)));
        }
        while let Some((key, batch)) = self.0.front() {
            match upstream.hand_in(key, batch).await {
                Ok(()) => {}
                Err(UpstreamError::Status { status, .. }) if status.is_client_error() && status != 429 => {
                    tracing::warn!(http.response.status_code = status.as_u16(), "the server refuses the counts");
                }
                Err(_) => return,
            }
            self.0.pop_front();
        }
    }
}

fn parts(batch: Batch) -> impl Iterator<Item = Batch> {
    let Batch { counts, callers } = batch;
    let counts: Vec<_> = counts.chunks(COUNTS_MAX).map(<[_]>::to_vec).collect();
    let callers: Vec<_> = callers.chunks(COUNTS_MAX).map(<[_]>::to_vec).collect();
    let counts = counts.into_iter().map(|counts| Batch { counts, ..Batch::default() });
    counts.chain(callers.into_iter().map(|callers| Batch { callers, ..Batch::default() }))
}
