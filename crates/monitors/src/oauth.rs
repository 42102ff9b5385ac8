//! OAuth's client credentials grant (RFC 6749, section 4.4) as a journey's first step.

use checks::{Expectation, Extract, HttpCheck, IpVersion, Method, Source, StatusRange, Step, TlsOptions};

/// How a token is got. All texts are templates, and encoded for a form but for `url`.
pub(crate) struct Token<'a> {
    pub(crate) url: String,
    pub(crate) client_id: String,
    /// A reference to a secret.
    pub(crate) client_secret: String,
    /// Empty for none.
    pub(crate) scope: String,
    pub(crate) params: Vec<(&'a str, String)>,
    pub(crate) tls: TlsOptions,
}

impl Token<'_> {
    /// The step; what it gets is `${access_token}`.
    pub(crate) fn step(self) -> Step {
        let mut form = format!("grant_type=client_credentials&client_id={}", self.client_id);
        if !self.client_secret.is_empty() {
            form.push_str(&format!("&client_secret={}", self.client_secret.replace('}', " | url}")));
        }
        if !self.scope.is_empty() {
            form.push_str(&format!("&scope={}", self.scope));
        }
        for (name, value) in &self.params {
            form.push_str(&format!("&{}={value}", encoded(name)));
        }
        Step {
            name: "get a token".to_owned(),
            request: HttpCheck {
                method: Method::Post,
                url: self.url,
                headers: vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
                basic: None,
                body: Some(form),
                redirects: HttpCheck::REDIRECTS,
                tls: self.tls,
                ip: IpVersion::Any,
                expect: Expectation {
                    status: vec![StatusRange::SUCCESS],
                    body_contains: None,
                    max_latency_ms: None,
                    assertions: Vec::new(),
                },
            },
            extract: vec![Extract { name: "access_token".to_owned(), from: Source::Json("$.access_token".to_owned()) }],
            always: false,
        }
    }
}

/// Percent-encoded for a form.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
