//! The pictures of an incident's log: how many there are, and how large.

use kernel::{Refusal, Sha256, codes};
use serde::{Deserialize, Serialize};

use super::Incident;

/// Pictures that one incident has.
pub const PICTURES_MAX: usize = 100;
/// What they have together, in bytes.
pub const PICTURES_BYTES_MAX: u32 = 64 << 20;

/// A picture of an incident's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// The blob.
    pub digest: Sha256,
    /// How large it is.
    pub bytes: u32,
}

impl Incident {
    /// That one more picture of this size may be added.
    ///
    /// # Errors
    /// `CONFLICT` beyond [`PICTURES_MAX`] or [`PICTURES_BYTES_MAX`].
    pub fn room_for_picture(&self, bytes: u32) -> Result<(), Refusal> {
        let held = self.pictures.iter().fold(bytes, |sum, picture| sum.saturating_add(picture.bytes));
        if self.pictures.len() < PICTURES_MAX && held <= PICTURES_BYTES_MAX {
            return Ok(());
        }
        let detail =
            format!("An incident has at most {PICTURES_MAX} pictures of {} MB together.", PICTURES_BYTES_MAX >> 20);
        Err(Refusal::new(&codes::CONFLICT, detail).field("picture").fix("link to where it is kept, or make it smaller"))
    }

    pub(super) fn add_picture(&mut self, picture: Picture) {
        let is_new = !self.pictures.iter().any(|known| known.digest == picture.digest);
        if is_new && self.room_for_picture(picture.bytes).is_ok() {
            self.pictures.push_back(picture);
        }
    }
}
