//! How unfinished uploads are drawn: age, size, key, and below them what is going on.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::super::super::text;
use super::super::super::theme::Theme;
use super::super::super::units::Units;
use super::super::window;
use super::{Row, Size, Uploads};
use crate::transfer::Origin;

/// Cells that it wants.
const WIDTH: u16 = 100;
/// Rows that are left to the screen below it, so that a notice is seen.
const LEFT: u16 = 4;
/// Cells before the name but for those of the size: mark, age and what is between them.
const COLUMNS: usize = 9;
/// Cells that say whose it is, where any is ours.
const ORIGIN: usize = 12;

impl Uploads {
    pub(in super::super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let words = "Unfinished uploads below ";
        let place = self.place.to_string();
        let place = text::clip_start(&place, width.saturating_sub(words.len()), theme.ellipsis());
        let size = (WIDTH, area.height.saturating_sub(LEFT + 2));
        let room = window::open(frame, area, theme, &format!("{words}{place}"), size);
        let status = window::below(self.status(theme, width), room.height);
        let below = u16::try_from(status.len()).unwrap_or(u16::MAX).min(room.height.saturating_sub(2));
        let list = Rect { y: room.y, height: room.height.saturating_sub(below), ..room };
        for (at, line) in (list.height..).zip(status.into_iter().take(usize::from(below))) {
            frame.render_widget(line, window::row(room, at));
        }
        if self.rows.is_empty() {
            window::stand(frame, list);
            for (at, line) in (0..list.height).zip(self.nothing(theme, width)) {
                frame.render_widget(line, window::row(list, at));
            }
            return;
        }
        let origin = if self.rows.iter().any(|row| row.origin != Origin::Other) { ORIGIN } else { 0 };
        let ours = if origin > 0 { "Ours" } else { "" };
        let head = format!(" {:>5} {:>9}  {ours:origin$}{}", "Age", "Size", "Key");
        frame.render_widget(Line::styled(head, theme.dim), window::row(list, 0));
        let list =
            Rect { y: list.y + u16::from(list.height > 0), height: list.height.saturating_sub(1), ..list };
        self.page.set(usize::from(list.height));
        let seen = self.seen();
        self.spots.top(list, self.cursor(), self.rows.len());
        for (at, index) in (0u16..).zip(seen.clone()) {
            let line = line(&self.rows[index], index == self.cursor(), (width, origin), theme);
            frame.render_widget(line, window::row(list, at));
        }
        let at = u16::try_from(self.cursor() - seen.start).unwrap_or(0);
        window::stand(frame, window::row(list, at));
        window::more(frame, list, theme, seen.start > 0, seen.end < self.rows.len());
    }

    /// Why there are no rows.
    fn nothing(&self, theme: &Theme, width: usize) -> Vec<Line<'static>> {
        let text = match (self.ended, self.failed.is_empty(), self.lists_all || self.next > 0) {
            (false, ..) | (_, false, _) => return Vec::new(),
            (true, true, true) => "No unfinished uploads here.",
            (true, true, false) => {
                "None are listed here. This provider lists unfinished uploads only for an exact key, \
                 so that there may be some all the same: `twinpail uploads ls` takes a key."
            }
        };
        text::wrap(text, width).into_iter().map(|line| Line::styled(line, theme.dim)).collect()
    }

    /// What is going on, how much there is, what went wrong.
    fn status(&self, theme: &Theme, width: usize) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        if let Some(error) = self.failed.first() {
            let more = match self.failed.len() - 1 {
                0 => String::new(),
                more => format!(" (and {} more)", text::thousands(more)),
            };
            let lines_of = |text: &str, style: Style| {
                text::wrap(text, width).into_iter().map(move |line| Line::styled(line, style))
            };
            lines.extend(lines_of(&format!("{error}{more}"), theme.error));
            lines.extend(error.hint().iter().flat_map(|hint| lines_of(hint, theme.text)));
        }
        let doing = self
            .question
            .as_ref()
            .map(|question| format!("asking what they hold: {} to go", text::thousands(question.open)));
        let doing = doing.or_else(|| {
            (self.aborting > 0).then(|| format!("aborting: {} to go", text::thousands(self.aborting)))
        });
        let doing = doing.or_else(|| (!self.ended).then(|| "reading...".to_owned()));
        let left = Some(self.left()).filter(|left| *left > 0);
        let left = left.map(|left| format!("{} left behind from here", text::thousands(left)));
        let parts: Vec<String> =
            [self.total(&theme.units), self.marks(&theme.units), left, doing].into_iter().flatten().collect();
        lines.push(Line::styled(text::clip(&parts.join("  "), width, theme.ellipsis()), theme.dim));
        lines
    }

    /// `12 uploads, 3.4 GB`; a `+` where more may come or was not measured.
    fn total(&self, units: &Units) -> Option<String> {
        let more = if self.ended { "" } else { "+" };
        let words = if self.rows.len() == 1 { "upload" } else { "uploads" };
        let bytes = sum(self.rows.iter(), units);
        (!self.rows.is_empty())
            .then(|| format!("{}{more} {words}, {bytes}", text::thousands(self.rows.len())))
    }

    fn marks(&self, units: &Units) -> Option<String> {
        let marked = || self.rows.iter().filter(|row| row.marked);
        let count = marked().count();
        (count > 0).then(|| format!("{} marked, {}", text::thousands(count), sum(marked(), units)))
    }
}

fn sum<'a>(rows: impl Iterator<Item = &'a Row>, units: &Units) -> String {
    let (mut bytes, mut all) = (0, true);
    for row in rows {
        match row.size {
            Size::Known(held) => bytes += held.bytes,
            _ => all = false,
        }
    }
    format!("{}{}", units.size(bytes), if all { "" } else { "+" })
}

/// One row: mark, age, size, name. The name gives way in its middle.
fn line(row: &Row, cursor: bool, (width, origin): (usize, usize), theme: &Theme) -> Line<'static> {
    let mark = if row.marked { "*" } else { " " };
    let size = match row.size {
        Size::Unknown => String::new(),
        Size::Asked => theme.ellipsis().to_owned(),
        Size::Known(held) => theme.units.size(held.bytes),
        Size::Failed => "?".to_owned(),
    };
    let cells = theme.units.width();
    let name = text::clip_middle(&row.name, width.saturating_sub(COLUMNS + cells + origin), theme.ellipsis());
    let line = format!("{mark}{:>5} {size:>cells$}  {:origin$}{name}", row.age, row.origin.words());
    let pad = " ".repeat(width.saturating_sub(text::width(&line)));
    let style = match (cursor, row.marked) {
        (true, true) => theme.cursor.patch(theme.mark),
        (true, false) => theme.cursor,
        (false, true) => theme.mark,
        (false, false) => theme.text,
    };
    Line::styled(line + &pad, style)
}
