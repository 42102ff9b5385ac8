//! A server with a team that takes turns, and an administrator's browser to look at it.

use axum::http::StatusCode;
use catalog::{Bundle, BundleFile};
use kernel::EntityRef;
use paging::{Opening, Urgency};
use world::{Command, read_bundle};

use crate::browser::{Browser, PASSWORD, Site};

/// 2026-11-18 is a Wednesday; kim's week began on Monday the 16th.
pub(crate) const STAFF: &str = "
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: web}
spec: {type: team, children: [], members: [kim, lee]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: kim}
spec: {memberOf: [web], profile: {displayName: Kim Park, email: kim@shop.example}}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: lee}
spec: {memberOf: [web], profile: {displayName: Lee Moss, email: lee@shop.example}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: checkout}
spec: {type: service, lifecycle: production, owner: web}
---
apiVersion: mainstay.dev/v1alpha1
kind: Rotation
metadata: {name: web}
spec: {team: web, people: [kim, lee], time_zone: UTC, handover: 'monday 09:00', starts: 2026-11-16}
---
apiVersion: mainstay.dev/v1alpha1
kind: EscalationPolicy
metadata: {name: all-hands}
spec: {steps: [{notify: ['group:web'], after: 5m}]}
";

pub(crate) fn user(name: &str) -> EntityRef {
    EntityRef::new("user", "default", name).unwrap()
}

/// Puts the team into the catalog.
pub(crate) async fn staff(site: &Site) {
    let files = vec![BundleFile { path: "catalog-info.yaml".to_owned(), bytes: STAFF.as_bytes().into() }];
    let reading = read_bundle(&Bundle { source: "staff".to_owned(), files, problems: Vec::new() });
    site.done_by("ann", Command::Catalog(catalog::Command::Apply(catalog::Apply { reading, partial: true }))).await;
}

/// Opens a page about the checkout, and lets it reach whom it names.
pub(crate) async fn page(site: &Site, title: &str) -> u64 {
    let about = Opening {
        incident: None,
        subject: EntityRef::new("component", "default", "checkout").unwrap(),
        team: Some(EntityRef::new("group", "default", "web").unwrap()),
        policy: None,
        urgency: Urgency::High,
        title: title.to_owned(),
    };
    site.done_by("ann", Command::Paging(paging::Command::Open { about })).await;
    let number = site.app.world().paging.pages().next().unwrap().number();
    settle(site).await;
    number
}

/// Does what is due, as the server does by itself.
pub(crate) async fn settle(site: &Site) {
    loop {
        let world = site.app.world();
        let due = world::due(&world, site.app.now());
        let before = world.position;
        for (command, _) in due {
            site.done_by("the clock", command).await;
        }
        if site.position() == before {
            return;
        }
    }
}

/// The link in the message that went to kim.
pub(crate) fn link(site: &Site) -> String {
    let world = site.app.world();
    let message = world.paging.messages().find(|message| message.person == user("kim")).unwrap();
    let (_, ready) = web::pages::message::ready(&site.app, &world, message).unwrap().unwrap();
    ready.acknowledge.unwrap()
}

/// A browser of the user who is this person of the catalog.
pub(crate) async fn browser_of<'a>(site: &'a Site, ann: &mut Browser<'a>, person: &str) -> Browser<'a> {
    let reference = user(person).to_string();
    let new = [("name", person), ("password", PASSWORD), ("role", "editor"), ("person", &reference)];
    let page = ann.send("/settings/users", "/settings/users", &new).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let mut browser = Browser::new(site);
    let page = browser.post("/login", &[("name", person), ("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    browser
}
