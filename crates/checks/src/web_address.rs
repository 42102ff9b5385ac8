//! Web addresses: which ones a check may ask, and how they may be shown.

use url::Url;

/// Reads the address of a check: http or https, with a host, and without user and password.
pub(crate) fn read(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a web address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("has the scheme \"{}\"; only http and https can be checked", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user or password in it, which everybody could read; check a path that needs none".to_owned());
    }
    Ok(url)
}

/// The address as it may be shown: without user and password, and with the values of query parameters hidden whose
/// names say that they are secret. What is no address is not shown at all.
#[must_use]
pub fn shown(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return "(not a web address)".to_owned() };
    if url.cannot_be_a_base() {
        return "(not a web address)".to_owned();
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Both can only fail for addresses without a host, which have no user either.
        let _ = url.set_password(None);
        let _ = url.set_username("");
    }
    url.set_fragment(None);
    let secret = url.query_pairs().any(|(name, _)| is_secret(&name));
    if secret {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if is_secret(&name) { HIDDEN.to_owned() } else { value.into_owned() };
                (name.into_owned(), value)
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    url.into()
}

const HIDDEN: &str = "hidden";

fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 8] = ["token", "secret", "password", "passwd", "apikey", "api_key", "signature", "auth"];
    let name = name.to_lowercase().replace('-', "_");
    matches!(name.as_str(), "key" | "sig" | "code" | "pass" | "pwd") || WORDS.iter().any(|word| name.contains(word))
}
