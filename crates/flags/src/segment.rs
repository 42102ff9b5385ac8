//! Who belongs together: users that several flags treat alike.

use kernel::EntityRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Origin;

/// A set of users. Who meets any of the conditions is a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Its name: `segment:default/x`.
    pub segment: EntityRef,
    /// Who is meant.
    pub description: String,
    /// Who keeps it.
    pub owner: Option<EntityRef>,
    /// Those with these targeting keys.
    pub members: Vec<String>,
    /// Those whose `email` ends so, without the `@`.
    pub email_domains: Vec<String>,
    /// Those whose `groups` hold one of these, or whose `group` is one.
    pub groups: Vec<String>,
    /// Those for whom this JsonLogic is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Value>,
    /// Where it was defined.
    pub origin: Origin,
}

impl Segment {
    /// A segment without members, made by hand.
    #[must_use]
    pub fn empty(segment: EntityRef) -> Self {
        Self {
            segment,
            description: String::new(),
            owner: None,
            members: Vec::new(),
            email_domains: Vec::new(),
            groups: Vec::new(),
            when: None,
            origin: Origin::ByHand,
        }
    }
}
