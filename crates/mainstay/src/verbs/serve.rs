//! `mainstay serve`: the server.

use std::process::ExitCode;

use jiff::SignedDuration;
use kernel::{Actor, Refusal, Sha256};
use timeline::{Options, SqliteStore};
use web::{App, credentials::new_token, security::Limits, server};
use world::Command;

use crate::{
    flagd, output,
    running::{Parts, Probing, Running, asked_to_stop, log, random},
    settings::{ServeArgs, Settings},
};

/// How long the link that creates the administrator works.
const SETUP_LASTS: SignedDuration = SignedDuration::from_hours(24);

/// Runs the server until it is told to stop.
///
/// # Errors
/// What keeps it from starting.
pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode, Refusal> {
    log::to_stderr();
    let settings = Settings::resolve(args)?;
    let listener = server::listen(&settings.listen).await?;
    let address = listener.local_addr().map_or_else(|_| settings.listen.clone(), |address| address.to_string());
    let base_url = settings.base_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let data = settings.data.clone();
    let store = SqliteStore::open(&data, &Options::default())?;
    let vault_key = web::vault::key(&data)?;
    let notifier = crate::settings::notifier(settings.notify, &vault_key)?;
    let web = web::Settings {
        https: base_url.starts_with("https://"),
        base_url: base_url.clone(),
        open_on_loopback: false,
        visitor: None,
        admin_token: settings.admin_token,
        label: None,
        form_secret: random()?,
        vault_key,
        evaluation_cors: settings.evaluation_cors,
        contracts: settings.contracts,
        webhooks: None,
        check_secrets: settings.check_secrets,
        notifier: Some(notifier),
        check_trial: None,
        subscriber_hosts: settings.subscriber_hosts,
    };
    let https = web.https;
    let parts = Parts {
        store,
        web,
        catalog: settings.catalog,
        hook_secret: settings.hook_secret,
        probing: Probing { speed: 1, far_away: false },
    };
    let running = Running::start(parts)?;
    running.seed().await?;
    let ports = flagd::open(running.app().published().serving(), settings.flagd).await?;
    let stopped = asked_to_stop();
    output::line(format!("Mainstay listens on {base_url}, data in {}", data.display()))?;
    if let Some(ports) = &ports {
        output::line(flagd::told(ports))?;
    }
    if let Some(link) = setup_link(running.app(), &base_url).await? {
        output::line(format!("Create the administrator within 24 hours: {link}"))?;
    }
    running.serve(listener, Limits { https, ..Limits::default() }, stopped).await?;
    if let Some(ports) = ports {
        ports.close().await;
    }
    Ok(ExitCode::SUCCESS)
}

/// The link that creates the administrator, as long as there is no user.
async fn setup_link(app: &App, base_url: &str) -> Result<Option<String>, Refusal> {
    if app.world().access.users().next().is_some() {
        return Ok(None);
    }
    let secret = new_token()?;
    let expires = app.now().checked_add(SETUP_LASTS).unwrap_or(app.now());
    let command = access::Command::OfferSetup { hash: Sha256::of(secret.as_bytes()), expires };
    let command = Command::Access(command);
    app.submit(engine::Request { command, actor: Actor::mainstay("access"), reason: None, id: None }).await?;
    Ok(Some(format!("{base_url}/start/{secret}")))
}
