//! What a caller may see, and how it narrows that by a selector.

use axum::http::{Extensions, HeaderMap};

/// The header by which flagd's clients choose flags.
pub(crate) const SELECTOR_HEADER: &str = "flagd-selector";

/// What a caller may see. Whoever authenticates a request puts it into the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The environment whose flags these are.
    pub environment: String,
    /// The flag sets (`metadata.flagSetId`) that are visible; nothing means all flags.
    pub flag_sets: Option<Vec<String>>,
}

/// A key that opens the event stream alone, as an extension of a request. Browsers can't send headers with an event
/// stream, so the announced address carries the key as `?key=`; whoever authenticates must accept it there.
/// It has to stay the same from answer to answer, since clients reconnect when the address changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamKey(pub String);

/// Marks requests that may choose any environment by a selector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnyEnvironment;

/// Why there is no scope for a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScopeError {
    /// Nobody said what the caller may see.
    #[error("the caller is not known")]
    Unknown,
    /// The selector asks for more than the caller may see.
    #[error("the caller may not see {0}")]
    Forbidden(String),
    /// The selector can't be read.
    #[error("invalid selector: {0}")]
    Selector(String),
}

impl Scope {
    /// All flags of an environment.
    pub fn all(environment: impl Into<String>) -> Self {
        Self { environment: environment.into(), flag_sets: None }
    }

    /// What this request may see: the scope among its extensions, narrowed by the selector among its headers.
    pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap) -> Result<Self, ScopeError> {
        let selector = headers.get(SELECTOR_HEADER).map(|value| value.to_str());
        let selector = selector.transpose().map_err(|_| ScopeError::Selector("it is not plain text".to_owned()))?;
        Self::selected(extensions, selector.unwrap_or_default())
    }

    /// What this request may see: the scope among its extensions, narrowed by `selector`.
    pub(crate) fn selected(extensions: &Extensions, selector: &str) -> Result<Self, ScopeError> {
        let mut scope = extensions.get::<Self>().cloned().ok_or(ScopeError::Unknown)?;
        let selector = Selector::read(selector)?;
        if let Some(environment) = selector.environment {
            if environment != scope.environment && extensions.get::<AnyEnvironment>().is_none() {
                return Err(ScopeError::Forbidden(format!("environment '{environment}'")));
            }
            scope.environment = environment;
        }
        if let Some(set) = selector.flag_set {
            if scope.flag_sets.as_ref().is_some_and(|visible| !visible.contains(&set)) {
                return Err(ScopeError::Forbidden(format!("flag set '{set}'")));
            }
            scope.flag_sets = Some(vec![set]);
        }
        Ok(scope)
    }
}

/// Which flags a caller wants.
#[derive(Debug, Default, PartialEq, Eq)]
struct Selector {
    flag_set: Option<String>,
    environment: Option<String>,
}

impl Selector {
    /// Reads `flagSetId=x`, `environment=y`, or both with a comma between. Nothing selects everything.
    fn read(text: &str) -> Result<Self, ScopeError> {
        let mut selector = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let field = match name.trim() {
                "flagSetId" => &mut selector.flag_set,
                "environment" => &mut selector.environment,
                other => return Err(wrong(&format!("'{other}' is not known here"))),
            };
            let value = value.trim();
            if value.is_empty() {
                return Err(wrong(&format!("'{name}' has no value")));
            }
            if field.replace(value.to_owned()).is_some() {
                return Err(wrong(&format!("'{name}' is there twice")));
            }
        }
        Ok(selector)
    }
}

fn wrong(why: &str) -> ScopeError {
    ScopeError::Selector(format!("{why}; write flagSetId=NAME, environment=NAME, or both with a comma between"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(selector: &str, scope: Scope, any: bool, expect: Result<(&str, Option<&str>), &str>) {
        let mut extensions = Extensions::new();
        extensions.insert(scope);
        if any {
            extensions.insert(AnyEnvironment);
        }
        let got = Scope::selected(&extensions, selector).map_err(|error| error.to_string());
        match expect {
            Ok((environment, set)) => {
                let flag_sets = set.map(|set| vec![set.to_owned()]);
                assert_eq!(got, Ok(Scope { environment: environment.to_owned(), flag_sets }), "{selector}");
            }
            Err(part) => assert!(got.as_ref().is_err_and(|error| error.contains(part)), "{selector}: {got:?}"),
        }
    }

    #[test]
    fn a_selector_narrows_and_never_widens() {
        let all = || Scope::all("production");
        let web = || Scope { environment: "production".to_owned(), flag_sets: Some(vec!["web".to_owned()]) };
        check("", all(), false, Ok(("production", None)));
        check("flagSetId=web", all(), false, Ok(("production", Some("web"))));
        check(" environment=production , flagSetId=web ", web(), false, Ok(("production", Some("web"))));
        check("", web(), false, Ok(("production", Some("web"))));
        check("flagSetId=api", web(), false, Err("may not see flag set 'api'"));
        check("environment=staging", all(), false, Err("may not see environment 'staging'"));
        check("environment=staging", all(), true, Ok(("staging", None)));
    }

    #[test]
    fn a_selector_that_cannot_be_read_says_how_to_write_it() {
        check("source=flags.json", Scope::all("p"), false, Err("'source' is not known here"));
        check("flagSetId=", Scope::all("p"), false, Err("'flagSetId' has no value"));
        check("flagSetId=a,flagSetId=b", Scope::all("p"), false, Err("there twice"));
        check("web", Scope::all("p"), false, Err("write flagSetId=NAME"));
    }

    #[test]
    fn a_request_that_nobody_authenticated_has_no_scope() {
        assert_eq!(Scope::of(&Extensions::new(), &HeaderMap::new()), Err(ScopeError::Unknown));
    }
}
