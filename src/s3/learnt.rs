//! What a server has shown of itself that the provider table does not say.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Store;

#[derive(Debug, Default)]
pub(super) struct Learnt {
    /// Whether listings are to be asked for with encoded keys, once a page has shown it.
    encode_keys: Mutex<Option<bool>>,
    /// It knows no tags.
    tagless: AtomicBool,
}

impl Learnt {
    fn encode_keys(&self) -> Option<bool> {
        *self.encode_keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Whether to ask for encoded keys.
    pub(super) fn encode_keys(&self) -> bool {
        self.learnt().encode_keys().unwrap_or(self.provider().encode_keys)
    }

    /// Whether an answer with encoded keys has yet to be compared with one without.
    pub(super) fn doubts_encoding(&self) -> bool {
        self.learnt().encode_keys().is_none() && self.provider().doubtful_encoding
    }

    /// From now on keys are asked for encoded, or not.
    pub(super) fn set_encode_keys(&self, encode: bool) {
        *self.learnt().encode_keys.lock().unwrap_or_else(PoisonError::into_inner) = Some(encode);
    }

    /// Whether objects have tags, as far as is known.
    pub(super) fn has_tags(&self) -> bool {
        self.provider().tags && !self.learnt().tagless.load(Ordering::Relaxed)
    }

    /// The server knows no tags.
    pub(super) fn set_tagless(&self) {
        self.learnt().tagless.store(true, Ordering::Relaxed);
    }
}
