//! Running a test of this binary in a process of its own, which can be killed or robbed of its disk.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FOLDER: &str = "MAINSTAY_TEST_CHILD_FOLDER";

/// The folder that this process is to work in, if it was started by [`command`].
pub(crate) fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// A command that runs the test of this name as a child in `folder`. Its output can be read.
pub(crate) fn command(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(FOLDER, folder).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}
