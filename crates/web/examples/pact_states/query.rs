//! The verifier reads a pact's query string into a map and writes it again, sorted by name. Where the order means something
//! (in `q[][pacticipant]=A&q[][version]=1&q[][pacticipant]=B&q[][tag]=prod`, a pacticipant begins the next selector), it is
//! lost: `q[][pacticipant]=A&q[][pacticipant]=B&q[][tag]=prod&q[][version]=1`. No client sends such a thing, so that it is
//! put right here rather than in the server.

const PACTICIPANT: &str = "q[][pacticipant]";
const VERSION: &str = "q[][version]";

/// The query string with its selectors as the pact's author wrote them: the versions belong to the pacticipants in their
/// order, everything else to the last one. It is so in all the pacts that are replayed.
pub(crate) fn in_order(query: &str) -> String {
    let pairs: Vec<(String, &str)> = query.split('&').map(|pair| (name(pair), pair)).collect();
    let named =
        |wanted: &str| pairs.iter().filter(|(name, _)| name == wanted).map(|(_, pair)| *pair).collect::<Vec<_>>();
    let (pacticipants, versions) = (named(PACTICIPANT), named(VERSION));
    let mut ordered = Vec::with_capacity(pairs.len());
    for (index, pacticipant) in pacticipants.iter().enumerate() {
        ordered.push(*pacticipant);
        ordered.extend(versions.get(index));
    }
    let of_the_last = |name: &str| name.starts_with("q[]") && name != PACTICIPANT && name != VERSION;
    ordered.extend(pairs.iter().filter(|(name, _)| of_the_last(name)).map(|(_, pair)| *pair));
    ordered.extend(pairs.iter().filter(|(name, _)| !name.starts_with("q[]")).map(|(_, pair)| *pair));
    ordered.join("&")
}

fn name(pair: &str) -> String {
    let name = pair.split('=').next().unwrap_or_default();
    name.replace("%5B", "[").replace("%5D", "]")
}
