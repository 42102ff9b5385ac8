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
    /// One page. People use its number.
    PageId;
    /// One environment that versions are deployed or released to.
    EnvironmentId;
    /// One version in one environment: deployed or released.
    PlacementId;
    /// One request for a change of a flag.
    RequestId;
    /// One local user.
    UserId;
    /// One API token; not the secret.
    TokenId;
    /// One browser session; not the secret.
    SessionId;
    /// One report of a status page, an incident or a maintenance: it is in its public address.
    ReportId;
    /// One subscription to a status page. It says nothing about who it is.
    SubscriptionId;
}

impl CommandId {
    /// The id of a command that was sent with an idempotency key: a UUID version 8 (RFC 9562, section 5.8), whose first
    /// half comes from the key and whose second from the request, so that a repetition is recognised, and so is another
    /// request with the same key.
    #[must_use]
    pub fn keyed(key: &crate::Sha256, request: &crate::Sha256) -> Self {
        let mut bytes = [0_u8; 16];
        let (first, second) = bytes.split_at_mut(8);
        first.iter_mut().zip(key.0).for_each(|(to, from)| *to = from);
        second.iter_mut().zip(request.0).for_each(|(to, from)| *to = from);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// True if the id was made by [`CommandId::keyed`].
    #[must_use]
    pub fn is_keyed(&self) -> bool {
        self.0.get_version_num() == 8
    }

    /// The smallest and the largest id of commands with the same key as this one.
    #[must_use]
    pub fn same_key(&self) -> (Self, Self) {
        let fill = |with: u8| {
            let mut bytes = *self.0.as_bytes();
            bytes.iter_mut().skip(8).for_each(|byte| *byte = with);
            Self(Uuid::from_bytes(bytes))
        };
        (fill(0), fill(0xff))
    }
}
