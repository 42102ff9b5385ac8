//! How often and how many event streams may be opened.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::stream::Limits;

/// Lets streams in: a few at once, then at a rate, for each peer and environment. So a client that reconnects in a loop
/// is told to wait, while the others come in.
pub(crate) struct Gate {
    limits: Limits,
    buckets: Mutex<HashMap<(Option<IpAddr>, String), Bucket>>,
}

/// A bucket of tokens: one is taken by each stream, and they come back with time.
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// At most this many peers are remembered. When more come, those are forgotten that did not come lately.
const PEERS_MAX: usize = 10_000;

impl Gate {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, buckets: Mutex::default() }
    }

    /// Lets one in, or says how long it has to wait.
    pub(crate) fn admit(
        &self,
        peer: Option<IpAddr>,
        environment: &str,
        streams: usize,
        now: Instant,
    ) -> Result<(), Duration> {
        if streams >= self.limits.streams_max {
            return Err(FULL);
        }
        let (burst, per_second) = (f64::from(self.limits.burst), f64::from(self.limits.per_second.max(1)));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= PEERS_MAX {
            let rested = Duration::from_secs_f64(burst / per_second);
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < rested);
        }
        if buckets.len() >= PEERS_MAX {
            return Err(FULL);
        }
        let bucket = buckets.entry((peer, environment.to_owned())).or_insert(Bucket { tokens: burst, at: now });
        let earned = now.saturating_duration_since(bucket.at).as_secs_f64() * per_second;
        bucket.tokens = (bucket.tokens + earned).min(burst);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.tokens) / per_second));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

/// How long to wait when there is no room for anybody.
const FULL: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { streams_max: 10, burst: 3, per_second: 2 };

    #[test]
    fn a_loop_runs_dry_and_others_come_in() {
        let gate = Gate::new(LIMITS);
        let (start, peer) = (Instant::now(), Some(IpAddr::from([192, 0, 2, 1])));
        let admit = |peer, milliseconds| gate.admit(peer, "production", 0, start + Duration::from_millis(milliseconds));
        for _ in 0..3 {
            assert_eq!(admit(peer, 0), Ok(()));
        }
        assert_eq!(admit(peer, 0), Err(Duration::from_millis(500)));
        assert_eq!(admit(Some(IpAddr::from([192, 0, 2, 2])), 0), Ok(()));
        assert_eq!(admit(peer, 500), Ok(()));
        assert!(admit(peer, 500).is_err());
    }

    #[test]
    fn there_is_room_for_so_many_streams_and_no_more() {
        let gate = Gate::new(LIMITS);
        assert_eq!(gate.admit(None, "production", 9, Instant::now()), Ok(()));
        assert_eq!(gate.admit(None, "production", 10, Instant::now()), Err(FULL));
    }

    #[test]
    fn peers_that_rested_are_forgotten_when_many_come() {
        let gate = Gate::new(LIMITS);
        let start = Instant::now();
        let peer = |i: usize| Some(IpAddr::from(u32::try_from(i).unwrap().to_be_bytes()));
        for i in 0..PEERS_MAX {
            assert_eq!(gate.admit(peer(i), "production", 0, start), Ok(()));
        }
        assert_eq!(gate.admit(peer(PEERS_MAX), "production", 0, start), Err(FULL));
        assert_eq!(gate.admit(peer(PEERS_MAX), "production", 0, start + Duration::from_secs(2)), Ok(()));
        assert_eq!(gate.buckets.lock().unwrap().len(), 1);
    }
}
