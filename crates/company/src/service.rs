//! The services that really run.

/// A service that really runs. The company's other components exist on paper only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// The web shop.
    Storefront,
    /// What is sold.
    Products,
    /// What goes with what.
    Recommendations,
    /// Baskets.
    Cart,
    /// From basket to order.
    Checkout,
    /// Charging cards.
    Payments,
    /// What a shilling is worth.
    Currency,
    /// What the postage costs.
    Shipping,
    /// Letters to customers.
    Email,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Storefront,
        Self::Products,
        Self::Recommendations,
        Self::Cart,
        Self::Checkout,
        Self::Payments,
        Self::Currency,
        Self::Shipping,
        Self::Email,
    ];

    /// Its component's name in the catalog, and its host under `shop.invalid`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Storefront => "storefront",
            Self::Products => "products",
            Self::Recommendations => "recommendations",
            Self::Cart => "cart",
            Self::Checkout => "checkout",
            Self::Payments => "payments",
            Self::Currency => "currency",
            Self::Shipping => "shipping",
            Self::Email => "email",
        }
    }
}
