//! Tokens and passwords.
//!
//! A token is 256 random bits and only its SHA-256 is kept: it can't be guessed, so a fast hash is enough. A password is
//! verified by argon2id (RFC 9106) with the crate's defaults (19 MiB, two passes), which OWASP's cheat sheet gives as its
//! first choice; the verifier is sealed by [`vault`] under the user's id.

use access::{Reach, Scope};
use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{Salt, SaltString},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use engine::{Receipt, Request};
use kernel::{Actor, Context, Refusal, Sha256, Timestamp, UserId, codes};
use ring::rand::{SecureRandom, SystemRandom};
use world::Command;

use crate::{App, vault};

/// A password has at least this many characters (NIST SP 800-63B asks for 8; 12 where there is no second factor here).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// And at most this many bytes: verifying costs time.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// A new token: `mst_` and 43 characters of URL-safe base64.
///
/// # Errors
/// If the operating system gives no randomness.
pub fn new_token() -> Result<String, Refusal> {
    Ok(format!("mst_{}", secret()?))
}

/// A new key of an integration: 32 hexadecimal digits, since PagerDuty's clients insist on that many characters.
///
/// # Errors
/// If the operating system gives no randomness.
pub fn new_key() -> Result<String, Refusal> {
    Ok(random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The secret of a new session, for its cookie.
///
/// # Errors
/// If the operating system gives no randomness.
pub fn new_session() -> Result<String, Refusal> {
    secret()
}

fn secret() -> Result<String, Refusal> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

fn random<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    let no_randomness = |_| Refusal::new(&codes::INTERNAL, "the operating system gave no randomness");
    SystemRandom::new().fill(&mut bytes).map_err(no_randomness)?;
    Ok(bytes)
}

fn secret_name(user: UserId) -> String {
    format!("password/{user}")
}

/// Issues a token by the request that `asking` makes of the command, and returns its text, which is kept nowhere.
///
/// # Errors
/// If the request is refused, or repeats one whose token was shown before.
pub async fn issue_token(
    app: &App,
    name: String,
    scopes: Vec<Scope>,
    expires: Option<Timestamp>,
    reach: Reach,
    asking: impl FnOnce(Command) -> Result<Request, Refusal>,
) -> Result<(String, Receipt), Refusal> {
    let token = new_token()?;
    let hash = Sha256::of(token.as_bytes());
    let command = Command::Access(access::Command::IssueToken { name, scopes, hash, expires, reach });
    let receipt = app.submit(asking(command)?).await?;
    if receipt.repeated {
        let detail = "this token was issued before and its text is not kept";
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("revoke it and issue another"));
    }
    Ok((token, receipt))
}

/// Creates a user by the request that `asking` makes of its id, with this password. Nothing is kept for a user that was
/// not created after all.
///
/// # Errors
/// If the password is too short or too long, the request is refused, or the store can't write.
pub async fn create_user(
    app: &App,
    password: String,
    asking: impl FnOnce(UserId) -> Result<Request, Refusal>,
) -> Result<(UserId, Receipt), Refusal> {
    let user: UserId = Context::new(app.now(), Actor::mainstay("access"), app.engine().clock().seed()).id();
    let request = asking(user)?;
    set_password(app, user, password).await?;
    let created = app.submit(request).await;
    if created.as_ref().map_or(true, |receipt| receipt.repeated) {
        app.blocking(move |engine| Ok(engine.store().put_secret(&secret_name(user), None)?)).await?;
    }
    Ok((user, created?))
}

/// Keeps the verifier of a user's password.
///
/// # Errors
/// If the password is too short or too long, or the store can't write.
pub async fn set_password(app: &App, user: UserId, password: String) -> Result<(), Refusal> {
    if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
        let detail =
            format!("a password has {PASSWORD_CHARS_MIN} characters at least and {PASSWORD_BYTES_MAX} bytes at most");
        return Err(Refusal::new(&codes::INVALID, detail).field("password"));
    }
    let key = app.settings().vault_key;
    app.blocking(move |engine| {
        let name = secret_name(user);
        let sealed = vault::seal(&key, &name, verifier(&password)?.as_bytes())?;
        Ok(engine.store().put_secret(&name, Some(&sealed))?)
    })
    .await
}

fn verifier(password: &str) -> Result<String, Refusal> {
    let broken = |error: argon2::password_hash::Error| Refusal::new(&codes::INTERNAL, format!("argon2: {error}"));
    let salt = SaltString::encode_b64(&random::<{ Salt::RECOMMENDED_LENGTH }>()?).map_err(broken)?;
    Argon2::default().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()).map_err(broken)
}

/// The user of this name, if the password is right. An unknown name costs as much time as a wrong password.
///
/// # Errors
/// `UNAUTHENTICATED` if the two don't go together; whatever keeps the store from being read.
pub async fn sign_in(app: &App, name: &str, password: String) -> Result<UserId, Refusal> {
    let world = app.world();
    let user = world.access.user_named(name).filter(|(_, user)| !user.disabled).map(|(id, _)| id);
    let key = app.settings().vault_key;
    let right = app
        .blocking(move |engine| {
            let kept = match user.map(secret_name) {
                Some(name) => match engine.store().get_secret(&name)? {
                    Some(sealed) => Some(vault::open(&key, &name, &sealed)?),
                    None => None,
                },
                None => None,
            };
            let verifier = match kept.map(String::from_utf8) {
                Some(Ok(verifier)) => verifier,
                Some(Err(_)) | None => verifier("nobody has this password")?,
            };
            let bounded = password.len() <= PASSWORD_BYTES_MAX;
            let hash = PasswordHash::new(&verifier);
            let matches = hash.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            Ok(bounded && matches)
        })
        .await?;
    match user {
        Some(user) if right => Ok(user),
        Some(_) | None => Err(Refusal::new(&codes::UNAUTHENTICATED, "the name and the password don't go together")),
    }
}
