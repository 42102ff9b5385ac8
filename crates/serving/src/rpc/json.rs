//! The evaluation service as HTTP with JSON, in the way of Connect's unary calls and protobuf's JSON.

use axum::{extract::Request, http::StatusCode, response::Response};
use flagd::Context;
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};
use tonic::{Code, Status};

use super::{
    Version,
    resolve::{self, Typed, resolve},
    unavailable, values,
};
use crate::{
    Scope, Serving, clock,
    ofrep::{self, answer::Refusal},
};

/// What a request says.
#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(default, rename = "flagKey", alias = "flag_key")]
    flag_key: String,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
}

/// Answers a call of the method.
pub(super) async fn answer(serving: &Serving, version: Version, method: &str, request: Request) -> Response {
    match evaluate(serving, version, method, request).await {
        Ok(value) => ofrep::answer::json(StatusCode::OK, value.to_string().into_bytes()),
        Err(status) => failed(&status),
    }
}

async fn evaluate(serving: &Serving, version: Version, method: &str, request: Request) -> Result<Value, Status> {
    let (parts, body) = request.into_parts();
    let scope = parts.extensions.get::<Scope>().ok_or_else(|| Status::unauthenticated("the caller is not known"))?;
    let body = ofrep::read(&parts.headers, body).await.map_err(|refusal| status_of(&refusal))?;
    let asked: Asked<'_> = serde_json::from_slice(&body)
        .map_err(|error| Status::invalid_argument(format!("the body is not as described: {error}")))?;
    let context = asked.context.map_or("", RawValue::get);
    let context = Context::parse(context.as_bytes(), clock::now()).map_err(|failure| resolve::status(&failure))?;
    let call = Call { serving, version, scope, key: &asked.flag_key, context: &context };
    match method {
        "ResolveBoolean" => call.typed::<bool>(Value::Bool(false), Value::Bool),
        "ResolveString" => call.typed::<String>(json!(""), Value::String),
        "ResolveFloat" => call.typed::<f64>(json!(0), Value::from),
        // Protobuf's JSON has 64-bit integers as text.
        "ResolveInt" => call.typed::<i64>(json!("0"), |number| number.to_string().into()),
        "ResolveObject" => call.typed(json!({}), values::object),
        "ResolveAll" if version == Version::V1 => call.all(),
        _ => Err(Status::unimplemented(format!("there is no method '{method}' for JSON"))),
    }
}

/// One call.
struct Call<'a> {
    serving: &'a Serving,
    version: Version,
    scope: &'a Scope,
    key: &'a str,
    context: &'a Context,
}

impl Call<'_> {
    fn typed<T: Typed>(&self, zero: Value, written: impl FnOnce(T) -> Value) -> Result<Value, Status> {
        let answer = resolve::<T>(self.serving, self.version, self.scope, self.key, self.context)?;
        let mut out = Map::new();
        let value = answer.value.map(written);
        let variant = answer.variant.map(Value::String);
        match self.version {
            Version::V1 => {
                out.insert("value".to_owned(), value.unwrap_or(zero));
                out.insert("variant".to_owned(), variant.unwrap_or_else(|| json!("")));
            }
            Version::V2 => {
                out.extend(value.map(|value| ("value".to_owned(), value)));
                out.extend(variant.map(|variant| ("variant".to_owned(), variant)));
            }
        }
        out.insert("reason".to_owned(), Value::String(answer.reason));
        out.insert("metadata".to_owned(), answer.metadata.map_or(Value::Null, values::object));
        Ok(Value::Object(out))
    }

    fn all(&self) -> Result<Value, Status> {
        let view = self.serving.board.view(self.scope).ok_or_else(|| unavailable(self.scope))?;
        let mut variants = Vec::new();
        let mut flags = Map::new();
        for flag in view.set.flags() {
            let resolution = view.evaluate(flag, self.context);
            variants.push((flag.key(), resolution.as_ref().map_or(None, |resolution| resolution.variant)));
            let answer = resolution.map_or_else(
                |_| json!({ "reason": "ERROR", "variant": "" }),
                |resolution| {
                    let mut answer = json!({
                        "reason": resolution.reason.as_str(), "variant": resolution.variant.unwrap_or_default(),
                        "metadata": resolution.metadata,
                    });
                    if let (Some(answer), Some(value)) = (answer.as_object_mut(), resolution.value) {
                        answer.insert(kind(value).to_owned(), value.clone());
                    }
                    answer
                },
            );
            flags.insert(flag.key().to_owned(), answer);
        }
        self.serving.count(&self.scope.environment, variants, self.context);
        Ok(json!({ "flags": flags, "metadata": view.set.metadata() }))
    }
}

/// The field of `AnyFlag` that holds a value of this kind.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolValue",
        Value::Number(_) => "doubleValue",
        Value::String(_) => "stringValue",
        Value::Null | Value::Array(_) | Value::Object(_) => "objectValue",
    }
}

fn status_of(refusal: &Refusal) -> Status {
    match refusal {
        Refusal::TooLarge => Status::resource_exhausted("the body is larger than 1 MiB"),
        Refusal::Body(message) => Status::invalid_argument(message),
        Refusal::Context(failure) => resolve::status(failure),
    }
}

/// Answers with an error.
pub(super) fn failed(status: &Status) -> Response {
    let (http, body) = error(status);
    ofrep::answer::json(http, body.to_string().into_bytes())
}

/// Connect's error, and the HTTP status that belongs to it.
pub(super) fn error(status: &Status) -> (StatusCode, Value) {
    let (name, http) = match status.code() {
        Code::NotFound => ("not_found", StatusCode::NOT_FOUND),
        Code::InvalidArgument => ("invalid_argument", StatusCode::BAD_REQUEST),
        Code::DataLoss => ("data_loss", StatusCode::INTERNAL_SERVER_ERROR),
        Code::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED),
        Code::PermissionDenied => ("permission_denied", StatusCode::FORBIDDEN),
        Code::ResourceExhausted => ("resource_exhausted", StatusCode::TOO_MANY_REQUESTS),
        Code::Unimplemented => ("unimplemented", StatusCode::NOT_IMPLEMENTED),
        Code::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal => ("unknown", StatusCode::INTERNAL_SERVER_ERROR),
    };
    (http, json!({ "code": name, "message": status.message() }))
}
