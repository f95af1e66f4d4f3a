//! An in-memory S3 server with sample data on 127.0.0.1. The demo, the tests and fault injection share it.
//! The only home of s3s.

mod backend;
mod faults;
mod sample;
mod server;
mod service;

use crate::config::{Config, PROVIDERS, Paths, Profile, provider};

pub use backend::Backend;
pub use faults::{Fault, Faults, Operation, Request, Rule};
pub use sample::sample_backend;
pub use server::Server;

/// The key that the server accepts.
pub const ACCESS_KEY_ID: &str = "demo";
/// Its secret; anybody on this machine may know it.
pub const SECRET_ACCESS_KEY: &str = "demo-secret";

/// A configuration with two profiles on `endpoint`, everything of it below `paths`.
pub fn config(endpoint: &str, paths: Paths) -> Config {
    let row = provider("minio").unwrap_or(&PROVIDERS[0]);
    let profile = |name: &str| Profile::with_keys(name, row, endpoint, ACCESS_KEY_ID, SECRET_ACCESS_KEY);
    Config::of_profiles(vec![profile("demo"), profile("archive")], paths)
}
