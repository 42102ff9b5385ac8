//! `flagd.evaluation.v1` over gRPC.

use flagd::Resolution;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use prost_types::Struct;
use serde_json::Value;
use tonic::{Request, Response, Status};

use super::{
    Version, events,
    resolve::{Answer, context, resolve, scope},
    stopped, unavailable, values,
};
use crate::{
    Serving,
    proto::evaluation_v1::{
        AnyFlag, EventStreamRequest, EventStreamResponse, ResolveAllRequest, ResolveAllResponse, ResolveBooleanRequest,
        ResolveBooleanResponse, ResolveFloatRequest, ResolveFloatResponse, ResolveIntRequest, ResolveIntResponse,
        ResolveObjectRequest, ResolveObjectResponse, ResolveStringRequest, ResolveStringResponse, any_flag,
        service_server,
    },
};
/// The service.
pub(super) struct Service(pub(super) Serving);

/// Puts answers of a type into the message for it.
macro_rules! answers {
    ($($message:ident: $value:ty),*) => {$(
        impl From<Answer<$value>> for $message {
            fn from(answer: Answer<$value>) -> Self {
                let Answer { value, reason, variant, metadata } = answer;
                Self { value: value.unwrap_or_default().into(), reason, variant: variant.unwrap_or_default(), metadata }
            }
        }
    )*};
}

answers!(
    ResolveBooleanResponse: bool,
    ResolveStringResponse: String,
    ResolveFloatResponse: f64,
    ResolveIntResponse: i64,
    ResolveObjectResponse: Struct
);

#[tonic::async_trait]
impl service_server::Service for Service {
    type EventStreamStream = BoxStream<'static, Result<EventStreamResponse, Status>>;

    async fn resolve_all(&self, request: Request<ResolveAllRequest>) -> Result<Response<ResolveAllResponse>, Status> {
        let scope = scope(&request)?;
        let context = context(request.into_inner().context)?;
        let view = self.0.board.view(&scope).ok_or_else(|| unavailable(&scope))?;
        let mut variants = Vec::new();
        let mut flags = Vec::new();
        for flag in view.set.flags() {
            let resolution = view.evaluate(flag, &context);
            variants.push((flag.key(), resolution.as_ref().map_or(None, |resolution| resolution.variant)));
            let answer = resolution.map_or_else(|_| failed(), |resolution| any_flag(&resolution));
            flags.push((flag.key().to_owned(), answer));
        }
        self.0.count(&scope.environment, variants, &context);
        let metadata = Some(values::structure(view.set.metadata()));
        Ok(Response::new(ResolveAllResponse { flags: flags.into_iter().collect(), metadata }))
    }

    async fn resolve_boolean(
        &self,
        request: Request<ResolveBooleanRequest>,
    ) -> Result<Response<ResolveBooleanResponse>, Status> {
        let scope = scope(&request)?;
        let ResolveBooleanRequest { flag_key, context: fields } = request.into_inner();
        let answer = resolve::<bool>(&self.0, Version::V1, &scope, &flag_key, &context(fields)?)?;
        Ok(Response::new(answer.into()))
    }

    async fn resolve_string(
        &self,
        request: Request<ResolveStringRequest>,
    ) -> Result<Response<ResolveStringResponse>, Status> {
        let scope = scope(&request)?;
        let ResolveStringRequest { flag_key, context: fields } = request.into_inner();
        let answer = resolve::<String>(&self.0, Version::V1, &scope, &flag_key, &context(fields)?)?;
        Ok(Response::new(answer.into()))
    }

    async fn resolve_float(
        &self,
        request: Request<ResolveFloatRequest>,
    ) -> Result<Response<ResolveFloatResponse>, Status> {
        let scope = scope(&request)?;
        let ResolveFloatRequest { flag_key, context: fields } = request.into_inner();
        let answer = resolve::<f64>(&self.0, Version::V1, &scope, &flag_key, &context(fields)?)?;
        Ok(Response::new(answer.into()))
    }

    async fn resolve_int(&self, request: Request<ResolveIntRequest>) -> Result<Response<ResolveIntResponse>, Status> {
        let scope = scope(&request)?;
        let ResolveIntRequest { flag_key, context: fields } = request.into_inner();
        let answer = resolve::<i64>(&self.0, Version::V1, &scope, &flag_key, &context(fields)?)?;
        Ok(Response::new(answer.into()))
    }

    async fn resolve_object(
        &self,
        request: Request<ResolveObjectRequest>,
    ) -> Result<Response<ResolveObjectResponse>, Status> {
        let scope = scope(&request)?;
        let ResolveObjectRequest { flag_key, context: fields } = request.into_inner();
        let answer = resolve::<Struct>(&self.0, Version::V1, &scope, &flag_key, &context(fields)?)?;
        Ok(Response::new(answer.into()))
    }

    async fn event_stream(
        &self,
        request: Request<EventStreamRequest>,
    ) -> Result<Response<Self::EventStreamStream>, Status> {
        let events = events::open(&self.0, &scope(&request)?, request.extensions())?;
        let message =
            |event: events::Event| Ok(EventStreamResponse { r#type: event.kind().to_owned(), data: event.data() });
        Ok(Response::new(events.map(message).chain(stream::once(async { Err(stopped()) })).boxed()))
    }
}

fn any_flag(resolution: &Resolution<'_>) -> AnyFlag {
    let value = resolution.value.and_then(|value| match value {
        Value::Bool(bool) => Some(any_flag::Value::BoolValue(*bool)),
        Value::Number(number) => number.as_f64().map(any_flag::Value::DoubleValue),
        Value::String(text) => Some(any_flag::Value::StringValue(text.clone())),
        Value::Object(fields) => Some(any_flag::Value::ObjectValue(values::structure(fields))),
        Value::Null | Value::Array(_) => None,
    });
    AnyFlag {
        reason: resolution.reason.as_str().to_owned(),
        variant: resolution.variant.unwrap_or_default().to_owned(),
        value,
        metadata: Some(values::structure(resolution.metadata)),
    }
}

/// A flag that could not be evaluated does not hide the others.
fn failed() -> AnyFlag {
    AnyFlag { reason: "ERROR".to_owned(), variant: String::new(), value: None, metadata: None }
}
