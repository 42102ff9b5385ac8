//! What is kept of a chain of certificates (RFC 5280).

use checks::Certificate;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// Of a chain, so many certificates are looked at.
const CHAIN: usize = 10;

/// The chain's first certificate, and when the first of all that were shown ends; none if it can't be read. What a
/// server shows in vain counts too: whoever trusts it by that way is cut off when it ends.
pub(crate) fn of(chain: &[CertificateDer<'_>], protocol: &str) -> Option<Certificate> {
    let (_, first) = X509Certificate::from_der(chain.first()?).ok()?;
    let ends = chain.iter().take(CHAIN).filter_map(|one| {
        let (_, one) = X509Certificate::from_der(one).ok()?;
        Timestamp::from_second(one.validity().not_after.timestamp()).ok()
    });
    let names = first.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|names| &names.value.general_names).filter_map(name);
    Some(Certificate {
        subject: first.subject().to_string(),
        issuer: first.issuer().to_string(),
        names: names.take(Certificate::NAMES).collect(),
        not_before: Timestamp::from_second(first.validity().not_before.timestamp()).ok()?,
        not_after: Timestamp::from_second(first.validity().not_after.timestamp()).ok()?,
        chain_ends: ends.min()?,
        protocol: protocol.to_owned(),
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::DNSName(name) = name {
        return Some((*name).to_owned());
    }
    let GeneralName::IPAddress(bytes) = name else { return None };
    let v4 = <[u8; 4]>::try_from(*bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
    let v6 = <[u8; 16]>::try_from(*bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
    v4.or(v6).ok()
}
