//! Every screen, from invented values.

use crate::samples::screens;

#[test]
fn every_screen_is_drawn_and_weighs_under_100_kb() {
    for (address, html) in screens() {
        assert!(html.starts_with("<!doctype html>"), "{address}");
        assert!(html.len() < 100 * 1024, "{address} weighs {} bytes", html.len());
    }
}

#[test]
fn no_screen_has_what_the_content_security_policy_forbids() {
    for (address, html) in screens() {
        for forbidden in [" style=", "<style", " onclick=", " onsubmit=", "javascript:"] {
            assert!(!html.contains(forbidden), "{address} has {forbidden}");
        }
        assert_eq!(html.matches("<script").count(), 1, "{address}");
        assert!(html.contains("<script type=\"module\" src=\"/assets/app."), "{address}");
    }
}

#[test]
fn ids_and_live_regions_are_unique_and_every_screen_has_one_main_heading() {
    for (address, html) in screens() {
        for attribute in [" id=\"", " data-live=\""] {
            let mut values: Vec<&str> =
                html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()).collect();
            let all = values.len();
            values.sort_unstable();
            values.dedup();
            assert_eq!(values.len(), all, "{address} has an{attribute} twice");
        }
        assert_eq!(html.matches("<h1").count(), 1, "{address}");
        assert_eq!(html.matches("<main").count(), 1, "{address}");
    }
}

#[test]
fn every_form_that_posts_carries_the_session_s_token() {
    for (address, html) in screens() {
        for form in html.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next()) {
            assert!(!form.contains("method=\"post\"") || form.contains("name=\"csrf\""), "{address}: {form}");
        }
    }
}
