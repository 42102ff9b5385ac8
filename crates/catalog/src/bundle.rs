//! The files of one catalog source, as they were gathered: what [`read`](crate::read) is given.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize, de::Error as _};

use crate::{Content, Problem};

/// The files of one source, and what went wrong in gathering them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// The source: the folder as the operator named it. What is applied under one name belongs together.
    pub source: String,
    /// The files; [`read`](crate::read) takes them in the order of their paths.
    pub files: Vec<BundleFile>,
    /// What could not be gathered: unreadable files, links in a circle, too much of everything.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct BundleFile {
    /// Relative to the source, with forward slashes, without `.` and `..`.
    pub path: String,
    /// The content.
    pub bytes: Content,
}

impl BundleFile {
    /// The file's name without its folder.
    #[must_use]
    pub fn name(&self) -> &str {
        crate::path::name(&self.path)
    }

    /// The content as text; nothing if it is no UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

/// A file as JSON has it: text where it is text, else base64 (RFC 4648, section 4).
#[derive(Serialize, Deserialize)]
struct Wire {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl From<BundleFile> for Wire {
    fn from(file: BundleFile) -> Self {
        match std::str::from_utf8(&file.bytes) {
            Ok(text) => Self { text: Some(text.to_owned()), base64: None, path: file.path },
            Err(_) => Self { text: None, base64: Some(STANDARD.encode(&file.bytes)), path: file.path },
        }
    }
}

impl TryFrom<Wire> for BundleFile {
    type Error = serde::de::value::Error;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let path = crate::path::normal("", &wire.path)
            .ok_or_else(|| Self::Error::custom(format!("the path \"{}\" leads out of the folder", wire.path)))?;
        let bytes = match (wire.text, wire.base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(base64)) => STANDARD.decode(base64).map_err(Self::Error::custom)?,
            (Some(_), Some(_)) | (None, None) => {
                return Err(Self::Error::custom(format!("\"{path}\" needs either `text` or `base64`")));
            }
        };
        Ok(Self { path, bytes: bytes.into() })
    }
}
