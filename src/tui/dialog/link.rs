//! The options of a link, checked while they are typed; Enter signs.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::field::Field;
use super::{Decision, Outcome, window};
use crate::error::Result;
use crate::links::{Disposition, LinkRequest, parse_expires};
use crate::s3::Method;

/// Cells that it wants, and that the labels take.
const WIDTH: u16 = 66;
const LABELS: u16 = 14;

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Public,
    Method,
    Expires,
    Disposition,
    Filename,
    ContentType,
    Version,
}

impl Row {
    fn label(self) -> &'static str {
        match self {
            Row::Public => "Address",
            Row::Method => "Allows",
            Row::Expires => "Expires after",
            Row::Disposition => "Browsers",
            Row::Filename => "File name",
            Row::ContentType => "Content type",
            Row::Version => "Version",
        }
    }

    /// What an empty field means.
    fn empty(self) -> &'static str {
        match self {
            Row::Filename => "as the key says",
            Row::ContentType => "any, or as stored",
            Row::Version => "the newest",
            _ => "",
        }
    }
}

/// The dialog.
#[derive(Debug)]
pub(crate) struct LinkForm {
    request: LinkRequest,
    /// Whether the profile has addresses that need no signature.
    has_public: bool,
    focus: usize,
    expires: Field,
    /// What `expires` says; read again whenever it changes.
    life: Result<Duration>,
    filename: Field,
    content_type: Field,
    version: Field,
}

impl LinkForm {
    pub(super) fn new(request: LinkRequest, has_public: bool) -> Self {
        let field = |text: &Option<String>| Field::new(text.as_deref().unwrap_or_default());
        Self {
            has_public,
            focus: 0,
            expires: Field::new(&life_text(request.expires)),
            life: Ok(request.expires),
            filename: field(&request.filename),
            content_type: field(&request.content_type),
            version: field(&request.version_id),
            request,
        }
    }

