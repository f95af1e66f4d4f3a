//! Every action and its keys, by group, made from the table; two columns where there is room. What is typed into its
//! search narrows it.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::Outcome;
use super::field::Field;
use super::window::{self, Scroll};
use crate::action::{ACTIONS, Action, Group, Screen};
use crate::config::Keys;

/// Cells of one column, and of what is between two.
const COLUMN: u16 = 54;
const GAP: u16 = 4;
/// Cells of the keys.
const KEYS: usize = 16;

/// An action.
#[derive(Debug)]
struct Entry {
    heading: &'static str,
    keys: String,
    words: &'static str,
    /// In the configuration: what it is called there may be what one looks for.
    name: &'static str,
}

impl Entry {
    /// Whether each of `terms` (in small letters) begins a word or a key of it.
    fn answers(&self, terms: &[String]) -> bool {
        let text = format!("{} {} {} {}", self.keys, self.words, self.name, self.heading).to_lowercase();
        let begins = |at: usize| !text[..at].ends_with(char::is_alphanumeric);
        terms.iter().all(|term| text.match_indices(term).any(|(at, _)| begins(at)))
    }
}

/// One line of help.
#[derive(Debug)]
enum Row<'a> {
    Heading(&'static str),
    Action(&'a Entry),
    Empty,
}

/// The dialog.
#[derive(Debug)]
pub(crate) struct Help {
    entries: Vec<Entry>,
    search: Field,
    /// Whether letters go into the search.
    typing: bool,
    scroll: Scroll,
}

impl Help {
    /// Of `screen` first, where it was asked for.
    pub(super) fn new(keys: &Keys, screen: Screen) -> Self {
        let of = |screen| ACTIONS.iter().filter(move |info| info.screen == screen);
        let others = Screen::ALL.into_iter().filter(|other| *other != screen);
        let entries = std::iter::once(screen).chain(others).flat_map(of).map(|info| {
            let labels = keys.labels(info.action);
            let labels = if labels.is_empty() { "not bound".to_owned() } else { labels.join(" ") };
            Entry {
                heading: heading(info.screen, info.group),
                keys: labels,
                words: info.words,
                name: info.name,
            }
        });
        Self {
            entries: entries.collect(),
            search: Field::default(),
            typing: false,
            scroll: Scroll::default(),
        }
    }

    /// Whether it takes every key but Esc.
    pub(super) fn is_typing(&self) -> bool {
        self.typing
    }

    /// Esc: shows everything again, if it does not; else closes.
    pub(super) fn dismiss(&mut self) -> Outcome {
        if !self.typing && self.search.text().is_empty() {
            return Outcome::Close(None);
        }
        (self.search, self.typing, self.scroll) = (Field::default(), false, Scroll::default());
        Outcome::Stay
    }

    /// A key while something is typed.
    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        match action {
            Some(Action::FormAccept) => self.typing = false,
            Some(Action::FormPrevious) => self.scroll.on_action(Action::DialogUp),
            Some(Action::FormNext) => self.scroll.on_action(Action::DialogDown),
            Some(Action::FormPageUp) => self.scroll.on_action(Action::DialogPageUp),
            Some(Action::FormPageDown) => self.scroll.on_action(Action::DialogPageDown),
            _ if self.search.on_key(key) => self.scroll = Scroll::default(),
            _ => {}
        }
        Outcome::Stay
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Outcome {
        if self.typing && self.search.paste(text) {
            self.scroll = Scroll::default();
        }
        Outcome::Stay
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        match action {
            Action::DialogSearch => self.typing = true,
            Action::DialogAccept => return Outcome::Close(None),
            _ => self.scroll.on_action(action),
        }
        Outcome::Stay
    }

    /// What answers to `search`, below its headings.
    fn rows(&self, search: &str) -> Vec<Row<'_>> {
        let terms: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
        let (mut rows, mut heading) = (Vec::new(), None);
        for entry in self.entries.iter().filter(|entry| entry.answers(&terms)) {
            if heading != Some(entry.heading) {
                if !rows.is_empty() {
                    rows.push(Row::Empty);
                }
                rows.push(Row::Heading(entry.heading));
                heading = Some(entry.heading);
            }
            rows.push(Row::Action(entry));
        }
        rows
    }

    /// As large as it is with everything in it, whatever is searched.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let two = area.width >= 2 * COLUMN + GAP + 4;
        let wanted = if two { 2 * COLUMN + GAP } else { COLUMN + 8 };
        let width = window::content_width(area, wanted);
        let lines = |search: &str| {
            let rows = self.rows(search);
            let groups = rows.iter().any(|row| matches!(row, Row::Empty));
            if two && groups { two_columns(&rows, theme) } else { lines(&rows, theme, usize::from(width)) }
        };
        let height = u16::try_from(lines("").len()).unwrap_or(u16::MAX);
        let mut room = window::open(frame, area, theme, "Help", (width, height));
        let search = self.search.text();
        let mut field = Rect::default();
        if (self.typing || !search.is_empty()) && room.height > 1 {
            let line = window::row(room, 0);
            frame.render_widget(Span::styled("/", theme.key), line);
            field = Rect { x: line.x + 1, width: line.width.saturating_sub(1), ..line };
            room = Rect { y: room.y + 1, height: room.height - 1, ..room };
        }
        let mut lines = lines(search);
        if lines.is_empty() {
            lines.push(Line::styled("nothing matches", theme.dim));
        }
        self.scroll.draw(frame, room, theme, &lines);
        self.search.draw(frame, field, theme, self.typing);
    }

    pub(super) fn hints(&self, keys: &Keys) -> Vec<(String, &'static str)> {
        let hints = match (self.typing, self.search.text().is_empty()) {
            (true, _) => {
                [("type".to_owned(), "to find"), (keys.label(Action::FormAccept), "keep"), esc("show all")]
            }
            (false, empty) => [
                (keys.label(Action::DialogSearch), "search"),
                (keys.label(Action::DialogPageDown), "more"),
                esc(if empty { "close" } else { "show all" }),
            ],
        };
        hints.into()
    }
}

