//! What the operator chose: flags first, then `MAINSTAY_*`, then `mainstay.toml`.

use std::path::PathBuf;

use clap::Args;
use kernel::{Refusal, Sha256, codes};
use serde::Deserialize;

use crate::flagd::FlagdArgs;

/// Where the server listens if nothing is said.
pub(crate) const LISTEN: &str = "127.0.0.1:7070";
const DATA: &str = "mainstay-data";
const FILE: &str = "mainstay.toml";
/// A shorter administrator's token could be guessed.
const ADMIN_TOKEN_CHARS_MIN: usize = 32;

/// How the server runs.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServeArgs {
    /// The address to listen on [default: 127.0.0.1:7070]
    #[arg(long, env = "MAINSTAY_LISTEN", value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// The folder for everything that is kept [default: ./mainstay-data]
    #[arg(long, env = "MAINSTAY_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// A folder with catalog files, which is applied now and whenever it changes; may be given several times
    #[arg(long, env = "MAINSTAY_CATALOG", value_name = "DIR", value_delimiter = ',')]
    pub(crate) catalog: Vec<PathBuf>,
    /// The address by which people reach the server, if it stands behind a proxy
    #[arg(long, env = "MAINSTAY_BASE_URL", value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// A web site whose scripts may evaluate flags, such as `https://shop.example`, or * for any; may be given several times
    #[arg(long, env = "MAINSTAY_FLAGS_CORS", value_name = "ORIGIN", value_delimiter = ',')]
    pub(crate) flags_cors: Vec<String>,
    /// A host that webhooks may call although it is private, such as `ci.internal`, `*.internal` or `10.0.0.0/8`; may be
    /// given several times
    #[arg(long, env = "MAINSTAY_WEBHOOK_HOSTS", value_name = "HOST", value_delimiter = ',')]
    pub(crate) webhook_hosts: Vec<String>,
    /// A host that webhooks of status pages' subscribers may call although it is private: anybody can name it
    #[arg(long, env = "MAINSTAY_SUBSCRIBER_HOSTS", value_name = "HOST", value_delimiter = ',')]
    pub(crate) subscriber_hosts: Vec<String>,
    /// A scheme that webhooks may use [default: https]; may be given several times
    #[arg(long, env = "MAINSTAY_WEBHOOK_SCHEMES", value_name = "SCHEME", value_delimiter = ',')]
    pub(crate) webhook_schemes: Vec<String>,
    /// A method that webhooks may use [default: POST]; may be given several times
    #[arg(long, env = "MAINSTAY_WEBHOOK_METHODS", value_name = "METHOD", value_delimiter = ',')]
    pub(crate) webhook_methods: Vec<String>,
    /// Take another pact for the same version of a consumer, which makes can-i-deploy unreliable
    #[arg(long, env = "MAINSTAY_PACTS_MAY_CHANGE")]
    pub(crate) pacts_may_change: bool,
    /// A file of secrets that checks name as ${secret.NAME}: lines of NAME=value, readable for nobody else
    #[arg(long, env = "MAINSTAY_CHECK_SECRETS_FILE", value_name = "FILE")]
    pub(crate) check_secrets_file: Option<PathBuf>,
    /// What flagd's clients get who select no environment
    #[arg(long, env = "MAINSTAY_FLAGD_ENVIRONMENT", value_name = "NAME", default_value = "production")]
    pub(crate) flagd_environment: String,
    #[command(flatten)]
    pub(crate) flagd: FlagdArgs,
}

/// `mainstay.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    data: Option<PathBuf>,
    #[serde(default)]
    catalog: Vec<PathBuf>,
    base_url: Option<String>,
    #[serde(default)]
    flags_cors: Vec<String>,
    #[serde(default)]
    webhook_hosts: Vec<String>,
    #[serde(default)]
    subscriber_hosts: Vec<String>,
    #[serde(default)]
    webhook_schemes: Vec<String>,
    #[serde(default)]
    webhook_methods: Vec<String>,
    #[serde(default)]
    pacts_may_change: bool,
    check_secrets_file: Option<PathBuf>,
    #[serde(default)]
    notify: notifier::Settings,
}

