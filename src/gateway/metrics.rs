//! Counters, in the form that Prometheus reads.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! metrics {
    ($($name:ident: $help:literal;)*) => {
        /// What was counted since the start.
        #[derive(Debug, Default)]
        pub(super) struct Metrics {
            $(pub(super) $name: AtomicU64,)*
        }

        impl Metrics {
            /// All of them.
            pub(super) fn text(&self) -> String {
                let mut text = String::new();
                $(
                    let name = concat!("twinpail_gateway_", stringify!($name), "_total");
                    text.push_str(&format!("# HELP {name} {}\n# TYPE {name} counter\n{name} {}\n", $help, read(&self.$name)));
                )*
                text
            }
        }
    };
}

metrics! {
    requests: "Requests of recipients.";
    views: "Pages of shares and drop links that were shown.";
    claims: "Downloads that were counted.";
    claims_again: "Downloads that were begun again.";
    refused: "Downloads that were refused.";
    unlocks: "Right passwords.";
    wrong_passwords: "Wrong passwords.";
    throttled: "Requests that were told to slow down.";
    uploads: "Files that came in.";
    storage_failures: "Requests to a storage provider that failed.";
    store_failures: "Requests to the database that failed.";
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
