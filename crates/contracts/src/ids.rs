//! Keys of the tables: dense numbers, in the order in which things were made known. They are never shown to anybody.

use serde::{Deserialize, Serialize};

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl From<u32> for $name {
            fn from(number: u32) -> Self {
                Self(number)
            }
        }

        impl From<$name> for u32 {
            fn from(key: $name) -> Self {
                key.0
            }
        }
    )*};
}

keys! {
    /// A pacticipant.
    PacticipantKey;
    /// A version of a pacticipant. A later version has a larger key.
    VersionKey;
    /// A content of pacts between one consumer and one provider.
    ContentKey;
    /// A pact of one version of a consumer.
    PublicationKey;
    /// A verification; its number, as people see it, is one more.
    VerificationKey;
    /// A definition of a provider's API, as one of its versions published it.
    DefinitionKey;
}
