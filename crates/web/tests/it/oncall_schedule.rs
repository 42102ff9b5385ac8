//! A team's schedule: the calendar, putting somebody in, swaps, and calendars for elsewhere.

use axum::http::{Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use kernel::EntityRef;
use serde_json::json;

use crate::{
    browser::{Browser, Site},
    server::Server,
    staffed::{STAFF, browser_of, staff, user},
};

const SCREEN: &str = "/on-call/default/web";

fn on_call(site: &Site) -> Vec<EntityRef> {
    let team = EntityRef::new("group", "default", "web").unwrap();
    oncall::on_call_for(&site.app.world().oncall, &team, site.app.now())
}

#[tokio::test]
async fn a_team_s_screen_shows_four_weeks_who_carries_how_much_and_where_to_subscribe() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    assert!(ann.see("/on-call").await.says(&format!("href=\"{SCREEN}\"")));
    let shown = ann.see(SCREEN).await;
    for text in ["Days in UTC", "Mon 16 Nov", "Sun 13 Dec", "Kim Park", "until 09:00", "The last 90 days", "/ical/"] {
        assert!(shown.says(text), "{text}");
    }
    assert_eq!(shown.html.matches("class=\"day\"").count(), 28);
    assert!(!shown.says("Nobody is on call"), "the gap before the first hand-over is over");
    let later = ann.see(&format!("{SCREEN}?from=2027-03-04")).await;
    assert!(later.says("Mon 1 Mar") && later.says("Lee Moss"));
    assert_eq!(ann.get("/on-call/default/nobody").await.status, StatusCode::NOT_FOUND);
    let then = site.app.now();
    site.pass(3_600);
    let past = ann.see(&format!("{SCREEN}?at={then}")).await;
    assert!(!past.says("Put somebody in"), "the past is not changed");
}

#[tokio::test]
async fn somebody_takes_over_and_gives_back_by_forms_alone() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let mut lee = browser_of(&site, &mut ann, "lee").await;
    let now_on_call = on_call(&site);
    let person = user("lee").to_string();
    let (from, to) = (site.app.now(), site.app.now() + SignedDuration::from_hours(8));
    let zoned = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%dT%H:%M").to_string();
    let fields =
        [("rotation", "rotation:default/web"), ("person", &person), ("from", &zoned(from)), ("to", &zoned(to))];
    let done = lee.send(SCREEN, &format!("{SCREEN}/override"), &fields).await;
    assert_eq!(done.location(), format!("{SCREEN}?done=on-call"));
    assert_eq!(on_call(&site), [user("lee")]);
    let id = site.app.world().oncall.rosters().next().unwrap().overrides[0].id.to_string();
    assert!(lee.see(SCREEN).await.says(&id));
    lee.send(SCREEN, &format!("{SCREEN}/clear"), &[("id", &id)]).await;
    assert_eq!(on_call(&site), now_on_call);
    let wrong = [("rotation", "rotation:default/web"), ("person", "nobody"), ("from", "soon"), ("to", "later")];
    let refused = lee.send(SCREEN, &format!("{SCREEN}/override"), &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.html);
}

#[tokio::test]
async fn two_people_swap_shifts_and_nobody_else_answers_for_them() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let (mut kim, mut lee) = (browser_of(&site, &mut ann, "kim").await, browser_of(&site, &mut ann, "lee").await);
    let screen = kim.see(SCREEN).await;
    let option = |id: &str| {
        let select = screen.html.split(&format!("id=\"{id}\"")).nth(1).unwrap();
        select.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let (give, take) = (option("give"), option("take"));
    kim.send(SCREEN, &format!("{SCREEN}/propose"), &[("give", &give), ("take", &take)]).await;
    let proposal = site.app.world().oncall.rosters().next().unwrap().proposals[0].clone();
    assert_eq!((proposal.from.person.clone(), proposal.to.person.clone()), (user("kim"), user("lee")));
    let id = proposal.id.to_string();
    let csrf = kim.see(SCREEN).await.csrf();
    let own = kim.post(&format!("{SCREEN}/accept"), &[("id", &id), ("csrf", &csrf)]).await;
    assert_eq!(own.status, StatusCode::FORBIDDEN, "whoever asks doesn't agree for the other");
    lee.send(SCREEN, &format!("{SCREEN}/accept"), &[("id", &id)]).await;
    let roster = site.app.world().oncall.rosters().next().unwrap().clone();
    assert_eq!((roster.overrides.len(), roster.proposals.len()), (2, 0));
    let halves = roster.overrides[0].id.to_string();
    lee.send(SCREEN, &format!("{SCREEN}/revert"), &[("id", &halves)]).await;
    assert!(site.app.world().oncall.rosters().next().unwrap().overrides.is_empty());
}

