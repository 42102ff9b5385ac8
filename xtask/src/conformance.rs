//! `cargo xtask conformance`: what other people's clients, files and tools say of it, as a table of scores.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail, ensure};

use crate::{
    needs,
    run::{BUILD, answer, cargo, program, root, succeed, target_directory, watch},
    server::{Folder, Server, TOKEN},
    tally::Tally,
};

/// How many requests a second schemathesis may send: fewer than the server allows.
const REQUESTS: &str = "150/s";
const EXAMPLES: &str = "20";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance";

/// Other people's clients, and the file of `tests/clients` in which each is used.
    ("statuspage-prometheus-exporter", "status_page.test.mjs"),
