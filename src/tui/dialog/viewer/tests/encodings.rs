//! Text that is not ASCII, in parts that begin and end anywhere: read in one encoding from its beginning to its end.

use std::fmt::Write as _;
use std::io::Write as _;

use super::*;

/// So many lines of Russian with their numbers: far more than is fetched at once. Characters take two bytes, lines an
/// odd number, so that parts begin within characters.
fn russian(lines: usize) -> String {
    let mut text = String::new();
    for n in 0..lines {
        writeln!(text, "\u{441}\u{442}\u{440}\u{43e}\u{43a}\u{430} {n:06}.").unwrap();
    }
    text
}

fn utf16(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn opened(name: &str, object: &[u8]) -> Viewer {
    let mut viewer = Viewer::new(place(name), object.len() as u64, 1);
    feed(&mut viewer, object);
    drawn_in_place(&mut viewer);
    viewer
}

fn first_row(viewer: &mut Viewer) -> String {
    drawn_in_place(viewer).lines().nth(1).unwrap().to_owned()
}

#[test]
fn every_part_is_read_in_the_encoding_of_the_beginning_and_searched_in_it() {
    let text = russian(60_000);
    let windows = encoding_rs::WINDOWS_1251.encode(&text).0.into_owned();
    for (name, object, what) in [
        ("a.txt", text.clone().into_bytes(), "UTF-8"),
        ("a.txt", utf16(&text), "UTF-16LE"),
        ("a.txt", windows, "windows-1251"),
        ("a.txt.gz", gzip(text.as_bytes()), "gzip, UTF-8"),
        ("a.txt.gz", gzip(&utf16(&text)), "gzip, UTF-16LE"),
    ] {
        let mut viewer = opened(name, &object);
        viewer.search("\u{421}\u{422}\u{420}\u{41e}\u{41a}\u{410} 041000");
        feed(&mut viewer, &object);
        let row = first_row(&mut viewer);
        assert!(row.contains("\u{441}\u{442}\u{440}\u{43e}\u{43a}\u{430} 041000."), "{what}: {row}");
        press(&mut viewer, Action::DialogBottom);
        feed(&mut viewer, &object);
        let shown = drawn_in_place(&mut viewer);
        assert!(shown.contains("\u{43a}\u{430} 059999.") && shown.contains(what), "{shown}");
        // Up again, over the beginnings of parts.
        for _ in 0..1_000 {
            press(&mut viewer, Action::DialogPageUp);
            feed(&mut viewer, &object);
            drawn_in_place(&mut viewer);
        }
        let strange: Vec<&String> = viewer
            .shown
            .lines
            .iter()
            .map(|(_, line)| line)
            .filter(|line| {
                line.chars().any(|c| {
                    c == '\u{fffd}'
                        || c == '\\'
                        || !"\u{441}\u{442}\u{440}\u{43e}\u{43a}\u{430} 0123456789.".contains(c)
                })
            })
            .collect();
        assert!(strange.is_empty(), "{what}: {strange:?}");
        // Its end is wanted before anything is known of it.
        let mut viewer = Viewer::new(place(name), object.len() as u64, 1);
        press(&mut viewer, Action::DialogBottom);
        feed(&mut viewer, &object);
        let shown = drawn_in_place(&mut viewer);
        assert!(shown.contains("\u{43a}\u{430} 059999.") && shown.contains(what), "{shown}");
    }
}

#[test]
fn a_stray_byte_is_one_strange_character_wherever_it_is() {
    for at in [100, 30_000, 300_000] {
        let mut object = russian(60_000).into_bytes();
        let line = object.iter().skip(at).position(|byte| *byte == b'\n').unwrap() + at;
        object.splice(line..line, *b" \xff");
        let mut viewer = opened("a.txt", &object);
        viewer.search("\u{fffd}");
        feed(&mut viewer, &object);
        let shown = drawn_in_place(&mut viewer);
        assert!(shown.contains("UTF-8") && shown.matches('\u{fffd}').count() == 1, "{at}: {shown}");
        assert!(shown.matches("\u{441}\u{442}\u{440}\u{43e}\u{43a}\u{430}").count() > 5, "{at}: {shown}");
    }
}

#[test]
fn what_lies_on_a_border_is_found() {
    // In a line that is cut by the first part, in one that is cut for the screen, and where both are.
    let first = usize::try_from(FIRST).unwrap();
    let needle = "\u{438}\u{433}\u{43b}\u{430}";
    for (lines, at) in
        [(true, first), (false, 8 << 10), (false, first), (false, first + (8 << 10)), (true, 400_001)]
    {
        for shift in 0..9 {
            let filler: String = if lines { "0123456\n".repeat(60_000) } else { "01234567".repeat(60_000) };
            let mut object = filler.into_bytes();
            let from = at - shift;
            object.splice(from..from + needle.len(), needle.bytes());
            let mut viewer = opened("a.txt", &object);
            viewer.search("\u{418}\u{433}\u{43b}\u{430}");
            feed(&mut viewer, &object);
            let shown = drawn_in_place(&mut viewer);
            assert!(!shown.contains("not found"), "{lines} {at} {shift}: {shown}");
            assert!(!viewer.seeking, "{lines} {at} {shift}");
            // And only there.
            press(&mut viewer, Action::ViewerNext);
            feed(&mut viewer, &object);
            assert!(drawn_in_place(&mut viewer).contains("not found"), "{lines} {at} {shift}");
        }
    }
}

#[test]
fn composed_text_finds_decomposed_text() {
    let object = "one\nre\u{301}sume\u{301}\n".as_bytes();
    let mut viewer = opened("a.txt", object);
    viewer.search("R\u{c9}SUM\u{c9}");
    assert!(viewer.note.is_none());
    viewer.search("resume");
    assert_eq!(viewer.note.as_deref(), Some("not found"));
}

#[test]
fn a_local_file_that_says_it_is_empty_is_asked() {
    let mut viewer = Viewer::new(Location::Local("/proc/version".into()), 0, 1);
    assert!(drawn_in_place(&mut viewer).contains("reading..."));
    let wanted = viewer.wants().unwrap();
    let bytes = b"what it holds\n".to_vec();
    viewer.fetched(&wanted, Ok(Chunk { size: bytes.len() as u64, bytes, etag: None }));
    assert!(viewer.wants().is_none());
    assert!(drawn_in_place(&mut viewer).contains("what it holds"));
    let mut viewer = Viewer::new(Location::Local("/tmp/empty".into()), 0, 1);
    let wanted = viewer.wants().unwrap();
    viewer.fetched(&wanted, Ok(Chunk { bytes: Vec::new(), size: 0, etag: None }));
    assert!(viewer.wants().is_none());
    assert!(drawn_in_place(&mut viewer).contains("an empty file"));
    assert!(Viewer::new(place("empty"), 0, 1).wants().is_none(), "an object says the truth");
}
