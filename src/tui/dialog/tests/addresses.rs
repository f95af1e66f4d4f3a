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
    dialog.set_notice(&clipboard::Outcome::Sent { by: "your terminal".into(), directly: true }, false);
    let sent = screen(&dialog, 120, 30);
    assert!(
        sent.contains("Sent to your terminal, which does not confirm it") && !sent.contains("Copied"),
        "{sent}"
    );
    let error = Error::new(Kind::Unsupported, "too long").with_hint("print it");
    dialog.set_notice(&clipboard::Outcome::Failed(error), false);
    let failed = screen(&dialog, 120, 30);
    assert!(failed.contains("Not copied: too long") && failed.contains("print it"), "{failed}");
}

#[test]
fn a_link_of_passing_credentials_says_when_it_truly_ends() {
    let short = Dialog::links(vec![link("a", EndsBecause::Credentials)], &Units::plain());
    let screen = screen(&short, 120, 30);
    assert!(screen.contains("2026-03-01 13:00:00 UTC (in 1h) only, sooner than asked"), "{screen}");
}

#[test]
fn an_upload_link_names_its_method() {
    let mut upload = link("new.bin", EndsBecause::Asked);
    upload.request.method = Method::Put;
    upload.signed.headers = vec![("content-type".into(), "image/png".into())];
    let shown = screen(&Dialog::links(vec![upload], &Units::plain()), 120, 30);
    assert!(shown.contains("Upload to work:media/new.bin"), "{shown}");
    assert!(shown.contains("must send content-type: image/png"), "{shown}");
}

#[test]
fn terminals_open_downloads_by_their_names() {
    let mut upload = link("up.bin", EndsBecause::Asked);
    upload.request.method = Method::Put;
    let mut download = link("cat.jpg", EndsBecause::Asked);
    download.request.target.key = "日本/cat.jpg".into();
    let dialog = Dialog::Links(links::Links::new(vec![upload, download], &Theme::plain().units));
    let mut theme = Theme::plain();
    theme.hyperlinks = true;
    let mut terminal = Terminal::new(TestBackend::new(120, 30)).unwrap();
    terminal.draw(|frame| dialog.draw(frame, frame.area(), &theme)).unwrap();
    let cells = terminal.backend().buffer().content().iter();
    let linked: Vec<&str> =
        cells.map(ratatui::buffer::Cell::symbol).filter(|symbol| symbol.contains('\u{1b}')).collect();
    let [only] = linked[..] else { panic!("not one link: {linked:?}") };
    assert!(only.starts_with("\u{1b}]8;;https://media.s3."), "{only}");
    assert!(only.ends_with("\u{1b}\\Download work:media/日本/cat.jpg\u{1b}]8;;\u{1b}\\"), "{only}");
}

#[test]
fn of_several_links_each_has_its_qr_code_and_it_is_said_which_one_is_shown() {
    let mut dialog = links();
    let mut shown = |code| {
        press(&mut dialog, code);
        screen(&dialog, 120, 60)
    };
    let first = shown(KeyCode::Char('Q'));
    assert!(first.contains("QR 1 of 2: work:media/cat.jpg"), "{first}");
    let second = shown(KeyCode::Down);
    assert!(second.contains("QR 2 of 2: work:media/dog.jpg"), "{second}");
    assert_eq!((shown(KeyCode::Down), shown(KeyCode::Up)), (second, first));
    assert!(shown(KeyCode::Char('Q')).contains("2 links"));
}
