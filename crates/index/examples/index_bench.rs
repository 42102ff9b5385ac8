//! How fast the index is at the size of a large company: `cargo run --release -p index --example index_bench`.

use std::{hint::black_box, time::Instant};

use index::{Document, Filter, Index, Order, Query, TextDocument, TextFilter, TextIndex};
use kernel::EntityRef;

const ENTITIES: usize = 30_000;
const ROUNDS: usize = 300;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let entities: Vec<(EntityRef, String)> = (0..ENTITIES).map(entity).collect::<Result<_, kernel::RefError>>()?;
    let started = Instant::now();
    let documents = entities.iter().map(|(reference, json)| read(reference, json)).collect::<Result<Vec<_>, _>>()?;
    report("read 30,000 entities", started.elapsed().as_secs_f64() * 1e3);
    let started = Instant::now();
    let index = Index::build(documents);
    report("build", started.elapsed().as_secs_f64() * 1e3);
    print(&format!("{:44} {:9.1} MB", "memory", index.bytes() as f64 / 1e6));

    // Most of the time some entities have changed since the last merge.
    let changed =
        entities.iter().step_by(60).map(|(reference, json)| read(reference, json)).collect::<Result<Vec<_>, _>>()?;
    let index = index.with_changes(changed, []);
    entity_queries(&index)?;

    let (reference, json) = entities.first().ok_or("no entities")?;
    let mut current = index.clone();
    let document = read(reference, json)?;
    measure("change one entity", || current = index.with_changes([document.clone()], []));
    let mut current = index;
    let mut slowest = 0.0_f64;
    let started = Instant::now();
    for (reference, json) in entities.iter().take(3_000) {
        let one = Instant::now();
        current = current.with_changes([read(reference, json)?], []);
        slowest = slowest.max(one.elapsed().as_secs_f64() * 1e3);
    }
    report("change one of 3,000 in a row, on average", started.elapsed().as_secs_f64());
    report("change one of 3,000 in a row, slowest", slowest);
    texts(&entities);
    Ok(())
}

fn entity_queries(index: &Index) -> Result<(), kernel::Refusal> {
    let everything = Filter::everything();
    let components = Filter::parse(["kind=component,spec.type=service"])?;
    let complex = Filter::parse([
        "kind=component,relations.ownedBy=group:default/team-7,spec.lifecycle=production",
        "kind=api,metadata.tags.grpc",
        "metadata.annotations.github.com/project-slug",
    ])?;
    measure("facet spec.lifecycle, everything", || drop(index.facets("spec.lifecycle", &everything)));
    measure("facet relations.ownedBy, filtered", || drop(index.facets("relations.ownedBy", &components)));
    measure("facet metadata.name, everything", || drop(index.facets("metadata.name", &everything)));
    let page = |filter: &Filter, text: Option<&str>, order: &[Order]| {
        let text = text.map(|term| TextFilter::new(term, None::<[&str; 0]>));
        let query = Query { text, order: order.to_vec(), ..Query::new(filter.clone(), 20) };
        index.page(&query).total
    };
    let by_name = [Order::by("metadata.name", false)];
    let by_two = [Order::by("spec.type", true), Order::by("metadata.name", false)];
    measure("filter, first 20", || {
        black_box(page(&components, None, &[]));
    });
    measure("filter with alternatives, by name", || {
        black_box(page(&complex, None, &by_name));
    });
    measure("everything, by two fields", || {
        black_box(page(&everything, None, &by_two));
    });
    measure("full text, one word, all fields", || {
        black_box(page(&everything, Some("payments-12"), &[]));
    });
    measure("full text, two words, by name", || {
        black_box(page(&components, Some("service team"), &by_name));
    });
    let names = ["metadata.name", "metadata.title"];
    let text = Some(TextFilter::new("check", Some(names)));
    let query = Query { text, order: by_name.to_vec(), ..Query::new(components, 20) };
    measure("full text in name and title, by name", || {
        black_box(index.page(&query).total);
    });
    Ok(())
}

fn texts(entities: &[(EntityRef, String)]) {
    let document = |(reference, json): &(EntityRef, String)| {
        TextDocument::new(reference.as_str(), reference.name()).field(1, json.get(..600).unwrap_or(json))
    };
    let started = Instant::now();
    let texts = TextIndex::build(entities.iter().map(document));
    report("build text index", started.elapsed().as_secs_f64() * 1e3);
    print(&format!("{:44} {:9.1} MB", "memory of the text index", texts.bytes() as f64 / 1e6));
    for query in ["payments", "checkout service 12", "chekcout", "p"] {
        measure(&format!("search \"{query}\""), || drop(texts.search(query, "", 20)));
    }
    for typed in ["c", "pay12", "srvcchk"] {
        measure(&format!("pick \"{typed}\""), || drop(texts.pick(typed, "", 20)));
    }
}

fn entity(number: usize) -> Result<(EntityRef, String), kernel::RefError> {
    let pick = |list: &[&'static str]| list.get(number % list.len()).copied().unwrap_or_default();
    let kind = pick(&["Component", "Component", "Component", "API", "Resource", "User", "System"]);
    let word =
        pick(&["checkout", "payments", "ledger", "search", "storefront", "shipping", "identity", "mail", "cart"]);
    let name = format!("{word}-{number}");
    let json = format!(
        r#"{{"apiVersion":"backstage.io/v1alpha1","kind":"{kind}","metadata":{{"name":"{name}","title":"{word} number {number}",
        "description":"The {word} service of team {team}, which answers requests for shop {number}.",
        "tags":["{tag}","{word}","t{tag_number}"],"labels":{{"tier":"{tier}"}},
        "annotations":{{"github.com/project-slug":"acme/{name}","backstage.io/managed-by-location":"file:catalog/{name}.yaml",
        "backstage.io/techdocs-ref":"dir:."}},"links":[{{"url":"https://runbooks.example/{name}","title":"Runbook","type":"runbook"}}]}},
        "spec":{{"type":"{sort}","lifecycle":"{lifecycle}","owner":"team-{team}","system":"{word}",
        "dependsOn":["component:default/{word}-{next}","resource:default/db-{team}"],"providesApis":["{word}-api"]}}}}"#,
        team = number % 120,
        tag = pick(&["java", "grpc", "go", "rust", "data"]),
        tag_number = number % 40,
        tier = number % 4,
        sort = pick(&["service", "website", "library"]),
        lifecycle = pick(&["production", "experimental", "deprecated", "Production"]),
        next = number / 2,
    );
    Ok((EntityRef::new(kind, "default", &name)?, json))
}

fn read(reference: &EntityRef, json: &str) -> Result<Document, Box<dyn std::error::Error>> {
    let owner: EntityRef = format!("group:default/team-{}", reference.name().len() * 7 % 120).parse()?;
    let system: EntityRef = "system:default/shop".parse()?;
    let relations = [("ownedBy", &owner), ("partOf", &system), ("dependsOn", reference)];
    Ok(Document::read(reference.clone(), json, relations, [("metadata.uid", reference.as_str())])?)
}

fn measure(what: &str, mut run: impl FnMut()) {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(ROUNDS * share / 100).copied().unwrap_or_default();
    print(&format!("{what:44} {:9.3} ms p50 {:9.3} ms p99", at(50), at(99)));
}

fn report(what: &str, milliseconds: f64) {
    print(&format!("{what:44} {milliseconds:9.3} ms"));
}

#[expect(clippy::print_stdout, reason = "printing figures is what it is for")]
fn print(line: &str) {
    println!("{line}");
}
