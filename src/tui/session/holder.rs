//! Who has the terminal, and what signals and keys mean meanwhile.

use crossterm::event::{Event as Pressed, KeyCode, KeyModifiers};
use rustix::process::Signal;

use super::{Dirty, Order, Session};
use crate::error::{Error, Kind, Result};
use crate::tui::dialog::Editing;
use crate::tui::message::{EditEvent, EditorEnd, Event};
use crate::tui::terminal::{Editor, Heard, Terminal};

/// Who has the terminal.
pub(super) enum Holder {
    /// This program.
    Us,
    /// The user's editor, for what is edited.
    Editor(Editor, Box<Editing>),
    /// The user, who reads what was printed.
    Reader,
}

impl Session {
    pub(super) fn obey(&mut self, order: Order) -> Result<()> {
        match (order, &self.holder) {
            (Order::Exit(code), _) => self.exit = Some(code),
            // Ctrl-C in the editor is meant for the editor; so is Ctrl-Z, which stops this program through it.
            (Order::Interrupt | Order::Stop, Holder::Editor(..)) => {}
            (Order::Interrupt, _) => self.exit = Some(130),
            (Order::Stop, Holder::Us) => self.suspend()?,
            (Order::Stop, Holder::Reader) => Terminal::stop()?,
            (Order::Resumed, Holder::Us) => {
                self.terminal.retake()?;
                self.redraw()?;
            }
            (Order::Resized, Holder::Us) => self.dirty = Dirty::Now,
            (Order::Resumed | Order::Resized, _) => {}
        }
        Ok(())
    }

    /// Something was typed while the user reads what was printed.
    pub(super) fn read_on(&mut self, heard: &Heard) -> Result<()> {
        let Heard::Input(Pressed::Key(key)) = heard else { return Ok(()) };
        let line_feed = key.code == KeyCode::Char('j') && key.modifiers == KeyModifiers::CONTROL;
        if key.code != KeyCode::Enter && !line_feed {
            return Ok(());
        }
        self.holder = Holder::Us;
        self.terminal.come_back()?;
        self.redraw()
    }

    pub(super) fn editor_ended(&mut self, end: EditorEnd) -> Result<()> {
        let Holder::Editor(_, editing) = std::mem::replace(&mut self.holder, Holder::Us) else {
            return Ok(());
        };
        self.terminal.come_back()?;
        self.redraw()?;
        self.event(Event::Edit(EditEvent::Left(editing, end)))
    }

    /// An editor does not outlive this program: both would have the terminal.
    pub(super) async fn end_editor(&mut self) {
        if let Holder::Editor(editor, _) = std::mem::replace(&mut self.holder, Holder::Us) {
            let signal = if self.exit == Some(143) { Signal::TERM } else { Signal::HUP };
            editor.end(signal).await;
            self.terminal.guard().restore_settings();
        }
    }

    pub(super) fn suspend(&mut self) -> Result<()> {
        if !self.terminal.suspend()? {
            let why = "nothing to go back to: no shell has started this program";
            return self.event(Event::Said(Err(Error::new(Kind::Unsupported, why))));
        }
        self.redraw()
    }
}
