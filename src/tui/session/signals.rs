//! The signals that end or interrupt the browser.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, Kind, Result};

/// What ends or interrupts the loop from outside.
pub(super) struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
    stop: Signal,
    resume: Signal,
    window: Signal,
}

/// What they ask for.
#[derive(Clone, Copy)]
pub(super) enum Order {
    Exit(u8),
    Interrupt,
    Stop,
    Resumed,
    Resized,
}

impl Signals {
    pub(super) fn new() -> Result<Self> {
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

    pub(super) async fn next(&mut self) -> Order {
        tokio::select! {
            biased;
            _ = self.hangup.recv() => Order::Exit(129),
            _ = self.terminate.recv() => Order::Exit(143),
            _ = self.interrupt.recv() => Order::Interrupt,
            _ = self.stop.recv() => Order::Stop,
            _ = self.resume.recv() => Order::Resumed,
            _ = self.window.recv() => Order::Resized,
        }
    }
}
