//! What verbs print.

use std::io::Write;

use kernel::{Refusal, codes};

/// Prints a line on standard output.
///
/// # Errors
/// If standard output is closed, as by `head`: the verb ends.
pub(crate) fn line(text: impl AsRef<str>) -> Result<(), Refusal> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.as_ref())
        .and_then(|()| out.flush())
        .map_err(|error| Refusal::new(&codes::UNREACHABLE, format!("nothing can be printed: {error}")))
}
