//! Calls of Twilio's API, or of a service that understands the same (<https://www.twilio.com/docs/messaging/api>).
//!
//! The API has no idempotency key: `I-Twilio-Idempotency-Token` is a header of the calls that Twilio itself makes.
//! So an attempt whose answer was lost may ring or write twice.

use ring::hmac;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::{
    address::Credentials,
    http::{Answer, Post},
    outcome::{Class, Failure, Receipt, words},
    settings::Twilio,
};

/// Errors that are about the account or the number that calls, not about who is called
/// (<https://www.twilio.com/docs/api/errors>).
const ACCOUNT_ERRORS: [u64; 8] = [20003, 20404, 21210, 21212, 21603, 21606, 21659, 21660];
/// Too many requests.
const TOO_MANY: u64 = 20429;

/// The post that has something sent: `resource` is `Messages` or `Calls`.
pub(crate) fn post(twilio: &Twilio, resource: &str, to: &str, what: (&str, &str)) -> Post {
    let mut url = twilio.url.clone();
    url.set_path(&format!("/2010-04-01/Accounts/{}/{resource}.json", twilio.account));
    let body = Serializer::new(String::new())
        .append_pair("To", to)
        .append_pair("From", &twilio.from)
        .append_pair(what.0, what.1)
        .finish();
    Post {
        url,
        trusted: true,
        content_type: "application/x-www-form-urlencoded",
        headers: Vec::new(),
        credentials: Some(Credentials::Password(twilio.account.clone(), twilio.token.clone())),
        body,
    }
}

/// What an answer means.
///
/// # Errors
/// If it is no success.
pub(crate) fn receipt(answer: Answer, secrets: &[&str]) -> Result<Receipt, Failure> {
    let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    if !answer.status.is_success() {
        let code = said.get("code").and_then(Value::as_u64);
        let class = match (answer.status.as_u16(), code) {
            (401 | 403, _) => Class::Misconfigured,
            (_, Some(TOO_MANY)) => Class::Retry { after: answer.retry_after },
            (_, Some(code)) if ACCOUNT_ERRORS.contains(&code) => Class::Misconfigured,
            (_, Some(_) | None) => answer.class(),
        };
        return Err(Failure::new(answer.words(secrets), class));
    }
    let status = said.get("status").and_then(Value::as_str).unwrap_or_default();
    match said.get("sid").and_then(Value::as_str) {
        Some(_) if matches!(status, "failed" | "undelivered" | "canceled") => {
            Err(Failure::permanent(format!("it was taken, and then {status}: {}", answer.words(secrets))))
        }
        // The whole answer repeats number and text.
        Some(sid) => Ok(Receipt {
            provider_id: Some(words(sid, secrets)),
            answer: words(&format!("{} {status}", answer.status), secrets),
        }),
        None => Err(Failure::retry(format!("no Twilio answered: {}", answer.words(secrets)))),
    }
}

/// Whether a request comes from Twilio: `signature` is its `X-Twilio-Signature`, `url` the whole address that Twilio
/// was told (behind a proxy, the public one), and `form` the fields of a POST, none of a GET. The comparison takes the
/// same time wherever the first difference is.
///
/// HMAC-SHA1 over the address and the sorted fields, without anything between
/// (<https://www.twilio.com/docs/usage/security#validating-requests>). It doesn't say when it was signed.
#[must_use]
pub fn is_from_twilio(token: &str, url: &str, form: &[(String, String)], signature: &str) -> bool {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let Ok(tag) = STANDARD.decode(signature) else {
        return false;
    };
    let mut fields: Vec<&(String, String)> = form.iter().collect();
    fields.sort();
    fields.dedup();
    let form: String = fields.into_iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let signs = |url: &str| hmac::verify(&key, format!("{url}{form}").as_bytes(), &tag).is_ok();
    signs(url) || other_port(url).is_some_and(|url| signs(&url))
}

/// The same address with its port left out, or with the scheme's own port. Twilio signs the one or the other, and its
/// libraries try both.
fn other_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let port = |(_, port): &(&str, &str)| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit());
    match (authority.rsplit_once(':').filter(port), scheme) {
        (Some((host, _)), _) => Some(format!("{scheme}://{host}{path}")),
        (None, "https") => Some(format!("https://{authority}:443{path}")),
        (None, "http") => Some(format!("http://{authority}:80{path}")),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Twilio's documentation and of its libraries' tests.
    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    const SIGNATURE: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

    fn form() -> Vec<(String, String)> {
        let fields = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
            ("Caller", "+14158675309"),
        ];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    #[test]
    fn twilios_own_example_is_from_twilio() {
        assert!(is_from_twilio("12345", URL, &form(), SIGNATURE));
    }

    #[test]
    fn an_address_is_the_same_with_and_without_its_port() {
        // Calculated with Twilio's library for Python.
        let (with, without) = ("DtD0E/xvdxhigaoTFEgeBRXDVK8=", "3CrTUvFiZqoGDS1wOsQ6c6yEdJE=");
        assert!(is_from_twilio("12345", "https://mycompany.com/ack?x=1", &form(), with));
        assert!(is_from_twilio("12345", "https://mycompany.com:443/ack?x=1", &form(), with));
        assert!(is_from_twilio("12345", "https://mycompany.com:8443/ack?x=1", &form(), without));
        assert!(!is_from_twilio("12345", "https://mycompany.com/ack?x=1", &form(), SIGNATURE));
        assert_eq!(other_port("http://[::1]/x").as_deref(), Some("http://[::1]:80/x"));
        assert_eq!(other_port("http://[::1]:81").as_deref(), Some("http://[::1]"));
        assert_eq!(other_port("mycompany.com"), None);
    }

    #[test]
    fn a_request_that_was_changed_is_not_from_twilio() {
        let mut changed = form();
        changed[1].1 = "4".to_owned();
        assert!(!is_from_twilio("12345", URL, &changed, SIGNATURE));
        assert!(!is_from_twilio("12346", URL, &form(), SIGNATURE));
        assert!(!is_from_twilio("12345", "https://mycompany.com/", &form(), SIGNATURE));
        for signature in ["", "RSOYDt4T1cUTdK1PDd93", "no base64!", "RSOYDt4T1cUTdK1PDd93/VVr8B9="] {
            assert!(!is_from_twilio("12345", URL, &form(), signature), "{signature}");
        }
    }
}
