//! What is packed is looked at unpacked, as if that were the file: read on as far as somebody looks, however large it is.
//! Where it ends is known only there.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Viewer, Wanted};
use crate::error::Result;
use crate::preview::{self, Form, Reading, Unpacked, Unpacker};

/// So much is unpacked anew by itself; for more one has to go up once more.
const ANEW: u64 = 64 << 20;

/// Unpacks a file or an object; shared by the viewer and whoever does it.
#[derive(Clone)]
pub(crate) struct Unpacking {
    unpacker: Arc<Mutex<Unpacker>>,
    /// Packed bytes.
    pub(crate) size: u64,
}

impl std::fmt::Debug for Unpacking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unpacking({} bytes)", self.size)
    }
}

impl Unpacking {
    /// As much of the wanted part as can be had from the packed bytes that it was given.
    pub(crate) fn unpack(&self, wanted: &Wanted) -> Unpacked {
        self.unpacker.lock().unwrap_or_else(PoisonError::into_inner).unpack(&wanted.range)
    }

    /// Gives it the packed bytes that begin at `start`.
    pub(crate) fn feed(&self, start: u64, bytes: Vec<u8>) {
        let is_last = bytes.is_empty() || start + bytes.len() as u64 >= self.size;
        self.unpacker.lock().unwrap_or_else(PoisonError::into_inner).feed(bytes, is_last);
    }
}

/// What is known of it.
#[derive(Debug)]
pub(super) struct Packed {
    unpacking: Unpacking,
    /// Unpacked bytes, once its end was seen.
    length: Option<u64>,
    /// Why it ends there, if it should not.
    trouble: Option<&'static str>,
}

impl Packed {
    /// What stands before the name of what is in it.
    pub(super) fn what(&self) -> String {
        self.trouble.map_or_else(|| "gzip, ".to_owned(), |why| format!("gzip ({why}), "))
    }
}

impl Viewer {
    /// Bytes of what is looked at; no number is larger while the end is not known.
    pub(super) fn length(&self) -> u64 {
        self.packed.as_ref().map_or(self.size, |packed| packed.length.unwrap_or(u64::MAX))
    }

    /// Whether its end was not seen yet.
    pub(super) fn is_endless(&self) -> bool {
        self.packed.as_ref().is_some_and(|packed| packed.length.is_none())
    }

    /// The name of what is looked at.
    pub(super) fn name(&self) -> String {
        let name = self.location.name();
        let inner = name.strip_suffix(".gz").filter(|_| self.packed.is_some());
        inner.map(str::to_owned).unwrap_or(name)
    }

    pub(super) fn is_to_be_unpacked(&self, beginning: &[u8]) -> bool {
        preview::is_packed(beginning) && self.unpacks != Some(false) && self.form != Some(Form::Hex)
    }

    /// Whether its beginning must be seen before its end can be.
    pub(super) fn may_be_packed(&self) -> bool {
        self.unpacks.is_none()
            && self.location.name().strip_suffix(".gz").is_some()
            && self.form != Some(Form::Hex)
    }

    /// From now on parts are wanted of what is in it.
    pub(super) fn begin_unpacking(&mut self, beginning: Vec<u8>) {
        let unpacking = Unpacking { unpacker: Arc::default(), size: self.size };
        unpacking.feed(0, beginning);
        self.packed = Some(Packed { unpacking, length: None, trouble: None });
        self.unpacks = Some(true);
        // What counts is what is in it.
        self.reading = None;
    }

    /// Who unpacks the parts that are wanted, if they are to be.
    pub(crate) fn unpacking(&self) -> Option<Unpacking> {
        self.packed.as_ref().map(|packed| packed.unpacking.clone())
    }

    /// A part was unpacked, or could not be; what is not finished is asked for again.
    pub(crate) fn unpacked(&mut self, wanted: &Wanted, found: Result<Unpacked>) {
        let is_awaited = self.awaited(wanted);
        let Some(packed) = self.packed.as_mut().filter(|_| is_awaited) else { return };
        let (bytes, end) = match found {
            Ok(Unpacked::Piece(bytes)) => (bytes, None),
            Ok(Unpacked::Last(bytes)) => (bytes, Some(None)),
            Ok(Unpacked::Broken(bytes, why)) => (bytes, Some(Some(why))),
            Ok(Unpacked::Needs(_) | Unpacked::Unfinished) => return,
            Err(error) => {
                self.error = Some(error);
                return;
            }
        };
        if let Some(trouble) = end {
            packed.length = Some(wanted.range.start + bytes.len() as u64);
            packed.trouble = trouble;
            if trouble.is_some() && packed.length == Some(0) {
                // Nothing can be read of it: then it is shown as it is.
                self.unpacks = Some(false);
                return self.jump(self.to_end);
            }
        }
        if wanted.range.start == 0 {
            let is_all = self.length() == bytes.len() as u64;
            self.reading.get_or_insert_with(|| Reading::of(&bytes, is_all));
        }
        self.back &= wanted.range.end != self.start;
        self.put(&wanted.range, bytes);
        if !self.is_running() {
            self.lay_if_due();
        }
    }

