//! What screens are made of: small values that know how to show themselves.
//!
//! A screen's template places them (`{{ service.state }}`); each has its own template under `templates/components/`.
//! They hold text, links and times, never a piece of the World, so that a screen can be drawn from invented values.

mod change;
mod finding;
mod form;
mod link;
mod list;
mod moment;
mod say;
mod state;

pub use change::{Change, Undo};
pub use finding::Finding;
pub use form::{Act, Acts, Choice, Entry, Field, Filters, Form, Press};
pub use link::{Entity, Link, Who};
pub use list::{Pager, Row, Tab, Tabs};
pub use moment::Moment;
pub use say::{Callout, Cli, Diff, DiffLine, Empty};
pub use state::{Answer, Score, State, Tone};

/// Marks components whose template escapes what it is given: askama then writes them out as they are.
macro_rules! writes_html {
    ($($component:ty),* $(,)?) => {
        $(impl askama::filters::HtmlSafe for $component {})*
    };
}
pub(crate) use writes_html;
