//! The options of a link or an upload kit, checked while they are typed; Enter signs.

use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::KeyEvent;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::super::units::Units;
use super::field::Field;
use super::{Decision, Hint, Outcome, window};
use crate::action::Action;
use crate::config::units::parse_size;
use crate::error::Result;
use crate::links::kit::KitRequest;
use crate::links::{Disposition, LinkRequest, parse_expires_at};
use crate::location::Remote;
use crate::s3::Method;
use crate::zone::now_in;

/// Cells that it wants, and that the labels take.
const WIDTH: u16 = 66;
const LABELS: u16 = 14;

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Public,
    Allows,
    Key,
    Size,
    Expires,
    Disposition,
    Filename,
    ContentType,
    Version,
    Folder,
}

impl Row {
    fn label(self) -> &'static str {
        match self {
            Row::Public => "Address",
            Row::Allows => "Allows",
            Row::Key => "Key",
            Row::Size => "Exact size",
            Row::Expires => "Expires after",
            Row::Disposition => "Browsers",
            Row::Filename => "File name",
            Row::ContentType => "Content type",
            Row::Version => "Version",
            Row::Folder => "Files into",
        }
    }

    /// What an empty field means.
    fn empty(self) -> &'static str {
        match self {
            Row::Filename => "as the key says",
            Row::ContentType => "any, or as stored",
            Row::Version => "the newest",
            Row::Size => "3GiB, or a number of bytes",
            _ => "",
        }
    }
}

/// What it is to be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allows {
    Get,
    Put,
    /// An upload in parts, for somebody without keys.
    Kit,
}

/// For the status line.
pub(super) const HINTS: &[Hint] =
    &[(&[Action::FormAccept], "sign"), (&[Action::FormNext], "next field"), (&[Action::FormTurn], "change")];

/// The dialog.
#[derive(Debug)]
pub(crate) struct LinkForm {
    request: LinkRequest,
    /// Whether the profile has addresses that need no signature.
    has_public: bool,
    /// Whether there is an object that can be downloaded.
    has_object: bool,
    allows: Allows,
    focus: usize,
    key: Field,
    size: Field,
    expires: Field,
    /// What `expires` says; read again whenever it changes.
    life: Result<Duration>,
    /// Where what is typed is read.
    zone: TimeZone,
    filename: Field,
    content_type: Field,
    version: Field,
    folder: Field,
}

impl LinkForm {
    /// Of an object, or of a prefix, below which something can be sent; the files of a kit go into `folder`.
    pub(super) fn new(request: LinkRequest, has_public: bool, folder: &str, units: &Units) -> Self {
        let field = |text: &Option<String>| Field::new(text.as_deref().unwrap_or_default());
        let has_object = !request.target.is_prefix();
        Self {
            has_public: has_public && has_object,
            has_object,
            allows: if has_object { Allows::Get } else { Allows::Put },
            focus: usize::from(!has_object),
            key: Field::new(&request.target.key),
            size: Field::default(),
            expires: Field::new(&life_text(request.expires)),
            life: Ok(request.expires),
            zone: units.zone().clone(),
            filename: field(&request.filename),
            content_type: field(&request.content_type),
            version: field(&request.version_id),
            folder: Field::new(folder),
            request,
        }
    }

