//! Backstage's catalog API, asked of the router as a client asks it. What a real client makes of it is tested in
//! `tests/clients/backstage.test.mjs`.

mod entities;
mod errors;
mod locations;
mod query;

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::server::Server;

/// A small shop in two folders.
async fn shop() -> Server {
    let server = Server::start();
    server.apply("shop", &[("catalog-info.yaml", SHOP), ("people.yaml", PEOPLE)]).await;
    server.apply("tools", &[("catalog-info.yaml", TOOLS)]).await;
    server
}

const SHOP: &str = r#"
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: cart
  description: Keeps what people mean to buy
  annotations: { github.com/project-slug: acme/cart }
  tags: [java, critical]
spec: { type: service, lifecycle: production, owner: payments, dependsOn: ["component:stock"] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: stock, tags: [rust], x-ours: { kept: [1, 2] } }
spec: { type: service, lifecycle: production, owner: payments }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: shop-window, title: Window }
spec: { type: website, lifecycle: experimental, owner: looks }
"#;

const PEOPLE: &str = r#"
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: payments }
spec: { type: team, children: [] }
"#;

const TOOLS: &str = r#"
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: ruler, namespace: tools }
spec: { type: library, lifecycle: production, owner: "group:default/payments" }
"#;

/// The names of the entities of a list.
fn names(list: &Value) -> Vec<&str> {
    let entities = list.as_array().map(Vec::as_slice).unwrap_or_default();
    entities.iter().filter_map(|entity| entity.pointer("/metadata/name")?.as_str()).collect()
}
