//! Definitions for providers that evaluate in their own process.

use flagd::Document;
use serving::{
    Serving,
    proto::sync_v1::{
        FetchAllFlagsRequest, GetMetadataRequest, SyncFlagsRequest, flag_sync_service_client::FlagSyncServiceClient,
    },
};
use tonic::{Code, Request, transport::Channel};

use crate::support::{ports, serving, set, shop};

async fn client(serving: &Serving) -> FlagSyncServiceClient<Channel> {
    let ports = ports(serving).await;
    let address = format!("http://{}", ports.sync);
    // The listeners serve until the runtime of the test ends.
    std::mem::forget(ports);
    FlagSyncServiceClient::connect(address).await.unwrap()
}

fn keys(document: &str) -> Vec<String> {
    let (document, problems) = Document::read(document.as_bytes()).unwrap();
    assert_eq!(problems, []);
    document.flags.into_iter().map(|(key, _)| key).collect()
}

#[tokio::test]
async fn the_whole_set_is_sent_at_once_and_at_each_change() {
    let serving = serving(&shop("on"));
    let mut client = client(&serving).await;
    let mut documents = client.sync_flags(SyncFlagsRequest::default()).await.unwrap().into_inner();
    let first = documents.message().await.unwrap().unwrap();
    assert_eq!(keys(&first.flag_configuration).len(), 7);
    assert!(first.sync_context.is_some());
    serving.board().publish("production", set(&shop("off")));
    let second = documents.message().await.unwrap().unwrap();
    assert_ne!(first.flag_configuration, second.flag_configuration);
    assert_eq!(second.flag_configuration, &*set(&shop("off")).document());
    serving.board().close();
    assert_eq!(documents.message().await.unwrap_err().code(), Code::Unavailable, "so that clients come back");
}

#[tokio::test]
async fn header_and_field_select_flag_sets_and_the_header_goes_before() {
    let serving = serving(&shop("on"));
    serving.board().publish("staging", set(&serde_json::json!({ "flags": {} })));
    let mut client = client(&serving).await;
    let mut fetch = async |field: &str, header: Option<&'static str>| {
        #[expect(deprecated, reason = "older providers select so")]
        let asked = FetchAllFlagsRequest { provider_id: String::new(), selector: field.to_owned() };
        let mut request = Request::new(asked);
        if let Some(header) = header {
            request.metadata_mut().insert("flagd-selector", header.parse().unwrap());
        }
        let answer = client.fetch_all_flags(request).await.map_err(|status| status.code())?;
        Ok::<_, Code>(keys(&answer.into_inner().flag_configuration))
    };
    assert_eq!(fetch("", None).await.unwrap().len(), 7);
    assert_eq!(fetch("flagSetId=web", None).await.unwrap(), ["release"]);
    assert_eq!(fetch("flagSetId=web", Some("flagSetId=api")).await.unwrap(), ["limit"]);
    assert_eq!(fetch("environment=staging", None).await.unwrap(), [] as [&str; 0]);
    assert_eq!(fetch("environment=nowhere", None).await, Err(Code::Unavailable));
    assert_eq!(fetch("x=y", None).await, Err(Code::InvalidArgument));
}

#[tokio::test]
async fn older_providers_ask_for_the_context_apart() {
    let mut client = client(&serving(&shop("on"))).await;
    #[expect(deprecated, reason = "older providers ask so")]
    let metadata = client.get_metadata(GetMetadataRequest {}).await.unwrap().into_inner().metadata;
    assert!(metadata.unwrap().fields.is_empty());
}
