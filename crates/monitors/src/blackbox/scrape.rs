//! Prometheus' jobs that ask blackbox_exporter: whose targets, by which module, how often.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Blackbox, Question,
    relabel::{Labels, Rule},
};
use crate::{
    document::{as_text, entries_of, list_of, text_of},
    imported::{Draft, Import, Imported, Note, Options, Severity},
    text,
};

/// Prometheus' defaults.
const INTERVAL_MS: u64 = 60_000;
const TIMEOUT_MS: u64 = 10_000;
/// What blackbox_exporter leaves for the answer itself.
const TIMEOUT_OFFSET_MS: u64 = 500;
/// The module if a job names none.
const MODULE: &str = "http_2xx";
/// A job has at most so many rules.
const RULES_MAX: usize = 500;
/// How often a run fails before somebody is told is said by Prometheus' rules, which aren't read.
const FAILURES: u32 = 2;

pub(super) fn import(modules: &Blackbox, files: &[(&str, Value)], options: &Options) -> Imported {
    let mut import = Import::new(options);
    let mut used = BTreeSet::new();
    let why = "the rules on probe_success are not read: a check is down after two failing runs, and its owner is told";
    import.info("rule_files", "alerts", why);
    for (_, config) in files {
        if !list_of(config, "scrape_config_files").is_empty() {
            import.lost("scrape_config_files", "further files", "give them too");
        }
        let times = Times::of(config.get("global").unwrap_or(&Value::Null), Times::DEFAULT);
        for (index, job) in list_of(config, "scrape_configs").iter().enumerate() {
            let place = format!("scrape_configs[{index}]");
            import.begin();
            read(job, &place, times, modules, &mut used, &mut import);
        }
    }
    for module in modules.modules().filter(|module| !used.contains(module.name())) {
        let why = "no job asks a target by it";
        import.begin();
        import.info(&format!("modules.{}", module.name()), module.name(), why);
    }
    import.done()
}

#[derive(Clone, Copy)]
struct Times {
    interval_ms: u64,
    timeout_ms: u64,
}

impl Times {
    const DEFAULT: Self = Self { interval_ms: INTERVAL_MS, timeout_ms: TIMEOUT_MS };

    /// What is said there, else what holds otherwise. No scrape may take longer than its interval.
    fn of(config: &Value, otherwise: Self) -> Self {
        let time = |key| text_of(config, key).and_then(|text| text::duration_ms(&text)).filter(|ms| *ms > 0);
        let interval_ms = time("scrape_interval").unwrap_or(otherwise.interval_ms);
        Self { interval_ms, timeout_ms: time("scrape_timeout").unwrap_or(otherwise.timeout_ms).min(interval_ms) }
    }
}

/// What all targets of a job share.
struct Job {
    name: String,
    labels: Labels,
    rules: Vec<Rule>,
    times: Times,
}

fn read(
    job: &Value,
    place: &str,
    times: Times,
    modules: &Blackbox,
    used: &mut BTreeSet<String>,
    import: &mut Import<'_>,
) {
    let name = text_of(job, "job_name").unwrap_or_else(|| place.to_owned());
    let rules = list_of(job, "relabel_configs");
    let names_a_target =
        rules.iter().any(|rule| text_of(rule, "target_label").is_some_and(|of| of == "__param_target"));
    let params = |key: &str| job.get("params").map_or(&[][..], |params| list_of(params, key));
    if !names_a_target && params("target").is_empty() {
        return import.info(place, name, "it asks no blackbox_exporter");
    }
    for key in job.as_object().into_iter().flat_map(|job| job.keys()) {
        if key.ends_with("_sd_configs") {
            let why = "targets that are found while Prometheus runs can't be known here; declare their checks";
            import.lost(&format!("{place}.{key}"), name.clone(), why);
        }
    }
    let mut followed = Vec::new();
    for (index, rule) in rules.iter().take(RULES_MAX).enumerate() {
        match Rule::read(rule) {
            Ok(rule) => followed.push(rule),
            Err(why) => {
                let place = format!("{place}.relabel_configs[{index}]");
                return import.lost(&place, name, format!("{why}; the job was left out"));
            }
        }
    }
    if rules.len() > RULES_MAX {
        return import.lost(place, name, format!("it has more than {RULES_MAX} rules; the job was left out"));
    }
    if !list_of(job, "metric_relabel_configs").is_empty() {
        import.info(&format!("{place}.metric_relabel_configs"), name.clone(), "a check has no metrics to relabel");
    }
    let mut labels = Labels::from([("job".to_owned(), name.clone())]);
    for (key, values) in entries_of(job, "params") {
        let first = values.as_array().and_then(|values| values.first()).and_then(as_text);
        labels.extend(first.map(|first| (format!("__param_{key}"), first)));
        if values.as_array().is_some_and(|values| values.len() > 1) {
            let why = "blackbox_exporter looks at the first alone";
            import.info(&format!("{place}.params.{key}"), "several values", why);
        }
    }
    let times = Times::of(job, times);
    let of_job = Job { name, labels, rules: followed, times };
    // What was noted so far is on the job, and on none of its checks.
    import.begin();
    for (index, group) in list_of(job, "static_configs").iter().enumerate() {
        for (number, target) in list_of(group, "targets").iter().enumerate() {
            let place = format!("{place}.static_configs[{index}].targets[{number}]");
            if !import.has_room(&place) {
                return;
            }
            import.begin();
            let Some(target) = as_text(target) else { continue };
            let mut labels = of_job.labels.clone();
            let of_group = entries_of(group, "labels").filter_map(|(key, value)| Some((key.clone(), as_text(value)?)));
            labels.extend(of_group);
            labels.insert("__address__".to_owned(), target);
            ask(&of_job, labels, &place, modules, used, import);
        }
    }
}

