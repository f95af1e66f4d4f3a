//! How a pane looks: a box with the place as its title, rows in columns, and a footer in its lower edge.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Alignment, Position, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Block;

use super::super::listing::{Difference, Row, SortBy};
use super::super::text;
use super::super::theme::Theme;
use super::Pane;
use super::columns::{self, Fitted};
use crate::config::Column;
use crate::entry::{Kind, LeadsTo};
use crate::location::Location;
use crate::sanitize::display_safe;

/// What a pane needs to know to be drawn.
pub(in crate::tui) struct Look<'a> {
    pub(in crate::tui) theme: &'a Theme,
    pub(in crate::tui) focused: bool,
    /// Whether the terminal's cursor stands on its row, if it is focused: screen readers read there.
    pub(in crate::tui) has_cursor: bool,
    /// The profile's own colour.
    pub(in crate::tui) color: Option<Color>,
    pub(in crate::tui) read_only: bool,
    /// What stands beside the names, if it fits.
    pub(in crate::tui) columns: &'a [Column],
    /// `~`.
    pub(in crate::tui) home: Option<&'a std::path::Path>,
    /// Keys that help when something is missing.
    pub(in crate::tui) refresh: String,
    pub(in crate::tui) cancel: String,
    pub(in crate::tui) bottom: String,
}

/// Draws `pane` into `area`.
pub(in crate::tui) fn draw(pane: &Pane, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
    let theme = look.theme;
    let style = if look.focused { theme.focused } else { theme.unfocused };
    let count = count(pane);
    let width = usize::from(area.width);
    let room = width.saturating_sub(text::width(&count) + 4);
    let title = Span::styled(title(pane, look, room), title_style(look, style));
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(style)
        .title(title)
        .title(Line::styled(count, style).alignment(Alignment::Right))
        .title_bottom(footer(pane, look, width.saturating_sub(2)));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if pane.listing.rows() == 0 {
        draw_message(pane, frame, inner, look);
        return;
    }
    let columns = columns::fit(look.columns, &pane.listing, &theme.units, usize::from(inner.width));
    let rows = pane.top..pane.listing.rows().min(pane.top + usize::from(inner.height));
    let mut sieve = pane.listing.sieve();
    for (y, row) in (inner.y..).zip(rows) {
        let Some(entry) = pane.listing.at(row) else { break };
        let cursor = (row == pane.cursor).then_some(look.focused);
        let row = pane.listing.row(entry);
        let hits = sieve.hits(&row.label);
        let line = line(&row, hits, &columns, cursor, look, usize::from(inner.width));
        frame.render_widget(line, Rect { y, height: 1, ..inner });
        if cursor == Some(true) && look.has_cursor {
            frame.set_cursor_position(Position { x: inner.x, y });
        }
    }
}

fn title_style(look: &Look<'_>, style: Style) -> Style {
    match look.color {
        None => style,
        // Without colours it stands out all the same.
        Some(color) => look.theme.shown(color).map_or(style.reversed(), |own| style.fg(own)),
    }
}

/// The place, shortened at its start: what is near its end tells places apart. Before it what was looked for there.
fn title(pane: &Pane, look: &Look<'_>, room: usize) -> String {
    let place = place(&pane.location, look.home);
    let suffix = if look.read_only { " [read-only]" } else { "" };
    let room = room.saturating_sub(text::width(suffix) + 2);
    let title = match &pane.search {
        None => text::clip_start(&place, room, look.theme.ellipsis()),
        Some(found) => {
            let words = display_safe(&found.search.words);
            let words = text::clip(&words, 2 * room / 3, look.theme.ellipsis());
            let left = room.saturating_sub(text::width(&words) + 4);
            format!("{words} in {}", text::clip_start(&place, left, look.theme.ellipsis()))
        }
    };
    format!(" {title}{suffix} ")
}