    /// Whether it is read to its end, of which nothing is shown on the way.
    pub(super) fn is_running(&self) -> bool {
        self.to_end && !self.stopped && self.packed.is_some() && self.end() < self.length()
    }

    /// Goes up. Before what is held nothing of it can be had but by unpacking all that lies before anew.
    pub(super) fn go_back(&mut self, rows: isize) {
        let was = (self.top, self.above);
        self.move_by(-rows);
        let insists = was == (self.top, self.above);
        self.back = self.packed.is_some() && self.is_near_start() && (insists || !self.is_long_way_back());
    }

    /// Whether what lies before what is held takes so long that nobody gets it without insisting.
    pub(super) fn is_long_way_back(&self) -> bool {
        self.packed.is_some() && self.start > ANEW
    }

    /// Stays where it has come to, or where it began if it has not begun.
    pub(super) fn stop_running(&mut self) {
        self.back = false;
        self.to_end &= !self.may_be_packed();
        if self.is_running() {
            self.stopped = true;
            self.lay();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;

    use super::super::tests::{answer, drawn_in_place, feed, place, press};
    use super::super::{HELD, Outcome, STEP};
    use super::*;
    use crate::action::Action;

    fn packed(text: &[u8], level: Compression) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), level);
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    fn numbered(lines: usize) -> Vec<u8> {
        (0..lines).flat_map(|n| format!("line {n:07}\n").into_bytes()).collect()
    }

    fn opened(name: &str, object: &[u8]) -> Viewer {
        let mut viewer = Viewer::new(place(name), object.len() as u64, 1);
        feed(&mut viewer, object);
        viewer
    }

    /// The numbers of the lines that are there; none is missing between two others.
    fn numbers(viewer: &Viewer) -> std::ops::RangeInclusive<usize> {
        // Where what is held begins or ends, a line may be cut.
        let whole = |line: &str| line.strip_prefix("line ").filter(|number| number.len() == 7)?.parse().ok();
        let numbers: Vec<usize> = viewer.shown.lines.iter().filter_map(|(_, line)| whole(line)).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        numbers[0]..=numbers[numbers.len() - 1]
    }

    #[test]
    fn what_is_packed_is_read_on_to_its_end_and_back() {
        let object = packed(&numbered(600_000), Compression::none());
        let mut viewer = Viewer::new(place("log.gz"), object.len() as u64, 1);
        let fetched: u64 = feed(&mut viewer, &object).iter().map(|range| range.end - range.start).sum();
        assert!(fetched <= 2 * STEP, "only what is looked at: {fetched}");
        let text = drawn_in_place(&mut viewer);
        assert!(
            text.contains("line 0000000") && text.contains("gzip, UTF-8") && text.contains("so far"),
            "{text}"
        );
        press(&mut viewer, Action::DialogBottom);
        assert!(drawn_in_place(&mut viewer).contains("unpacking..."));
        feed(&mut viewer, &object);
        let text = drawn_in_place(&mut viewer);
        assert!(text.contains("line 0599999") && text.contains("unpacked 7.8 MB  100%"), "{text}");
        assert!(viewer.bytes.len() <= HELD);
        // Back over what is not held any more.
        let first = *numbers(&viewer).start();
        for _ in 0..2 {
            while viewer.top > 0 {
                press(&mut viewer, Action::DialogPageUp);
            }
            feed(&mut viewer, &object);
        }
        assert!(*numbers(&viewer).start() < first && viewer.bytes.len() <= HELD);
        // And on from there, the lines in their order.
        let last = *numbers(&viewer).end();
        viewer.search("0599000");
        feed(&mut viewer, &object);
        assert!(
            drawn_in_place(&mut viewer).lines().nth(1).unwrap().contains("line 0599000") && last < 599_000
        );
        numbers(&viewer);
        press(&mut viewer, Action::DialogTop);
        feed(&mut viewer, &object);
        assert!(drawn_in_place(&mut viewer).contains("line 0000000"));
    }

