//! Customers: they keep the shop busy, and they notice when it is broken.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::script::Page;

/// How slow a page may be before customers call it broken.
const SLOWEST: Duration = Duration::from_millis(1500);
const TIMEOUT: Duration = Duration::from_secs(4);
const BETWEEN_VISITS: Duration = Duration::from_millis(700);

/// A customer.
#[derive(Clone)]
pub(crate) struct Shopper {
    pub(crate) http: reqwest::Client,
    pub(crate) storefront: String,
}

/// What was wrong with a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Which page.
    pub page: Page,
    /// What the customer saw.
    pub seen: String,
}

impl Shopper {
    /// Tries one page.
    pub(crate) async fn visit(&self, page: Page) -> Result<(), Trouble> {
        let trouble = |seen: String| Trouble { page, seen };
        let base = &self.storefront;
        let request = match page {
            Page::Home => self.http.get(format!("{base}/")),
            Page::Product => self.http.get(format!("{base}/weather/fog-in-a-jar")),
            Page::Checkout => self.http.post(format!("{base}/checkout")).json(&json!({"cart": "customer"})),
        };
        let asked = Instant::now();
        let answer = request.timeout(TIMEOUT).send().await.map_err(|error| trouble(error.to_string()))?;
        let status = answer.status();
        let body = answer.text().await.map_err(|error| trouble(error.to_string()))?;
        if !status.is_success() {
            return Err(trouble(format!("{status}: {body}")));
        }
        let took = asked.elapsed();
        if took > SLOWEST {
            return Err(trouble(format!("{} ms is too slow", took.as_millis())));
        }
        Ok(())
    }

    /// Tries all pages, one after the other, and answers what was wrong.
    pub(crate) async fn tour(&self) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        for page in Page::ALL {
            troubles.extend(self.visit(page).await.err());
        }
        troubles
    }

    /// Comes back for ever.
    pub(crate) async fn keep_coming(self) {
        loop {
            let troubles = self.tour().await;
            tracing::trace!(shop.troubles = troubles.len(), "a customer came by");
            tokio::time::sleep(BETWEEN_VISITS).await;
        }
    }
}
