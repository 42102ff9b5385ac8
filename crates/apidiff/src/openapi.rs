//! Two OpenAPI documents.