#[tokio::test]
async fn a_calendar_is_read_without_signing_in_by_its_secret_address_alone() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let screen = ann.see(SCREEN).await;
    let address = format!("/ical/{}", screen.html.split("/ical/").nth(1).unwrap().split('"').next().unwrap());
    let mut phone = Browser::new(&site);
    let calendar = phone.see(&address).await;
    assert_eq!(calendar.headers[header::CONTENT_TYPE], "text/calendar; charset=utf-8");
    assert!(calendar.says("BEGIN:VCALENDAR") && calendar.says("kim") && calendar.says("BEGIN:VEVENT"));
    let (whose, tag) = address.trim_end_matches(".ics").split_once('.').unwrap();
    for wrong in [
        format!("{whose}.ics"),
        format!("{whose}.{}x.ics", &tag[1..]),
        format!("{whose}..ics"),
        address[..9].to_owned(),
    ] {
        assert_eq!(phone.get(&wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
}

#[tokio::test]
async fn the_api_shows_the_schedule_and_puts_people_in_and_out() {
    let server = Server::start();
    server.apply("staff", &[("catalog-info.yaml", &STAFF.replace("2026-11-16", "2024-01-01"))]).await;
    let schedule = "/api/v1/on-call/schedule?team=web&weeks=2";
    let shown = server.get(schedule).await;
    assert!(shown["duties"][0]["shifts"].as_array().unwrap().len() >= 2, "{shown}");
    assert_eq!((&shown["gaps"], shown["load"].as_array().unwrap().len()), (&json!([]), 2));
    let to = Timestamp::now() + SignedDuration::from_hours(8);
    let whoever = server.get("/api/v1/on-call?team=web").await[0]["on_call"][0]["person"].clone();
    let other = if whoever == "user:default/kim" { "lee" } else { "kim" };
    server.post("/api/v1/on-call/overrides", json!({"rotation": "web", "person": other, "to": to})).await;
    let duty = server.get("/api/v1/on-call?team=web").await[0]["on_call"][0].clone();
    assert_eq!((&duty["person"], &duty["instead_of"]), (&json!(format!("user:default/{other}")), &whoever));
    let set = server.get(schedule).await["overrides"][0]["id"].as_str().unwrap().to_owned();
    server.post(&format!("/api/v1/on-call/overrides/{set}/clear"), json!({})).await;
    assert_eq!(server.get(schedule).await["overrides"], json!([]));
    for (body, field) in [
        (json!({"rotation": "web", "person": "nobody", "to": to}), "person"),
        (json!({"rotation": "web", "to": to}), "person"),
        (json!({"rotation": "web", "person": "kim", "from": to, "to": to}), "/to"),
    ] {
        let refused = server.ask(Method::POST, "/api/v1/on-call/overrides", Some(&body)).await;
        assert_eq!(refused.body["field"], field, "{}", refused.body);
    }
    let refused = server.ask(Method::GET, "/api/v1/on-call/schedule?team=web&weeks=99", None).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_day_of_the_calendar_is_taken_over_and_a_gap_is_filled_by_links_and_forms_alone() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let mut lee = browser_of(&site, &mut ann, "lee").await;
    let day = site.app.now().to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().unwrap();
    let calendar = lee.see(SCREEN).await;
    let name = day.strftime("%a %-d %b");
    assert!(calendar.says(&format!("aria-label=\"{name}: Kim Park\"")), "{}", calendar.html);
    let chosen = calendar.html.split(&format!("&#38;day={day}#day")).next().unwrap().rsplit("href=\"").next().unwrap();
    let address = format!("{chosen}&day={day}");
    let page = lee.see(&address).await;
    assert!(page.says("Take over this day") && page.says("Take over the whole shift"), "{}", page.html);
    assert_eq!(page.html.matches("id=\"person\"").count(), 1, "one form, for that day");
    let (from, to) = (day.to_zoned(jiff::tz::TimeZone::UTC).unwrap(), day.tomorrow().unwrap());
    let to = to.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let (person, from, to, day) =
        (user("lee").to_string(), from.timestamp().to_string(), to.to_string(), day.to_string());
    let fields =
        [("rotation", "rotation:default/web"), ("person", &person), ("from", &from), ("to", &to), ("day", &day)];
    let done = lee.send(&address, &format!("{SCREEN}/override"), &fields).await;
    assert_eq!(done.location(), format!("{SCREEN}?from={day}&day={day}&done=on-call#day"));
    let after = lee.see(&address).await;
    assert!(after.says("instead of Kim Park") && !after.says("Take over this day"), "{}", after.html);
    // Before the rotation begins there is nobody.
    let gap = lee.see(&format!("{SCREEN}?from=2026-11-09&day=2026-11-10")).await;
    assert!(gap.says("class=\"gap chosen\"") && gap.says("Nobody"), "{}", gap.html);
    assert!(!gap.says("Take over this day"), "what is over is not changed");
    assert!(lee.see(&format!("{SCREEN}?day=9999-12-31")).await.says("Dec"));
    assert_eq!(lee.get(&format!("{SCREEN}?day=soon")).await.status, StatusCode::BAD_REQUEST);
}
