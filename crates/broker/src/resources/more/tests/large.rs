use contracts::{
    Command, ContentSha, Outline,
    command::{NewPact, Onto},
};
use kernel::Sha256;
use serde_json::Value;

use super::Desk;
use crate::Host as _;

/// 100 consumers with ten providers each, and ten versions on as many branches and tags.
fn large() -> Desk {
    let desk = Desk::default();
    for consumer in 0..100_u32 {
        for version in 0..10_u32 {
            let pacts = (0..10_u32).map(|provider| NewPact {
                provider: format!("provider-{}", (consumer + provider) % 100),
                content: ContentSha::of(&Value::from(format!("{consumer}-{provider}-{}", version / 5))),
                blob: Sha256::of(&[]),
                outline: Outline::default(),
                onto: Onto::Any,
            });
            let command = Command::Publish {
                pacticipant: format!("consumer-{consumer}"),
                version: version.to_string(),
                branch: Some(format!("branch-{version}")),
                tags: vec![format!("tag-{version}")],
                build_url: None,
                pacts: pacts.collect(),
                may_modify: false,
            };
            desk.submit(command, None).unwrap();
        }
    }
    desk
}

#[test]
fn the_dashboard_of_a_thousand_integrations_is_one_page() {
    let desk = large();
    let page = desk.get("/dashboard");
    assert_eq!(page["items"].as_array().unwrap().len(), 100);
    assert_eq!(page["page"]["totalElements"], 10_000);
    assert!(page["_links"]["next"]["href"].is_string());
}
