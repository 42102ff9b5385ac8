//! `mainstay doctor`: what is wrong with a data folder.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use kernel::{Class, Refusal};
use serde_json::{Value, json};

use crate::{
    output::{Printer, Table},
    settings,
};

pub(crate) const HELP: &str = "\
It only looks, also while a server uses the folder. The exit code is 78 if something is not as it should be.

Example: mainstay doctor --data ./mainstay-data";

/// Which folder.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The data folder [default: ./mainstay-data]
    #[arg(long, env = "MAINSTAY_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Looks at everything and prints what it saw.
///
/// # Errors
/// If the settings can't be read.
pub(crate) fn run(args: DoctorArgs, out: &Printer) -> Result<ExitCode, Refusal> {
    let findings = timeline::doctor(&settings::data_folder(args.data)?, out.now());
    let sound = findings.iter().all(|finding| finding.ok);
    let answer: Vec<Value> = findings
        .iter()
        .map(|one| json!({"what": one.what, "ok": one.ok, "detail": one.detail, "fix": one.fix}))
        .collect();
    out.show(answer.into(), |_: Value| {
        let mut table = Table::new(&["looked at", "state", "seen"]);
        for finding in &findings {
            let state = out.state(if finding.ok { "ok" } else { "wrong" });
            table.row([finding.what.to_owned(), state, finding.detail.clone()]);
            if let Some(fix) = &finding.fix {
                table.row([String::new(), String::new(), format!("fix: {fix}")]);
            }
        }
        table.or("")
    })?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(Class::OperatorFixable.exit_code()) })
}
