//! How often somebody may ask: counted here, per household, and for passwords per share as well. What must hold across
//! gateways (the growing wait after wrong passwords) stands in the store.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Requests a household: a burst, and then so many a second.
const REQUESTS: (u32, u32) = (240, 40);
/// Passwords a household and share: a burst, and then one every so often.
const PASSWORDS: u32 = 10;
const PASSWORD_EVERY: Duration = Duration::from_secs(6);

/// The limits of one gateway.
#[derive(Debug)]
pub(super) struct Limits {
    requests: DefaultKeyedRateLimiter<IpAddr>,
    passwords: DefaultKeyedRateLimiter<(String, IpAddr)>,
    clock: DefaultClock,
}

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

impl Limits {
    pub(super) fn new() -> Self {
        let passwords = Quota::with_period(PASSWORD_EVERY).unwrap_or(Quota::per_minute(number(10)));
        Self {
            requests: RateLimiter::keyed(
                Quota::per_second(number(REQUESTS.1)).allow_burst(number(REQUESTS.0)),
            ),
            passwords: RateLimiter::keyed(passwords.allow_burst(number(PASSWORDS))),
            clock: DefaultClock::default(),
        }
    }

    /// One more request; in how many seconds to come back, if that is too many.
    pub(super) fn request(&self, household: IpAddr) -> Option<u64> {
        let denied = self.requests.check_key(&household).err()?;
        Some(denied.wait_time_from(self.clock.now()).as_secs() + 1)
    }

    /// One more password; in how many seconds to come back, if that is too many.
    pub(super) fn password(&self, share: &str, household: IpAddr) -> Option<u64> {
        let denied = self.passwords.check_key(&(share.to_owned(), household)).err()?;
        Some(denied.wait_time_from(self.clock.now()).as_secs() + 1)
    }

    /// Forgets whoever has not asked for a while.
    pub(super) fn sweep(&self) {
        self.requests.retain_recent();
        self.passwords.retain_recent();
        self.requests.shrink_to_fit();
        self.passwords.shrink_to_fit();
    }
}
