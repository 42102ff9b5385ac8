//! Finding an address that may be asked, and connecting to it.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use checks::{IpVersion, Phase};
use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::{net::TcpStream, time::sleep};

use super::Fault;
use crate::{AddressPolicy, trace::Trace};

/// A next address is tried beside the ones before it after this (RFC 8305, section 5).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);
/// Of a name's addresses, so many are tried.
const ADDRESSES: usize = 16;

/// The addresses of a host that may be asked.
pub(crate) async fn resolve(
    host: &str,
    version: IpVersion,
    policy: AddressPolicy,
    trace: &mut Trace,
) -> Result<Vec<IpAddr>, Fault> {
    // An address isn't looked up: that would take a thread for nothing.
    let found: Vec<IpAddr> = match host.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(address) => vec![address],
        Err(_) => {
            trace.begin(Phase::Resolve);
            let found = tokio::net::lookup_host((host, 0)).await;
            trace.end();
            let found = found.map_err(|error| Fault::Unresolved(host.to_owned(), error.to_string()))?;
            found.map(|found| found.ip()).collect()
        }
    };
    trace.addresses = found.iter().take(ADDRESSES).map(IpAddr::to_string).collect();
    let (wanted, which): (fn(&IpAddr) -> bool, _) = match version {
        IpVersion::Any => (|_| true, ""),
        IpVersion::V4 => (IpAddr::is_ipv4, " of IPv4"),
        IpVersion::V6 => (IpAddr::is_ipv6, " of IPv6"),
    };
    let mut refused = None;
    let mut allowed = Vec::new();
    for address in found.into_iter().filter(wanted) {
        match policy.refusal(address) {
            Some(why) => refused = Some(Fault::Refused(address, why)),
            None if !allowed.contains(&address) => allowed.push(address),
            None => {}
        }
    }
    allowed.truncate(ADDRESSES);
    if allowed.is_empty() {
        return Err(refused.unwrap_or_else(|| Fault::NoAddress(host.to_owned(), which)));
    }
    Ok(allowed)
}

/// Connects to the first address that answers.
pub(crate) async fn connect(
    host: &str,
    port: u16,
    version: IpVersion,
    policy: AddressPolicy,
    trace: &mut Trace,
) -> Result<TcpStream, Fault> {
    let addresses = resolve(host, version, policy, trace).await?;
    trace.begin(Phase::Connect);
    let connected = race(&addresses, port).await;
    trace.end();
    let (address, stream) = connected?;
    // What is sent is small and waits for an answer.
    let _ = stream.set_nodelay(true);
    trace.connected(address.ip().to_string());
    Ok(stream)
}

async fn race(addresses: &[IpAddr], port: u16) -> Result<(SocketAddr, TcpStream), Fault> {
    let mut waiting = addresses.iter().map(|address| SocketAddr::new(*address, port));
    let mut under_way = FuturesUnordered::new();
    let attempt = |address: SocketAddr| async move { (address, TcpStream::connect(address).await) };
    let mut last = None;
    under_way.extend(waiting.next().map(attempt));
    loop {
        tokio::select! {
            ended = under_way.next() => match ended {
                Some((address, Ok(stream))) => return Ok((address, stream)),
                Some((_, Err(error))) => {
                    last = Some(error);
                    under_way.extend(waiting.next().map(attempt));
                }
                None => {
                    let why = last.map_or_else(|| "no address".to_owned(), |error| error.to_string());
                    return Err(Fault::Connect(why));
                }
            },
            () = sleep(NEXT_ADDRESS_AFTER), if waiting.len() > 0 => under_way.extend(waiting.next().map(attempt)),
        }
    }
}
