//! Makes Rust of flagd's interfaces, without a `protoc` on the machine.

use std::error::Error;

const INTERFACES: [&str; 3] =
    ["flagd/evaluation/v1/evaluation.proto", "flagd/evaluation/v2/evaluation.proto", "flagd/sync/v1/sync.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(INTERFACES, ["proto"])?;
    tonic_prost_build::configure().emit_rerun_if_changed(false).compile_fds(descriptors)?;
    Ok(())
}
