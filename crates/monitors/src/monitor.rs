//! Whose a file is, by its content.

use serde_json::Value;

use crate::document::{FILE_BYTES_MAX, Unreadable, yaml};

/// A monitor whose configuration is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Monitor {
    /// Gatus.
    Gatus,
    /// blackbox_exporter, with Prometheus, which says whom it asks.
    Blackbox,
    /// Uptime Kuma.
    Kuma,
}

/// A file as a tree, whether it is JSON or YAML, within bounds.
///
/// # Errors
/// If it is too large, or neither.
pub fn tree(file: &str, bytes: &[u8]) -> Result<Value, Unreadable> {
    // JSON may write a character as two halves, which YAML doesn't know.
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if is_object
        && bytes.len() <= FILE_BYTES_MAX
        && let Ok(tree) = serde_json::from_slice(bytes)
    {
        return Ok(tree);
    }
    yaml(file, &crate::blackbox::with_marked_bytes(bytes))
}

impl Monitor {
    /// The fields by which a file is known.
    const KNOWN_BY: [(&str, Self); 7] = [
        ("monitorList", Self::Kuma),
        ("scrape_configs", Self::Blackbox),
        ("modules", Self::Blackbox),
        ("endpoints", Self::Gatus),
        ("services", Self::Gatus),
        ("suites", Self::Gatus),
        ("external-endpoints", Self::Gatus),
    ];

    /// Whose configuration these files are. A part of a configuration that could be anybody's goes with the others.
    ///
    /// # Errors
    /// If one can't be read, none is known, or they are of several monitors.
    pub fn of(files: &[(&str, &[u8])]) -> Result<Self, Unreadable> {
        let mut found: Option<(&str, Self)> = None;
        for (file, bytes) in files {
            let config = tree(file, bytes)?;
            let known =
                Self::KNOWN_BY.into_iter().find(|(key, _)| config.get(key).is_some_and(|value| !value.is_null()));
            match (found, known) {
                (_, None) => {}
                (None, Some((_, monitor))) => found = Some((file, monitor)),
                (Some((_, before)), Some((_, monitor))) if before == monitor => {}
                (Some((other, before)), Some((_, monitor))) => {
                    let (one, another) = (monitor.name(), before.name());
                    let why = format!("is of {one}, and {other} is of {another}: import one monitor at a time");
                    return Err(Unreadable::Other { file: (*file).to_owned(), why });
                }
            }
        }
        found.map(|(_, monitor)| monitor).ok_or_else(|| {
            let file = files.iter().map(|(file, _)| *file).collect::<Vec<_>>().join(", ");
            let why =
                "is of no monitor that is known here: Gatus' has endpoints, blackbox_exporter's has modules and goes \
                       with Prometheus' scrape_configs, Uptime Kuma's is kuma.db or a backup with a monitorList"
                    .to_owned();
            Unreadable::Other { file, why }
        })
    }

    /// The monitor's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gatus => "Gatus",
            Self::Blackbox => "blackbox_exporter",
            Self::Kuma => "Uptime Kuma",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], expected: Result<Monitor, &str>) {
        let files: Vec<(&str, &[u8])> = files.iter().map(|text| ("f", text.as_bytes())).collect();
        match (Monitor::of(&files), expected) {
            (Ok(monitor), Ok(expected)) => assert_eq!(monitor, expected),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn whose_a_file_is_is_known_by_its_content() {
        check(&["endpoints: [{name: a}]", "alerting: {}"], Ok(Monitor::Gatus));
        check(&["scrape_configs: []", "modules: {a: {prober: icmp}}"], Ok(Monitor::Blackbox));
        check(
            &["modules: {a: {prober: tcp, tcp: {query_response: [{send: !!binary AAAACATSFi8= }]}}}"],
            Ok(Monitor::Blackbox),
        );
        check(&[r#"{"monitorList": [{"name": "\ud83d\ude00"}]}"#], Ok(Monitor::Kuma));
        check(&["a: 1"], Err("of no monitor"));
        check(&["endpoints: []", "modules: {}"], Err("one monitor at a time"));
        check(&["["], Err("can't be read"));
    }
}
