//! Evaluates one flag for a caller that names the type that it wants.

use flagd::{Context, Failure, Reason};
use prost_types::Struct;
use serde_json::Value;
use tonic::{Request, Status};

use super::{Version, code, unavailable, values};
use crate::{Scope, Serving, clock};

/// One answer, before it is put into a version's message.
pub(super) struct Answer<T> {
    pub(super) value: Option<T>,
    pub(super) reason: String,
    pub(super) variant: Option<String>,
    pub(super) metadata: Option<Struct>,
}

/// A type that callers ask for.
pub(super) trait Typed: Sized {
    /// The value, if it is of this type.
    fn of(value: &Value) -> Option<Self>;
}

impl Typed for bool {
    fn of(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Typed for String {
    fn of(value: &Value) -> Option<Self> {
        value.as_str().map(ToOwned::to_owned)
    }
}

impl Typed for f64 {
    fn of(value: &Value) -> Option<Self> {
        value.as_f64()
    }
}

impl Typed for i64 {
    fn of(value: &Value) -> Option<Self> {
        values::integer(value.as_number()?)
    }
}

impl Typed for Struct {
    fn of(value: &Value) -> Option<Self> {
        value.as_object().map(values::structure)
    }
}

/// Who asks.
pub(super) fn scope<T>(request: &Request<T>) -> Result<Scope, Status> {
    request.extensions().get::<Scope>().cloned().ok_or_else(|| Status::unauthenticated("the caller is not known"))
}

/// What is known about the one who is asked for.
pub(super) fn context(fields: Option<Struct>) -> Result<Context, Status> {
    let fields = fields.map_or(Value::Null, values::object);
    Context::from_value(&fields, clock::now()).map_err(|failure| status(&failure))
}

/// Evaluates a flag, whose value must be of the type.
pub(super) fn resolve<T: Typed>(
    serving: &Serving,
    version: Version,
    scope: &Scope,
    key: &str,
    context: &Context,
) -> Result<Answer<T>, Status> {
    let view = serving.board.view(scope).ok_or_else(|| unavailable(scope))?;
    let resolution = view.set.evaluate(key, context);
    if view.set.get(key).is_some() {
        let variant = resolution.as_ref().map_or(None, |resolution| resolution.variant);
        serving.count(&scope.environment, [(key, variant)], context);
    }
    let resolution = resolution.map_err(|failure| status(&failure))?;
    if version == Version::V1 && resolution.variant.is_none() && resolution.reason == Reason::Default {
        return Err(Status::not_found(format!("flag '{key}' has no default variant")));
    }
    let value = resolution.value.map(|value| T::of(value).ok_or_else(|| mismatch(key, value))).transpose()?;
    Ok(Answer {
        value,
        reason: resolution.reason.as_str().to_owned(),
        variant: resolution.variant.map(ToOwned::to_owned),
        metadata: Some(values::structure(resolution.metadata)),
    })
}

pub(super) fn mismatch(key: &str, value: &Value) -> Status {
    let kind = match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Status::invalid_argument(format!("the value of flag '{key}' is {kind}"))
}

pub(super) fn status(failure: &Failure) -> Status {
    Status::new(code(failure.code), &failure.message)
}
