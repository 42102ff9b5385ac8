//! The screens of contracts where there are many: 300 pacticipants and 1,000 integrations.

use std::time::Instant;

use contracts::{
    Command as Wish, ContentSha, Outline,
    command::{NewPact, Onto},
};
use kernel::Sha256;

use crate::browser::Site;

const PARTIES: usize = 300;

/// Carries out what somebody wants of the contracts.
async fn done(site: &Site, by: &str, wish: Wish) {
    site.done_by(by, world::Command::Contracts(wish)).await;
}

/// Each expects something of the three or four after it; every seventh pact fails, every tenth was not tried.
async fn many(site: &Site) {
    done(site, "ci", Wish::SeedEnvironments).await;
    for at in 0..PARTIES {
        let providers = (1..=3 + usize::from(at % 3 == 0)).map(|step| (at + step * step) % PARTIES);
        let pacts = providers.map(|provider| {
            let content = ContentSha::of(&serde_json::json!({"interactions": [at, provider]}));
            let blob = Sha256::of(content.to_string().as_bytes());
            NewPact {
                provider: format!("service-{provider}"),
                content,
                blob,
                outline: Outline::default(),
                onto: Onto::Any,
            }
        });
        let pacts: Vec<NewPact> = pacts.collect();
        let command = Wish::Publish {
            pacticipant: format!("service-{at}"),
            version: "1.0.0".to_owned(),
            branch: Some("main".to_owned()),
            tags: vec![],
            build_url: None,
            pacts: pacts.clone(),
            may_modify: false,
        };
        done(site, "ci", command).await;
        for pact in pacts.into_iter().filter(|_| at % 10 != 0) {
            let command = Wish::Verify {
                provider: pact.provider,
                version: "1.0.0".to_owned(),
                consumer: format!("service-{at}"),
                content: pact.content,
                success: at % 7 != 0,
                wip: false,
                build_url: None,
                results: None,
                verified_by: None,
                failures: vec![],
                selected_for: vec![],
            };
            done(site, "ci", command).await;
        }
    }
    let ids: Vec<_> = site.app.world().contracts.environments().map(|known| known.environment.id).collect();
    for environment in ids {
        for at in 0..PARTIES {
            let (pacticipant, version) = (format!("service-{at}"), "1.0.0".to_owned());
            let via = contracts::Via::Contracts;
            done(site, "ci", Wish::Deploy { pacticipant, version, environment, instance: None, via, emergency: false })
                .await;
        }
    }
}

#[tokio::test]
async fn many_integrations_are_shown_lightly_and_what_is_left_out_is_said() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    many(&site).await;
    let screens = [
        "/contracts",
        "/contracts/network",
        "/contracts/network?q=service-12",
        "/contracts?state=failed",
        "/contracts/service-7/service-8",
        "/contracts/matrix?p1=service-7&environment=production",
        "/contracts/matrix?p1=service-7&w1=all&p2=service-8&w2=all&latestby=every",
        "/contracts/environments",
        "/contracts/webhooks",
        "/findings",
    ];
    for address in screens {
        ann.see(address).await;
        let begun = Instant::now();
        let page = ann.see(address).await;
        let took = begun.elapsed();
        eprintln!("{address}: {} bytes, {took:?}", page.html.len());
        assert!(page.html.len() < 100_000, "{address} weighs {} bytes", page.html.len());
    }
    let network = ann.see("/contracts/network").await;
    assert!(network.says("integrations are left out") && network.says("<svg"), "nobody owns them: the worst are drawn");
    assert!(ann.see("/contracts").await.says("1 to 50 of 1000"));
}
