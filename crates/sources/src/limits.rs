//! How much of a folder is read.

/// The bounds of one catalog folder. What lies beyond is left out, with a problem that names the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub file_bytes_max: u64,
    /// Bytes of one image.
    pub image_bytes_max: u64,
    /// Bytes of all files.
    pub total_bytes_max: u64,
    /// Files and folders that are looked at.
    pub entries_max: usize,
    /// Folders within folders.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes_max: 5 << 20,
            image_bytes_max: 2 << 20,
            total_bytes_max: 256 << 20,
            entries_max: 100_000,
            depth_max: 32,
        }
    }
}

/// A number of bytes as people write it.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_024 => format!("{count} bytes"),
        1_024..1_048_576 => format!("{} KiB", count / 1_024),
        _ => format!("{} MiB", count / 1_048_576),
    }
}
