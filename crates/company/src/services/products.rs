//! What is sold: title, temper, price in shillings.

use serde_json::{Value, json};

use crate::desk::{Fault, Request};

const PRODUCTS: [(&str, &str, &str, u32); 6] = [
    ("fog-in-a-jar", "Fog in a jar", "mild", 12),
    ("tuesday-drizzle", "Tuesday drizzle", "mild", 9),
    ("thunder-slightly-used", "Thunder, slightly used", "foul", 40),
    ("first-snow", "First snow", "brisk", 55),
    ("sea-breeze-no-4", "Sea breeze No. 4", "brisk", 18),
    ("sunday-afternoon-sun", "Sunday afternoon sun", "mild", 70),
];

pub(super) fn answer(request: &Request) -> Result<Value, Fault> {
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", ["products"]) => Ok(json!({"products": PRODUCTS.map(product)})),
        ("GET", ["products", slug]) => {
            let found = PRODUCTS.into_iter().find(|(known, ..)| known == slug);
            found.map(product).ok_or_else(Fault::no_such_route)
        }
        _ => Err(Fault::no_such_route()),
    }
}

fn product((slug, title, temper, shillings): (&str, &str, &str, u32)) -> Value {
    json!({"slug": slug, "title": title, "temper": temper, "shillings": shillings})
}
