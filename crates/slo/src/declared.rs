//! Reads OpenSLO v1 documents, as the catalog hands them in.
//!
//! The specification is followed by the letter, with the bounds that it leaves to implementations. What it leaves open
//! (`metricSource.spec`, `connectionDetails`) is read as far as it means something here. Annotations of our own say what
//! OpenSLO has no word for.

mod alerts;
mod indicator;

use jiff::civil::DateTime;
use kernel::EntityRef;
use serde_json::Value;
use spec::{Fields, Problems, SpecProblem, Wrong, read};

use crate::{Consequences, Document, Link, Objective, Op, Service, Shorthand, SliceRule, Slo, Window};

/// The kinds, as references spell them.
pub const KINDS: [&str; 7] =
    ["slo", "service", "sli", "datasource", "alertpolicy", "alertcondition", "alertnotificationtarget"];
/// The annotation of an SLO or a Service that names the entity that it is about.
pub const ENTITY: &str = "mainstay.dev/entity";
/// The annotation of an SLO: with fewer events in an alert's long window nobody is told.
pub const MINIMUM_EVENTS: &str = "mainstay.dev/minimum-events";

/// The annotation of an SLO: what happens when a budget is gone, some of `pause-ramps` and `refuse-deployments`.
pub const WHEN_EXHAUSTED: &str = "mainstay.dev/when-exhausted";
/// The annotation of an SLO: in which environments that happens; `production` if it is left out.
pub const ENVIRONMENTS: &str = "mainstay.dev/environments";

const ENVIRONMENTS_MAX: usize = 20;
const OBJECTIVES_MAX: usize = 10;
const POLICIES_MAX: usize = 20;
const DESCRIPTION_BYTES: usize = 4 * 1050;
const NAME_BYTES: usize = 255;
const DAY: u32 = 24 * 60;
const SLO_KEYS: [&str; 9] = [
    "description",
    "service",
    "indicator",
    "indicatorRef",
    "timeWindow",
    "budgetingMethod",
    "objectives",
    "alertPolicies",
    "owner",
];

impl Document {
    /// Reads a document of one of [`KINDS`], whose reference says which; none for other kinds.
    ///
    /// # Errors
    /// Everything that is wrong with its `spec` and our annotations, each with its place.
    #[must_use]
    pub fn read(reference: &EntityRef, document: &Value) -> Option<Result<Self, Vec<SpecProblem>>> {
        let problems = Problems::default();
        let spec = document.get("spec").unwrap_or(&Value::Null);
        let metadata = Metadata { document, reference, problems: &problems };
        let read = match reference.kind() {
            "slo" => slo(&metadata, spec).map(Self::Slo),
            "service" => service(&metadata, spec).map(Self::Service),
            "sli" => {
                let fields = Fields::of_spec(spec, &indicator::KEYS, &problems);
                fields.and_then(|fields| indicator::indicator(&fields, reference.namespace())).map(Self::Sli)
            }
            "datasource" => indicator::data_source(spec, &problems).map(Self::DataSource),
            "alertpolicy" => {
                let fields = Fields::of_spec(spec, &alerts::POLICY_KEYS, &problems);
                fields.and_then(|fields| alerts::policy(&fields)).map(Self::AlertPolicy)
            }
            "alertcondition" => {
                let fields = Fields::of_spec(spec, &alerts::CONDITION_KEYS, &problems);
                fields.and_then(|fields| alerts::condition(&fields, document)).map(Self::AlertCondition)
            }
            "alertnotificationtarget" => {
                let fields = Fields::of_spec(spec, &["target", "description"], &problems);
                fields.and_then(|fields| alerts::target(&fields)).map(Self::AlertNotificationTarget)
            }
            _ => return None,
        };
        Some(problems.or(read))
    }
}

struct Metadata<'a> {
    document: &'a Value,
    reference: &'a EntityRef,
    problems: &'a Problems,
}

