//! Statuspage's words.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal, $label:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word as programs read it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The word as people read it.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// The one of this word.
            #[must_use]
            pub fn named(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    )*};
}

words! {
    /// How a component is; the last is the worst.
    Status {
        /// It works.
        Operational = "operational", "Operational";
        /// It is being worked on, as announced.
        UnderMaintenance = "under_maintenance", "Under maintenance";
        /// Nobody can tell: it is not measured now. A person can't set it.
        NoData = "no_data", "No data";
        /// It works, slowly or not in every way.
        DegradedPerformance = "degraded_performance", "Degraded performance";
        /// It is broken for some.
        PartialOutage = "partial_outage", "Partial outage";
        /// It is broken.
        MajorOutage = "major_outage", "Major outage";
    }

    /// How bad an incident is for the public; the last is the worst.
    Impact {
        /// It is told for information.
        None = "none", "None";
        /// Few notice.
        Minor = "minor", "Minor";
        /// Many notice.
        Major = "major", "Major";
        /// Nearly all notice.
        Critical = "critical", "Critical";
    }

    /// The whole page in a word.
    Indicator {
        /// All is well.
        None = "none", "All systems operational";
        /// Something is being worked on, as announced.
        Maintenance = "maintenance", "Service under maintenance";
        /// Something is not as it should be.
        Minor = "minor", "Minor service outage";
        /// Something is broken.
        Major = "major", "Partial system outage";
        /// Everything is broken.
        Critical = "critical", "Major system outage";
    }

    /// Where a report stands: the first five are an incident's, the others a maintenance's.
    Stage {
        /// Nobody knows yet why.
        Investigating = "investigating", "Investigating";
        /// It is known why.
        Identified = "identified", "Identified";
        /// It seems mended, and is watched.
        Monitoring = "monitoring", "Monitoring";
        /// It is over.
        Resolved = "resolved", "Resolved";
        /// What was learnt of it.
        Postmortem = "postmortem", "Postmortem";
        /// It is announced.
        Scheduled = "scheduled", "Scheduled";
        /// It goes on.
        InProgress = "in_progress", "In progress";
        /// The work is done, and is looked at.
        Verifying = "verifying", "Verifying";
        /// It is over.
        Completed = "completed", "Completed";
    }
}

impl Status {
    /// The word in Statuspage's interface, which has none for what nobody can tell: programs that read it know five, and
    /// must not take this for health.
    #[must_use]
    pub fn wire(self) -> &'static str {
        match self {
            Self::NoData => Self::DegradedPerformance.as_str(),
            Self::Operational
            | Self::UnderMaintenance
            | Self::DegradedPerformance
            | Self::PartialOutage
            | Self::MajorOutage => self.as_str(),
        }
    }

    /// How bad an incident is in which a component is like this.
    #[must_use]
    pub fn impact(self) -> Impact {
        match self {
            Self::Operational | Self::UnderMaintenance | Self::NoData => Impact::None,
            Self::DegradedPerformance => Impact::Minor,
            Self::PartialOutage => Impact::Major,
            Self::MajorOutage => Impact::Critical,
        }
    }

    /// True if it is broken, for some or all.
    #[must_use]
    pub fn is_outage(self) -> bool {
        matches!(self, Self::PartialOutage | Self::MajorOutage)
    }
}

impl Stage {
    /// True for a maintenance's.
    #[must_use]
    pub fn is_of_maintenance(self) -> bool {
        match self {
            Self::Investigating | Self::Identified | Self::Monitoring | Self::Resolved | Self::Postmortem => false,
            Self::Scheduled | Self::InProgress | Self::Verifying | Self::Completed => true,
        }
    }

    /// True if the report is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Resolved | Self::Postmortem | Self::Completed)
    }
}
