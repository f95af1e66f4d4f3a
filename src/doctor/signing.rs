//! Which bodies the provider takes: signed ones, ones that are not, ones that are not what was signed.

use super::objects::{Desk, TEXT};
use super::{Advice, Finding, Setting, Verdict, connected};
use crate::error::{Error, Result};
use crate::s3::{Body, PutOptions, Signed};

const CHECK: &str = "payload signing";

impl Desk<'_> {
    /// Tries them all; where the profile's own way is refused, the desk goes on in the other one.
    pub(super) async fn signing(&mut self, advice: &mut Vec<Advice>) -> Finding {
        if self.store.is_anonymous() {
            return Finding::skipped(CHECK, "nothing is signed without credentials");
        }
        let signs = self.store.profile().sign_payload;
        let (unsigned, signed) = (self.send(Signed::Nothing).await, self.send(Signed::Itself).await);
        let found = match (&unsigned, &signed) {
            (Err(error), _) | (_, Err(error)) if error.is_retryable() => {
                return Finding::skipped(CHECK, &error.message());
            }
            // That nothing can be written is what the next check finds.
            (Err(_), Err(error)) => return Finding::skipped(CHECK, &error.message()),
            (Ok(()), Err(refused)) if signs => return self.turn(false, refused, advice).await,
            (Ok(()), Err(_)) => return Finding::new(CHECK, Verdict::Fine, "only unsigned bodies are taken"),
            (Ok(()), Ok(())) => Finding::new(CHECK, Verdict::Fine, "signed and unsigned bodies are taken"),
            (Err(_), Ok(())) if signs => Finding::new(CHECK, Verdict::Fine, "only signed bodies are taken"),
            (Err(refused), Ok(())) => self.turn(true, refused, advice).await,
        };
        self.compared(found).await
    }

    async fn send(&self, signed: Signed) -> Result<()> {
        let body = Body::from_bytes(TEXT).signed(signed);
        self.store.put(self.bucket, &self.key("signing"), body, &PutOptions::default()).await.map(drop)
    }

    /// Adds whether a body is held against what was signed.
    async fn compared(&self, found: Finding) -> Finding {
        match self.send(Signed::Another).await {
            Ok(()) => {
                let detail = format!("{}, also ones that are not what was signed", found.detail);
                let hint =
                    found.hint.unwrap_or_else(|| "a signature proves no body here; checksums do".into());
                Finding::new(CHECK, Verdict::Warning, detail).hint(hint)
            }
            Err(error) if error.is_retryable() => found,
            Err(_) => Finding {
                detail: format!("{}; one that is not what was signed is refused", found.detail),
                ..found
            },
        }
    }

    /// From here on bodies are signed, or are not.
    async fn turn(&mut self, signs: bool, refused: &Error, advice: &mut Vec<Advice>) -> Finding {
        let mut profile = self.store.profile().clone();
        profile.sign_payload = signs;
        // As was found out on the way here.
        profile.region = Some(self.store.region_of(self.bucket));
        match connected(self.config, profile).await {
            Ok(store) => self.store = store,
            Err(error) => return Finding::failed(CHECK, &error),
        }
        let taken = if signs { "only signed bodies are taken" } else { "only unsigned bodies are taken" };
        advice.push(Advice { key: "sign_payload", value: Setting::Switch(signs), why: taken.to_owned() });
        Finding::new(CHECK, Verdict::Warning, taken).hint(refused.message())
    }
}
