//! Whether a webhook may be given an address at all. What a name resolves to is judged again whenever it is called.

use std::net::IpAddr;

use contracts::webhooks::fill;
use url::{Host, Url};

const SEE: &str = "See /doc/webhooks#whitelist for more information.";

/// The address with something in the place of each template's parameter.
pub(super) fn with_placeholders(address: &str, word: &str) -> String {
    fill(address, |_| Some(word.to_owned()), |text| text.to_owned())
}

/// The address as far as it does not depend on parameters.
pub(super) fn parsed(address: &str) -> Option<Url> {
    Url::parse(&with_placeholders(address, "placeholder")).ok().filter(Url::has_host)
}

/// What is wrong with an address.
pub(super) fn refusal(address: &str, schemes: &[String], hosts: &[String]) -> Option<String> {
    let Some(url) = parsed(address) else { return Some("is not a valid URL eg. http://example.org".to_owned()) };
    let other = Url::parse(&with_placeholders(address, "differentplaceholder")).ok();
    if other.as_ref().and_then(Url::host) != url.host() {
        return Some("cannot have a template parameter in the host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("cannot have a user or a password: use username and password beside it".to_owned());
    }
    if !schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(url.scheme())) {
        return Some(format!("scheme must be {}. {SEE}", schemes.join(", ")));
    }
    let host = url.host()?;
    if !is_private(&host) || is_allowed(&host, hosts) {
        return None;
    }
    if hosts.is_empty() {
        return Some(format!("host is private, and the operator allows only public ones. {SEE}"));
    }
    let listed: Vec<String> = hosts.iter().map(|host| format!("\"{host}\"")).collect();
    Some(format!("host must be in the whitelist {}. {SEE}", listed.join(", ")))
}

/// True if both call the same server.
pub(super) fn same_origin(one: &str, other: &str) -> bool {
    let origin = |address: &str| parsed(address).map(|url| url.origin());
    origin(one).is_some() && origin(one) == origin(other)
}

fn address_of(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address).to_canonical()),
    }
}

/// True for this machine and for addresses that only a private network knows.
fn is_private(host: &Host<&str>) -> bool {
    if let Host::Domain(name) = host {
        let name = name.trim_end_matches('.').to_lowercase();
        return name == "localhost" || name.ends_with(".localhost");
    }
    match address_of(host) {
        None => false,
        Some(IpAddr::V4(address)) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
                || first == 0
                || shared
        }
        Some(IpAddr::V6(address)) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_multicast()
        }
    }
}

fn is_allowed(host: &Host<&str>, hosts: &[String]) -> bool {
    let name = host.to_string().to_lowercase();
    hosts.iter().any(|allowed| match (address_of(host), allowed.strip_prefix("*.")) {
        (Some(address), _) => is_in(address, allowed),
        (None, Some(domain)) => name.strip_suffix(&domain.to_lowercase()).is_some_and(|before| before.ends_with('.')),
        (None, None) => name == allowed.to_lowercase(),
    })
}

/// True if an address is this one, or in this network (`10.0.0.0/8`).
fn is_in(address: IpAddr, network: &str) -> bool {
    let (network, bits) = network.split_once('/').map_or((network, None), |(network, bits)| (network, Some(bits)));
    let Ok(network) = network.trim_matches(['[', ']']).parse::<IpAddr>() else { return false };
    let (first, second, width) = match (address, network.to_canonical()) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(u32::from(a)), u128::from(u32::from(b)), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a), u128::from(b), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    let Some(bits) = bits.map_or(Some(width), |bits| bits.parse::<u32>().ok()).filter(|bits| *bits <= width) else {
        return false;
    };
    first.checked_shr(width - bits) == second.checked_shr(width - bits)
}
