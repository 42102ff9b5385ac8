//! Where a check is: in the value, and in the schema. Both are chains on the stack that are written out only for a fault.

/// A step on the way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key<'k> {
    Name(&'k str),
    Index(usize),
}

/// A place in a value. The root has no parent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'p>(Option<(&'p Spot<'p>, Key<'p>)>);

impl<'p> Spot<'p> {
    pub(super) const ROOT: Self = Self(None);

    pub(super) fn below(&'p self, key: Key<'p>) -> Self {
        Self(Some((self, key)))
    }

    pub(super) fn is_root(&self) -> bool {
        self.0.is_none()
    }
}

/// As a JSON pointer (RFC 6901).
impl std::fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some((parent, key)) = self.0 else { return Ok(()) };
        match key {
            Key::Name(name) => write!(f, "{parent}/{}", name.replace('~', "~0").replace('/', "~1")),
            Key::Index(index) => write!(f, "{parent}/{index}"),
        }
    }
}

/// A place in a schema, from the schema itself or from a reference.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'p> {
    Root(&'p str),
    Below(&'p Place<'p>, Key<'p>),
}

impl<'p> Place<'p> {
    pub(super) fn keyword(&'p self, keyword: &'p str) -> Self {
        Self::Below(self, Key::Name(keyword))
    }

    pub(super) fn below(&'p self, key: Key<'p>) -> Self {
        Self::Below(self, key)
    }
}

/// As a pointer in a URI fragment.
impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root(root) => f.write_str(root),
            Self::Below(parent, Key::Index(index)) => write!(f, "{parent}/{index}"),
            Self::Below(parent, Key::Name(name)) => {
                write!(f, "{parent}/")?;
                for byte in name.replace('~', "~0").replace('/', "~1").bytes() {
                    let plain = byte.is_ascii_alphanumeric() || b"-_.!~*'()$".contains(&byte);
                    if plain { write!(f, "{}", char::from(byte))? } else { write!(f, "%{byte:02X}")? }
                }
                Ok(())
            }
        }
    }
}
