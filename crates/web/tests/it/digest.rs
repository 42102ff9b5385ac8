//! How a team's week was, as the mail that its people get.

use kernel::EffectId;
use serde_json::json;

use crate::{
    browser::Site,
    evaluation::Client,
    staffed::{STAFF, settle},
};

const DAY: i64 = 86_400;
const CALENDAR: &str = "
---
apiVersion: mainstay.dev/v1alpha1
kind: Cycle
metadata: {name: web}
spec: {team: web, time_zone: UTC, sprints: {length: 2w, starts: 2026-11-02}, digest: monday 08:00}
";

fn on_their_way(site: &Site) -> Vec<EffectId> {
    let world = site.app.world();
    let digests = world.effects.pending().filter(|effect| effect.call.purpose.contains("how the week of web was"));
    digests.map(|effect| effect.id).collect()
}

#[tokio::test]
async fn on_its_weekday_each_of_a_team_is_told_how_the_week_was_and_where_to_see_all_of_it() {
    let site = Site::open();
    let client = Client::of(&site);
    let files =
        json!({"source": "shop", "files": [{"path": "catalog-info.yaml", "text": format!("{STAFF}{CALENDAR}")}]});
    client.done("POST", "/api/v1/catalog/apply", files).await;
    // Wednesday.
    let deployment = json!({"component": "checkout", "environment": "production", "version": "1.2.0"});
    client.done("POST", "/api/v1/deployments", deployment).await;
    let incident = json!({"title": "Nobody can | pay", "entity": "component:checkout", "severity": "sev1"});
    client.done("POST", "/api/v1/incidents", incident).await;
    let promise = json!({"what": "Watch the checkout", "subject": "component:checkout", "owner": "user:kim",
        "deadline": "2026-11-20", "done_when": {"kind": "word"}});
    client.done("POST", "/api/v1/actions", promise).await;
    site.pass(1_200);
    client.done("POST", "/api/v1/incidents/1/resolve", json!({})).await;
    settle(&site).await;
    assert!(on_their_way(&site).is_empty(), "it is not Monday");

    // Monday, and an hour later.
    site.pass(5 * DAY);
    settle(&site).await;
    let digests = on_their_way(&site);
    assert_eq!(digests.len(), 2, "Kim and Lee");
    let world = site.app.world();
    let (address, message) = web::pages::message::made(&site.app, &world, digests[0]).unwrap().unwrap();
    assert_eq!(address.channel(), paging::Channel::Email);
    assert_eq!(message.subject, "web, week to 2026-11-23: 1 deployment, 1 incident, 1 late promise");
    for text in [
        "from 2026-11-16 to 2026-11-23",
        "Nobody can | pay (SEV1, users were hit for 20 min, incident 1)",
        "Watch the checkout (kim, action 1)",
    ] {
        assert!(message.text.contains(text), "{text}: {}", message.text);
    }
    let fact = |name: &str| message.facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(fact("Deployments"), Some("1 (the week before: 0)"));
    assert_eq!(fact("Incidents"), Some("1 (the week before: 0)"));
    // The link shows the same week.
    let link = message.link.unwrap();
    let mut ann = site.administrator().await;
    let shown = ann.see(link.strip_prefix(&site.app.settings().base_url).unwrap()).await;
    assert!(shown.says("2026-11-16 to 2026-11-23"), "{}", shown.html);

    // A week in which nothing happened says so, and the next comes a week later.
    site.pass(7 * DAY);
    settle(&site).await;
    let quiet = *on_their_way(&site).iter().find(|effect| !digests.contains(effect)).unwrap();
    let (_, message) = web::pages::message::made(&site.app, &site.app.world(), quiet).unwrap().unwrap();
    assert!(message.subject.contains("0 deployments, 0 incidents"), "{}", message.subject);
}
