//! Whole screens as users see them, with the keys that matter in the last row.

use std::io::Write as _;

use super::super::super::dialog::{Chunk, Measured, Property, Share};
use super::super::super::message::Finding;
use super::*;
use crate::config::{Importable, NewProfile};
use crate::preview::Unpacked;
use crate::s3::{ObjectId, Stored, Version, Versioning};
use crate::transfer::{Item, Request, Unfinished};

/// Draws what `prepared` comes to in a usual window and in a small one.
fn look(name: &str, prepared: impl Fn(&mut State)) {
    for (width, height) in [(120, 30), (80, 24)] {
        let mut state = photos((width, height));
        prepared(&mut state);
        super::look(&mut state);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), draw(&state));
    }
}

/// Left photos of a bucket, right a folder; a profile of a provider with storage classes.
fn photos(size: (u16, u16)) -> State {
    let mut config = config();
    config.profiles[0].provider = crate::config::provider("aws").unwrap();
    let mut state = browser_with(config, at("photos/"), local("/home/ada/out"), size);
    fill(&mut state, PaneId::Left, &["2025/", "2026/", "cat.jpg", "dog.jpg"], None);
    fill(&mut state, PaneId::Right, &["notes.txt"], None);
    state
}

#[test]
fn the_welcome_and_lists_to_choose_from() {
    look("welcome", |state| {
        *state = browser_with(
            Config::of_profiles(Vec::new(), Paths::below(std::path::Path::new("/nowhere"))),
            local("/home/ada"),
            local("/home/ada/out"),
            state.size,
        );
        fill(state, PaneId::Left, &["notes.txt"], None);
        fill(state, PaneId::Right, &[], None);
        let found = |name: &str| Importable {
            tool: "rclone",
            name: name.into(),
            profile: NewProfile { name: name.into(), ..NewProfile::default() },
        };
        super::super::welcome(state, ["r2", "minio", "backup of the office in Hamburg"].map(found).into());
    });
    look("palette", |state| drop(keys(state, ":link")));
    look("palette_all", |state| drop(keys(state, ":")));
    look("bookmarks", |state| {
        let long = "a prefix with a long name/and another one below it/".repeat(2);
        let bookmarks = vec![at("photos/2026/"), local("/home/ada/projects/website")];
        let recent = vec![at(&long), Location::Profile("work".into()), at("esc\u{1b}[2J/")];
        (state.places.bookmarks, state.places.recent) = (bookmarks, recent);
        keys(state, "b");
    });
    look("columns", |state| drop(keys(state, "|")));
    look("classes", |state| drop(keys(state, "G C")));
}

#[test]
fn what_takes_room() {
    let share = |key: &str, bytes, files| Share { place: at(key), bytes, files, folder: true };
    let rows = vec![
        share("photos/2025/", 3_400_000_000, 12_345),
        share("photos/2026 日本語 a long name of a folder that goes on and on/", 1_200_000_000, 810),
        Share { folder: false, ..share("photos/film.mov", 4_000_000, 1) },
        Share { folder: false, ..share("photos/", 2_000_000, 2) },
    ];
    let measured = |state: &mut State, now| {
        keys(state, "W");
        update(state, Event::Measured(1, now));
    };
    look("usage_measuring", |state| {
        let rows = rows[..1].to_vec();
        measured(state, Measured { rows, looked: 12_345, bytes: 3_400_000_000, ..Measured::default() });
    });
    look("usage", |state| {
        let failed = vec![Error::new(Failure::Denied, "cannot list work:media/photos/2024/: access denied")];
        let now = Measured {
            rows: rows.clone(),
            looked: 13_158,
            bytes: 4_606_000_000,
            failed,
            done: true,
            classes: vec![
                (
                    "STANDARD".into(),
                    crate::walk::Total { bytes: 4_000_000_000, files: 13_000, ..Default::default() },
                ),
                (
                    "GLACIER".into(),
                    crate::walk::Total { bytes: 606_000_000, files: 158, ..Default::default() },
                ),
            ],
        };
        measured(state, now);
        keys(state, "j");
    });
}

#[test]
fn questions_before_something_is_done() {
    look("undo", |state| {
        let moved = (0..30).map(|n| {
            (
                at(&format!("photos/{n:02} a rather long name.jpg")),
                at(&format!("old/{n:02} a rather long name.jpg")),
            )
        });
        state.remember(Undo::Moved(moved.collect()));
        keys(state, "u");
    });
    look("undo_deleted", |state| {
        let marker = |key: &str| ObjectId { key: key.into(), version_id: Some("v".into()) };
        state.remember(Undo::Deleted(work(""), vec![marker("photos/cat.jpg"), marker("photos/dog.jpg")]));
        keys(state, "u");
    });
    look("versioning", |state| {
        let rows = vec![Property::new("versioning", "enabled")];
        state.dialogs.push(Dialog::facts(Location::Remote(work("")), rows, Some(Versioning::Enabled)));
        keys(state, "V");
    });
    look("unfinished", |state| {
        let item = Item { from: local("/home/ada/films/"), to: at("films/"), tree: true, known: None };
        let one = Unfinished {
            id: "1".into(),
            created: Timestamp::UNIX_EPOCH,
            request: Request { items: vec![item], ..Request::default() },
            files: 3,
            bytes: 5,
            moved: Vec::new(),
            failed: Vec::new(),
            paused: false,
            over: false,
            busy: false,
            declined: false,
        };
        update(state, Event::Unfinished(vec![one.clone(), one]));
    });
    look("delete_versions", |state| {
        let version = |key: &str, latest| Version {
            key: key.into(),
            id: "3HL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY".into(),
            latest,
            modified: None,
            object: Some(Stored::default()),
        };
        let versions = [version("photos/cat.jpg", true), version("photos/cat.jpg", false)];
        state.dialogs.push(Dialog::confirm_versions(&versions, 1000));
    });
}

