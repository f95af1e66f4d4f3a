//! The open dialogs, the last one on top, and whether the one on top may be answered yet.
//!
//! A key answers a question only if its typist can have seen the question. This is the one place that decides it; no
//! dialog has to know. Time does not pass in here: the loop tells when a dialog has been on the screen long enough.

use std::ops::{Index, IndexMut};
use std::time::Duration;

use crossterm::event::KeyEvent;

use super::{Dialog, is_dismissal};

/// How long a dialog that opened by itself has to be on the screen before it takes a key: a key that was meant for
/// something else is pressed within that time.
const STAND: Duration = Duration::from_millis(300);

/// A dialog that takes no key but Esc yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// Tells it from every other dialog.
    pub(crate) number: u64,
    /// How long it has to be on the screen; zero: until it is there.
    pub(crate) stand: Duration,
}

/// What a form was sent off for, and waits to be told of. It closes when that is done, and stays, with all that was
/// typed into it, when it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    /// A folder or a bucket is made.
    Create,
    /// Names are changed.
    Rename,
    /// A listing is written to a file.
    Export,
    /// Links are signed.
    Sign,
    /// Protected links are made.
    Share,
    /// An upload kit is made.
    Kit,
    /// A share gets another end.
    Extend,
    /// Properties of an object are changed.
    Change,
}

impl Pending {
    /// What goes on meanwhile.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Pending::Create => "making it",
            Pending::Rename => "renaming",
            Pending::Export => "writing it",
            Pending::Sign => "signing",
            Pending::Share | Pending::Kit => "making it, asking the server",
            Pending::Extend => "asking the gateway",
            Pending::Change => "changing it",
        }
    }
}

/// Why a dialog does not take a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It has not been seen. `first`: nobody was told about that yet.
    Unseen { first: bool },
    /// It waits for something, and nothing but Esc means anything.
    Waiting,
    /// It was sent off, and it is not known yet what came of it.
    Pending(Pending),
}

#[derive(Debug)]
struct Open {
    number: u64,
    dialog: Dialog,
    /// What is missing until it may be answered; `None`: nothing.
    stand: Option<Duration>,
    /// A key was refused.
    refused: bool,
    /// What it was sent off for.
    pending: Option<Pending>,
}

/// The open dialogs.
#[derive(Debug)]
pub(crate) struct Dialogs {
    open: Vec<Open>,
    /// The number of the newest.
    newest: u64,
    /// The screen behind a question that was answered, while another of its kind may follow: its number, and whether a
    /// key was refused.
    between: Option<(u64, bool)>,
    /// Whether what opens now is the direct answer to something that the user did.
    by_hand: bool,
}

impl Default for Dialogs {
    /// What is open at the very start was opened by whoever started the program.
    fn default() -> Self {
        Self { open: Vec::new(), newest: 0, between: None, by_hand: true }
    }
}

impl Dialogs {
    /// Says whether dialogs that open from now on answer a key (a click, a paste), or open by themselves.
    pub(crate) fn opened_by_hand(&mut self, by_hand: bool) {
        self.by_hand = by_hand;
    }

    /// Opens one, above all others. What opens by itself takes no key for a while; a question takes none until it has
    /// been shown, whoever asked for it; a form that the user opened takes what he types ahead, and so does what only
    /// shows something.
    pub(crate) fn push(&mut self, dialog: Dialog) {
        let stand = match (self.by_hand, dialog.is_question()) {
            (true, false) => None,
            (true, true) => Some(Duration::ZERO),
            (false, _) if dialog.only_shows() => None,
            (false, _) => Some(STAND),
        };
        self.newest += 1;
        self.between = None;
        self.open.push(Open { number: self.newest, dialog, stand, refused: false, pending: None });
    }

    /// One of several questions was answered. What is typed on, for the next one, is no key for the panes: they take
    /// none until they have been on the screen for as long as a question has to be.
    pub(crate) fn rest(&mut self) {
        self.newest += 1;
        self.between = Some((self.newest, false));
    }

    /// No other question follows: the panes take keys.
    pub(crate) fn end_rest(&mut self) {
        self.between = None;
    }

