//! The five measures in words: which window, whose services, and what each measure says beside the time before.

use deploys::measures::{Distribution, Measures, WINDOW_DAYS_MAX, Window};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use kernel::{EntityRef, Refusal, codes};
use world::{
    World,
    measures::{self, Light, Service},
};

use crate::{
    frame::Frame,
    marks::{self, Happened, Mark},
    views::Answer,
};

/// The window's length in days where nothing is asked for.
pub const DAYS: i64 = 90;

/// Incidents that are marked in one chart.
const MARKS_MAX: usize = 20;
/// A chart's height in pixels, and where it begins.
const HEIGHT: f64 = 100.0;
const TOP: f64 = 16.0;

/// Whose deployments, and since when.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The components that this team owns.
    pub team: Option<EntityRef>,
    /// This component.
    pub component: Option<EntityRef>,
    /// This environment.
    pub environment: Option<String>,
    /// The window.
    pub window: Window,
}

impl Scope {
    /// The components that are asked for.
    #[must_use]
    pub fn components(&self, world: &World) -> Vec<EntityRef> {
        match (&self.component, &self.team) {
            (Some(component), _) => vec![component.clone()],
            (None, Some(team)) => measures::components_of(world, team),
            (None, None) => world.deploys.components().cloned().collect(),
        }
    }

    /// Their deployments to production, or to the environment of it that is asked for, in the window and in the one before it.
    #[must_use]
    pub fn services(&self, world: &World) -> Vec<Service> {
        let from = self.window.before().from;
        let light = Light::since(world, from);
        let components = self.components(world);
        let services = components.iter().flat_map(|component| light.services(component, from));
        services.filter(|service| self.environment.as_ref().is_none_or(|one| *one == service.environment)).collect()
    }
}

/// A window from what an address says: dates or times, the end excluded; the last [`DAYS`] days if it says nothing.
///
/// # Errors
/// If a text is no time, the window is empty, or longer than a year.
pub fn window(from: Option<&str>, to: Option<&str>, now: Timestamp) -> Result<Window, Refusal> {
    let read = |field: &str, text: Option<&str>| {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
        let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        let at = text.parse::<Timestamp>().ok().or_else(day);
        at.map(Some).ok_or_else(|| {
            let short: String = text.chars().take(40).collect();
            Refusal::new(&codes::INVALID, format!("\"{short}\" is no day and no time"))
                .field(field)
                .fix("write it as 2026-11-20, or 2026-11-20T03:07Z")
        })
    };
    let to = read("to", to)?.unwrap_or(now).min(now);
    let Some(from) = read("from", from)? else { return Ok(Window::until(to, DAYS)) };
    if from >= to {
        return Err(Refusal::new(&codes::INVALID, "this is not before the window's end").field("from"));
    }
    let window = Window { from, to };
    if window.days() > WINDOW_DAYS_MAX as f64 {
        let detail = format!("the window is longer than {WINDOW_DAYS_MAX} days");
        return Err(Refusal::new(&codes::INVALID, detail).field("from"));
    }
    Ok(window)
}

/// How long something took, in one unit: `40 s`, `12 min`, `3.5 h`, `2.1 days`.
#[must_use]
pub fn took(seconds: u64) -> String {
    let s = seconds as f64;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..5_400 => format!("{:.0} min", s / 60.0),
        5_400..172_800 => format!("{:.1} h", s / 3_600.0),
        _ => format!("{:.1} days", s / 86_400.0),
    }
}

/// A share in percent; none as `unknown`.
#[must_use]
pub fn rate(share: Option<f64>) -> String {
    share.map_or_else(|| "unknown".to_owned(), |share| format!("{:.1}%", share * 100.0))
}

/// How long something took; none as `unknown`.
#[must_use]
pub fn took_if_known(seconds: Option<u64>) -> String {
    seconds.map_or_else(|| "unknown".to_owned(), took)
}

fn median(of: &Distribution) -> String {
    took_if_known(of.p50_s)
}

