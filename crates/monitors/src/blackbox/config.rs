//! `blackbox.yml` as blackbox_exporter reads it: its fields, its defaults, and what it refuses.
//!
//! An unknown field is refused, as it is there: it may be what the check is about.

mod rules;
mod scalars;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub(super) use scalars::{Bytes, Pattern, Text, Time, Yes};

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

fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