/// One target of a job, after the job's rules.
fn ask(
    job: &Job,
    mut labels: Labels,
    place: &str,
    modules: &Blackbox,
    used: &mut BTreeSet<String>,
    import: &mut Import<'_>,
) {
    if !job.rules.iter().all(|rule| rule.follow(&mut labels)) {
        let what = labels.get("__address__").cloned().unwrap_or_default();
        return import.info(place, shown(&what), "the job's rules drop this target");
    }
    let of = |name: &str| labels.get(name).filter(|value| !value.is_empty());
    let Some(target) = of("__param_target") else {
        return import.lost(place, job.name.clone(), "the job's rules leave no target to ask; it was left out");
    };
    let name = of("__param_module").map_or(MODULE, String::as_str);
    let Some(module) = modules.module(name) else {
        let why = format!("there is no module \"{name}\" in the blackbox.yml; the target was left out");
        return import.lost(place, shown(target), why);
    };
    let is_first = used.insert(name.to_owned());
    let hostname = of("__param_hostname").map(String::as_str);
    let Question { kind, differences, secrets, .. } = match module.question(target, hostname, &BTreeMap::new()) {
        Ok(question) => question,
        Err(why) => return import.lost(place, shown(target), format!("module {name}: {why}; the target was left out")),
    };
    let (informing, telling): (Vec<Note>, Vec<Note>) =
        differences.into_iter().partition(|note| note.severity == Severity::Info);
    if is_first {
        // What is as good as the same is said once, of the module.
        informing.into_iter().for_each(|note| import.info(&note.place, note.what, note.why));
        import.begin();
    }
    if !secrets.is_empty() {
        let names = secrets.keys().cloned().collect::<Vec<_>>().join(", ");
        import.note(Severity::Changed, place, names, "credentials are not written down; set the secrets");
    }
    secrets.keys().for_each(|name| drop(import.secret(name)));
    for note in telling {
        import.note(note.severity, &note.place, note.what, note.why);
    }
    // What is not said by the scrape is said by the module, and blackbox_exporter keeps a little for its answer.
    let scrape_ms = job.times.timeout_ms.saturating_sub(TIMEOUT_OFFSET_MS).max(1);
    let timeout_ms = module.timeout_ms().map_or(scrape_ms, |ms| ms.min(scrape_ms));
    let title = of("instance").map_or_else(|| shown(target), |instance| shown(instance));
    let kept = |name: &str| !name.starts_with("__") && !matches!(name, "job" | "instance");
    let draft = Draft {
        title,
        group: of("job").cloned(),
        kind,
        interval_ms: job.times.interval_ms,
        timeout_ms: Some(timeout_ms),
        failures_to_down: FAILURES,
        successes_to_up: FAILURES,
        maintenance: Vec::new(),
        labels: labels
            .iter()
            .filter(|(name, _)| kept(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    };
    import.add(place, draft);
}

/// A target as it may be shown: without a user, a password, or a query, which may have a credential in it.
fn shown(target: &str) -> String {
    let address = text::without_user(target).0;
    address.split(['?', '#']).next().unwrap_or_default().to_owned()
}
