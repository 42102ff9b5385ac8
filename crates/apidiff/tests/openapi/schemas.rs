//! Schemas: the same change in a request and in an answer, of the whole body and of a property.

use crate::{check, in_request, in_response, parameter};

/// A schema with a property of this schema.
fn with(property: &str) -> String {
    format!("{{type: object, properties: {{p: {property}}}}}")
}

/// Of a body and of a property, in a request and in an answer: rules without `request-body-` and so on, each with the
/// level first.
fn everywhere(before: &str, after: &str, asked: &[&str], answered: &[&str]) {
    let rules = |prefix: &str, rules: &[&str]| -> Vec<String> {
        rules.iter().map(|rule| format!("{}{prefix}-{}", &rule[..1], &rule[1..])).collect()
    };
    let compared = |compare: fn(&str, &str, &[&str]), before: &str, after: &str, rules: &[String]| {
        compare(before, after, &rules.iter().map(String::as_str).collect::<Vec<_>>());
    };
    compared(in_request, before, after, &rules("request-body", asked));
    compared(in_request, &with(before), &with(after), &rules("request-property", asked));
    compared(in_response, before, after, &rules("response-body", answered));
    compared(in_response, &with(before), &with(after), &rules("response-property", answered));
}

/// The same there and back.
fn both_ways(before: &str, after: &str, [asked, answered]: [&str; 2], [asked_back, answered_back]: [&str; 2]) {
    everywhere(before, after, &[asked], &[answered]);
    everywhere(after, before, &[asked_back], &[answered_back]);
}

/// Of a property alone, in a request and in an answer, with whole rules.
fn property(before: &str, after: &str, asked: &[&str], answered: &[&str]) {
    in_request(&with(before), &with(after), asked);
    in_response(&with(before), &with(after), answered);
}

#[test]
fn a_type_may_grow_in_a_request_and_shrink_in_an_answer() {
    both_ways(
        "{type: integer}",
        "{type: number}",
        [".type-generalized", "!type-generalized"],
        ["!type-changed", ".type-specialized"],
    );
    everywhere("{type: string}", "{type: boolean}", &["!type-changed"], &["!type-changed"]);
    everywhere("{type: string}", "{type: [string, integer]}", &[".type-generalized"], &["!type-generalized"]);
    everywhere("{type: string}", "{}", &[".type-generalized"], &["!type-changed"]);
    everywhere("{}", "{type: string}", &["!type-changed"], &[".type-specialized"]);
}

#[test]
fn a_format_may_grow_too() {
    let of = |format: &str| format!("{{type: integer, format: {format}}}");
    everywhere(&of("int32"), &of("int64"), &[".type-generalized"], &["!type-changed"]);
    everywhere(&of("int64"), &of("int32"), &["!type-changed"], &[".type-specialized"]);
    everywhere(&of("int64"), "{type: integer}", &[".type-generalized"], &["!type-changed"]);
}

#[test]
fn what_is_not_json_does_not_tell_numbers_from_texts() {
    let request = |kind: &str| {
        format!("requestBody: {{content: {{application/xml: {{schema: {{type: {kind}}}}}}}}}\nresponses: {{}}")
    };
    check(&request("integer"), &request("string"), &[".request-body-type-compatible"]);
    check(&request("string"), &request("integer"), &["!request-body-type-changed"]);
    let response =
        |kind: &str| format!("responses: {{'200': {{content: {{text/plain: {{schema: {{type: {kind}}}}}}}}}}}");
    check(&response("string"), &response("integer"), &[".response-body-type-compatible"]);
    let properties = |kind: &str, media: &str| {
        let schema = with(&format!("{{type: {kind}}}"));
        format!("requestBody: {{content: {{{media}: {{schema: {schema}}}}}}}\nresponses: {{}}")
    };
    check(
        &properties("integer", "application/xml"),
        &properties("string", "application/xml"),
        &[".request-property-type-compatible"],
    );
    check(&properties("integer", "a/b+json"), &properties("string", "a/b+json"), &["!request-property-type-changed"]);
    let answered = |kind: &str| {
        format!("responses: {{'200': {{content: {{a/xml: {{schema: {}}}}}}}}}", with(&format!("{{type: {kind}}}")))
    };
    check(&answered("string"), &answered("integer"), &[".response-property-type-compatible"]);
}

