//! Bytes as lines to look at: text in its encoding, hex, JSON, tables, pictures. Knows neither where bytes come from nor
//! what a screen is; whatever it returns is safe to show.

mod encoding;
mod gzip;
mod json;
#[cfg(feature = "images")]
mod picture;
mod table;
mod text;

pub use encoding::Reading;
pub use gzip::{Unpacked, Unpacker};
#[cfg(feature = "images")]
pub use picture::Picture;

/// Bytes of a line; longer ones are cut, as nobody could scroll through them.
const LONGEST: usize = 16 << 10;

/// A part of an object.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Its name, for its ending.
    pub name: &'a str,
    /// The bytes.
    pub bytes: &'a [u8],
    /// Where they begin in the object.
    pub start: u64,
    /// Whether they reach its end.
    pub last: bool,
}

impl Sample<'_> {
    /// Whether they are all of it.
    fn is_complete(&self) -> bool {
        self.start == 0 && self.last
    }
}

/// How bytes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As text.
    Text,
    /// As text, JSON in lines and indented.
    Json,
    /// As text, in columns.
    Table,
    /// As a hex dump.
    Hex,
}

/// What is shown.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Line by line, each with where it begins in the object.
    pub lines: Vec<(u64, String)>,
    /// What it is: `UTF-8`, `JSON`, `binary`.
    pub what: String,
    /// Lines that go on with the line before them, which was too long; in order.
    pub continued: Vec<usize>,
    /// Whether it is shown as it is, byte by byte, so that lines of another part can be put beside it.
    pub is_plain: bool,
}

/// Whether all of the bytes are needed to show what this is, judging by its beginning.
pub fn needs_all(name: &str, beginning: &[u8]) -> bool {
    table::separator(name).is_some() || json::looks_like(name) || is_picture(beginning)
}

/// Shows bytes, in the form that suits them or in another one. No line is longer than a screen can take.
pub fn show(sample: Sample<'_>, reading: Reading, wanted: Option<Form>) -> Shown {
    let shown = whole(sample, reading, wanted);
    if !shown.lines.iter().any(|(_, line)| line.len() > LONGEST) {
        return shown;
    }
    let (mut lines, mut continued) = (Vec::with_capacity(shown.lines.len()), Vec::new());
    for (index, (at, line)) in shown.lines.into_iter().enumerate() {
        let goes_on = shown.continued.binary_search(&index).is_ok();
        for (number, piece) in cut(&line).into_iter().enumerate() {
            if goes_on || number > 0 {
                continued.push(lines.len());
            }
            lines.push((at, piece));
        }
    }
    Shown { lines, continued, ..shown }
}

/// A line in pieces.
fn cut(mut line: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    while line.len() > LONGEST {
        let (piece, rest) = line.split_at(line.floor_char_boundary(LONGEST));
        pieces.push(piece.to_owned());
        line = rest;
    }
    pieces.push(line.to_owned());
    pieces
}

fn whole(sample: Sample<'_>, reading: Reading, wanted: Option<Form>) -> Shown {
    let encoding = reading.encoding();
    match wanted {
        Some(Form::Hex) => hex(sample),
        Some(Form::Text) => text::lines(sample, encoding),
        None if reading.is_binary => hex(sample),
        None | Some(Form::Json | Form::Table) => {
            let all = || text::decoded(sample.bytes, encoding);
            let pretty = match table::separator(sample.name) {
                _ if !sample.is_complete() => None,
                Some(separator) => table::lines(&all(), separator),
                None if json::looks_like(sample.name) || wanted == Some(Form::Json) => json::lines(&all()),
                None => None,
            };
            pretty.unwrap_or_else(|| text::lines(sample, encoding))
        }
    }
}

/// Whether it is packed (gzip), as far as its beginning tells.
pub fn is_packed(beginning: &[u8]) -> bool {
    beginning.starts_with(&[0x1f, 0x8b, 8])
}

/// Whether files of that name are laid out, once all of them is there.
pub fn is_laid_out(name: &str) -> bool {
    table::separator(name).is_some() || json::looks_like(name)
}

/// Whether it is a picture that this program can show.
pub fn is_picture(bytes: &[u8]) -> bool {
    cfg!(feature = "images")
        && (bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(&[0xff, 0xd8, 0xff]))
}

/// Sixteen bytes a line: offset, hex, and what is printable ASCII.
fn hex(sample: Sample<'_>) -> Shown {
    let lines = sample.bytes.chunks(16).zip((sample.start..).step_by(16)).map(|(bytes, at)| {
        let mut digits = String::with_capacity(50);
        for (index, byte) in bytes.iter().enumerate() {
            digits.push_str(if index == 8 { "  " } else { " " });
            digits.push_str(&format!("{byte:02x}"));
        }
        let printable =
            |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        let ascii: String = bytes.iter().map(printable).collect();
        (at, format!("{at:08x} {digits:<49}  {ascii}"))
    });
    Shown { lines: lines.collect(), what: "binary".to_owned(), is_plain: true, ..Shown::default() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of<'a>(name: &'a str, bytes: &'a [u8]) -> Sample<'a> {
        Sample { name, bytes, start: 0, last: true }
    }

    fn texts(shown: &Shown) -> Vec<&str> {
        shown.lines.iter().map(|(_, line)| line.as_str()).collect()
    }

    #[test]
    fn binary_is_a_hex_dump_from_where_it_begins() {
        let bytes = b"\x00ABCDEFGHIJKLMNOPQ\xff";
        let shown =
            show(Sample { start: 0x100, last: false, ..of("x", bytes) }, Reading::of(bytes, false), None);
        assert_eq!(
            texts(&shown),
            [
                "00000100  00 41 42 43 44 45 46 47  48 49 4a 4b 4c 4d 4e 4f  .ABCDEFGHIJKLMNO",
                "00000110  50 51 ff                                          PQ."
            ]
        );
    }

    #[test]
    fn documents_in_any_encoding_are_laid_out() {
        let json = "{\"caf\u{e9}\":1}";
        let marked = [b"\xef\xbb\xbf", json.as_bytes()].concat();
        let wide: Vec<u8> =
            b"\xff\xfe".iter().copied().chain(json.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in [json.as_bytes(), &marked, &wide] {
            let shown = show(of("a.json", bytes), Reading::of(bytes, true), None);
            assert_eq!((texts(&shown), &*shown.what), (vec!["{", "  \"caf\u{e9}\": 1", "}"], "JSON"));
        }
        let table = b"\xef\xbb\xbfname,size\ncat,1\n";
        let shown = show(of("a.csv", table), Reading::of(table, true), None);
        assert_eq!(texts(&shown), ["name  size", "cat   1"]);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_unsafe_comes_out(
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
            name in prop_oneof!["a.json", "a.csv", "a.tsv", "a.txt"],
            start in 0u64..100, last: bool, beginning in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            for wanted in [None, Some(Form::Text), Some(Form::Json), Some(Form::Table), Some(Form::Hex)] {
                let shown = show(Sample { name: &name, bytes: &bytes, start, last }, Reading::of(&beginning, last), wanted);
                for (_, line) in &shown.lines {
                    prop_assert!(!line.chars().any(char::is_control), "{line:?}");
                }
            }
        }
    }
}
