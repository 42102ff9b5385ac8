//! The order of the comparison: interaction after interaction, and for each one part after the other.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use crate::document::{Document, Operation};
use crate::findings::{Finding, Findings, Judgement, Kind};
use crate::headers::Headers;
use crate::pact::Interaction;
use crate::router::{Found, Router};
use crate::schema::{Check, Fault, Prepared, Side};
use crate::value::{Budget, entries, text};
use crate::{Unreadable, pact, read, request, response};

/// How many values the schemas may be made of that are kept for the next interaction: about 200 MB.
const KEPT_MAX: u64 = 1_000_000;

const TOO_LARGE: &str = "The documents are too large to be compared in full";
const SCHEMA_TOO_LARGE: &str = "A schema is too large, too deep or refers to itself, so that it isn't compared in full";

/// Everything in which a consumer's pact doesn't fit a provider's OpenAPI document, and whether all of it was compared.
///
/// The document is OpenAPI 3.0, 3.1 or Swagger 2.0, as JSON or YAML; the pact is JSON of specification 1 to 4. Messages
/// aren't compared; if there are any, a warning counts them.
///
/// # Errors
///
/// Where one of them isn't what it should be, or is larger than the limits of this crate.
pub fn compare(openapi: &[u8], pact: &[u8]) -> Result<Judgement, Unreadable> {
    let document = Document::new(read::openapi(openapi)?)?;
    let pact = pact::read(read::pact(pact)?)?;
    let operations = document.operations()?;
    let router = Router::new(&operations, &document.switches);
    let mut comparison = Comparison {
        document: &document,
        budget: Budget::new(),
        findings: Findings::default(),
        schemas: HashMap::new(),
        kept: 0,
    };
    if pact.skipped > 0 {
        comparison.findings.push(skipped(pact.skipped));
    }
    for (index, interaction) in &pact.interactions {
        if comparison.findings.full() {
            break;
        }
        comparison.interaction(&operations, &router, *index, interaction);
    }
    Ok(comparison.findings.end())
}

fn skipped(count: usize) -> Finding {
    let what = if count == 1 { "interaction is a message".to_owned() } else { "interactions are messages".to_owned() };
    Finding {
        code: "message.skipped",
        kind: Kind::Warning,
        message: format!("{count} {what} and not compared"),
        interaction: None,
        interaction_index: None,
        mock: "[root]".to_owned(),
        spec: "[root]".to_owned(),
        operation: None,
    }
}

/// A comparison under way.
pub(crate) struct Comparison<'d> {
    pub(crate) document: &'d Document,
    pub(crate) budget: Budget,
    findings: Findings,
    schemas: HashMap<(Side, String), Rc<Prepared>>,
    /// How many values the prepared schemas are made of.
    kept: u64,
}

/// One interaction and the operation that it talks to.
pub(crate) struct Case<'c, 'd> {
    pub(crate) index: usize,
    pub(crate) interaction: &'c Interaction,
    pub(crate) operation: &'c Operation<'d>,
    pub(crate) found: Found,
}

impl Case<'_, '_> {
    /// The operation in the document, or something below it.
    pub(crate) fn spec(&self, below: &str) -> String {
        format!("[root].paths.{}.{}{below}", self.operation.path, self.operation.written_method)
    }

    pub(crate) fn request_headers(&self) -> Headers {
        Headers::new(&self.interaction.request.headers)
    }

    pub(crate) fn response_headers(&self) -> Headers {
        Headers::new(&self.interaction.response.headers)
    }
}

/// Something found in a case: what, and where.
pub(crate) struct Mismatch {
    pub(crate) code: &'static str,
    pub(crate) kind: Kind,
    pub(crate) message: String,
    /// Below the interaction, such as `request.body`.
    pub(crate) mock: String,
    pub(crate) spec: String,
}

