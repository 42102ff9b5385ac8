//! Label sets.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::json::plain;

/// The label set in an object: empty values are no labels (as Alertmanager's API takes them), nor are names that are
/// empty or have control characters in them.
pub(super) fn read(object: Option<&Map<String, Value>>) -> BTreeMap<String, String> {
    let label = |(name, value): (&String, &Value)| {
        let value = plain(value).filter(|value| !value.is_empty())?;
        let sound = !name.is_empty() && !name.contains(char::is_control);
        sound.then(|| (name.clone(), value))
    };
    object.into_iter().flatten().filter_map(label).collect()
}

/// The fingerprint by which Alertmanager knows an alert, of its label set: `labelSetToFingerprint` of
/// prometheus/common's `model/signature.go`. FNV-1a (64 bits) over names and values in the names' order, each followed by
/// the byte 255; 16 hexadecimal digits.
#[must_use]
pub fn fingerprint(labels: &BTreeMap<String, String>) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = labels.iter().flat_map(|(name, value)| [name, value]).flat_map(|text| text.bytes().chain([255]));
    let sum = bytes.fold(OFFSET, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(PRIME));
    format!("{sum:016x}")
}
