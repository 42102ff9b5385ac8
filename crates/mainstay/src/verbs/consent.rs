//! Asking whoever sits at the terminal.

use std::io::{IsTerminal as _, Write as _};

use kernel::{Refusal, codes};

/// Asks, and is true if the answer is yes. `flag` is what agrees without being asked.
///
/// # Errors
/// If nobody is there to be asked.
pub(crate) fn given(question: &str, flag: &str) -> Result<bool, Refusal> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        let refusal = Refusal::new(&codes::INVALID, "there is nobody to ask: the input is no terminal");
        return Err(refusal.field(flag).fix(format!("add {flag} to do it without being asked")));
    }
    let failed = |error: std::io::Error| Refusal::new(&codes::INVALID, format!("no answer: {error}")).field(flag);
    write!(std::io::stderr(), "{question} [y/N] ").map_err(failed)?;
    let mut answer = String::new();
    input.read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
