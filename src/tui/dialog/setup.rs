//! New profiles: provider, address, keys, and where the secret is kept. Enter tries them and saves what works.

mod draw;
mod order;

use crossterm::event::{KeyCode, KeyEvent};

use super::super::message::{Keepers, SetupOrder, Wish};
use super::field::Field;
use super::masked::Masked;
use super::{Decision, Outcome};
use crate::action::Action;
use crate::config::{Asks, Importable, NewProfile, PROVIDERS, Provider, Stored};
use crate::error::Error;

/// Where the secret is, or that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    Kept(Stored),
    Aws,
    Anonymous,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Provider,
    Name,
    Account,
    Region,
    Endpoint,
    Bucket,
    Keys,
    AwsProfile,
    KeyId,
    Secret,
    Passphrase,
    Again,
}

/// The rows that are lines of text, and the keys of the configuration that they are.
const TEXTS: [(Row, &str); 7] = [
    (Row::Name, ""),
    (Row::Account, "account"),
    (Row::Region, "region"),
    (Row::Endpoint, "endpoint"),
    (Row::Bucket, "bucket"),
    (Row::AwsProfile, "aws_profile"),
    (Row::KeyId, "access_key_id"),
];

/// What came of it so far.
#[derive(Debug)]
enum Told {
    Nothing,
    /// What is missing.
    Fault(String),
    Busy(Wish),
    Stopped,
    Works(String),
    /// What was wished, and why it was not to be.
    Failed(Wish, Error),
}

/// The dialog.
#[derive(Debug)]
pub(crate) struct ProfileForm {
    /// What it was made from: settings of it that have no row are kept.
    base: NewProfile,
    /// Several are taken over as they are.
    several: Vec<NewProfile>,
    provider: usize,
    texts: [Field; TEXTS.len()],
    keys: Keys,
    /// Whether the user said where the secret is kept.
    chosen: bool,
    secret: Masked,
    passphrase: Masked,
    again: Masked,
    keepers: Keepers,
    focus: usize,
    told: Told,
    /// The order that is being carried out.
    number: u64,
}

impl ProfileForm {
    pub(super) fn new() -> Self {
        let provider = PROVIDERS.iter().position(|row| row.name == "aws").unwrap_or(0);
        Self {
            base: NewProfile::default(),
            several: Vec::new(),
            provider,
            texts: Default::default(),
            keys: Keys::Kept(Stored::Sealed),
            chosen: false,
            secret: Masked::default(),
            passphrase: Masked::default(),
            again: Masked::default(),
            keepers: Keepers::default(),
            focus: 0,
            told: Told::Nothing,
            number: 0,
        }
    }

    /// With what another tool knows.
    pub(super) fn import(found: &Importable) -> Self {
        let profile = found.profile.clone();
        let mut form = Self::new();
        form.take_provider(PROVIDERS.iter().position(|row| row.name == profile.provider).unwrap_or(0));
        form.set(Row::Name, &profile.name);
        for (key, text) in &profile.settings {
            if let Some((row, _)) = TEXTS.iter().find(|(_, known)| known == key) {
                form.set(*row, text);
            }
        }
        form.secret = profile.secret.as_ref().map(|(secret, _)| Masked::new(secret)).unwrap_or_default();
        (form.keys, form.chosen) = if profile.switches.contains(&"anonymous") {
            (Keys::Anonymous, true)
        } else if !form.text(Row::AwsProfile).is_empty() {
            (Keys::Aws, true)
        } else {
            (form.keys, false)
        };
        form.focus = form.rows().iter().position(|row| *row == Row::Keys).unwrap_or(0);
        form.base = profile;
        form
    }

    /// With all that other tools know.
    pub(super) fn import_all(found: &[Importable]) -> Self {
        Self { several: found.iter().map(|found| found.profile.clone()).collect(), ..Self::new() }
    }

