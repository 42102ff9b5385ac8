//! `flagd.evaluation.v2` over gRPC.

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use prost_types::Struct;
use tonic::{Request, Response, Status};

use super::{
    Version, events,
    resolve::{Answer, context, resolve, scope},
    stopped,
};
use crate::{
    Serving,
    proto::evaluation_v2::{
        EventStreamRequest, EventStreamResponse, ResolveBooleanRequest, ResolveBooleanResponse, ResolveFloatRequest,
        ResolveFloatResponse, ResolveIntRequest, ResolveIntResponse, ResolveObjectRequest, ResolveObjectResponse,
        ResolveStringRequest, ResolveStringResponse, service_server,
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
                Self { value, reason, variant, metadata }
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

    async fn resolve_boolean(
        &self,
        request: Request<ResolveBooleanRequest>,
    ) -> Result<Response<ResolveBooleanResponse>, Status> {
        let scope = scope(&request)?;
        let ResolveBooleanRequest { flag_key, context: fields } = request.into_inner();
        let answer = resolve::<bool>(&self.0, Version::V2, &scope, &flag_key, &context(fields)?)?;
        Ok(Response::new(answer.into()))
    }

    async fn resolve_string(
        &self,
        request: Request<ResolveStringRequest>,
    ) -> Result<Response<ResolveStringResponse>, Status> {
        let scope = scope(&request)?;
        let ResolveStringRequest { flag_key, context: fields } = request.into_inner();
        let answer = resolve::<String>(&self.0, Version::V2, &scope, &flag_key, &context(fields)?)?;
        Ok(Response::new(answer.into()))
    }

    async fn resolve_float(
        &self,
        request: Request<ResolveFloatRequest>,
    ) -> Result<Response<ResolveFloatResponse>, Status> {
        let scope = scope(&request)?;
        let ResolveFloatRequest { flag_key, context: fields } = request.into_inner();
        let answer = resolve::<f64>(&self.0, Version::V2, &scope, &flag_key, &context(fields)?)?;
        Ok(Response::new(answer.into()))
    }

    async fn resolve_int(&self, request: Request<ResolveIntRequest>) -> Result<Response<ResolveIntResponse>, Status> {
        let scope = scope(&request)?;
        let ResolveIntRequest { flag_key, context: fields } = request.into_inner();
        let answer = resolve::<i64>(&self.0, Version::V2, &scope, &flag_key, &context(fields)?)?;
        Ok(Response::new(answer.into()))
    }

    async fn resolve_object(
        &self,
        request: Request<ResolveObjectRequest>,
    ) -> Result<Response<ResolveObjectResponse>, Status> {
        let scope = scope(&request)?;
        let ResolveObjectRequest { flag_key, context: fields } = request.into_inner();
        let answer = resolve::<Struct>(&self.0, Version::V2, &scope, &flag_key, &context(fields)?)?;
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