impl<'d> Comparison<'d> {
    fn interaction(&mut self, operations: &[Operation<'d>], router: &Router, index: usize, interaction: &Interaction) {
        let switches = &self.document.switches;
        let slash = if interaction.path.starts_with('/') { "" } else { "/" };
        let mut path = format!("{slash}{}", interaction.path);
        if switches.no_percent_encoding {
            path = path.replace('%', "%25");
        }
        let found = (!path.contains('?'))
            .then(|| router.find(&interaction.method, &path, &interaction.query, switches, &self.budget))
            .flatten();
        let route = found.and_then(|found| Some((operations.get(found.operation)?, found)));
        let Some((operation, found)) = route else {
            let exhausted = !self.budget.spend(1);
            if exhausted {
                self.findings.first_incomplete(index);
            }
            self.findings.push(Finding {
                code: if exhausted { "comparison.incomplete" } else { "request.path-or-method.unknown" },
                kind: if exhausted { Kind::Warning } else { Kind::Error },
                message: if exhausted {
                    TOO_LARGE.to_owned()
                } else {
                    format!("Path or method not defined in spec file: {} {}", interaction.method, interaction.path)
                },
                interaction: interaction.description.clone(),
                interaction_index: Some(index),
                mock: format!("[root].interactions[{index}].request.path"),
                spec: "[root].paths".to_owned(),
                operation: None,
            });
            return;
        };
        self.case(&Case { index, interaction, operation, found });
    }

    fn case(&mut self, case: &Case<'_, 'd>) {
        if !self.budget.spend(0) || !self.budget.spend(self.cost(case)) {
            return self.incomplete(case, "request", &case.spec(""), TOO_LARGE);
        }
        for reference in &case.operation.unresolved {
            self.unresolved(case, reference);
        }
        if !request::path::compare(self, case) {
            return;
        }
        request::security::compare(self, case);
        let readable = request::headers::compare(self, case);
        request::query::compare(self, case);
        if readable {
            request::body::compare(self, case);
        }
        let readable = response::headers::compare(self, case);
        if readable {
            response::body::compare(self, case);
        }
    }

    /// The steps that it takes to look at what an operation declares, schemas apart: its parameters, and for each media type
    /// that is asked for those on offer.
    fn cost(&self, case: &Case<'_, 'd>) -> u64 {
        let size = |value: Option<&Value>| match value {
            Some(Value::Object(map)) => map.len(),
            Some(Value::Array(list)) => list.len(),
            _ => 0,
        };
        let (mut declared, mut offers) = (case.operation.parameters.len() * (1 + case.found.parameters.len()), 0);
        for key in ["security", "consumes", "produces"] {
            let inherited = size(self.document.inherited(case.operation, key));
            if key == "security" { declared += inherited } else { offers += inherited }
        }
        let body = case.operation.value.get("requestBody").and_then(|body| self.document.resolved(body));
        offers += size(body.and_then(|body| body.get("content")));
        for (_, response) in entries(case.operation.value.get("responses")) {
            let response = self.document.resolved(response);
            offers += size(response.and_then(|response| response.get("content")));
            declared += 1 + size(response.and_then(|response| response.get("headers")));
        }
        let interaction = case.interaction;
        let fields = || interaction.request.headers.iter().chain(&interaction.response.headers);
        let asked: usize = fields().map(|(_, value)| 1 + value.matches(',').count()).sum();
        u64::try_from(declared.saturating_add(offers.saturating_mul(1 + asked))).unwrap_or(u64::MAX)
    }

    pub(crate) fn push(&mut self, case: &Case<'_, 'd>, found: Mismatch) {
        self.findings.push(Finding {
            code: found.code,
            kind: found.kind,
            message: found.message,
            interaction: case.interaction.description.clone(),
            interaction_index: Some(case.index),
            mock: format!("[root].interactions[{}].{}", case.index, found.mock),
            spec: found.spec,
            operation: Some(format!("{} {}", case.operation.method, case.operation.path)),
        });
    }

    /// Checks a value against a schema of the document, which is known by where it is. Texts are coerced for what isn't a body.
    pub(crate) fn faults(
        &mut self,
        case: &Case<'_, 'd>,
        schema: &Value,
        place: &str,
        side: Side,
        coerces: bool,
        value: Option<Value>,
    ) -> Vec<Fault> {
        // A bare reference is prepared once, wherever it stands.
        let bare = schema.as_object().filter(|map| map.len() == 1).and_then(|_| text(schema, "$ref"));
        let key = (side, bare.unwrap_or(place).to_owned());
        let prepared = match self.schemas.get(&key) {
            Some(prepared) => Rc::clone(prepared),
            None => {
                let prepared = Rc::new(Prepared::new(schema, &self.document.root, side, &self.budget));
                self.kept = self.kept.saturating_add(prepared.weight);
                if self.kept > KEPT_MAX {
                    self.schemas.clear();
                    self.kept = prepared.weight;
                }
                self.schemas.insert(key, Rc::clone(&prepared));
                prepared
            }
        };
        for reference in &prepared.unresolved {
            self.unresolved(case, reference);
        }
        let mut check = Check::new(&prepared, coerces, &self.budget);
        let faults = check.faults(value);
        if check.stopped || prepared.incomplete {
            self.incomplete(case, "request", place, SCHEMA_TOO_LARGE);
        }
        faults
    }

    /// What a reference means. Where it leads nowhere, that is said, and it is what it is.
    pub(crate) fn resolved(&mut self, case: &Case<'_, 'd>, value: &'d Value) -> &'d Value {
        match self.document.resolved(value) {
            Some(target) => target,
            None => {
                self.unresolved(case, text(value, "$ref").unwrap_or_default());
                value
            }
        }
    }

    pub(crate) fn unresolved(&mut self, case: &Case<'_, 'd>, reference: &str) {
        if self.findings.first_unresolved(case.index, reference) {
            let shown: String = reference.chars().take(200).collect();
            let found = Mismatch {
                code: "spec.reference.unresolved",
                kind: Kind::Warning,
                message: format!(
                    "A reference leads nowhere in the document, so what it stands for isn't compared: {shown}"
                ),
                mock: "request".to_owned(),
                spec: case.spec(""),
            };
            self.push(case, found);
        }
    }

    /// Says, once for an interaction, that not all of it was compared.
    pub(crate) fn incomplete(&mut self, case: &Case<'_, 'd>, mock: &str, place: &str, message: &str) {
        if self.findings.first_incomplete(case.index) {
            let found = Mismatch {
                code: "comparison.incomplete",
                kind: Kind::Warning,
                message: message.to_owned(),
                mock: mock.to_owned(),
                spec: place.to_owned(),
            };
            self.push(case, found);
        }
    }
}