#[test]
fn what_was_found_and_said() {
    look("duplicates", |state| {
        let effects = key_with(state, 'd', KeyModifiers::ALT);
        let [Effect::Find { generation, .. }] = effects[..] else { panic!("{effects:?}") };
        let names = [
            "2025/cat.jpg",
            "2026/copy of cat.jpg",
            "a/long/way/down/to/something that is called like nothing else.tar.gz",
            "b.tar.gz",
        ];
        let entries = names.map(|name| Entry { size: Some(2_400_000), ..Entry::new(name, Kind::Object) });
        let finding = Finding {
            entries: entries.into(),
            looked: 13_157,
            done: true,
            words: "2 groups of equal objects, the oldest of each first, 4.8 MB more than needed".into(),
            ..Finding::default()
        };
        update(state, Event::Found { pane: PaneId::Left, generation, finding });
    });
    look("messages", |state| {
        let said = [
            "2 files done, 4.8 MB",
            "cannot list work:media/: access denied (the policy of the key has to allow s3:ListBucket; the owner of the bucket can change that)",
            "columns: size, modified; the last ones give way where room is short",
        ];
        let times = (0..).map(|n| Timestamp::from_second(1_772_366_400 + n).unwrap());
        state.said = times.zip(said.map(str::to_owned)).collect();
        keys(state, "L");
    });
    look("failed_pane", |state| {
        let generation = {
            keys(state, "R");
            state.here().generation()
        };
        let error =
            Error::new(Failure::Denied, "cannot list work:media/photos/: access denied (AccessDenied)");
        let page = Err(error.with_hint("the policy of the key has to allow s3:ListBucket on it"));
        update(state, Event::Page { pane: PaneId::Left, generation, page });
    });
    look("filtered", |state| drop(keys(state, "j/jpg")));
}

/// Opens the viewer on an object with these bytes, and answers what it asks.
fn viewed(state: &mut State, name: &str, bytes: &[u8]) {
    keys(state, "R");
    let entry = Entry { size: Some(bytes.len() as u64), ..Entry::new(name, Kind::Object) };
    let (pane, generation) = (PaneId::Left, state.here().generation());
    update(state, Event::Page { pane, generation, page: Ok(Page { entries: vec![entry], next: None }) });
    let part = |start: u64, end: u64| {
        let at = |at: u64| usize::try_from(at).unwrap().min(bytes.len());
        bytes[at(start)..at(end)].to_vec()
    };
    let mut effects = keys(state, "v");
    while let Some(effect) = effects.pop() {
        effects = match effect {
            Effect::Fetch(wanted) => {
                let bytes_of_it = part(wanted.range.start, wanted.range.end);
                let chunk = Chunk { bytes: bytes_of_it, size: bytes.len() as u64, etag: None };
                update(state, Event::Fetched(wanted, Ok(chunk)))
            }
            Effect::Unpack(wanted, unpacking) => {
                let mut found = unpacking.unpack(&wanted);
                if let Unpacked::Needs(start) = found {
                    unpacking.feed(start, part(start, unpacking.size));
                    found = unpacking.unpack(&wanted);
                }
                update(state, Event::Unpacked(wanted, Ok(found)))
            }
            Effect::LayOut(work) => {
                let laid = Ok(Box::new(work.run()));
                update(state, Event::LaidOut { view: work.view, number: work.number, laid })
            }
            other => panic!("{other:?}"),
        };
    }
}

#[test]
fn what_is_viewed() {
    let long = "a line that is longer than any window is wide, ".repeat(4);
    let text = format!("# Notes\n\none\ttwo\n\x1b[31mred\n{long}\nübung 日本語\n");
    look("view_text", |state| viewed(state, "notes.txt", text.as_bytes()));
    look("view_text_unwrapped", |state| {
        viewed(state, "notes.txt", text.as_bytes());
        keys(state, "w");
    });
    let binary: Vec<u8> = (0..=255).cycle().take(700).collect();
    look("view_hex", |state| viewed(state, "data.bin", &binary));
    let json = r#"{"name":"twinpail","panes":[{"side":"left","place":"work:media/"},{"side":"right","place":null}],"count":2}"#;
    look("view_json", |state| viewed(state, "data.json", json.as_bytes()));
    let row = |n: u32| {
        format!(
            "{n},name of row {n},\"some, text that is long enough to be cut off somewhere {n}\",{}\n",
            n * 1_000_000
        )
    };
    let table: String = std::iter::once("id,name,what,bytes\n".to_owned()).chain((0..60).map(row)).collect();
    look("view_table", |state| viewed(state, "table.csv", table.as_bytes()));
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    look("view_gzip", |state| viewed(state, "notes.txt.gz", &packed));
}

#[cfg(feature = "images")]
#[test]
fn a_picture_is_viewed() {
    let fade = image::RgbImage::from_fn(160, 90, |x, y| {
        let part = |at: u32, of: u32| u8::try_from(at * 255 / of).unwrap();
        image::Rgb([part(x, 160), part(y, 90), part(x, 160)])
    });
    let mut png = std::io::Cursor::new(Vec::new());
    fade.write_to(&mut png, image::ImageFormat::Png).unwrap();
    look("view_picture", |state| viewed(state, "fade.png", png.get_ref()));
}
