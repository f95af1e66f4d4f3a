//! Many names changed at once: by a replacement and a pattern, with every new name shown before anything happens.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::field::Field;
use super::{Decision, Hint, Outcome, window};
use crate::action::Action;
use crate::sanitize::display_safe;

/// Cells that it wants, and that the labels take.
const WIDTH: u16 = 100;
const LABELS: u16 = 14;
/// Rows of the preview, at most.
const PREVIEW: u16 = 14;
const FIELDS: [&str; 3] = ["Replace", "with", "Pattern"];
/// Leaves names as they are.
const PATTERN: &str = "{name}{ext}";

/// One entry to be renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Old {
    /// Exact, as its listing has it.
    pub(crate) entry: OsString,
    /// Bytes of it that are the folder in which it was found, with its slash; none in a listing of its own folder.
    within: usize,
    /// To be shown: without that, and without the slash of a prefix.
    pub(crate) name: String,
    /// A folder's name has no extension.
    pub(crate) folder: bool,
}

impl Old {
    pub(crate) fn new(entry: &OsStr, folder: bool) -> Self {
        let bare = bare(entry.as_bytes());
        let within = bare.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        let name = String::from_utf8_lossy(&bare[within..]).into_owned();
        Self { entry: entry.to_owned(), within, name, folder }
    }

    /// What the entry is called once its own name is `name`.
    pub(crate) fn renamed(&self, name: &str) -> OsString {
        let bytes = self.entry.as_bytes();
        let slash = &bytes[bare(bytes).len()..];
        OsString::from_vec([&bytes[..self.within], name.as_bytes(), slash].concat())
    }

    /// A name in the same folder.
    fn beside(&self, name: &str) -> String {
        String::from_utf8_lossy(&self.entry.as_bytes()[..self.within]).into_owned() + name
    }
}

/// Without the slash of a prefix.
fn bare(entry: &[u8]) -> &[u8] {
    entry.strip_suffix(b"/").unwrap_or(entry)
}

/// A new name, or why it is none.
type New = Result<String, &'static str>;

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::FormAccept], "rename"),
    (&[Action::FormNext], "next field"),
    (&[Action::FormPageDown], "more names"),
];

/// The dialog.
#[derive(Debug)]
pub(crate) struct Batch {
    old: Vec<Old>,
    /// Names in the same place that are not renamed, with the folder before them where it was found.
    taken: HashSet<String>,
    fields: [Field; 3],
    focus: usize,
    new: Vec<New>,
    top: usize,
}

impl Batch {
    pub(super) fn new(old: Vec<Old>, taken: HashSet<String>) -> Self {
        let fields = [Field::new(""), Field::new(""), Field::new(PATTERN)];
        let mut batch = Self { old, taken, fields, focus: 0, new: Vec::new(), top: 0 };
        batch.rename();
        batch
    }

    /// Makes all new names anew.
    fn rename(&mut self) {
        let [find, with, pattern] = &self.fields;
        let digits = self.old.len().to_string().len();
        let names = self.old.iter().zip(1..).map(|(old, number)| {
            let name = if find.text().is_empty() {
                old.name.clone()
            } else {
                old.name.replace(find.text(), with.text())
            };
            filled(pattern.text(), &name, old.folder, number, digits)
        });
        let mut new: Vec<New> = names.collect();
        let mut times: HashMap<String, usize> = HashMap::new();
        for (old, name) in self.old.iter().zip(&new) {
            if let Ok(name) = name {
                *times.entry(old.beside(name)).or_default() += 1;
            }
        }
        let sources: HashSet<String> = self.old.iter().map(|old| old.beside(&old.name)).collect();
        for (name, old) in new.iter_mut().zip(&self.old) {
            let Ok(text) = name else { continue };
            let whole = old.beside(text);
            let why = match text.as_str() {
                "" | "." | ".." => Some("no name"),
                text if text.contains(['/', '\0']) => Some("a `/` in it"),
                _ if times.get(&whole).is_some_and(|count| *count > 1) => Some("twice"),
                _ if self.taken.contains(&whole) => Some("exists already"),
                text if text != old.name && sources.contains(&whole) => Some("is the name of another one"),
                _ => None,
            };
            if let Some(why) = why {
                *name = Err(why);
            }
        }
        self.new = new;
    }

