//! What dialogs are drawn with: a centred box, buttons, a text that scrolls.

use std::cell::Cell;
use std::num::NonZeroU16;

use ratatui::Frame;
use ratatui::buffer::CellDiffOption;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::super::text;
use super::super::theme::Theme;
use crate::action::Action;
use crate::links;

/// Cells that border and padding take from the width of a box, and from its height.
const FRAME: (u16, u16) = (4, 2);

/// The width left for contents in a box over `area`, when they want at most `wanted` cells.
pub(super) fn content_width(area: Rect, wanted: u16) -> u16 {
    wanted.min(area.width.saturating_sub(FRAME.0)).max(1)
}

/// Draws an empty box in the middle of `area` with room for `size` cells, or for as many as there are; returns the
/// room. Without space for a border there is none.
pub(super) fn open(frame: &mut Frame<'_>, area: Rect, theme: &Theme, title: &str, size: (u16, u16)) -> Rect {
    let area = area.intersection(frame.area());
    let width = size.0.saturating_add(FRAME.0).min(area.width);
    let height = size.1.saturating_add(FRAME.1).min(area.height);
    let outer =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    frame.render_widget(Clear, outer);
    for y in outer.top()..outer.bottom() {
        let beside = outer.x.checked_sub(1).and_then(|x| frame.buffer_mut().cell_mut((x, y)));
        // The other half of a wide character would stand where the border is.
        if let Some(cell) = beside.filter(|cell| text::width(cell.symbol()) > 1) {
            cell.set_symbol(" ");
        }
    }
    if width <= FRAME.0 || height <= FRAME.1 {
        return outer;
    }
    let title = text::clip(title, usize::from(width - FRAME.0), theme.ellipsis());
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(theme.focused)
        .title(Span::styled(format!(" {title} "), theme.focused));
    frame.render_widget(block, outer);
    Rect { x: outer.x + 2, y: outer.y + 1, width: width - FRAME.0, height: height - FRAME.1 }
}

/// The `index`th row of `area`, empty below its end.
pub(super) fn row(area: Rect, index: u16) -> Rect {
    let y = area.y.saturating_add(index).min(area.bottom());
    Rect { y, height: u16::from(y < area.bottom()), ..area }
}

/// What stands below a list in a room of `height` rows: the last line, and as much of what is before it as leaves half
/// of the room to the list.
pub(super) fn below(mut lines: Vec<Line<'static>>, height: u16) -> Vec<Line<'static>> {
    let most = usize::from(height / 2).max(1);
    if lines.len() > most {
        lines.drain(most - 1..lines.len() - 1);
    }
    lines
}

/// Puts the terminal's cursor on the row, or the button, that has the keyboard: screen readers read there.
pub(super) fn stand(frame: &mut Frame<'_>, at: Rect) {
    let at = at.intersection(frame.area());
    if !at.is_empty() {
        frame.set_cursor_position(at.as_position());
    }
}

/// Draws a row of buttons, the chosen one reversed and between brackets.
pub(super) fn buttons<'a>(
    frame: &mut Frame<'_>,
    area: Rect,
    theme: &Theme,
    labels: impl Iterator<Item = &'a str>,
    chosen: usize,
) {
    let mut spans = Vec::new();
    let mut used = 0;
    for (index, label) in labels.enumerate() {
        let is_chosen = index == chosen;
        if is_chosen {
            stand(frame, Rect { x: area.x.saturating_add(used), ..area });
        }
        let button = if is_chosen { format!("[{label}]") } else { format!(" {label} ") };
        used += u16::try_from(text::width(&button) + 1).unwrap_or(0);
        spans.push(Span::styled(button, if is_chosen { theme.cursor } else { theme.text }));
        spans.push(Span::raw(" "));
    }
    frame.render_widget(Line::from(spans), area);
}

/// Where the rows of a list are on the screen: known only in drawing, wanted by clicks.
#[derive(Debug, Default)]
pub(super) struct Spots {
    drawn: Cell<(Rect, usize)>,
    /// After a click the rows stay where they are as long as the cursor is among them: a second one means the same.
    held: Cell<bool>,
}

impl Spots {
    /// The first of `len` rows that are drawn into `area`, a line each, when the cursor is at `cursor`.
    pub(super) fn top(&self, area: Rect, cursor: usize, len: usize) -> usize {
        let top = self.first(cursor, len, usize::from(area.height));
        self.held.set(self.held.get() && top == self.drawn.get().1);
        self.drawn.set((area, top));
        top
    }

    /// The row that would be the first one.
    pub(super) fn first(&self, cursor: usize, len: usize, height: usize) -> usize {
        let before = self.drawn.get().1;
        let stays = self.held.get() && (before..before + height).contains(&cursor);
        if stays { before.min(len.saturating_sub(height)) } else { list_top(cursor, len, height) }
    }

    /// A click at a cell moves the cursor to the row that is there, of `len`; whether it was there already. `None`: no
    /// row is there.
    pub(super) fn click(&self, cell: Position, cursor: &mut usize, len: usize) -> Option<bool> {
        let (area, top) = self.drawn.get();
        let row = top + usize::from(cell.y.saturating_sub(area.y));
        if !area.contains(cell) || row >= len {
            return None;
        }
        self.held.set(true);
        Some(std::mem::replace(cursor, row) == row)
    }
}

