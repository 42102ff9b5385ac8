//! Subscribing to a status page: nobody is subscribed by somebody else, and nothing is kept of who is not.

use axum::http::{StatusCode, header};
use kernel::SubscriptionId;
use notifier::{Inbox, Notifier, Settings};
use statuspage::Way;
use tokio::sync::mpsc;
use web::status::{
    message::{Ready, Told},
    subscribe::{self, Letter},
};

use crate::{
    browser::{Browser, Page, Site},
    status_page::declare,
};

const ADDRESS: &str = "Rita.Reader@example.org";

fn site() -> Site {
    let settings = Settings { all_to_inbox: true, ..Settings::default() };
    let notifier = Notifier::new(settings, Inbox::new()).unwrap();
    Site::open_with(|settings| {
        settings.base_url = "https://status.example".to_owned();
        settings.notifier = Some(notifier);
    })
}

struct Post<'a> {
    reader: Browser<'a>,
    letters: mpsc::Receiver<Letter>,
}

impl<'a> Post<'a> {
    async fn of(site: &'a Site) -> Self {
        declare(site).await;
        Self { reader: Browser::new(site), letters: site.app.subscribing().letters().unwrap() }
    }

    async fn ask(&mut self, fields: &[(&str, &str)]) -> Page {
        self.reader.post("/status/subscribe", fields).await
    }

    /// The path of the link in the next letter.
    fn link(&mut self) -> String {
        let letter = self.letters.try_recv().unwrap();
        letter.message.link.unwrap().strip_prefix("https://status.example").unwrap().to_owned()
    }

    /// Subscribes; answers the path where that is managed.
    async fn subscribe(&mut self, fields: &[(&str, &str)]) -> String {
        let asked = self.ask(fields).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.html);
        let link = self.link();
        let done = self.reader.post(&link, &[]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.html);
        done.location().to_owned()
    }
}

fn only(site: &Site) -> SubscriptionId {
    let world = site.app.world();
    let page = world.statuspage.main_page().unwrap().page.clone();
    let all: Vec<_> = world.statuspage.subscriptions(&page).map(|held| held.id).collect();
    assert_eq!(all.len(), 1);
    all[0]
}

/// Everything on the timeline, as it is written.
async fn timeline(site: &Site) -> String {
    let entries = site.app.blocking(|engine| Ok(engine.store().read(0, 10_000)?)).await.unwrap();
    entries.iter().map(|entry| String::from_utf8_lossy(&entry.body).into_owned()).collect()
}

#[tokio::test]
async fn only_the_button_behind_the_link_subscribes_and_no_address_is_on_the_timeline() {
    let site = site();
    let mut post = Post::of(&site).await;
    assert!(post.reader.see("/status/subscribe").await.says("name=\"address\""));
    let before = site.position();
    let asked = post.ask(&[("way", "email"), ("address", ADDRESS)]).await;
    assert!(asked.says("Look for a message there") && !asked.says(ADDRESS), "{}", asked.html);
    let link = post.link();
    assert!(!link.contains("rita") && !link.to_lowercase().contains("example.org"), "the link is sealed: {link}");
    let shown = post.reader.see(&link).await;
    assert!(shown.says("R…@example.org") && shown.says("Subscribe</button>"), "{}", shown.html);
    assert_eq!(shown.headers[header::CACHE_CONTROL], "private, no-store");
    assert_eq!(site.position(), before, "scanners follow links");
    let done = post.reader.post(&link, &[]).await;
    assert_eq!(site.position(), before + 1);
    let manage = done.location().to_owned();
    assert!(post.reader.see(&manage).await.says("Unsubscribe and delete the address"));
    let again = post.reader.post(&link, &[]).await;
    assert_eq!((again.location(), site.position()), (manage.as_str(), before + 1), "two clicks are one subscription");
    let written = timeline(&site).await.to_lowercase();
    assert!(written.contains("\"subscribed\"") && !written.contains("rita") && !written.contains("example.org"));
    site.pass(24 * 3_600);
    assert_eq!(post.reader.get(&link).await.status, StatusCode::NOT_FOUND, "it is over");
}