/// The five measures of these services, each with its distribution, the time before, and the way to the deployments
/// behind it. `list` is the address of those deployments.
#[must_use]
pub fn answers(now: &Measures, before: &Measures, list: &str) -> Vec<Answer> {
    let joint = if list.contains('?') { '&' } else { '?' };
    let only = |what: &str| format!("{list}{joint}what={what}");
    let spread = |question: &str, of: &Distribution, was: &Distribution, gap: &str| match (of.p50_s, of.p90_s) {
        (Some(p50), Some(p90)) => Answer::to(question).text(took(p50)).note(format!(
            "half; nine of ten {}; before {}",
            took(p90),
            median(was)
        )),
        _ => Answer::to(question).gap(gap.to_owned()),
    };
    let lead = spread("Lead time", &now.lead_time, &before.lead_time, "no deployment says what commits it brought");
    let lead = lead.link(format!("{} of {} say their commits", now.with_commits, now.deployments), only("commits"));
    let often = match now.deployments {
        0 => Answer::to("Deployments").gap("none in this time"),
        _ => Answer::to("Deployments").text(format!("{:.2} a day", now.per_day())).note(format!(
            "before {:.2}; {} between two of a service",
            before.per_day(),
            median(&now.between)
        )),
    };
    let often = often.link(format!("{} deployments", now.deployments), list);
    let failed = match now.change_fail_rate() {
        Some(share) => {
            Answer::to("Failed").text(rate(Some(share))).note(format!("before {}", rate(before.change_fail_rate())))
        }
        None => Answer::to("Failed").gap("unknown without deployments"),
    };
    let failed = failed.link(format!("{} failed", now.failed), only("failed"));
    let recovery = match now.failed {
        0 => Answer::to("Recovery").text("nothing failed").note(format!("before {}", median(&before.recovery))),
        _ => spread("Recovery", &now.recovery, &before.recovery, "none of them is recovered from yet"),
    };
    let recovery = recovery.link(format!("{} not over", now.unrecovered), only("failed"));
    let rework = match now.rework_rate() {
        Some(share) => {
            Answer::to("Rework").text(rate(Some(share))).note(format!("before {}", rate(before.rework_rate())))
        }
        None => Answer::to("Rework").gap("unknown without deployments"),
    };
    let rework = rework.link(format!("{} unplanned", now.unplanned), only("unplanned"));
    vec![lead, often, failed, recovery, rework]
}

/// Deployments week by week, with what broke meanwhile.
#[derive(Debug, Default)]
pub struct Chart {
    /// In words.
    pub words: String,
    /// The weeks, oldest first.
    pub weeks: Vec<WeekBar>,
    /// The incidents, oldest first.
    pub marks: Vec<Mark>,
}

/// One week.
#[derive(Debug)]
pub struct WeekBar {
    /// Its first day.
    pub from: String,
    /// The list of its deployments.
    pub href: String,
    /// Where it begins, in percent of the width.
    pub x: f64,
    /// How wide it is.
    pub width: f64,
    /// The upper end and the height of all, in pixels.
    pub all: (f64, f64),
    /// The same of those that failed.
    pub failed: (f64, f64),
    /// How many.
    pub deployments: usize,
    /// How many failed.
    pub failures: usize,
    /// How many were unplanned.
    pub unplanned: usize,
    /// Lead time: half, and nine of ten.
    pub lead: (String, String),
}

