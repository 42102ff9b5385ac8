//! The sample company against a small Mainstay made for the tests.

#![cfg(test)]

mod catalog;
mod hooks;
mod life;
mod mainstay;
mod scenarios;

use std::time::Duration;

use company::{Company, CompanyOptions};
use mainstay::FakeMainstay;
use serde_json::Value;

pub(crate) const SECRET: &str = "a secret of the tests";

/// A company that lives fast, and the Mainstay that it talks to.
pub(crate) struct Stage {
    pub(crate) company: Company,
    pub(crate) mainstay: FakeMainstay,
    pub(crate) http: reqwest::Client,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let mainstay = FakeMainstay::start().await;
        let options = CompanyOptions {
            mainstay_url: mainstay.url.clone(),
            token: mainstay::TOKEN.to_owned(),
            chat_token: mainstay::TOKEN.to_owned(),
            hook_secret: SECRET.to_owned(),
            speed: 500.0,
            seed: 7,
        };
        let company = Company::start(options).await.unwrap();
        Self { company, mainstay, http: reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap() }
    }

    pub(crate) fn url(&self, host: &str, path: &str) -> String {
        self.company.localise(&format!("http://{host}.shop.invalid{path}"))
    }

    /// Status and body of a request.
    pub(crate) async fn post(&self, host: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.http.post(self.url(host, path)).bearer_auth(SECRET).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) async fn get(&self, host: &str, path: &str) -> (u16, Value) {
        let answer = self.http.get(self.url(host, path)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The pages that customers find broken, in order.
    pub(crate) async fn broken(&self) -> Vec<company::Page> {
        self.company.look().await.into_iter().map(|trouble| trouble.page).collect()
    }
}

/// Waits until something real becomes true; the interval only keeps the wait from spinning.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let waiting = async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while !holds().await {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}
