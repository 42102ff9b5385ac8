//! Alerts that other tools send in: each tool's own protocol, which its key opens.
//!
//! A key is shown where its protocol has a place for it: in the body (PagerDuty's Events v2), as a bearer token, as
//! Opsgenie's `GenieKey`, as the password of basic authentication, or, for senders that can't set headers, as `?key=`.
//! Whatever is answered with success is on disk; who is told to come back later has lost nothing.

pub mod receive;
