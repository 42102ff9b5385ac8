//! Which addresses a probe may connect to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses a probe may connect to. A check is written by whoever can edit the catalog, and must not reach
/// what only the probe's machine can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Whether loopback and private networks may be asked (RFC 1918, RFC 6598, RFC 4193). Link-local addresses, where
    /// clouds keep the machine's own credentials, never may.
    pub private: bool,
}

impl Default for AddressPolicy {
    /// Private networks may be asked: most of what a team checks first is in one.
    fn default() -> Self {
        Self { private: true }
    }
}

/// The metadata services that aren't at a link-local address (Amazon's over IPv6, Alibaba's).
const METADATA: [IpAddr; 2] =
    [IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200))];

impl AddressPolicy {
    /// Why this address may not be asked, if it may not.
    #[must_use]
    pub fn refusal(self, address: IpAddr) -> Option<&'static str> {
        let address = embedded_v4(address).map_or(address, IpAddr::V4);
        if METADATA.contains(&address) || is_link_local(address) {
            return Some("is a link-local or metadata address, which is never asked");
        }
        if address.is_unspecified() || address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return Some("is not the address of one machine");
        }
        if !self.private && is_private(address) {
            return Some("is a private address, which this location may not ask");
        }
        None
    }
}

/// The IPv4 address that a connection to this IPv6 address ends at (RFC 4291, section 2.5.5.2; NAT64, RFC 6052; 6to4,
/// RFC 3056).
fn embedded_v4(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            address.is_loopback() || address.is_private() || shared || first == 0
        }
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, with_private: bool, public_only: bool) {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(AddressPolicy { private: true }.refusal(address).is_none(), with_private, "{address}, private");
        assert_eq!(AddressPolicy { private: false }.refusal(address).is_none(), public_only, "{address}, public");
    }

    #[test]
    fn metadata_is_never_asked_and_private_networks_only_where_that_is_allowed() {
        check("203.0.113.7", true, true);
        check("2001:db8::1", true, true);
        check("127.0.0.1", true, false);
        check("10.1.2.3", true, false);
        check("100.64.0.1", true, false);
        check("::1", true, false);
        check("fd12::1", true, false);
        check("169.254.169.254", false, false);
        check("::ffff:169.254.169.254", false, false);
        check("64:ff9b::a9fe:a9fe", false, false);
        check("2002:a9fe:a9fe::", false, false);
        check("fe80::1", false, false);
        check("fd00:ec2::254", false, false);
        check("100.100.100.200", false, false);
        check("0.0.0.0", false, false);
        check("::", false, false);
        check("224.0.0.1", false, false);
        check("255.255.255.255", false, false);
    }
}
