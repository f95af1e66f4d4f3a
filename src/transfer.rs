//! The engine: takes requests, plans them, moves the bytes in parallel, reports.
//!
//! One way in ([`Engine`]'s methods), two ways out: [`Event`]s that are never dropped, and [`Snapshot`]s taken
//! whenever somebody wants to draw. A plan streams files (`plan`) with their places (`target`) to workers; a worker waits
//! for its turn at a target (`turns`), settles what to do if it exists (`conflict`) and moves one file (`upload`,
//! `download`, `relay`, `local`); `pair` proves that source and target are two before a move removes the source; `pace` and `slots` say how many requests may be in flight, `progress` counts.

mod again;
mod batch;
mod claims;
mod conflict;
mod content;
mod download;
mod engine;
mod in_order;
mod job;
mod journal;
mod leftover;
mod limit;
mod local;
mod outlet;
mod pace;
mod pair;
mod partial;
mod parts;
mod plan;
mod progress;
mod ranges;
mod relay;
mod run;
mod shown;
mod slots;
mod source;
mod stream;
mod target;
mod turns;
mod types;
mod upload;
mod work;

pub use content::{Content, Proof, compare};
pub use engine::Engine;
pub use journal::{BegunHere, MOST_TAKEN_BACK, Origin, Unfinished};
pub use limit::RateLimit;
pub use partial::Room;
pub use plan::Filter;
pub use shown::{Snapshot, State, TransferView, Waits};
pub use target::inside;
pub use types::*;
