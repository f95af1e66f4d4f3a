//! Two trees compared: a plan that makes the second like the first ([`plan`]), the deletions at its end ([`delete`]),
//! and a comparison that changes nothing ([`check()`]).
//!
//! `merge` and `compare` are pure; `pairing` reads both listings, `content` asks and hashes where listings do not
//! tell. Copying is the engine's: a plan only says what it is to be asked for. Nothing here prints or draws.

mod apart;
mod bytes;
mod check;
mod compare;
mod content;
mod delete;
mod merge;
mod pairing;
mod places;
mod plan;
mod rules;
mod types;

pub use check::{CheckOptions, Finding, How, Row, check};
pub use content::Proof;
pub use delete::delete;
pub use plan::plan;
pub use types::{Compare, Counts, Filters, Options, Plan, Reason, Skipped, Step, StepKind, request};
