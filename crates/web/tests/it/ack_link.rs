//! Answering by the link in a message, without signing in.

use axum::http::{StatusCode, header};
use paging::{Status, Via};

use crate::{
    browser::{Browser, Site},
    staffed::{browser_of, link, page, staff},
};

#[tokio::test]
async fn looking_answers_nothing_and_the_button_answers_in_the_name_of_whose_link_it_is() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let number = page(&site, "Refunds look wrong").await;
    let link = link(&site);
    let mut phone = Browser::new(&site);
    let (before, shown) = (site.position(), phone.see(&link).await);
    assert!(shown.says("Refunds look wrong") && shown.says("Acknowledge") && shown.says("Sent to kim"));
    assert_eq!(site.position(), before, "mail scanners follow links");
    let answered = phone.post(&link, &[]).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.html);
    assert_eq!(answered.headers[header::CACHE_CONTROL], "no-store");
    let world = site.app.world();
    let Status::Acknowledged { by, via, .. } = &world.paging.numbered(number).unwrap().status else { panic!("open") };
    assert_eq!(by.name(), "kim");
    assert!(matches!(via, Via::Notice { person, .. } if person.name() == "kim"));
    let (again, position) = (phone.see(&link).await, site.position());
    assert!(again.says("Answered already") && again.says("acknowledged by kim") && !again.says("<button"));
    assert!(phone.post(&link, &[]).await.says("nothing left to answer"));
    assert_eq!(site.position(), position, "a link works once");
    drop(browser_of(&site, &mut ann, "kim").await);
}

#[tokio::test]
async fn a_link_that_is_over_or_was_changed_says_so_and_answers_nothing() {
    let site = Site::open();
    site.administrator().await;
    staff(&site).await;
    let number = page(&site, "Refunds look wrong").await;
    let link = link(&site);
    let mut phone = Browser::new(&site);
    let changed = format!("{}x", link.trim_end_matches(|c: char| c.is_ascii_alphanumeric()));
    for wrong in [format!("{link}A"), "/ack/nothing".to_owned(), changed] {
        assert_eq!(phone.get(&wrong).await.status, StatusCode::FORBIDDEN, "{wrong}");
        assert_eq!(phone.post(&wrong, &[]).await.status, StatusCode::FORBIDDEN, "{wrong}");
    }
    site.pass(12 * 3_600);
    let late = phone.get(&link).await;
    assert_eq!(late.status, StatusCode::GONE);
    assert!(late.says("It has expired"));
    assert_eq!(phone.post(&link, &[]).await.status, StatusCode::GONE);
    assert!(!site.app.world().paging.numbered(number).unwrap().status.is_finished());
}

#[tokio::test]
async fn a_telephone_answers_by_the_key_four_alone_and_hears_what_came_of_it() {
    let site = Site::open();
    site.administrator().await;
    staff(&site).await;
    let number = page(&site, "Refunds look wrong").await;
    let link = link(&site);
    let mut twilio = Browser::new(&site);
    let finished = || site.app.world().paging.numbered(number).unwrap().status.is_finished();
    let said = twilio.post(&link, &[("CallSid", "CA1"), ("Digits", "1")]).await;
    assert!(said.says("<Say>Nothing was acknowledged") && !finished(), "{}", said.html);
    assert_eq!(said.headers[header::CONTENT_TYPE], "text/xml; charset=utf-8");
    let said = twilio.post(&link, &[("CallSid", "CA1"), ("Digits", "4")]).await;
    assert!(said.says("<Say>Acknowledged") && finished(), "{}", said.html);
    assert!(twilio.post(&link, &[("Digits", "4")]).await.says("answered already"));
    let forged = twilio.post("/ack/nothing", &[("Digits", "4")]).await;
    assert!(forged.status == StatusCode::OK && forged.says("can acknowledge nothing"), "Twilio reads out what is 200");
}

#[tokio::test]
async fn links_are_not_tried_without_bound() {
    let site = Site::open();
    let mut phone = Browser::new(&site);
    let mut last = StatusCode::OK;
    for _ in 0..130 {
        last = phone.get("/ack/nothing").await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}
