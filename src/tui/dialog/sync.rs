//! What would make the other pane's place like this one's: approved row by row.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::window::{self, ListCursor};
use super::{Decision, Hint, Outcome};
use crate::action::Action;
use crate::sanitize::display_safe;
use crate::sync::{Counts, Plan, Step, StepKind};

/// Cells that it wants.
const WIDTH: u16 = 108;
/// Rows above the list.
const HEAD: u16 = 5;
/// Cells of a size, and of everything on a row that is neither path nor reason.
const FIXED: usize = 3 + 1 + 6 + 2 + 2 + 2;

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::DialogAccept], "start"),
    (&[Action::SyncToggle], "this one on or off"),
    (&[Action::SyncDelete], "delete too"),
];

/// The dialog. Nothing is deleted until the user says so.
#[derive(Debug)]
pub(crate) struct SyncDialog {
    plan: Plan,
    /// By step: whether the user left it on.
    on: Vec<bool>,
    deleting: bool,
    cursor: ListCursor,
}

impl SyncDialog {
    pub(super) fn new(plan: Plan) -> Self {
        let on = vec![true; plan.steps.len()];
        Self { plan, on, deleting: false, cursor: ListCursor::default() }
    }

    fn is_on(&self, index: usize) -> bool {
        self.on[index] && (self.deleting || self.plan.steps[index].kind != StepKind::Delete)
    }

    fn chosen(&self) -> impl Iterator<Item = &Step> {
        self.plan.steps.iter().enumerate().filter(|(index, _)| self.is_on(*index)).map(|(_, step)| step)
    }

    fn has_deletions(&self) -> bool {
        self.plan.steps.iter().any(|step| step.kind == StepKind::Delete)
    }

    /// An empty source is more often a slip than a wish.
    fn may_delete(&self) -> bool {
        self.plan.source_files > 0 && self.has_deletions()
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        let len = self.plan.steps.len();
        match action {
            Action::DialogAccept => return self.decide(),
            Action::SyncDelete => self.deleting = self.may_delete() && !self.deleting,
            Action::SyncToggle => {
                if let Some(on) = self.on.get_mut(self.cursor.row()) {
                    *on = !*on;
                }
                self.cursor.move_to(self.cursor.row() + 1, len);
            }
            _ => self.cursor.on_action(action, len),
        }
        Outcome::Stay
    }

    /// The plan with the chosen steps alone; without any there is nothing to start.
    fn decide(&self) -> Outcome {
        let steps: Vec<Step> = self.chosen().cloned().collect();
        if steps.is_empty() {
            return Outcome::Stay;
        }
        Outcome::Decide(Decision::Sync(Box::new(Plan { steps, ..self.plan.clone() })))
    }

    /// See [`window::Spots::click`].
    pub(super) fn on_click(&mut self, cell: Position) -> Option<bool> {
        self.cursor.on_click(cell, self.plan.steps.len())
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = window::content_width(area, WIDTH);
        let rows = u16::try_from(self.plan.steps.len()).unwrap_or(u16::MAX);
        let room = window::open(frame, area, theme, "Sync", (width, rows.saturating_add(HEAD)));
        // A low screen keeps some rows of the list, which is what is approved.
        let head = HEAD.min(room.height - rows.min(room.height / 2));
        for (index, line) in (0..head).zip(self.head(theme, usize::from(room.width))) {
            frame.render_widget(line, window::row(room, index));
        }
        let list = Rect { y: room.y + head, height: room.height - head, ..room };
        self.draw_list(frame, list, theme);
    }

    fn head(&self, theme: &Theme, width: usize) -> [Line<'static>; 5] {
        let place = |word: &str, place: &crate::location::Location| {
            let place = text::clip_middle(&place.to_string(), width.saturating_sub(5), theme.ellipsis());
            Line::styled(format!("{word:5}{place}"), theme.text)
        };
        let (deleting, style) = if let Some(warning) = self.warning() {
            (warning, theme.warning)
        } else {
            let mark = if self.deleting { "[x]" } else { "[ ]" };
            (format!("{mark} delete what is only in the target"), theme.text)
        };
        [
            place("from", &self.plan.source),
            place("to", &self.plan.target),
            Line::styled(text::clip(&self.counts(theme), width, theme.ellipsis()), theme.focused),
            Line::styled(text::clip(&deleting, width, theme.ellipsis()), style),
            Line::default(),
        ]
    }

    fn counts(&self, theme: &Theme) -> String {
        let Counts { create, update, delete, bytes } = Counts::of(self.chosen());
        format!(
            "{} to create, {} to update, {} to delete, {} unchanged; {} to copy",
            text::count(create),
            text::count(update),
            text::count(delete),
            text::count(self.plan.unchanged),
            theme.units.size(bytes)
        )
    }

    /// Why nothing can be deleted, if so.
    fn warning(&self) -> Option<String> {
        if let Some(fault) = self.plan.faults.first() {
            let count = self.plan.faults.len();
            return Some(format!("nothing is deleted: {count} could not be read or named, first: {fault}"));
        }
        if !self.has_deletions() {
            return Some("the target has nothing to delete".to_owned());
        }
        (!self.may_delete()).then(|| "nothing is deleted here, because the source is empty".to_owned())
    }

    fn draw_list(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let height = usize::from(area.height);
        let steps = &self.plan.steps;
        let top = self.cursor.top(frame, area, steps.len());
        let seen: Vec<(usize, &Step, String)> = steps
            .iter()
            .enumerate()
            .skip(top)
            .take(height)
            .map(|(index, step)| (index, step, step.reason.to_string()))
            .collect();
        let room = usize::from(area.width).saturating_sub(FIXED + theme.units.width());
        let widest = seen.iter().map(|(.., reason)| text::width(reason)).max().unwrap_or(0);
        let reason_width = widest.min(room / 2);
        let path_width = room - reason_width;
        for (line, (index, step, reason)) in (0u16..).zip(&seen) {
            let on = self.is_on(*index);
            let style = match (*index == self.cursor.row(), on, step.kind) {
                (true, ..) => theme.cursor,
                (_, false, _) => theme.dim,
                (_, true, StepKind::Delete) => theme.warning,
                _ => theme.text,
            };
            let path = text::clip_middle(&display_safe(&step.relative), path_width, theme.ellipsis());
            let reason = text::clip(reason, reason_width, theme.ellipsis());
            let row = format!(
                "{} {}  {}  {}  {}",
                if on { "[x]" } else { "[ ]" },
                step.kind.word(),
                padded(path, path_width),
                padded(reason, reason_width),
                theme.units.column(step.bytes),
            );
            frame.render_widget(Line::from(Span::styled(row, style)), window::row(area, line));
        }
        window::more(frame, area, theme, top > 0, top + height < steps.len());
    }
}

/// By cells, which format's own padding does not know.
fn padded(text: String, cells: usize) -> String {
    let missing = cells.saturating_sub(text::width(&text));
    text + &" ".repeat(missing)
}
