//! `mainstay edge-flags`: the relay that serves flags near their callers, and goes on without the server.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;
use kernel::{Refusal, codes};
use serving::edge::{Edge, EdgeError, Options};

use crate::{
    client::ClientArgs,
    flagd::{self, FlagdArgs},
    output,
    running::{asked_to_stop, log},
};

pub(crate) const HELP: &str = "\
Examples:
  mainstay token create relay --scope evaluate --environment production
  mainstay edge-flags --server https://mainstay.example.com --token TOKEN --environment production

The relay fetches the environment's flags, hears of changes at once, and keeps the last good set in its folder, from
which it starts while the server is away. Its age is told by /readyz and /metrics.";

/// What the relay serves, to whom, and where.
#[derive(Debug, Clone, Args)]
pub(crate) struct EdgeFlagsArgs {
    /// The environment whose flags are relayed; the token must reach it
    #[arg(long, env = "MAINSTAY_EDGE_ENVIRONMENT", value_name = "NAME", default_value = "production")]
    environment: String,
    /// The address to listen on
    #[arg(long, env = "MAINSTAY_EDGE_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:7071")]
    listen: SocketAddr,
    /// The folder for the last good set
    #[arg(long, env = "MAINSTAY_EDGE_STATE_DIR", value_name = "DIR", default_value = "mainstay-edge")]
    state_dir: PathBuf,
    /// What callers must show, any of them; needed where the relay can be reached from elsewhere
    #[arg(long = "client-token", env = "MAINSTAY_EDGE_CLIENT_TOKENS", hide_env_values = true, value_name = "TOKEN")]
    #[arg(value_delimiter = ',')]
    client_tokens: Vec<String>,
    /// A web site whose scripts may evaluate flags, such as `https://shop.example`, or * for any; may be given several times
    #[arg(long, env = "MAINSTAY_FLAGS_CORS", value_name = "ORIGIN", value_delimiter = ',')]
    flags_cors: Vec<String>,
    #[command(flatten)]
    flagd: FlagdArgs,
}

/// Relays until it is told to stop.
///
/// # Errors
/// What keeps it from starting.
pub(crate) async fn run(args: EdgeFlagsArgs, server: ClientArgs) -> Result<ExitCode, Refusal> {
    log::to_stderr();
    let EdgeFlagsArgs { environment, listen, state_dir, client_tokens, flags_cors, flagd } = args;
    let (server, token) = server.whom()?;
    let missing = || {
        let refusal = Refusal::new(&codes::CONFIG_INVALID, "the relay needs a token").field("--token");
        refusal.fix("mainstay token create relay --scope evaluate --environment production")
    };
    let cors = serving::cors(&flags_cors).map_err(|error| refused(EdgeError::Origin(error)))?;
    let options = Options {
        server,
        token: token.ok_or_else(missing)?,
        flagd: flagd.options(&environment, cors)?,
        environment: environment.clone(),
        folder: state_dir,
        listen,
        tokens: client_tokens,
        origins: flags_cors,
    };
    let edge = Edge::start(options).await.map_err(refused)?;
    let stopped = asked_to_stop();
    output::line(format!("Mainstay relays the flags of {environment} at http://{}", edge.address))?;
    if let Some(ports) = &edge.flagd {
        output::line(flagd::told(ports))?;
    }
    stopped.await;
    edge.close().await;
    Ok(ExitCode::SUCCESS)
}

fn refused(error: EdgeError) -> Refusal {
    let invalid = |field: &str| Refusal::new(&codes::CONFIG_INVALID, error.to_string()).field(field);
    match &error {
        EdgeError::Listen(error) => flagd::no_port(error, "--listen"),
        EdgeError::Origin(_) => invalid("--flags-cors"),
        EdgeError::OpenToAll(_) => invalid("--client-token"),
        EdgeError::Server(_) => invalid("--server"),
        EdgeError::Folder { .. } => Refusal::new(&codes::DATA_READ_ONLY, error.to_string()).field("--state-dir"),
        EdgeError::Client(_) => Refusal::new(&codes::INTERNAL, error.to_string()),
    }
}
