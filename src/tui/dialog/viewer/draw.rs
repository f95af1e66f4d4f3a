//! What the viewer looks like: one line that says what and where, below it as much as fits.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::Viewer;
use crate::sanitize::display_safe;
use crate::tui::dialog::window;
use crate::tui::text;
use crate::tui::theme::Theme;

/// Cells of the id of a version, and of a screen that has room for its time.
const ID: usize = 18;
const WIDE: usize = 100;

impl Viewer {
    pub(in crate::tui::dialog) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        frame.render_widget(Clear, area);
        if area.height == 0 {
            return;
        }
        let head = Rect { height: 1, ..area };
        let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
        self.page.set(usize::from(body.height).max(1));
        frame.render_widget(self.heading(usize::from(area.width), theme), head);
        window::stand(frame, body);
        if let Some(error) = &self.error {
            let hint = error.hint().into_iter();
            let lines = std::iter::once(error.to_string())
                .chain(hint)
                .flat_map(|line| text::wrap(&line, usize::from(area.width)));
            for (row, line) in rows(body).zip(lines) {
                frame.render_widget(Line::styled(display_safe(&line).into_owned(), theme.error), row);
            }
            return;
        }
        #[cfg(feature = "images")]
        if let Some(picture) = self.picture.as_ref().filter(|_| self.form.is_none()) {
            return draw_picture(picture, frame, body, theme);
        }
        self.draw_lines(frame, body, theme);
    }

    fn heading(&self, width: usize, theme: &Theme) -> Line<'static> {
        let place = self.title(width, theme);
        let right = self.position(theme);
        let room = width.saturating_sub(text::width(&right) + 3);
        let place = text::clip_start(&place, room, theme.ellipsis());
        let gap = width.saturating_sub(text::width(&place) + text::width(&right) + 2);
        Line::styled(format!(" {place}{}{right} ", " ".repeat(gap)), theme.cursor)
    }

    /// The place, and the version that is shown of it: by its time too where there is room.
    fn title(&self, width: usize, theme: &Theme) -> String {
        let Some(version) = &self.version else { return self.location.to_string() };
        let id = text::clip(&display_safe(&version.id), ID, theme.ellipsis());
        let time = version.modified.filter(|_| width >= WIDE).map(|time| theme.units.time(time));
        format!(
            "{}, version {id}{}",
            self.location,
            time.map(|time| format!(" of {time}")).unwrap_or_default()
        )
    }

    /// What it is, how large, and how far down one is.
    fn position(&self, theme: &Theme) -> String {
        if let Some(note) = &self.note {
            return display_safe(note).into_owned();
        }
        if self.bytes.is_empty() && !self.is_empty() && self.error.is_none() {
            return "reading...".to_owned();
        }
        if self.is_running() {
            return format!("unpacking... {}", theme.units.size(self.end()));
        }
        let before = || theme.units.size(self.start);
        if self.back {
            return format!("unpacking {} anew...", before());
        }
        if self.is_laying() {
            return "laying out...".to_owned();
        }
        if self.is_long_way_back() && (self.top, self.above) == (0, 0) {
            return format!("further up: {} are unpacked anew", before());
        }
        let size = theme.units.size(self.size);
        #[cfg(feature = "images")]
        if let Some(picture) = self.picture.as_ref().filter(|_| self.form.is_none()) {
            return format!("picture {}x{}  {size}", picture.original.0, picture.original.1);
        }
        let bottom = (self.top + self.page.get()).min(self.shown.lines.len());
        let seen = match self.shown.lines.get(bottom) {
            _ if !self.shown.is_plain => {
                (bottom * 100).checked_div(self.shown.lines.len()).unwrap_or(100) as u64
            }
            Some((at, _)) => at.saturating_mul(100).checked_div(self.length()).unwrap_or(100),
            None => self.end().saturating_mul(100).checked_div(self.length()).unwrap_or(100),
        };
        let what = &self.shown.what;
        match &self.packed {
            None => format!("{what}  {size}  {}%", seen.min(100)),
            Some(packed) => {
                let unpacked = theme.units.size(self.end());
                let seen =
                    if self.is_endless() { "so far".to_owned() } else { format!("{}%", seen.min(100)) };
                format!("{}{what}  {size}, unpacked {unpacked}  {seen}", packed.what())
            }
        }
    }

    fn draw_lines(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        let lines = &self.shown.lines;
        if lines.is_empty() && self.is_empty() {
            frame.render_widget(Line::styled("an empty file", theme.dim), area);
        }
        self.width.set(width.max(1));
        self.last.set(self.bottom());
        let mut drawn: Vec<Line<'static>> = Vec::with_capacity(height);
        let mut above = if self.wrap { self.above } else { 0 };
        for (_, line) in lines.iter().skip(self.top) {
            if drawn.len() >= height {
                break;
            }
            let mut pieces =
                if self.wrap { text::wrap(line, width) } else { vec![self.sideways(line, width, theme)] };
            pieces.drain(..std::mem::take(&mut above).min(pieces.len()));
            drawn.extend(pieces.into_iter().take(height - drawn.len()).map(|piece| {
                // What is looked for stands out.
                let hits = text::occurrences(&piece, &self.search);
                Line::from(theme.highlighted(&piece, &hits, theme.text))
            }));
        }
        for (row, line) in rows(area).zip(drawn) {
            frame.render_widget(line, row);
        }
    }

    fn sideways(&self, line: &str, width: usize, theme: &Theme) -> String {
        text::clip(&text::without_head(line, self.left), width, theme.ellipsis())
    }
}

fn rows(area: Rect) -> impl Iterator<Item = Rect> {
    (area.y..area.bottom()).map(move |y| Rect { y, height: 1, ..area })
}

/// Two points a cell; without colours by how bright they are.
#[cfg(feature = "images")]
fn draw_picture(picture: &crate::preview::Picture, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
    let (columns, height) = picture.fit(area.width, area.height);
    let x = area.x + (area.width - columns) / 2;
    for (row, y) in (area.y..area.bottom()).take(usize::from(height)).enumerate() {
        let row = u16::try_from(row).unwrap_or(u16::MAX);
        let point = |column, point| picture.at(column, columns, point, 2 * height);
        let cells = (0..columns).map(|column| {
            let (above, below) = (point(column, 2 * row), point(column, 2 * row + 1));
            let shown =
                |[red, green, blue]: [u8; 3]| theme.shown(ratatui::style::Color::Rgb(red, green, blue));
            match (shown(above), shown(below)) {
                (Some(above), Some(below)) if !theme.ascii => {
                    Span::styled("\u{2580}", Style::new().fg(above).bg(below))
                }
                _ => Span::raw(shade(above, below)),
            }
        });
        frame.render_widget(Line::from(cells.collect::<Vec<_>>()), Rect { x, y, width: columns, height: 1 });
    }
}

#[cfg(feature = "images")]
fn shade(above: [u8; 3], below: [u8; 3]) -> &'static str {
    const RAMP: [&str; 10] = [" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"];
    let sum: u32 = above.iter().chain(&below).map(|part| u32::from(*part)).sum();
    RAMP[(sum as usize * (RAMP.len() - 1)) / (6 * 255)]
}