/// Everything that was chosen.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) listen: String,
    pub(crate) data: PathBuf,
    pub(crate) catalog: Vec<PathBuf>,
    pub(crate) base_url: Option<String>,
    pub(crate) evaluation_cors: Option<web::Cors>,
    pub(crate) flagd: Option<serving::flagd_ports::Options>,
    pub(crate) admin_token: Option<Sha256>,
    pub(crate) hook_secret: Option<String>,
    pub(crate) contracts: broker::Policy,
    pub(crate) subscriber_hosts: Vec<String>,
    pub(crate) notify: notifier::Settings,
    pub(crate) check_secrets: std::collections::BTreeMap<String, String>,
}

impl Settings {
    /// Puts flags, environment and file together.
    ///
    /// # Errors
    /// If the file can't be read, or a secret is too short.
    pub(crate) fn resolve(args: ServeArgs) -> Result<Self, Refusal> {
        let file = read_file()?;
        let cors = evaluation_cors(&given(args.flags_cors, file.flags_cors))?;
        let usual = broker::Policy::default();
        let or = |chosen: Vec<String>, usual: Vec<String>| if chosen.is_empty() { usual } else { chosen };
        let methods = given(args.webhook_methods, file.webhook_methods);
        let contracts = broker::Policy {
            may_modify: args.pacts_may_change || file.pacts_may_change,
            webhook_hosts: given(args.webhook_hosts, file.webhook_hosts),
            webhook_schemes: or(given(args.webhook_schemes, file.webhook_schemes), usual.webhook_schemes),
            webhook_methods: or(methods, usual.webhook_methods),
            asks_about_similar_names: usual.asks_about_similar_names,
        };
        Ok(Self {
            listen: args.listen.or(file.listen).unwrap_or_else(|| LISTEN.to_owned()),
            data: args.data.or(file.data).unwrap_or_else(|| PathBuf::from(DATA)),
            catalog: given(args.catalog, file.catalog),
            base_url: args.base_url.or(file.base_url),
            flagd: args.flagd.options(&args.flagd_environment, cors.clone())?,
            evaluation_cors: cors,
            admin_token: admin_token()?,
            hook_secret: secret("MAINSTAY_HOOK_SECRET")?,
            check_secrets: check_secrets(args.check_secrets_file.or(file.check_secrets_file), "--check-secrets-file")?,
            subscriber_hosts: given(args.subscriber_hosts, file.subscriber_hosts),
            notify: notify(file.notify, &contracts.webhook_hosts)?,
            contracts,
        })
    }
}

/// The secrets of checks, from the file that this option named.
///
/// # Errors
/// If it can't be read, or a line is none.
pub(crate) fn check_secrets(
    file: Option<PathBuf>,
    option: &str,
) -> Result<std::collections::BTreeMap<String, String>, Refusal> {
    let Some(file) = file else { return Ok(std::collections::BTreeMap::new()) };
    let wrong = |detail: String| Refusal::new(&codes::CONFIG_INVALID, detail).field(option);
    let text = std::fs::read_to_string(&file).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| match line.split_once('=') {
            Some((name, value)) if checks::template::is_secret_name(name.trim()) => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            // The line may hold a secret: it is not repeated.
            Some(_) | None => Err(wrong(format!("{}, line {number} is not NAME=value", file.display()))),
        })
        .collect()
}

