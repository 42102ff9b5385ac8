//! Request bodies.

use serde_json::{Map, Value};

use super::{
    document::{Met, Operation},
    media,
    report::{Place, Report},
    schema::{Part, Walk},
};
use crate::Level::{Breaking, Compatible};

pub(super) fn request<'d>(walk: &mut Walk<'d>, before: &Operation<'d>, after: &Operation<'d>, report: &mut Report) {
    let name = before.name();
    let place = Place::of(&name, "request body");
    let (had, has) = match walk.meet(before.fields.get("requestBody"), after.fields.get("requestBody")) {
        Met::Values(had, has) => (had.and_then(Value::as_object), has.and_then(Value::as_object)),
        Met::Same => return,
        Met::Elsewhere(reference) => return report.elsewhere(reference, &place),
    };
    let is_required = |body: &Map<String, Value>| body.get("required") == Some(&Value::Bool(true));
    let must = "the request must have a body now";
    let (had, has) = match (had, has) {
        (None, None) => return,
        (Some(_), None) => {
            return report.put("request-body-removed", Breaking, &place, "the request has no body any more");
        }
        (None, Some(has)) if is_required(has) => {
            return report.put("request-body-added-required", Breaking, &place, must);
        }
        (None, Some(_)) => {
            return report.put("request-body-added-optional", Compatible, &place, "the request may have a body now");
        }
        (Some(had), Some(has)) => (had, has),
    };
    match (is_required(had), is_required(has)) {
        (false, true) => report.put("request-body-became-required", Breaking, &place, must),
        (true, false) => {
            report.put("request-body-became-optional", Compatible, &place, "the request may have no body now");
        }
        (true, true) | (false, false) => {}
    }
    // Many operations may refer to one large body.
    let weight = |body: &Map<String, Value>| body.get("content").and_then(Value::as_object).map_or(0, Map::len);
    if !walk.spend((weight(had) + weight(has)) * 10) {
        return report.cut(&place);
    }
    content(walk, &name, (had.get("content"), has.get("content")), report);
}

fn content<'d>(
    walk: &mut Walk<'d>,
    name: &str,
    (had, has): (Option<&'d Value>, Option<&'d Value>),
    report: &mut Report,
) {
    let media = media::pair(had, has);
    let place = |media_type: &str| Place::of(name, format!("request body {media_type}"));
    for both in media.both {
        let place = place(both.is);
        match (both.before.get("schema"), both.after.get("schema")) {
            (Some(before), Some(after)) => walk.compare(Part::request(both.is), before, after, &place, report),
            (None, Some(_)) => {
                report.put("request-body-media-type-schema-added", Breaking, &place, "the body has a schema now");
            }
            (Some(_), None) => {
                let text = "the body has no schema any more";
                report.put("request-body-media-type-schema-removed", Compatible, &place, text);
            }
            (None, None) => {}
        }
    }
    for media_type in media.removed {
        let text = format!("a body of {media_type} is not taken any more");
        report.put("request-body-media-type-removed", Breaking, &place(media_type), text);
    }
    for media_type in media.added {
        let text = format!("a body of {media_type} is taken too");
        report.put("request-body-media-type-added", Compatible, &place(media_type), text);
    }
}
