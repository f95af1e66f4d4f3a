//! Terminals of a locale that is not UTF-8: no byte from 0x80 on reaches them, whoever writes; pipes stay exact.

use crate::cli::Shell;
use crate::pty::{Session, Size};
use crate::support::World;

const SIZE: Size = (100, 24);
/// Its second byte is 0x9b, which begins a control sequence.
const NAME: &str = "\u{db}31m-\u{65e5}\u{672c}.txt";
const ESCAPED: &str = "\\u{db}31m-\\u{65e5}\\u{672c}.txt";

/// A run of the program in a terminal of that locale, up to its end.
fn run(shell: &Shell, locale: &[(&str, &str)], arguments: &[&str]) -> Session {
    let config = shell.path("config.toml");
    let mut variables = vec![("TWINPAIL_CONFIG", config.to_str().unwrap())];
    variables.extend(locale);
    let mut session = Session::start(arguments, &variables, shell.world.folder.path(), SIZE);
    session.exit_code();
    session
}

const C: &[(&str, &str)] = &[("LC_ALL", "C")];

async fn shell() -> Shell {
    let shell = Shell::new().await;
    shell.world.backend.put("box", NAME, "content");
    shell.write(NAME, b"content");
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn results_and_messages_on_such_a_terminal_are_ascii() {
    let shell = shell().await;
    let missing = format!("p:box/{NAME}x");
    // Slow enough for a progress bar.
    shell.write(&format!("{NAME}.big"), &vec![b'a'; 1 << 20]);
    for (arguments, shows) in [
        (&["ls", "p:box/"][..], ESCAPED),
        (&["ls", "."], ESCAPED),
        (&["stat", &format!("p:box/{NAME}")], ESCAPED),
        (&["find", "p:box/"], ESCAPED),
        (&["du", &missing], ESCAPED),
        (&["cat", &missing], "\\u{db}31m"),
        (&["cp", "--dry-run", &format!("p:box/{NAME}"), "copy"], ESCAPED),
        (&["cp", "--limit-rate", "1MiB", &format!("{NAME}.big"), "p:box/up/"], ""),
        (&["check", NAME, &missing], "\\u{db}"),
        (&["presign", "--html", "--method", "put", &format!("p:box/{NAME}")], "</html>"),
        (&["presign", "--markdown", &format!("p:box/{NAME}")], "u{db}31m"),
        (&["presign", "--qr", &format!("p:box/{NAME}")], "no QR code"),
        (&["mb", &format!("p:{NAME}")], "\\u{db}31m"),
        // clap's own words.
        (&["ls", &format!("--no-such-{NAME}")], "\\u{db}31m"),
        (&["--help"], "Example: twinpail"),
        (&["lss\u{db}"], "\\u{db}"),
    ] {
        let session = run(&shell, C, arguments);
        let screen = session.screen().replace('\n', "");
        assert!(!session.beyond_ascii(), "{arguments:?}: {screen}");
        assert!(screen.contains(shows), "{arguments:?}: {screen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_terminals_get_escapes_and_json_is_exact() {
    let shell = shell().await;
    let piped = |arguments: &[&str]| {
        let output =
            tokio::task::block_in_place(|| shell.command(arguments).env("LC_ALL", "C").output().unwrap());
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    assert!(piped(&["ls", "p:box/"]).contains(NAME));
    assert!(piped(&["cat", &format!("p:box/{NAME}x")]).contains(NAME));
    for arguments in [&["ls", "--json", "p:box/"][..], &["find", "-0", "p:box/"]] {
        let session = run(&shell, C, arguments);
        assert!(session.beyond_ascii(), "{arguments:?}: {}", session.screen());
    }
    // stderr is no terminal, stdout is one; and the other way round.
    let script = |redirect: &str| {
        let config = shell.path("config.toml");
        let variables = [("TWINPAIL_CONFIG", config.to_str().unwrap()), ("LC_ALL", "C")];
        let (run, home) = (format!("\"$0\" \"$@\" {redirect}"), shell.world.folder.path());
        let mut session =
            Session::script(&run, &["ls", "p:box/", &format!("p:box/{NAME}x/")], &variables, home, SIZE);
        session.exit_code();
        assert!(!session.beyond_ascii(), "{}", session.screen());
        std::fs::read_to_string(shell.path("out")).unwrap()
    };
    assert!(script(">out").contains(NAME));
    script("2>out");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_locale_or_the_configuration_decides() {
    let shell = shell().await;
    for (locale, is_ascii) in [
        (&[("LC_ALL", "C.UTF-8"), ("LANG", "C")][..], false),
        (&[("LC_ALL", ""), ("LC_CTYPE", "de_DE.utf8"), ("LANG", "C")], false),
        (&[("LC_ALL", ""), ("LC_CTYPE", "POSIX"), ("LANG", "de_DE.UTF-8")], true),
        (&[("LANG", "ru_RU.KOI8-R")], true),
        (&[("LANG", "")], true),
    ] {
        let session = run(&shell, locale, &["ls", "p:box/"]);
        assert_eq!(session.beyond_ascii(), !is_ascii, "{locale:?}: {}", session.screen());
    }
    let config = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    shell.configure(&format!("[ui]\nascii = false\n{config}"));
    assert!(run(&shell, C, &["ls", "p:box/"]).beyond_ascii());
    shell.configure(&format!("[ui]\nascii = true\n{config}"));
    assert!(!run(&shell, &[("LC_ALL", "C.UTF-8")], &["ls", "p:box/"]).beyond_ascii());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_writes_ascii_whatever_it_shows_and_whatever_is_typed() {
    let world = World::new().await;
    world.backend.put("box", &format!("\u{db}-folder/{NAME}"), "first \u{db}31m line\n\u{65e5}\u{672c}\n");
    let session = |locale: &str| {
        let session = crate::browser::start_in(&world, SIZE, &[("LC_ALL", locale)]);
        session.wait_for("p:box");
        session
    };
    let browser = session("C");
    browser.wait_for("\\u{db}-folder/");
    browser.keys("\t\r");
    browser.wait_for("\\u{db}31m-");
    browser.keys("i");
    browser.wait_for("Esc close");
    browser.keys("\x1b");
    // Typed text, the viewer, a question, a failure, the transfers.
    browser.keys("/\u{db}31");
    browser.wait_for("\\u{db}31");
    browser.keys("\rv");
    browser.wait_for("first \\u{db}31m line");
    browser.keys("q");
    browser.wait_for("txt");
    browser.keys("d");
    browser.wait_for("Delete");
    browser.keys("\x1b");
    browser.keys("\x07/nowhere/\u{db}\r");
    browser.wait_for("\\u{db}");
    browser.keys("\x1b\x1bct");
    browser.wait_for("\\u{db}31m-");
    assert!(!browser.beyond_ascii(), "{}", browser.screen());
    drop(browser);
    let browser = session("C.UTF-8");
    browser.wait_for("\u{db}-folder/");
}
