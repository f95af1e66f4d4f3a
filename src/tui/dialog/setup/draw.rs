//! How the form of a new profile looks.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::super::text;
use super::super::super::theme::Theme;
use super::super::masked::Masked;
use super::super::{Hint, window};
use super::{Keys, ProfileForm, Row, Told, Wish};
use crate::action::Action;
use crate::config::{Asks, Stored};
use crate::sanitize::display_safe;

/// Cells that it wants, and that the labels take.
const WIDTH: u16 = 74;
const LABELS: u16 = 14;
/// Rows for what came of it.
const WORDS: u16 = 5;

/// For the status line.
const SAVE: Hint = (&[Action::FormAccept], "test and save");
const TEST: Hint = (&[Action::FormTest], "test");
const NEXT: Hint = (&[Action::FormNext], "next");

impl ProfileForm {
    pub(in crate::tui::dialog) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let rows = self.rows();
        let count = u16::try_from(rows.len()).unwrap_or(0);
        let head = u16::from(!self.several.is_empty());
        let title = if self.several.is_empty() { "New profile" } else { "Import profiles" };
        let room = window::open(frame, area, theme, title, (WIDTH, head + count + 1 + WORDS));
        // In a box too low for everything the row with the keyboard is the one that must be seen.
        let head = head.min(room.height.saturating_sub(1));
        if head > 0 {
            let names: Vec<&str> = self.several.iter().map(|profile| profile.name.as_str()).collect();
            let names = format!("{}: {}", names.len(), display_safe(&names.join(", ")));
            let names = text::clip(&names, usize::from(room.width), theme.ellipsis());
            frame.render_widget(Line::styled(names, theme.text), window::row(room, 0));
        }
        let (style, said) = self.words(theme);
        let width = usize::from(room.width);
        let said: Vec<String> = said.iter().flat_map(|said| text::wrap(said, width)).collect();
        let words =
            u16::try_from(said.len()).unwrap_or(WORDS).min(WORDS).min(room.height.saturating_sub(head + 2));
        let page = room.height.saturating_sub(head + words + u16::from(words > 0)).min(count);
        let list = Rect { y: room.y + head, height: page, ..room };
        let focus = self.focus.min(rows.len() - 1);
        let top = window::list_top(focus, rows.len(), usize::from(page));
        let seen = rows.iter().enumerate().skip(top).take(usize::from(page));
        for (line, (index, row)) in (0..).zip(seen) {
            self.draw_row(frame, window::row(list, line), theme, *row, index == focus);
        }
        window::more(frame, list, theme, top > 0, top + usize::from(page) < rows.len());
        draw_words(
            frame,
            Rect { y: (list.bottom() + 1).min(room.bottom()), height: words, ..room },
            theme,
            style,
            said,
        );
    }

    /// What came of it so far; for a failure what, where and why, then what to do about it.
    fn words(&self, theme: &Theme) -> (Style, Vec<String>) {
        let (style, words) = match &self.told {
            Told::Nothing if self.several.is_empty() => {
                (theme.dim, "It is saved once a connection works.".to_owned())
            }
            Told::Nothing => (theme.dim, "Each of them is tried; those that work are saved.".to_owned()),
            Told::Fault(fault) => (theme.warning, fault.clone()),
            Told::Busy(Wish::SaveUntested) => (theme.text, "saving... (Esc stops)".to_owned()),
            Told::Busy(_) => (theme.text, "asking the provider... (Esc stops)".to_owned()),
            Told::Stopped => (theme.text, "Stopped; nothing was saved.".to_owned()),
            Told::Works(words) => (theme.text, format!("{words}. It is not saved yet.")),
            Told::Failed(wish, error) => {
                let what = if *wish == Wish::Test { "Does not work" } else { "Not saved" };
                let hint = error.hint();
                let way = (*wish == Wish::Save).then(|| "It can be saved untested.".to_owned());
                let words = [Some(format!("{what}: {}", error.message())), hint, way];
                return (theme.error, words.into_iter().flatten().collect());
            }
        };
        (style, vec![words])
    }

    fn label(&self, row: Row) -> (&'static str, &'static str) {
        let is_aws = self.preset_of().name == "aws";
        match row {
            Row::Provider => ("Provider", ""),
            Row::Name => ("Name", "locations begin with it: NAME:BUCKET/KEY"),
            Row::Account => ("Account", "the account's id"),
            Row::Region if is_aws => ("Region", "that of the AWS files"),
            Row::Region => ("Region", "like eu-central-1"),
            Row::Endpoint if is_aws => ("Endpoint", "AWS's own"),
            Row::Endpoint => ("Endpoint", "https://... or http://127.0.0.1:9000"),
            Row::Bucket => ("Bucket", "only where the keys may not list buckets"),
            Row::Keys if self.several.is_empty() => ("Keys", ""),
            Row::Keys => ("Secrets", ""),
            Row::AwsProfile if is_aws => ("AWS profile", "whatever the AWS tools would take"),
            Row::AwsProfile => ("AWS profile", "a name in ~/.aws/credentials"),
            Row::KeyId => ("Access key", "the access key id"),
            Row::Secret => ("Secret key", "the secret access key"),
            Row::Passphrase if self.keepers.sealed == Asks::NewPassphrase => {
                ("Passphrase", "a new one; every start asks for it")
            }
            Row::Passphrase => ("Passphrase", "the one of the sealed secrets"),
            Row::Again => ("Once more", "the same passphrase"),
        }
    }

    fn choice(&self, row: Row) -> Option<&'static str> {
        Some(match (row, self.keys) {
            (Row::Provider, _) => self.preset_of().title,
            (Row::Keys, Keys::Kept(Stored::Keyring)) => "kept in the keyring of this machine",
            (Row::Keys, Keys::Kept(Stored::Sealed)) => "kept in a file sealed by a passphrase",
            (Row::Keys, Keys::Kept(Stored::Plain)) => "plain in the configuration file",
            (Row::Keys, Keys::Aws) => "left to the AWS tools and their files",
            (Row::Keys, Keys::Anonymous) => "none: public buckets only",
            _ => return None,
        })
    }

    fn draw_row(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme, row: Row, focused: bool) {
        let (label, empty) = self.label(row);
        let style = if focused { theme.focused } else { theme.dim };
        let mark = if focused { "> " } else { "  " };
        frame.render_widget(Span::styled(format!("{mark}{label}"), style), area.intersection(frame.area()));
        let used = LABELS.min(area.width);
        let value = Rect { x: area.x + used, width: area.width - used, ..area }.intersection(frame.area());
        if let Some(words) = self.choice(row) {
            let style = if focused { theme.cursor } else { theme.text };
            frame.render_widget(Span::styled(format!("< {words} >"), style), value);
            if focused {
                window::stand(frame, value);
            }
            return;
        }
        let masked = match row {
            Row::Secret => Some(&self.secret),
            Row::Passphrase => Some(&self.passphrase),
            Row::Again => Some(&self.again),
            _ => None,
        };
        if masked.map_or_else(|| self.text(row).is_empty(), Masked::is_empty) {
            frame.render_widget(Span::styled(empty, theme.dim), value);
        }
        if let Some(masked) = masked {
            masked.draw(frame, value, theme, focused);
        } else if let Some(at) = Self::at(row) {
            self.texts[at].draw(frame, value, theme, focused);
        }
    }

    pub(in crate::tui::dialog) fn hints(&self) -> (&'static [Hint], &'static str) {
        if matches!(self.told, Told::Busy(_)) {
            return (&[], "stop");
        }
        let choice = matches!(self.row(), Row::Provider | Row::Keys);
        let hints: &[Hint] = match (choice, &self.told) {
            (true, Told::Nothing | Told::Fault(_)) => &[SAVE, TEST, (&[Action::FormTurn], "choose"), NEXT],
            _ => &[SAVE, TEST, (&[Action::FormSaveUntested], "save untested"), NEXT],
        };
        (hints, "cancel")
    }
}

/// As much of it as there is room for.
fn draw_words(frame: &mut Frame<'_>, area: Rect, theme: &Theme, style: Style, mut lines: Vec<String>) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    if let Some(last) = height.checked_sub(1).filter(|last| lines.len() > last + 1) {
        let rest = lines.split_off(last).concat();
        lines.push(text::clip(&rest, width, theme.ellipsis()));
    }
    for (line, words) in (0..area.height).zip(lines) {
        frame.render_widget(Line::styled(words, style), window::row(area, line));
    }
}
