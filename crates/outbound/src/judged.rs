//! Judges where a call would really go: the address that is written, and what a name resolves to.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{Allowed, NotAllowed};

/// Judges an address that is written as a number; names are judged when they are resolved ([`Judged`]).
///
/// # Errors
/// If nobody may call it.
pub fn literal(allowed: &Allowed, url: &url::Url) -> Result<(), NotAllowed> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NotAllowed(format!("{} is no scheme that webhooks use", url.scheme())));
    }
    let address = match url.host() {
        Some(url::Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(url::Host::Ipv6(v6)) => IpAddr::V6(v6),
        Some(url::Host::Domain(_)) => return Ok(()),
        None => return Err(NotAllowed("the address names no host".to_owned())),
    };
    allowed.check(url.host_str().unwrap_or_default(), address)
}

/// Resolves names to what may be called.
#[derive(Debug)]
pub struct Judged(pub Arc<Allowed>);

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let mut refused = None;
            let mut judged = Vec::new();
            for address in found {
                match allowed.check(&host, address.ip()) {
                    Ok(()) => judged.push(address),
                    Err(wrong) => refused = Some(wrong),
                }
            }
            match refused {
                Some(wrong) if judged.is_empty() => Err(wrong.into()),
                Some(_) | None => Ok(Box::new(judged.into_iter()) as Addrs),
            }
        })
    }
}
