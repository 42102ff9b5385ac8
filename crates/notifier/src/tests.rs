use jiff::Timestamp;

use crate::{Address, BadSetting, Inbox, KEPT_MAX, Message, Notifier, Settings, message::tests::sample};
use paging::Channel;

fn check(channel: Channel, text: &str, masked: Option<&str>) {
    let parsed = Address::parse(channel, text);
    assert_eq!(parsed.as_ref().ok().map(Address::masked).as_deref(), masked, "{channel} {text}: {parsed:?}");
    if let Err(why) = parsed {
        assert!(!why.contains("tk_") && !why.contains("T0/B0"), "{why}");
    }
}

#[test]
fn an_address_is_parsed_and_masked_by_its_channel() {
    check(Channel::Email, " anna.b@example.com ", Some("a…@example.com"));
    check(Channel::Slack, "https://hooks.slack.com/services/T0/B0/p0q1r2s3x1y2ab12", Some("hooks.slack.com/…/ab12"));
    check(Channel::Slack, "http://127.0.0.1:81/services/T0", Some("127.0.0.1:81/…"));
    check(Channel::Webhook, "https://example.com/in?token=abcdefghijkl", Some("example.com/…"));
    check(Channel::Webhook, "http://user:password@ci.internal:8080/short", Some("ci.internal:8080/…"));
    check(Channel::Ntfy, "our-alerts-x7Qp", Some("…x7Qp"));
    check(Channel::Ntfy, "https://tk_abcdefgh@ntfy.example/our-alerts-x7Qp", Some("ntfy.example/…x7Qp"));
    check(Channel::Sms, "+49 (171) 123-4567", Some("+49…567"));
    check(Channel::Voice, "+12025550123", Some("+12…123"));
    check(Channel::Inbox, "Anna", Some("Anna"));
}

#[test]
fn what_is_no_address_is_refused() {
    for text in ["", "anna", "@example.com", "a b@example.com", "a@example.com\r\nRCPT TO:<b@example.com>"] {
        check(Channel::Email, text, None);
    }
    check(Channel::Email, &format!("{}@example.com", "a".repeat(300)), None);
    for text in ["http://hooks.slack.com/services/T0/B0/x", "hooks.slack.com/x", "ftp://example.com/x", "https://"] {
        check(Channel::Slack, text, None);
    }
    for text in ["file:///etc/passwd", "javascript:alert(1)", "https://example.com/\u{7}"] {
        check(Channel::Webhook, text, None);
    }
    check(Channel::Webhook, &format!("https://example.com/{}", "x".repeat(2_000)), None);
    for text in
        ["two words", "a/b", "https://ntfy.example", "https://ntfy.example/a/b", "http://tk_secret@ntfy.example/a"]
    {
        check(Channel::Ntfy, text, None);
    }
    check(Channel::Ntfy, &"x".repeat(65), None);
    for text in ["0171 1234567", "+0171234567", "+491", "+49171123456789012", "+49171abc4567", "491711234567"] {
        check(Channel::Sms, text, None);
    }
    check(Channel::Inbox, &"x".repeat(201), None);
}

#[test]
fn a_channel_has_one_name() {
    for channel in Channel::ALL {
        assert_eq!(channel.as_str().parse(), Ok(channel));
        assert_eq!(serde_json::to_value(channel).unwrap(), channel.as_str());
    }
    assert!("pigeon".parse::<Channel>().unwrap_err().contains("email, slack"));
}

#[test]
fn a_debug_print_shows_no_secret() {
    let address = Address::parse(Channel::Slack, "https://hooks.slack.com/services/T0/B0/p0q1r2s3x1y2ab12").unwrap();
    assert_eq!(format!("{address:?}"), "slack hooks.slack.com/…/ab12");
    let settings = Settings { twilio_token: Some("very-secret".to_owned()), ..Settings::default() };
    assert!(!format!("{settings:?}").contains("very-secret"));
}

#[test]
fn the_inbox_keeps_the_newest_and_no_message_twice() {
    let inbox = Inbox::new();
    let push = |number: usize| {
        let message = Message { id: number.to_string(), ..sample() };
        inbox.push(Timestamp::UNIX_EPOCH, Channel::Inbox, "Anna", message)
    };
    assert_eq!((push(0), push(0)), (1, 1));
    for number in 1..=KEPT_MAX {
        push(number);
    }
    let kept = inbox.list(usize::MAX);
    assert_eq!(kept.len(), KEPT_MAX);
    assert_eq!(kept.first().unwrap().number, inbox.last());
    assert_eq!(kept.last().unwrap().message.id, "1");
    assert_eq!(inbox.list(3).len(), 3);
}

fn wrong(settings: Settings) -> BadSetting {
    let error = settings.check().unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    error
}

fn mail(url: &str) -> Settings {
    let from = Some("Mainstay <mainstay@example.com>".to_owned());
    Settings { smtp_url: Some(url.to_owned()), mail_from: from, ..Settings::default() }
}

#[test]
fn a_setting_that_cant_be_used_is_named() {
    for url in [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://user@mail.example.com",
        "smtp://user:hunter2@mail.example.com?tls=none",
        "smtp://user:hunter2@mail.example.com?tls=opportunistic",
        "smtp://mail.example.com?tls=maybe",
        "smtp://mail.example.com?ssl=none",
        "smtps://mail.example.com?tls=none",
        "smtp://mail.example.com/path",
    ] {
        assert_eq!(wrong(mail(url)).setting, "smtp_url", "{url}");
    }
    assert_eq!(wrong(Settings { mail_from: None, ..mail("smtp://mail.example.com") }).setting, "mail_from");
    let nobody = Some("nobody".to_owned());
    assert_eq!(wrong(Settings { mail_from: nobody, ..mail("smtp://mail.example.com") }).setting, "mail_from");
    assert_eq!(wrong(Settings { smtp_url: None, ..mail("") }).setting, "smtp_url");
    let account = Some("AC1".to_owned());
    assert_eq!(wrong(Settings { twilio_account: account, ..Settings::default() }).setting, "twilio_token");
    let token = Some("hunter2".to_owned());
    assert_eq!(wrong(Settings { twilio_token: token.clone(), ..Settings::default() }).setting, "twilio_account");
    let ntfy = Some("http://ntfy.example".to_owned());
    assert_eq!(wrong(Settings { ntfy_url: ntfy, ntfy_token: token, ..Settings::default() }).setting, "ntfy_url");
    let token = Some("two words".to_owned());
    assert_eq!(wrong(Settings { ntfy_token: token, ..Settings::default() }).setting, "ntfy_token");
}

#[test]
fn a_channel_is_served_if_its_settings_are_there() {
    let served = |settings| {
        let notifier = Notifier::new(settings, Inbox::new()).unwrap();
        Channel::ALL.into_iter().filter(|channel| notifier.serves(*channel)).map(Channel::as_str).collect::<Vec<_>>()
    };
    assert_eq!(served(Settings::default()), ["slack", "ntfy", "webhook", "inbox"]);
    for url in ["smtp://u%40x:p%2Fw@mail.example.com:587", "smtps://mail.example.com", "smtp://u:p@localhost?tls=none"]
    {
        assert!(served(mail(url)).contains(&"email"), "{url}");
    }
    assert_eq!(served(Settings { all_to_inbox: true, ..Settings::default() }).len(), 7);
}
