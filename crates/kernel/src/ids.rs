//! Typed ids: a UUID version 7 each (RFC 9562, section 5.7), so that they sort by the time they were made.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What all typed ids have in common; [`Context::id`](crate::Context::id) makes any of them.
pub trait TypedId: From<Uuid> {}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id as its 16 bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The id that these 16 bytes are.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl TypedId for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

typed_ids! {
    /// One event on the timeline.
    EventId;
    /// One command: all the events that it caused carry it.
    CommandId;
    /// One effect: the idempotency key that is shown to whoever carries it out.
    EffectId;
    /// One deployment of one component to one environment.
    DeploymentId;
    /// One incident. People use its number.
    IncidentId;
    /// One local user.
    UserId;
    /// One API token; not the secret.
    TokenId;
    /// One browser session; not the secret.
    SessionId;
}
