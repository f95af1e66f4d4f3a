//! What the engine shows of itself whenever somebody wants to draw: plain data.

use std::time::Duration;

use super::types::{Likeness, TransferId, Verb, Verified};
use crate::error::Error;
use crate::location::Location;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Bytes are moving, or the plan is being made.
    Running,
    /// The user paused it.
    Paused,
    /// It waits for an [`Answer`].
    Asking,
    /// All done.
    Done,
    /// Ended with failures; `retry` tries those again.
    Failed,
    /// Stopped by the user.
    Cancelled,
}

impl State {
    /// Whether nothing more will happen by itself.
    pub fn is_over(self) -> bool {
        matches!(self, State::Done | State::Failed | State::Cancelled)
    }
}

/// What a transfer waits for by itself, and the error that says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Room on a full disk.
    Room(String),
    /// A provider that has stopped answering.
    Answer(String),
}

impl Waits {
    /// As it is told.
    pub fn text(&self) -> String {
        match self {
            Self::Room(why) => format!("waits until there is room: {why}"),
            Self::Answer(why) => format!("waits for an answer: {why}"),
        }
    }
}

/// One request as the panel shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferView {
    /// Which.
    pub id: TransferId,
    /// Copy or move.
    pub verb: Verb,
    /// The first item's source.
    pub from: Location,
    /// The first item's target.
    pub to: Location,
    /// How many items were asked for.
    pub items: usize,
    /// Where it stands.
    pub state: State,
    /// Whether files are still being found; the totals grow then.
    pub planning: bool,
    /// Files found.
    pub files: u64,
    /// Files over (done, skipped or failed).
    pub files_over: u64,
    /// Files failed.
    pub failed: u64,
    /// Files skipped.
    pub skipped: u64,
    /// Bytes found.
    pub bytes: u64,
    /// Bytes moved.
    pub bytes_done: u64,
    /// Bytes a second, lately.
    pub rate: u64,
    /// Time left at that rate.
    pub eta: Option<Duration>,
    /// The files in flight, largest first, at most eight: name, bytes done, bytes.
    pub current: Vec<(String, u64, u64)>,
    /// The first failures, at most three; [`Engine::failures`] has them all.
    pub errors: Vec<Error>,
    /// What it waits for by itself, if it does.
    pub waits: Option<Waits>,
    /// How urgent the user says it is; 0 is usual.
    pub priority: i32,
    /// Bytes a second at most, of this one.
    pub limit: Option<u64>,
    /// Bytes that an earlier run had moved.
    pub bytes_resumed: u64,
    /// How both sides of its open question compare, if there is one.
    pub likeness: Option<Likeness>,
    /// How its files were verified, and how many by each way.
    pub verified: Vec<(Verified, u64)>,
}

/// Everything the engine is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Oldest first; finished ones stay until [`Engine::forget_finished`].
    pub transfers: Vec<TransferView>,
    /// Bytes found in all that are not over.
    pub bytes: u64,
    /// Bytes moved of those.
    pub bytes_done: u64,
    /// Bytes a second, lately.
    pub rate: u64,
    /// Time left at that rate.
    pub eta: Option<Duration>,
    /// Failures of those that are not over; of all, once all are.
    pub failed: u64,
}

impl Snapshot {
    /// Whether something is moving, waiting or paused.
    pub fn is_busy(&self) -> bool {
        self.transfers.iter().any(|transfer| !transfer.state.is_over())
    }
}
