//! `mainstay flag show`.

use std::process::ExitCode;

use kernel::Refusal;

use super::{
    Session,
    answers::{Flag, Line, Requirement, Setting},
    list::state,
    ramp,
};
use crate::output::{Printer, Tone, add, short};

/// Shows a flag.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn show(key: &str, session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.get(&["flags", key], &[]).await?;
    session.out.show(answer, |flag: Flag| text(&session.out, &flag))?;
    Ok(ExitCode::SUCCESS)
}

fn text(out: &Printer, flag: &Flag) -> String {
    let mut text = String::new();
    add(&mut text, format!("{}  {}", out.strong(&flag.key), flag.description));
    for (environment, setting) in &flag.environments {
        add(&mut text, standing(out, flag, environment, setting));
        for line in flag.rules.get(environment).into_iter().flatten() {
            add(&mut text, format!("    {}{}", "  ".repeat(line.depth), words(line)));
        }
        if let Some(ramp) = &setting.ramp {
            add(&mut text, format!("    {}", ramp::words(out, ramp)));
        }
    }
    for (name, words) in facts(out, flag) {
        add(&mut text, format!("  {name}: {words}"));
    }
    for reason in &flag.stale {
        add(&mut text, format!("  {}", out.toned(Tone::Warn, &format!("stale: {reason}"))));
    }
    text
}

fn standing(out: &Printer, flag: &Flag, environment: &str, setting: &Setting) -> String {
    let state = state(out, flag, setting);
    let needs = match setting.approvals {
        0 => String::new(),
        1 => "; changes need an approval".to_owned(),
        count => format!("; changes need {count} approvals"),
    };
    format!("  {environment}: {state} since {}, by {}{needs}", out.when(setting.since), setting.by.words())
}

/// `if email ends with @acme.test → red`.
fn words(Line { text, variant, .. }: &Line) -> String {
    match variant {
        Some(variant) if !text.contains('→') => format!("{text} → {variant}"),
        Some(_) | None => text.clone(),
    }
}

fn facts(out: &Printer, flag: &Flag) -> Vec<(&'static str, String)> {
    let mut facts = vec![("owner", flag.owner.as_deref().map_or("nobody", short).to_owned())];
    let users: Vec<&str> = flag.used_by.iter().map(|component| short(component)).collect();
    facts.push(("used by", if users.is_empty() { "nothing".to_owned() } else { users.join(", ") }));
    facts.extend(flag.purpose.clone().map(|purpose| ("purpose", purpose)));
    if !flag.variants.is_empty() {
        let default = |name: &String| if flag.default_variant.as_ref() == Some(name) { " (default)" } else { "" };
        let off = |name: &String| if flag.off_variant.as_ref() == Some(name) { " (while off)" } else { "" };
        let variants =
            flag.variants.iter().map(|(name, value)| format!("{name} = {value}{}{}", default(name), off(name)));
        facts.push(("variants", variants.collect::<Vec<_>>().join(", ")));
    }
    if !flag.requires.is_empty() {
        let required = flag.requires.iter().map(|Requirement { flag, variant }| match variant {
            Some(variant) => format!("{} = {variant}", short(flag)),
            None => short(flag).to_owned(),
        });
        facts.push(("requires", required.collect::<Vec<_>>().join(", ")));
    }
    facts.extend(flag.flag_set.clone().map(|set| ("flag set", set)));
    facts.extend(flag.evaluated.map(|at| ("evaluated", out.ago(at))));
    if !flag.references.is_empty() {
        let sources = flag.references.iter().map(|(source, count)| format!("{count} in {source}"));
        facts.push(("code names it", sources.collect::<Vec<_>>().join(", ")));
    }
    facts.extend(flag.expires.clone().map(|expires| ("should be gone by", expires)));
    facts
}