#[test]
fn null_is_told_of_once_however_it_is_written() {
    let allowed = [".became-nullable", "!became-nullable"];
    let forbidden = ["!became-not-nullable", ".became-not-nullable"];
    both_ways("{type: string}", "{type: string, nullable: true}", allowed, forbidden);
    both_ways("{type: string}", "{type: [string, 'null']}", allowed, forbidden);
    both_ways(
        "{type: string, maxLength: 3}",
        "{oneOf: [{type: 'null'}, {type: string, maxLength: 3}]}",
        allowed,
        forbidden,
    );
}

#[test]
fn a_list_of_types_is_told_of_as_one() {
    let (one, two) = ("{type: string}", "{oneOf: [{type: string}, {type: integer}]}");
    let (wider, narrower) = (".list-of-types-widened", "!list-of-types-narrowed");
    both_ways(one, two, [wider, "!list-of-types-widened"], [narrower, ".list-of-types-narrowed"]);
    let of = |schema: &str| format!("[{{name: q, in: query, schema: {schema}}}]");
    parameter(&of(one), &of(two), &[".request-parameter-list-of-types-widened"]);
    parameter(&of(two), &of(one), &["!request-parameter-list-of-types-narrowed"]);
    parameter(&of(&with(one)), &of(&with(two)), &[".request-parameter-property-list-of-types-widened"]);
    parameter(&of(&with(two)), &of(&with(one)), &["!request-parameter-property-list-of-types-narrowed"]);
}

#[test]
fn one_object_that_became_one_of_several_is_told_of_once() {
    let (one, several) =
        ("{type: object, properties: {a: {}}}", "{oneOf: [{type: object, properties: {a: {}}}, {type: object}]}");
    in_request(one, several, &["!request-body-wrapped-in-one-of"]);
    in_response(one, several, &["!response-body-wrapped-in-one-of"]);
    property(one, several, &[".request-property-one-of-added"], &["!response-property-one-of-added"]);
}

#[test]
fn alternatives_that_come_and_go_are_judged_by_who_chooses() {
    let of = |key: &str, list: &str| format!("{{{key}: [{list}]}}");
    let (a, b) = ("{title: A, type: object, minProperties: 1}", "{title: B, type: object, maxProperties: 2}");
    let two = format!("{a}, {b}");
    for (key, added, removed) in [
        ("oneOf", [".one-of-added", "!one-of-added"], ["!one-of-removed", ".one-of-removed"]),
        ("anyOf", [".any-of-added", ".any-of-added"], ["!any-of-removed", ".any-of-removed"]),
        ("allOf", ["!all-of-added", ".all-of-added"], ["?all-of-removed", ".all-of-removed"]),
        (
            "prefixItems",
            [".prefix-items-added", "!prefix-items-added"],
            ["!prefix-items-removed", ".prefix-items-removed"],
        ),
    ] {
        both_ways(&of(key, a), &of(key, &two), added, removed);
    }
    let annotated = of("allOf", &format!("{a}, {{description: only words}}"));
    let (added, removed) = (".all-of-added-annotation-only", ".all-of-removed-annotation-only");
    both_ways(&of("allOf", a), &annotated, [added, added], [removed, removed]);
}

#[test]
fn an_alternative_that_changed_in_place_is_compared() {
    let of = |max: u8| format!("{{anyOf: [{{type: object, title: A}}, {{type: string, maxLength: {max}}}]}}");
    in_request(&of(9), &of(5), &["!request-property-max-length-decreased"]);
}