#[tokio::test]
async fn the_answer_says_nothing_of_who_is_subscribed() {
    let site = site();
    let mut post = Post::of(&site).await;
    let first = post.ask(&[("way", "email"), ("address", ADDRESS)]).await;
    let link = post.link();
    post.reader.post(&link, &[]).await;
    let known = post.ask(&[("way", "email"), ("address", &ADDRESS.to_lowercase())]).await;
    assert_eq!((first.status, &first.html), (known.status, &known.html));
    let link = post.link();
    post.reader.post(&link, &[]).await;
    only(&site);
    // The third goes out, the fourth is one too many for the address; the answer is the same.
    post.ask(&[("way", "email"), ("address", ADDRESS)]).await;
    post.link();
    let often = post.ask(&[("way", "email"), ("address", ADDRESS)]).await;
    assert_eq!((often.status, &often.html), (first.status, &first.html));
    assert!(post.letters.try_recv().is_err(), "nobody is flooded");
}

#[tokio::test]
async fn one_place_may_ask_ten_times() {
    let site = site();
    let mut post = Post::of(&site).await;
    for nth in 0..10 {
        let asked = post.ask(&[("way", "email"), ("address", &format!("r{nth}@example.org"))]).await;
        assert_eq!(asked.status, StatusCode::OK);
    }
    let refused = post.ask(&[("way", "email"), ("address", "one-more@example.org")]).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn one_click_of_a_mail_program_ends_it_and_deletes_the_address() {
    let site = site();
    let mut post = Post::of(&site).await;
    let manage = post.subscribe(&[("way", "email"), ("address", ADDRESS)]).await;
    let id = only(&site);
    let held = site.app.world().statuspage.subscription(id).unwrap().clone();
    assert_eq!(subscribe::address_of(&site.app, &held).unwrap().0, ADDRESS);
    let mut mail_program = Browser::new(&site);
    let ended = mail_program.post(&manage, &[("List-Unsubscribe", "One-Click")]).await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.html);
    assert!(site.app.world().statuspage.subscription(id).is_none());
    assert!(subscribe::address_of(&site.app, &held).is_err(), "the address is gone");
    let again = mail_program.post(&manage, &[("List-Unsubscribe", "One-Click")]).await;
    assert_eq!(again.status, StatusCode::OK, "twice is once");
    let manage = post.subscribe(&[("way", "email"), ("address", ADDRESS)]).await;
    assert_ne!(only(&site), id, "nothing of before is found");
    let by_button = post.reader.post(&manage, &[("act", "unsubscribe")]).await;
    assert!(by_button.says("the address is deleted"));
}

