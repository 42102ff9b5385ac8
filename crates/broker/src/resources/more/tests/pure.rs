use serde_json::{Value, json};

use super::pact;
use crate::resources::more::{
    badge::{Colour, svg, title},
    difference::diff,
    states::states_of,
    webhook_host,
};

#[test]
fn a_difference_shows_what_is_around_it_and_passes_over_the_rest() {
    let expected = " {
   \"interactions\": [
     {
       \"description\": \"a greeting\"
       \"providerState\": \"somebody is there\"
       \"request\": {
-        \"method\": \"GET\"
+        \"method\": \"POST\"
         \"path\": \"/hello\"
       }
       ... 1 that is equal
     }
     ... 1 that is equal
   ]
   ... 3 that are equal
 }
";
    assert_eq!(diff(&pact("GET"), &pact("POST")), expected);
}

#[test]
fn the_order_of_interactions_and_keys_is_no_difference() {
    let one = json!({"interactions": [{"description": "a", "x": 1}, {"description": "b", "x": 2}], "y": 1});
    let other = json!({"y": 1, "interactions": [{"x": 2, "description": "b"}, {"description": "a", "x": 1}]});
    let text = diff(&one, &other);
    assert!(text.lines().all(|line| line.starts_with(' ')), "{text}");
    assert_eq!(diff(&one, &one), "");
}

#[test]
fn an_interaction_that_came_or_went_is_shown_whole() {
    let before = json!({"interactions": [{"description": "a"}, {"description": "b"}]});
    let after = json!({"interactions": [{"description": "b"}, {"description": "c"}]});
    let text = diff(&before, &after);
    assert!(text.contains("-    {\n-      \"description\": \"a\"\n-    }\n"), "{text}");
    assert!(text.contains("+      \"description\": \"c\"\n"), "{text}");
    assert!(!text.contains("\"b\""), "{text}");
}

#[test]
fn an_item_in_the_middle_of_a_list_is_found() {
    let text = diff(&json!([1, 2, 3]), &json!([1, 9, 2, 3]));
    assert_eq!(text, " [\n   ... 1 that is equal\n+  9\n   ... 2 that are equal\n ]\n");
}

#[test]
fn a_large_difference_is_cut() {
    let many = |from: u32| Value::Array((from..from + 50_000).map(|number| json!({"n": number})).collect());
    let text = diff(&many(0), &many(100_000));
    assert!(text.lines().count() < 2_100);
    assert!(text.ends_with("which are not shown\n"));
    let long = diff(&json!("a".repeat(1 << 20)), &json!(1));
    assert!(long.len() < 1_000);
}

#[test]
fn a_badge_says_in_words_what_it_shows_and_escapes_names() {
    let picture = svg("<foo>/\"bar\" & pact", "verified", Colour::Green);
    assert!(
        picture.contains("role=\"img\" aria-label=\"&lt;foo&gt;/&quot;bar&quot; &amp; pact: verified\""),
        "{picture}"
    );
    assert!(picture.contains("<title>") && picture.contains("#4c1"));
    assert!(!picture.contains("href") && !picture.contains("<script"));
    assert!(svg(&"x".repeat(5_000), "y", Colour::Grey).len() < 3_000);
}

fn check_title(names: [&str; 2], label: Option<&str>, initials: bool, expected: &str) {
    assert_eq!(title(names, [None, None], label, initials), expected);
}

#[test]
fn a_badge_is_named_after_both_or_one_of_them() {
    check_title(["Foo", "Bar"], None, false, "foo/bar pact");
    check_title(["Foo", "Bar"], Some("Consumer"), false, "foo pact");
    check_title(["Foo", "Bar"], Some("provider"), false, "bar pact");
    check_title(["Foo Web-App", "BarService"], None, true, "fwa/bs pact");
    check_title(["Foo", "XMLBarThing"], None, true, "foo/xbt pact");
    assert_eq!(title(["Foo", "Bar"], [Some("dev"), Some("prod")], None, false), "foo (dev)/bar (prod) pact");
}

#[test]
fn states_are_found_whichever_specification_names_them() {
    let found = states_of(&json!({
        "interactions": [{"provider_state": "old"}, {"providerState": "newer"}, {"providerState": null}],
        "messages": [{"providerStates": [{"name": "newest", "params": {"a": 1}}, {"name": ""}, 7]}],
    }));
    let expected = [("newer", ""), ("newest", "{\"a\":1}"), ("old", "")];
    assert_eq!(found, expected.map(|(name, parameters)| (name.to_owned(), parameters.to_owned())));
}

fn refused(address: &str, allowed: &[&str]) -> Option<String> {
    let allowed: Vec<String> = allowed.iter().map(|host| (*host).to_owned()).collect();
    webhook_host::refusal(address, &["https".to_owned()], &allowed)
}

#[test]
fn a_webhook_may_call_public_hosts_and_private_ones_only_where_that_is_allowed() {
    for public in ["https://example.org", "https://8.8.8.8/x", "https://example.org/${pactbroker.consumerName}?a=${b}"]
    {
        assert_eq!(refused(public, &[]), None, "{public}");
    }
    for private in [
        "https://localhost/x",
        "https://a.localhost",
        "https://127.0.0.1",
        "https://0x7f.1",
        "https://2130706433",
        "https://10.1.2.3",
        "https://192.168.0.1",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fd00::1]/",
        "https://100.64.0.1",
        "https://0.0.0.0",
    ] {
        let wrong = refused(private, &[]).unwrap_or_default();
        assert!(wrong.starts_with("host is private"), "{private}: {wrong}");
        assert!(refused(private, &["192.0.2.0/24"]).is_some(), "{private}");
    }
    assert_eq!(refused("https://10.1.2.3", &["10.0.0.0/8"]), None);
    assert_eq!(refused("https://[fd00::1]", &["fd00::/8"]), None);
    assert_eq!(refused("https://localhost:8080/x", &["localhost"]), None);
    let wrong = refused("https://10.1.2.3", &["11.0.0.0/8", "10.0.0.0/99"]).unwrap();
    assert!(wrong.starts_with("host must be in the whitelist \"11.0.0.0/8\", \"10.0.0.0/99\"."), "{wrong}");
}

#[test]
fn an_address_that_is_none_or_hides_its_host_is_refused() {
    let check = |address: &str, expected: &str| {
        let wrong = refused(address, &[]).unwrap_or_default();
        assert!(wrong.starts_with(expected), "{address}: {wrong}");
    };
    check("bl ah", "is not a valid URL eg. http://example.org");
    check("blah", "is not a valid URL eg. http://example.org");
    check("mailto:ann@example.org", "is not a valid URL");
    check("ftp://foo", "scheme must be https. See /doc/webhooks#whitelist");
    check("https://${pactbroker.consumerName}/x", "cannot have a template parameter in the host");
    check("https://x.${pactbroker.consumerName}.org/x", "cannot have a template parameter in the host");
    check("https://ann:secret@example.org", "cannot have a user or a password");
}