#[test]
fn keywords_that_bind_further_are_bad_for_who_speaks() {
    for (keyword, word) in [
        ("propertyNames: {minLength: 1}", "property-names"),
        ("if: {minLength: 1}", "if"),
        ("then: {minLength: 1}", "then"),
        ("else: {minLength: 1}", "else"),
        ("unevaluatedItems: {minLength: 1}", "unevaluated-items"),
        ("unevaluatedProperties: {minLength: 1}", "unevaluated-properties"),
        ("contentSchema: {minLength: 1}", "content-schema"),
        ("contains: {minLength: 1}", "contains"),
        ("patternProperties: {'^a': {minLength: 1}}", "pattern-property"),
        ("dependentSchemas: {a: {minLength: 1}}", "dependent-schema"),
        ("dependentRequired: {a: [b]}", "dependent-required"),
    ] {
        let with = format!("{{title: x, {keyword}}}");
        everywhere("{title: x}", &with, &[&format!("!{word}-added")], &[&format!(".{word}-added")]);
        everywhere(&with, "{title: x}", &[&format!(".{word}-removed")], &[&format!("!{word}-removed")]);
    }
    let changed = |key: &str, word: &str, [from, to]: [&str; 2]| {
        let rule = format!("!{word}-changed");
        everywhere(&format!("{{{key}: {from}}}"), &format!("{{{key}: {to}}}"), &[&rule], &[&rule]);
    };
    changed("dependentRequired", "dependent-required", ["{a: [b]}", "{a: [c]}"]);
    changed("contentMediaType", "content-media-type", ["a/b", "a/c"]);
    changed("contentEncoding", "content-encoding", ["base64", "base32"]);
    let contains = |bound: &str, count: u8| format!("{{contains: {{}}, {bound}: {count}}}");
    let (up, down) = (
        ["!min-contains-increased", ".min-contains-increased"],
        [".min-contains-decreased", "!min-contains-decreased"],
    );
    both_ways(&contains("minContains", 1), &contains("minContains", 2), up, down);
    let (up, down) = (
        [".max-contains-increased", "!max-contains-increased"],
        ["!max-contains-decreased", ".max-contains-decreased"],
    );
    both_ways(&contains("maxContains", 1), &contains("maxContains", 2), up, down);
}

#[test]
fn what_is_within_any_keyword_is_compared() {
    for around in [
        "{items: HERE}",
        "{additionalProperties: HERE}",
        "{not: HERE}",
        "{if: HERE}",
        "{prefixItems: [HERE]}",
        "{patternProperties: {'^a': HERE}}",
        "{dependentSchemas: {a: HERE}}",
        "{allOf: [HERE]}",
    ] {
        let of = |max: &str| around.replace("HERE", &format!("{{type: string, maxLength: {max}}}"));
        in_request(&of("9"), &of("5"), &["!request-property-max-length-decreased"]);
        in_response(&of("5"), &of("9"), &["!response-property-max-length-increased"]);
    }
}

#[test]
fn constants_and_defaults_are_told_of() {
    let (added, removed) = (["!const-added", ".const-added"], [".const-removed", "!const-removed"]);
    both_ways("{title: x}", "{title: x, const: 1}", added, removed);
    everywhere("{const: 1}", "{const: 2}", &["!const-changed"], &["!const-changed"]);
    let (added, removed) = ([".default-value-added"; 2], [".default-value-removed"; 2]);
    both_ways("{title: x}", "{title: x, default: 1}", added, removed);
    everywhere("{default: 1}", "{default: 2}", &[".default-value-changed"], &[".default-value-changed"]);
}

#[test]
fn values_of_an_enum_are_what_may_be_said() {
    let (ab, a) = ("{enum: [a, b]}", "{enum: [a]}");
    in_request(ab, a, &["!request-body-enum-value-removed"]);
    in_request(a, ab, &[]);
    in_request("{type: string}", "{type: string, enum: [a]}", &["!request-body-became-enum"]);
    in_response(ab, a, &[".response-mediatype-enum-value-removed"]);
    property(ab, a, &["!request-property-enum-value-removed"], &[".response-property-enum-value-removed"]);
    property(a, ab, &[".request-property-enum-value-added"], &["?response-property-enum-value-added"]);
    property("{type: string}", "{type: string, enum: [a]}", &["!request-property-became-enum"], &[]);
    let only = |way: &str, values: &str| format!("{{{way}: true, enum: [{values}]}}");
    let asked = &[".request-read-only-property-enum-value-removed"];
    property(&only("readOnly", "a, b"), &only("readOnly", "a"), asked, &[".response-property-enum-value-removed"]);
    let answered = &[".response-write-only-property-enum-value-added"];
    property(&only("writeOnly", "a"), &only("writeOnly", "a, b"), &[".request-property-enum-value-added"], answered);
    let known = |values: &str| format!("{{x-extensible-enum: [{values}]}}");
    property(&known("a, b"), &known("a"), &["!request-property-x-extensible-enum-value-removed"], &[]);
}

