//! What earlier runs did not finish: gone on with, forgotten, or left where it is without being asked about again.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::super::units::Units;
use super::window::{self, Scroll};
use super::{Decision, Hint, Outcome};
use crate::action::Action;
use crate::transfer::{Unfinished, Verb};

/// Cells that it wants.
const WIDTH: u16 = 76;
/// Rows of the list, at most.
const ROWS: u16 = 12;

/// The answers: the key of each, and its button. The first one is chosen until another one is: it does nothing.
const CHOICES: [(Action, &str); 3] = [
    (Action::UnfinishedDecline, "Not now, do not ask again"),
    (Action::UnfinishedGoOn, "Go on"),
    (Action::UnfinishedForget, "Forget"),
];

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::UnfinishedGoOn], "go on"),
    (&[Action::UnfinishedForget], "forget"),
    (&[Action::UnfinishedDecline], "do not ask again"),
];

/// The dialog.
#[derive(Debug)]
pub(crate) struct Offer {
    unfinished: Vec<Unfinished>,
    lines: Vec<String>,
    choice: usize,
    scroll: Scroll,
}

impl Offer {
    pub(super) fn new(unfinished: Vec<Unfinished>, units: &Units) -> Self {
        let lines = unfinished.iter().flat_map(|one| of(one, units)).collect();
        Self { unfinished, lines, choice: 0, scroll: Scroll::default() }
    }

    fn decide(&self, action: Action) -> Option<Outcome> {
        let ids = || self.unfinished.iter().map(|one| one.id.clone()).collect();
        Some(Outcome::Decide(match action {
            Action::UnfinishedGoOn => Decision::Resume(self.unfinished.clone()),
            Action::UnfinishedForget => Decision::ForgetUnfinished(ids()),
            Action::UnfinishedDecline => Decision::DeclineUnfinished(ids()),
            _ => return None,
        }))
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        let count = CHOICES.len();
        match action {
            Action::DialogAccept => return self.decide(CHOICES[self.choice].0).unwrap_or(Outcome::Stay),
            Action::DialogNextButton => self.choice = (self.choice + 1) % count,
            Action::DialogPreviousButton => self.choice = (self.choice + count - 1) % count,
            _ => {
                if let Some(decided) = self.decide(action) {
                    return decided;
                }
                self.scroll.on_action(action);
            }
        }
        Outcome::Stay
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let question = match self.unfinished.len() {
            1 => "A transfer was not finished.".to_owned(),
            many => format!("{} transfers were not finished.", text::thousands(many)),
        };
        let told = [question, "Esc leaves the question for the next start.".to_owned(), String::new()];
        let head: Vec<Line<'_>> = told
            .iter()
            .flat_map(|line| text::wrap(line, width))
            .map(|line| Line::styled(line, theme.text))
            .collect();
        let list: Vec<Line<'_>> = self
            .lines
            .iter()
            .map(|line| Line::styled(text::clip_middle(line, width, theme.ellipsis()), theme.text))
            .collect();
        let rows = u16::try_from(list.len()).unwrap_or(u16::MAX).min(ROWS);
        let above = u16::try_from(head.len()).unwrap_or(0);
        let room = window::open(frame, area, theme, "Unfinished", (WIDTH, above + rows + 2));
        // A low screen keeps the buttons, then the list: it is what they are about.
        let buttons = if room.height > 3 { 2 } else { 1 };
        let left = room.height.saturating_sub(buttons);
        let above = above.min(left.saturating_sub(rows));
        for (at, line) in (0..above).zip(head) {
            frame.render_widget(line, window::row(room, at));
        }
        let area = Rect { y: room.y + above, height: left.saturating_sub(above), ..room };
        self.scroll.draw(frame, area, theme, &list);
        let labels = CHOICES.iter().map(|(_, label)| *label);
        window::buttons(frame, window::row(room, room.height.saturating_sub(1)), theme, labels, self.choice);
    }
}

/// What one is about, and how far it came: two lines.
fn of(one: &Unfinished, units: &Units) -> [String; 2] {
    let verb = if one.request.verb == Verb::Move { "move" } else { "copy" };
    let (from, to) = match one.request.items.first() {
        // Of several the place that takes them all.
        Some(item) if one.request.items.len() > 1 => {
            let to = item.to.parent().unwrap_or_else(|| item.to.clone());
            (item.from.to_string(), to.to_string())
        }
        Some(item) => (item.from.to_string(), item.to.to_string()),
        None => Default::default(),
    };
    let more = match one.request.items.len() {
        0 | 1 => String::new(),
        items => format!(" and {} more", text::thousands(items - 1)),
    };
    let failed = match one.failed.len() {
        0 => String::new(),
        failed => format!(", {} failed", text::thousands(failed)),
    };
    let files = format!("{} file{}", text::count(one.files), if one.files == 1 { "" } else { "s" });
    let began = units.exact_time(one.created);
    [
        format!("{verb} {from}{more} to {to}"),
        format!("    {files} done, {}{failed}; begun {began}", units.size(one.bytes)),
    ]
}
