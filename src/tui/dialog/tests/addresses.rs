//! Links and what is said about them.

use super::*;

#[test]
fn links_are_copied_and_printed_one_a_line() {
    let mut dialog = links();
    let Outcome::Do(Decision::CopyText(copied)) = press(&mut dialog, KeyCode::Char('y')) else {
        panic!("no copy")
    };
    assert_eq!(copied.lines().count(), 2);
    assert_eq!(press(&mut dialog, KeyCode::Char('p')), Outcome::Do(Decision::PrintPlain(copied)));
}

#[test]
fn the_notice_claims_no_more_than_is_known() {
    let mut dialog = links();
    dialog.set_notice(&clipboard::Outcome::Sent { by: "your terminal".into() });
    let sent = screen(&dialog, 120, 30);
    assert!(
        sent.contains("Sent to your terminal, which does not confirm it") && !sent.contains("Copied"),
        "{sent}"
    );
    let error = Error::new(Kind::Unsupported, "too long").with_hint("print it");
    dialog.set_notice(&clipboard::Outcome::Failed(error));
    let failed = screen(&dialog, 120, 30);
    assert!(failed.contains("Not copied: too long") && failed.contains("print it"), "{failed}");
}

#[test]
fn a_link_of_passing_credentials_says_when_it_truly_ends() {
    let short = Dialog::Links(links::Links::new(vec![link("a", EndsBecause::Credentials)], &TimeZone::UTC));
    let screen = screen(&short, 120, 30);
    assert!(screen.contains("2026-03-01 13:00:00 UTC (in 1h) only, sooner than asked"), "{screen}");
}

#[test]
fn an_upload_link_names_its_method() {
    let mut upload = link("new.bin", EndsBecause::Asked);
    upload.request.method = Method::Put;
    upload.signed.headers = vec![("content-type".into(), "image/png".into())];
    let shown = screen(&Dialog::Links(links::Links::new(vec![upload], &TimeZone::UTC)), 120, 30);
    assert!(shown.contains("Upload to work:media/new.bin"), "{shown}");
    assert!(shown.contains("must send content-type: image/png"), "{shown}");
}
