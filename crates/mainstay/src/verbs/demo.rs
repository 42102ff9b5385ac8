//! `mainstay demo`: a living sample company on a temporary database.
//!
//! The company's services really run, on loopback, and know Mainstay by its HTTP API alone. What is special here: nobody
//! needs to sign in, as long as they come from this machine, and the catalog's invented host names are replaced by the
//! addresses where the services listen.

mod promises;

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use access::Scope;
use catalog::{Bundle, BundleFile};
use company::{Company, CompanyOptions};
use engine::Request;
use include_dir::{Dir, include_dir};
use kernel::{Refusal, Sha256, Timestamp, codes};
use timeline::SqliteStore;
use web::{App, credentials::new_token, security::Limits, server};
use world::Command;

use crate::{
    cli::DemoArgs,
    output,
    running::{Parts, Probing, Running, asked_to_stop, folders, random},
};

static CATALOG: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../examples/demo");

/// Whoever looks at the demo is one of the shop's own people, so that something is theirs.
const VISITOR: &str = "user:default/bram.squall";

/// Runs the demo until it is told to stop.
///
/// # Errors
/// What keeps it from starting.
pub(crate) async fn run(args: DemoArgs) -> Result<ExitCode, Refusal> {
    only_on_loopback(&args.listen)?;
    let listener = server::listen(&args.listen).await?;
    let address = listener.local_addr().map_or_else(|_| args.listen.clone(), |address| address.to_string());
    let base_url = format!("http://{address}");
    let (token, chat_token, hook_secret) = (new_token()?, new_token()?, new_token()?);
    let vault_key = random()?;
    let to_inbox = notifier::Settings { all_to_inbox: true, ..notifier::Settings::default() };
    let notifier = crate::settings::notifier(to_inbox, &vault_key)?;
    let web = web::Settings {
        base_url: base_url.clone(),
        open_on_loopback: true,
        visitor: VISITOR.parse().ok(),
        admin_token: None,
        label: Some("demo".to_owned()),
        https: false,
        form_secret: random()?,
        vault_key,
        evaluation_cors: None,
        contracts: broker::Policy::default(),
        webhooks: None,
        check_secrets: std::collections::BTreeMap::new(),
        notifier: Some(notifier),
        check_trial: None,
        subscriber_hosts: Vec::new(),
    };
    let parts = Parts {
        store: SqliteStore::temporary()?,
        web,
        catalog: Vec::new(),
        hook_secret: Some(hook_secret.clone()),
        probing: Probing { speed: args.speed, far_away: true },
    };
    let running = Running::start(parts)?;
    running.seed().await?;
    issue(running.app(), "drizzle-ci", &token).await?;
    issue(running.app(), "drizzle-chat", &chat_token).await?;
    let options = CompanyOptions {
        mainstay_url: base_url.clone(),
        token,
        chat_token,
        hook_secret,
        speed: f64::from(args.speed),
        seed: args.seed.map_or_else(|| random().map(u64::from_le_bytes), Ok)?,
    };
    let company = Company::start(options)
        .await
        .map_err(|error| Refusal::new(&codes::INTERNAL, format!("the sample company can't start: {error}")))?;
    folders::apply(running.app(), catalog_of(&company, args.speed, running.app().now())).await?;
    promises::make(running.app()).await?;
    let stopped = asked_to_stop();
    output::line(format!("The demo is at {base_url} (Ctrl-C ends it; nothing is kept)"))?;
    output::line("In about a minute something breaks. Open the page, find the cause, and undo it.")?;
    let life = tokio::spawn(live(Arc::new(company)));
    let served = running.serve(listener, Limits::default(), stopped).await;
    life.abort();
    served.map(|()| ExitCode::SUCCESS)
}

/// A token of the company's: its pipeline reports with one, and its services evaluate flags; its chat has another.
async fn issue(app: &App, name: &str, token: &str) -> Result<(), Refusal> {
    let hash = Sha256::of(token.as_bytes());
    let (name, scopes) = (name.to_owned(), vec![Scope::Write]);
    let command = Command::Access(access::Command::IssueToken {
        name,
        scopes,
        hash,
        expires: None,
        reach: access::Reach::default(),
    });
    app.submit(Request::by_part(command, "demo")).await.map(drop)
}

async fn live(company: Arc<Company>) {
    if let Err(error) = company.history().await {
        tracing::warn!("the company's history was cut short: {error}");
    }
    company.live().await;
}

/// Nobody needs to sign in here, so nobody else may come.
fn only_on_loopback(listen: &str) -> Result<(), Refusal> {
    let address: Option<SocketAddr> = listen.parse().ok();
    let local = address.map_or_else(|| listen.starts_with("localhost:"), |address| address.ip().is_loopback());
    if local {
        return Ok(());
    }
    Err(Refusal::new(
        &codes::CONFIG_INVALID,
        format!("the demo asks nobody to sign in, so it can't listen on {listen}"),
    )
    .field("--listen")
    .fix("choose an address on this machine, such as 127.0.0.1:7070, or use `mainstay serve`"))
}

/// The company's catalog, with the addresses where its services listen.
fn catalog_of(company: &Company, speed: u32, now: Timestamp) -> Bundle {
    let mut files = Vec::new();
    collect(&CATALOG, &mut |path, bytes| {
        let bytes = match std::str::from_utf8(bytes) {
            Ok(text) => promises::hurried(&company.localise(text), speed, now).into_bytes().into(),
            Err(_) => bytes.into(),
        };
        files.push(BundleFile { path, bytes });
    });
    Bundle { source: "demo".to_owned(), files, problems: Vec::new() }
}

fn collect(dir: &Dir<'_>, take: &mut impl FnMut(String, &[u8])) {
    for file in dir.files() {
        take(file.path().to_string_lossy().replace('\\', "/"), file.contents());
    }
    dir.dirs().for_each(|dir| collect(dir, take));
}
