//! blackbox_exporter's modules, and Prometheus' jobs that ask by them.
//!
//! A module says how to ask, a job says whom: the check is both. [`Blackbox`] reads the modules and refuses what
//! blackbox_exporter refuses; a [`Module`] makes a [`Question`] of a target; [`blackbox`] goes through the jobs.

mod config;
mod http;
mod network;
mod question;
mod regexp;
mod relabel;
mod scrape;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::Value;

pub use question::{Credential, Preference, Question};

use crate::{
    document::{Unreadable, yaml},
    imported::{Imported, Options},
};
use question::Asker;

/// So many modules are read.
const MODULES_MAX: usize = 10_000;

/// The modules of a `blackbox.yml`.
#[derive(Debug, Clone, Default)]
pub struct Blackbox {
    modules: BTreeMap<String, Module>,
}

/// How a target is asked.
#[derive(Debug, Clone)]
pub struct Module {
    name: String,
    config: config::Module,
}

/// What a module asks by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the probers' own")]
pub enum Prober {
    Http,
    Tcp,
    Icmp,
    Dns,
    Grpc,
    Unix,
    WebSocket,
}

impl Blackbox {
    /// Reads `blackbox.yml`.
    ///
    /// # Errors
    /// If it is too large, no YAML, or blackbox_exporter refuses it; with the place.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::of(file, &yaml(file, &with_marked_bytes(bytes))?)
    }

    fn of(file: &str, config: &Value) -> Result<Self, Unreadable> {
        let refused = |why: String| Unreadable::Other { file: file.to_owned(), why };
        let Some(fields) = config.as_object() else { return Err(refused("is no mapping".to_owned())) };
        if let Some(unknown) = fields.keys().find(|key| *key != "modules") {
            return Err(refused(format!("has an unknown field \"{unknown}\"; blackbox.yml has modules")));
        }
        let modules = fields.get("modules").and_then(Value::as_object).into_iter().flatten();
        let mut read = BTreeMap::new();
        for (name, value) in modules {
            if read.len() >= MODULES_MAX {
                return Err(refused(format!("has more than {MODULES_MAX} modules")));
            }
            let config = config::Module::read(value)
                .map_err(|why| refused(format!("is refused by blackbox_exporter too: modules.{name}: {why}")))?;
            read.insert(name.clone(), Module { name: name.clone(), config });
        }
        Ok(Self { modules: read })
    }

    /// The module of this name.
    #[must_use]
    pub fn module(&self, name: &str) -> Option<&Module> {
        self.modules.get(name)
    }

    /// All modules, by name.
    pub fn modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.values()
    }
}

impl Module {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it asks by.
    #[must_use]
    pub fn prober(&self) -> Prober {
        match self.config.prober.0.as_str() {
            "tcp" => Prober::Tcp,
            "icmp" => Prober::Icmp,
            "dns" => Prober::Dns,
            "grpc" => Prober::Grpc,
            "unix" => Prober::Unix,
            "websocket" => Prober::WebSocket,
            _ => Prober::Http,
        }
    }

    /// How long it waits, in milliseconds; none for as long as Prometheus does.
    #[must_use]
    pub fn timeout_ms(&self) -> Option<u64> {
        Some(self.config.timeout.0).filter(|ms| *ms > 0)
    }

    /// The files of certificates that it trusts. Their contents are handed to [`Module::question`].
    pub fn authorities(&self) -> impl Iterator<Item = &str> {
        let config = &self.config;
        let all = [
            &config.http.tls_config,
            &config.tcp.tls_config,
            &config.grpc.tls_config,
            &config.websocket.http_config.tls_config,
        ];
        all.into_iter().filter_map(|tls| tls.ca_file.given())
    }

    /// The check of this target. `hostname` is the parameter of that name, and `files` what is in the files of
    /// [`Module::authorities`], by their names.
    ///
    /// # Errors
    /// Why the target can't be asked so here.
    pub fn question(
        &self,
        target: &str,
        hostname: Option<&str>,
        files: &BTreeMap<String, String>,
    ) -> Result<Question, String> {
        let config = &self.config;
        let mut asker = Asker::new(&self.name, &config.prober.0, files);
        let (kind, host, prefers) = match self.prober() {
            Prober::Http => http::question(&config.http, target, hostname, &mut asker)?,
            Prober::Tcp => network::tcp(&config.tcp, target, hostname, &mut asker)?,
            Prober::Icmp => network::icmp(&config.icmp, target, &mut asker),
            Prober::Dns => network::dns(&config.dns, target, &mut asker)?,
            Prober::Grpc => network::grpc(&config.grpc, target, &mut asker),
            Prober::WebSocket => network::websocket(&config.websocket, target, &mut asker)?,
            Prober::Unix => return Err("sockets of a machine's own are not asked here".to_owned()),
        };
        Ok(Question { kind, host, prefers, differences: asker.notes, secrets: asker.secrets })
    }
}

/// Reads a `blackbox.yml` and the Prometheus configuration with the jobs that ask by its modules; in any order, and each
/// may be several files. What a file is is known by its content.
///
/// # Errors
/// If a file is too large, no YAML, or neither of the two, or if there are no modules, or no job.
pub fn blackbox(files: &[(&str, &[u8])], options: &Options) -> Result<Imported, Unreadable> {
    let mut modules = Blackbox::default();
    let mut prometheus = Vec::new();
    for (file, bytes) in files {
        let config = yaml(file, &with_marked_bytes(bytes))?;
        if config.get("modules").is_some() {
            modules.modules.extend(Blackbox::of(file, &config)?.modules);
        } else if config.get("scrape_configs").is_some() || config.get("global").is_some() {
            prometheus.push((*file, config));
        } else {
            let why = "has neither modules nor scrape_configs: it is no blackbox.yml and no prometheus.yml";
            return Err(Unreadable::Other { file: (*file).to_owned(), why: why.to_owned() });
        }
    }
    let all = || files.iter().map(|(file, _)| *file).collect::<Vec<_>>().join(", ");
    if modules.modules.is_empty() {
        let why = "has no modules; give the blackbox.yml too, which says how targets are asked".to_owned();
        return Err(Unreadable::Other { file: all(), why });
    }
    if prometheus.is_empty() {
        let why = "has modules and no targets; give the prometheus.yml too, whose scrape_configs name them".to_owned();
        return Err(Unreadable::Other { file: all(), why });
    }
    Ok(scrape::import(&modules, &prometheus, options))
}

/// The file with each `!!binary` that is no text marked: YAML can't hold it as a text, and what names it is noted.
pub(crate) fn with_marked_bytes(bytes: &[u8]) -> Vec<u8> {
    const TAG: &str = "!!binary ";
    let Ok(text) = str::from_utf8(bytes) else { return bytes.to_vec() };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(TAG) {
        out.push_str(before);
        let end =
            after.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '=')).unwrap_or(after.len());
        let (encoded, tail) = after.split_at_checked(end).unwrap_or((after, ""));
        let decoded = base64::engine::general_purpose::STANDARD.decode(encoded);
        if decoded.is_ok_and(|bytes| String::from_utf8(bytes).is_err()) {
            out.push_str(&format!("\"\\x{:02x}{encoded}\"", u32::from(config::BYTES_MARK)));
        } else {
            out.push_str(TAG);
            out.push_str(encoded);
        }
        rest = tail;
    }
    out.push_str(rest);
    out.into_bytes()
}
