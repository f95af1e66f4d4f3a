//! A protected link: its password, its end, how often it may be used. Enter makes it at the gateway.

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
use crate::error::Result;
use crate::gateway::{DropRequest, Password, ShareRequest, new_password};
use crate::links::{parse_lifetime, parse_lifetime_at};
use crate::location::{Location, Remote};
use crate::zone::now_in;

/// Cells that it wants, and that the labels take.
const WIDTH: u16 = 70;
const LABELS: u16 = 12;

/// What is asked of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// A link to what is there.
    Share(ShareRequest),
    /// A link through which others send.
    Drop(DropRequest),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Way,
    Password,
    Expires,
    Limit,
    Note,
}

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::FormAccept], "make the link"),
    (&[Action::FormNext], "next field"),
    (&[Action::FormPassword], "make a password"),
];

/// The dialog.
#[derive(Debug)]
pub(crate) struct ShareForm {
    places: Vec<Location>,
    /// Whether each of them gets a link: several objects can share one, a prefix is shared by itself.
    each: bool,
    /// Whether others may send through it; only for a prefix.
    takes: bool,
    focus: usize,
    password: Field,
    expires: Field,
    life: Result<Duration>,
    /// Where what is typed is read.
    zone: TimeZone,
    limit: Field,
    note: Field,
}

impl ShareForm {
    pub(super) fn new(places: Vec<Location>, units: &Units) -> Self {
        let is_prefix = |place: &Location| place.as_remote().is_some_and(Remote::is_prefix);
        let each = places.len() > 1 && places.iter().any(is_prefix);
        Self {
            places,
            each,
            takes: false,
            focus: 0,
            password: Field::default(),
            expires: Field::new("7d"),
            life: parse_lifetime("7d"),
            zone: units.zone().clone(),
            limit: Field::default(),
            note: Field::default(),
        }
    }

    fn prefix(&self) -> Option<&Location> {
        let [place] = self.places.as_slice() else { return None };
        place.as_remote()?.is_prefix().then_some(place)
    }

