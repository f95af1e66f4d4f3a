//! The loop: signals, keys, events, and when to draw.
//!
//! A key draws at once, and so do the rows that it asks for; anything else at most thirty times a second; nothing at all
//! happens while nothing happens. A terminal that has not taken the last frame gets no other one, and nobody waits for it.

mod holder;
mod signals;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event as Pressed;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

use super::effect::Effects;
use super::message::{EditEvent, EditorEnd, Effect, Event, Pointer};
use super::state::State;
use super::terminal::{ASK_ATTRIBUTES, ASK_STATUS, Heard, Input, LONGEST_PASTE, Ready, Reply, Terminal};
use super::{End, update, view};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::transfer;
use holder::Holder;
use signals::{Order, Signals};
use watch::Watch;

/// Between two frames that no key asked for.
const FRAME: Duration = Duration::from_millis(33);
/// Between two looks at the engine, here and over SSH.
const TICK: Duration = Duration::from_millis(100);
const TICK_SSH: Duration = Duration::from_millis(200);
/// How long transfers may clean up when the user quits, and when a signal ends us.
const PATIENCE: Duration = Duration::from_secs(5);
const HURRY: Duration = Duration::from_secs(2);
/// How long the terminal may take to say whether it has a clipboard.
const REPLY: Duration = Duration::from_millis(500);
/// How long replies are waited for at the end.
const SETTLE: Duration = Duration::from_millis(200);
/// Events handled before the next frame is due.
const BURST: usize = 1000;

/// What woke the loop.
enum Wake {
    Order(Order),
    /// `None`: the terminal is gone.
    Heard(Option<Heard>),
    /// The editor that has the terminal has ended.
    EditorEnded(EditorEnd),
    /// The terminal has not said in time whether it has a clipboard.
    Silent,
    Event(Event),
    Tick,
    /// A frame is due, can be drawn, or has been shown.
    Frame,
    /// The dialog of that number has been on the screen for long enough.
    Seen(u64),
}

/// What was drawn last, and what is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dirty {
    No,
    Soon,
    Now,
}

/// A running browser.
pub(super) struct Session {
    state: State,
    terminal: Terminal,
    effects: Effects,
    input: Input,
    holder: Holder,
    /// Until when the terminal may say whether it has a clipboard.
    asked: Option<Instant>,
    signals: Signals,
    events: UnboundedReceiver<Event>,
    tick: Interval,
    dirty: Dirty,
    drawn: Instant,
    watch: Watch,
    exit: Option<u8>,
    /// It is left for sample data.
    demo: bool,
}

