//! twinpail: a two-pane terminal file manager for S3-compatible storage.
//!
//! The map. A room imports only from rooms above it (`tests/integration/house.rs` holds the exact table):
//!
//! | room | what it does |
//! |---|---|
//! | [`error`] | the one error type: a sentence, a hint, whether another try can help |
//! | [`location`] | `PROFILE:BUCKET/KEY` and local paths: parse, show, join, parent |
//! | [`entry`] | rows and pages of a listing: plain data that both panes show |
//! | [`locale`] | whether the terminal shows more than ASCII, and text for one that does not |
//! | [`sanitize`] | remote text made safe to show |
//! | [`zone`] | the time zone that times are shown and typed in |
//! | [`unicode`] | text compared as people read it, whatever form its accents have |
//! | [`action`] | every action's name, words and default keys |
//! | [`config`] | the configuration file, profiles, the provider table, keys, themes, folders |
//! | [`log`] | the log file and what never gets into it |
//! | [`http`] | the one HTTP/1.1 client, under the S3 client too |
//! | [`local`] | a local folder as pages; safe local names for hostile keys; files that stay below their folder |
//! | [`clipboard`] | text onto the user's clipboard, also over SSH |
//! | [`places`] | bookmarks and places visited lately |
//! | [`preview`] | bytes as lines to look at: text, hex, JSON, tables, pictures; gzip unpacked as it is read |
//! | [`qr`] | QR codes as text |
//! | [`s3`] | one connected profile; the only home of the AWS SDK |
//! | [`identity`] | whether two locations are the same place, however they are spelled |
//! | [`walk`] | trees: recursive listings, local and remote; unfinished uploads |
//! | [`transfer`] | the engine: plans, queues, uploads, downloads, relays |
//! | [`sync`] | two trees compared: what makes one like the other, and whether it is |
//! | [`links`] | link requests and the forms they are written in |
//! | [`setup`] | a new profile: tried, its secret kept, written into the configuration |
//! | [`doctor`] | measures what a profile can do, and what its settings should be |
//! | [`gateway`] | protected links: serves their pages, counts downloads, takes files in; its client |
//! | [`demo`] | an in-memory S3 server with sample data, and its faults |
//! | [`tui`] | the browser: one loop, pure state, one door to the outside |
//! | [`cli`] | one file a subcommand |

pub mod action;
pub mod cli;
pub mod clipboard;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod entry;
pub mod error;
pub mod gateway;
pub mod http;
pub mod identity;
pub mod links;
pub mod local;
pub mod locale;
pub mod location;
pub mod log;
pub mod places;
pub mod preview;
pub mod qr;
pub mod s3;
pub mod sanitize;
pub mod setup;
pub mod sync;
pub mod transfer;
pub mod tui;
pub mod unicode;
pub mod walk;
pub mod zone;
