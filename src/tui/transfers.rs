//! The transfers panel, and the one-line gauge of everything that runs.
//!
//! Figures keep their columns, so that progress changes few cells: bytes per frame are what SSH pays for.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Block;

use super::message::Effect;
use super::text;
use super::theme::Theme;
use super::units::Units;
use crate::action::Action;
use crate::sanitize::display_safe;
use crate::transfer::{Snapshot, State, TransferId, TransferView, Verb, Verified};

/// Rows of a transfer: what and where, and how far.
const ROWS: u16 = 2;
/// Rows that the details take at most.
const DETAILS: u16 = 10;
/// Cells of a gauge in a row of `width` cells: it gives way to the figures.
fn gauge_width(width: u16) -> u16 {
    if width < 100 { 10 } else { 20 }
}

/// The panel's own state; the figures are the engine's.
#[derive(Debug, Default)]
pub(crate) struct TransfersPanel {
    cursor: usize,
}

impl TransfersPanel {
    /// An action of `Screen::Transfers` on the transfer under the cursor.
    pub(crate) fn on_action(&mut self, action: Action, snapshot: &Snapshot) -> Vec<Effect> {
        let last = snapshot.transfers.len().saturating_sub(1);
        self.cursor = self.cursor.min(last);
        match action {
            Action::TransferUp => self.cursor = self.cursor.saturating_sub(1),
            Action::TransferDown => self.cursor = (self.cursor + 1).min(last),
            Action::TransferForget => return vec![Effect::ForgetFinished],
            Action::TransferFailures => {
                let transfer = snapshot.transfers.get(self.cursor);
                let failed = transfer.filter(|transfer| !transfer.errors.is_empty());
                return failed.map(|transfer| Effect::Failures(transfer.id)).into_iter().collect();
            }
            _ => {}
        }
        let Some(transfer) = snapshot.transfers.get(self.cursor) else { return Vec::new() };
        let (id, state) = (transfer.id, transfer.state);
        match action {
            Action::TransferPause if state == State::Paused => vec![Effect::Resume(id)],
            Action::TransferPause if !state.is_over() => vec![Effect::Pause(id)],
            Action::TransferCancel if !state.is_over() => vec![Effect::CancelTransfer(id)],
            Action::TransferUrgent if !state.is_over() => vec![Effect::Prioritize(id, 1)],
            Action::TransferLessUrgent if !state.is_over() => vec![Effect::Prioritize(id, -1)],
            Action::TransferRetry if transfer.failed > 0 => vec![Effect::Retry(id, None)],
            _ => Vec::new(),
        }
    }

    /// The one under the cursor, if it is not over.
    pub(crate) fn current(&self, snapshot: &Snapshot) -> Option<TransferId> {
        let transfer = snapshot.transfers.get(self.cursor)?;
        (!transfer.state.is_over()).then_some(transfer.id)
    }

    /// Every transfer with gauge, bytes, rate, time left and failures; details of the one under the cursor.
    pub(crate) fn draw(&self, snapshot: &Snapshot, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let area = area.intersection(frame.area());
        if area.is_empty() {
            return;
        }
        let block = Block::bordered()
            .border_set(theme.border())
            .border_style(theme.focused)
            .title(Span::styled(" Transfers ", theme.focused));
        let room = if area.width > 2 && area.height > 2 { block.inner(area) } else { area };
        if room != area {
            frame.render_widget(block, area);
        }
        if snapshot.transfers.is_empty() {
            frame.render_widget(Line::styled("Nothing was transferred yet.", theme.dim), row(room, 0));
            return;
        }
        let cursor = self.cursor.min(snapshot.transfers.len() - 1);
        let selected = &snapshot.transfers[cursor];
        let details = details(selected, room.width, theme);
        let wanted = u16::try_from(details.len()).unwrap_or(DETAILS).min(DETAILS);
        // The list comes first: at least one transfer, and details only where both fit.
        let below = wanted.min(room.height.saturating_sub(ROWS * 2 + 1));
        let above = room.height - if below > 0 { below + 1 } else { 0 };
        draw_list(snapshot, cursor, frame, Rect { height: above, ..room }, theme);
        if below > 0 {
            let rule = if theme.ascii { "-" } else { "─" }.repeat(usize::from(room.width));
            frame.render_widget(Line::styled(rule, theme.unfocused), row(room, above));
            for (index, line) in (0..below).zip(details) {
                frame.render_widget(line, row(room, above + 1 + index));
            }
        }
    }
}

