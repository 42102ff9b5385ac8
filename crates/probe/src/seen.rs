//! What a run saw of the last answer, for whoever makes more of it than a verdict.

use checks::{Certificate, Observed};
use x509_parser::{
    oid_registry::{
        OID_X509_COMMON_NAME, OID_X509_COUNTRY_NAME, OID_X509_LOCALITY_NAME, OID_X509_ORGANIZATION_NAME,
        OID_X509_ORGANIZATIONAL_UNIT, OID_X509_POSTAL_CODE, OID_X509_SERIALNUMBER, OID_X509_STATE_OR_PROVINCE_NAME,
        OID_X509_STREET_ADDRESS,
    },
    prelude::{FromDer as _, GeneralName, X509Certificate, X509Name},
};

use crate::trace::{Trace, in_words};

/// What a run saw of the last answer. Secrets may be in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The address that was connected to.
    pub address: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// The version of HTTP, such as `1.1` or `2`.
    pub http_version: Option<&'static str>,
    /// Header names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, or its beginning; what was said on a connection; a name server's records.
    pub body: Vec<u8>,
    /// The certificate that was shown. Its protocol is empty if the handshake failed.
    pub certificate: Option<Certificate>,
    /// The suite of ciphers that was agreed on, as rustls calls it.
    pub cipher: Option<String>,
    /// What a name server's answer has.
    pub sections: Option<Sections>,
    /// The chain of certificates, as they were shown (DER).
    pub chain: Vec<Vec<u8>>,
}

/// How many records the sections of a name server's answer have (RFC 1035, section 4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sections {
    /// The answer.
    pub answer: usize,
    /// The name servers that know more.
    pub authority: usize,
    /// What belongs to them.
    pub additional: usize,
    /// The zone's serial number, if it was asked for.
    pub serial: Option<u32>,
}

/// The first certificate of a chain, as Prometheus' users know it: names are written as RFC 2253 has them, serial numbers
/// and digests in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The SHA-256 of the certificate.
    pub fingerprint: String,
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The DNS names that it is for.
    pub names: Vec<String>,
    /// Its number.
    pub serial: String,
}

impl Seen {
    pub(crate) fn of(trace: Trace) -> Self {
        let certificate = trace.certificate();
        let Trace { address, head, body, cipher, sections, chain, .. } = trace;
        let cipher = cipher.and_then(|suite| suite.as_str()).map(str::to_owned);
        let chain = chain.iter().map(|one| one.as_ref().to_vec()).collect();
        let (status, http_version, headers) = match head {
            Some((status, version, headers)) => (Some(status.as_u16()), Some(in_words(version)), headers),
            None => (None, None, hyper::HeaderMap::new()),
        };
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect();
        Self { address, status, http_version, headers, body, certificate, cipher, sections, chain }
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The answer as assertions on its status, headers and body see it.
    #[must_use]
    pub fn observed(&self) -> Observed<'_> {
        Observed {
            status: self.status,
            headers: self.headers.clone(),
            body: self.body.as_slice().into(),
            body_size: self.body.len() as u64,
            ..Observed::default()
        }
    }

    /// The first certificate of the chain.
    #[must_use]
    pub fn leaf(&self) -> Option<Leaf> {
        let der = self.chain.first()?;
        let (_, first) = X509Certificate::from_der(der).ok()?;
        let alternative = first.subject_alternative_name().ok().flatten();
        let dns = |name: &GeneralName<'_>| {
            let GeneralName::DNSName(name) = name else { return None };
            Some((*name).to_owned())
        };
        let names = alternative.iter().flat_map(|names| &names.value.general_names).filter_map(dns);
        Some(Leaf {
            fingerprint: hex(ring::digest::digest(&ring::digest::SHA256, der).as_ref()),
            subject: rfc2253(first.subject()),
            issuer: rfc2253(first.issuer()),
            names: names.collect(),
            serial: hex(&first.tbs_certificate.serial.to_bytes_be()),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A name from its end to its beginning: `CN=shop.example,O=Shop`.
fn rfc2253(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|part| {
            let one = part.iter().map(|attribute| {
                let oid = attribute.attr_type();
                let known = [
                    (OID_X509_COMMON_NAME, "CN"),
                    (OID_X509_SERIALNUMBER, "SERIALNUMBER"),
                    (OID_X509_COUNTRY_NAME, "C"),
                    (OID_X509_LOCALITY_NAME, "L"),
                    (OID_X509_STATE_OR_PROVINCE_NAME, "ST"),
                    (OID_X509_STREET_ADDRESS, "STREET"),
                    (OID_X509_ORGANIZATION_NAME, "O"),
                    (OID_X509_ORGANIZATIONAL_UNIT, "OU"),
                    (OID_X509_POSTAL_CODE, "POSTALCODE"),
                ];
                let word = known.iter().find(|(known, _)| known == oid).map(|(_, word)| (*word).to_owned());
                let value = attribute.as_str().map_or_else(|_| format!("#{}", hex(attribute.as_slice())), escaped);
                format!("{}={value}", word.unwrap_or_else(|| oid.to_id_string()))
            });
            one.collect::<Vec<_>>().join("+")
        })
        .collect();
    parts.reverse();
    parts.join(",")
}

/// RFC 2253, section 2.4.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (index, c) in value.chars().enumerate() {
        let at_an_end = (c == ' ' && (index == 0 || index == last)) || (c == '#' && index == 0);
        if at_an_end || ",+\"\\<>;".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SerialNumber};

    use super::*;

    #[test]
    fn a_certificate_is_named_as_prometheus_users_know_it() {
        let key = KeyPair::generate().unwrap();
        let mut params =
            CertificateParams::new(vec!["shop.example".to_owned(), "www.shop.example".to_owned()]).unwrap();
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "PT");
        name.push(DnType::OrganizationName, "Shop, Inc.");
        name.push(DnType::CommonName, "shop.example");
        params.distinguished_name = name;
        params.serial_number = Some(SerialNumber::from(vec![0x0a, 0xff]));
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let digest = hex(ring::digest::digest(&ring::digest::SHA256, &der).as_ref());
        let leaf = Seen { chain: vec![der], ..Seen::default() }.leaf().unwrap();
        assert_eq!(leaf.subject, "CN=shop.example,O=Shop\\, Inc.,C=PT");
        assert_eq!((leaf.issuer, leaf.serial.as_str()), (leaf.subject, "0aff"));
        assert_eq!((leaf.names.join(","), leaf.fingerprint), ("shop.example,www.shop.example".to_owned(), digest));
    }
}