    /// The options that there are.
    fn rows(&self) -> &'static [Row] {
        use Row::{Allows, ContentType, Disposition, Expires, Filename, Folder, Key, Public, Size, Version};
        match (self.has_public, self.request.public, self.allows) {
            (true, true, self::Allows::Get) => &[Public],
            (true, false, self::Allows::Get) => {
                &[Public, Allows, Expires, Disposition, Filename, ContentType, Version]
            }
            (false, _, self::Allows::Get) => &[Allows, Expires, Disposition, Filename, ContentType, Version],
            (_, _, self::Allows::Put) => &[Allows, Key, Expires, ContentType],
            (_, _, self::Allows::Kit) => &[Allows, Key, Size, Expires, ContentType, Folder],
        }
    }

    fn row(&self) -> Row {
        self.rows()[self.focus.min(self.rows().len() - 1)]
    }

    fn field(&self, row: Row) -> Option<&Field> {
        match row {
            Row::Key => Some(&self.key),
            Row::Size => Some(&self.size),
            Row::Expires => Some(&self.expires),
            Row::Filename => Some(&self.filename),
            Row::ContentType => Some(&self.content_type),
            Row::Version => Some(&self.version),
            Row::Folder => Some(&self.folder),
            Row::Public | Row::Allows | Row::Disposition => None,
        }
    }

    fn edit(&mut self, change: impl FnOnce(&mut Field) -> bool) {
        let row = self.row();
        let field = match row {
            Row::Key => &mut self.key,
            Row::Size => &mut self.size,
            Row::Expires => &mut self.expires,
            Row::Filename => &mut self.filename,
            Row::ContentType => &mut self.content_type,
            Row::Version => &mut self.version,
            Row::Folder => &mut self.folder,
            Row::Public | Row::Allows | Row::Disposition => return,
        };
        if change(field) && row == Row::Expires {
            self.life = parse_expires_at(self.expires.text().trim(), &now_in(&self.zone));
        }
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        let rows = self.rows().len();
        let toggles = self.field(self.row()).is_none();
        match action {
            Some(Action::FormAccept) => return self.sign(),
            Some(Action::FormNext) => self.focus = (self.focus + 1) % rows,
            Some(Action::FormPrevious) => self.focus = (self.focus + rows - 1) % rows,
            Some(Action::FormTurnBack) if toggles => self.turn(false),
            Some(Action::FormTurn) if toggles => self.turn(true),
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
            Row::Allows => {
                let all = &[Allows::Get, Allows::Put, Allows::Kit][usize::from(!self.has_object)..];
                let at = all.iter().position(|allows| *allows == self.allows).unwrap_or(0);
                self.allows = all[(at + if forward { 1 } else { all.len() - 1 }) % all.len()];
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
        let rows = self.rows();
        let key = self.key.text();
        if rows.contains(&Row::Key) && (key.is_empty() || key.ends_with('/')) {
            return Some((Row::Key, "what is sent needs a name behind the last slash".to_owned()));
        }
        if rows.contains(&Row::Size)
            && let Err(why) = self.bytes()
        {
            return Some((Row::Size, why));
        }
        if let (Err(error), true) = (&self.life, rows.contains(&Row::Expires)) {
            return Some((Row::Expires, error.message()));
        }
        let content_type = self.content_type.text().trim();
        let plain = content_type.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if rows.contains(&Row::ContentType)
            && !content_type.is_empty()
            && !(plain && content_type.contains('/'))
        {
            return Some((Row::ContentType, "a content type reads like text/plain".to_owned()));
        }
        None
    }

    fn bytes(&self) -> std::result::Result<u64, String> {
        match self.size.text().trim() {
            "" => Err("the sender's file has an exact size: 3GiB, 1048576".to_owned()),
            text => parse_size(text).and_then(|bytes| match bytes {
                0 => Err("a kit is for at least one byte".to_owned()),
                bytes => Ok(bytes),
            }),
        }
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
        let target = match self.allows {
            Allows::Get => self.request.target.clone(),
            Allows::Put | Allows::Kit => {
                Remote { key: self.key.text().to_owned(), ..self.request.target.clone() }
            }
        };
        let content_type = text(Row::ContentType);
        if self.allows == Allows::Kit {
            let size = self.bytes().unwrap_or_default();
            let kit = KitRequest { target, size, part_size: None, expires, content_type };
            let folder = text(Row::Folder).unwrap_or_else(|| ".".to_owned());
            return Outcome::Ask(Decision::Kit(Box::new(kit), PathBuf::from(folder)));
        }
        let disposition =
            if rows.contains(&Row::Disposition) { self.request.disposition } else { Disposition::Unchanged };
        Outcome::Ask(Decision::Link(Box::new(LinkRequest {
            // What is known is known of the object under the cursor.
            seen: self.request.seen.clone().filter(|_| target == self.request.target),
            target,
            method: if self.allows == Allows::Put { Method::Put } else { Method::Get },
            expires,
            version_id: text(Row::Version),
            content_type,
            filename: text(Row::Filename),
            disposition,
            content_length: None,
            part: None,
            public: self.request.public && rows.contains(&Row::Public),
        })))
    }

    /// The words of a row that is chosen rather than typed.
    fn chosen(&self, row: Row) -> &'static str {
        match (row, self.allows, self.request.disposition) {
            (Row::Public, ..) if self.request.public => "public, without a signature: never ends",
            (Row::Public, ..) => "signed: ends",
            (Row::Allows, Allows::Get, _) => "GET: download",
            (Row::Allows, Allows::Put, _) => "PUT: upload, replaces the object",
            (Row::Allows, Allows::Kit, _) => "kit: a large upload in parts",
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
                None => (theme.dim, "the link is signed and copied".to_owned()),
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
            if focused {
                window::stand(frame, value);
            }
        }
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
    use crate::links::Seen;
    use crate::tui::dialog::tests::form_action;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn form() -> LinkForm {
        let target = Remote { profile: "work".into(), bucket: "media".into(), key: "cat.jpg".into() };
        LinkForm::new(LinkRequest::get(target, Duration::from_hours(1)), false, "/tmp", &Units::plain())
    }

    fn press(form: &mut LinkForm, codes: &[KeyCode]) -> Outcome {
        let keys = codes.iter().map(|code| KeyEvent::new(*code, KeyModifiers::NONE));
        keys.map(|key| form.on_key(key, form_action(key))).last().unwrap()
    }

    fn signed(outcome: Outcome) -> LinkRequest {
        match outcome {
            Outcome::Ask(Decision::Link(request)) => *request,
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
        form.request.seen = Some(Seen::default());
        let request = signed(press(&mut form, &[KeyCode::Right, KeyCode::Enter]));
        assert_eq!(request.method, Method::Put);
        assert!(request.seen.is_some(), "whether it is replaced is told by what it was");
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
    #[test]
    fn a_kit_needs_a_key_and_a_size_and_says_where_its_files_go() {
        let target = Remote { profile: "work".into(), bucket: "media".into(), key: "in/".into() };
        let mut form =
            LinkForm::new(LinkRequest::get(target, Duration::from_hours(1)), true, "/tmp/x", &Units::plain());
        assert_eq!((form.row(), form.rows()[0]), (Row::Key, Row::Allows), "a prefix has nothing to download");
        assert_eq!(press(&mut form, &[KeyCode::Enter]), Outcome::Stay);
        form.on_paste("film.mov");
        assert_eq!(signed(press(&mut form, &[KeyCode::Enter])).target.key, "in/film.mov");
        press(&mut form, &[KeyCode::Up, KeyCode::Right]);
        assert_eq!(form.allows, Allows::Kit);
        assert_eq!(press(&mut form, &[KeyCode::Enter]), Outcome::Stay);
        assert_eq!(form.row(), Row::Size);
        form.on_paste("3GiB");
        match press(&mut form, &[KeyCode::Enter]) {
            Outcome::Ask(Decision::Kit(kit, folder)) => {
                assert_eq!((kit.target.key.as_str(), kit.size), ("in/film.mov", 3 << 30));
                assert_eq!(folder, PathBuf::from("/tmp/x"));
            }
            other => panic!("no kit: {other:?}"),
        }
        press(&mut form, &[KeyCode::Up, KeyCode::Up, KeyCode::Right]);
        assert_eq!(form.allows, Allows::Put, "round without a download");
    }
}
