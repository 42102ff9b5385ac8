//! What an incident's own screen says of status pages.

use std::collections::BTreeMap;

use statuspage::{Page, Report};

use super::{
    Filled, ReportRow, address,
    forms::{Given, publish_form},
    report_row,
};
use crate::{frame::Frame, views::Form};

/// What an incident's screen says of status pages: what is published of it, and where to.
#[derive(Debug, Default)]
pub struct OnPages {
    /// What is published.
    pub published: Vec<ReportRow>,
    /// Publishes it, where the reader may and nothing is published.
    pub form: Option<Form>,
    /// Where to publish it on other pages.
    pub others: Vec<(String, String)>,
}

/// For an incident's screen.
pub(crate) fn of_incident(frame: &Frame, incident: &incidents::Incident) -> OnPages {
    let pages = &frame.world.statuspage;
    let number = incident.number();
    let unfilled = Filled::default();
    let nothing = Given { verb: "", filled: &unfilled, refusal: None };
    let row = |report: &std::sync::Arc<Report>| Some(report_row(frame, pages.page(&report.page)?, report, &nothing));
    let published: Vec<ReportRow> = pages.of_incident(number).filter_map(row).collect();
    let named: BTreeMap<_, _> = pages.pages().map(|page| (page.page.clone(), page)).collect();
    let main = pages.main_page().or_else(|| named.values().next().copied());
    let offered = frame.may_write() && incident.is_open() && published.is_empty();
    let form = main.filter(|_| offered).map(|page| {
        let behind = |component: &&statuspage::Component| {
            component.behind.iter().any(|reference| reference == incident.entity() || incident.path.contains(reference))
        };
        let component = page.components().filter(behind).map(|component| component.key.clone()).collect();
        let filled = Filled { incident: number.to_string(), component, ..Filled::default() };
        publish_form(frame, page, &Given { verb: "publish", filled: &filled, refusal: None })
    });
    let others = named.values().filter(|page| main.is_none_or(|main| main.page != page.page));
    let link =
        |page: &&std::sync::Arc<Page>| (page.title.clone(), format!("{}?incident={number}#publish", address(page)));
    OnPages { published, form, others: others.filter(|_| frame.may_write()).map(link).collect() }
}
