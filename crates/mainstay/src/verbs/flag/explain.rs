//! `mainstay flag explain`.

use std::process::ExitCode;

use clap::Args;
use kernel::Refusal;
use serde_json::{Value, json};

use super::{
    Session,
    answers::{Explained, Node},
    input,
};
use crate::output::{Printer, Tone, add, read};

pub(super) const HELP: &str = "\
The exit code is 1 if the evaluation fails.

Examples:
  mainstay flag explain new-basket --user ada email=ada@acme.test plan=pro
  mainstay flag explain new-basket --environment staging --context '{\"targetingKey\": \"ada\", \"age\": 17}'
  mainstay flag explain new-basket --context @context.json";

/// Who asks for which flag.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The flag's name
    key: String,
    /// More of the context: a value is JSON, or else text
    #[arg(value_name = "NAME=VALUE")]
    attributes: Vec<String>,
    /// Who asks: the targeting key
    #[arg(long, short, value_name = "KEY")]
    user: Option<String>,
    /// The evaluation context, as JSON; @FILE reads it from a file
    #[arg(long, value_name = "JSON")]
    context: Option<String>,
    /// Where
    #[arg(long, short, default_value = "production", value_name = "NAME")]
    environment: String,
}

/// Says why somebody gets what they get.
///
/// # Errors
/// What the server refuses.
pub(super) async fn explain(args: &Explain, session: &Session) -> Result<ExitCode, Refusal> {
    let body = json!({"environment": args.environment, "context": context(args)?});
    let answer = session.client.ask(&["flags", &args.key, "explain"], &body).await?;
    let explained: Explained = read(answer.clone())?;
    session.out.show(answer, |explained: Explained| text(&session.out, &args.key, &explained))?;
    Ok(if explained.error.is_some_and(|error| !error.is_null()) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn context(args: &Explain) -> Result<Value, Refusal> {
    let given = args.context.as_deref().map(|text| input::object("--context", text));
    let mut context = given.transpose()?.unwrap_or_default();
    for (name, value) in input::pairs("NAME=VALUE", args.attributes.iter().map(String::as_str))? {
        context.insert(name.to_owned(), input::value(value));
    }
    args.user.as_ref().map(|user| context.insert("targetingKey".to_owned(), json!(user)));
    Ok(Value::Object(context))
}

fn text(out: &Printer, key: &str, explained: &Explained) -> String {
    let mut text = String::new();
    let Explained { environment, variant, value, reason, error, tree, notes } = explained;
    match error.as_ref().filter(|error| !error.is_null()) {
        Some(error) => {
            let words = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
            add(&mut text, format!("{key} in {environment}: {}", out.toned(Tone::Bad, &words)));
        }
        None => {
            let variant = variant.as_deref().unwrap_or("the caller's own default");
            let value = if value.is_null() { String::new() } else { format!(" = {value}") };
            let reason = reason.as_deref().map(|reason| format!("  ({reason})")).unwrap_or_default();
            add(&mut text, format!("{key} in {environment}: {}{value}{reason}", out.strong(variant)));
        }
    }
    notes.iter().for_each(|note| add(&mut text, format!("  {note}")));
    if let Some(tree) = tree {
        branch(out, tree, 1, &mut text);
    }
    text
}

/// A part of the rule and what is below it; what did not count steps back.
fn branch(out: &Printer, node: &Node, depth: usize, text: &mut String) {
    let mark = if node.taken { "▸" } else { " " };
    let line = format!("{}{mark} {}  → {}", "  ".repeat(depth), node.rule, node.value);
    add(text, if node.taken { line } else { out.faint(&line) });
    node.children.iter().for_each(|child| branch(out, child, depth + 1, text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_put_together_from_all_that_is_given() {
        let args = Explain {
            key: "cart".to_owned(),
            attributes: vec!["age=17".to_owned(), "email=ada@acme.test".to_owned()],
            user: Some("ada".to_owned()),
            context: Some(r#"{"plan": "pro", "age": 3}"#.to_owned()),
            environment: "production".to_owned(),
        };
        let expect = json!({"plan": "pro", "age": 17, "email": "ada@acme.test", "targetingKey": "ada"});
        assert_eq!(context(&args).unwrap(), expect);
        assert!(context(&Explain { context: Some("[]".to_owned()), ..args }).is_err());
    }
}
