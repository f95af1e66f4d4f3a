//! A list to choose from by typing some letters of what one wants: the palette, bookmarks and places visited lately.

use crossterm::event::KeyEvent;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::field::Field;
use super::window::{self, Spots};
use super::{Decision, Outcome};
use crate::action::Action;
use crate::config::{Column, Keys};
use crate::location::Location;
use crate::sanitize::display_safe;
use crate::unicode::composed;

/// Cells that it wants, and rows of the list.
const WIDTH: u16 = 76;
const ROWS: u16 = 16;

/// What a row stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Do this.
    Do(Action),
    /// Go there.
    Go(Location),
    /// That storage class.
    Class(String),
    /// A storage class that is typed.
    OtherClass,
    /// Back from an archive class.
    Restore,
    /// Show that column, or not any more.
    Column(Column),
    /// A new profile.
    NewProfile,
    /// Those that other tools know.
    Others,
    /// One of them, by its number.
    Other(usize),
    /// All of them.
    AllOthers,
    /// Sample data.
    Demo,
    /// Go there; it is a bookmark, which can be removed.
    Bookmark(Location),
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// What is searched and shown.
    pub(crate) words: String,
    /// Beside it, at the right.
    pub(crate) aside: String,
    /// What it stands for.
    pub(crate) choice: Choice,
}

/// The dialog.
#[derive(Debug)]
pub(crate) struct Pick {
    title: &'static str,
    items: Vec<Item>,
    field: Field,
    /// Of the items those that match, best first.
    seen: Vec<usize>,
    cursor: usize,
    spots: Spots,
}

impl Pick {
    pub(super) fn new(title: &'static str, mut items: Vec<Item>) -> Self {
        for item in &mut items {
            item.words = display_safe(&item.words).into_owned();
        }
        let seen = (0..items.len()).collect();
        Self { title, items, field: Field::new(""), seen, cursor: 0, spots: Spots::default() }
    }

    fn search(&mut self) {
        let pattern = Pattern::parse(&composed(self.field.text()), CaseMatching::Smart, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let words = self.items.iter().enumerate().map(|(index, item)| {
            // An action is also found by its name in the configuration, which is what others call it.
            let name = match item.choice {
                Choice::Do(action) => crate::action::info(action).map_or("", |info| info.name),
                _ => "",
            };
            Words(index, format!("{} {name}", composed(&item.words)))
        });
        let found = pattern.match_list(words, &mut matcher);
        self.seen = found.into_iter().map(|(Words(index, _), _)| index).collect();
        self.cursor = 0;
    }

    fn current(&self) -> Option<&Item> {
        self.seen.get(self.cursor).map(|index| &self.items[*index])
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        let last = self.seen.len().saturating_sub(1);
        match action {
            Some(Action::FormAccept) => {
                return match self.current() {
                    Some(item) => Outcome::Decide(Decision::Chosen(item.choice.clone())),
                    None => Outcome::Stay,
                };
            }
            Some(Action::FormPrevious) => self.cursor = self.cursor.saturating_sub(1),
            Some(Action::FormNext) => self.cursor = (self.cursor + 1).min(last),
            Some(Action::FormPageUp) => self.cursor = self.cursor.saturating_sub(usize::from(ROWS)),
            Some(Action::FormPageDown) => self.cursor = (self.cursor + usize::from(ROWS)).min(last),
            Some(Action::FormRemove) => return self.remove(),
            _ => {
                if self.field.on_key(key) {
                    self.search();
                }
            }
        }
        Outcome::Stay
    }

    fn remove(&mut self) -> Outcome {
        let Some(Item { choice: Choice::Bookmark(place), .. }) = self.current().cloned() else {
            return Outcome::Stay;
        };
        let index = self.seen[self.cursor];
        self.items.remove(index);
        self.search();
        Outcome::Do(Decision::RemoveBookmark(place))
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Outcome {
        if self.field.paste(text) {
            self.search();
        }
        Outcome::Stay
    }

    /// See [`window::Spots::click`].
    pub(super) fn on_click(&mut self, cell: Position) -> Option<bool> {
        self.spots.click(cell, &mut self.cursor, self.seen.len())
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let rows = u16::try_from(self.items.len()).unwrap_or(ROWS).clamp(1, ROWS);
        let room = window::open(frame, area, theme, self.title, (WIDTH, rows + 1));
        self.field.draw(frame, window::row(room, 0), theme, true);
        let height = usize::from(room.height.saturating_sub(1));
        if self.seen.is_empty() {
            frame.render_widget(Line::styled("nothing matches", theme.dim), window::row(room, 1));
        }
        let list = Rect { y: room.y + 1, height: room.height.saturating_sub(1), ..room };
        let top = self.spots.top(list, self.cursor, self.seen.len());
        for (line, (at, index)) in (1u16..).zip(self.seen.iter().enumerate().skip(top).take(height)) {
            let item = &self.items[*index];
            let style = if at == self.cursor { theme.cursor } else { theme.text };
            let width = usize::from(room.width);
            let aside = text::clip(&display_safe(&item.aside), width / 3, theme.ellipsis());
            let left = width.saturating_sub(text::width(&aside) + 2);
            // The end tells places apart, the beginning says what is done.
            let words = match item.choice {
                Choice::Go(_) | Choice::Bookmark(_) => text::clip_start(&item.words, left, theme.ellipsis()),
                _ => text::clip(&item.words, left, theme.ellipsis()),
            };
            let gap = " ".repeat(width.saturating_sub(text::width(&words) + text::width(&aside)));
            let aside = Span::styled(aside, if at == self.cursor { style } else { theme.dim });
            frame.render_widget(
                Line::from(vec![Span::styled(words + &gap, style), aside]),
                window::row(room, line),
            );
        }
        window::more(frame, room, theme, top > 0, top + height < self.seen.len());
    }

    pub(super) fn hints(&self, keys: &Keys) -> Vec<(String, &'static str)> {
        let mut hints = vec![("type".to_owned(), "to find"), (keys.label(Action::FormAccept), "choose")];
        if matches!(self.current(), Some(Item { choice: Choice::Bookmark(_), .. })) {
            hints.push((keys.label(Action::FormRemove), "remove bookmark"));
        }
        hints.push(("Esc".to_owned(), "close"));
        hints
    }
}

/// An item as the matcher wants it.
struct Words(usize, String);

impl AsRef<str> for Words {
    fn as_ref(&self) -> &str {
        &self.1
    }
}