/// One line: overall gauge, bytes, rate, time left, failures. Draws nothing when nothing runs.
pub(crate) fn draw_gauge(snapshot: &Snapshot, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
    if !snapshot.is_busy() {
        return;
    }
    let area = area.intersection(frame.area());
    let states = || snapshot.transfers.iter().map(|transfer| transfer.state).filter(|state| !state.is_over());
    let paused = states().filter(|state| *state == State::Paused).count();
    let running = states().count() - paused;
    let words = if running > 0 { format!("{running} running ") } else { format!("{paused} paused ") };
    let mut spans = vec![Span::styled(words, theme.text)];
    spans.extend(theme.bar(gauge_width(area.width), snapshot.bytes_done, snapshot.bytes));
    spans.push(Span::styled(percent(snapshot.bytes_done, snapshot.bytes), theme.text));
    spans.push(Span::styled(amounts(snapshot.bytes_done, snapshot.bytes, &theme.units), theme.text));
    if snapshot.failed > 0 {
        spans.push(Span::styled(format!(" {} failed", snapshot.failed), theme.error));
    }
    if snapshot.transfers.iter().any(|transfer| transfer.state == State::Asking) {
        spans.push(Span::styled(" asking", theme.warning));
    }
    if running > 0 {
        spans.push(Span::styled(pace(snapshot.rate, snapshot.eta, &theme.units), theme.dim));
    }
    frame.render_widget(Line::from(spans), row(area, 0));
}

fn draw_list(snapshot: &Snapshot, cursor: usize, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
    let page = usize::from((area.height / ROWS).max(1));
    let len = snapshot.transfers.len();
    let top = cursor.saturating_sub(page / 2).min(len.saturating_sub(page));
    let seen = snapshot.transfers.iter().enumerate().skip(top).take(page);
    for (y, (index, transfer)) in (0..).step_by(usize::from(ROWS)).zip(seen) {
        let width = usize::from(area.width);
        let style = if index == cursor { theme.cursor } else { theme.text };
        frame.render_widget(heading(transfer, width, style, theme), row(area, y));
        if index == cursor && y < area.height {
            // Screen readers read there.
            frame.set_cursor_position(row(area, y).as_position());
        }
        frame.render_widget(figures(transfer, area.width, theme), row(area, y + 1));
    }
}

/// What and where: `copying  work:media/2026/ → /home/ada/2026`.
fn heading(transfer: &TransferView, width: usize, style: Style, theme: &Theme) -> Line<'static> {
    let more = match transfer.items {
        0 | 1 => String::new(),
        items => format!(" and {} more", items - 1),
    };
    let arrow = theme.arrow();
    let urgency = match transfer.priority {
        0 => String::new(),
        _ if transfer.state.is_over() => String::new(),
        priority => format!(" {priority:+}"),
    };
    let word = format!("{:<12}", format!("{}{urgency}", state_word(transfer)));
    let room = width.saturating_sub(text::width(&word) + text::width(&more) + text::width(arrow) + 2);
    let from = text::clip_middle(&transfer.from.to_string(), room.div_ceil(2), theme.ellipsis());
    let to = text::clip_middle(&transfer.to.to_string(), room - room.div_ceil(2), theme.ellipsis());
    let line = format!("{word}{from}{more} {arrow} {to}");
    let pad = " ".repeat(width.saturating_sub(text::width(&line)));
    Line::styled(line + &pad, style)
}