    /// The dialog on top if it has not been seen yet.
    pub(crate) fn unseen(&self) -> Option<Unseen> {
        match self.open.last() {
            Some(top) => top.stand.map(|stand| Unseen { number: top.number, stand }),
            None => self.between.map(|(number, _)| Unseen { number, stand: STAND }),
        }
    }

    /// It has been on the screen for long enough. A dialog that was covered meanwhile has not.
    pub(crate) fn seen(&mut self, number: u64) {
        if let Some(top) = self.open.last_mut().filter(|top| top.number == number) {
            top.stand = None;
        }
        self.between = self.between.filter(|(between, _)| *between != number);
    }

    /// Why the dialog on top does not take this key, if it does not. Esc is always taken: it does nothing but cancel.
    pub(crate) fn refuses_key(&mut self, key: KeyEvent) -> Option<Refusal> {
        if is_dismissal(key) { None } else { self.refuses() }
    }

    /// Why the dialog on top does not take what is done to it, if it does not.
    pub(crate) fn refuses(&mut self) -> Option<Refusal> {
        let Some(top) = self.open.last_mut() else {
            let (_, refused) = self.between.as_mut()?;
            return Some(Refusal::Unseen { first: !std::mem::replace(refused, true) });
        };
        if top.stand.is_some() {
            return Some(Refusal::Unseen { first: !std::mem::replace(&mut top.refused, true) });
        }
        if let Some(pending) = top.pending {
            return Some(Refusal::Pending(pending));
        }
        matches!(top.dialog, Dialog::Wait(_)).then_some(Refusal::Waiting)
    }

    /// The dialog on top stays until it is known what came of what it was sent off for.
    pub(crate) fn wait_for(&mut self, pending: Pending) {
        if let Some(top) = self.open.last_mut() {
            top.pending = Some(pending);
        }
    }

    /// What the dialog on top was sent off for.
    pub(crate) fn pending(&self) -> Option<Pending> {
        self.open.last()?.pending
    }

    /// It is known what came of it: the dialog that waits for it closes if it was `done`, else it takes keys again.
    /// Whether there is one.
    pub(crate) fn settle(&mut self, pending: Pending, done: bool) -> bool {
        let waits = |open: &Open| open.pending == Some(pending);
        let Some(at) = self.open.iter().position(waits) else { return false };
        if done {
            self.open.remove(at);
        } else {
            self.open[at].pending = None;
        }
        true
    }

    /// Puts another one into the place of the first that `is` it; the keys of that are not for this one.
    pub(crate) fn replace(&mut self, is: impl Fn(&Dialog) -> bool, dialog: Dialog) {
        if let Some(open) = self.open.iter_mut().find(|open| is(&open.dialog)) {
            self.newest += 1;
            *open = Open { number: self.newest, dialog, stand: Some(STAND), refused: false, pending: None };
        }
    }

    /// Closes the one on top.
    pub(crate) fn pop(&mut self) -> Option<Dialog> {
        self.open.pop().map(|open| open.dialog)
    }

    /// Closes the one at this place, counted from below.
    pub(crate) fn remove(&mut self, at: usize) -> Dialog {
        self.open.remove(at).dialog
    }

    /// Closes all others.
    pub(crate) fn retain(&mut self, stays: impl Fn(&Dialog) -> bool) {
        self.open.retain(|open| stays(&open.dialog));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn last(&self) -> Option<&Dialog> {
        self.open.last().map(|open| &open.dialog)
    }

    pub(crate) fn last_mut(&mut self) -> Option<&mut Dialog> {
        self.open.last_mut().map(|open| &mut open.dialog)
    }

    /// From the lowest to the one on top.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Dialog> + ExactSizeIterator {
        self.open.iter().map(|open| &open.dialog)
    }

    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Dialog> + ExactSizeIterator {
        self.open.iter_mut().map(|open| &mut open.dialog)
    }
}

impl Index<usize> for Dialogs {
    type Output = Dialog;

    fn index(&self, at: usize) -> &Dialog {
        &self.open[at].dialog
    }
}

impl IndexMut<usize> for Dialogs {
    fn index_mut(&mut self, at: usize) -> &mut Dialog {
        &mut self.open[at].dialog
    }
}
