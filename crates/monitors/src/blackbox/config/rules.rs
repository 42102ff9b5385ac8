//! What blackbox_exporter refuses.

use serde::Deserialize as _;
use serde_json::Value;

use super::{Authorization, BasicAuth, Dns, Http, Module, OAuth2, Text};

/// The types and classes that a question may have there (miekg/dns' tables, those in use).
const CLASSES: [&str; 6] = ["IN", "CS", "CH", "HS", "NONE", "ANY"];
const TYPES: [&str; 46] = [
    "A",
    "AAAA",
    "AFSDB",
    "ANY",
    "APL",
    "AXFR",
    "CAA",
    "CDNSKEY",
    "CDS",
    "CERT",
    "CNAME",
    "CSYNC",
    "DHCID",
    "DLV",
    "DNAME",
    "DNSKEY",
    "DS",
    "EUI48",
    "EUI64",
    "HINFO",
    "HIP",
    "HTTPS",
    "IXFR",
    "KEY",
    "KX",
    "LOC",
    "MB",
    "MG",
    "MINFO",
    "MR",
    "MX",
    "NAPTR",
    "NS",
    "NSEC",
    "NSEC3",
    "NSEC3PARAM",
    "OPENPGPKEY",
    "PTR",
    "RP",
    "RRSIG",
    "SOA",
    "SPF",
    "SRV",
    "SVCB",
    "TLSA",
    "TXT",
];
const PROBERS: [&str; 7] = ["http", "tcp", "icmp", "dns", "grpc", "unix", "websocket"];

impl Module {
    /// Reads one module.
    ///
    /// # Errors
    /// Why blackbox_exporter refuses it.
    pub(in crate::blackbox) fn read(value: &Value) -> Result<Self, String> {
        let module = Self::deserialize(value).map_err(|error| error.to_string())?;
        module.validate(value)?;
        Ok(module)
    }

    fn validate(&self, value: &Value) -> Result<(), String> {
        if !PROBERS.contains(&self.prober.0.as_str()) {
            return Err(format!("prober \"{}\" is not valid", self.prober.0));
        }
        self.http.validate()?;
        for part in [&self.tcp.query_response, &self.unix.query_response, &self.websocket.query_response] {
            if part.iter().any(|one| one.expect.is_some() && one.expect_bytes.given().is_some()) {
                return Err("expect and expect_bytes exclude each other".to_owned());
            }
        }
        if value.get("dns").is_some_and(Value::is_object) {
            self.dns.validate()?;
        }
        if !(0..=255).contains(&self.icmp.ttl) {
            return Err("ttl must be from 0 to 255".to_owned());
        }
        let socket = &self.websocket.http_config;
        let basic = socket.basic_auth.as_ref();
        authorised(
            basic,
            socket.authorization.as_ref(),
            socket.oauth2.as_ref(),
            [&socket.bearer_token, &socket.bearer_token_file],
        )
    }
}

impl Http {
    fn validate(&self) -> Result<(), String> {
        let tokens = [&self.bearer_token, &self.bearer_token_file];
        authorised(self.basic_auth.as_ref(), self.authorization.as_ref(), self.oauth2.as_ref(), tokens)?;
        if self.body.given().is_some() && self.body_file.given().is_some() {
            return Err("body and body_file exclude each other".to_owned());
        }
        for matching in self.fail_if_header_matches.iter().chain(&self.fail_if_header_not_matches) {
            if matching.header.given().is_none() || matching.regexp.written.is_empty() {
                return Err("a header match has a header and a regexp".to_owned());
            }
        }
        for (name, value) in &self.headers {
            if name.eq_ignore_ascii_case("accept-encoding") && !accepts(&value.0, &self.compression.0) {
                return Err(format!("{name}: {} does not accept compression: {}", value.0, self.compression.0));
            }
        }
        let has = |version: &str| self.valid_http_versions.iter().any(|valid| valid.0 == version);
        match self.enable_http3 {
            false if has("HTTP/3.0") => Err("HTTP/3.0 is no valid version without enable_http3".to_owned()),
            true if has("HTTP/2.0") || has("HTTP/1.1") => Err("with enable_http3, only HTTP/3.0 is valid".to_owned()),
            true if self.enable_http2.0 => Err("with enable_http3, enable_http2 must be false".to_owned()),
            true | false => Ok(()),
        }
    }

