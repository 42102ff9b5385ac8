//! `flagd.sync.v1`: definitions for providers that evaluate in their own process, and for flagd itself.
//!
//! The whole document is sent at once and again at each change. The next is made only when the last is on its way, so a
//! slow reader gets the latest and none of those between.

use axum::Router;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use prost_types::Struct;
use tonic::{Extensions, Request, Response, Status, metadata::MetadataMap, service::Routes};

use crate::{
    Scope, Serving,
    proto::sync_v1::{
        FetchAllFlagsRequest, FetchAllFlagsResponse, GetMetadataRequest, GetMetadataResponse, SyncFlagsRequest,
        SyncFlagsResponse,
        flag_sync_service_server::{FlagSyncService, FlagSyncServiceServer},
    },
    rpc::{events::subscribe, refused, stopped, unavailable},
    scope::SELECTOR_HEADER,
};

/// The service's routes. A request must carry a [`Scope`] among its extensions.
pub fn router(serving: Serving) -> Router {
    Routes::new(FlagSyncServiceServer::new(Service(serving))).into_axum_router()
}

struct Service(Serving);

#[tonic::async_trait]
impl FlagSyncService for Service {
    type SyncFlagsStream = BoxStream<'static, Result<SyncFlagsResponse, Status>>;

    async fn sync_flags(&self, request: Request<SyncFlagsRequest>) -> Result<Response<Self::SyncFlagsStream>, Status> {
        let scope = scope(request.extensions(), request.metadata(), &selector_of(request.get_ref()))?;
        let subscription = subscribe(&self.0, &scope, request.extensions())?;
        let documents = stream::unfold((subscription, true), |(mut subscription, first)| async move {
            if !first {
                subscription.next().await?;
            }
            let flag_configuration = subscription.seen().document().as_ref().to_owned();
            let message = SyncFlagsResponse { flag_configuration, sync_context: Some(Struct::default()) };
            Some((Ok(message), (subscription, false)))
        });
        Ok(Response::new(documents.chain(stream::once(async { Err(stopped()) })).boxed()))
    }

    async fn fetch_all_flags(
        &self,
        request: Request<FetchAllFlagsRequest>,
    ) -> Result<Response<FetchAllFlagsResponse>, Status> {
        #[expect(deprecated, reason = "older providers select so")]
        let selector = &request.get_ref().selector;
        let scope = scope(request.extensions(), request.metadata(), selector)?;
        let set = self.0.board.set(&scope).ok_or_else(|| unavailable(&scope))?;
        Ok(Response::new(FetchAllFlagsResponse { flag_configuration: set.document().as_ref().to_owned() }))
    }

    async fn get_metadata(
        &self,
        request: Request<GetMetadataRequest>,
    ) -> Result<Response<GetMetadataResponse>, Status> {
        scope(request.extensions(), request.metadata(), "")?;
        Ok(Response::new(GetMetadataResponse { metadata: Some(Struct::default()) }))
    }
}

#[expect(deprecated, reason = "older providers select so")]
fn selector_of(request: &SyncFlagsRequest) -> String {
    request.selector.clone()
}

/// What the caller may see, narrowed by the header or else by the request's field.
fn scope(extensions: &Extensions, metadata: &MetadataMap, selector: &str) -> Result<Scope, Status> {
    let header = metadata.get(SELECTOR_HEADER).and_then(|header| header.to_str().ok());
    Scope::selected(extensions, header.unwrap_or(selector)).map_err(|error| refused(&error))
}
