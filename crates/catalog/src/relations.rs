//! The ways in which entities relate, each with its inverse. The names are Backstage's.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! relations {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $inverse:ident;)*) => {
        /// How one entity relates to another: "A *relation* B".
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub enum Relation {
            $($(#[$doc])* $name,)*
        }

        impl Relation {
            /// Every relation there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Backstage's name: `dependsOn`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The same relation seen from the other end: "B *inverse* A".
            #[must_use]
            pub fn inverse(self) -> Self {
                match self {
                    $(Self::$name => Self::$inverse,)*
                }
            }
        }
    };
}

relations! {
    /// A group or user answers for it.
    OwnedBy = "ownedBy", OwnerOf;
    /// Answers for it.
    OwnerOf = "ownerOf", OwnedBy;
    /// Is one of the parts that make up a system, a domain or a component.
    PartOf = "partOf", HasPart;
    /// Is made up of it, among others.
    HasPart = "hasPart", PartOf;
    /// Offers the API.
    ProvidesApi = "providesApi", ApiProvidedBy;
    /// Is the API that it offers.
    ApiProvidedBy = "apiProvidedBy", ProvidesApi;
    /// Calls the API.
    ConsumesApi = "consumesApi", ApiConsumedBy;
    /// Is the API that it calls.
    ApiConsumedBy = "apiConsumedBy", ConsumesApi;
    /// Does not work without it.
    DependsOn = "dependsOn", DependencyOf;
    /// Is what it does not work without.
    DependencyOf = "dependencyOf", DependsOn;
    /// Is a group within the group.
    ChildOf = "childOf", ParentOf;
    /// Is the group around the group.
    ParentOf = "parentOf", ChildOf;
    /// Is a user of the group.
    MemberOf = "memberOf", HasMember;
    /// Is the group of the user.
    HasMember = "hasMember", MemberOf;
    /// Leads the group.
    LeaderOf = "leaderOf", LedBy;
    /// Is the group that the user leads.
    LedBy = "ledBy", LeaderOf;
    /// Is the synthetic check of it. Ours, not Backstage's.
    Checks = "checks", CheckedBy;
    /// Is what the check watches. Ours, not Backstage's.
    CheckedBy = "checkedBy", Checks;
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relation_is_the_inverse_of_its_inverse_and_is_written_as_it_is_named() {
        for &relation in Relation::ALL {
            assert_eq!(relation.inverse().inverse(), relation);
            assert_ne!(relation.inverse(), relation);
            assert_eq!(serde_json::to_value(relation).unwrap(), relation.as_str());
        }
    }
}