    /// Whether redirects are followed.
    pub(in crate::blackbox) fn follows(&self) -> bool {
        self.no_follow_redirects.map_or(self.follow_redirects.0, |stays| !stays)
    }
}

impl Dns {
    fn validate(&self) -> Result<(), String> {
        if self.query_name.given().is_none() {
            return Err("query_name is missing".to_owned());
        }
        let known = |text: &Text, known: &[&str]| text.given().is_none_or(|text| known.contains(&text));
        if !known(&self.query_class, &CLASSES) {
            return Err(format!("query_class \"{}\" is not valid", self.query_class.0));
        }
        if !known(&self.query_type, &TYPES) {
            return Err(format!("query_type \"{}\" is not valid", self.query_type.0));
        }
        Ok(())
    }
}

/// Prometheus' rules on credentials (`HTTPClientConfig.Validate`).
fn authorised(
    basic: Option<&BasicAuth>,
    authorization: Option<&Authorization>,
    oauth: Option<&OAuth2>,
    [token, token_file]: [&Text; 2],
) -> Result<(), String> {
    let excludes = |one: &str, other: &str| Err(format!("{one} and {other} exclude each other"));
    if token.given().is_some() && token_file.given().is_some() {
        return excludes("bearer_token", "bearer_token_file");
    }
    let ways = [
        basic.map(|_| "basic_auth"),
        authorization.map(|_| "authorization"),
        oauth.map(|_| "oauth2"),
        token.given().or(token_file.given()).map(|_| "bearer_token"),
    ];
    if let [one, other, ..] = ways.into_iter().flatten().collect::<Vec<_>>().as_slice() {
        return excludes(one, other);
    }
    if let Some(basic) = basic {
        if basic.username.given().is_some() && basic.username_file.given().is_some() {
            return excludes("username", "username_file");
        }
        if basic.password.given().is_some() && basic.password_file.given().is_some() {
            return excludes("password", "password_file");
        }
    }
    if let Some(authorization) = authorization {
        if authorization.credentials.given().is_some() && authorization.credentials_file.given().is_some() {
            return excludes("credentials", "credentials_file");
        }
        if authorization.scheme.0.eq_ignore_ascii_case("basic") {
            return Err("authorization can't be of type basic: use basic_auth".to_owned());
        }
    }
    if let Some(oauth) = oauth {
        if oauth.client_id.given().is_none() || oauth.token_url.given().is_none() {
            return Err("oauth2 has a client_id and a token_url".to_owned());
        }
        if oauth.client_secret.given().is_some() && oauth.client_secret_file.given().is_some() {
            return excludes("client_secret", "client_secret_file");
        }
    }
    Ok(())
}

/// Whether a value of Accept-Encoding lets this compression through.
fn accepts(accepted: &str, compression: &str) -> bool {
    if compression.is_empty() || accepted.is_empty() {
        return true;
    }
    let mut encodings: Vec<(&str, f32)> = accepted
        .split(',')
        .map(|part| match part.rsplit_once(';') {
            Some((encoding, quality)) => {
                let quality = quality.trim().trim_start_matches("q=").parse().unwrap_or(0.0);
                (encoding.trim(), quality)
            }
            None => (part.trim(), 1.0),
        })
        .collect();
    encodings.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let found = encodings.into_iter().find(|(encoding, _)| *encoding == compression || *encoding == "*");
    found.is_some_and(|(_, quality)| quality > 0.0)
}
