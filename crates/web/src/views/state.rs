//! States, scores, and the strip of answers above the fold.

use askama::Template;

use super::{Entity, Link, Moment, Who, writes_html};

/// How a state is to be taken. Each tone has a shape of its own, so that colour is never the only sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be: a disc.
    Good,
    /// Needs a look: a triangle.
    Warn,
    /// Broken: a diamond.
    Bad,
    /// Nobody can tell: a dashed ring. Never shown as good.
    Unknown,
    /// Neither good nor bad, such as a flag that is off: a ring.
    Quiet,
}

impl Tone {
    /// The style sheet's name for it.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "tone-good",
            Self::Warn => "tone-warn",
            Self::Bad => "tone-bad",
            Self::Unknown => "tone-unknown",
            Self::Quiet => "tone-quiet",
        }
    }
}

/// A state: a word and a shape.
#[derive(Debug, Clone, Template)]
#[template(path = "components/state.html")]
pub struct State {
    /// The word: `up`, `degraded`, `down`, `unknown`, `on`, `open`, ...
    pub word: String,
    /// How it is to be taken.
    pub tone: Tone,
}

impl State {
    /// A state.
    #[must_use]
    pub fn new(tone: Tone, word: impl Into<String>) -> Self {
        Self { word: word.into(), tone }
    }
}

/// A score between nothing and everything, drawn as a bar with its number.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "components/score.html")]
pub struct Score {
    /// 0 to 100.
    pub percent: u8,
}

impl Score {
    /// The score of a number between 0 and 1; what lies outside is cut off.
    #[must_use]
    pub fn of(share: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
        let percent = (share.clamp(0.0, 1.0) * 100.0).round() as u8;
        Self { percent }
    }
}

/// One answer in the strip above the fold.
#[derive(Debug, Clone, Template)]
#[template(path = "components/answer.html")]
pub struct Answer {
    /// The question in a word or two: `Owner`.
    pub question: String,
    /// A state, where the answer is one.
    pub state: Option<State>,
    /// Since when.
    pub since: Option<Moment>,
    /// An entity, where the answer is one.
    pub entity: Option<Entity>,
    /// A person, where the answer is one.
    pub who: Option<Who>,
    /// Plain words.
    pub text: Option<String>,
    /// What is missing, if that is the answer: shown as loudly as a failure.
    pub gap: Option<String>,
    /// Smaller: how to reach them, how old this is.
    pub note: Option<String>,
    /// Where to go from here: the chat, the schedule.
    pub links: Vec<Link>,
}

impl Answer {
    /// An answer with nothing in it yet.
    #[must_use]
    pub fn to(question: impl Into<String>) -> Self {
        Self {
            question: question.into(),
            state: None,
            since: None,
            entity: None,
            who: None,
            text: None,
            gap: None,
            note: None,
            links: Vec::new(),
        }
    }

    /// It is a state, since a time.
    #[must_use]
    pub fn state(mut self, state: State, since: Option<Moment>) -> Self {
        self.state = Some(state);
        self.since = since;
        self
    }

    /// It is an entity.
    #[must_use]
    pub fn entity(mut self, entity: Entity) -> Self {
        self.entity = Some(entity);
        self
    }

    /// It is a person or a program.
    #[must_use]
    pub fn who(mut self, who: Who) -> Self {
        self.who = Some(who);
        self
    }

    /// It is this text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// There is none, and there should be.
    #[must_use]
    pub fn gap(mut self, gap: impl Into<String>) -> Self {
        self.gap = Some(gap.into());
        self
    }

    /// With a smaller line below.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// With a link below.
    #[must_use]
    pub fn link(mut self, text: impl Into<String>, href: impl Into<String>) -> Self {
        self.links.push(Link::new(text, href));
        self
    }
}

writes_html!(State, Score, Answer);
