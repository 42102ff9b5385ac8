//! Tags.

use contracts::{Command, VersionKey};

use super::versions;
use crate::{Answer, Call, Failure, view};

fn asked(call: &Call<'_>) -> Result<(VersionKey, String), Failure> {
    let version = call.state().version_named(call.param("pacticipant")?, call.param("version")?);
    let version = version.ok_or(Failure::NotFound)?;
    let tag = call.param("tag")?;
    let has = call.state().version(version).is_some_and(|known| known.has_tag(tag));
    if has { Ok((version, tag.to_owned())) } else { Err(Failure::NotFound) }
}

pub(crate) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (version, tag) = asked(call)?;
    Ok(Answer::hal(&view::tag(call.state(), &call.links, version, &tag)))
}

pub(crate) fn put(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let existed = asked(call).is_ok();
    let (pacticipant, version) = (call.param("pacticipant")?.to_owned(), call.param("version")?.to_owned());
    let tags = vec![call.param("tag")?.to_owned()];
    call.submit(Command::PutVersion { pacticipant, version, build_url: None, branch: None, tags })?;
    let (version, tag) = asked(call)?;
    let document = view::tag(call.state(), &call.links, version, &tag);
    Ok(Answer::with_status(if existed { 200 } else { 201 }, &document))
}

pub(crate) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (_, tag) = asked(call)?;
    let (pacticipant, version) = (call.param("pacticipant")?.to_owned(), call.param("version")?.to_owned());
    call.submit(Command::Untag { pacticipant, version, tag })?;
    Ok(Answer::empty())
}

pub(crate) fn versions(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = view::party(call, "pacticipant")?;
    let (name, tag) = (call.param("pacticipant")?, call.param("tag")?);
    let here = format!("{}/tags/{}/versions", call.links.pacticipant(name), crate::links::segment(tag));
    let tagged: Vec<VersionKey> = call.state().versions_tagged(key, tag).rev().collect();
    versions::listed(call, tagged, &here, &format!("Versions of {name} with tag {tag}"))
}