fn state_word(transfer: &TransferView) -> &'static str {
    match (transfer.state, transfer.verb) {
        (State::Running, _) if transfer.planning && transfer.files == 0 => "looking",
        (State::Running, Verb::Copy) => "copying",
        (State::Running, Verb::Move) => "moving",
        (State::Paused, _) => "paused",
        (State::Asking, _) => "asking",
        (State::Done, _) => "done",
        (State::Failed, _) => "failed",
        (State::Cancelled, _) => "cancelled",
    }
}

/// How far: gauge, bytes, rate, time left, files, failures.
fn figures(transfer: &TransferView, width: u16, theme: &Theme) -> Line<'static> {
    let mut spans = vec![Span::raw("  ")];
    spans.extend(theme.bar(gauge_width(width), transfer.bytes_done, transfer.bytes));
    spans.push(Span::styled(percent(transfer.bytes_done, transfer.bytes), theme.text));
    spans.push(Span::styled(amounts(transfer.bytes_done, transfer.bytes, &theme.units), theme.text));
    if !transfer.state.is_over() {
        spans.push(Span::styled(pace(transfer.rate, transfer.eta, &theme.units), theme.dim));
    }
    let more = if transfer.planning { "+" } else { "" };
    let files = format!("  {}/{}{more} files", transfer.files_over, transfer.files);
    // What failed goes before what is merely many: the line may be cut.
    if transfer.failed > 0 {
        spans.push(Span::styled(format!("  {} failed", transfer.failed), theme.error));
    }
    spans.push(Span::styled(files, theme.dim));
    if transfer.skipped > 0 {
        spans.push(Span::styled(format!("  {} skipped", transfer.skipped), theme.dim));
    }
    Line::from(spans)
}

/// The files in flight and the first failures with their hints.
fn details(transfer: &TransferView, cells: u16, theme: &Theme) -> Vec<Line<'static>> {
    let (width, gauge) = (usize::from(cells), gauge_width(cells));
    let mut lines = Vec::new();
    if let Some(why) = &transfer.waits {
        let text = text::clip(&why.text(), width, theme.ellipsis());
        lines.push(Line::styled(text, theme.warning));
    }
    if let Some(limit) = transfer.limit.filter(|_| !transfer.state.is_over()) {
        lines.push(Line::styled(format!("limited to {}", theme.units.rate(limit)), theme.text));
    }
    lines.extend(proofs(transfer, theme).map(|text| Line::styled(text, theme.dim)));
    for error in &transfer.errors {
        lines.push(Line::styled(text::clip(&error.message(), width, theme.ellipsis()), theme.error));
        if let Some(hint) = error.hint() {
            let hint = text::clip(&hint, width.saturating_sub(2), theme.ellipsis());
            lines.push(Line::styled(format!("  {hint}"), theme.dim));
        }
    }
    let told = transfer.errors.len() as u64;
    if transfer.failed > told {
        let more = format!("and {} more failures", transfer.failed - told);
        lines.push(Line::styled(more, theme.error));
    }
    for (name, done, total) in &transfer.current {
        let room = width.saturating_sub(usize::from(gauge) + 6);
        let name = text::clip_middle(&display_safe(name), room, theme.ellipsis());
        let pad = " ".repeat(room.saturating_sub(text::width(&name)) + 1);
        let mut spans = vec![Span::styled(name, theme.text), Span::raw(pad)];
        spans.extend(theme.bar(gauge, *done, *total));
        spans.push(Span::styled(percent(*done, *total), theme.dim));
        lines.push(Line::from(spans));
    }
    lines
}

/// How its files were verified, and what an earlier run had moved.
fn proofs(transfer: &TransferView, theme: &Theme) -> Option<String> {
    let mut words: Vec<String> = transfer
        .verified
        .iter()
        .map(|(verified, files)| match verified {
            Verified::No => format!("{files} not verified"),
            Verified::Size => format!("{files} by size"),
            by => format!("{files} by {}", by.name()),
        })
        .collect();
    if transfer.bytes_resumed > 0 {
        words.push(format!("{} were there from before", theme.units.size(transfer.bytes_resumed)));
    }
    (!words.is_empty()).then(|| format!("verified: {}", words.join(", ")))
}