    fn preset_of(&self) -> &'static Provider {
        &PROVIDERS[self.provider]
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        if self.several.is_empty() {
            rows.extend([Row::Provider, Row::Name]);
            if self.template().contains("{account}") {
                rows.push(Row::Account);
            }
            rows.extend([Row::Region, Row::Endpoint, Row::Bucket]);
        }
        rows.push(Row::Keys);
        match self.keys {
            Keys::Aws => rows.push(Row::AwsProfile),
            Keys::Anonymous => {}
            Keys::Kept(_) if !self.several.is_empty() => {}
            Keys::Kept(_) => rows.extend([Row::KeyId, Row::Secret]),
        }
        if self.keys == Keys::Kept(Stored::Sealed) {
            match self.keepers.sealed {
                Asks::Nothing => {}
                Asks::Passphrase => rows.push(Row::Passphrase),
                Asks::NewPassphrase => rows.extend([Row::Passphrase, Row::Again]),
            }
        }
        rows
    }

    fn row(&self) -> Row {
        let rows = self.rows();
        rows[self.focus.min(rows.len() - 1)]
    }

    fn at(row: Row) -> Option<usize> {
        TEXTS.iter().position(|(text, _)| *text == row)
    }

    fn text(&self, row: Row) -> &str {
        Self::at(row).map_or("", |at| self.texts[at].text().trim())
    }

    fn set(&mut self, row: Row, text: &str) {
        if let Some(at) = Self::at(row) {
            self.texts[at] = Field::new(text);
        }
    }

    /// What the provider brings along; what is typed takes its place.
    fn preset(&mut self, row: Row, text: &str) {
        if let Some(at) = Self::at(row) {
            self.texts[at] = Field::preset(text);
        }
    }

    fn template(&self) -> &'static str {
        self.preset_of().endpoint.unwrap_or_default()
    }

    /// The address that the provider's preset makes, as far as it is known.
    fn made(&self) -> String {
        let mut made = self.template().replace("{jurisdiction}", "");
        for (part, row) in [("{account}", Row::Account), ("{region}", Row::Region)] {
            if !self.text(row).is_empty() {
                made = made.replace(part, self.text(row));
            }
        }
        made
    }

    /// Another provider; what was typed stays, what was the preset's is that of the new one.
    fn take_provider(&mut self, provider: usize) {
        let default = |form: &Self| form.preset_of().region.unwrap_or_default();
        let follows = (self.text(Row::Region) == default(self), self.text(Row::Endpoint) == self.made());
        self.provider = provider;
        if follows.0 {
            self.preset(Row::Region, default(self));
        }
        if follows.1 {
            let made = self.made();
            self.preset(Row::Endpoint, &made);
        }
    }

    /// Changes a text; the address follows region and account as long as it is the preset's.
    fn edit(&mut self, change: impl FnOnce(&mut Field)) {
        let follows = self.text(Row::Endpoint) == self.made();
        let row = self.row();
        let Some(at) = Self::at(row) else { return };
        change(&mut self.texts[at]);
        if follows && matches!(row, Row::Account | Row::Region) {
            let made = self.made();
            self.preset(Row::Endpoint, &made);
        }
    }

    fn masked(&mut self) -> Option<&mut Masked> {
        match self.row() {
            Row::Secret => Some(&mut self.secret),
            Row::Passphrase => Some(&mut self.passphrase),
            Row::Again => Some(&mut self.again),
            _ => None,
        }
    }

    /// The ways to have keys, the best first; in plain text only where somebody asks for it.
    fn ways(&self) -> Vec<Keys> {
        let kept = [Stored::Keyring, Stored::Sealed, Stored::Plain];
        let kept = kept.into_iter().filter(|kept| self.keepers.keyring || *kept != Stored::Keyring);
        let none = self.several.is_empty().then_some([Keys::Aws, Keys::Anonymous]);
        kept.map(Keys::Kept).chain(none.into_iter().flatten()).collect()
    }

    /// What there is to keep a secret in is known.
    pub(crate) fn set_keepers(&mut self, keepers: Keepers) {
        let row = self.row();
        self.keepers = keepers;
        if !self.chosen {
            self.keys = self.ways()[0];
        }
        self.go_to(row);
    }

    fn go_to(&mut self, row: Row) {
        self.focus = self.rows().iter().position(|known| *known == row).unwrap_or(self.focus);
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        let rows = self.rows().len();
        if matches!(self.told, Told::Busy(_)) {
            return Outcome::Stay;
        }
        match action {
            Some(Action::FormAccept) => return self.order(Wish::Save),
            Some(Action::FormTest) => return self.order(Wish::Test),
            Some(Action::FormSaveUntested) => return self.order(Wish::SaveUntested),
            Some(Action::FormNext) => self.focus = (self.focus + 1) % rows,
            Some(Action::FormPrevious) => self.focus = (self.focus + rows - 1) % rows,
            _ => self.typed(key, action),
        }
        Outcome::Stay
    }

    fn typed(&mut self, key: KeyEvent, action: Option<Action>) {
        if matches!(self.told, Told::Fault(_)) {
            self.told = Told::Nothing;
        }
        if let Some(masked) = self.masked() {
            return masked.on_key(key);
        }
        match (self.row(), action, key.code) {
            (Row::Provider | Row::Keys, Some(Action::FormTurn), _) => self.choose(1),
            (Row::Provider | Row::Keys, Some(Action::FormTurnBack), _) => self.choose(-1),
            (Row::Provider, _, KeyCode::Char(letter)) => self.provider_like(letter),
            _ => self.edit(|field| {
                field.on_key(key);
            }),
        }
    }

    fn choose(&mut self, by: isize) {
        let step = |at: usize, len: usize| (at + len).wrapping_add_signed(by) % len;
        if self.row() == Row::Provider {
            return self.take_provider(step(self.provider, PROVIDERS.len()));
        }
        let ways = self.ways();
        let at = ways.iter().position(|way| *way == self.keys).unwrap_or(0);
        (self.keys, self.chosen) = (ways[step(at, ways.len())], true);
    }

    /// To the next provider whose title begins with that letter.
    fn provider_like(&mut self, letter: char) {
        let is = |at: &usize| PROVIDERS[*at].title.to_lowercase().starts_with(letter.to_ascii_lowercase());
        let after = self.provider + 1;
        if let Some(at) = (after..PROVIDERS.len()).chain(0..after).find(is) {
            self.take_provider(at);
        }
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Outcome {
        match self.masked() {
            Some(masked) => masked.paste(text),
            None => self.edit(|field| {
                field.paste(text);
            }),
        }
        Outcome::Stay
    }

    /// Esc: stops what is going on, else closes.
    pub(super) fn dismiss(&mut self) -> Outcome {
        if matches!(self.told, Told::Busy(_)) {
            self.told = Told::Stopped;
            return Outcome::Do(Decision::StopSetup);
        }
        Outcome::Close(None)
    }

    /// Whether it waits for that order.
    pub(crate) fn waits_for(&self, number: u64) -> bool {
        self.number == number
    }

    /// What was ordered works, but is not saved.
    pub(crate) fn works(&mut self, words: String) {
        self.told = Told::Works(words);
    }

    /// What was ordered does not work; of several those that failed are left.
    pub(crate) fn failed(&mut self, failed: Vec<(String, Error)>) {
        let left = |profile: &NewProfile| failed.iter().any(|(name, _)| *name == profile.name);
        self.several.retain(left);
        let more = failed.len().saturating_sub(1);
        let Some((name, error)) = failed.into_iter().next() else { return };
        let wish = if let Told::Busy(wish) = self.told { wish } else { Wish::Save };
        let error = match more {
            _ if self.several.is_empty() => error,
            0 => error.context(name),
            more => error.context(format!("{name} and {more} more failed; {name}")),
        };
        self.told = Told::Failed(wish, error);
    }
}

#[cfg(test)]
mod tests;
