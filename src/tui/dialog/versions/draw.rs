//! How versions are drawn: time, size, key or id, and below them what is going on.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::super::text;
use super::super::super::theme::Theme;
use super::super::window;
use super::{Row, Versions};
use crate::sanitize::display_safe;

/// Cells that it wants.
const WIDTH: u16 = 110;
/// Rows that are left to the screen below it, so that a notice is seen.
const LEFT: u16 = 4;
/// Cells before the name but for those of the size: mark, newest, time and what is between them.
const COLUMNS: usize = 22;
/// Cells of an id beside a key.
const ID: usize = 18;

impl Versions {
    pub(in super::super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let words = if self.scope.tree { "Versions below " } else { "Versions of " };
        let place = self.scope.root.to_string();
        let place = text::clip_start(&place, width.saturating_sub(words.len()), theme.ellipsis());
        let size = (WIDTH, area.height.saturating_sub(LEFT + 2));
        let room = window::open(frame, area, theme, &format!("{words}{place}"), size);
        let status = window::below(self.status(theme, width), room.height);
        let below = u16::try_from(status.len()).unwrap_or(u16::MAX).min(room.height.saturating_sub(2));
        let list = Rect { height: room.height.saturating_sub(below), ..room };
        for (at, line) in (list.height..).zip(status.into_iter().take(usize::from(below))) {
            frame.render_widget(line, window::row(room, at));
        }
        let cells = theme.units.width();
        let head = format!(
            "   {:16} {:>cells$}  {}",
            "Modified",
            "Size",
            if self.scope.tree { "Key" } else { "Id" }
        );
        frame.render_widget(Line::styled(head, theme.dim), window::row(list, 0));
        let list =
            Rect { y: list.y + u16::from(list.height > 0), height: list.height.saturating_sub(1), ..list };
        let height = usize::from(list.height);
        self.page.set(height);
        let top = self.spots.top(list, self.cursor(), self.seen.len());
        for (at, (row, index)) in (0u16..).zip(self.seen.iter().enumerate().skip(top).take(height)) {
            let line = self.line(&self.rows[*index], row == self.cursor(), width, theme);
            frame.render_widget(line, window::row(list, at));
        }
        window::stand(frame, window::row(list, u16::try_from(self.cursor() - top).unwrap_or(0)));
        window::more(frame, list, theme, top > 0, top + height < self.seen.len());
    }

    fn line(&self, row: &Row, cursor: bool, width: usize, theme: &Theme) -> Line<'static> {
        let version = &row.version;
        let time = version.modified.map(|time| theme.units.time(time));
        let size = version
            .object
            .as_ref()
            .map_or_else(|| "deleted".to_owned(), |object| theme.units.size(object.size));
        let cells = theme.units.width();
        let mark = if row.marked { "*" } else { " " };
        let latest = if version.latest { ">" } else { " " };
        let left = width.saturating_sub(COLUMNS + cells);
        let id = display_safe(&version.id);
        let what = match (self.scope.tree, left > 2 * ID) {
            (false, _) => text::clip_middle(&id, left, theme.ellipsis()),
            (true, false) => text::clip_middle(&row.name, left, theme.ellipsis()),
            (true, true) => {
                let name = text::clip_middle(&row.name, left - ID - 2, theme.ellipsis());
                let gap = " ".repeat((left - ID).saturating_sub(text::width(&name)));
                name + &gap + &text::clip(&id, ID, theme.ellipsis())
            }
        };
        let line = format!("{mark}{latest} {:16} {size:>cells$}  {what}", time.unwrap_or_default());
        let pad = " ".repeat(width.saturating_sub(text::width(&line)));
        let style = match (cursor, row.marked, version.object.is_none()) {
            (true, true, _) => theme.cursor.patch(theme.mark),
            (true, false, _) => theme.cursor,
            (false, true, _) => theme.mark,
            (false, false, true) => theme.dim,
            (false, false, false) => theme.text,
        };
        Line::styled(line + &pad, style)
    }

    /// How much there is, what is going on, what went wrong.
    fn status(&self, theme: &Theme, width: usize) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        if let Some(error) = &self.failed {
            let texts = [Some(error.message()), error.hint()];
            for (text, style) in texts.into_iter().flatten().zip([theme.error, theme.text]) {
                lines.extend(text::wrap(&text, width).into_iter().map(|line| Line::styled(line, style)));
            }
        }
        let bytes = self.rows.iter().filter_map(|row| row.version.object.as_ref()).map(|object| object.size);
        let plus = if self.ended && !self.more { "" } else { "+" };
        let words = if self.rows.len() == 1 { "version" } else { "versions" };
        let total = format!(
            "{}{plus} {words}, {}{plus}",
            text::thousands(self.rows.len()),
            theme.units.size(bytes.sum())
        );
        let marked = self.rows.iter().filter(|row| row.marked).count();
        let parts = [
            Some(total),
            (marked > 0).then(|| format!("{} marked", text::thousands(marked))),
            (self.only_deleted && self.ended && self.seen.is_empty())
                .then(|| "none of them is deleted".to_owned()),
            (self.only_deleted && !self.seen.is_empty())
                .then(|| format!("{} shown: only deleted keys", text::thousands(self.seen.len()))),
            (self.more && self.failed.is_none())
                .then(|| "more are not shown: open a narrower place".to_owned()),
            (!self.ended).then(|| "reading...".to_owned()),
            self.keeps_none().then(|| "no old versions are kept here".to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        lines.push(Line::styled(text::clip(&parts.join("  "), width, theme.ellipsis()), theme.dim));
        lines
    }

    /// Whether nothing was ever kept: states without ids are those from before versions were.
    fn keeps_none(&self) -> bool {
        self.ended
            && self.failed.is_none()
            && !self.rows.is_empty()
            && self.rows.iter().all(|row| row.version.id == "null" && row.version.latest)
    }
}
