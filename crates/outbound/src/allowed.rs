//! Which addresses may be called.

use std::net::IpAddr;

use probe::AddressPolicy;

/// The hosts and networks that may be called although they are private.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    names: Vec<String>,
    networks: Vec<(IpAddr, u8)>,
}

/// Why an address may not be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAllowed(pub String);

impl std::fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotAllowed {}

impl Allowed {
    /// What these say: names (`hooks.internal`), domains (`*.internal`), addresses, or networks (`10.0.0.0/8`).
    #[must_use]
    pub fn new(hosts: &[String]) -> Self {
        let mut allowed = Self::default();
        for host in hosts {
            let (address, bits) = host.split_once('/').map_or((host.as_str(), None), |(a, bits)| (a, Some(bits)));
            match (address.trim_matches(['[', ']']).parse::<IpAddr>(), bits.map(str::parse::<u8>)) {
                (Ok(address), None) => allowed.networks.push((address, if address.is_ipv4() { 32 } else { 128 })),
                (Ok(address), Some(Ok(bits))) => allowed.networks.push((address, bits)),
                (Ok(_), Some(Err(_))) => {}
                (Err(_), _) => allowed.names.push(host.to_lowercase()),
            }
        }
        allowed
    }

    /// True if a host of this name may be private.
    fn names(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(domain) => host.strip_suffix(domain).is_some_and(|before| before.ends_with('.')),
            None => *name == host,
        })
    }

    /// Whether an address may be called, which `host` stands for.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check(&self, host: &str, address: IpAddr) -> Result<(), NotAllowed> {
        let private = self.names(host) || self.networks.iter().any(|network| is_in(address, *network));
        match (AddressPolicy { private }).refusal(address) {
            None => Ok(()),
            Some(_) if !private && AddressPolicy { private: true }.refusal(address).is_none() => {
                Err(NotAllowed(format!(
                    "{host} is the private address {address}, which webhooks may only call if the operator allows it"
                )))
            }
            Some(why) => Err(NotAllowed(format!("{host} ({address}) {why}"))),
        }
    }
}

fn is_in(address: IpAddr, (network, bits): (IpAddr, u8)) -> bool {
    let whole = |address: IpAddr| -> (u128, u32) {
        match address.to_canonical() {
            IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
            IpAddr::V6(v6) => (u128::from(v6), 128),
        }
    };
    let ((a, width), (b, same)) = (whole(address), whole(network));
    if width != same || u32::from(bits) > width {
        return false;
    }
    let shift = width - u32::from(bits);
    shift >= 128 || a >> shift == b >> shift
}
