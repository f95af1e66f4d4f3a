//! What a filled-in form orders, once nothing is missing.

use super::{Decision, Keys, NewProfile, Outcome, ProfileForm, Row, SetupOrder, TEXTS, Told, Wish};
use crate::config::{Asks, Stored};
use crate::location::is_profile_name;

impl ProfileForm {
    /// What is missing, and in which row.
    fn fault(&self, wish: Wish) -> Option<(Row, &'static str)> {
        let saves = wish != Wish::Test;
        let checks = [
            (
                Row::Name,
                !is_profile_name(self.text(Row::Name)),
                "a name of letters, digits, `.`, `_` and `-`; not s3, http or https",
            ),
            (
                Row::Account,
                self.text(Row::Account).is_empty() && self.needs("{account}"),
                "the account: it is part of the address",
            ),
            (
                Row::Region,
                self.text(Row::Region).is_empty() && self.needs("{region}"),
                "the region: it is part of the address",
            ),
            (
                Row::Endpoint,
                self.text(Row::Endpoint).is_empty() && self.preset_of().name != "aws",
                "the address of the server, like http://127.0.0.1:9000",
            ),
            (
                Row::AwsProfile,
                self.text(Row::AwsProfile).is_empty() && self.preset_of().name != "aws",
                "the name of a profile in the AWS files",
            ),
            (Row::KeyId, self.text(Row::KeyId).is_empty(), "the access key"),
            (Row::Secret, self.secret.is_empty(), "the secret key"),
            (
                Row::Passphrase,
                saves && self.passphrase.is_empty(),
                "a passphrase for the file of sealed secrets",
            ),
            (
                Row::Again,
                saves && !self.again.is(&self.passphrase),
                "the same passphrase once more: the two differ",
            ),
        ];
        let rows = self.rows();
        let missing = checks.into_iter().find(|(row, missing, _)| *missing && rows.contains(row))?;
        Some((missing.0, missing.2))
    }

    /// Whether that is still in the address.
    fn needs(&self, part: &str) -> bool {
        self.text(Row::Endpoint).contains(part)
    }

    pub(super) fn order(&mut self, wish: Wish) -> Outcome {
        if let Some((row, fault)) = self.fault(wish) {
            self.told = Told::Fault(format!("Needed: {fault}"));
            self.go_to(row);
            return Outcome::Stay;
        }
        Outcome::Do(Decision::SetUp(wish))
    }

    /// What is ordered; from now on it is being carried out, by that number.
    pub(crate) fn begin(&mut self, wish: Wish, number: u64) -> SetupOrder {
        (self.told, self.number) = (Told::Busy(wish), number);
        let asks = self.keepers.sealed != Asks::Nothing && !self.passphrase.is_empty();
        let passphrase = asks.then(|| self.passphrase.secret());
        let keep = if let Keys::Kept(stored) = self.keys { stored } else { Stored::Plain };
        let profiles = if self.several.is_empty() { vec![self.profile()] } else { self.several.clone() };
        SetupOrder { profiles, keep, passphrase, wish }
    }

    pub(super) fn profile(&self) -> NewProfile {
        let rows = self.rows();
        let row = self.preset_of();
        let mut profile = NewProfile {
            name: self.text(Row::Name).to_owned(),
            provider: row.name.to_owned(),
            secret: None,
            ..self.base.clone()
        };
        profile.settings.retain(|(key, _)| TEXTS.iter().all(|(_, known)| known != key));
        profile.switches.retain(|switch| *switch != "anonymous");
        for (text, key) in TEXTS.iter().filter(|(text, key)| rows.contains(text) && !key.is_empty()) {
            let is_preset = match text {
                Row::Region => self.text(*text) == row.region.unwrap_or_default(),
                Row::Endpoint => self.text(*text) == self.made(),
                _ => false,
            };
            if !is_preset {
                profile.settings.push((key, self.text(*text).to_owned()));
            }
        }
        match self.keys {
            Keys::Kept(_) => profile.secret = Some((self.secret.secret(), None)),
            Keys::Anonymous => profile.switches.push("anonymous"),
            Keys::Aws => {}
        }
        profile
    }
}