/// How messages reach people: the environment (or a file that it names by `_FILE`) goes before `mainstay.toml`, where no
/// secret should be.
fn notify(file: notifier::Settings, private_hosts: &[String]) -> Result<notifier::Settings, Refusal> {
    let said = |name: &str, file: Option<String>| secret(name).map(|said| said.or(file));
    Ok(notifier::Settings {
        smtp_url: said("MAINSTAY_SMTP_URL", file.smtp_url)?,
        mail_from: said("MAINSTAY_MAIL_FROM", file.mail_from)?,
        twilio_account: said("MAINSTAY_TWILIO_ACCOUNT", file.twilio_account)?,
        twilio_token: said("MAINSTAY_TWILIO_TOKEN", file.twilio_token)?,
        twilio_from: said("MAINSTAY_TWILIO_FROM", file.twilio_from)?,
        twilio_url: said("MAINSTAY_TWILIO_URL", file.twilio_url)?,
        ntfy_url: said("MAINSTAY_NTFY_URL", file.ntfy_url)?,
        ntfy_token: said("MAINSTAY_NTFY_TOKEN", file.ntfy_token)?,
        private_hosts: if file.private_hosts.is_empty() { private_hosts.to_vec() } else { file.private_hosts },
        all_to_inbox: file.all_to_inbox,
        webhook_key: None,
    })
}

/// Who brings messages to people, by these settings.
///
/// # Errors
/// The first setting that can't be used.
pub(crate) fn notifier(
    settings: notifier::Settings,
    vault_key: &web::vault::Key,
) -> Result<notifier::Notifier, Refusal> {
    let webhook_key = Some(web::contracts::signing::key_of(vault_key));
    let settings = notifier::Settings { webhook_key, ..settings };
    notifier::Notifier::new(settings, notifier::Inbox::new())
        .map_err(|error| Refusal::new(&codes::CONFIG_INVALID, error.why).field(format!("notify.{}", error.setting)))
}

/// What the command line says, else what the file says.
fn given<T>(args: Vec<T>, file: Vec<T>) -> Vec<T> {
    if args.is_empty() { file } else { args }
}

fn evaluation_cors(origins: &[String]) -> Result<Option<web::Cors>, Refusal> {
    serving::cors(origins)
        .map_err(|error| Refusal::new(&codes::CONFIG_INVALID, error.to_string()).field("--flags-cors"))
}

/// The data folder that a verb works on: as the server would choose it.
///
/// # Errors
/// If `mainstay.toml` can't be read.
pub(crate) fn data_folder(chosen: Option<PathBuf>) -> Result<PathBuf, Refusal> {
    Ok(match chosen {
        Some(data) => data,
        None => read_file()?.data.unwrap_or_else(|| PathBuf::from(DATA)),
    })
}

fn read_file() -> Result<File, Refusal> {
    let text = match std::fs::read_to_string(FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(File::default()),
        Err(error) => return Err(Refusal::new(&codes::CONFIG_INVALID, error.to_string()).field(FILE)),
    };
    toml::from_str(&text).map_err(|error| Refusal::new(&codes::CONFIG_INVALID, error.to_string()).field(FILE))
}

/// The administrator's token from `MAINSTAY_ADMIN_TOKEN` or the file that `MAINSTAY_ADMIN_TOKEN_FILE` names.
fn admin_token() -> Result<Option<Sha256>, Refusal> {
    let Some(token) = secret("MAINSTAY_ADMIN_TOKEN")? else { return Ok(None) };
    if token.chars().count() < ADMIN_TOKEN_CHARS_MIN {
        let detail = format!("the token has fewer than {ADMIN_TOKEN_CHARS_MIN} characters and could be guessed");
        return Err(Refusal::new(&codes::CONFIG_INVALID, detail).field("MAINSTAY_ADMIN_TOKEN"));
    }
    Ok(Some(Sha256::of(token.as_bytes())))
}

/// A secret from the environment, or from the file that the variable with `_FILE` names.
fn secret(name: &str) -> Result<Option<String>, Refusal> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(value) = set(name) {
        return Ok(Some(value));
    }
    let file = format!("{name}_FILE");
    let Some(path) = set(&file) else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Refusal::new(&codes::CONFIG_INVALID, format!("{path}: {error}")).field(file))?;
    Ok(Some(text.trim_end().to_owned()).filter(|value| !value.is_empty()))
}
