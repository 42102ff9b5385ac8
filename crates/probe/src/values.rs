//! What the holes of templates are filled with: declared and extracted variables, secrets, and what is new for each run.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use checks::template::{self, TemplateError};
use ring::{
    digest,
    rand::{SecureRandom as _, SystemRandom},
};

/// The values of secrets, by their names.
pub type Secrets = BTreeMap<String, String>;

/// What stands in evidence for a secret's value.
const MASK: &str = "•••";
/// A secret that is shorter would mask half of any text.
const MASKED_CHARS_MIN: usize = 4;

/// The values of one run.
pub(crate) struct Values {
    variables: BTreeMap<String, String>,
    secrets: Arc<Secrets>,
    built_in: BTreeMap<&'static str, String>,
}

impl Values {
    pub(crate) fn new(secrets: Arc<Secrets>) -> Self {
        let mut bytes = [0_u8; 48];
        // Without randomness the values are the same each time, and the server that is asked will say so.
        let _ = SystemRandom::new().fill(&mut bytes);
        let (uuid, verifier) = bytes.split_at(16);
        let verifier = URL_SAFE_NO_PAD.encode(verifier);
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        let hex: String = uuid.iter().map(|byte| format!("{byte:02x}")).collect();
        let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
        let built_in = BTreeMap::from([
            ("random.uuid", uuid_of(&hex)),
            ("random.hex", hex),
            ("time.unix", seconds.to_string()),
            ("pkce.verifier", verifier),
            ("pkce.challenge", challenge),
        ]);
        Self { variables: BTreeMap::new(), secrets, built_in }
    }

    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.variables.insert(name.to_owned(), value);
    }

    /// Fills a template.
    pub(crate) fn fill(&self, text: &str) -> Result<String, TemplateError> {
        template::fill(text, |name| match name.strip_prefix("secret.") {
            Some(secret) => self.secrets.get(secret).cloned(),
            None => self.variables.get(name).or_else(|| self.built_in.get(name)).cloned(),
        })
    }

    /// A text in which no secret's value can be read.
    pub(crate) fn masked(&self, text: &str) -> String {
        let values = self.secrets.values().filter(|value| value.chars().count() >= MASKED_CHARS_MIN);
        values.fold(text.to_owned(), |text, value| {
            let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            text.replace(value.as_str(), MASK).replace(&encoded, MASK)
        })
    }
}

/// Version 4 of RFC 9562, from 32 hexadecimal digits.
fn uuid_of(hex: &str) -> String {
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_belongs_to_its_verifier_and_no_run_is_like_another() {
        let values = Values::new(Arc::default());
        let filled = values.fill("${pkce.verifier} ${pkce.challenge} ${random.uuid}").unwrap();
        let parts: Vec<&str> = filled.split(' ').collect();
        let digest = digest::digest(&digest::SHA256, parts[0].as_bytes());
        assert_eq!(parts[1], URL_SAFE_NO_PAD.encode(digest));
        assert!(parts[0].len() >= 43, "RFC 7636, section 4.1");
        assert_ne!(
            filled,
            Values::new(Arc::default()).fill("${pkce.verifier} ${pkce.challenge} ${random.uuid}").unwrap()
        );
    }

    #[test]
    fn no_secret_can_be_read_in_what_is_shown() {
        let secrets = BTreeMap::from([("key".to_owned(), "hunter 2&".to_owned())]);
        let values = Values::new(Arc::new(secrets));
        assert_eq!(values.fill("k=${secret.key | url}").unwrap(), "k=hunter+2%26");
        assert_eq!(values.masked("got hunter 2& at ?k=hunter+2%26"), "got ••• at ?k=•••");
        assert!(values.fill("${secret.other}").is_err());
    }
}
