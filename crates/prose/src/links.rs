//! Where a document's relative links lead.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;

use crate::ID_PREFIX;

/// The most broken links that are reported for one document.
const MAX_BROKEN: usize = 1_000;

type UrlOf<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// Resolves the relative links of one document, and collects those that lead nowhere.
///
/// Links are resolved as on a disk: against the folder of the document, and from the root of the documentation where
/// they begin with `/`. A link to a folder means its `index.md` or `README.md`.
pub struct Links<'a> {
    page: &'a str,
    url_of: UrlOf<'a>,
    /// Behind a lock only because the sanitiser wants its callbacks to be `Sync`.
    broken: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for Links<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("page", &self.page).finish_non_exhaustive()
    }
}

impl<'a> Links<'a> {
    /// The links of the document at `page` (`guide/setup.md`). `url_of` gives the URL at which the file at a path is
    /// served, be it a page or an image, or `None` where there is no such file. Paths are normal: no `..`, no `/`
    /// in front.
    #[must_use]
    pub fn new(page: &'a str, url_of: UrlOf<'a>) -> Self {
        Self { page, url_of, broken: Mutex::default() }
    }

    /// For a text that stands alone, such as a description: its relative links lead nowhere.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::new("", &|_| None)
    }

    /// The URL to write for a relative link, or `None` (noted as broken) where it leads nowhere.
    pub(crate) fn resolve(&self, link: &str) -> Option<String> {
        let url = self.lookup(link);
        if url.is_none()
            && let Ok(mut broken) = self.broken.lock()
            && broken.len() < MAX_BROKEN
        {
            broken.insert(link.to_owned());
        }
        url
    }

    pub(crate) fn take_broken(&self) -> Vec<String> {
        self.broken.lock().map(|mut broken| std::mem::take(&mut *broken)).unwrap_or_default().into_iter().collect()
    }

    fn lookup(&self, link: &str) -> Option<String> {
        if let Some(host_and_path) = link.strip_prefix("//") {
            return Some(format!("https://{host_and_path}"));
        }
        let (path_and_query, fragment) = match link.split_once('#') {
            Some((path, fragment)) => (path, Some(fragment)),
            None => (link, None),
        };
        let path = path_and_query.split('?').next().unwrap_or_default();
        let mut url = if path.is_empty() { String::new() } else { self.url_of_path(&decode_percent(path))? };
        match fragment {
            // GitHub's and MkDocs' "back to top".
            Some("") => url.push('#'),
            Some(fragment) => {
                url.push('#');
                url.push_str(ID_PREFIX);
                url.push_str(fragment);
            }
            None => {}
        }
        (!url.is_empty()).then_some(url)
    }

    fn url_of_path(&self, path: &str) -> Option<String> {
        let folder = self.page.rsplit_once('/').map_or("", |(folder, _)| folder);
        let target = normalise(if path.starts_with('/') { "" } else { folder }, path)?;
        if !target.is_empty()
            && let Some(url) = (self.url_of)(&target)
        {
            return Some(url);
        }
        let prefix = if target.is_empty() { target } else { target + "/" };
        ["index.md", "README.md"].iter().find_map(|index| (self.url_of)(&format!("{prefix}{index}")))
    }
}

/// Joins a path to a folder, without `.` and `..`; `None` where it climbs out of the root.
fn normalise(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// `my%20page.md` → `my page.md`; what isn't percent-encoded UTF-8 stays as it is.
fn decode_percent(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let code = match (byte, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            (_, _) => None,
        };
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Whether a link has no scheme, so that [`Links`] decides about it.
pub(crate) fn is_relative(link: &str) -> bool {
    match link.split_once(':') {
        Some((scheme, _)) => {
            !scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                || scheme.contains(|c: char| !c.is_ascii_alphanumeric() && !"+.-".contains(c))
        }
        None => true,
    }
}