/// The chart of these measures; the incidents are those that touch one of the components.
#[must_use]
pub fn chart(frame: &Frame, measures: &Measures, components: &[EntityRef], list: &str) -> Chart {
    let window = measures.window;
    let length = window.to.duration_since(window.from).as_secs_f64().max(1.0);
    let place = |at: Timestamp| {
        let away = at.duration_since(window.from).as_secs_f64() * 100.0 / length;
        (away.clamp(0.0, 100.0) * 100.0).round() / 100.0
    };
    let most = measures.weeks.iter().map(|week| week.deployments).max().unwrap_or(0).max(1) as f64;
    let bar = |count: usize| {
        let height = (count as f64 / most * HEIGHT * 100.0).round() / 100.0;
        (TOP + HEIGHT - height, height)
    };
    let joint = if list.contains('?') { '&' } else { '?' };
    let ends = measures.weeks.iter().skip(1).map(|week| week.from).chain([window.to]);
    let weeks = measures.weeks.iter().zip(ends).map(|(week, to)| {
        let x = place(week.from);
        WeekBar {
            from: week.from.max(window.from).strftime("%Y-%m-%d").to_string(),
            href: format!("{list}{joint}from={}&to={to}", week.from.max(window.from)),
            x,
            width: ((place(to) - x) * 86.0).round() / 100.0,
            all: bar(week.deployments),
            failed: bar(week.failed),
            deployments: week.deployments,
            failures: week.failed,
            unplanned: week.unplanned,
            lead: (took_if_known(week.lead_p50_s), took_if_known(week.lead_p90_s)),
        }
    });
    let touches = |incident: &&incidents::Incident| incident.entities().any(|entity| components.contains(entity));
    let within = frame.world.incidents.recent().filter(|incident| window.has(incident.since));
    let happened = within.filter(touches).take(MARKS_MAX).map(|incident| Happened::incident(frame, incident));
    Chart {
        words: format!(
            "Deployments to production each week from {} to {}; the darker part failed. Lines are incidents.",
            window.from.strftime("%Y-%m-%d"),
            window.to.strftime("%Y-%m-%d")
        ),
        weeks: weeks.collect(),
        marks: marks::marks(frame, happened, MARKS_MAX, place),
    }
}

/// One service in a table.
#[derive(Debug)]
pub struct ServiceRow {
    /// Its name.
    pub name: String,
    /// Its deployments.
    pub href: String,
    /// How many.
    pub deployments: usize,
    /// Lead time: half.
    pub lead: String,
    /// Share that failed.
    pub failed: String,
    /// Recovery: half.
    pub recovery: String,
    /// Share that was unplanned.
    pub rework: String,
}

/// Each component's own measures, those with the most deployments first.
#[must_use]
pub fn rows(frame: &Frame, window: Window, services: &[Service], query: &str) -> Vec<ServiceRow> {
    let mut rows: Vec<ServiceRow> = Vec::new();
    for group in services.chunk_by(|one, other| one.component == other.component) {
        let Some(first) = group.first() else { continue };
        let of = measures::measures(window, group);
        let component = serde_html_form::to_string([("component", first.component.as_str())]).unwrap_or_default();
        rows.push(ServiceRow {
            name: first.component.short().to_owned(),
            href: frame.href(format!("/deployments?{component}{query}")),
            deployments: of.deployments,
            lead: median(&of.lead_time),
            failed: rate(of.change_fail_rate()),
            recovery: match of.failed {
                0 => "nothing failed".to_owned(),
                _ => median(&of.recovery),
            },
            rework: rate(of.rework_rate()),
        });
    }
    rows.retain(|row| row.deployments > 0);
    rows.sort_by_key(|row| std::cmp::Reverse(row.deployments));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_read_of_days_and_times_and_bounded() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let read = |from, to| window(from, to, now);
        assert_eq!(read(None, None).unwrap(), Window::until(now, DAYS));
        let days = read(Some("2026-11-01"), Some("2026-11-08")).unwrap();
        assert_eq!((days.days(), days.to.to_string().as_str()), (7.0, "2026-11-08T00:00:00Z"));
        assert_eq!(read(Some("2026-11-20T03:07Z"), Some("2027-01-01")).unwrap().to, now, "never in the future");
        for (from, to, field) in [
            ("yesterday", "", "from"),
            ("2026-11-20", "2026-11-20", "from"),
            ("2020-01-01", "", "from"),
            ("", "x", "to"),
        ] {
            assert_eq!(read(Some(from), Some(to)).unwrap_err().field.as_deref(), Some(field), "{from} {to}");
        }
    }

    #[test]
    fn durations_are_told_in_one_unit() {
        let told = [0, 119, 600, 5_400, 100_000, 200_000].map(took);
        assert_eq!(told, ["0 s", "119 s", "10 min", "1.5 h", "27.8 h", "2.3 days"]);
    }
}
