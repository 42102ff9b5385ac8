//! What a resource answers, and how it refuses.

use kernel::{Refusal, codes};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type.
    pub media_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

pub(crate) const HAL: &str = "application/hal+json;charset=utf-8";
const PROBLEM: &str = "application/problem+json;charset=utf-8";

impl Answer {
    /// A document in HAL.
    pub(crate) fn hal(document: &Value) -> Self {
        Self::with_status(200, document)
    }

    /// A document in HAL with this status.
    pub(crate) fn with_status(status: u16, document: &Value) -> Self {
        Self { status, media_type: HAL, headers: Vec::new(), body: document.to_string().into_bytes() }
    }

    /// A document in HAL that is written as it is, for those that are too large to be made of values first.
    pub(crate) fn written(document: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(document).map_err(|error| Refusal::new(&codes::INTERNAL, error.to_string()))?;
        Ok(Self { status: 200, media_type: HAL, headers: Vec::new(), body })
    }

    /// Another sort of document.
    pub(crate) fn text(media_type: &'static str, text: String) -> Self {
        Self { status: 200, media_type, headers: Vec::new(), body: text.into_bytes() }
    }

    /// Nothing.
    pub(crate) fn empty() -> Self {
        Self { status: 204, media_type: HAL, headers: Vec::new(), body: Vec::new() }
    }

    /// The same with another header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Why a resource refuses.
#[derive(Debug, Clone)]
pub enum Failure {
    /// There is no such resource.
    NotFound,
    /// What was sent is wrong; what of it, by field (`request.url`), or without one.
    Errors {
        /// 400, 409 or 422.
        status: u16,
        /// The errors: an object of lists by field, or a list.
        errors: Value,
        /// Notices beside them.
        notices: Vec<Value>,
    },
    /// Anything else.
    Refused(Refusal),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Failure {
    /// What is wrong with one field.
    pub(crate) fn field(field: &str, text: impl Into<String>) -> Self {
        let mut errors = Map::new();
        errors.insert(field.to_owned(), json!([text.into()]));
        Self::Errors { status: 400, errors: Value::Object(errors), notices: Vec::new() }
    }

    /// What is wrong with several fields.
    pub(crate) fn fields(errors: Vec<(String, String)>) -> Self {
        let mut by_field = Map::new();
        for (field, text) in errors {
            let list = by_field.entry(field).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.push(Value::String(text));
            }
        }
        Self::Errors { status: 400, errors: Value::Object(by_field), notices: Vec::new() }
    }

    /// What is wrong, of no field.
    pub(crate) fn list(texts: Vec<String>) -> Self {
        Self::Errors { status: 400, errors: json!(texts), notices: Vec::new() }
    }

    /// The answer that says so.
    pub(crate) fn answer(self, as_problem: bool) -> Answer {
        match self {
            Self::NotFound => not_found(as_problem),
            Self::Errors { status, errors, notices } => failed(status, errors, notices, as_problem),
            Self::Refused(refusal) => refused(&refusal, as_problem),
        }
    }
}

fn not_found(as_problem: bool) -> Answer {
    let detail = "The requested document was not found on this server.";
    if as_problem {
        let document =
            json!({"title": "Not found", "type": codes::NOT_FOUND.type_path(), "status": 404, "detail": detail});
        return Answer { media_type: PROBLEM, ..Answer::with_status(404, &document) };
    }
    Answer::with_status(404, &json!({"error": detail}))
}

fn failed(status: u16, errors: Value, notices: Vec<Value>, as_problem: bool) -> Answer {
    if as_problem {
        let of_field = |(field, texts): (&String, &Value)| -> Vec<Value> {
            let texts = texts.as_array().cloned().unwrap_or_default();
            let one = |text| {
                json!({"type": codes::INVALID.type_path(), "title": "Validation error", "detail": text, "status": status,
                    "instance": format!("/{}", field.replace('.', "/"))})
            };
            texts.into_iter().map(one).collect()
        };
        let each: Vec<Value> = match &errors {
            Value::Object(fields) => fields.iter().flat_map(of_field).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                let texts = errors.as_array().cloned().unwrap_or_default();
                let one = |text| json!({"type": codes::INVALID.type_path(), "title": "Error", "detail": text, "status": status});
                texts.into_iter().map(one).collect()
            }
        };
        let document = json!({"title": "Validation errors", "type": codes::INVALID.type_path(), "status": status,
            "errors": each, "notices": notices});
        return Answer { media_type: PROBLEM, ..Answer::with_status(status, &document) };
    }
    let mut document = json!({"errors": errors});
    if !notices.is_empty()
        && let Value::Object(fields) = &mut document
    {
        fields.insert("notices".to_owned(), Value::Array(notices));
    }
    Answer::with_status(status, &document)
}

fn refused(refusal: &Refusal, as_problem: bool) -> Answer {
    let status = match refusal.code.status {
        // Upstream's clients know what was not allowed as 400.
        422 => 400,
        status => status,
    };
    if refusal.code == &codes::NOT_FOUND {
        let document = json!({"error": refusal.detail});
        return if as_problem { not_found(true) } else { Answer::with_status(404, &document) };
    }
    let errors = match (&refusal.field, refusal.code.status) {
        (Some(field), 422) => json!({field: [refusal.detail]}),
        _ => json!([refusal.to_string()]),
    };
    let answer = failed(status, errors, Vec::new(), as_problem);
    match refusal.retry_after_s {
        Some(seconds) => answer.header("retry-after", seconds.to_string()),
        None => answer,
    }
}
