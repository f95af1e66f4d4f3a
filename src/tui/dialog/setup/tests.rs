use secrecy::ExposeSecret as _;

use crossterm::event::KeyModifiers;

use super::*;
use crate::tui::dialog::tests::form_action;

fn press(form: &mut ProfileForm, code: KeyCode) -> Outcome {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    form.on_key(key, form_action(key))
}

fn with(form: &mut ProfileForm, c: char) -> Outcome {
    let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
    form.on_key(key, form_action(key))
}

/// Tab, and the text that goes into the next row.
fn tab(form: &mut ProfileForm, text: &str) {
    press(form, KeyCode::Tab);
    form.on_paste(text);
}

fn minio() -> ProfileForm {
    let mut form = ProfileForm::new();
    press(&mut form, KeyCode::Char('m'));
    tab(&mut form, "lab");
    tab(&mut form, "");
    tab(&mut form, "http://127.0.0.1:9000");
    tab(&mut form, "");
    form
}

fn ordered(form: &mut ProfileForm, wish: Wish) -> SetupOrder {
    let outcome = match wish {
        Wish::Save => press(form, KeyCode::Enter),
        Wish::Test => with(form, 't'),
        Wish::SaveUntested => with(form, 's'),
    };
    assert_eq!(outcome, Outcome::Do(Decision::SetUp(wish)), "{:?}", form.told);
    form.begin(wish, 1)
}

fn only(mut order: SetupOrder) -> NewProfile {
    assert_eq!(order.profiles.len(), 1);
    order.profiles.remove(0)
}

#[test]
fn what_is_typed_is_what_is_ordered() {
    let mut form = minio();
    form.set_keepers(Keepers { keyring: true, sealed: Asks::NewPassphrase });
    tab(&mut form, "");
    tab(&mut form, "admin");
    tab(&mut form, "hush");
    let order = ordered(&mut form, Wish::Save);
    assert!(!format!("{form:?} {order:?}").contains("hush"));
    assert_eq!((order.keep, order.passphrase.is_none()), (Stored::Keyring, true));
    let profile = only(order);
    assert_eq!((profile.name.as_str(), profile.provider.as_str()), ("lab", "minio"));
    let settings = [("endpoint", "http://127.0.0.1:9000"), ("bucket", ""), ("access_key_id", "admin")];
    assert_eq!(profile.settings, settings.map(|(key, text)| (key, text.to_owned())));
    let (secret, stored) = profile.secret.unwrap();
    assert_eq!((secret.expose_secret(), stored), ("hush", None));
}

#[test]
fn what_is_missing_is_named_and_gone_to() {
    let mut form = ProfileForm::new();
    assert_eq!(press(&mut form, KeyCode::Enter), Outcome::Stay);
    assert!(form.row() == Row::Name && matches!(&form.told, Told::Fault(fault) if fault.contains("name")));
    let mut form = minio();
    form.set_keepers(Keepers { keyring: false, sealed: Asks::NewPassphrase });
    for (row, text) in [(Row::KeyId, "id"), (Row::Secret, "s"), (Row::Passphrase, "p"), (Row::Again, "p")] {
        assert_eq!(press(&mut form, KeyCode::Enter), Outcome::Stay);
        assert_eq!(form.row(), row);
        form.on_paste(text);
    }
    press(&mut form, KeyCode::Backspace);
    press(&mut form, KeyCode::Char('q'));
    assert_eq!(press(&mut form, KeyCode::Enter), Outcome::Stay, "the passphrases differ");
    assert!(
        matches!(with(&mut form, 't'), Outcome::Do(Decision::SetUp(Wish::Test))),
        "a test stores nothing"
    );
    form.told = Told::Nothing;
    press(&mut form, KeyCode::Backspace);
    form.on_paste("p");
    let order = ordered(&mut form, Wish::SaveUntested);
    assert_eq!((order.keep, order.passphrase.unwrap().expose_secret()), (Stored::Sealed, "p"));
}