    #[test]
    fn what_unpacks_to_far_more_than_it_is_takes_no_room_and_can_be_left() {
        // A hundred MiB in few bytes, of which nobody knows before they are unpacked.
        let line = [&[b'a'; 63][..], b"\n"].concat();
        let object = packed(&line.repeat(16 << 10), Compression::best()).repeat(100);
        assert!((object.len() as u64) < 2 * STEP);
        let mut viewer = opened("bomb.gz", &object);
        assert!(viewer.end() <= 2 * STEP, "{}", viewer.end());
        press(&mut viewer, Action::DialogBottom);
        for _ in 0..5 {
            let wanted = viewer.wants().unwrap();
            let found = viewer.unpacking().unwrap().unpack(&wanted);
            viewer.unpacked(&wanted, Ok(found));
            assert!(viewer.bytes.len() <= HELD);
        }
        let text = drawn_in_place(&mut viewer);
        assert!(text.contains("unpacking... 21"), "{text}");
        assert_eq!(viewer.dismiss(), Outcome::Stay);
        assert!(drawn_in_place(&mut viewer).contains("stopped reading"));
        let here = viewer.end();
        feed(&mut viewer, &object);
        press(&mut viewer, Action::DialogUp);
        let text = drawn_in_place(&mut viewer);
        assert!(
            viewer.end() <= here + STEP && viewer.top > 0 && text.contains("so far"),
            "it stays there: {text}"
        );
        press(&mut viewer, Action::DialogBottom);
        feed(&mut viewer, &object);
        let text = drawn_in_place(&mut viewer);
        assert!(text.contains("unpacked 104.9 MB  100%") && viewer.bytes.len() <= HELD, "{text}");
    }

    #[test]
    fn a_long_way_back_is_unpacked_anew_only_for_who_insists_and_is_told_and_stopped() {
        let line = [&[b'a'; 63][..], b"\n"].concat();
        let object = packed(&line.repeat(16 << 10), Compression::best()).repeat(70);
        let mut viewer = opened("long.gz", &object);
        press(&mut viewer, Action::DialogBottom);
        feed(&mut viewer, &object);
        drawn_in_place(&mut viewer);
        let start = viewer.start;
        viewer.top = 1;
        press(&mut viewer, Action::DialogPageUp);
        assert_eq!(feed(&mut viewer, &object), [], "nobody insists");
        let text = drawn_in_place(&mut viewer);
        assert!(viewer.start == start && text.contains("further up: 69.2 MB are unpacked anew"), "{text}");
        press(&mut viewer, Action::DialogUp);
        let mut ranges = Vec::new();
        assert!(answer(&mut viewer, &object, &mut ranges));
        let text = drawn_in_place(&mut viewer);
        assert!(text.contains("unpacking 69.2 MB anew..."), "{text}");
        press(&mut viewer, Action::DialogDown);
        assert_eq!(feed(&mut viewer, &object), [], "it is stopped");
        assert_eq!((viewer.start, viewer.top), (start, 1));
        press(&mut viewer, Action::DialogUp);
        press(&mut viewer, Action::DialogUp);
        feed(&mut viewer, &object);
        assert_eq!(viewer.start, start - HELD as u64 / 2);
        assert!(viewer.top > 0 && !drawn_in_place(&mut viewer).contains("anew"));
    }

    #[test]
    fn a_search_stops_the_way_to_the_end_and_misses_nothing_from_there_on() {
        let object = packed(&numbered(1_200_000), Compression::none());
        let underway = || {
            let mut viewer = opened("log.gz", &object);
            drawn_in_place(&mut viewer);
            viewer.search("00000");
            press(&mut viewer, Action::DialogBottom);
            let mut ranges = Vec::new();
            while viewer.end() < 8 << 20 {
                assert!(answer(&mut viewer, &object, &mut ranges));
            }
            (*viewer.shown.lines[viewer.top].1 == *"line 0000000", viewer)
        };
        let first_row = |viewer: &mut Viewer| drawn_in_place(viewer).lines().nth(1).unwrap().to_owned();
        let (is_at_start, mut viewer) = underway();
        assert!(is_at_start && viewer.is_running());
        press(&mut viewer, Action::ViewerSearch);
        feed(&mut viewer, &object);
        assert!(viewer.end() < 12 << 20, "it is stopped");
        viewer.search("line 1100000");
        feed(&mut viewer, &object);
        assert!(first_row(&mut viewer).contains("line 1100000"));
        // What was looked for before, before it is seen where it has come to.
        let (_, mut viewer) = underway();
        press(&mut viewer, Action::ViewerNext);
        let here = viewer.end() / 13;
        feed(&mut viewer, &object);
        let next = here.next_multiple_of(100_000);
        assert!(first_row(&mut viewer).contains(&format!("line {next:07}")));
        let (_, mut viewer) = underway();
        press(&mut viewer, Action::ViewerWrap);
        feed(&mut viewer, &object);
        assert!(viewer.end() < 12 << 20 && viewer.top > 0, "any key stops it");
        // Nor does one that was asked for before it was known to be packed go on.
        let mut viewer = Viewer::new(place("log.gz"), object.len() as u64, 1);
        press(&mut viewer, Action::DialogBottom);
        press(&mut viewer, Action::ViewerSearch);
        viewer.search("line 0000500");
        feed(&mut viewer, &object);
        assert!(first_row(&mut viewer).contains("line 0000500"));
    }

