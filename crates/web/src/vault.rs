//! Secrets at rest: sealed with the operator's key, which lies beside the store and in no backup of it.
//!
//! ChaCha20-Poly1305 (RFC 8439) with a random nonce in front of the sealed bytes; the name under which they are kept is
//! authenticated with them, so that one secret can't be put in another's place.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    path::Path,
};

use kernel::{Refusal, codes};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom, SystemRandom},
};

/// The operator's key.
pub type Key = [u8; 32];

const FILE: &str = "key";

/// The key of this data folder; the first start makes it, readable for nobody else.
///
/// # Errors
/// If the file can't be read or written, or is no key.
pub fn key(data: &Path) -> Result<Key, Refusal> {
    let path = data.join(FILE);
    let refused = |error: std::io::Error| {
        Refusal::new(&codes::DATA_READ_ONLY, format!("{}: {error}", path.display())).field("--data")
    };
    let mut key = [0; 32];
    match std::fs::File::open(&path) {
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(64).read_to_end(&mut bytes).map_err(refused)?;
            bytes.try_into().map_err(|_| {
                Refusal::new(&codes::DATA_CORRUPT, format!("{} is not a key of 32 bytes", path.display()))
                    .fix("put back the file from where you keep it; without it, all passwords must be set anew")
            })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            random(&mut key)?;
            std::fs::create_dir_all(data).map_err(refused)?;
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&path).map_err(refused)?;
            file.write_all(&key).and_then(|()| file.sync_all()).map_err(refused)?;
            Ok(key)
        }
        Err(error) => Err(refused(error)),
    }
}

fn random(bytes: &mut [u8]) -> Result<(), Refusal> {
    let none = |_| Refusal::new(&codes::INTERNAL, "the operating system gave no randomness");
    SystemRandom::new().fill(bytes).map_err(none)
}

fn cipher(key: &Key) -> Result<LessSafeKey, Refusal> {
    let unbound = UnboundKey::new(&CHACHA20_POLY1305, key);
    unbound.map(LessSafeKey::new).map_err(|_| Refusal::new(&codes::INTERNAL, "the key has the wrong length"))
}

/// The key for one purpose: HMAC-SHA256 of the purpose under the operator's key, as the expanding half of HKDF
/// (RFC 5869) makes it. Whoever learns it learns neither the operator's key nor that of another purpose.
#[must_use]
pub fn derive(key: &Key, purpose: &str) -> Key {
    let mut derived = [0; 32];
    let tag = tag(key, &[purpose.as_bytes(), &[1]].concat());
    derived.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
    derived
}

/// A tag that only this key makes of `what`.
#[must_use]
pub fn tag(key: &Key, what: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), what).as_ref().to_vec()
}

/// Seals a secret that is kept under `name`.
///
/// # Errors
/// If the operating system gives no randomness.
pub fn seal(key: &Key, name: &str, secret: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut nonce = [0; NONCE_LEN];
    random(&mut nonce)?;
    let mut sealed = secret.to_vec();
    cipher(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), &mut sealed)
        .map_err(|_| Refusal::new(&codes::INTERNAL, "a secret could not be sealed"))?;
    Ok([&nonce[..], &sealed].concat())
}

/// Opens what [`seal`] made.
///
/// # Errors
/// `DATA_CORRUPT` if it was sealed with another key, for another name, or was changed.
pub fn open(key: &Key, name: &str, sealed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let wrong = || {
        Refusal::new(&codes::DATA_CORRUPT, format!("the secret {name} can't be opened with this key"))
            .fix("put back the file `key` that belongs to this data folder")
    };
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(wrong)?;
    let mut opened = sealed.to_vec();
    let length = cipher(key)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(name), &mut opened)
        .map_err(|_| wrong())?
        .len();
    opened.truncate(length);
    Ok(opened)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let of = |key: u8, purpose: &str| derive(&[key; 32], purpose);
        assert_eq!(of(1, "ack-links"), of(1, "ack-links"));
        assert_ne!(of(1, "ack-links"), of(1, "calendars"));
        assert_ne!(of(1, "ack-links"), of(2, "ack-links"));
        assert_ne!(of(1, "ack-links"), [1; 32]);
    }

    #[test]
    fn a_secret_opens_with_its_key_and_name_only() {
        let sealed = seal(&[1; 32], "password/jo", b"secret").unwrap();
        assert_eq!(open(&[1; 32], "password/jo", &sealed).unwrap(), b"secret");
        for (key, name) in [([2; 32], "password/jo"), ([1; 32], "password/ann")] {
            assert_eq!(open(&key, name, &sealed).unwrap_err().code, &codes::DATA_CORRUPT);
        }
        let mut changed = sealed.clone();
        changed[20] ^= 1;
        assert!(open(&[1; 32], "password/jo", &changed).is_err());
        assert!(open(&[1; 32], "password/jo", b"short").is_err());
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }
}