impl Metadata<'_> {
    fn display(&self) -> Option<String> {
        let display =
            self.document.pointer("/metadata/displayName").or_else(|| self.document.pointer("/metadata/title"));
        display.and_then(Value::as_str).map(|text| text.chars().take(NAME_BYTES).collect())
    }

    fn annotation<T>(&self, name: &str, read: impl FnOnce(&Value) -> Result<T, Wrong>) -> Option<T> {
        let value = self.document.get("metadata")?.get("annotations")?.get(name)?;
        let pointer = format!("/metadata/annotations/{}", name.replace('/', "~1"));
        read(value).map_err(|wrong| self.problems.add(pointer, wrong)).ok()
    }

    fn entity(&self) -> Option<EntityRef> {
        self.annotation(ENTITY, read::reference(Some("component"), self.reference.namespace()))
    }
}

/// The words of an annotation, with commas or spaces between them.
fn words(value: &Value) -> Result<Vec<&str>, Wrong> {
    let text = value.as_str().ok_or_else(|| Wrong::new("must be text"))?;
    let words: Vec<&str> = text.split([',', ' ']).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { Err(Wrong::new("must not be empty")) } else { Ok(words) }
}

/// What happens when the budget is gone.
fn consequences(metadata: &Metadata<'_>) -> Option<Consequences> {
    let environments = metadata.annotation(ENVIRONMENTS, |value| {
        let words = words(value)?;
        let is_name =
            |word: &&str| word.len() <= 63 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if words.len() > ENVIRONMENTS_MAX || !words.iter().all(is_name) {
            return Err(Wrong::new(format!(
                "must name at most {ENVIRONMENTS_MAX} environments, such as \"production\""
            )));
        }
        Ok(words.into_iter().map(str::to_owned).collect::<Vec<_>>())
    });
    let [pause_ramps, refuse_deployments] = metadata.annotation(WHEN_EXHAUSTED, |value| {
        let words = words(value)?;
        let known = ["pause-ramps", "refuse-deployments"];
        match words.iter().find(|word| !known.contains(word)) {
            Some(other) => Err(Wrong::new(format!("\"{other}\" is not one of {}", known.join(", ")))),
            None => Ok(known.map(|one| words.contains(&one))),
        }
    })?;
    let environments = environments.unwrap_or_else(|| vec!["production".to_owned()]);
    Some(Consequences { environments, pause_ramps, refuse_deployments })
}

fn service(metadata: &Metadata<'_>, spec: &Value) -> Option<Service> {
    let empty = Value::Object(serde_json::Map::new());
    let spec = if spec.is_null() { &empty } else { spec };
    let fields = Fields::of_spec(spec, &["description", "owner"], metadata.problems)?;
    fields.optional("description", read::text(DESCRIPTION_BYTES));
    Some(Service { display: metadata.display(), entity: metadata.entity() })
}

fn slo(metadata: &Metadata<'_>, spec: &Value) -> Option<Slo> {
    let fields = Fields::of_spec(spec, &SLO_KEYS, metadata.problems)?;
    let description = fields.optional("description", read::text(DESCRIPTION_BYTES));
    let service = fields.required("service", read::text(NAME_BYTES));
    let indicator = indicator::link(&fields, metadata.reference.namespace());
    let window = window(&fields);
    let method = fields.required("budgetingMethod", method).unwrap_or(Method::Occurrences);
    let objectives = objectives(&fields, method);
    if let (Some(Link::Inline(crate::Indicator::Threshold { .. })), Some(objectives)) = (&indicator, &objectives) {
        threshold_fits(&fields, objectives);
    }
    let policies = alerts::policies(&fields, POLICIES_MAX);
    let events_min = metadata.annotation(MINIMUM_EVENTS, |value| {
        let number = value.as_str().and_then(|text| text.parse::<u32>().ok()).filter(|number| *number <= 1_000_000_000);
        number.ok_or_else(|| Wrong::new("must be a whole number in quotes, such as \"50\""))
    });
    Some(Slo {
        display: metadata.display(),
        description,
        entity: metadata.entity(),
        events_min: events_min.unwrap_or(0),
        service: service?,
        indicator: indicator?,
        window: window?,
        objectives: objectives?,
        mean_of_slices: method == Method::RatioTimeslices,
        policies,
        consequences: consequences(metadata),
    })
}