fn esc(word: &'static str) -> (String, &'static str) {
    ("Esc".to_owned(), word)
}

/// Broken between two groups, as near the middle as it goes.
fn two_columns(rows: &[Row<'_>], theme: &Theme) -> Vec<Line<'static>> {
    let half = rows.len() / 2;
    let breaks = rows.iter().enumerate().filter(|(_, row)| matches!(row, Row::Empty));
    let middle = breaks.map(|(at, _)| at).min_by_key(|at| at.abs_diff(half)).unwrap_or(rows.len());
    let width = usize::from(COLUMN);
    let left = lines(&rows[..middle], theme, width);
    let right = lines(rows.get(middle + 1..).unwrap_or_default(), theme, width);
    let height = left.len().max(right.len());
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    (0..height)
        .map(|_| {
            let mut line = left.next().unwrap_or_default();
            let pad = (width + usize::from(GAP)).saturating_sub(line.width());
            line.spans.push(Span::raw(" ".repeat(pad)));
            line.spans.extend(right.next().unwrap_or_default().spans);
            line
        })
        .collect()
}

fn lines(rows: &[Row<'_>], theme: &Theme, width: usize) -> Vec<Line<'static>> {
    rows.iter()
        .map(|row| match row {
            Row::Empty => Line::default(),
            Row::Heading(words) => Line::from(Span::styled(*words, theme.focused)),
            Row::Action(Entry { keys, words, .. }) => {
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
fn heading(screen: Screen, group: Group) -> &'static str {
    match (screen, group) {
        (Screen::Transfers, _) => "In the transfers panel",
        (Screen::Versions, _) => "Among versions",
        (Screen::Viewer, _) => "In the viewer",
        (Screen::Uploads, _) => "Among unfinished uploads",
        (Screen::Given, _) => "Among what was given out",
        (Screen::Links, _) => "Where links are shown",
        (Screen::Usage, _) => "Where it is shown what takes room",
        (Screen::Failures, _) => "Among what failed of a transfer",
        (Screen::Sync, _) => "In the plan of a sync",
        (Screen::Confirm, _) => "Where yes or no is asked",
        (Screen::Conflict, _) => "Where a target exists already",
        (Screen::Unsaved, _) => "Where an edit could not be written back",
        (Screen::Unfinished, _) => "Where unfinished transfers are offered",
        (Screen::Dialog, _) => "In every list and question",
        (Screen::Form, _) => "Where text is typed",
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