    /// The options that the method has.
    fn rows(&self) -> &'static [Row] {
        use Row::{ContentType, Disposition, Expires, Filename, Method, Public, Version};
        match (self.has_public, self.request.public, self.request.method) {
            (true, true, _) => &[Public],
            (true, false, self::Method::Get) => {
                &[Public, Method, Expires, Disposition, Filename, ContentType, Version]
            }
            (false, _, self::Method::Get) => &[Method, Expires, Disposition, Filename, ContentType, Version],
            (_, _, self::Method::Put) => &[Method, Expires, ContentType],
            (_, _, self::Method::Head | self::Method::Delete) => &[Method, Expires, Version],
        }
    }

    fn row(&self) -> Row {
        self.rows()[self.focus.min(self.rows().len() - 1)]
    }

    fn field(&self, row: Row) -> Option<&Field> {
        match row {
            Row::Expires => Some(&self.expires),
            Row::Filename => Some(&self.filename),
            Row::ContentType => Some(&self.content_type),
            Row::Version => Some(&self.version),
            Row::Public | Row::Method | Row::Disposition => None,
        }
    }

    fn edit(&mut self, change: impl FnOnce(&mut Field) -> bool) {
        let row = self.row();
        let field = match row {
            Row::Expires => &mut self.expires,
            Row::Filename => &mut self.filename,
            Row::ContentType => &mut self.content_type,
            Row::Version => &mut self.version,
            Row::Public | Row::Method | Row::Disposition => return,
        };
        if change(field) && row == Row::Expires {
            self.life = parse_expires(self.expires.text().trim());
        }
    }

    pub(super) fn on_key(&mut self, key: KeyEvent) -> Outcome {
        let rows = self.rows().len();
        let toggles = matches!(self.row(), Row::Public | Row::Method | Row::Disposition);
        match key.code {
            KeyCode::Enter => return self.sign(),
            KeyCode::Tab | KeyCode::Down => self.focus = (self.focus + 1) % rows,
            KeyCode::BackTab | KeyCode::Up => self.focus = (self.focus + rows - 1) % rows,
            KeyCode::Left if toggles => self.turn(false),
            KeyCode::Right | KeyCode::Char(' ') if toggles => self.turn(true),
            _ => self.edit(|field| field.on_key(key)),
        }
        Outcome::Stay
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Outcome {
        self.edit(|field| field.paste(text));
        Outcome::Stay
    }

    fn turn(&mut self, forward: bool) {
        match self.row() {
            Row::Public => self.request.public = !self.request.public,
            Row::Method => {
                self.request.method =
                    if self.request.method == Method::Get { Method::Put } else { Method::Get };
            }
            Row::Disposition => {
                use Disposition::{Attachment, Inline, Unchanged};
                self.request.disposition = match (self.request.disposition, forward) {
                    (Unchanged, true) | (Inline, false) => Attachment,
                    (Attachment, true) | (Unchanged, false) => Inline,
                    (Inline, true) | (Attachment, false) => Unchanged,
                };
            }
            _ => {}
        }
    }

    /// The first field that cannot be signed, and why.
    fn fault(&self) -> Option<(Row, String)> {
        if let (Err(error), false) = (&self.life, self.request.public) {
            return Some((Row::Expires, error.message()));
        }
        let content_type = self.content_type.text().trim();
        let plain = content_type.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if self.rows().contains(&Row::ContentType)
            && !content_type.is_empty()
            && !(plain && content_type.contains('/'))
        {
            return Some((Row::ContentType, "a content type reads like text/plain".to_owned()));
        }
        None
    }

    fn sign(&mut self) -> Outcome {
        if let Some((row, _)) = self.fault() {
            self.focus = self.rows().iter().position(|candidate| *candidate == row).unwrap_or(0);
            return Outcome::Stay;
        }
        let expires = self.life.clone().unwrap_or(self.request.expires);
        let rows = self.rows();
        let text = |row: Row| {
            let field = self.field(row).filter(|_| rows.contains(&row))?;
            Some(field.text().trim().to_owned()).filter(|text| !text.is_empty())
        };
        let disposition =
            if rows.contains(&Row::Disposition) { self.request.disposition } else { Disposition::Unchanged };
        Outcome::Decide(Decision::Link(Box::new(LinkRequest {
            target: self.request.target.clone(),
            method: self.request.method,
            expires,
            version_id: text(Row::Version),
            content_type: text(Row::ContentType),
            filename: text(Row::Filename),
            disposition,
            content_length: None,
            public: self.request.public,
        })))
    }

    /// The words of a row that is chosen rather than typed.
    fn chosen(&self, row: Row) -> &'static str {
        match (row, self.request.method, self.request.disposition) {
            (Row::Public, ..) if self.request.public => "public, without a signature: never ends",
            (Row::Public, ..) => "signed: ends",
            (Row::Method, Method::Get, _) => "GET: download",
            (Row::Method, Method::Put, _) => "PUT: upload, replaces the object",
            (Row::Method, Method::Head, _) => "HEAD: ask for headers",
            (Row::Method, Method::Delete, _) => "DELETE: remove the object",
            (_, _, Disposition::Unchanged) => "do as the object says",
            (_, _, Disposition::Attachment) => "save it (attachment)",
            (_, _, Disposition::Inline) => "show it (inline)",
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let rows = self.rows();
        let height = u16::try_from(rows.len()).unwrap_or(0) + 4;
        let room = window::open(frame, area, theme, "Link", (WIDTH, height));
        let target = self.request.target.to_string();
        let target = text::clip_middle(&target, usize::from(room.width), theme.ellipsis());
        // In a box too low for everything the row with the keyboard is the one that must be seen.
        let focus = self.focus.min(rows.len() - 1);
        let tight = room.height < height;
        let offset = if tight { 0 } else { 2 };
        if !tight {
            frame.render_widget(Line::styled(target, theme.focused), window::row(room, 0));
        }
        let page = usize::from(room.height).saturating_sub(if tight { 1 } else { 4 }).max(1);
        let top = window::list_top(focus, rows.len(), page);
        for (line, (index, row)) in (offset..).zip(rows.iter().enumerate().skip(top).take(page)) {
            self.draw_row(frame, window::row(room, line), theme, *row, index == focus);
        }
        if room.height > 1 {
            let (style, last) = match self.fault() {
                Some((_, fault)) => (theme.error, fault),
                None => (theme.dim, "Enter signs the link".to_owned()),
            };
            let last = text::clip(&last, usize::from(room.width), theme.ellipsis());
            frame.render_widget(Line::styled(last, style), window::row(room, room.height - 1));
        }
    }

    fn draw_row(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme, row: Row, focused: bool) {
        let label_style = if focused { theme.focused } else { theme.dim };
        let mark = if focused { "> " } else { "  " };
        let label = Span::styled(format!("{mark}{}", row.label()), label_style);
        frame.render_widget(label, area.intersection(frame.area()));
        let used = (LABELS + 3).min(area.width);
        let value = Rect { x: area.x + used, width: area.width - used, ..area };
        if let Some(field) = self.field(row) {
            if field.text().is_empty() {
                frame.render_widget(Span::styled(row.empty(), theme.dim), value);
            }
            field.draw(frame, value, theme, focused);
        } else {
            let words = format!("< {} >", self.chosen(row));
            frame.render_widget(Span::styled(words, if focused { theme.cursor } else { theme.text }), value);
        }
    }

    pub(super) fn hints() -> Vec<(&'static str, &'static str)> {
        vec![("Enter", "sign"), ("Tab", "next field"), ("Space", "change"), ("Esc", "cancel")]
    }
}

