//! Where everything goes on the screen, and in which order it is drawn. Changes nothing.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::dialog::{Dialog, Pending, Unseen};
use super::message::PaneId;
use super::pane::{self, Look};
use super::state::{Deletion, State, Tone};
use super::{text, transfers};
use crate::action::Action;
use crate::sanitize::display_safe;

/// The smallest screen that is of use.
const MIN: (u16, u16) = (40, 8);
/// Narrower screens show one pane at a time.
const TWO_PANES: u16 = 60;
/// Lower screens show the transfers instead of the panes.
const WITH_PANEL: u16 = 20;
/// Rows that a long notice may take.
const NOTICE: usize = 3;

/// The places of everything.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    panes: [Option<Rect>; 2],
    panel: Option<Rect>,
    gauge: Option<Rect>,
    notice: Rect,
    hints: Rect,
}

fn layout(state: &State, area: Rect) -> Option<Layout> {
    if area.width < MIN.0 || area.height < MIN.1 {
        return None;
    }
    let row = |y: u16| Rect { y, height: 1, ..area };
    let hints = row(area.bottom() - 1);
    let lines = u16::try_from(notice(state, area.width).len()).unwrap_or(1).max(1);
    let notice = Rect { y: hints.y - lines, height: lines, ..area };
    let gauge = (state.snapshot.is_busy()).then(|| row(notice.y - 1));
    let above = Rect { height: gauge.map_or(notice.y, |gauge| gauge.y) - area.y, ..area };
    let (top, panel) = match state.panel {
        false => (above, None),
        true if area.height < WITH_PANEL => (Rect { height: 0, ..above }, Some(above)),
        true => {
            let height = above.height - above.height / 2;
            let top = Rect { height: above.height - height, ..above };
            (top, Some(Rect { y: top.bottom(), height, ..above }))
        }
    };
    let sides = if top.height == 0 {
        [None, None]
    } else if top.width < TWO_PANES {
        [PaneId::Left, PaneId::Right].map(|id| (id == state.focus).then_some(top))
    } else {
        let left = Rect { width: top.width / 2, ..top };
        [Some(left), Some(Rect { x: left.right(), width: top.width - left.width, ..top })]
    };
    Some(Layout { panes: sides, panel, gauge, notice, hints })
}

/// Rows of entries that a pane shows on a screen of the state's size.
pub(super) fn rows(state: &State) -> usize {
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let layout = layout(state, area);
    let pane = layout.and_then(|layout| layout.panes.into_iter().flatten().next());
    pane.map_or(1, |pane| usize::from(pane.height.saturating_sub(2)).max(1))
}

/// The dialog on top, if it is drawn and has not been seen yet.
pub(super) fn unseen(state: &State) -> Option<Unseen> {
    layout(state, Rect::new(0, 0, state.size.0, state.size.1))?;
    state.dialogs.unseen()
}

/// The pane at a cell, and its row there if that is one.
pub(super) fn pane_at(state: &State, column: u16, row: u16) -> Option<(PaneId, Option<usize>)> {
    let layout = layout(state, Rect::new(0, 0, state.size.0, state.size.1))?;
    let panes = [PaneId::Left, PaneId::Right].into_iter().zip(layout.panes);
    let (id, place) = panes
        .filter_map(|(id, place)| place.map(|place| (id, place)))
        .find(|(_, place)| place.contains(ratatui::layout::Position { x: column, y: row }))?;
    let pane = state.pane(id);
    let inside = row > place.y && row + 1 < place.bottom();
    let at = pane.top + usize::from(row.saturating_sub(place.y + 1));
    Some((id, Some(at).filter(|at| inside && *at < pane.listing.rows())))
}

/// Draws everything.
pub(super) fn draw(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    let theme = &state.theme;
    let Some(layout) = layout(state, area) else {
        let lines = text::wrap("twinpail needs 40 columns and 8 rows", usize::from(area.width));
        for (y, line) in (area.y..area.bottom()).zip(lines) {
            frame.render_widget(Line::raw(line), Rect { y, height: 1, ..area });
        }
        return;
    };
    for (id, place) in [PaneId::Left, PaneId::Right].into_iter().zip(layout.panes) {
        if let Some(place) = place {
            draw_pane(state, id, frame, place);
        }
    }
    if let Some(panel) = layout.panel {
        state.transfers.draw(&state.snapshot, frame, panel, theme);
    }
    if let Some(gauge) = layout.gauge {
        transfers::draw_gauge(&state.snapshot, frame, gauge, theme);
    }
    for (y, line) in (layout.notice.y..layout.notice.bottom()).zip(notice(state, area.width)) {
        let style = match state.notice.as_ref().map(|notice| notice.tone) {
            Some(Tone::Error) => theme.error,
            Some(Tone::Warning) => theme.warning,
            None if state.left_out.is_some() => theme.warning,
            _ => theme.text,
        };
        frame.render_widget(Line::styled(line, style), Rect { y, height: 1, ..area });
    }
    frame.render_widget(hints(state, usize::from(area.width)), layout.hints);
    // What is said stays in sight beside a dialog, except where a line is typed in its place.
    let typed_there = state.dialogs.last().is_some_and(Dialog::is_live);
    let said = state.notice.is_some() && !typed_there;
    let below = if said { layout.notice.y } else { layout.hints.y };
    let above_hints = Rect { height: below - area.y, ..area };
    for dialog in state.dialogs.iter() {
        dialog.draw(frame, above_hints, theme);
    }
}