#[test]
fn upper_bounds_may_rise_in_requests_and_fall_in_answers() {
    for (key, word) in [("maximum", "max"), ("exclusiveMaximum", "exclusive-max"), ("maxLength", "max-length")] {
        let of = |bound: u8| format!("{{{key}: {bound}}}");
        everywhere(&of(5), &of(9), &[&format!(".{word}-increased")], &[&format!("!{word}-increased")]);
        everywhere(&of(9), &of(5), &[&format!("!{word}-decreased")], &[]);
        everywhere("{title: x}", &format!("{{title: x, {key}: 5}}"), &[&format!("?{word}-set")], &[]);
        let of = |bound: u8| format!("{{readOnly: true, {key}: {bound}}}");
        in_request(&with(&of(9)), &with(&of(5)), &[&format!(".request-read-only-property-{word}-decreased")]);
    }
    everywhere("{title: x, maxLength: 5}", "{title: x}", &[], &["!max-length-unset"]);
    everywhere("{title: x, minItems: 5}", "{title: x}", &[], &["!min-items-unset"]);
}

#[test]
fn lower_bounds_may_fall_in_requests_and_rise_in_answers() {
    for (key, word) in [("minimum", "min"), ("exclusiveMinimum", "exclusive-min"), ("minLength", "min-length")] {
        let of = |bound: u8| format!("{{{key}: {bound}}}");
        everywhere(&of(5), &of(9), &[&format!("!{word}-increased")], &[]);
        everywhere(&of(9), &of(5), &[&format!(".{word}-decreased")], &[&format!("!{word}-decreased")]);
    }
    everywhere("{minItems: 5}", "{minItems: 9}", &["!min-items-increased"], &[]);
    everywhere("{minItems: 9}", "{minItems: 5}", &[], &["!min-items-decreased"]);
    for (key, word) in [("minimum", "min"), ("exclusiveMinimum", "exclusive-min"), ("minItems", "min-items")] {
        everywhere("{title: x}", &format!("{{title: x, {key}: 5}}"), &[&format!("?{word}-set")], &[]);
    }
    for (key, word) in [("minimum", "min"), ("exclusiveMinimum", "exclusive-min")] {
        let of = |bound: u8| format!("{{readOnly: true, {key}: {bound}}}");
        in_request(&with(&of(5)), &with(&of(9)), &[&format!(".request-read-only-property-{word}-increased")]);
    }
}

#[test]
fn patterns_are_told_of_in_properties() {
    let (none, a, b, any) =
        ("{type: string}", "{type: string, pattern: ^a}", "{type: string, pattern: ^b}", "{type: string, pattern: .*}");
    property(none, a, &["!request-property-pattern-added"], &[".response-property-pattern-added"]);
    property(a, none, &[".request-property-pattern-removed"], &[".response-property-pattern-removed"]);
    property(a, b, &["?request-property-pattern-changed"], &[".response-property-pattern-changed"]);
    property(a, any, &[".request-property-pattern-generalized"], &[".response-property-pattern-changed"]);
}

