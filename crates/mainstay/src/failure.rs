//! How a refusal ends the program.

use std::{io::Write, process::ExitCode};

use kernel::Refusal;

/// Prints a refusal on standard error and gives its exit code: 65, 75, 78 or 70.
pub(crate) fn report(refusal: &Refusal) -> ExitCode {
    let mut text = format!("error[{}]: ", refusal.code.name);
    if let Some(field) = &refusal.field {
        text.push_str(field);
        text.push_str(": ");
    }
    text.push_str(&refusal.detail);
    if let Some(fix) = &refusal.fix {
        text.push_str("\n  fix: ");
        text.push_str(fix);
    }
    if let Some(seconds) = refusal.retry_after_s {
        text.push_str(&format!("\n  try again in {seconds} s"));
    }
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::from(refusal.class().exit_code())
}
