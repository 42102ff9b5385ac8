use serde_json::{Value, json};

use super::*;
use crate::{
    Severity::{Lost, Note},
    testing::{declarable, definition, served, unmapped},
};

fn import(file: &Value) -> Imported {
    declarable(flagd(file.to_string().as_bytes()).unwrap())
}

fn file() -> Value {
    json!({
        "$evaluators": {
            "Staff": {"ends_with": [{"var": "email"}, "@acme.test"]},
            "by plan": {"if": [{"===": [{"var": "plan"}, "pro"]}, "on", null]},
        },
        "metadata": {"flagSetId": "shop", "version": "7"},
        "flags": {
            "cart": {
                "state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off",
                "targeting": {"if": [{"$ref": "Staff"}, "on", {"$ref": "by plan"}]},
                "metadata": {"description": "A larger cart."},
            },
            "gone": {"state": "DISABLED", "variants": {"a": 1, "b": 2}, "defaultVariant": null, "targeting": {}},
        },
    })
}

#[test]
fn rules_say_the_same_and_what_they_share_as_conditions_is_a_segment() {
    let imported = import(&file());
    assert_eq!(imported.segments.len(), 1);
    assert_eq!(imported.segments[0].segment.short(), "staff");
    for (context, expect) in
        [(json!({"email": "ada@acme.test"}), "on"), (json!({"plan": "pro"}), "on"), (json!({"plan": "free"}), "off")]
    {
        assert_eq!(served(&imported, "cart", "production", &context), expect, "{context}");
    }
    assert_eq!(imported.unmapped, []);
}

#[test]
fn what_shared_rules_share_is_put_in_its_place() {
    let mut file = file();
    file["$evaluators"]["Staff"] = json!({"or": [{"$ref": "admins"}, {"===": [{"var": "plan"}, "staff"]}]});
    file["$evaluators"]["admins"] = json!({"in": [{"var": "targetingKey"}, ["ada"]]});
    let imported = import(&file);
    assert_eq!(served(&imported, "cart", "production", &json!({"targetingKey": "ada"})), "on");
    assert_eq!(served(&imported, "cart", "production", &json!({"plan": "staff"})), "on");
}

#[test]
fn metadata_and_flag_sets_are_kept() {
    let imported = import(&file());
    let cart = definition(&imported, "cart");
    assert_eq!(cart.flag_set.as_deref(), Some("shop"));
    assert_eq!(cart.description, "A larger cart.");
    assert_eq!(json!(cart.metadata), json!({"version": "7", "description": "A larger cart."}));
}

#[test]
fn a_disabled_flag_is_off_and_leaves_it_to_the_client() {
    let mut imported = import(&file());
    assert!(imported.rename_environment("*", "staging"));
    assert!(!imported.rename_environment("*", "staging"));
    let gone = definition(&imported, "gone");
    assert_eq!((gone.off_variant.clone(), gone.default_variant.clone(), gone.targeting.clone()), (None, None, None));
    assert!(!gone.environments["staging"].enabled);
    assert!(definition(&imported, "cart").environments["staging"].enabled);
}

#[test]
fn a_key_in_several_flag_sets_is_taken_once() {
    let flag =
        json!({"key": "cart", "state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"});
    let imported = import(&json!({"flags": [flag, flag]}));
    assert_eq!(imported.definitions.len(), 1);
    assert!(unmapped(&imported, Lost).contains(&"cart: : the whole flag".to_owned()));
}

#[test]
fn what_flagd_finds_wrong_is_told() {
    let mut file = file();
    file["flags"]["cart"]["targeting"] = json!({"if": [{"$ref": "nobody"}, "on"]});
    let imported = import(&file);
    assert!(!unmapped(&imported, Lost).is_empty() || !unmapped(&imported, Note).is_empty());
    for wrong in ["", "[]", "{}"] {
        assert!(flagd(wrong.as_bytes()).unwrap_err().to_string().starts_with("this is no flagd export: "), "{wrong}");
    }
}