/// A place as a title: `~` is home.
fn place(location: &Location, home: Option<&std::path::Path>) -> String {
    if let (Location::Local(path), Some(home)) = (location, home)
        && let Ok(below) = path.strip_prefix(home)
    {
        let below = below.to_string_lossy();
        return if below.is_empty() { "~".into() } else { format!("~/{}", display_safe(&below)) };
    }
    location.to_string()
}

/// `12`, `1,000+` while there is more, `3 of 1,000+` when filtered; marks that are not seen; what it is sorted by, if not
/// by name.
fn count(pane: &Pane) -> String {
    let (seen, all) = (pane.listing.rows(), pane.listing.len());
    let plus = if pane.has_more() { "+" } else { "" };
    let mut out = if seen == all || pane.listing.filter().is_empty() {
        format!(" {}{plus}", text::thousands(seen))
    } else {
        format!(" {} of {}{plus}", text::thousands(seen), text::thousands(all))
    };
    if pane.search.is_some() {
        out += " found";
    }
    let hidden = pane.listing.marks().0 - pane.listing.marks_seen().0;
    if hidden > 0 {
        out += &format!(", {} marked hidden", text::thousands(hidden));
    }
    match pane.listing.sort() {
        _ if pane.listing.is_as_found() => {}
        (SortBy::Name, false) => {}
        (by, reverse) => out.extend([" by ", by.word(), if reverse { " reversed" } else { "" }]),
    }
    if let Some(doing) = pane.listing.pending() {
        out.extend([" ", doing]);
    } else if pane.listing.awaited_comparison().is_some() {
        out += " comparing";
    }
    if pane.loading {
        out += match (&pane.search, pane.is_loading_all()) {
            (Some(_), _) => " searching",
            (None, true) => " reading all",
            (None, false) => " reading",
        };
    }
    out + " "
}

