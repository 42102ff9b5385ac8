//! flagd's messages and services, as the files in `proto/` say.

#![expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    unused_qualifications,
    reason = "the generator's code has its own habits"
)]

/// `flagd.evaluation.v1`: evaluation on the server.
pub mod evaluation_v1 {
    tonic::include_proto!("flagd.evaluation.v1");
}

/// `flagd.evaluation.v2`: as v1, but absent values are absent.
pub mod evaluation_v2 {
    tonic::include_proto!("flagd.evaluation.v2");
}

/// `flagd.sync.v1`: definitions for evaluation elsewhere.
pub mod sync_v1 {
    tonic::include_proto!("flagd.sync.v1");
}