/// ` 45%`, always as wide; 100 only when all is done, and nothing of nothing is no figure.
fn percent(done: u64, total: u64) -> String {
    match (u128::from(done.min(total)) * 100).checked_div(u128::from(total)) {
        Some(percent) => format!(" {percent:>3}%"),
        None => " ".repeat(5),
    }
}

fn amounts(done: u64, total: u64, units: &Units) -> String {
    // Nearly all sizes are narrower than the widest: room is short here.
    let cells = units.width() - 1;
    format!(" {:>cells$} of {:<cells$}", units.size(done), units.size(total))
}

fn pace(rate: u64, left: Option<Duration>, units: &Units) -> String {
    let left = left.map(|left| format!("{} left", text::time_left(left))).unwrap_or_default();
    let cells = units.width().min(10) + 1;
    format!(" {:>cells$}  {left:<12}", units.rate(rate))
}

/// The `index`th row of `area`, empty below its end.
fn row(area: Rect, index: u16) -> Rect {
    let y = area.y.saturating_add(index).min(area.bottom());
    Rect { y, height: u16::from(y < area.bottom()), ..area }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::error::{Error, Kind};
    use crate::location::{Location, Remote};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::buffer::Buffer;

    pub(crate) fn transfer(id: u64, state: State) -> TransferView {
        let remote =
            Remote { profile: "work".into(), bucket: "media".into(), key: "2026/\u{202e}photos/".into() };
        TransferView {
            id: TransferId(id),
            verb: Verb::Copy,
            from: Location::Remote(remote),
            to: Location::Local("/home/ada/pictures".into()),
            items: 3,
            state,
            planning: false,
            files: 40,
            files_over: 12,
            failed: u64::from(state == State::Failed),
            skipped: 2,
            bytes: 3_400_000_000,
            bytes_done: 1_200_000_000,
            rate: 34_000_000,
            eta: Some(Duration::from_secs(65)),
            current: vec![("a/cat\u{1b}[2J.jpg".into(), 50, 100), ("日本語.mp4".into(), 0, 0)],
            errors: match state {
                State::Failed => {
                    vec![Error::new(Kind::Denied, "GetObject work:media/x: denied").with_hint("ask")]
                }
                _ => Vec::new(),
            },
            waits: None,
            priority: 0,
            limit: None,
            bytes_resumed: 0,
            likeness: None,
            verified: Vec::new(),
        }
    }

    fn snapshot() -> Snapshot {
        let states =
            [State::Running, State::Paused, State::Asking, State::Done, State::Failed, State::Cancelled];
        let transfers = (1..).zip(states).map(|(id, state)| transfer(id, state)).collect();
        Snapshot {
            transfers,
            bytes: 10_200_000_000,
            bytes_done: 3_600_000_000,
            rate: 34_000_000,
            eta: Some(Duration::from_secs(3700)),
            failed: 1,
        }
    }

    fn draw(panel: &TransfersPanel, snapshot: &Snapshot, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal
            .draw(|frame| {
                let area = frame.area();
                let above = Rect { height: area.height.saturating_sub(1), ..area };
                panel.draw(snapshot, frame, above, &Theme::plain());
                draw_gauge(snapshot, frame, row(area, above.height), &Theme::plain());
            })
            .unwrap();
        terminal.backend().buffer().clone()
    }

    fn text_of(buffer: &Buffer) -> String {
        let width = usize::from(buffer.area.width).max(1);
        let rows = buffer
            .content
            .chunks(width)
            .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>());
        rows.map(|row| row.trim_end().to_owned() + "\n").collect()
    }

    #[test]
    fn the_panel_looks_right() {
        let panel = TransfersPanel { cursor: 4 };
        insta::assert_snapshot!("panel_80x24", text_of(&draw(&panel, &snapshot(), 80, 24)));
        insta::assert_snapshot!("panel_120x30", text_of(&draw(&panel, &snapshot(), 120, 30)));
    }

    #[test]
    fn no_size_is_too_small() {
        for cursor in [0, 5, 99] {
            for (width, height) in (0..40).flat_map(|width| (0..12).map(move |height| (width, height))) {
                let shown = text_of(&draw(&TransfersPanel { cursor }, &snapshot(), width, height));
                assert!(!shown.contains('\u{202e}'));
            }
        }
    }

    #[test]
    fn progress_changes_few_cells() {
        let (panel, mut later) = (TransfersPanel::default(), snapshot());
        let before = draw(&panel, &later, 120, 30);
        later.bytes_done += 90_000_000;
        later.eta = Some(Duration::from_secs(3690));
        later.transfers[0].bytes_done += 90_000_000;
        later.transfers[0].eta = Some(Duration::from_secs(62));
        later.transfers[0].current[0].1 = 57;
        let changed = before.diff(&draw(&panel, &later, 120, 30)).len();
        assert!((1..30).contains(&changed), "{changed} cells");
    }

    #[test]
    fn nothing_running_draws_no_gauge() {
        let idle = Snapshot { transfers: vec![transfer(1, State::Done)], ..Snapshot::default() };
        let buffer = draw(&TransfersPanel::default(), &idle, 80, 10);
        assert_eq!(text_of(&buffer).lines().last(), Some(""));
    }

    #[test]
    fn what_is_paused_does_not_run_and_a_limit_is_told_in_full_where_it_is_narrow() {
        let mut slow = transfer(1, State::Paused);
        (slow.limit, slow.priority) = (Some(204_800), 2);
        let bytes = (slow.bytes_done, slow.bytes, slow.rate);
        let transfers = vec![slow];
        let snapshot =
            Snapshot { transfers, bytes_done: bytes.0, bytes: bytes.1, rate: bytes.2, ..Snapshot::default() };
        let shown = text_of(&draw(&TransfersPanel::default(), &snapshot, 80, 14));
        let gauge = shown.lines().last().unwrap();
        assert!(gauge.starts_with("1 paused ") && !gauge.contains("/s"), "{shown}");
        assert!(
            shown.contains("limited to 204.8 kB/s")
                && shown.contains("paused +2 ")
                && shown.contains("12/40 files"),
            "{shown}"
        );
    }

    #[test]
    fn keys_act_on_the_transfer_under_the_cursor() {
        let snapshot = snapshot();
        let effect = |cursor: usize, action| {
            let effects = TransfersPanel { cursor }.on_action(action, &snapshot);
            format!("{effects:?}")
        };
        assert_eq!(effect(0, Action::TransferPause), "[Pause(TransferId(1))]");
        assert_eq!(effect(1, Action::TransferPause), "[Resume(TransferId(2))]");
        assert_eq!(effect(2, Action::TransferCancel), "[CancelTransfer(TransferId(3))]");
        assert_eq!(effect(4, Action::TransferRetry), "[Retry(TransferId(5), None)]");
        assert_eq!(effect(4, Action::TransferFailures), "[Failures(TransferId(5))]");
        let mut failing = snapshot.clone();
        failing.transfers[0].failed = 1;
        let retried = TransfersPanel { cursor: 0 }.on_action(Action::TransferRetry, &failing);
        assert!(matches!(&retried[..], [Effect::Retry(TransferId(1), None)]), "while it runs");
        for nothing in [
            effect(0, Action::TransferFailures),
            effect(3, Action::TransferPause),
            effect(3, Action::TransferRetry),
            effect(5, Action::TransferCancel),
        ] {
            assert_eq!(nothing, "[]");
        }
        assert_eq!(effect(99, Action::TransferPause), "[]", "the cursor clamps to the last, which is over");
    }

    #[test]
    fn an_empty_list_is_survived() {
        let mut panel = TransfersPanel { cursor: 3 };
        assert!(panel.on_action(Action::TransferDown, &Snapshot::default()).is_empty());
        assert!(
            text_of(&draw(&panel, &Snapshot::default(), 80, 10)).contains("Nothing was transferred yet.")
        );
    }
}