impl Session {
    /// Connects state and terminal to the outside. Inside a runtime.
    pub(super) fn start(config: &Arc<Config>, terminal: Terminal, state: State) -> Result<Self> {
        let (sender, events) = unbounded_channel();
        let runtime = tokio::runtime::Handle::current();
        let effects = Effects::new(config, &runtime, terminal.raw_writer(), sender);
        let ssh = ["SSH_CONNECTION", "SSH_TTY"].into_iter().any(|name| std::env::var_os(name).is_some());
        let mut tick = interval(if ssh { TICK_SSH } else { TICK });
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            state,
            terminal,
            effects,
            input: Input::open()
                .map_err(|error| Error::new(Kind::Local, format!("cannot read the terminal: {error}")))?,
            holder: Holder::Us,
            asked: None,
            signals: Signals::new()?,
            events,
            tick,
            dirty: Dirty::No,
            drawn: Instant::now(),
            watch: Watch::default(),
            exit: None,
            demo: false,
        })
    }

    /// Runs to the end; gives the terminal back before it waits for anything.
    pub(super) async fn run(&mut self, first: Vec<Effect>) -> Result<End> {
        let ended = self.turn(first).await;
        if self.has_terminal() && self.exit != Some(129) {
            self.settle().await;
        }
        let patience = if self.exit == Some(0) { PATIENCE } else { HURRY };
        self.terminal.guard().restore_now();
        self.end_editor().await;
        self.effects.keep_clipboard();
        self.effects.shut_down(patience).await;
        ended.map(|()| if self.demo { End::Demo } else { End::Code(self.exit.unwrap_or(0)) })
    }

    async fn turn(&mut self, first: Vec<Effect>) -> Result<()> {
        // The first frame is drawn; nobody waits for the answer.
        self.ask_status()?;
        self.perform(first)?;
        while self.exit.is_none() {
            let wake = self.wait().await;
            self.handle(wake)?;
            self.drain()?;
            let due = self.drawn + FRAME <= Instant::now();
            let can = self.exit.is_none() && self.has_terminal() && self.terminal.is_free();
            if can && (self.dirty == Dirty::Now || (self.dirty == Dirty::Soon && due)) {
                self.draw()?;
            }
        }
        Ok(())
    }

    fn has_terminal(&self) -> bool {
        matches!(self.holder, Holder::Us)
    }

    async fn wait(&mut self) -> Wake {
        match &mut self.holder {
            Holder::Us => self.wait_here().await,
            Holder::Editor(editor, _) => tokio::select! {
                biased;
                order = self.signals.next() => Wake::Order(order),
                end = editor.ended() => Wake::EditorEnded(end),
                () = self.input.lost() => Wake::Heard(None),
            },
            Holder::Reader => tokio::select! {
                biased;
                order = self.signals.next() => Wake::Order(order),
                heard = self.input.next() => Wake::Heard(heard),
            },
        }
    }

    /// Waits while the terminal is the browser's.
    async fn wait_here(&mut self) -> Wake {
        let busy = self.state.snapshot.is_busy();
        let deadline = self.drawn + FRAME;
        let free = self.terminal.is_free();
        let asked = self.asked;
        let (awaits_frame, seen) = (self.watch.awaits_frame(), self.watch.due());
        let late = self.watch.late().filter(|late| *late > Instant::now());
        let arrived = awaits_frame && self.has_shown();
        let (due, number) = seen.unwrap_or((deadline, 0));
        tokio::select! {
            biased;
            order = self.signals.next() => Wake::Order(order),
            heard = self.input.next() => Wake::Heard(heard),
            Some(event) = self.events.recv() => Wake::Event(event),
            () = until(asked) => Wake::Silent,
            _ = self.tick.tick(), if busy => Wake::Tick,
            () = sleep_until(deadline), if free && self.dirty == Dirty::Soon => Wake::Frame,
            () = self.terminal.freed(), if !free && (self.dirty != Dirty::No || awaits_frame) => Wake::Frame,
            () = std::future::ready(()), if arrived => Wake::Frame,
            () = until(late) => Wake::Frame,
            // Behind the keys: those that were typed before this moment are no answers.
            () = sleep_until(due), if seen.is_some() => Wake::Seen(number),
        }
    }

    /// Whether the terminal shows the last frame, as far as that can be known.
    fn has_shown(&self) -> bool {
        self.watch.has_shown(self.terminal.is_free(), Instant::now())
    }

    /// Asks the terminal to answer once it has worked off everything up to here.
    fn ask_status(&mut self) -> Result<()> {
        self.watch.asks();
        self.terminal.ask(ASK_STATUS)
    }

    /// Waits a moment for replies that are on their way: whoever has the terminal next would take them for keys.
    async fn settle(&mut self) {
        let replies = async {
            while self.watch.expects_reply() {
                match self.input.next().await {
                    Some(Heard::Reply(Reply::Ready)) => self.watch.answered(),
                    Some(_) => {}
                    None => break,
                }
            }
        };
        // One that does not come in that time does not come.
        let _ = tokio::time::timeout(SETTLE, replies).await;
    }

    /// Notes that the terminal shows the dialog that was drawn last. One that need not stand for a while has been seen.
    fn look(&mut self) -> Result<()> {
        if self.watch.awaits_frame() && self.has_shown() {
            self.watch.shown(Instant::now());
            if let Some(number) = self.watch.seen_at_once() {
                self.seen(number)?;
            }
        }
        Ok(())
    }

    fn seen(&mut self, number: u64) -> Result<()> {
        self.watch.seen();
        self.event(Event::Seen(number))
    }

    fn handle(&mut self, wake: Wake) -> Result<()> {
        self.look()?;
        match wake {
            Wake::Order(order) => self.obey(order)?,
            // The terminal is gone, and with it the user.
            Wake::Heard(None) => self.exit = Some(129),
            Wake::Heard(Some(heard)) if self.has_terminal() => self.heard(heard)?,
            Wake::Heard(Some(heard)) => self.read_on(&heard)?,
            Wake::EditorEnded(end) => self.editor_ended(end)?,
            Wake::Silent => self.clipboard_known(false)?,
            Wake::Event(event) => self.event(event)?,
            Wake::Tick => {
                let snapshot = self.effects.snapshot();
                if snapshot != self.state.snapshot {
                    self.event(Event::Progress(snapshot))?;
                }
            }
            Wake::Seen(number) => self.seen(number)?,
            Wake::Frame => {}
        }
        Ok(())
    }

    /// Takes what is there already, so that one frame shows all of it.
    fn drain(&mut self) -> Result<()> {
        for _ in 0..BURST {
            if self.exit.is_some() || !self.has_terminal() {
                break;
            }
            if let Ready::Heard(heard) = self.input.ready() {
                self.handle(Wake::Heard(Some(heard)))?;
            } else if let Ok(event) = self.events.try_recv() {
                self.event(event)?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn heard(&mut self, heard: Heard) -> Result<()> {
        match heard {
            Heard::Input(Pressed::Key(key)) => self.typed(Event::Key(key)),
            Heard::Input(Pressed::Mouse(mouse)) => match Pointer::of(mouse, std::time::Instant::now()) {
                Some(pointer) => self.typed(Event::Pointer(pointer)),
                None => Ok(()),
            },
            Heard::Pasted { text, cut } => {
                self.typed(Event::Paste(text))?;
                if cut { self.typed(Event::PasteCut(LONGEST_PASTE >> 20)) } else { Ok(()) }
            }
            Heard::Reply(Reply::Attributes { clipboard }) if self.asked.is_some() => {
                self.clipboard_known(clipboard)
            }
            Heard::Reply(Reply::Ready) => {
                self.watch.answered();
                Ok(())
            }
            // Nothing that is wanted, or asked by whoever had the terminal before.
            Heard::Input(_) | Heard::Reply(Reply::Attributes { .. }) => Ok(()),
        }
    }

    /// What the user did is drawn at once.
    fn typed(&mut self, event: Event) -> Result<()> {
        self.dirty = Dirty::Now;
        let effects = update::update(&mut self.state, event);
        self.perform(effects)
    }

    fn clipboard_known(&mut self, takes: bool) -> Result<()> {
        self.asked = None;
        self.event(Event::TerminalSaid(takes))
    }

    fn event(&mut self, event: Event) -> Result<()> {
        if matches!(event, Event::Arranged { .. }) {
            self.dirty = Dirty::Now;
        } else if self.dirty == Dirty::No {
            self.dirty = Dirty::Soon;
        }
        // Who quits right after a transfer has ended must not be asked about it.
        let over = matches!(event, Event::Transfer(transfer::Event::Finished { .. }));
        let effects = update::update(&mut self.state, event);
        self.perform(effects)?;
        if over {
            self.event(Event::Progress(self.effects.snapshot()))?;
        }
        Ok(())
    }

    /// Starts effects; what they answer at once is handled before anything else can happen.
    fn perform(&mut self, effects: Vec<Effect>) -> Result<()> {
        for effect in effects {
            match effect {
                Effect::Quit => self.exit = Some(0),
                Effect::Demo => (self.exit, self.demo) = (Some(0), true),
                Effect::Redraw => self.redraw()?,
                Effect::Suspend => self.suspend()?,
                Effect::Editor(editing) => match self.terminal.edit(&editing.file)? {
                    Ok(editor) => self.holder = Holder::Editor(editor, editing),
                    Err(error) => {
                        self.redraw()?;
                        self.event(Event::Edit(EditEvent::Left(editing, EditorEnd::NotFound(error))))?;
                    }
                },
                Effect::AskTerminal => {
                    self.terminal.ask(ASK_ATTRIBUTES)?;
                    self.asked = Some(Instant::now() + REPLY);
                }
                Effect::PrintPlain(text) => {
                    self.terminal.print_plain(&text)?;
                    self.holder = Holder::Reader;
                }
                effect => {
                    for event in self.effects.run(effect) {
                        self.event(event)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn redraw(&mut self) -> Result<()> {
        self.terminal.repaint()?;
        let size = self.terminal.size();
        self.dirty = Dirty::Now;
        let effects = update::update(&mut self.state, Event::Resize(size.width, size.height));
        self.perform(effects)
    }

    fn draw(&mut self) -> Result<()> {
        let size = self.terminal.size();
        if (size.width, size.height) != self.state.size {
            let effects = update::update(&mut self.state, Event::Resize(size.width, size.height));
            self.perform(effects)?;
        }
        let state = &self.state;
        self.terminal.draw(|frame| view::draw(state, frame))?;
        if self.watch.drawn(view::unseen(state), Instant::now()) {
            self.ask_status()?;
        }
        (self.dirty, self.drawn) = (Dirty::No, Instant::now());
        Ok(())
    }
}

/// For ever if there is no such time.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
