//! Definitions that other people have published, if they are at hand.

use std::path::{Path, PathBuf};

use super::{DefinitionKind, detect, read};

/// The folder of other people's files, or `None`, said aloud.
fn corpora() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let folder = std::env::var_os("MAINSTAY_CORPORA").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} isn't there; set MAINSTAY_CORPORA", folder.display());
    None
}

/// Asserts how many operations there are in each group, how many types, and how many warnings.
#[track_caller]
fn check(path: &str, kind: DefinitionKind, groups: &[(&str, usize)], types: usize, warnings: usize) {
    let Some(folder) = corpora() else { return };
    let text = std::fs::read_to_string(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(detect("", &text), Some(kind), "{path}");
    let reference = read(kind, &text);
    let found: Vec<(&str, usize)> =
        reference.groups.iter().map(|group| (group.name.as_str(), group.operations.len())).collect();
    assert_eq!(found, groups, "{path}");
    assert_eq!(
        (reference.types.len(), reference.warnings.len()),
        (types, warnings),
        "{path}: {:?}",
        reference.warnings
    );
}

#[test]
fn ofrep_is_read() {
    check("ofrep/openapi.yaml", DefinitionKind::OpenApi, &[("OFREP Core", 2)], 25, 0);
    // Its one operation is a path item that no path uses, and its schema is in the other file.
    check("ofrep/event-streams.yaml", DefinitionKind::OpenApi, &[("Event Streams", 1)], 0, 1);
}

#[test]
fn the_alertmanagers_swagger_is_read() {
    let groups = [("general", 1), ("receiver", 1), ("silence", 4), ("alert", 2), ("alertgroup", 1)];
    check("alertmanager/api/v2/openapi.yaml", DefinitionKind::OpenApi, &groups, 23, 0);
}

#[test]
fn flagds_protobuf_files_are_read() {
    check("flagd-protos/flagd/evaluation/v1/evaluation.proto", DefinitionKind::Grpc, &[("Service", 7)], 15, 0);
    check("flagd-protos/flagd/evaluation/v2/evaluation.proto", DefinitionKind::Grpc, &[("Service", 6)], 13, 0);
    check("flagd-protos/flagd/sync/v1/sync.proto", DefinitionKind::Grpc, &[("FlagSyncService", 3)], 6, 0);
}

#[test]
fn the_demo_shops_protobuf_file_is_read() {
    let groups = [
        ("CartService", 3),
        ("RecommendationService", 1),
        ("ProductCatalogService", 3),
        ("ShippingService", 2),
        ("CurrencyService", 2),
        ("PaymentService", 1),
        ("EmailService", 1),
        ("CheckoutService", 1),
        ("AdService", 1),
        ("FeatureFlagService", 5),
    ];
    check("otel-demo/pb/demo.proto", DefinitionKind::Grpc, &groups, 43, 0);
}