#[test]
fn properties_come_and_go() {
    let object = |required: &str, property: &str| {
        format!("{{type: object, required: [{required}], properties: {{{property}}}}}")
    };
    let (none, optional, required) = (object("", ""), object("", "p: {}"), object("p", "p: {}"));
    in_request(&none, &required, &["!new-required-request-property"]);
    in_request(&none, &object("p", "p: {default: 1}"), &["!new-required-request-property-with-default"]);
    in_request(&none, &optional, &[".new-optional-request-property"]);
    in_request(&none, &object("p", "p: {readOnly: true}"), &[]);
    in_request(&optional, &none, &["?request-property-removed"]);
    in_request(&optional, &required, &["!request-property-became-required"]);
    let default = |needed: &str| object(needed, "p: {default: 1}");
    in_request(&default(""), &default("p"), &["!request-property-became-required-with-default"]);
    in_request(&required, &optional, &[".request-property-became-optional"]);
    in_response(&none, &required, &[".response-required-property-added"]);
    in_response(&none, &optional, &[".response-optional-property-added"]);
    in_response(&required, &none, &["!response-required-property-removed"]);
    in_response(&optional, &none, &["?response-optional-property-removed"]);
    in_response(&required, &optional, &["!response-property-became-optional"]);
    in_response(&optional, &required, &[".response-property-became-required"]);
}

#[test]
fn properties_that_are_only_written_are_not_missed_in_answers() {
    let object = |required: &str, property: &str| {
        format!("{{type: object, required: [{required}], properties: {{{property}}}}}")
    };
    let (none, written) = (object("", ""), "p: {writeOnly: true}");
    let (optional, required) = (object("", written), object("p", written));
    in_response(&none, &required, &[".response-required-write-only-property-added"]);
    in_response(&none, &optional, &[".response-optional-write-only-property-added"]);
    in_response(&required, &none, &[".response-required-write-only-property-removed"]);
    in_response(&optional, &none, &[".response-optional-write-only-property-removed"]);
    in_response(&required, &optional, &[".response-write-only-property-became-optional"]);
    in_response(&optional, &required, &[".response-write-only-property-became-required"]);
}

#[test]
fn what_is_only_read_or_only_written_is_told_of() {
    for (need, required) in [("optional", ""), ("required", "p")] {
        let of =
            |property: &str| format!("{{type: object, required: [{required}], properties: {{p: {{{property}}}}}}}");
        for (key, word) in [("readOnly", "read-only"), ("writeOnly", "write-only")] {
            let (plain, only) = (of(""), of(&format!("{key}: true")));
            in_request(&plain, &only, &[&format!(".request-{need}-property-became-{word}")]);
            in_request(&only, &plain, &[&format!(".request-{need}-property-became-not-{word}")]);
            in_response(&plain, &only, &[&format!(".response-{need}-property-became-{word}")]);
            let mark = if (need, key) == ("required", "writeOnly") { '?' } else { '.' };
            in_response(&only, &plain, &[&format!("{mark}response-{need}-property-became-not-{word}")]);
        }
    }
}

#[test]
fn a_property_may_be_announced_to_go_and_may_be_less_stable() {
    let check = |before: &str, after: &str, what: &str| {
        let (mark, what) = what.split_at(1);
        let (asked, answered) = (format!("{mark}request-property-{what}"), format!("{mark}response-property-{what}"));
        property(before, after, &[&asked], &[&answered]);
    };
    check("{}", "{deprecated: true}", ".deprecated");
    check("{}", "{deprecated: true, x-sunset: '2030-01-31'}", ".deprecated-with-sunset");
    check("{}", "{deprecated: true, x-sunset: soon}", "!deprecated-sunset-invalid");
    check("{deprecated: true}", "{}", ".reactivated");
    check("{}", "{x-stability-level: beta}", "!stability-decreased");
    check("{x-stability-level: beta}", "{}", ".stability-increased");
}

#[test]
fn a_discriminator_is_told_of() {
    let of = |mapping: &str| format!("{{discriminator: {{propertyName: kind, mapping: {{{mapping}}}}}}}");
    let one = |rule: &str, before: &str, after: &str| everywhere(before, after, &[rule], &[rule]);
    one(".discriminator-added", "{title: x}", "{title: x, discriminator: {propertyName: a}}");
    one(".discriminator-removed", "{title: x, discriminator: {propertyName: a}}", "{title: x}");
    one(
        ".discriminator-property-name-changed",
        "{discriminator: {propertyName: a}}",
        "{discriminator: {propertyName: b}}",
    );
    one(".discriminator-mapping-added", &of(""), &of("a: A"));
    one(".discriminator-mapping-deleted", &of("a: A"), &of(""));
    one(".discriminator-mapping-changed", &of("a: A"), &of("a: B"));
}
