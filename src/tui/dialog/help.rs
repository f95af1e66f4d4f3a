//! Every action and its keys, by group, made from the table; two columns where there is room.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::Outcome;
use super::window::{self, Scroll};
use crate::action::{ACTIONS, Action, Screen};
use crate::config::Keys;

/// Cells of one column, and of what is between two.
const COLUMN: u16 = 54;
const GAP: u16 = 4;
/// Cells of the keys.
const KEYS: usize = 16;

/// One line of help.
#[derive(Debug)]
enum Row {
    Heading(&'static str),
    Action(String, &'static str),
    Empty,
}

/// The dialog.
#[derive(Debug)]
pub(crate) struct Help {
    rows: Vec<Row>,
    scroll: Scroll,
}

impl Help {
    pub(super) fn new(keys: &Keys) -> Self {
        let mut rows = Vec::new();
        for screen in Screen::ALL {
            let mut heading = None;
            for info in ACTIONS.iter().filter(|info| info.screen == screen) {
                let words = heading_words(screen, info.group);
                if heading != Some(words) {
                    if !rows.is_empty() {
                        rows.push(Row::Empty);
                    }
                    rows.push(Row::Heading(words));
                    heading = Some(words);
                }
                let labels = keys.labels(info.action);
                let labels = if labels.is_empty() { "not bound".to_owned() } else { labels.join(" ") };
                rows.push(Row::Action(labels, info.words));
            }
        }
        Self { rows, scroll: Scroll::default() }
    }

    pub(super) fn on_action(&mut self, action: Option<Action>) -> Outcome {
        if let Some(action) = action {
            self.scroll.on_action(action);
        }
        Outcome::Stay
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let two = area.width >= 2 * COLUMN + GAP + 4;
        let wanted = if two { 2 * COLUMN + GAP } else { COLUMN + 8 };
        let width = window::content_width(area, wanted);
        let lines = if two { self.two_columns(theme) } else { lines(&self.rows, theme, usize::from(width)) };
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let room = window::open(frame, area, theme, "Help", (width, height));
        self.scroll.draw(frame, room, theme, &lines);
    }

    /// Broken between two groups, as near the middle as it goes.
    fn two_columns(&self, theme: &Theme) -> Vec<Line<'static>> {
        let half = self.rows.len() / 2;
        let breaks = self.rows.iter().enumerate().filter(|(_, row)| matches!(row, Row::Empty));
        let middle = breaks.map(|(at, _)| at).min_by_key(|at| at.abs_diff(half)).unwrap_or(half);
        let width = usize::from(COLUMN);
        let left = lines(&self.rows[..middle], theme, width);
        let right = lines(self.rows.get(middle + 1..).unwrap_or_default(), theme, width);
        let rows = left.len().max(right.len());
        let (mut left, mut right) = (left.into_iter(), right.into_iter());
        (0..rows)
            .map(|_| {
                let mut line = left.next().unwrap_or_default();
                let pad = (width + usize::from(GAP)).saturating_sub(line.width());
                line.spans.push(Span::raw(" ".repeat(pad)));
                line.spans.extend(right.next().unwrap_or_default().spans);
                line
            })
            .collect()
    }
}

fn lines(rows: &[Row], theme: &Theme, width: usize) -> Vec<Line<'static>> {
    rows.iter()
        .map(|row| match row {
            Row::Empty => Line::default(),
            Row::Heading(words) => Line::from(Span::styled(*words, theme.focused)),
            Row::Action(keys, words) => {
                let keys = text::clip(keys, KEYS, theme.ellipsis());
                let pad = " ".repeat(KEYS + 2 - text::width(&keys));
                let words = text::clip(words, width.saturating_sub(KEYS + 2), theme.ellipsis());
                Line::from(vec![
                    Span::styled(keys, theme.key),
                    Span::raw(pad),
                    Span::styled(words, theme.text),
                ])
            }
        })
        .collect()
}

/// A screen of its own has one heading; the panes' many actions are told apart by group.
fn heading_words(screen: Screen, group: crate::action::Group) -> &'static str {
    use crate::action::Group;
    match (screen, group) {
        (Screen::Transfers, _) => "In the transfers panel",
        (Screen::Versions, _) => "Among versions",
        (Screen::Dialog, _) => "In dialogs",
        (Screen::Global, _) => "Everywhere",
        (Screen::Browser, Group::Panes) => "Panes and places",
        (Screen::Browser, Group::Move) => "Moving",
        (Screen::Browser, Group::Mark) => "Marking",
        (Screen::Browser, Group::Act) => "Changing things",
        (Screen::Browser, Group::Find) => "Finding",
        (Screen::Browser, Group::Links) => "Links",
        (Screen::Browser, Group::Jobs) => "Transfers",
        (Screen::Browser, Group::All) => "More",
    }
}
