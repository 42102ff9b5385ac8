//! Prometheus' text format, version 0.0.4. `prometheus-client` writes OpenMetrics, whose help texts end with a full
//! stop, and would not say the same as blackbox_exporter does.

use std::{collections::BTreeMap, fmt::Write as _};

/// The format's media type.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics, by name.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    families: BTreeMap<&'static str, Family>,
}

#[derive(Debug)]
struct Family {
    help: &'static str,
    sort: &'static str,
    samples: Vec<(String, f64)>,
}

impl Exposition {
    /// A gauge without labels; one that is set again is the last.
    pub(crate) fn gauge(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.families.insert(name, Family { help, sort: "gauge", samples: vec![(String::new(), value)] });
    }

    /// A counter without labels.
    pub(crate) fn counter(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.families.insert(name, Family { help, sort: "counter", samples: vec![(String::new(), value)] });
    }

    /// One more sample of a gauge with labels.
    pub(crate) fn labelled(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: f64) {
        let family = self.families.entry(name).or_insert_with(|| Family { help, sort: "gauge", samples: Vec::new() });
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        family.samples.push((format!("{{{}}}", labels.join(",")), value));
    }

    /// The text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (name, Family { help, sort, samples }) in &self.families {
            // Writing into a text can't fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {sort}");
            let mut samples: Vec<&(String, f64)> = samples.iter().collect();
            samples.sort_by(|(one, _), (other, _)| one.cmp(other));
            for (labels, value) in samples {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        }
        text
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_written_by_name_and_labels_are_escaped() {
        let mut exposition = Exposition::default();
        exposition.labelled("b", "Two", &[("phase", "tls")], 0.5);
        exposition.labelled("b", "Two", &[("phase", "a\"\\\n")], 2.0);
        exposition.gauge("a", "One", 1.0);
        assert_eq!(
            exposition.text(),
            "# HELP a One\n# TYPE a gauge\na 1\n# HELP b Two\n# TYPE b gauge\nb{phase=\"a\\\"\\\\\\n\"} 2\nb{phase=\"tls\"} 0.5\n"
        );
    }
}
