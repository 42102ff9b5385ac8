//! The resources: one file for each sort.

pub(crate) mod branches;
pub(crate) mod deployed;
pub(crate) mod environments;
pub(crate) mod for_verification;
pub(crate) mod index;
pub(crate) mod matrix;
pub(crate) mod more;
pub(crate) mod pacticipants;
pub(crate) mod pacts;
pub(crate) mod provider_pacts;
pub(crate) mod publish;
pub(crate) mod tags;
pub(crate) mod verifications;
pub(crate) mod versions;