/// Where one is in a list.
#[derive(Debug, Default)]
pub(super) struct ListCursor {
    row: usize,
    /// How many rows are seen at once: known only where the size is, in drawing.
    page: Cell<usize>,
    spots: Spots,
}

impl ListCursor {
    /// The row, if there is any.
    pub(super) fn row(&self) -> usize {
        self.row
    }

    /// To a row of `len`, or the last one.
    pub(super) fn move_to(&mut self, row: usize, len: usize) {
        self.row = row.min(len.saturating_sub(1));
    }

    /// Moves, if `action` says so.
    pub(super) fn on_action(&mut self, action: Action, len: usize) {
        self.row = moved(action, self.row, len, self.page.get());
    }

    /// See [`Spots::click`].
    pub(super) fn on_click(&mut self, cell: Position, len: usize) -> Option<bool> {
        self.spots.click(cell, &mut self.row, len)
    }

    /// The first of the `len` rows that are seen in `area`. The terminal's cursor goes to the one that this is at.
    pub(super) fn top(&self, frame: &mut Frame<'_>, area: Rect, len: usize) -> usize {
        self.page.set(usize::from(area.height).max(1));
        let top = self.spots.top(area, self.row, len);
        stand(frame, row(area, u16::try_from(self.row - top).unwrap_or(0)));
        top
    }
}

/// How far a text is scrolled.
#[derive(Debug, Default)]
pub(super) struct Scroll {
    top: usize,
    /// How far one can scroll and how much is seen at once: known only where the size is, in drawing.
    last: Cell<usize>,
    page: Cell<usize>,
}

impl Scroll {
    /// Scrolls, if `action` says so.
    pub(super) fn on_action(&mut self, action: Action) {
        let (last, page) = (self.last.get(), self.page.get().max(1));
        let top = self.top.min(last);
        self.top = match action {
            Action::DialogUp => top.saturating_sub(1),
            Action::DialogDown => top + 1,
            Action::DialogPageUp => top.saturating_sub(page),
            Action::DialogPageDown => top + page,
            Action::DialogTop => 0,
            Action::DialogBottom => last,
            _ => top,
        }
        .min(last);
    }

    /// Draws the part of `lines` that is seen, and in the last column where it is if there is more. The first line seen.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme, lines: &[Line<'_>]) -> usize {
        let page = usize::from(area.height);
        let last = lines.len().saturating_sub(page);
        self.last.set(last);
        self.page.set(page);
        let top = self.top.min(last);
        let seen: Vec<Line<'_>> = lines.iter().skip(top).take(page).cloned().collect();
        frame.render_widget(Paragraph::new(seen), area);
        stand(frame, row(area, 0));
        more(frame, area, theme, top > 0, top < last);
        top
    }
}

/// Makes the text of a row a link that the terminal opens, in one cell that is as wide: every cell by itself would carry
/// the whole URL.
pub(super) fn hyperlink(frame: &mut Frame<'_>, row: Rect, url: &str) {
    let row = row.intersection(frame.area());
    let buffer = frame.buffer_mut();
    let mut shown = String::new();
    let mut covered = 0;
    for at in row.positions() {
        // What a wide character covers is no text.
        if covered == 0 {
            shown.push_str(buffer[at].symbol());
            covered = text::width(buffer[at].symbol()).max(1);
        }
        covered -= 1;
    }
    let words = shown.trim_end();
    let width = u16::try_from(text::width(words)).unwrap_or(0);
    let (Some(cells), false) = (NonZeroU16::new(width), row.is_empty()) else { return };
    let linked = links::hyperlink(words, url);
    buffer[row.as_position()].set_symbol(&linked).set_diff_option(CellDiffOption::ForcedWidth(cells));
}

/// Arrows on the right border where more is hidden; the border is two cells right of the contents.
pub(super) fn more(frame: &mut Frame<'_>, area: Rect, theme: &Theme, above: bool, below: bool) {
    let (up, down) = if theme.ascii { ("^", "v") } else { ("▲", "▼") };
    if area.width < 3 || area.height < 2 {
        return;
    }
    let x = area.right() + 1;
    for (shown, symbol, y) in [(above, up, area.y), (below, down, area.bottom() - 1)] {
        let spot = Rect { x, y, width: 1, height: 1 }.intersection(frame.area());
        if shown && !spot.is_empty() {
            frame.render_widget(Span::styled(symbol, theme.key), spot);
        }
    }
}

/// The row of a list of `len` that the cursor is in after `action`, when `page` rows are seen.
pub(super) fn moved(action: Action, cursor: usize, len: usize, page: usize) -> usize {
    let page = page.max(1);
    let to = match action {
        Action::DialogUp => cursor.saturating_sub(1),
        Action::DialogDown => cursor.saturating_add(1),
        Action::DialogPageUp => cursor.saturating_sub(page),
        Action::DialogPageDown => cursor.saturating_add(page),
        Action::DialogTop => 0,
        Action::DialogBottom => usize::MAX,
        _ => cursor,
    };
    to.min(len.saturating_sub(1))
}

/// The first row to draw of a list whose cursor is at `cursor`, when `height` rows are seen.
pub(super) fn list_top(cursor: usize, len: usize, height: usize) -> usize {
    cursor.saturating_sub(height / 2).min(len.saturating_sub(height))
}
