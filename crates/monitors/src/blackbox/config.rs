//! `blackbox.yml` as blackbox_exporter reads it: its fields, its defaults, and what it refuses.
//!
//! An unknown field is refused, as it is there: it may be what the check is about.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use super::regexp;
use crate::{document::as_text, text};

/// How the bytes that a text can't hold are marked: blackbox_exporter sends them as they are.
pub(super) const BYTES_MARK: char = '\u{1}';

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Module {
    pub(super) prober: Text,
    pub(super) timeout: Time,
    #[serde(deserialize_with = "or_default")]
    pub(super) http: Http,
    #[serde(deserialize_with = "or_default")]
    pub(super) tcp: Tcp,
    #[serde(deserialize_with = "or_default")]
    pub(super) icmp: Icmp,
    #[serde(deserialize_with = "or_default")]
    pub(super) dns: Dns,
    #[serde(deserialize_with = "or_default")]
    pub(super) grpc: Grpc,
    #[serde(deserialize_with = "or_default")]
    pub(super) unix: Tcp,
    #[serde(deserialize_with = "or_default")]
    pub(super) websocket: WebSocket,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Http {
    #[serde(deserialize_with = "or_default")]
    pub(super) valid_status_codes: Vec<u16>,
    #[serde(deserialize_with = "or_default")]
    pub(super) valid_http_versions: Vec<Text>,
    pub(super) preferred_ip_protocol: Text,
    pub(super) ip_protocol_fallback: Yes,
    pub(super) skip_resolve_phase_with_proxy: bool,
    pub(super) no_follow_redirects: Option<bool>,
    pub(super) fail_if_ssl: bool,
    pub(super) fail_if_not_ssl: bool,
    pub(super) method: Text,
    #[serde(deserialize_with = "or_default")]
    pub(super) headers: BTreeMap<String, Text>,
    #[serde(deserialize_with = "or_default")]
    pub(super) fail_if_body_matches_regexp: Vec<Pattern>,
    #[serde(deserialize_with = "or_default")]
    pub(super) fail_if_body_not_matches_regexp: Vec<Pattern>,
    pub(super) fail_if_body_json_matches_cel: Option<Text>,
    pub(super) fail_if_body_json_not_matches_cel: Option<Text>,
    #[serde(deserialize_with = "or_default")]
    pub(super) fail_if_header_matches: Vec<HeaderMatch>,
    #[serde(deserialize_with = "or_default")]
    pub(super) fail_if_header_not_matches: Vec<HeaderMatch>,
    pub(super) body: Text,
    pub(super) body_file: Text,
    pub(super) compression: Text,
    pub(super) body_size_limit: Bytes,
    pub(super) enable_http3: bool,
    // What follows is Prometheus' `http_client_config`, inline.
    pub(super) basic_auth: Option<BasicAuth>,
    pub(super) authorization: Option<Authorization>,
    pub(super) oauth2: Option<OAuth2>,
    pub(super) bearer_token: Text,
    pub(super) bearer_token_file: Text,
    #[serde(deserialize_with = "or_default")]
    pub(super) tls_config: Tls,
    pub(super) follow_redirects: Yes,
    pub(super) enable_http2: Yes,
    #[serde(deserialize_with = "or_default")]
    pub(super) http_headers: BTreeMap<String, HeaderValues>,
    pub(super) proxy_url: Text,
    pub(super) no_proxy: Text,
    pub(super) proxy_from_environment: bool,
    #[serde(deserialize_with = "or_default")]
    pub(super) proxy_connect_header: BTreeMap<String, Value>,
}

/// What a WebSocket's handshake is made with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Client {
    pub(super) basic_auth: Option<BasicAuth>,
    pub(super) authorization: Option<Authorization>,
    pub(super) oauth2: Option<OAuth2>,
    pub(super) bearer_token: Text,
    pub(super) bearer_token_file: Text,
    #[serde(deserialize_with = "or_default")]
    pub(super) tls_config: Tls,
    // A handshake follows no redirect, and is HTTP/1.1.
    #[serde(rename = "follow_redirects")]
    pub(super) _follow_redirects: Yes,
    #[serde(rename = "enable_http2")]
    pub(super) _enable_http2: Yes,
    #[serde(deserialize_with = "or_default")]
    pub(super) http_headers: BTreeMap<String, HeaderValues>,
    pub(super) proxy_url: Text,
    #[serde(rename = "no_proxy")]
    pub(super) _no_proxy: Text,
    pub(super) proxy_from_environment: bool,
    #[serde(rename = "proxy_connect_header", deserialize_with = "or_default")]
    pub(super) _proxy_connect_header: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BasicAuth {
    pub(super) username: Text,
    pub(super) username_file: Text,
    pub(super) password: Text,
    pub(super) password_file: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Authorization {
    #[serde(rename = "type")]
    pub(super) scheme: Text,
    pub(super) credentials: Text,
    pub(super) credentials_file: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OAuth2 {
    pub(super) client_id: Text,
    pub(super) client_secret: Text,
    pub(super) client_secret_file: Text,
    #[serde(deserialize_with = "or_default")]
    pub(super) scopes: Vec<Text>,
    pub(super) token_url: Text,
    #[serde(deserialize_with = "or_default")]
    pub(super) endpoint_params: BTreeMap<String, Text>,
    #[serde(deserialize_with = "or_default")]
    pub(super) tls_config: Tls,
    pub(super) proxy_url: Text,
    #[serde(rename = "no_proxy")]
    pub(super) _no_proxy: Text,
    pub(super) proxy_from_environment: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tls {
    pub(super) insecure_skip_verify: bool,
    pub(super) ca: Text,
    pub(super) ca_file: Text,
    pub(super) cert: Text,
    pub(super) cert_file: Text,
    pub(super) key: Text,
    pub(super) key_file: Text,
    pub(super) server_name: Text,
    pub(super) min_version: Text,
    pub(super) max_version: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HeaderValues {
    #[serde(deserialize_with = "or_default")]
    pub(super) values: Vec<Text>,
    #[serde(deserialize_with = "or_default")]
    pub(super) secrets: Vec<Text>,
    #[serde(deserialize_with = "or_default")]
    pub(super) files: Vec<Text>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderMatch {
    pub(super) header: Text,
    pub(super) regexp: Pattern,
    #[serde(default)]
    pub(super) allow_missing: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tcp {
    pub(super) preferred_ip_protocol: Text,
    pub(super) ip_protocol_fallback: Yes,
    pub(super) source_ip_address: Text,
    #[serde(deserialize_with = "or_default")]
    pub(super) query_response: Vec<QueryResponse>,
    pub(super) tls: bool,
    #[serde(deserialize_with = "or_default")]
    pub(super) tls_config: Tls,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct QueryResponse {
    pub(super) expect: Option<Pattern>,
    pub(super) expect_bytes: Text,
    #[serde(deserialize_with = "or_default")]
    pub(super) labels: Vec<Label>,
    pub(super) send: Text,
    pub(super) starttls: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Label {
    pub(super) name: Text,
    pub(super) value: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Icmp {
    pub(super) preferred_ip_protocol: Text,
    pub(super) ip_protocol_fallback: Yes,
    pub(super) source_ip_address: Text,
    pub(super) payload_size: u32,
    pub(super) dont_fragment: bool,
    pub(super) ttl: i64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Dns {
    pub(super) preferred_ip_protocol: Text,
    pub(super) ip_protocol_fallback: Yes,
    pub(super) dns_over_tls: bool,
    #[serde(rename = "tls_config", deserialize_with = "or_default")]
    pub(super) _tls_config: Tls,
    pub(super) source_ip_address: Text,
    pub(super) transport_protocol: Text,
    pub(super) query_class: Text,
    pub(super) query_name: Text,
    pub(super) query_type: Text,
    pub(super) recursion_desired: Yes,
    #[serde(deserialize_with = "or_default")]
    pub(super) valid_rcodes: Vec<Text>,
    #[serde(deserialize_with = "or_default")]
    pub(super) validate_answer_rrs: Records,
    #[serde(deserialize_with = "or_default")]
    pub(super) validate_authority_rrs: Records,
    #[serde(deserialize_with = "or_default")]
    pub(super) validate_additional_rrs: Records,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Records {
    #[serde(deserialize_with = "or_default")]
    pub(super) fail_if_matches_regexp: Vec<Text>,
    #[serde(deserialize_with = "or_default")]
    pub(super) fail_if_all_match_regexp: Vec<Text>,
    #[serde(deserialize_with = "or_default")]
    pub(super) fail_if_not_matches_regexp: Vec<Text>,
    #[serde(deserialize_with = "or_default")]
    pub(super) fail_if_none_matches_regexp: Vec<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Grpc {
    pub(super) service: Text,
    pub(super) tls: bool,
    #[serde(deserialize_with = "or_default")]
    pub(super) tls_config: Tls,
    pub(super) preferred_ip_protocol: Text,
    pub(super) ip_protocol_fallback: Yes,
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: BTreeMap<String, Vec<Text>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WebSocket {
    #[serde(deserialize_with = "or_default")]
    pub(super) http_config: Client,
    #[serde(deserialize_with = "or_default")]
    pub(super) headers: BTreeMap<String, Handshake>,
    #[serde(deserialize_with = "or_default")]
    pub(super) query_response: Vec<QueryResponse>,
    pub(super) preferred_ip_protocol: Text,
    pub(super) ip_protocol_fallback: Yes,
}

/// A header of a handshake: as the documentation writes it, or as the example does.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Handshake {
    Value(Text),
    Values(HeaderValues),
}

/// A text; a number or a truth value is one too, as Go's YAML has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl Text {
    /// The text, if it isn't empty.
    pub(super) fn given(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|text| !text.is_empty())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        if value.is_null() {
            return Ok(Self::default());
        }
        as_text(&value).map(Self).ok_or_else(|| D::Error::custom("a text is wanted"))
    }
}

/// A truth value that is true unless it is said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(super) struct Yes(pub(super) bool);

impl Default for Yes {
    fn default() -> Self {
        Self(true)
    }
}

/// A duration of Go, in milliseconds; 0 if there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Time(pub(super) u64);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Text(written) = Text::deserialize(from)?;
        if written.is_empty() || written == "0" {
            return Ok(Self::default());
        }
        let ms = text::duration_ms(&written);
        ms.map(Self).ok_or_else(|| D::Error::custom(format!("\"{written}\" is no duration, such as 5s")))
    }
}

/// A size as `units.Base2Bytes` reads it: `1MB` and `1MiB` are both 2^20. 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Text(written) = Text::deserialize(from)?;
        let digits = written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len());
        let (number, unit) = written.split_at_checked(digits).unwrap_or((&written, ""));
        let power = match unit {
            "" | "B" => 0,
            "KB" | "KiB" => 10,
            "MB" | "MiB" => 20,
            "GB" | "GiB" => 30,
            "TB" | "TiB" => 40,
            _ => return Err(D::Error::custom(format!("\"{written}\" is no size, such as 10MB"))),
        };
        let number: u64 = if number.is_empty() { Ok(0) } else { number.parse() }
            .map_err(|_| D::Error::custom(format!("\"{written}\" is no size, such as 10MB")))?;
        Ok(Self(number.saturating_mul(1 << power)))
    }
}

/// A regular expression of Go, as it was written and as it is said here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) written: String,
    pub(super) here: String,
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Text(written) = Text::deserialize(from)?;
        let here = regexp::from_go(&written).map_err(|why| D::Error::custom(format!("\"{written}\" {why}")))?;
        Ok(Self { written, here })
    }
}

fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

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
    pub(super) fn read(value: &Value) -> Result<Self, String> {
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
    pub(super) fn follows(&self) -> bool {
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
