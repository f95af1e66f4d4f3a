//! A question with consequences. No is chosen at first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::super::units::Units;
use super::window::{self, Scroll};
use super::{Chosen, Decision, Given, Hint, Outcome};
use crate::action::Action;
use crate::location::Location;
use crate::s3::Version;
use crate::sanitize::display_safe;
use crate::walk::Target;

/// Cells that the question wants.
const WIDTH: u16 = 60;
/// Uploads that are named.
const NAMED: usize = 100;

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::ConfirmYes], "yes"),
    (&[Action::ConfirmNo], "no"),
    (&[Action::DialogNextButton], "other"),
    (&[Action::DialogAccept], "ok"),
];

/// The dialog.
#[derive(Debug)]
pub(crate) struct Confirm {
    title: &'static str,
    lines: Vec<String>,
    yes: bool,
    decision: Decision,
    scroll: Scroll,
}

impl Confirm {
    pub(super) fn delete(targets: Vec<Target>, what: &str, how_much: &str) -> Self {
        let mut lines = vec![format!("Delete {}?", display_safe(what)), how_much.to_owned(), String::new()];
        lines.extend(targets.iter().map(|target| target.location.to_string()));
        Self::new("Delete", lines, Decision::Delete(targets))
    }

    /// The question whether these are to be deleted, and what a yes means.
    pub(super) fn versions(versions: &[Version]) -> (Vec<String>, Decision) {
        let count = text::thousands(versions.len());
        let newest = versions.iter().filter(|version| version.latest && version.object.is_some()).count();
        let noun = if versions.len() == 1 { "version" } else { "versions" };
        let mut lines = vec![format!("Delete {count} {noun} for good?")];
        if newest > 0 {
            lines
                .push(format!("{} of them the newest: what is below it shows then", text::thousands(newest)));
        }
        lines.push(String::new());
        let named = versions.iter().take(NAMED);
        lines.extend(named.map(|one| format!("{} {}", display_safe(&one.key), display_safe(&one.id))));
        let ids = versions.iter().map(Version::object_id).collect();
        (lines, Decision::DeleteVersions(ids))
    }

    /// What it does cannot be taken back.
    pub(super) fn end(given: Given) -> Self {
        let lines = vec![format!("{}: {}?", given.sort.end(), display_safe(&given.what))];
        Self::new("End", lines, Decision::EndGiven(given))
    }

    pub(super) fn abort(place: &Location, chosen: Chosen, busy: bool, units: &Units) -> Self {
        let Chosen { uploads, held, unknown } = chosen;
        let count = |number: usize, one: &str| {
            format!("{} {one}{}", text::thousands(number), if number == 1 { "" } else { "s" })
        };
        let parts = count(usize::try_from(held.parts).unwrap_or(usize::MAX), "part");
        let mut lines = vec![
            format!("Abort {}?", count(uploads.len(), "unfinished upload")),
            format!("{parts}, {}, would have to be sent again", units.size(held.bytes)),
        ];
        if unknown > 0 {
            lines.push(format!("(not counting {} that could not be measured)", text::thousands(unknown)));
        }
        if busy {
            lines.push("Transfers are running: their uploads are unfinished too.".to_owned());
        }
        lines.push(String::new());
        let profile = place.profile().unwrap_or_default();
        lines.extend(uploads.iter().take(NAMED).map(|(_, upload)| {
            format!("{profile}:{}/{}", display_safe(&upload.bucket), display_safe(&upload.key))
        }));
        if uploads.len() > NAMED {
            lines.push(format!("and {} more", text::thousands(uploads.len() - NAMED)));
        }
        Self::new("Abort", lines, Decision::AbortUploads(uploads))
    }

    pub(super) fn quit(running: usize) -> Self {
        let question = match running {
            0 => "Quit twinpail?".to_owned(),
            1 => "A transfer is running. Quit?".to_owned(),
            _ => format!("{running} transfers are running. Quit?"),
        };
        let mut lines = vec![question];
        if running > 0 {
            lines.push("What has arrived is kept; the next start offers to go on.".to_owned());
        }
        Self::new("Quit", lines, Decision::Quit)
    }

    pub(super) fn new(title: &'static str, lines: Vec<String>, decision: Decision) -> Self {
        let lines = lines.into_iter().map(|line| display_safe(&line).into_owned()).collect();
        Self { title, lines, yes: false, decision, scroll: Scroll::default() }
    }

    /// Says below the question what it is not about.
    pub(super) fn leave_out(&mut self, words: &str) {
        self.lines.insert(1.min(self.lines.len()), display_safe(words).into_owned());
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        match action {
            Action::ConfirmYes => return Outcome::Decide(self.decision.clone()),
            Action::DialogAccept if self.yes => return Outcome::Decide(self.decision.clone()),
            Action::ConfirmNo | Action::DialogAccept => return Outcome::Close(None),
            Action::DialogNextButton | Action::DialogPreviousButton => self.yes = !self.yes,
            _ => self.scroll.on_action(action),
        }
        Outcome::Stay
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = window::content_width(area, WIDTH);
        let lines: Vec<Line<'_>> = self
            .lines
            .iter()
            .flat_map(|line| text::wrap(line, usize::from(width)))
            .map(|line| Line::styled(line, theme.text))
            .collect();
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(12).saturating_add(2);
        let room = window::open(frame, area, theme, self.title, (width, height));
        // The buttons stay when room is short: they are what must be seen.
        let text = Rect { height: room.height.saturating_sub(if room.height > 3 { 2 } else { 1 }), ..room };
        self.scroll.draw(frame, text, theme, &lines);
        let last = window::row(room, room.height.saturating_sub(1));
        window::buttons(frame, last, theme, ["No", "Yes"].into_iter(), usize::from(self.yes));
    }
}