/// How a budget is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Occurrences,
    Timeslices,
    /// Counted as occurrences: a mean of ratios would weigh a quiet slice as much as a busy one.
    RatioTimeslices,
}

fn method(value: &Value) -> Result<Method, Wrong> {
    let known = [Method::Occurrences, Method::Timeslices, Method::RatioTimeslices];
    read::one_of(&known.map(|method| (method.name(), method)))(value)
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Occurrences => "Occurrences",
            Self::Timeslices => "Timeslices",
            Self::RatioTimeslices => "RatioTimeslices",
        }
    }
}

fn window(fields: &Fields<'_>) -> Option<Window> {
    let windows = fields.objects("timeWindow", 2, &["duration", "isRolling", "calendar"]);
    let [window] = windows.as_slice() else {
        fields.wrong(
            "timeWindow",
            Wrong::new("must be a list of exactly one window, such as [{duration: 30d, isRolling: true}]"),
        );
        return None;
    };
    let duration = window.required("duration", shorthand);
    let rolling = window.optional("isRolling", boolean);
    let calendar = window.nested("calendar", &["startTime", "timeZone"]);
    match (rolling, calendar) {
        (Some(true) | None, None) => {
            if rolling.is_none() {
                window.wrong(
                    "isRolling",
                    Wrong::new("is missing; a window without a calendar is rolling").suggesting(Some("true")),
                );
            }
            Some(Window::Rolling { duration: duration? })
        }
        (Some(true), Some(_)) => {
            window.wrong("isRolling", Wrong::new("is true beside a calendar; leave one of them out"));
            None
        }
        (Some(false), None) => {
            window.wrong("calendar", Wrong::new("is missing, with startTime and timeZone"));
            None
        }
        (Some(false) | None, Some(calendar)) => {
            let start = calendar.required("startTime", start_time);
            let time_zone = calendar.required("timeZone", read::time_zone);
            Some(Window::Calendar { duration: duration?, start: start?, time_zone: time_zone? })
        }
    }
}

fn start_time(value: &Value) -> Result<DateTime, Wrong> {
    let form = || Wrong::new("must be a date and a time without a zone, such as \"2026-01-01 00:00:00\"");
    let text = read::text(40)(value)?;
    if text.ends_with('Z') {
        return Err(form().suggesting(Some(text.trim_end_matches('Z').replace('T', " "))));
    }
    let start: DateTime = text.parse().map_err(|_| form())?;
    if (1970..=2200).contains(&start.year()) { Ok(start) } else { Err(Wrong::new("must be from 1970 to 2200")) }
}

fn objectives(fields: &Fields<'_>, method: Method) -> Option<Vec<Objective>> {
    const KEYS: [&str; 7] =
        ["displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow"];
    let listed = fields.objects("objectives", OBJECTIVES_MAX, &KEYS);
    if listed.is_empty() {
        fields.wrong("objectives", Wrong::new("must be a list of at least one objective, such as [{target: 0.999}]"));
    }
    let objectives: Vec<Option<Objective>> = listed.iter().map(|each| objective(each, method)).collect();
    objectives.into_iter().collect::<Option<Vec<_>>>().filter(|objectives| !objectives.is_empty())
}

