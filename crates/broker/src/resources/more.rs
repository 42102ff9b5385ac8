//! Webhooks, badges, differences, overviews: what people and other programs look at.

use crate::Route;

/// The routes.
pub(crate) const ROUTES: &[Route] = &[];
