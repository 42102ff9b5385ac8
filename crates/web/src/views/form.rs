//! Forms, filters and buttons.

use askama::Template;

use super::writes_html;

/// A form that changes something: posted with the session's token.
#[derive(Debug, Clone, Template)]
#[template(path = "components/form.html")]
pub struct Form {
    /// Where it is posted.
    pub action: String,
    /// The session's token against forged forms.
    pub csrf: String,
    /// The fields, in order.
    pub fields: Vec<Field>,
    /// Values that go along unseen.
    pub hidden: Vec<(String, String)>,
    /// What the button says.
    pub submit: String,
    /// Whether it is the one thing to do on this screen.
    pub main: bool,
}

/// A button that posts at once, without fields.
#[derive(Debug, Clone, Template)]
#[template(path = "components/press.html")]
pub struct Press {
    /// Where it is posted.
    pub action: String,
    /// The session's token against forged forms.
    pub csrf: String,
    /// Values that go along unseen.
    pub hidden: Vec<(String, String)>,
    /// What it says.
    pub label: String,
    /// Whether it is the one thing to do on this screen.
    pub main: bool,
}

/// A form with several buttons, which say what is to be done.
#[derive(Debug, Clone, Template)]
#[template(path = "components/acts.html")]
pub struct Acts {
    /// Where it is posted.
    pub action: String,
    /// The session's token against forged forms.
    pub csrf: String,
    /// Values that go along unseen.
    pub hidden: Vec<(String, String)>,
    /// The fields, in order.
    pub fields: Vec<Field>,
    /// The buttons; `Enter` in a field presses the first.
    pub acts: Vec<Act>,
}

/// One of several buttons: it sends `act` with its word.
#[derive(Debug, Clone)]
pub struct Act {
    /// What is sent.
    pub word: &'static str,
    /// What it says.
    pub label: String,
    /// Whether it is the one thing to do on this screen.
    pub main: bool,
    /// The key that brings one here.
    pub key: Option<char>,
}

impl Act {
    /// A button.
    #[must_use]
    pub fn new(word: &'static str, label: impl Into<String>) -> Self {
        Self { word, label: label.into(), main: false, key: None }
    }

    /// With a key that brings one here.
    #[must_use]
    pub fn key(mut self, key: Option<char>) -> Self {
        self.key = key;
        self
    }

    /// It is the one thing to do here.
    #[must_use]
    pub fn main(mut self) -> Self {
        self.main = true;
        self
    }
}

/// One field of a form or a filter.
#[derive(Debug, Clone, Template)]
#[template(path = "components/field.html")]
pub struct Field {
    /// The parameter's name.
    pub name: String,
    /// The element's id: the name, unless the screen has several fields of that name.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// How it is entered.
    pub entry: Entry,
    /// What to enter, in a few words.
    pub hint: Option<String>,
    /// What was wrong with it.
    pub error: Option<String>,
    /// Whether it may be left empty.
    pub required: bool,
    /// What a password manager should make of it (HTML's `autocomplete`).
    pub autocomplete: Option<&'static str>,
    /// The key that brings one here.
    pub key: Option<char>,
}

/// How a field is entered.
#[derive(Debug, Clone)]
pub enum Entry {
    /// One line.
    Line {
        /// HTML's input type: `text`, `email`, `search`, `datetime-local`, ...
        kind: &'static str,
        /// What stands in it.
        value: String,
    },
    /// A password: never filled in by the server.
    Password,
    /// Several lines.
    Lines {
        /// What stands in it.
        value: String,
    },
    /// One of a few.
    Select(Vec<Choice>),
    /// Yes or no.
    Tick {
        /// Whether it is ticked.
        on: bool,
    },
    /// Any of a few.
    Ticks(Vec<Choice>),
}

/// One of the values of a field.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The parameter's value.
    pub value: String,
    /// What it is called.
    pub label: String,
    /// Whether it is the one that holds.
    pub chosen: bool,
}

impl Choice {
    /// A choice; it is the one that holds if its value is `current`.
    #[must_use]
    pub fn new(value: impl Into<String>, label: impl Into<String>, current: &str) -> Self {
        let value = value.into();
        Self { chosen: value == current, value, label: label.into() }
    }
}

impl Field {
    /// A field.
    #[must_use]
    pub fn new(name: impl Into<String>, label: impl Into<String>, entry: Entry) -> Self {
        let (name, label) = (name.into(), label.into());
        Self {
            id: name.clone(),
            name,
            label,
            entry,
            hint: None,
            error: None,
            required: false,
            autocomplete: None,
            key: None,
        }
    }

    /// A line of text.
    #[must_use]
    pub fn line(name: impl Into<String>, label: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(name, label, Entry::Line { kind: "text", value: value.into() })
    }

    /// One of a few.
    #[must_use]
    pub fn select(name: impl Into<String>, label: impl Into<String>, choices: Vec<Choice>) -> Self {
        Self::new(name, label, Entry::Select(choices))
    }

    /// With words on what to enter.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With what was wrong.
    #[must_use]
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.error = Some(error.into());
        self
    }

    /// With an id of its own, where the screen has several fields of this name.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// It may not be left empty.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// With what a password manager should make of it.
    #[must_use]
    pub fn autocomplete(mut self, purpose: &'static str) -> Self {
        self.autocomplete = Some(purpose);
        self
    }

    /// With a key that brings one here.
    #[must_use]
    pub fn key(mut self, key: Option<char>) -> Self {
        self.key = key;
        self
    }

    fn described_by(&self) -> Option<String> {
        match (&self.hint, &self.error) {
            (None, None) => None,
            (Some(_), None) => Some(format!("{}-hint", self.id)),
            (None, Some(_)) => Some(format!("{}-error", self.id)),
            (Some(_), Some(_)) => Some(format!("{0}-error {0}-hint", self.id)),
        }
    }
}

/// Filters of a list: a form that only asks, so that every view has an address of its own.
#[derive(Debug, Clone, Template)]
#[template(path = "components/filters.html")]
pub struct Filters {
    /// The list's address.
    pub action: String,
    /// What can be filtered by.
    pub fields: Vec<Field>,
    /// The address without any filter, if one is set.
    pub clear: Option<String>,
}

writes_html!(Form, Press, Acts, Field, Filters);
