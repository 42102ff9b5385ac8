//! `GET /login` and `GET /start/{secret}`: signing in, and the first administrator.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Callout, Form},
};

/// A form alone on its screen.
#[derive(Debug, Template)]
#[template(path = "access/form.html")]
pub struct AccessScreen {
    /// The frame; its title is the heading.
    pub chrome: Chrome,
    /// What this is about, in a sentence.
    pub lead: String,
    /// What went wrong the last time.
    pub trouble: Option<Callout>,
    /// The form.
    pub form: Form,
}
