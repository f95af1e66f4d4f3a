//! The loop: signals, keys, events, and when to draw.
//!
//! A key draws at once, and so do the rows that it asks for; anything else at most thirty times a second; nothing at all
//! happens while nothing happens. A terminal that has not taken the last frame gets no other one, and nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event as Pressed;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

use super::effect::Effects;
use super::message::{Effect, Event, Pointer};
use super::state::State;
use super::terminal::{ASK_ATTRIBUTES, Heard, Input, LONGEST_PASTE, Reply, Terminal};
use super::{End, update, view};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::transfer;

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
/// Events handled before the next frame is due.
const BURST: usize = 1000;

/// What ends or interrupts the loop from outside.
struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
    stop: Signal,
    resume: Signal,
    window: Signal,
}

#[derive(Clone, Copy)]
enum Order {
    Exit(u8),
    Stop,
    Resumed,
    Resized,
}

impl Signals {
    fn new() -> Result<Self> {
        let on = |kind: SignalKind| {
            signal(kind).map_err(|error| Error::new(Kind::Internal, format!("cannot watch signals: {error}")))
        };
        Ok(Self {
            hangup: on(SignalKind::hangup())?,
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            stop: on(SignalKind::from_raw(signal_hook::consts::SIGTSTP))?,
            resume: on(SignalKind::from_raw(signal_hook::consts::SIGCONT))?,
            window: on(SignalKind::window_change())?,
        })
    }

    async fn next(&mut self) -> Order {
        tokio::select! {
            biased;
            _ = self.hangup.recv() => Order::Exit(129),
            _ = self.terminate.recv() => Order::Exit(143),
            _ = self.interrupt.recv() => Order::Exit(130),
            _ = self.stop.recv() => Order::Stop,
            _ = self.resume.recv() => Order::Resumed,
            _ = self.window.recv() => Order::Resized,
        }
    }
}

/// What woke the loop.
enum Wake {
    Order(Order),
    /// `None`: the terminal is gone.
    Heard(Option<Heard>),
    /// The terminal has not said in time whether it has a clipboard.
    Silent,
    Event(Event),
    Tick,
    /// A frame is due, or can be drawn.
    Frame,
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
    /// Until when the terminal may say whether it has a clipboard.
    asked: Option<Instant>,
    signals: Signals,
    events: UnboundedReceiver<Event>,
    tick: Interval,
    dirty: Dirty,
    drawn: Instant,
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
            asked: None,
            signals: Signals::new()?,
            events,
            tick,
            dirty: Dirty::No,
            drawn: Instant::now(),
            exit: None,
            demo: false,
        })
    }

    /// Runs to the end; gives the terminal back before it waits for anything.
    pub(super) async fn run(&mut self, first: Vec<Effect>) -> Result<End> {
        let ended = self.turn(first).await;
        let patience = if self.exit == Some(0) { PATIENCE } else { HURRY };
        self.terminal.guard().restore_now();
        self.effects.keep_clipboard();
        self.effects.shut_down(patience).await;
        ended.map(|()| if self.demo { End::Demo } else { End::Code(self.exit.unwrap_or(0)) })
    }

    async fn turn(&mut self, first: Vec<Effect>) -> Result<()> {
        self.perform(first)?;
        while self.exit.is_none() {
            let wake = self.wait().await;
            self.handle(wake)?;
            self.drain()?;
            let due = self.drawn + FRAME <= Instant::now();
            let can = self.exit.is_none() && self.terminal.is_free();
            if can && (self.dirty == Dirty::Now || (self.dirty == Dirty::Soon && due)) {
                self.draw()?;
            }
        }
        Ok(())
    }

    async fn wait(&mut self) -> Wake {
        let busy = self.state.snapshot.is_busy();
        let deadline = self.drawn + FRAME;
        let free = self.terminal.is_free();
        let asked = self.asked;
        tokio::select! {
            biased;
            order = self.signals.next() => Wake::Order(order),
            heard = self.input.next() => Wake::Heard(heard),
            Some(event) = self.events.recv() => Wake::Event(event),
            () = until(asked) => Wake::Silent,
            _ = self.tick.tick(), if busy => Wake::Tick,
            () = sleep_until(deadline), if free && self.dirty == Dirty::Soon => Wake::Frame,
            () = self.terminal.freed(), if !free && self.dirty != Dirty::No => Wake::Frame,
        }
    }

    fn handle(&mut self, wake: Wake) -> Result<()> {
        match wake {
            Wake::Order(Order::Exit(code)) => self.exit = Some(code),
            Wake::Order(Order::Stop) => self.suspend()?,
            Wake::Order(Order::Resumed) => self.redraw()?,
            Wake::Order(Order::Resized) => self.dirty = Dirty::Now,
            // The terminal is gone, and with it the user.
            Wake::Heard(None) => self.exit = Some(129),
            Wake::Heard(Some(heard)) => self.heard(heard)?,
            Wake::Silent => self.clipboard_known(false)?,
            Wake::Event(event) => self.event(event)?,
            Wake::Tick => {
                let snapshot = self.effects.snapshot();
                if snapshot != self.state.snapshot {
                    self.event(Event::Progress(snapshot))?;
                }
            }
            Wake::Frame => {}
        }
        Ok(())
    }

    /// Takes what is there already, so that one frame shows all of it.
    fn drain(&mut self) -> Result<()> {
        for _ in 0..BURST {
            if let Some(heard) = self.input.ready() {
                self.handle(Wake::Heard(heard))?;
            } else if let Ok(event) = self.events.try_recv() {
                self.event(event)?;
            } else {
                break;
            }
            if self.exit.is_some() {
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
            Heard::Input(_) => Ok(()),
            Heard::Pasted { text, cut } => {
                self.typed(Event::Paste(text))?;
                if cut { self.event(Event::Said(Err(cut_short()))) } else { Ok(()) }
            }
            Heard::Reply(Reply::Attributes { clipboard }) if self.asked.is_some() => {
                self.clipboard_known(clipboard)
            }
            // Asked by whoever had the terminal before.
            Heard::Reply(Reply::Attributes { .. } | Reply::Ready) => Ok(()),
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
                Effect::Editor(editing) => {
                    let left = self.terminal.edit(&editing.file)?;
                    // Ctrl-C in the editor was meant for the editor.
                    self.signals = Signals::new()?;
                    self.redraw()?;
                    self.event(Event::EditorLeft(editing, left))?;
                }
                Effect::AskTerminal => {
                    self.terminal.ask(ASK_ATTRIBUTES)?;
                    self.asked = Some(Instant::now() + REPLY);
                }
                Effect::PrintPlain(text) => {
                    self.terminal.print_plain(&text)?;
                    self.redraw()?;
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

    fn suspend(&mut self) -> Result<()> {
        self.terminal.suspend()?;
        self.redraw()
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

fn cut_short() -> Error {
    let kept = LONGEST_PASTE >> 20;
    Error::new(Kind::Usage, format!("the pasted text was too long: only its first {kept} MiB was taken"))
}
