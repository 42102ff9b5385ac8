//! References to catalog entities, by Backstage's rules.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize, de::Error as _};

/// What a catalog entity is known by: its kind, namespace and name, which are compared without regard to case.
///
/// The canonical form is lower case and complete: `component:default/storefront`. Flags, checks and incidents are
/// named the same way (`flag:default/new-checkout`), so that one timeline can be about all of them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityRef(Arc<str>);

/// What a reference may leave out, and what it then means.
#[derive(Debug, Clone, Copy)]
pub struct RefDefaults<'a> {
    /// The kind, where the field has a default one (`owner` has `group`; `dependsOn` has none).
    pub kind: Option<&'a str>,
    /// The namespace: that of the entity which refers.
    pub namespace: &'a str,
}

/// Why a text is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefError {
    /// The field has no default kind and the text gives none.
    #[error("\"{0}\" has no kind; write it as \"component:{0}\", \"resource:{0}\" or the like")]
    NoKind(String),
    /// A part is empty, or there is one separator too many.
    #[error("\"{0}\" is not an entity reference; the form is [kind:][namespace/]name")]
    Malformed(String),
    /// Longer than any legal reference.
    #[error("the reference has {0} bytes; at most {max} are allowed", max = EntityRef::LONGEST_BYTES)]
    TooLong(usize),
}

impl EntityRef {
    /// The namespace of entities that name none.
    pub const DEFAULT_NAMESPACE: &'static str = "default";

    /// Three parts of at most 63 characters and two separators, with room for names that Backstage would not take.
    pub const LONGEST_BYTES: usize = 512;

    /// The reference with these parts. Parts are not checked for more than being non-empty and without separators:
    /// a reference may name what does not exist.
    ///
    /// # Errors
    /// If a part is empty, holds a separator or white space, or the whole is too long.
    pub fn new(kind: &str, namespace: &str, name: &str) -> Result<Self, RefError> {
        let text = format!("{kind}:{namespace}/{name}");
        if text.len() > Self::LONGEST_BYTES {
            return Err(RefError::TooLong(text.len()));
        }
        let sound = |part: &str| {
            !part.is_empty() && !part.contains(|c: char| c == ':' || c == '/' || c.is_whitespace() || c.is_control())
        };
        if sound(kind) && sound(namespace) && sound(name) {
            Ok(Self(text.to_lowercase().into()))
        } else {
            Err(RefError::Malformed(text))
        }
    }

    /// Reads `[kind:][namespace/]name`, filling what is left out from `defaults`.
    ///
    /// # Errors
    /// If there is no kind and no default for it, or the form is another.
    pub fn parse(text: &str, defaults: RefDefaults<'_>) -> Result<Self, RefError> {
        if text.len() > Self::LONGEST_BYTES {
            return Err(RefError::TooLong(text.len()));
        }
        let text = text.trim();
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (Some(kind), rest),
            None => (defaults.kind, text),
        };
        let (namespace, name) = rest.split_once('/').unwrap_or((defaults.namespace, rest));
        let kind = kind.ok_or_else(|| RefError::NoKind(text.to_owned()))?;
        Self::new(kind, namespace, name).map_err(|_| RefError::Malformed(text.to_owned()))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind, in lower case.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or("", |(kind, _)| kind)
    }

    /// The namespace, in lower case.
    #[must_use]
    pub fn namespace(&self) -> &str {
        let rest = self.0.split_once(':').map_or("", |(_, rest)| rest);
        rest.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// The name, in lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }

    /// The shortest text that a person needs: the name, with the namespace in front unless it is the default.
    #[must_use]
    pub fn short(&self) -> &str {
        let rest = self.0.split_once(':').map_or("", |(_, rest)| rest);
        rest.strip_prefix("default/").unwrap_or(rest)
    }
}

impl fmt::Display for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EntityRef {
    type Err = RefError;

    /// Reads a reference that names its kind.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text, RefDefaults { kind: None, namespace: Self::DEFAULT_NAMESPACE })
    }
}

impl Serialize for EntityRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EntityRef {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kind: Option<&str>, expected: Result<&str, RefError>) {
        let defaults = RefDefaults { kind, namespace: "shop" };
        let actual = EntityRef::parse(text, defaults);
        assert_eq!(actual.as_ref().map(EntityRef::as_str).map_err(Clone::clone), expected);
    }

    #[test]
    fn what_is_left_out_comes_from_the_field_and_the_referring_entity() {
        check("checkout", Some("group"), Ok("group:shop/checkout"));
        check("other/checkout", Some("group"), Ok("group:other/checkout"));
        check("User:Jo.Doe", Some("group"), Ok("user:shop/jo.doe"));
        check("component:other/Cart", None, Ok("component:other/cart"));
        check("cart", None, Err(RefError::NoKind("cart".to_owned())));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in ["", ":", "a:b:c", "a/b/c", "component:/x", "component:x/", "two words"] {
            check(text, Some("group"), Err(RefError::Malformed(text.to_owned())));
        }
        let long = "x".repeat(600);
        check(&long, Some("group"), Err(RefError::TooLong(600)));
    }

    #[test]
    fn the_parts_of_a_reference_can_be_read_back() {
        let reference: EntityRef = "api:pay/Ledger-v2".parse().unwrap();
        assert_eq!((reference.kind(), reference.namespace(), reference.name()), ("api", "pay", "ledger-v2"));
        assert_eq!(reference.short(), "pay/ledger-v2");
        assert_eq!("api:Ledger".parse::<EntityRef>().unwrap().short(), "ledger");
    }
}