/// A life as [`parse_expires`] reads it: `7d`, `1h30m`.
fn life_text(life: Duration) -> String {
    let seconds = life.as_secs();
    let parts =
        [(seconds / 86_400, 'd'), (seconds / 3600 % 24, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    parts.flat_map(|(count, unit)| [count.to_string(), unit.to_string()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Remote;
    use crossterm::event::KeyModifiers;

    fn form() -> LinkForm {
        let target = Remote { profile: "work".into(), bucket: "media".into(), key: "cat.jpg".into() };
        LinkForm::new(LinkRequest::get(target, Duration::from_hours(1)), false)
    }

    fn press(form: &mut LinkForm, codes: &[KeyCode]) -> Outcome {
        codes.iter().map(|code| form.on_key(KeyEvent::new(*code, KeyModifiers::NONE))).last().unwrap()
    }

    fn signed(outcome: Outcome) -> LinkRequest {
        match outcome {
            Outcome::Decide(Decision::Link(request)) => *request,
            other => panic!("not signed: {other:?}"),
        }
    }

    #[test]
    fn lives_are_written_as_they_are_read() {
        for (seconds, text) in [(3600, "1h"), (5400, "1h30m"), (604_800, "7d"), (90, "1m30s")] {
            assert_eq!(life_text(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn enter_signs_what_is_shown() {
        let mut form = form();
        press(&mut form, &[KeyCode::Tab, KeyCode::Tab, KeyCode::Right, KeyCode::Tab]);
        form.on_paste("my cat.jpg\n");
        let request = signed(press(&mut form, &[KeyCode::Enter]));
        assert_eq!(request.expires, Duration::from_hours(1));
        assert_eq!(request.disposition, Disposition::Attachment);
        assert_eq!(request.filename.as_deref(), Some("my cat.jpg"));
    }

    #[test]
    fn an_upload_link_carries_no_download_options() {
        let mut form = form();
        form.request.disposition = Disposition::Inline;
        form.filename = Field::new("x");
        form.version = Field::new("v1");
        form.content_type = Field::new("image/jpeg");
        let request = signed(press(&mut form, &[KeyCode::Right, KeyCode::Enter]));
        assert_eq!(request.method, Method::Put);
        assert_eq!((request.filename, request.version_id), (None, None));
        assert_eq!(request.disposition, Disposition::Unchanged);
        assert_eq!(request.content_type.as_deref(), Some("image/jpeg"));
    }

    #[test]
    fn more_than_seven_days_are_refused_with_the_reason() {
        let mut form = form();
        press(&mut form, &[KeyCode::Tab, KeyCode::Backspace, KeyCode::Backspace]);
        form.on_paste("8d");
        assert_eq!(press(&mut form, &[KeyCode::Enter]), Outcome::Stay);
        let (row, reason) = form.fault().unwrap();
        assert_eq!(row, Row::Expires);
        assert!(reason.contains('7') || reason.contains("seven"), "{reason}");
        press(&mut form, &[KeyCode::Backspace, KeyCode::Backspace, KeyCode::Char('7'), KeyCode::Char('d')]);
        assert_eq!(signed(press(&mut form, &[KeyCode::Enter])).expires, Duration::from_hours(168));
    }

    #[test]
    fn a_public_address_has_no_options() {
        let mut form = form();
        form.has_public = true;
        assert_eq!(form.row(), Row::Public);
        press(&mut form, &[KeyCode::Right, KeyCode::Tab]);
        assert_eq!(form.rows(), [Row::Public]);
        assert!(signed(press(&mut form, &[KeyCode::Enter])).public);
        assert!(!signed(press(&mut form, &[KeyCode::Right, KeyCode::Enter])).public);
    }

    #[test]
    fn a_content_type_must_look_like_one() {
        let mut form = form();
        form.content_type = Field::new("jpeg");
        assert_eq!(press(&mut form, &[KeyCode::Enter]), Outcome::Stay);
        assert_eq!(form.row(), Row::ContentType, "the keyboard goes where the fault is");
    }
}
