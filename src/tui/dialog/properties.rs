//! Headers, metadata and tags in a form: of one object with what it has, of several with what all of them are to get.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::field::Field;
use super::{Decision, Hint, Outcome, window};
use crate::action::Action;
use crate::s3::{Attributes, Change};
use crate::sanitize::display_safe;
use crate::walk::Target;

/// Cells that it wants, and that the labels take at most.
const WIDTH: u16 = 76;
const LABELS: usize = 26;
/// What takes something away from several objects.
const REMOVE: &str = "-";

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    ContentType,
    CacheControl,
    Disposition,
    Encoding,
    Language,
    Metadata(String),
    NewMetadata,
    Tag(String),
    NewTag,
}

impl Slot {
    fn label(&self) -> String {
        match self {
            Slot::ContentType => "Content type".to_owned(),
            Slot::CacheControl => "Cache control".to_owned(),
            Slot::Disposition => "Content disposition".to_owned(),
            Slot::Encoding => "Content encoding".to_owned(),
            Slot::Language => "Content language".to_owned(),
            Slot::Metadata(key) => format!("Metadata {}", display_safe(key)),
            Slot::NewMetadata => "New metadata".to_owned(),
            Slot::Tag(key) => format!("Tag {}", display_safe(key)),
            Slot::NewTag => "New tag".to_owned(),
        }
    }
}

/// One line of the form.
#[derive(Debug)]
struct Row {
    slot: Slot,
    field: Field,
    before: String,
}

impl Row {
    fn new(slot: Slot, before: &str) -> Self {
        Self { slot, field: Field::new(before), before: before.to_owned() }
    }
}

/// For the status line.
pub(super) const HINTS: &[Hint] = &[(&[Action::FormAccept], "change"), (&[Action::FormNext], "next field")];

/// The dialog.
#[derive(Debug)]
pub(crate) struct Properties {
    title: String,
    targets: Vec<Target>,
    /// Of several objects nothing is shown.
    several: bool,
    rows: Vec<Row>,
    focus: usize,
}

impl Properties {
    /// `now`: what the only object has.
    pub(super) fn new(title: &str, targets: Vec<Target>, now: Option<&Attributes>) -> Self {
        let none = Attributes::default();
        let has = now.unwrap_or(&none);
        let headers = [
            (Slot::ContentType, &has.content_type),
            (Slot::CacheControl, &has.cache_control),
            (Slot::Disposition, &has.content_disposition),
            (Slot::Encoding, &has.content_encoding),
            (Slot::Language, &has.content_language),
        ];
        let mut rows: Vec<Row> = headers
            .into_iter()
            .map(|(slot, value)| Row::new(slot, value.as_deref().unwrap_or_default()))
            .collect();
        rows.extend(has.metadata.iter().map(|(key, value)| Row::new(Slot::Metadata(key.clone()), value)));
        rows.push(Row::new(Slot::NewMetadata, ""));
        rows.extend(has.tags.iter().map(|(key, value)| Row::new(Slot::Tag(key.clone()), value)));
        rows.push(Row::new(Slot::NewTag, ""));
        let title = display_safe(title).into_owned();
        Self { title, targets, several: now.is_none(), rows, focus: 0 }
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        match action {
            Some(Action::FormAccept) => return self.save(),
            Some(Action::FormNext) => self.next(),
            Some(Action::FormPrevious) => {
                self.focus = (self.focus + self.rows.len() - 1) % self.rows.len();
            }
            _ => drop(self.rows[self.focus].field.on_key(key)),
        }
        Outcome::Stay
    }