/// Marks, filter, how long a search was, a failure half-way.
fn footer(pane: &Pane, look: &Look<'_>, room: usize) -> Line<'static> {
    let theme = look.theme;
    let clip = |text: String| text::clip(&text, room, theme.ellipsis());
    if let Some(error) = pane.error.as_ref().filter(|_| pane.listing.rows() > 0) {
        return Line::styled(clip(format!(" {} reads on: {error} ", look.refresh)), theme.error);
    }
    let (marked, bytes) = pane.listing.marks_seen();
    let mut parts = Vec::new();
    if marked > 0 {
        // Of folders the size is not known.
        let bytes = if bytes > 0 { format!(", {}", theme.units.size(bytes)) } else { String::new() };
        parts.push(format!("{} marked{bytes}", text::thousands(marked)));
    }
    if !pane.listing.filter().is_empty() {
        parts.push(format!("filter: {}", display_safe(pane.listing.filter())));
    }
    match &pane.search {
        Some(found) if found.outdated => {
            parts.push(format!("something has changed; {} searches again", look.refresh));
        }
        Some(found) => parts.push(format!("{} looked at", text::count(found.looked))),
        None => {}
    }
    if pane.loading && pane.is_loading_all() {
        parts.push(since("reading", pane, look));
    }
    if parts.is_empty() {
        return Line::default();
    }
    Line::styled(clip(format!(" {} ", parts.join("  "))), theme.mark)
}

/// What it is at, since when, and how that is stopped if keys are for it now.
fn since(doing: &str, pane: &Pane, look: &Look<'_>) -> String {
    let stops =
        if look.focused && look.has_cursor { format!(" ({} stops)", look.cancel) } else { String::new() };
    format!("{doing} since {}...{stops}", look.theme.units.clock(pane.since))
}

/// Why there are no rows.
fn draw_message(pane: &Pane, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
    let theme = look.theme;
    let width = usize::from(area.width);
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut say = |text: &str, style: Style| {
        lines.extend(text::wrap(text, width).into_iter().map(|line| Line::styled(line, style)));
    };
    if let Some(error) = &pane.error {
        say(&error.message(), theme.error);
        if let Some(hint) = error.hint() {
            say(&hint, theme.text);
        }
        say(&format!("{} tries again", look.refresh), theme.dim);
    } else if let Some(doing) = pane.listing.pending() {
        say(&format!("{doing}..."), theme.dim);
    } else if pane.loading {
        let doing = if pane.search.is_some() { "searching" } else { "reading" };
        say(&since(doing, pane, look), theme.dim);
    } else if !pane.read {
        say(&format!("stopped; {} reads it", look.refresh), theme.dim);
    } else if !pane.listing.filter().is_empty() {
        let so_far =
            if pane.has_more() { format!(" so far; {} reads the rest", look.bottom) } else { String::new() };
        say(&format!("nothing matches the filter{so_far}"), theme.dim);
    } else if pane.search.is_some() {
        say("nothing was found", theme.dim);
    } else if pane.listing.len() > 0 {
        say("only hidden files here", theme.dim);
    } else {
        say(empty(&pane.location), theme.dim);
    }
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

fn empty(location: &Location) -> &'static str {
    match location {
        Location::Local(_) => "an empty folder",
        Location::Profile(_) => "no buckets",
        Location::Remote(remote) if remote.key.is_empty() => "an empty bucket",
        Location::Remote(_) => "nothing below this prefix",
    }
}

/// What stands behind a name: where a link leads, or why nothing is known of an entry.
fn note(row: &Row<'_>, theme: &Theme) -> String {
    match (row.kind, row.note) {
        (Kind::Symlink(_), Some(target)) => format!(" {} {target}", theme.arrow()),
        (Kind::Unknown, Some(why)) => format!(": {why}"),
        _ => String::new(),
    }
}

/// One row: mark, name, columns. The name gives way: its middle, so that the extension stays.
fn line(
    row: &Row<'_>,
    hits: Vec<Range<usize>>,
    columns: &[Fitted],
    cursor: Option<bool>,
    look: &Look<'_>,
    width: usize,
) -> Line<'static> {
    let theme = look.theme;
    let rest: String = columns.iter().map(|column| column.cell(row, theme)).collect();
    let room = width.saturating_sub(text::width(&rest) + 1);
    let sign = if row.kind.is_link() { theme.link_sign() } else { "" };
    let room_of_name = room.saturating_sub(text::width(sign));
    let (name, hits) = text::clip_middle_with(&row.label, room_of_name, theme.ellipsis(), hits);
    let left = room_of_name.saturating_sub(text::width(&name));
    let note = format!("{sign}{}", text::clip(&note(row, theme), left, theme.ellipsis()));
    let pad = " ".repeat(room.saturating_sub(text::width(&name) + text::width(&note)));
    let mark = match (row.marked, row.difference) {
        (false, _) => " ",
        (true, Difference::None) => "*",
        (true, Difference::Only) => "+",
        (true, Difference::Changed) => "!",
    };
    let name_style = match row.kind {
        _ if row.marked => theme.mark,
        Kind::Symlink(LeadsTo::Nowhere) | Kind::Unknown => theme.error,
        Kind::Symlink(_) => theme.link,
        Kind::Bucket | Kind::Prefix => theme.folder,
        Kind::Object | Kind::Special => theme.text,
    };
    let (name_style, rest_style) = match cursor {
        Some(focused) => {
            let style = if focused { theme.cursor } else { theme.cursor_away };
            (if row.marked { style.patch(theme.mark) } else { style }, style)
        }
        None => (name_style, theme.dim),
    };
    let note_style = if cursor.is_some() { rest_style } else { name_style };
    let mut spans = vec![Span::styled(mark, name_style)];
    spans.extend(theme.highlighted(&name, &hits, name_style));
    spans.push(Span::styled(note, note_style));
    spans.push(Span::styled(pad, name_style));
    spans.push(Span::styled(rest, rest_style));
    Line::from(spans)
}
