//! The runtime of a command, and signals that end it with what was done kept.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::prompt;
use crate::error::{Error, Kind, Result};

/// How long a command may take to clean up after a signal.
const CLEANING: Duration = Duration::from_secs(20);

/// A runtime with few threads: the work is waiting, and one other core's worth of copying.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.clamp(2, 8))
        .enable_all()
        .build()
        .map_err(|error| Error::new(Kind::Internal, format!("cannot start: {error}")))
}

/// Runs a command; SIGHUP, SIGINT and SIGTERM end it with 129, 130 and 143. One that `cleans` is told by the token
/// and waited for; others are dropped.
pub(super) fn block_on<F, Fut>(cleans: bool, command: F) -> Result<u8>
where
    F: FnOnce(CancellationToken) -> Fut,
    Fut: Future<Output = Result<u8>>,
{
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        // Watched before the command begins: whoever types a passphrase is interrupted in no other way.
        let mut signals = Signals::new();
        let stop = CancellationToken::new();
        let mut running = std::pin::pin!(command(stop.clone()));
        tokio::select! {
            result = &mut running => result,
            code = signals.next() => {
                stop.cancel();
                if cleans {
                    // What could not be cleaned up in time is reported by nobody; the signal comes first.
                    let _ = tokio::time::timeout(CLEANING, running).await;
                }
                Ok(code)
            }
        }
    });
    runtime.shutdown_timeout(Duration::from_millis(100));
    prompt::give_back();
    result
}

/// The exit code of the first signal that comes.
pub(super) async fn any() -> u8 {
    Signals::new().next().await
}

/// What ends a command from outside.
struct Signals {
    hangup: Option<Signal>,
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Signals {
    /// They are caught from now on.
    fn new() -> Self {
        let listen = |kind| signal(kind).ok();
        Self {
            hangup: listen(SignalKind::hangup()),
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
        }
    }

    /// The exit code of the next one.
    async fn next(&mut self) -> u8 {
        let next = async |signal: &mut Option<Signal>| match signal {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        };
        tokio::select! {
            () = next(&mut self.hangup) => 129,
            () = next(&mut self.interrupt) => 130,
            () = next(&mut self.terminate) => 143,
        }
    }
}