    /// The next row; below a new one that is filled there is another.
    fn next(&mut self) {
        let row = &self.rows[self.focus];
        let is_new = matches!(row.slot, Slot::NewMetadata | Slot::NewTag);
        let last_new = self.rows.get(self.focus + 1).is_none_or(|next| next.slot != row.slot);
        if is_new && last_new && !row.field.text().is_empty() {
            let slot = row.slot.clone();
            self.rows.insert(self.focus + 1, Row::new(slot, ""));
        }
        self.focus = (self.focus + 1) % self.rows.len();
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Outcome {
        self.rows[self.focus].field.paste(text);
        Outcome::Stay
    }

    /// The first row that cannot be saved, and why.
    fn fault(&self) -> Option<(usize, &'static str)> {
        self.rows.iter().enumerate().find_map(|(index, row)| {
            let text = row.field.text();
            if text == row.before {
                return None;
            }
            let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
            let why = match row.slot {
                Slot::NewMetadata | Slot::NewTag if !text.is_empty() && !key_and_value(text) => {
                    "write KEY=VALUE; KEY= takes it away"
                }
                Slot::Tag(_) | Slot::NewTag => return None,
                _ if !plain => "headers and metadata are plain ASCII; write other characters as %XX",
                _ => return None,
            };
            Some((index, why))
        })
    }

    fn save(&mut self) -> Outcome {
        if let Some((index, _)) = self.fault() {
            self.focus = index;
            return Outcome::Stay;
        }
        let change = self.change();
        if change.is_empty() {
            return Outcome::Close(None);
        }
        Outcome::Ask(Decision::Change(self.targets.clone(), Box::new(change)))
    }

    /// What was changed in the form.
    fn change(&self) -> Change {
        let mut change = Change::default();
        for row in self.rows.iter().filter(|row| row.field.text() != row.before) {
            let text = row.field.text();
            let header =
                || Some(if self.several && text == REMOVE { String::new() } else { text.to_owned() });
            let value = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            match &row.slot {
                Slot::ContentType => change.content_type = header(),
                Slot::CacheControl => change.cache_control = header(),
                Slot::Disposition => change.content_disposition = header(),
                Slot::Encoding => change.content_encoding = header(),
                Slot::Language => change.content_language = header(),
                Slot::Metadata(key) => drop(change.metadata.insert(key.clone(), value(text))),
                Slot::Tag(key) => drop(change.tags.insert(key.clone(), value(text))),
                Slot::NewMetadata | Slot::NewTag => {
                    let (key, new) = text.split_once('=').unwrap_or((text, ""));
                    let map = if row.slot == Slot::NewTag { &mut change.tags } else { &mut change.metadata };
                    map.insert(key.trim().to_owned(), value(new.trim()));
                }
            }
        }
        change
    }

    fn empty(&self, slot: &Slot) -> &'static str {
        match slot {
            Slot::NewMetadata | Slot::NewTag if self.several => "key=value; key= takes it away",
            Slot::NewMetadata | Slot::NewTag => "key=value",
            Slot::Metadata(_) | Slot::Tag(_) => "(goes)",
            _ if self.several => "as it is; - takes it away",
            _ => "",
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let height = u16::try_from(self.rows.len()).unwrap_or(u16::MAX).saturating_add(2);
        let room = window::open(frame, area, theme, &self.title, (WIDTH, height));
        let page = usize::from(room.height).saturating_sub(usize::from(room.height > 2) * 2).max(1);
        let top = window::list_top(self.focus, self.rows.len(), page);
        let labels = LABELS.min(usize::from(room.width) / 2);
        for (line, (index, row)) in (0..).zip(self.rows.iter().enumerate().skip(top).take(page)) {
            let focused = index == self.focus;
            let area = window::row(room, line).intersection(frame.area());
            let mark = if focused { "> " } else { "  " };
            let label = text::clip(&format!("{mark}{}", row.slot.label()), labels, theme.ellipsis());
            let style = if focused { theme.focused } else { theme.dim };
            frame.render_widget(Span::styled(label, style), area);
            let used = u16::try_from(labels + 1).unwrap_or(0).min(area.width);
            let value = Rect { x: area.x + used, width: area.width - used, ..area };
            if row.field.text().is_empty() {
                frame.render_widget(Span::styled(self.empty(&row.slot), theme.dim), value);
            }
            row.field.draw(frame, value, theme, focused);
        }
        window::more(frame, room, theme, top > 0, top + page < self.rows.len());
        if room.height > 2 {
            let (style, last) = match self.fault() {
                Some((_, fault)) => (theme.error, fault.to_owned()),
                None => (theme.dim, "what differs is changed; the rest stays as it is".to_owned()),
            };
            let last = text::clip(&last, usize::from(room.width), theme.ellipsis());
            frame.render_widget(Line::styled(last, style), window::row(room, room.height - 1));
        }
    }
}

fn key_and_value(text: &str) -> bool {
    text.split_once('=').is_some_and(|(key, _)| !key.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::dialog::tests::form_action;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn press(form: &mut Properties, code: KeyCode) -> Outcome {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        form.on_key(key, form_action(key))
    }

    fn changed(outcome: Outcome) -> Change {
        match outcome {
            Outcome::Ask(Decision::Change(_, change)) => *change,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn of_one_object_only_what_differs_changes() {
        let attributes = Attributes {
            content_type: Some("text/x".into()),
            metadata: [("owner".to_owned(), "a".to_owned())].into(),
            ..Attributes::default()
        };
        let mut form = Properties::new("x", Vec::new(), Some(&attributes));
        assert_eq!(press(&mut form, KeyCode::Enter), Outcome::Close(None), "nothing differs");
        for _ in 0..5 {
            press(&mut form, KeyCode::Tab);
        }
        press(&mut form, KeyCode::Backspace);
        press(&mut form, KeyCode::Tab);
        form.on_paste("new");
        assert_eq!(press(&mut form, KeyCode::Enter), Outcome::Stay, "no KEY=VALUE");
        form.on_paste("=1");
        press(&mut form, KeyCode::Tab);
        form.on_paste("second=2");
        let change = changed(press(&mut form, KeyCode::Enter));
        assert_eq!(change.content_type, None);
        let metadata: Vec<_> = change.metadata.into_iter().collect();
        let value = |text: &str| Some(text.to_owned());
        assert_eq!(
            metadata,
            [("new".to_owned(), value("1")), ("owner".to_owned(), None), ("second".to_owned(), value("2"))]
        );
    }

    #[test]
    fn of_several_a_dash_takes_a_header_away() {
        let mut form = Properties::new("x", Vec::new(), None);
        form.on_paste("-");
        press(&mut form, KeyCode::Up);
        form.on_paste("tag=");
        let change = changed(press(&mut form, KeyCode::Enter));
        assert_eq!((change.content_type.as_deref(), change.tags.get("tag")), (Some(""), Some(&None)));
    }
}