fn objective(fields: &Fields<'_>, method: Method) -> Option<Objective> {
    let display = fields.optional("displayName", read::text(NAME_BYTES));
    let share = fields.optional("target", share_below(1.0, "targetPercent"));
    let percent = fields.optional("targetPercent", share_below(100.0, "target"));
    // What is there but wrong was told already.
    let given = |key: &str| fields.optional(key, |_| Ok(())).is_some();
    let target = match (share, percent) {
        (Some(_), Some(_)) => {
            fields.wrong("targetPercent", Wrong::new("must not stand beside \"target\""));
            None
        }
        (Some(share), None) => Some(share),
        (None, Some(percent)) => Some(percent / 100.0),
        (None, None) if given("target") || given("targetPercent") => None,
        (None, None) => {
            fields.wrong(
                "target",
                Wrong::new("is missing: a number from 0 to less than 1, or targetPercent, to less than 100"),
            );
            None
        }
    };
    let op = fields.optional("op", op);
    let value = fields.optional("value", number(f64::MIN, f64::MAX));
    let good = match (op, value) {
        (Some(op), Some(value)) => Some((op, value)),
        (None, Some(_)) => {
            fields.wrong("op", Wrong::new("is missing beside \"value\": one of lte, gte, lt, gt"));
            None
        }
        // The specification's own examples have an operator beside a ratio, where it says nothing.
        (Some(_) | None, None) => None,
    };
    let slice_target = fields.optional("timeSliceTarget", number(0.0, 1.0));
    let slice_window = fields.optional("timeSliceWindow", slice_window);
    let slices = match (method, slice_target, slice_window) {
        (Method::Occurrences, None, None) | (Method::RatioTimeslices, _, _) => None,
        (Method::Occurrences, _, _) => {
            let key = if slice_target.is_some() { "timeSliceTarget" } else { "timeSliceWindow" };
            fields.wrong(key, Wrong::new("is for the budgetingMethod Timeslices only"));
            None
        }
        (Method::Timeslices, Some(target), Some(minutes)) => Some(SliceRule { minutes, target }),
        (Method::Timeslices, _, _) => {
            for key in ["timeSliceTarget", "timeSliceWindow"] {
                if !given(key) {
                    fields.wrong(key, Wrong::new("is needed for the budgetingMethod Timeslices"));
                }
            }
            None
        }
    };
    Some(Objective { display, target: target?, good, slices })
}

/// OpenSLO: "If thresholdMetric has been defined, only one Threshold can be defined", and it says which values are good.
fn threshold_fits(fields: &Fields<'_>, objectives: &[Objective]) {
    if objectives.len() > 1 {
        fields.wrong("objectives", Wrong::new("must be one only, since the indicator is a thresholdMetric"));
    } else if objectives.iter().any(|objective| objective.good.is_none()) {
        fields.wrong("objectives", Wrong::new("needs \"op\" and \"value\", since the indicator is a thresholdMetric"));
    }
}

/// A slice: a duration, or a number of minutes.
fn slice_window(value: &Value) -> Result<u32, Wrong> {
    let minutes = match value.as_u64() {
        Some(minutes) => u32::try_from(minutes).unwrap_or(u32::MAX),
        None => shorthand(value)?.minutes(),
    };
    if minutes == 0 || minutes > DAY {
        return Err(Wrong::new("must be from 1m to 1d"));
    }
    if minutes > 60 && minutes % 10 != 0 {
        return Err(Wrong::new("must be a multiple of ten minutes if it is longer than an hour"));
    }
    Ok(minutes)
}

/// A number from 0 to less than `limit`. `other` is the field that may have been meant.
fn share_below(limit: f64, other: &str) -> impl Fn(&Value) -> Result<f64, Wrong> {
    move |value| {
        let number = number(f64::MIN, f64::MAX)(value)?;
        if number == limit {
            return Err(Wrong::new(
                "leaves no budget: a target of 100 % is broken by the first error; take 99.99 % or less",
            ));
        }
        if (0.0..limit).contains(&number) {
            return Ok(number);
        }
        let wrong = Wrong::new(format!("must be from 0 to less than {limit}"));
        Err(if limit == 1.0 && (1.0..100.0).contains(&number) {
            wrong.suggesting(Some(format!("{other}: {number}")))
        } else {
            wrong
        })
    }
}

fn op(value: &Value) -> Result<Op, Wrong> {
    read::one_of(&[("lte", Op::Lte), ("gte", Op::Gte), ("lt", Op::Lt), ("gt", Op::Gt)])(value)
}

fn shorthand(value: &Value) -> Result<Shorthand, Wrong> {
    Shorthand::parse(&read::text(20)(value)?)
}

fn boolean(value: &Value) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| Wrong::new("must be true or false"))
}

/// A finite number within these bounds.
fn number(min: f64, max: f64) -> impl Fn(&Value) -> Result<f64, Wrong> {
    move |value| {
        let number = value.as_f64().ok_or_else(|| Wrong::new("must be a number"))?;
        if number.is_finite() && number >= min && number <= max {
            return Ok(number);
        }
        Err(Wrong::new(format!("must be from {min} to {max}")))
    }
}
