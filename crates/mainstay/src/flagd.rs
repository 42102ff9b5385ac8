//! flagd's ports, as both the server and the relay can open them.

use std::net::IpAddr;

use clap::Args;
use kernel::{Refusal, codes};
use serving::{
    ListenError, Serving,
    flagd_ports::{self, Options, Ports},
};
use web::Cors;

/// Whether and where flagd's clients are served.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct FlagdArgs {
    /// Serve flagd's clients on its ports at this address; nobody is asked for a token there, so it belongs on a network
    /// that is trusted
    #[arg(long, env = "MAINSTAY_FLAGD_LISTEN", value_name = "HOST")]
    flagd_listen: Option<IpAddr>,
    /// flagd's ports for evaluation, management, sync and OFREP
    #[arg(long, env = "MAINSTAY_FLAGD_PORTS", value_name = "PORTS", default_value = "8013,8014,8015,8016")]
    #[arg(value_delimiter = ',', num_args = 1)]
    flagd_ports: Vec<u16>,
}

impl FlagdArgs {
    /// What was chosen; nothing if flagd's clients are not served. They get this environment unless they select another.
    ///
    /// # Errors
    /// If there are not four ports.
    pub(crate) fn options(self, environment: &str, cors: Option<Cors>) -> Result<Option<Options>, Refusal> {
        let Some(host) = self.flagd_listen else { return Ok(None) };
        let [evaluation, management, sync, ofrep] = self.flagd_ports[..] else {
            let detail = "flagd has four ports: for evaluation, management, sync and OFREP";
            let refusal = Refusal::new(&codes::CONFIG_INVALID, detail).field("--flagd-ports");
            return Err(refusal.fix("write them as 8013,8014,8015,8016"));
        };
        let options = Options::new(environment);
        Ok(Some(Options { host, evaluation, management, sync, ofrep, cors, ..options }))
    }
}

/// Opens flagd's ports.
///
/// # Errors
/// If one of them is taken.
pub(crate) async fn open(serving: &Serving, options: Option<Options>) -> Result<Option<Ports>, Refusal> {
    let Some(options) = options else { return Ok(None) };
    if !options.host.is_loopback() {
        tracing::warn!(server.address = %options.host, "flagd's ports ask nobody for a token");
    }
    flagd_ports::open(serving.clone(), options).await.map(Some).map_err(|error| no_port(&error, "--flagd-ports"))
}

/// That a port can't be had.
pub(crate) fn no_port(error: &ListenError, field: &str) -> Refusal {
    let code =
        if error.source.kind() == std::io::ErrorKind::AddrInUse { &codes::PORT_IN_USE } else { &codes::CONFIG_INVALID };
    Refusal::new(code, error.to_string()).field(field)
}

/// Where flagd's clients find what, in a line.
pub(crate) fn told(ports: &Ports) -> String {
    let Ports { evaluation, sync, ofrep, management, .. } = ports;
    format!(
        "flagd's clients find evaluation at {evaluation}, sync at {sync}, OFREP at {ofrep}, its state at {management}"
    )
}