fn draw_pane(state: &State, id: PaneId, frame: &mut Frame<'_>, area: Rect) {
    let pane = state.pane(id);
    let profile = state.profile(&pane.location);
    let look = Look {
        theme: &state.theme,
        focused: id == state.focus && !state.panel,
        has_cursor: state.dialogs.is_empty(),
        color: profile.and_then(|profile| profile.color),
        read_only: profile.is_some_and(|profile| profile.read_only),
        columns: &state.columns,
        home: state.home.as_deref(),
        refresh: state.config.keys.label(Action::Refresh),
        cancel: state.config.keys.label(Action::Cancel),
        bottom: state.config.keys.label(Action::Bottom),
    };
    pane::draw(pane, frame, area, &look);
}

/// The notice, or else what is going on.
fn notice(state: &State, width: u16) -> Vec<String> {
    let esc = || state.config.keys.label(Action::Cancel);
    let (doing, _) = state.job.words();
    let text = if let Some(notice) = &state.notice {
        display_safe(&notice.text).into_owned()
    } else if let Some(left_out) = state.left_out.as_ref().filter(|_| !state.dialogs.is_empty()) {
        left_out.clone()
    } else {
        match state.deletion {
            _ if state.dialogs.pending().is_some() => {
                let doing = state.dialogs.pending().map(Pending::words).unwrap_or_default();
                format!("{doing}... (Esc closes this, and it goes on)")
            }
            Some(Deletion::Deleting(count)) => format!("{doing}: {count} so far ({} stops)", esc()),
            None if state.comparing.is_some() => return Vec::new(),
            None if state.signing => format!("signing... ({} stops)", esc()),
            None if state.editing.is_some() => format!("fetching it for the editor... ({} stops)", esc()),
            None if state.saving > 0 => "writing it back...".to_owned(),
            None if state.asked.is_some() => format!("asking for properties... ({} stops)", esc()),
            // Dialogs tell of what is counted and compared.
            Some(Deletion::Counting) | None => return Vec::new(),
        }
    };
    let mut lines = text::wrap(&text, usize::from(width));
    if lines.len() > NOTICE {
        let rest = lines.split_off(NOTICE - 1).concat();
        lines.push(text::clip(&rest, usize::from(width), state.theme.ellipsis()));
    }
    lines
}

/// The keys that matter now.
fn hints(state: &State, width: usize) -> Line<'static> {
    let theme = &state.theme;
    let keys = &state.config.keys;
    let of = |actions: &[(Action, &'static str)]| {
        actions.iter().map(|(action, word)| (keys.label(*action), *word)).collect::<Vec<_>>()
    };
    let hints = match state.dialogs.last() {
        // Until it has been seen nothing but Esc is taken; what that does, the last hint says.
        Some(dialog) if state.dialogs.unseen().is_some() => {
            dialog.hints(keys).pop().map(|(_, word)| ("Esc".to_owned(), word)).into_iter().collect()
        }
        Some(dialog) => dialog.hints(keys),
        None if state.dialogs.unseen().is_some() => Vec::new(),
        None if state.panel => of(&[
            (Action::TransferPause, "pause"),
            (Action::TransferCancel, "cancel"),
            (Action::TransferRetry, "retry"),
            (Action::TransferForget, "clear"),
            (Action::TransferClose, "close"),
            (Action::Help, "help"),
            (Action::TransferFailures, "failures"),
            (Action::TransferLimit, "limit"),
            (Action::TransferUrgent, "more urgent"),
            (Action::TransferLessUrgent, "less urgent"),
        ]),
        None if state.here().search.is_some() => of(&[
            (Action::Open, "go there"),
            (Action::View, "view"),
            (Action::Mark, "mark"),
            (Action::Copy, "copy"),
            (Action::Move, "move"),
            (Action::Delete, "delete"),
            (Action::Parent, "back"),
            (Action::Help, "help"),
        ]),
        None => of(&[
            (Action::Help, "help"),
            (Action::CopyLink, "link"),
            (Action::Copy, "copy"),
            (Action::Move, "move"),
            (Action::Delete, "delete"),
            (Action::Filter, "filter"),
            (Action::Transfers, "transfers"),
            (Action::Quit, "quit"),
            (Action::Mark, "mark"),
            (Action::New, "new"),
            (Action::PickProfile, "profile"),
        ]),
    };
    let mut hints: Vec<_> = hints.into_iter().filter(|(key, _)| !key.is_empty()).collect();
    let needed = |(key, word): &(String, &str)| text::width(key) + text::width(word) + 3;
    // Where room is short the last one of a dialog stays, which is the way out.
    let goes = if state.dialogs.is_empty() { 1 } else { 2 };
    while hints.len() > 1 && hints.iter().map(needed).sum::<usize>() > width + 2 {
        hints.remove(hints.len() - goes);
    }
    let mut spans = Vec::new();
    for (key, word) in hints {
        spans.push(Span::styled(key, theme.key));
        spans.push(Span::styled(format!(" {word}  "), theme.dim));
    }
    Line::from(spans)
}