    /// How many names change, and how many cannot.
    fn counts(&self) -> (usize, usize) {
        let wrong = self.new.iter().filter(|new| new.is_err()).count();
        let changed = self
            .new
            .iter()
            .zip(&self.old)
            .filter(|(new, old)| new.as_ref().is_ok_and(|new| *new != old.name));
        (changed.count(), wrong)
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        let last = self.old.len().saturating_sub(1);
        match action {
            Some(Action::FormAccept) => return self.decide(),
            Some(Action::FormNext) => self.focus = (self.focus + 1) % FIELDS.len(),
            Some(Action::FormPrevious) => self.focus = (self.focus + FIELDS.len() - 1) % FIELDS.len(),
            Some(Action::FormPageDown) => self.top = (self.top + usize::from(PREVIEW)).min(last),
            Some(Action::FormPageUp) => self.top = self.top.saturating_sub(usize::from(PREVIEW)),
            _ => {
                if self.fields[self.focus].on_key(key) {
                    self.rename();
                }
            }
        }
        Outcome::Stay
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Outcome {
        if self.fields[self.focus].paste(text) {
            self.rename();
        }
        Outcome::Stay
    }

    fn decide(&self) -> Outcome {
        match self.counts() {
            (_, 1..) => Outcome::Stay,
            (0, _) => Outcome::Close(None),
            _ => {
                let renamed = self.old.iter().zip(&self.new).filter_map(|(old, new)| {
                    let new = new.as_ref().ok().filter(|new| **new != old.name)?;
                    Some((old.entry.clone(), old.renamed(new)))
                });
                Outcome::Ask(Decision::RenameMany(renamed.collect()))
            }
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let rows = u16::try_from(self.old.len()).unwrap_or(PREVIEW).min(PREVIEW);
        let title = format!("Rename {} entries", text::thousands(self.old.len()));
        let room = window::open(frame, area, theme, &title, (WIDTH, rows + 5));
        let fields = u16::try_from(FIELDS.len()).unwrap_or(3);
        // In a box too low for everything the field with the keyboard is the one that must be seen.
        let tight = room.height < fields + 2;
        for (index, (label, field)) in FIELDS.iter().zip(&self.fields).enumerate() {
            let focused = index == self.focus;
            let at = match (tight, focused) {
                (true, false) => continue,
                (true, true) => 0,
                (false, _) => u16::try_from(index).unwrap_or(0),
            };
            let line = window::row(room, at).intersection(frame.area());
            let mark = if focused { "> " } else { "  " };
            let style = if focused { theme.focused } else { theme.dim };
            frame.render_widget(Span::styled(format!("{mark}{label}"), style), line);
            let used = LABELS.min(line.width);
            let value = Rect { x: line.x + used, width: line.width - used, ..line };
            if field.text().is_empty() {
                frame.render_widget(Span::styled("nothing", theme.dim), value);
            }
            field.draw(frame, value, theme, focused);
        }
        if tight {
            return;
        }
        let list = Rect { y: room.y + fields + 1, height: room.height.saturating_sub(fields + 2), ..room };
        let height = usize::from(list.height);
        let top = self.top.min(self.old.len().saturating_sub(height));
        for (at, index) in (0..list.height).zip(top..self.old.len()) {
            frame.render_widget(self.line(index, usize::from(list.width), theme), window::row(list, at));
        }
        window::more(frame, list, theme, top > 0, top + height < self.old.len());
        let (style, status) = match self.counts() {
            (_, wrong @ 1..) => {
                (theme.error, format!("{} cannot be; nothing is renamed", text::thousands(wrong)))
            }
            (changed, _) => (theme.dim, format!("{} to be renamed", text::thousands(changed))),
        };
        let help = "{name} {ext} {n} {n:3} {name:lower} {name:upper}";
        let line = text::clip(&format!("{status}   {help}"), usize::from(room.width), theme.ellipsis());
        frame.render_widget(Line::styled(line, style), window::row(room, room.height.saturating_sub(1)));
    }

    /// `old  >  new`.
    fn line(&self, index: usize, width: usize, theme: &Theme) -> Line<'static> {
        let half = width.saturating_sub(4) / 2;
        let old = text::clip_middle(
            &display_safe(&self.old[index].beside(&self.old[index].name)),
            half,
            theme.ellipsis(),
        );
        let pad = " ".repeat(half.saturating_sub(text::width(&old)));
        let (new, style) = match &self.new[index] {
            Err(why) => (format!("({why})"), theme.error),
            Ok(new) if *new == self.old[index].name => (String::new(), theme.dim),
            Ok(new) => (display_safe(new).into_owned(), theme.text),
        };
        let arrow = if new.is_empty() { "    " } else { "  > " };
        let new = text::clip_middle(&new, half, theme.ellipsis());
        Line::from(vec![Span::styled(old + &pad + arrow, theme.dim), Span::styled(new, style)])
    }
}

/// The name that a pattern makes of another; `digits` is how wide a plain counter is.
fn filled(pattern: &str, name: &str, folder: bool, number: usize, digits: usize) -> New {
    let dot = name.rfind('.').filter(|at| *at > 0 && !folder);
    let (stem, ext) = name.split_at(dot.unwrap_or(name.len()));
    let (mut out, mut rest) = (String::new(), pattern);
    while let Some((before, after)) = rest.split_once('{') {
        out += before;
        let (key, behind) = after.split_once('}').ok_or("a `{` without its `}`")?;
        match key.split_once(':').unwrap_or((key, "")) {
            ("name", case) => out += &cased(stem, case)?,
            ("ext", case) => out += &cased(ext, case)?,
            ("n", width) => {
                let width = if width.is_empty() { Ok(digits) } else { width.parse() };
                let width = width.ok().filter(|width| *width < 20).ok_or("no width")?;
                out += &format!("{number:0width$}");
            }
            _ => return Err("unknown word in { }"),
        }
        rest = behind;
    }
    Ok(out + rest)
}

fn cased(text: &str, case: &str) -> New {
    match case {
        "" => Ok(text.to_owned()),
        "lower" => Ok(text.to_lowercase()),
        "upper" => Ok(text.to_uppercase()),
        _ => Err("lower or upper"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::dialog::tests::form_action;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn batch(names: &[&str]) -> Batch {
        let old = names.iter().map(|name| Old::new(name.as_ref(), false));
        Batch::new(old.collect(), HashSet::from(["taken".to_owned()]))
    }

    fn press(batch: &mut Batch, code: KeyCode) -> Outcome {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        batch.on_key(key, form_action(key))
    }

    #[test]
    fn patterns_make_names_of_names() {
        let name = |pattern: &str| filled(pattern, "IMG.final.JPG", false, 7, 2);
        assert_eq!(name("{name}{ext}").unwrap(), "IMG.final.JPG");
        assert_eq!(name("{n:3}-{name:lower}{ext:lower}").unwrap(), "007-img.final.jpg");
        assert_eq!(name("x{n}").unwrap(), "x07");
        assert!(name("{what}").is_err() && name("{name").is_err() && name("{n:x}").is_err());
        assert_eq!(filled("{name}-{ext}", ".hidden", false, 1, 1).unwrap(), ".hidden-");
        assert_eq!(filled("{name}_{ext}", "v1.2", true, 1, 1).unwrap(), "v1.2_");
    }

    #[test]
    fn names_that_cannot_be_hold_everything_back() {
        let mut names = batch(&["a.txt", "b.txt"]);
        assert_eq!(press(&mut names, KeyCode::Enter), Outcome::Close(None), "nothing changes");
        press(&mut names, KeyCode::Up);
        for _ in 0..PATTERN.len() {
            press(&mut names, KeyCode::Backspace);
        }
        for (pattern, why) in [("", "no name"), ("same", "twice"), ("x/{n}", "a `/` in it"), ("{name}", "")] {
            names.fields[2] = Field::new(pattern);
            names.rename();
            assert_eq!(names.new[0].as_ref().err().copied().unwrap_or_default(), why, "{pattern}");
        }
        let Outcome::Ask(Decision::RenameMany(renamed)) = press(&mut names, KeyCode::Enter) else { panic!() };
        assert_eq!(renamed, [("a.txt".into(), "a".into()), ("b.txt".into(), "b".into())]);
        let mut names = batch(&["a", "b"]);
        names.on_paste("a");
        press(&mut names, KeyCode::Tab);
        names.on_paste("taken");
        assert_eq!(names.new[0], Err("exists already"));
        names.fields[1] = Field::new("b");
        names.rename();
        assert_eq!(names.new[0], Err("twice"));
    }
}
