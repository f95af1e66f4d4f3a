//! The forms of new profiles, as far as they have come.

use super::super::super::message::{Keepers, Wish};
use super::*;
use crate::config::{Asks, Importable, NewProfile};

fn typed(keepers: Keepers, rows: usize) -> Dialog {
    let mut dialog = Dialog::new_profile();
    dialog.as_new_profile().expect("it is that one").set_keepers(keepers);
    let texts = ["lab", "", "http://127.0.0.1:9000/\u{1b}[2J", "", "", "admin", "hush", "horse", "hoarse"];
    for text in &texts[..rows] {
        press(&mut dialog, KeyCode::Tab);
        dialog.on_paste(text);
    }
    for _ in 0..rows {
        press(&mut dialog, KeyCode::Up);
    }
    press(&mut dialog, KeyCode::Char('m'));
    dialog
}

/// Filled in, with a secret that is to be sealed, and not yet complete.
pub(super) fn new_profile() -> Dialog {
    let mut dialog = typed(Keepers { keyring: false, sealed: Asks::NewPassphrase }, 9);
    press(&mut dialog, KeyCode::Enter);
    dialog
}

/// Refused by the provider.
pub(super) fn refused() -> Dialog {
    let mut dialog = typed(Keepers { keyring: true, sealed: Asks::NewPassphrase }, 7);
    let form = dialog.as_new_profile().expect("it is that one");
    form.begin(Wish::Save, 1);
    let error = Error::new(
        Kind::Credentials,
        "cannot list the buckets of lab: SignatureDoesNotMatch: the signature\u{1b}[2J we calculated does not match",
    )
    .with_hint("check access_key_id and the secret of profile lab");
    form.failed(vec![("lab".to_owned(), error)]);
    dialog
}

/// A passphrase was wrong, and the next one is being typed.
pub(super) fn wrong_passphrase() -> Dialog {
    let mut dialog = Dialog::unlock();
    let unlock = dialog.as_unlock().expect("it is that one");
    unlock.take();
    unlock
        .failed(&Error::new(Kind::Credentials, "the passphrase is not that of the sealed secrets\u{1b}[2J"));
    dialog.on_paste("hush");
    dialog
}

/// Of other tools, all at once.
pub(super) fn imported() -> Dialog {
    let names = ["my-lab", "play", "backup"];
    let found = names.map(|name| Importable {
        tool: "rclone",
        name: name.to_owned(),
        profile: NewProfile { name: name.to_owned(), provider: "minio".to_owned(), ..NewProfile::default() },
    });
    let mut dialog = Dialog::import_all(&found);
    let keepers = Keepers { keyring: false, sealed: Asks::Passphrase };
    dialog.as_new_profile().expect("it is that one").set_keepers(keepers);
    dialog
}

#[test]
fn no_secret_is_ever_drawn() {
    for dialog in [new_profile(), refused(), wrong_passphrase()] {
        let shown = screen(&dialog, 120, 30);
        assert!(!shown.contains("hush") && !shown.contains("horse"), "{shown}");
        assert!(!format!("{dialog:?}").contains("hush"));
    }
}

#[test]
fn a_refusal_says_what_where_and_what_to_do() {
    let shown = screen(&refused(), 80, 24);
    for part in
        ["Not saved: cannot list the buckets of lab", " check access_key_id", " It can be saved untested"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn a_low_box_keeps_its_room_for_fields_and_says_that_there_are_more() {
    let shown = screen(&Dialog::new_profile(), 60, 11);
    assert!(shown.contains("   Keys ") && shown.contains('▼') && shown.contains("saved once"), "{shown}");
    let shown = screen(&refused(), 60, 11);
    assert!(shown.contains("> Provider") && shown.contains("Not saved") && shown.contains('▼'), "{shown}");
}
