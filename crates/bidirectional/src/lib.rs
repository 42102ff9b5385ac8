//! Whether a pact fits an OpenAPI document.
