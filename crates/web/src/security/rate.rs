//! A bound on how often one caller may ask: a token bucket each.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use kernel::{Refusal, Sha256, TokenId, codes};

use crate::problem::Problem;

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// An address; of IPv6, the /64 network, since one caller has all of it.
    Address(IpAddr),
    /// A token that was found to be good.
    Token(TokenId),
    /// Whoever tries to sign in with this name, by its digest.
    Name(Sha256),
    /// All who came when there was no room for another bucket.
    Overflow,
}

impl Caller {
    /// Whoever tries to sign in with this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::Name(Sha256::of(name.to_ascii_lowercase().as_bytes()))
    }

    /// The caller at this address.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Address(address),
            IpAddr::V6(v6) => {
                let network = u128::from(v6) >> 64 << 64;
                Self::Address(v6.to_ipv4_mapped().map_or(IpAddr::V6(network.into()), IpAddr::V4))
            }
        }
    }
}

/// Buckets by caller. It has room for a bounded number of callers; when that is used up, newcomers share one bucket until
/// others have been quiet for long enough to be forgotten.
#[derive(Debug)]
pub struct Limiter {
    per_second: f64,
    at_once: f64,
    callers_max: usize,
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    by_caller: HashMap<Caller, Bucket>,
    swept: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    as_of: Instant,
}

/// How many callers are told apart.
const CALLERS_MAX: usize = 16_384;

impl Limiter {
    /// Lets each caller ask `per_second` times in the long run, and `at_once` times in one go.
    #[must_use]
    pub fn new(per_second: f64, at_once: f64) -> Self {
        Self { per_second, at_once, callers_max: CALLERS_MAX, buckets: Mutex::default() }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// `rate-limited`, with the seconds to wait.
    pub fn take(&self, caller: Caller, now: Instant) -> Result<(), Refusal> {
        // A bucket is whole after every statement below, so a poisoned lock guards nothing broken.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let caller = self.make_room(&mut buckets, caller, now);
        let full = Bucket { left: self.at_once, as_of: now };
        let bucket = buckets.by_caller.entry(caller).or_insert(full);
        bucket.left = self.refilled(bucket, now);
        bucket.as_of = now;
        self.admit(bucket.left)?;
        bucket.left -= 1.0;
        Ok(())
    }

    /// Says whether one more request would be let through, and counts none.
    ///
    /// # Errors
    /// `rate-limited`, with the seconds to wait.
    pub fn look(&self, caller: Caller, now: Instant) -> Result<(), Refusal> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let caller = self.make_room(&mut buckets, caller, now);
        self.admit(buckets.by_caller.get(&caller).map_or(self.at_once, |bucket| self.refilled(bucket, now)))
    }

    fn admit(&self, left: f64) -> Result<(), Refusal> {
        if left >= 1.0 {
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to an hour")]
        let wait = ((1.0 - left) / self.per_second).ceil().clamp(1.0, 3600.0) as u32;
        let detail = format!("More than {} requests per second came from here.", self.per_second);
        Err(Refusal::new(&codes::RATE_LIMITED, detail).retry_after(wait))
    }

    fn refilled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(bucket.as_of).as_secs_f64();
        (bucket.left + passed * self.per_second).min(self.at_once)
    }

    /// The bucket that the caller is to use. Full buckets are forgotten, at most once a second, since a sweep looks at all.
    fn make_room(&self, buckets: &mut Buckets, caller: Caller, now: Instant) -> Caller {
        if buckets.by_caller.len() < self.callers_max || buckets.by_caller.contains_key(&caller) {
            return caller;
        }
        let rested = buckets.swept.is_none_or(|at| now.saturating_duration_since(at) >= Duration::from_secs(1));
        if rested {
            buckets.swept = Some(now);
            buckets.by_caller.retain(|_, bucket| self.refilled(bucket, now) < self.at_once);
        }
        if buckets.by_caller.len() < self.callers_max { caller } else { Caller::Overflow }
    }
}

pub(super) async fn limit(State(limiter): State<Arc<Limiter>>, request: Request, next: Next) -> Response {
    let address = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    match limiter.take(Caller::at(address), Instant::now()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => Problem(refusal).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Caller {
        Caller::at(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
    }

    #[test]
    fn a_caller_may_ask_in_one_go_and_then_at_the_rate() {
        let limiter = Limiter::new(2.0, 3.0);
        let start = Instant::now();
        let taken = |after_ms| limiter.take(address(1), start + Duration::from_millis(after_ms)).is_ok();
        assert!(limiter.look(address(1), start).is_ok() && limiter.look(address(1), start).is_ok());
        assert_eq!([0, 0, 0, 0].map(taken), [true, true, true, false], "to look counts nothing");
        assert!(limiter.look(address(1), start).is_err());
        assert_eq!([499, 501, 502].map(taken), [false, true, false]);
        assert_eq!([60_000; 4].map(taken), [true, true, true, false]);
    }

    #[test]
    fn callers_do_not_count_for_each_other() {
        let limiter = Limiter::new(1.0, 1.0);
        let now = Instant::now();
        assert!(limiter.take(address(1), now).is_ok());
        assert!(limiter.take(address(2), now).is_ok());
        let refusal = limiter.take(address(1), now).unwrap_err();
        assert_eq!((refusal.code.name, refusal.retry_after_s), ("rate-limited", Some(1)));
    }

    #[test]
    fn there_is_a_bound_on_callers_and_newcomers_share_what_is_left() {
        let limiter = Limiter { callers_max: 2, ..Limiter::new(1.0, 2.0) };
        let start = Instant::now();
        for last in 1..=2 {
            assert!(limiter.take(address(last), start).is_ok());
        }
        let newcomers = [3, 4, 5].map(|last| limiter.take(address(last), start).is_ok());
        assert_eq!(newcomers, [true, true, false], "they share one bucket of two");
        let later = start + Duration::from_secs(10);
        assert_eq!([3, 3, 3].map(|last| limiter.take(address(last), later).is_ok()), [true, true, false]);
        assert!(limiter.buckets.lock().unwrap().by_caller.len() <= 3);
    }

    #[test]
    fn one_ipv6_network_is_one_caller() {
        let at = |text: &str| Caller::at(text.parse().unwrap());
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }
}
