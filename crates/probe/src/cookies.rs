//! The cookies of one run, as far as a journey needs them (RFC 6265): by host or domain, path and end.

use reqwest::header::HeaderMap;
use url::Url;

/// Cookies of one run that are kept.
const KEPT: usize = 200;

/// What was set.
#[derive(Default)]
pub(crate) struct Cookies {
    kept: Vec<Cookie>,
}

struct Cookie {
    name: String,
    value: String,
    domain: String,
    /// False if only the very host that set it gets it.
    wide: bool,
    path: String,
    secure: bool,
}

impl Cookies {
    /// Keeps what an answer sets.
    pub(crate) fn take(&mut self, from: &Url, headers: &HeaderMap) {
        for set in headers.get_all("set-cookie") {
            let Some(cookie) = set.to_str().ok().and_then(|set| read(from, set)) else { continue };
            self.kept.retain(|known| {
                (&known.name, &known.domain, &known.path) != (&cookie.name, &cookie.domain, &cookie.path)
            });
            if !cookie.value.is_empty() && self.kept.len() < KEPT {
                self.kept.push(cookie);
            }
        }
    }

    /// The header that goes along to an address; none if no cookie does.
    pub(crate) fn header(&self, to: &Url) -> Option<String> {
        let host = to.host_str()?;
        let fits = |cookie: &&Cookie| {
            let at_home = host == cookie.domain
                || cookie.wide && host.strip_suffix(&cookie.domain).is_some_and(|sub| sub.ends_with('.'));
            let path = to.path();
            let below = path.starts_with(&cookie.path)
                && (cookie.path.ends_with('/') || matches!(path.as_bytes().get(cookie.path.len()), None | Some(b'/')));
            at_home && below && (!cookie.secure || to.scheme() == "https")
        };
        let pairs: Vec<String> =
            self.kept.iter().filter(fits).map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Names and values, in the order in which they were set.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        self.kept.iter().map(|cookie| (cookie.name.clone(), cookie.value.clone())).collect()
    }
}

fn read(from: &Url, set: &str) -> Option<Cookie> {
    let mut parts = set.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let host = from.host_str()?.to_owned();
    let default_path = from.path().rsplit_once('/').map_or("/", |(path, _)| if path.is_empty() { "/" } else { path });
    let mut cookie = Cookie {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
        domain: host.clone(),
        wide: false,
        path: default_path.to_owned(),
        secure: false,
    };
    for attribute in parts {
        let (key, said) = attribute.split_once('=').unwrap_or((attribute, ""));
        let said = said.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "domain" => {
                let domain = said.trim_start_matches('.').to_ascii_lowercase();
                let of_host = host == domain || host.strip_suffix(&domain).is_some_and(|sub| sub.ends_with('.'));
                // Nobody sets a cookie for a whole top-level domain, nor for somebody else's.
                if !of_host || !domain.contains('.') {
                    return None;
                }
                (cookie.domain, cookie.wide) = (domain, true);
            }
            "path" if said.starts_with('/') => cookie.path = said.to_owned(),
            "secure" => cookie.secure = true,
            "max-age" if said.parse::<i64>().is_ok_and(|seconds| seconds <= 0) => cookie.value.clear(),
            _ => {}
        }
    }
    (!cookie.name.is_empty()).then_some(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(set: &str, to: &str) -> Option<String> {
        let mut cookies = Cookies::default();
        let mut headers = HeaderMap::new();
        headers.append("set-cookie", set.parse().unwrap());
        cookies.take(&"https://www.shop.example/a/b".parse().unwrap(), &headers);
        cookies.header(&to.parse().unwrap())
    }

    #[test]
    fn a_cookie_goes_where_it_was_set_for() {
        assert_eq!(sent("s=1", "https://www.shop.example/a/c").as_deref(), Some("s=1"));
        assert_eq!(sent("s=1", "https://www.shop.example/x"), None, "another path");
        assert_eq!(sent("s=1; Path=/", "https://shop.example/"), None, "another host");
        assert_eq!(sent("s=1; Path=/; Domain=shop.example", "https://api.shop.example/").as_deref(), Some("s=1"));
        assert_eq!(sent("s=1; Path=/; Domain=bank.example", "https://bank.example/"), None, "somebody else's");
        assert_eq!(sent("s=1; Path=/; Domain=example", "https://bank.example/"), None, "a whole top-level domain");
        assert_eq!(sent("s=1; Path=/; Secure", "http://www.shop.example/"), None);
        assert_eq!(sent("s=1; Path=/; Max-Age=0", "https://www.shop.example/"), None);
    }
}
