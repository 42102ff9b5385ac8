//! As much of Gherkin as the features of flagd's testbed use.

use std::collections::BTreeMap;

/// One case: a scenario, or a scenario outline with one row of its examples.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) tags: Vec<String>,
    pub(crate) steps: Vec<Step>,
}

/// A step without its keyword.
#[derive(Clone, Default)]
pub(crate) struct Step {
    pub(crate) text: String,
    /// The rows of the table below it.
    pub(crate) rows: Vec<Vec<String>>,
}

#[derive(Default)]
struct Scenario {
    name: String,
    tags: Vec<String>,
    steps: Vec<Step>,
    examples: Vec<Examples>,
}

struct Examples {
    tags: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// All cases of a feature.
pub(crate) fn cases(feature: &str) -> Vec<Case> {
    let mut background: Vec<Step> = Vec::new();
    let mut scenarios: Vec<Scenario> = Vec::new();
    let (mut of_feature, mut tags) = (Vec::new(), Vec::new());
    let mut in_background = false;
    for line in feature.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (keyword, rest) = line.split_once([':', ' ']).unwrap_or((line, ""));
        match keyword {
            _ if line.starts_with('@') => tags.extend(line.split_whitespace().map(str::to_owned)),
            _ if line.starts_with("Feature:") => of_feature = std::mem::take(&mut tags),
            _ if line.starts_with("Background:") => in_background = true,
            _ if line.starts_with("Scenario") => {
                in_background = false;
                let name = line.split_once(':').unwrap().1.trim().to_owned();
                let tags = of_feature.iter().cloned().chain(std::mem::take(&mut tags)).collect();
                scenarios.push(Scenario { name, tags, ..Scenario::default() });
            }
            "Examples" => {
                let examples = Examples { tags: std::mem::take(&mut tags), rows: Vec::new() };
                scenarios.last_mut().unwrap().examples.push(examples);
            }
            "Given" | "When" | "Then" | "And" | "But" => {
                let steps = if in_background { &mut background } else { &mut scenarios.last_mut().unwrap().steps };
                steps.push(Step { text: rest.to_owned(), rows: Vec::new() });
            }
            _ if line.starts_with('|') => {
                let scenario = scenarios.last_mut().unwrap();
                let rows = match scenario.examples.last_mut() {
                    Some(examples) => &mut examples.rows,
                    None => &mut scenario.steps.last_mut().unwrap().rows,
                };
                rows.push(line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect());
            }
            _ => {}
        }
    }
    scenarios.into_iter().flat_map(|scenario| expand(scenario, &background)).collect()
}

fn expand(scenario: Scenario, background: &[Step]) -> Vec<Case> {
    let steps: Vec<Step> = background.iter().cloned().chain(scenario.steps).collect();
    if scenario.examples.is_empty() {
        return vec![Case { name: scenario.name, tags: scenario.tags, steps }];
    }
    let mut cases = Vec::new();
    for examples in scenario.examples {
        let (names, rows) = examples.rows.split_first().unwrap();
        for row in rows {
            let values: BTreeMap<_, _> = names.iter().zip(row).collect();
            let fill = |text: &str| {
                values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
            };
            cases.push(Case {
                name: format!("{} {}", scenario.name, row.join(" | ")),
                tags: scenario.tags.iter().chain(&examples.tags).cloned().collect(),
                steps: steps.iter().map(|step| Step { text: fill(&step.text), rows: step.rows.clone() }).collect(),
            });
        }
    }
    cases
}