    #[test]
    fn what_is_padded_is_whole() {
        let object = [packed(&numbered(100), Compression::fast()), vec![0; 512]].concat();
        let mut viewer = opened("tape.gz", &object);
        drawn_in_place(&mut viewer);
        press(&mut viewer, Action::DialogBottom);
        let text = drawn_in_place(&mut viewer);
        assert!(
            text.contains("line 0000099") && text.contains("gzip, UTF-8") && text.contains("100%"),
            "{text}"
        );
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_shown_as_far_as_it_can_be_read() {
        let whole = packed(&numbered(20_000), Compression::fast());
        let mut broken = whole.clone();
        let at = whole.len() - 8;
        broken[at] ^= 0xff;
        for (object, words, last) in [
            (&whole[..whole.len() / 2], "gzip (cut off), UTF-8", ""),
            (&broken, "gzip (damaged), UTF-8", "line 0019999"),
        ] {
            let mut viewer = opened("log.gz", object);
            press(&mut viewer, Action::DialogBottom);
            feed(&mut viewer, object);
            let text = drawn_in_place(&mut viewer);
            assert!(text.contains(words) && text.contains("100%") && text.contains(last), "{text}");
            assert!(*numbers(&viewer).end() > 5_000, "{text}");
        }
        // Nothing of it can be unpacked: it is no gzip, or only its first bytes.
        let mut bytes = vec![0x1f, 0x8b, 8];
        bytes.resize(6 << 20, 7);
        for object in [&bytes[..], &whole[..12]] {
            let text = drawn_in_place(&mut opened("a.gz", object));
            assert!(text.contains("1f 8b 08") && text.contains("binary"), "{text}");
        }
        // Its end is wanted before anything is known.
        for (object, end) in
            [(&numbered(90_000), "line 0089999"), (&whole, "line 0019999"), (&bytes, "07 07")]
        {
            let mut viewer = Viewer::new(place("a.gz"), object.len() as u64, 1);
            press(&mut viewer, Action::DialogBottom);
            feed(&mut viewer, object);
            let text = drawn_in_place(&mut viewer);
            assert!(text.contains(end) && text.contains("100%"), "{text}");
        }
        assert!(
            drawn_in_place(&mut opened("a.gz", &packed(b"", Compression::fast()))).contains("an empty file")
        );
    }

    #[test]
    fn what_is_in_it_is_laid_out_and_in_hex_it_is_as_it_is() {
        let object = packed(br#"{"name":"twinpail"}"#, Compression::fast());
        let mut viewer = opened("a.json.gz", &object);
        let text = drawn_in_place(&mut viewer);
        assert!(text.contains("gzip, JSON") && text.contains("  \"name\": \"twinpail\""), "{text}");
        viewer.on_action(Action::ViewerHex);
        feed(&mut viewer, &object);
        let text = drawn_in_place(&mut viewer);
        assert!(text.contains("00000000  1f 8b 08") && !text.contains("gzip"), "{text}");
        viewer.on_action(Action::ViewerHex);
        feed(&mut viewer, &object);
        assert!(drawn_in_place(&mut viewer).contains("gzip, JSON"));
        let rows: Vec<String> = (0..400_000).map(|n| format!("{{\"n\":{n}}}")).collect();
        let object = packed(format!("[{}]", rows.join(",\n")).as_bytes(), Compression::none());
        let text = drawn_in_place(&mut opened("a.json.gz", &object));
        assert!(text.contains("too large to be laid out"), "{text}");
    }
}
