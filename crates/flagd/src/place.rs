//! Where in a definition something stands.

use crate::problem::step;

/// A place inside a definition. It becomes a JSON pointer only when there is something to say about it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    above: Option<&'p Self>,
    token: Token<'p>,
}

#[derive(Clone, Copy)]
enum Token<'p> {
    Name(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    /// A field of the outermost object.
    pub(crate) fn new(name: &'p str) -> Self {
        Self { above: None, token: Token::Name(name) }
    }

    /// A field of the object that stands here.
    pub(crate) fn field(&'p self, name: &'p str) -> Self {
        Self { above: Some(self), token: Token::Name(name) }
    }

    /// An item of the array that stands here.
    pub(crate) fn item(&'p self, index: usize) -> Self {
        Self { above: Some(self), token: Token::Index(index) }
    }

    /// The place as a JSON pointer (RFC 6901).
    pub(crate) fn pointer(&self) -> String {
        let above = self.above.map(Self::pointer).unwrap_or_default();
        match self.token {
            Token::Name(name) => step(&above, name),
            Token::Index(index) => step(&above, index),
        }
    }
}
