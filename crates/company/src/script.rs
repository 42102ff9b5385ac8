//! What happens at Drizzle & Daughters: harmless changes, and changes that break the shop.

use crate::{estate::Defect, random::Random};

/// A change of the running company.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    /// The component's next version is built and deployed.
    Deploy { component: &'static str, defect: Option<Defect> },
    /// One setting gets another value.
    Set { component: &'static str, setting: &'static str, value: &'static str, reason: &'static str },
    /// A flag is turned on or off.
    Turn { flag: &'static str, on: bool, reason: &'static str },
}

impl Change {
    /// What it is made to: a component's or a flag's name.
    pub(crate) fn subject(&self) -> &'static str {
        match self {
            Self::Deploy { component, .. } | Self::Set { component, .. } => component,
            Self::Turn { flag, .. } => flag,
        }
    }
}

/// A page of the storefront.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Page {
    /// The front page.
    Home,
    /// A product's page.
    Product,
    /// Buying what is in the basket.
    Checkout,
}

impl Page {
    /// All of them, in the order in which a customer comes by.
    pub const ALL: [Self; 3] = [Self::Home, Self::Product, Self::Checkout];
}

/// A change that breaks the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// The flag `new-checkout` sends customers to a service that is not ready.
    NewCheckout,
    /// A release of payments cannot read cards.
    PaymentsRelease,
    /// Checkout gives payments less time than the bank needs.
    ImpatientCheckout,
    /// The flag `weather-moods` makes the front page slow.
    WeatherMoods,
    /// A release of products runs out of connections.
    ProductsRelease,
    /// Currency is pointed at a source without rates.
    SandboxRates,
    /// A release of shipping cannot do sums.
    ShippingRelease,
    /// The flag `forecast-strip` reaches more and more customers, whose front page fails. Its ramp takes itself back.
    ForecastRamp,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::NewCheckout,
        Self::PaymentsRelease,
        Self::ImpatientCheckout,
        Self::WeatherMoods,
        Self::ProductsRelease,
        Self::SandboxRates,
        Self::ShippingRelease,
        Self::ForecastRamp,
    ];

    /// A short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewCheckout => "new-checkout",
            Self::PaymentsRelease => "payments-release",
            Self::ImpatientCheckout => "impatient-checkout",
            Self::WeatherMoods => "weather-moods",
            Self::ProductsRelease => "products-release",
            Self::SandboxRates => "sandbox-rates",
            Self::ShippingRelease => "shipping-release",
            Self::ForecastRamp => "forecast-ramp",
        }
    }

    /// The pages that fail, or get slow, because of it.
    #[must_use]
    pub const fn breaks(self) -> &'static [Page] {
        match self {
            Self::NewCheckout | Self::PaymentsRelease | Self::ImpatientCheckout | Self::ShippingRelease => {
                &[Page::Checkout]
            }
            Self::WeatherMoods | Self::ForecastRamp => &[Page::Home],
            Self::ProductsRelease => &[Page::Home, Page::Product],
            Self::SandboxRates => &[Page::Product, Page::Checkout],
        }
    }

    /// The change that does it.
    pub(crate) const fn guilty(self) -> Change {
        const fn broken(component: &'static str, defect: Defect) -> Change {
            Change::Deploy { component, defect: Some(defect) }
        }
        match self {
            Self::NewCheckout => {
                Change::Turn { flag: "new-checkout", on: true, reason: "parcels should be ready, trying it out" }
            }
            Self::PaymentsRelease => {
                broken("payments", Defect::Fails("cannot read the card token: missing field \"network\""))
            }
            Self::ImpatientCheckout => Change::Set {
                component: "checkout",
                setting: "payments_timeout_ms",
                value: "50",
                reason: "customers should not have to wait",
            },
            Self::WeatherMoods => {
                Change::Turn { flag: "weather-moods", on: true, reason: "experiment 7, for everybody" }
            }
            Self::ProductsRelease => broken("products", Defect::Hangs),
            Self::SandboxRates => Change::Set {
                component: "currency",
                setting: "rates_source",
                value: "sandbox",
                reason: "the same settings everywhere",
            },
            Self::ShippingRelease => broken("shipping", Defect::Fails("carrier \"aunt\": division by zero jars")),
            Self::ForecastRamp => Change::Turn {
                flag: "forecast-strip",
                on: true,
                reason: "tomorrow's weather, for a few customers first; it takes itself back if the front page suffers",
            },
        }
    }

    /// What somebody does when the shop is well again, so that the same can happen another day.
    pub(crate) const fn tidying(self) -> Option<Change> {
        match self {
            Self::ForecastRamp => {
                let reason = "it took itself back; off until products can tell tomorrow's weather";
                Some(Change::Turn { flag: "forecast-strip", on: false, reason })
            }
            Self::NewCheckout
            | Self::PaymentsRelease
            | Self::ImpatientCheckout
            | Self::WeatherMoods
            | Self::ProductsRelease
            | Self::SandboxRates
            | Self::ShippingRelease => None,
        }
    }
}

/// A component's setting that may have any of these values, and why somebody sets it.
type HarmlessSetting = (&'static str, &'static str, [&'static str; 3], &'static str);

const HARMLESS_SETTINGS: [HarmlessSetting; 5] = [
    ("cart", "basket_days", ["30", "31", "45"], "baskets evaporate at another time"),
    ("email", "paper", ["cream", "sky blue", "ivory"], "the stationer had something else"),
    ("shipping", "carriers", ["pigeon,packet-boat,aunt", "pigeon,aunt", "packet-boat,pigeon"], "the wind has turned"),
    ("products", "pool_size", ["20", "24", "32"], "trying how many connections are enough"),
    ("payments", "bank_concurrency", ["8", "6", "7"], "the bank asked for it"),
];

/// Flags that may be on or off, and why somebody turns them.
const HARMLESS_FLAGS: [(&str, &str); 3] = [
    ("winter-banner", "Ada wants to see it on a small screen"),
    ("gift-wrap", "counting clouds before the holidays"),
    ("paperless-letters", "the post room is out of ink, or not"),
];

/// A change that harms nobody. It may turn out to change nothing.
pub(crate) fn harmless(random: &mut Random, components: &[&'static str]) -> Option<Change> {
    match random.next() % 10 {
        0..6 => random.pick(components).map(|component| Change::Deploy { component, defect: None }),
        6..8 => {
            let (component, setting, values, reason) = random.pick(&HARMLESS_SETTINGS)?;
            random.pick(values).map(|value| Change::Set { component, setting, value, reason })
        }
        _ => {
            let on = random.next().is_multiple_of(2);
            random.pick(&HARMLESS_FLAGS).map(|(flag, reason)| Change::Turn { flag, on, reason })
        }
    }
}
