//! One module asked about one target, as it comes to be a check.

use std::{collections::BTreeMap, fmt};

use checks::{CheckKind, IpVersion, TlsOptions};

use super::config::{Text, Tls};
use crate::imported::{Note, Severity, secret_name};

/// What a module asks of a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The check. Credentials in it are references to `secrets`.
    pub kind: CheckKind,
    /// The host that is asked first.
    pub host: String,
    /// Which of its addresses blackbox_exporter takes.
    pub prefers: Preference,
    /// What is not the same here, by its place in the file.
    pub differences: Vec<Note>,
    /// Where the values of the secrets are.
    pub secrets: BTreeMap<String, Credential>,
}

/// Which of a name's addresses is asked: blackbox_exporter chooses one before it connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preference {
    /// True for IPv6 first.
    pub v6: bool,
    /// Whether the other version is taken where the name has no address of the first.
    pub falls_back: bool,
}

/// Where a credential is. Nothing prints its value.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// In the configuration.
    Value(String),
    /// In a file, without the white space around it.
    File(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(<secret>)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

impl Preference {
    pub(super) fn of(preferred: &Text, falls_back: bool) -> Self {
        // Whatever isn't ip6 or empty is ip4 there.
        Self { v6: matches!(preferred.0.as_str(), "ip6" | ""), falls_back }
    }

    /// As a check has it, which goes to whichever answers first if either will do.
    pub(super) fn version(self) -> IpVersion {
        match (self.falls_back, self.v6) {
            (true, _) => IpVersion::Any,
            (false, true) => IpVersion::V6,
            (false, false) => IpVersion::V4,
        }
    }
}

/// What is gathered while a question is made.
pub(super) struct Asker<'a> {
    module: &'a str,
    /// `modules.http_2xx.http`.
    place: String,
    /// What is in the files that the module names, as far as they were read.
    files: &'a BTreeMap<String, String>,
    pub(super) notes: Vec<Note>,
    pub(super) secrets: BTreeMap<String, Credential>,
}

impl<'a> Asker<'a> {
    pub(super) fn new(module: &'a str, prober: &str, files: &'a BTreeMap<String, String>) -> Self {
        let place = format!("modules.{module}.{prober}");
        Self { module, place, files, notes: Vec::new(), secrets: BTreeMap::new() }
    }

    fn note(&mut self, severity: Severity, key: &str, what: impl Into<String>, why: impl Into<String>) {
        let place = if key.is_empty() { self.place.clone() } else { format!("{}.{key}", self.place) };
        self.notes.push(Note { check: None, place, what: what.into(), why: why.into(), severity });
    }

    pub(super) fn lost(&mut self, key: &str, what: impl Into<String>, why: impl Into<String>) {
        self.note(Severity::Lost, key, what, why);
    }

    pub(super) fn changed(&mut self, key: &str, what: impl Into<String>, why: impl Into<String>) {
        self.note(Severity::Changed, key, what, why);
    }

    pub(super) fn info(&mut self, key: &str, what: impl Into<String>, why: impl Into<String>) {
        self.note(Severity::Info, key, what, why);
    }

    /// A reference to a secret of the module.
    pub(super) fn secret(&mut self, name: &str, credential: Credential) -> String {
        let name = secret_name(&format!("{}_{name}", self.module));
        let reference = format!("${{secret.{name}}}");
        self.secrets.insert(name, credential);
        reference
    }

    /// A reference to what is written here or stands in a file; none if neither is given.
    pub(super) fn secret_of(&mut self, name: &str, written: &Text, file: &Text) -> Option<String> {
        let credential = match (written.given(), file.given()) {
            (Some(value), _) => Credential::Value(value.to_owned()),
            (None, Some(path)) => Credential::File(path.to_owned()),
            (None, None) => return None,
        };
        Some(self.secret(name, credential))
    }

    /// What is asked of TLS.
    pub(super) fn tls(&mut self, tls: &Tls) -> TlsOptions {
        let given = |texts: [&Text; 4]| texts.into_iter().any(|text| text.given().is_some());
        if given([&tls.cert, &tls.cert_file, &tls.key, &tls.key_file]) {
            let why = "probes have no certificate of their own for a server";
            self.lost("tls_config.cert_file", "the client's certificate", why);
        }
        if matches!(tls.min_version.given(), Some("TLS10" | "TLS11")) {
            self.info("tls_config.min_version", tls.min_version.0.clone(), "1.2 is the lowest version of TLS here");
        }
        if tls.max_version.given().is_some_and(|most| most != "TLS13") {
            let why = "the newest version that both know is spoken here";
            self.lost("tls_config.max_version", tls.max_version.0.clone(), why);
        }
        let from_file = tls.ca_file.given().map(|path| (path, self.files.get(path)));
        let ca = match (tls.ca.given(), from_file) {
            (Some(pem), _) => Some(pem.to_owned()),
            (None, Some((_, Some(pem)))) => Some(pem.clone()),
            (None, Some((path, None))) if tls.insecure_skip_verify => {
                self.info("tls_config.ca_file", path, "any certificate is taken, so that it is not needed");
                None
            }
            (None, Some((path, None))) => {
                let why = "the file is not read; write its certificates into tls.ca, or the check fails";
                self.lost("tls_config.ca_file", path, why);
                None
            }
            (None, None) => None,
        };
        TlsOptions { insecure: tls.insecure_skip_verify, server_name: tls.server_name.given().map(str::to_owned), ca }
    }

    pub(super) fn source_address(&mut self, address: &Text) {
        if let Some(address) = address.given() {
            self.lost("source_ip_address", address, "probes ask from the address that the machine chooses");
        }
    }

    pub(super) fn addresses(&mut self, prefers: Preference) {
        if prefers.falls_back {
            let which = if prefers.v6 { "ip6" } else { "ip4" };
            let why =
                "addresses of both versions are tried, the next beside one that is slow; one address is asked there";
            self.info("preferred_ip_protocol", which, why);
        }
    }
}

/// A host out of `host:port`, `[v6]:port` or a bare host, and the port if there is one.
pub(super) fn host_and_port(target: &str) -> (&str, Option<&str>) {
    let bare = |host: &'_ str| -> bool { host.contains(':') && !host.starts_with('[') };
    match target.rsplit_once(':') {
        Some((host, port)) if !bare(host) && port.parse::<u16>().is_ok() => (host, Some(port)),
        Some(_) | None => (target, None),
    }
}

/// An address as it stands before a port.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}
