//! Every error that a person or a client may see.

use std::fmt;

use crate::{Class, Code};

/// A refusal: what is wrong, in words for its reader; its code fixes everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which error this is.
    pub code: &'static Code,
    /// What is wrong, this time: one sentence, no secrets.
    pub detail: String,
    /// Which field of the input is at fault: a JSON pointer, a flag's name, or a path.
    pub field: Option<String>,
    /// How to mend it.
    pub fix: Option<String>,
    /// When to try again, in seconds; set where the class is [`Class::Retryable`].
    pub retry_after_s: Option<u32>,
}

impl Refusal {
    /// A refusal with this code.
    #[must_use]
    pub fn new(code: &'static Code, detail: impl Into<String>) -> Self {
        let retry_after_s = (code.class == Class::Retryable).then_some(1);
        Self { code, detail: detail.into(), field: None, fix: None, retry_after_s }
    }

    /// The same refusal, naming the field at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same refusal, saying how to mend it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The same refusal, saying when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The class, which is the code's.
    #[must_use]
    pub fn class(&self) -> Class {
        self.code.class
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.detail)?;
        if let Some(fix) = &self.fix {
            write!(f, " ({fix})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}
