//! What stands in a template's holes.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use checks::template;
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::secrets::Secrets;

/// The values of one run.
pub(crate) struct Values<'a> {
    secrets: &'a Secrets,
    known: BTreeMap<String, String>,
}

/// The system gave no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the machine gives no random numbers")]
pub(crate) struct NoRandom;

impl<'a> Values<'a> {
    /// The values that every run has, new.
    pub(crate) fn new(secrets: &'a Secrets, now: Timestamp) -> Result<Self, NoRandom> {
        let mut random = [[0_u8; 16]; 4];
        SystemRandom::new().fill(random.as_flattened_mut()).map_err(|_| NoRandom)?;
        let [id, hex, verifier @ ..] = random;
        let verifier = verifier.as_flattened();
        let verifier = URL_SAFE_NO_PAD.encode(verifier);
        // RFC 7636, section 4.2.
        let challenge = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
        let known = [
            ("random.uuid", uuid::Builder::from_random_bytes(id).into_uuid().to_string()),
            ("random.hex", hex.iter().map(|byte| format!("{byte:02x}")).collect()),
            ("time.unix", now.as_second().to_string()),
            ("pkce.verifier", verifier),
            ("pkce.challenge", URL_SAFE_NO_PAD.encode(challenge)),
        ];
        Ok(Self { secrets, known: known.map(|(name, value)| (name.to_owned(), value)).into() })
    }

    /// Remembers a value.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.known.insert(name.to_owned(), value);
    }

    /// Fills a template.
    pub(crate) fn fill(&self, text: &str) -> Result<String, template::TemplateError> {
        template::fill(text, |name| match name.strip_prefix("secret.") {
            Some(secret) => self.secrets.get(secret),
            None => self.known.get(name).cloned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_the_built_in_values_and_the_challenge_is_of_the_verifier() {
        let secrets = Secrets::new(BTreeMap::from([("key".to_owned(), "k1".to_owned())]));
        let mut values = Values::new(&secrets, Timestamp::UNIX_EPOCH).unwrap();
        values.set("id", "7".to_owned());
        for name in template::BUILT_IN {
            assert!(!values.fill(&format!("${{{name}}}")).unwrap().is_empty(), "{name}");
        }
        assert_eq!(values.fill("${secret.key}/${id}/${time.unix}").unwrap(), "k1/7/0");
        assert!(values.fill("${secret.other}").is_err());
        let digest = ring::digest::digest(&ring::digest::SHA256, values.fill("${pkce.verifier}").unwrap().as_bytes());
        assert_eq!(values.fill("${pkce.challenge}").unwrap(), URL_SAFE_NO_PAD.encode(digest));
    }
}