#[tokio::test]
async fn components_are_chosen_and_changed() {
    let site = site();
    let mut post = Post::of(&site).await;
    let manage = post.subscribe(&[("way", "email"), ("address", ADDRESS), ("component", "refunds")]).await;
    let components = |site: &Site| site.app.world().statuspage.subscription(only(site)).unwrap().components.clone();
    assert_eq!(components(&site), ["refunds"]);
    let change = [("act", "change"), ("component", "refunds"), ("component", "checkout")];
    post.reader.post(&manage, &change).await;
    assert_eq!(components(&site), ["checkout", "refunds"]);
    let none = post.reader.post(&manage, &[("act", "change")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn who_confirms_once_more_has_chosen_anew() {
    let site = site();
    let mut post = Post::of(&site).await;
    post.subscribe(&[("way", "email"), ("address", ADDRESS), ("component", "refunds")]).await;
    let id = only(&site);
    post.ask(&[("way", "email"), ("address", ADDRESS), ("component", "checkout")]).await;
    let link = post.link();
    post.reader.post(&link, &[]).await;
    assert_eq!(only(&site), id);
    assert_eq!(site.app.world().statuspage.subscription(id).unwrap().components, ["checkout"]);
}

#[tokio::test]
async fn a_link_from_before_the_last_change_changes_nothing() {
    let site = site();
    let mut post = Post::of(&site).await;
    post.ask(&[("way", "email"), ("address", ADDRESS), ("component", "refunds")]).await;
    let link = post.link();
    site.pass(60);
    let manage = post.reader.post(&link, &[]).await.location().to_owned();
    let components = |site: &Site| site.app.world().statuspage.subscription(only(site)).unwrap().components.clone();
    site.pass(60);
    assert_eq!(post.reader.post(&link, &[]).await.status, StatusCode::SEE_OTHER, "twice is once");
    post.reader.post(&manage, &[("act", "change"), ("component", "checkout")]).await;
    assert_eq!(components(&site), ["checkout"]);
    site.pass(60);
    let late = post.reader.post(&link, &[]).await;
    assert_eq!(late.status, StatusCode::NOT_FOUND);
    assert!(late.says("was changed after this link was sent"), "{}", late.html);
    assert_eq!(components(&site), ["checkout"]);
    post.ask(&[("way", "email"), ("address", ADDRESS), ("component", "refunds")]).await;
    let link = post.link();
    assert_eq!(post.reader.post(&link, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(components(&site), ["refunds"]);
}

#[tokio::test]
async fn whose_page_is_gone_may_still_have_the_address_deleted() {
    let site = site();
    let mut post = Post::of(&site).await;
    let manage = post.subscribe(&[("way", "email"), ("address", ADDRESS)]).await;
    let held = site.app.world().statuspage.subscription(only(&site)).unwrap().clone();
    let pages: Vec<_> = site.app.world().statuspage.pages().map(|page| page.page.clone()).collect();
    for page in pages {
        site.done_by("ann", world::Command::Statuspage(statuspage::Command::Remove { page })).await;
    }
    let shown = post.reader.get(&manage).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.html);
    assert!(shown.says("Unsubscribe and delete the address"));
    let ended = post.reader.post(&manage, &[("act", "unsubscribe")]).await;
    assert!(ended.says("the address is deleted"), "{}", ended.html);
    assert!(subscribe::address_of(&site.app, &held).is_err(), "the address is gone");
}

#[tokio::test]
async fn a_link_that_was_changed_does_nothing() {
    let site = site();
    let mut post = Post::of(&site).await;
    let manage = post.subscribe(&[("way", "email"), ("address", ADDRESS)]).await;
    post.ask(&[("way", "email"), ("address", "other@example.org")]).await;
    let confirm = post.link();
    let position = site.position();
    for link in [manage, confirm] {
        let mut changed = link.clone();
        let last = if changed.ends_with('A') { 'B' } else { 'A' };
        changed.replace_range(changed.len() - 5..changed.len() - 4, &last.to_string());
        for wrong in
            [changed, format!("{link}A"), link[..link.len() - 3].to_owned(), format!("{}{}", link, "x".repeat(9_000))]
        {
            assert_eq!(post.reader.get(&wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
            assert_eq!(post.reader.post(&wrong, &[("act", "unsubscribe")]).await.status, StatusCode::NOT_FOUND);
        }
    }
    assert_eq!(site.position(), position);
}

#[tokio::test]
async fn what_is_no_address_is_refused_and_kept_in_the_form() {
    let site = site();
    let mut post = Post::of(&site).await;
    for (way, address) in
        [("email", "nobody"), ("slack", "https://"), ("webhook", "http://plain.example/"), ("webhook", "ftp://x")]
    {
        let refused = post.ask(&[("way", way), ("address", address)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
        assert!(refused.says("role=\"alert\"") && refused.says(address), "{}", refused.html);
    }
    let long = format!("https://hook.example/{}", "x".repeat(300));
    assert_eq!(post.ask(&[("way", "webhook"), ("address", &long)]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let draft = post.reader.post("/status/draft/subscribe", &[("way", "email"), ("address", ADDRESS)]).await;
    assert_eq!(draft.status, StatusCode::NOT_FOUND);
    assert!(post.letters.try_recv().is_err());
}

#[tokio::test]
async fn a_subscriber_is_told_by_a_message_that_can_be_ended_and_a_program_as_statuspage_tells_it() {
    let site = site();
    let mut ann = site.administrator().await;
    let mut post = Post::of(&site).await;
    post.subscribe(&[("way", "email"), ("address", ADDRESS)]).await;
    post.subscribe(&[("way", "webhook"), ("address", "https://hook.example/in?token=1")]).await;
    let fields = [
        ("title", "Refunds are late"),
        ("text", "A bank is away."),
        ("status", "investigating"),
        ("component", "refunds"),
        ("component_status", "partial_outage"),
        ("notify", "yes"),
    ];
    ann.send("/status-pages/main", "/status-pages/main/publish", &fields).await;
    let world = site.app.world();
    let broadcast = world.statuspage.broadcasts().next().unwrap().clone();
    let told = Told::of(&site.app, &world, &broadcast).unwrap();
    let batch = world.statuspage.batch(broadcast.effect, site.app.now()).unwrap();
    assert_eq!(batch.receivers.len(), 2);
    for held in &batch.receivers {
        match told.to(&site.app, held).unwrap() {
            Ready::Message(ready) => {
                let (_, message) = *ready;
                assert_eq!(held.way, Way::Email);
                assert_eq!(message.subject, "[Shop status] Investigating: Refunds are late");
                assert_eq!(message.id, format!("{}-{}", broadcast.effect, held.id), "the same at each try");
                let manage = message.unsubscribe.unwrap();
                let path = manage.strip_prefix("https://status.example").unwrap().to_owned();
                assert!(post.reader.see(&path).await.says("R…@example.org"));
            }
            Ready::Call(call) => {
                assert_eq!((call.url.as_str(), call.method.as_str()), ("https://hook.example/in?token=1", "POST"));
                let body: serde_json::Value = serde_json::from_str(&call.body).unwrap();
                assert_eq!(body["incident"]["name"], "Refunds are late");
                assert_eq!(body["incident"]["incident_updates"][0]["body"], "A bank is away.");
                assert_eq!(body["page"]["status_indicator"], "major");
                assert!(
                    body["meta"]["unsubscribe"]
                        .as_str()
                        .unwrap()
                        .starts_with("https://status.example/status/subscriptions/")
                );
                let key = outbound::key_text(&call.key.unwrap());
                let manage = subscribe::manage_link(&site.app, held.id);
                let path = manage.strip_prefix("https://status.example").unwrap();
                assert!(post.reader.see(path).await.says(&key), "its owner learns the key");
            }
        }
    }
}

#[tokio::test]
async fn a_program_confirms_itself_by_a_post() {
    let site = site();
    let mut post = Post::of(&site).await;
    post.ask(&[("way", "webhook"), ("address", "https://hook.example/in")]).await;
    let letter = post.letters.try_recv().unwrap();
    let body: serde_json::Value = serde_json::from_str(&letter.body).unwrap();
    let path = body["confirm_url"].as_str().unwrap().strip_prefix("https://status.example").unwrap();
    let answer = Browser::new(&site).post_as(path, "application/json").await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let answer: serde_json::Value = serde_json::from_str(&answer.html).unwrap();
    assert!(answer["manage_url"].as_str().unwrap().contains(&only(&site).to_string()));
}

#[tokio::test]
async fn an_administrator_sees_how_many_there_are_and_removes_one_without_learning_the_address() {
    let site = site();
    let mut post = Post::of(&site).await;
    post.subscribe(&[("way", "email"), ("address", ADDRESS)]).await;
    let id = only(&site);
    let path = "/api/v1/status-pages/main/subscribers";
    let listed =
        Browser::new(&site).get_with(path, header::AUTHORIZATION, &format!("Bearer {}", crate::server::TOKEN)).await;
    assert!(listed.says(&id.to_string()) && listed.says("\"email\"") && !listed.says("example.org"), "{}", listed.html);
    let request = engine::Request::by_part(subscribe::ended(id, statuspage::Gone::Removed), "test");
    subscribe::end(&site.app, id, request).await.unwrap();
    assert_eq!(site.app.world().statuspage.subscriptions_len(), 0);
}