#[test]
fn the_address_is_the_presets_until_it_is_changed() {
    let mut form = ProfileForm::new();
    press(&mut form, KeyCode::Char('w'));
    assert_eq!(form.text(Row::Endpoint), "https://s3.{region}.wasabisys.com");
    tab(&mut form, "w");
    assert_eq!(press(&mut form, KeyCode::Enter), Outcome::Stay);
    assert_eq!(form.row(), Row::Region);
    form.on_paste("eu-central-2");
    assert_eq!(form.text(Row::Endpoint), "https://s3.eu-central-2.wasabisys.com");
    let settings = form.profile().settings;
    assert!(settings.contains(&("region", "eu-central-2".into())));
    assert!(!settings.iter().any(|(key, _)| *key == "endpoint"), "{settings:?}");
    press(&mut form, KeyCode::Tab);
    press(&mut form, KeyCode::End);
    form.on_paste("/x");
    press(&mut form, KeyCode::Up);
    form.on_paste("1");
    assert_eq!(form.text(Row::Endpoint), "https://s3.eu-central-2.wasabisys.com/x");
    assert!(form.profile().settings.iter().any(|(key, _)| *key == "endpoint"));
    let mut form = ProfileForm::new();
    press(&mut form, KeyCode::Char('c'));
    assert!(form.rows().contains(&Row::Account), "Cloudflare's address has the account in it");
}

#[test]
fn keys_may_stay_with_the_aws_tools_or_be_none() {
    let mut form = minio();
    form.set_keepers(Keepers { keyring: false, sealed: Asks::Passphrase });
    press(&mut form, KeyCode::Tab);
    press(&mut form, KeyCode::Left);
    assert_eq!(form.keys, Keys::Anonymous);
    let profile = only(ordered(&mut form, Wish::Save));
    assert!(profile.secret.is_none() && profile.switches == ["anonymous"]);
    form.told = Told::Nothing;
    press(&mut form, KeyCode::Left);
    assert_eq!(press(&mut form, KeyCode::Enter), Outcome::Stay, "which profile of the AWS files?");
    form.on_paste("work");
    let profile = only(ordered(&mut form, Wish::Save));
    assert!(profile.secret.is_none() && profile.switches.is_empty());
    assert!(profile.settings.contains(&("aws_profile", "work".into())), "{profile:?}");
}

#[test]
fn what_is_being_done_can_be_stopped_and_nothing_else() {
    let mut form = minio();
    press(&mut form, KeyCode::Tab);
    press(&mut form, KeyCode::Left);
    ordered(&mut form, Wish::Save);
    assert_eq!(press(&mut form, KeyCode::Enter), Outcome::Stay);
    assert_eq!(form.dismiss(), Outcome::Do(Decision::StopSetup));
    assert_eq!(form.dismiss(), Outcome::Close(None));
    assert!(form.waits_for(1) && !form.waits_for(2));
}

#[test]
fn what_another_tool_knows_is_taken_over_with_what_has_no_row() {
    let profile = NewProfile {
        name: "my-lab".into(),
        provider: "minio".into(),
        settings: vec![("endpoint", "https://h".into()), ("access_key_id", "a".into())],
        switches: vec!["path_style"],
        secret: Some(("hush".into(), None)),
        ..NewProfile::default()
    };
    let found = Importable { tool: "rclone", name: "my lab".into(), profile };
    let mut form = ProfileForm::import(&found);
    form.set_keepers(Keepers { keyring: true, sealed: Asks::Nothing });
    assert_eq!(form.row(), Row::Keys);
    let taken = only(ordered(&mut form, Wish::Save));
    assert_eq!((taken.name.as_str(), taken.switches.as_slice()), ("my-lab", &["path_style"][..]));
    assert_eq!(taken.secret.unwrap().0.expose_secret(), "hush");
    let mut all = ProfileForm::import_all(&[found.clone(), Importable { name: "b".into(), ..found }]);
    all.set_keepers(Keepers { keyring: false, sealed: Asks::Nothing });
    assert_eq!(all.rows(), [Row::Keys]);
    assert_eq!(ordered(&mut all, Wish::Save).profiles.len(), 2);
}

#[test]
fn what_is_typed_takes_the_place_of_a_preset_and_other_keys_edit_it() {
    let region = |keys: &[KeyCode]| {
        let mut form = ProfileForm::new();
        press(&mut form, KeyCode::Char('m'));
        press(&mut form, KeyCode::Tab);
        press(&mut form, KeyCode::Tab);
        assert_eq!((form.row(), form.text(Row::Region)), (Row::Region, "us-east-1"));
        for key in keys {
            press(&mut form, *key);
        }
        form.text(Row::Region).to_owned()
    };
    assert_eq!(region(&[KeyCode::Char('e'), KeyCode::Char('u')]), "eu");
    assert_eq!(region(&[KeyCode::Backspace, KeyCode::Char('2')]), "us-east-2");
    assert_eq!(region(&[KeyCode::Left, KeyCode::Char('9')]), "us-east-91");
}
