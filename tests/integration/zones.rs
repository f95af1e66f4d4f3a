//! Time zones: whatever a user may set as `TZ` is understood or complained about, and every screen tells the same time.
//! The variable is set in child processes, never in this one.

use std::process::Output;

use jiff::Timestamp;

use crate::cli::Shell;
use crate::pty::Session;

const NO_DATABASE: (&str, &str) = ("TZDIR", "/nonexistent");

fn run(shell: &Shell, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    tokio::task::block_in_place(|| {
        let mut command = shell.command(arguments);
        command.env_remove("TZ").envs(environment.iter().copied()).output().unwrap()
    })
}

/// What a file that was changed at 2026-07-01 12:00 UTC is listed with, and what was said on stderr.
fn listed(shell: &Shell, environment: &[(&str, &str)]) -> (String, String) {
    let output = run(shell, &["ls", "dated/"], environment);
    let line = String::from_utf8(output.stdout).unwrap();
    (line.get(..19).unwrap_or(&line).to_owned(), String::from_utf8(output.stderr).unwrap())
}

async fn shell() -> Shell {
    let shell = Shell::new().await;
    shell.write("dated/file", b"x");
    let noon = "2026-07-01T12:00:00Z".parse::<Timestamp>().unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(noon.as_second().cast_unsigned());
    std::fs::File::options().write(true).open(shell.path("dated/file")).unwrap().set_modified(time).unwrap();
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn names_rules_and_files_are_time_zones_with_and_without_a_database() {
    let shell = shell().await;
    for zone in ["Europe/Berlin", ":Europe/Berlin", "europe/berlin", "CET-1CEST,M3.5.0,M10.5.0/3"] {
        for more in [&[][..], &[NO_DATABASE]] {
            let environment = [&[("TZ", zone)], more].concat();
            assert_eq!(listed(&shell, &environment), ("2026-07-01 14:00:00".into(), String::new()), "{zone}");
        }
    }
    for (zone, expected) in [
        ("America/New_York", "2026-07-01 08:00:00"),
        ("EST5EDT", "2026-07-01 08:00:00"),
        ("Asia/Kolkata", "2026-07-01 17:30:00"),
        ("<+0545>-5:45", "2026-07-01 17:45:00"),
        ("UTC", "2026-07-01 12:00:00"),
        ("UTC0", "2026-07-01 12:00:00"),
        ("Etc/GMT-3", "2026-07-01 15:00:00"),
        ("", "2026-07-01 12:00:00"),
    ] {
        assert_eq!(listed(&shell, &[("TZ", zone)]), (expected.into(), String::new()), "{zone}");
    }
    // A file that no database knows: version 1, no transitions, one type two hours east of Greenwich.
    let mut file = b"TZif\0".to_vec();
    file.resize(20, 0);
    file.extend([0u32, 0, 0, 0, 1, 4].map(u32::to_be_bytes).concat());
    file.extend(7200i32.to_be_bytes());
    file.extend(*b"\0\0ABC\0");
    shell.write("zone.tz", &file);
    let path = shell.path("zone.tz").display().to_string();
    for zone in [path.clone(), format!(":{path}")] {
        assert_eq!(listed(&shell, &[("TZ", &zone)]), ("2026-07-01 14:00:00".into(), String::new()), "{zone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_time_zone_is_said_once_with_the_nearest_one() {
    let shell = shell().await;
    for zone in ["Europe/Berlni", ":Nowhere", "/nonexistent/zone", "Mars/\u{1b}[31mOlympus"] {
        for more in [&[][..], &[NO_DATABASE]] {
            let (time, said) = listed(&shell, &[&[("TZ", zone)], more].concat());
            assert_eq!(time, "2026-07-01 12:00:00", "{zone}");
            assert!(said.matches("TZ=").count() == 1 && said.contains("UTC"), "{zone}: {said}");
            assert!(!said.contains('\u{1b}'), "{said}");
            assert_eq!(said.contains("did you mean Europe/Berlin"), zone == "Europe/Berlni", "{said}");
        }
    }
    let home = tempfile::tempdir().unwrap();
    let mut session = Session::start(&["demo"], &[("TZ", "Europe/Berlni")], home.path(), (100, 24));
    session.wait_for("TZ=Europe/Berlni");
    session.keys("q");
    session.exit_code();
}

/// The next Friday at 18:00, wherever that is.
fn friday(zone: &str) -> Timestamp {
    let rules = if zone == "UTC" { "UTC0" } else { "CET-1CEST,M3.5.0,M10.5.0/3" };
    let now = Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::posix(rules).unwrap());
    let evening = jiff::civil::time(18, 0, 0, 0);
    let mut day = now.date();
    loop {
        let end = day.to_datetime(evening).to_zoned_datetime(now.time_zone().clone()).unwrap().timestamp();
        if day.weekday() == jiff::civil::Weekday::Friday && end > now.timestamp() {
            return end;
        }
        day = day.tomorrow().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_at_the_hour_that_was_said_where_the_user_is() {
    let shell = shell().await;
    for zone in ["Europe/Berlin", "UTC"] {
        let output = run(&shell, &["presign", "--expires", "friday 18:00", "p:box/k"], &[("TZ", zone)]);
        let link = String::from_utf8(output.stdout).unwrap();
        let field =
            |name: &str| link.split_once(name).unwrap().1.split('&').next().unwrap().trim().to_owned();
        let signed = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", field("X-Amz-Date=")).unwrap();
        let signed = signed.to_zoned_datetime(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        let ends = signed.as_second() + field("X-Amz-Expires=").parse::<i64>().unwrap();
        let off = (ends - friday(zone).as_second()).abs();
        assert!(off <= 60, "{zone}: {off} s off: {link}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conflict_dialog_has_the_clock_of_the_listing() {
    let shell = shell().await;
    shell.world.backend.put("box", "file", "other");
    let config = shell.path("config.toml").display().to_string();
    let environment = [("TZ", "Asia/Kolkata"), ("TWINPAIL_CONFIG", config.as_str())];
    let mut session =
        Session::start(&["dated", "p:box/"], &environment, shell.world.folder.path(), (120, 30));
    session.wait_for("2026-07-01 17:30");
    session.wait_until("both panes", |screen| screen.contents().matches("file").count() >= 2);
    session.keys("c");
    session.wait_for("Exists already");
    session.wait_for("2026-07-01 17:30:00 IST");
    session.keys("\x1b");
    session.wait_until("no dialog", |screen| !screen.contents().contains("Exists already"));
    session.signal("TERM");
    session.exit_code();
}