    fn rows(&self) -> &'static [Row] {
        if self.prefix().is_some() {
            &[Row::Password, Row::Expires, Row::Limit, Row::Note, Row::Way]
        } else {
            &[Row::Password, Row::Expires, Row::Limit, Row::Note]
        }
    }

    fn row(&self) -> Row {
        self.rows()[self.focus.min(self.rows().len() - 1)]
    }

    fn field(&self, row: Row) -> Option<&Field> {
        match row {
            Row::Way => None,
            Row::Password => Some(&self.password),
            Row::Expires => Some(&self.expires),
            Row::Limit => Some(&self.limit),
            Row::Note => Some(&self.note),
        }
    }

    fn edit(&mut self, change: impl FnOnce(&mut Field) -> bool) {
        let row = self.row();
        let field = match row {
            Row::Way => return,
            Row::Password => &mut self.password,
            Row::Expires => &mut self.expires,
            Row::Limit => &mut self.limit,
            Row::Note => &mut self.note,
        };
        if change(field) && row == Row::Expires {
            self.life = parse_lifetime_at(self.expires.text().trim(), &now_in(&self.zone));
        }
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        let rows = self.rows().len();
        match action {
            Some(Action::FormAccept) => return self.order(),
            Some(Action::FormPassword) => {
                if let Ok(Password(made)) = new_password() {
                    self.password = Field::new(&made);
                }
            }
            Some(Action::FormNext) => self.focus = (self.focus + 1) % rows,
            Some(Action::FormPrevious) => self.focus = (self.focus + rows - 1) % rows,
            Some(Action::FormTurn | Action::FormTurnBack) if self.row() == Row::Way => {
                self.takes = !self.takes;
            }
            _ => self.edit(|field| field.on_key(key)),
        }
        Outcome::Stay
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Outcome {
        self.edit(|field| field.paste(text));
        Outcome::Stay
    }

    /// How often, if that is limited.
    fn most(&self) -> std::result::Result<Option<i64>, String> {
        let text = self.limit.text().trim();
        match text.parse() {
            _ if text.is_empty() => Ok(None),
            Ok(most) if most > 0 => Ok(Some(most)),
            _ => Err("a number, or nothing for no limit".to_owned()),
        }
    }

    fn fault(&self) -> Option<(Row, String)> {
        if let Err(error) = &self.life {
            return Some((Row::Expires, error.message()));
        }
        self.most().err().map(|fault| (Row::Limit, fault))
    }

    fn order(&mut self) -> Outcome {
        if let Some((row, _)) = self.fault() {
            self.focus = self.rows().iter().position(|candidate| *candidate == row).unwrap_or(0);
            return Outcome::Stay;
        }
        let (Ok(life), Ok(most)) = (&self.life, self.most()) else { return Outcome::Stay };
        let expires_in = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
        let typed = self.password.text().to_owned();
        let password = (!typed.is_empty()).then_some(Password(typed));
        let note = self.note.text().trim().to_owned();
        if let Some(place) = self.prefix().filter(|_| self.takes) {
            let order = Order::Drop(DropRequest {
                location: place.exact(),
                password,
                expires_in,
                max_files: most,
                note,
                ..DropRequest::default()
            });
            return Outcome::Ask(Decision::Share(vec![order]));
        }
        let share = |places: &[Location]| {
            Order::Share(ShareRequest {
                locations: places.iter().map(Location::exact).collect(),
                password: password.clone(),
                expires_in,
                max: most,
                note: note.clone(),
                ..ShareRequest::default()
            })
        };
        let size = if self.each { 1 } else { self.places.len().max(1) };
        Outcome::Ask(Decision::Share(self.places.chunks(size).map(share).collect()))
    }

    fn words(&self, row: Row) -> (&'static str, &'static str) {
        match row {
            Row::Way => ("Others may", ""),
            Row::Password => ("Password", "none"),
            Row::Expires => ("Ends after", ""),
            Row::Limit if self.takes => ("Files", "any number"),
            Row::Limit => ("Downloads", "any number"),
            Row::Note => ("Note", "for yourself"),
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let rows = self.rows();
        let height = u16::try_from(rows.len()).unwrap_or(0) + 4;
        let room = window::open(frame, area, theme, "Protected link", (WIDTH, height));
        let what = match self.places.as_slice() {
            [place] => place.to_string(),
            several if self.each => format!("{} places, a link to each", several.len()),
            several => format!("{} objects", several.len()),
        };
        let focus = self.focus.min(rows.len() - 1);
        // In a box too low for everything the row with the keyboard is the one that must be seen.
        let tight = room.height < height;
        if !tight {
            let what = text::clip_middle(&what, usize::from(room.width), theme.ellipsis());
            frame.render_widget(Line::styled(what, theme.focused), window::row(room, 0));
        }
        let page = usize::from(room.height).saturating_sub(if tight { 1 } else { 4 }).max(1);
        let top = window::list_top(focus, rows.len(), page);
        let offset = if tight { 0 } else { 2 };
        for (line, (index, row)) in (offset..).zip(rows.iter().enumerate().skip(top).take(page)) {
            self.draw_row(frame, window::row(room, line), theme, *row, index == focus);
        }
        if room.height > 1 {
            let (style, last) = match self.fault() {
                Some((_, fault)) => (theme.error, fault),
                None if self.each => (theme.dim, "the links are made and copied".to_owned()),
                None => (theme.dim, "the link is made and copied".to_owned()),
            };
            let last = text::clip(&last, usize::from(room.width), theme.ellipsis());
            frame.render_widget(Line::styled(last, style), window::row(room, room.height - 1));
        }
    }

    fn draw_row(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme, row: Row, focused: bool) {
        let (label, empty) = self.words(row);
        let style = if focused { theme.focused } else { theme.dim };
        let mark = if focused { "> " } else { "  " };
        frame.render_widget(Span::styled(format!("{mark}{label}"), style), area.intersection(frame.area()));
        let used = (LABELS + 3).min(area.width);
        let value = Rect { x: area.x + used, width: area.width - used, ..area };
        if let Some(field) = self.field(row) {
            if field.text().is_empty() {
                frame.render_widget(Span::styled(empty, theme.dim), value);
            }
            field.draw(frame, value, theme, focused);
        } else {
            let words = if self.takes { "< send files into here >" } else { "< download what is here >" };
            frame.render_widget(Span::styled(words, if focused { theme.cursor } else { theme.text }), value);
            if focused {
                window::stand(frame, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::dialog::tests::form_action;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn place(key: &str) -> Location {
        Location::Remote(Remote { profile: "work".into(), bucket: "media".into(), key: key.into() })
    }

    fn press(form: &mut ShareForm, code: KeyCode, modifiers: KeyModifiers) -> Outcome {
        let key = KeyEvent::new(code, modifiers);
        form.on_key(key, form_action(key))
    }

    fn orders(outcome: Outcome) -> Vec<Order> {
        match outcome {
            Outcome::Ask(Decision::Share(orders)) => orders,
            other => panic!("not ordered: {other:?}"),
        }
    }

    fn order(outcome: Outcome) -> Order {
        let [order] = orders(outcome).try_into().expect("one");
        order
    }

    #[test]
    fn among_several_a_prefix_is_shared_by_itself_and_all_get_the_same_conditions() {
        let mut form = ShareForm::new(vec![place("2025/"), place("a"), place("2026/")], &Units::plain());
        form.on_paste("secret");
        let links = orders(press(&mut form, KeyCode::Enter, KeyModifiers::NONE));
        let shared: Vec<(String, String)> = links
            .into_iter()
            .map(|order| match order {
                Order::Share(mut request) => {
                    (request.locations.remove(0), request.password.expect("a password").0)
                }
                Order::Drop(request) => panic!("{request:?}"),
            })
            .collect();
        let each = |place: &str| (place.to_owned(), "secret".to_owned());
        assert_eq!(shared, [each("work:media/2025/"), each("work:media/a"), each("work:media/2026/")]);
    }

    #[test]
    fn what_is_typed_is_what_is_asked_for() {
        let mut form = ShareForm::new(vec![place("a"), place("b")], &Units::plain());
        press(&mut form, KeyCode::Char('g'), KeyModifiers::CONTROL);
        press(&mut form, KeyCode::Tab, KeyModifiers::NONE);
        press(&mut form, KeyCode::Tab, KeyModifiers::NONE);
        form.on_paste("x");
        assert_eq!(press(&mut form, KeyCode::Enter, KeyModifiers::NONE), Outcome::Stay, "no number");
        press(&mut form, KeyCode::Backspace, KeyModifiers::NONE);
        form.on_paste("3");
        let Order::Share(request) = order(press(&mut form, KeyCode::Enter, KeyModifiers::NONE)) else {
            panic!()
        };
        assert_eq!((request.max, request.expires_in), (Some(3), 7 * 24 * 3600));
        assert_eq!(request.locations, ["work:media/a", "work:media/b"]);
        assert_eq!(request.password.unwrap().0.len(), 19);
    }

    #[test]
    fn a_prefix_can_also_take_files() {
        let mut form = ShareForm::new(vec![place("in/")], &Units::plain());
        press(&mut form, KeyCode::BackTab, KeyModifiers::NONE);
        press(&mut form, KeyCode::Right, KeyModifiers::NONE);
        let Order::Drop(request) = order(press(&mut form, KeyCode::Enter, KeyModifiers::NONE)) else {
            panic!()
        };
        assert_eq!((request.location.as_str(), request.password), ("work:media/in/", None));
        let mut form = ShareForm::new(vec![place("file")], &Units::plain());
        press(&mut form, KeyCode::Right, KeyModifiers::NONE);
        assert!(matches!(order(press(&mut form, KeyCode::Enter, KeyModifiers::NONE)), Order::Share(_)));
    }
}
