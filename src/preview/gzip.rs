//! gzip, unpacked piece by piece from bytes that come when they come. However much it unpacks to, no more is held than
//! the piece that was asked for.

use std::io::{BufRead, Error, ErrorKind, Read, Result};
use std::ops::Range;

use flate2::bufread::GzDecoder;

/// What each member begins with.
const MAGIC: &[u8] = &[0x1f, 0x8b];
/// Bytes unpacked at a time.
const BUFFER: usize = 32 << 10;
/// Bytes unpacked before it is asked whether anybody still wants them.
const AT_ONCE: u64 = 16 << 20;

/// What is unpacked is read forwards; what lies before it is unpacked from the beginning.
#[derive(Debug)]
pub struct Unpacker {
    decoder: GzDecoder<Feed>,
    /// Bytes unpacked so far.
    at: u64,
    /// What is wanted, and as much of it as there is.
    wanted: Range<u64>,
    piece: Vec<u8>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unpacked {
    /// All that was asked for.
    Piece(Vec<u8>),
    /// Fewer bytes: it ends with them.
    Last(Vec<u8>),
    /// Fewer bytes: what comes behind them cannot be read, for that reason.
    Broken(Vec<u8>, &'static str),
    /// It goes on once it is fed the packed bytes from there.
    Needs(u64),
    /// It goes on when it is asked again.
    Unfinished,
}

impl Default for Unpacker {
    fn default() -> Self {
        let decoder = GzDecoder::new(Feed::default());
        Self { decoder, at: 0, wanted: 0..0, piece: Vec::new() }
    }
}

impl Unpacker {
    /// Gives it the packed bytes that it needs; `last`: there are no more.
    pub fn feed(&mut self, bytes: Vec<u8>, last: bool) {
        let feed = self.decoder.get_mut();
        feed.end += bytes.len() as u64;
        feed.bytes.drain(..std::mem::take(&mut feed.taken));
        feed.bytes.extend(bytes);
        feed.last = last;
    }

    /// The unpacked bytes of a range, as far as the packed ones that it was fed go.
    pub fn unpack(&mut self, range: &Range<u64>) -> Unpacked {
        if self.wanted != *range {
            if self.at > range.start {
                *self = Self::default();
            }
            self.wanted = range.clone();
            self.piece.clear();
        }
        let mut buffer = vec![0; BUFFER];
        let stop = self.at + AT_ONCE;
        while self.at < range.end {
            if self.at >= stop {
                return Unpacked::Unfinished;
            }
            let room = usize::try_from(range.end - self.at).map_or(BUFFER, |left| left.min(BUFFER));
            match self.read(&mut buffer[..room]) {
                Ok(0) => return Unpacked::Last(self.hand_out()),
                Ok(count) => self.keep(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Unpacked::Needs(self.decoder.get_ref().end);
                }
                Err(error) => {
                    let is_short = error.kind() == ErrorKind::UnexpectedEof;
                    let why = if is_short { "cut off" } else { "damaged" };
                    return Unpacked::Broken(self.hand_out(), why);
                }
            }
        }
        Unpacked::Piece(self.hand_out())
    }

    /// The bytes that come next, over the ends of members. What follows the last one and is none is left alone, as `gzip`
    /// does: tapes and block devices pad what is on them.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.decoder.read(buffer)? {
                0 if self.decoder.get_ref().begins_a_member()? => {
                    let feed = std::mem::take(self.decoder.get_mut());
                    self.decoder.reset(feed);
                }
                count => return Ok(count),
            }
        }
    }

    /// What is wanted, once: who asks for it again gets it anew.
    fn hand_out(&mut self) -> Vec<u8> {
        self.wanted = 0..0;
        std::mem::take(&mut self.piece)
    }

    /// Of the bytes that come next, those that are wanted.
    fn keep(&mut self, bytes: &[u8]) {
        let before = self.wanted.start.saturating_sub(self.at);
        let before = usize::try_from(before).map_or(bytes.len(), |before| before.min(bytes.len()));
        self.piece.extend_from_slice(&bytes[before..]);
        self.at += bytes.len() as u64;
    }
}

/// Packed bytes, of which more may come.
#[derive(Debug, Default)]
struct Feed {
    bytes: Vec<u8>,
    taken: usize,
    /// Where they end in what is packed.
    end: u64,
    last: bool,
}

impl Feed {
    /// Whether another member follows.
    fn begins_a_member(&self) -> Result<bool> {
        match &self.bytes[self.taken..] {
            left if left.len() < MAGIC.len() && !self.last => Err(Error::from(ErrorKind::WouldBlock)),
            left => Ok(left.starts_with(MAGIC)),
        }
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        match &self.bytes[self.taken..] {
            [] if !self.last => Err(Error::from(ErrorKind::WouldBlock)),
            left => Ok(left),
        }
    }

    fn consume(&mut self, count: usize) {
        self.taken += count;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    /// Unpacks a range of it, fed so many packed bytes at a time; also the most bytes that were held meanwhile.
    fn unpack(unpacker: &mut Unpacker, packed: &[u8], step: usize, range: Range<u64>) -> (Unpacked, usize) {
        let mut most = 0;
        loop {
            let found = unpacker.unpack(&range);
            most = most.max(unpacker.piece.capacity());
            match found {
                Unpacked::Unfinished => {}
                Unpacked::Needs(at) => {
                    let at = usize::try_from(at).unwrap();
                    let end = packed.len().min(at + step);
                    unpacker.feed(packed[at..end].to_vec(), end == packed.len());
                }
                done => return (done, most),
            }
        }
    }

    proptest! {
        #[test]
        fn any_range_is_unpacked_whatever_the_pieces_are(
            text in proptest::collection::vec(0u8..8, 0..3000), again in proptest::collection::vec(any::<u8>(), 0..500),
            step in 1usize..400, ranges in proptest::collection::vec((0u64..4000, 1u64..2000), 1..4),
        ) {
            // Two members, as from two runs of gzip into one file.
            let (whole, packed) = ([&text[..], &again].concat(), [packed(&text), packed(&again)].concat());
            let mut unpacker = Unpacker::default();
            for (start, length) in ranges {
                let range = start..start + length;
                let end = usize::try_from(range.end).unwrap();
                let wanted = whole.get(usize::try_from(start).unwrap()..end.min(whole.len())).unwrap_or_default();
                let expected = if end <= whole.len() {
                    Unpacked::Piece(wanted.to_vec())
                } else {
                    Unpacked::Last(wanted.to_vec())
                };
                prop_assert_eq!(unpack(&mut unpacker, &packed, step, range).0, expected);
            }
        }
    }

    #[test]
    fn what_unpacks_to_far_more_is_held_only_as_far_as_it_is_wanted() {
        let bomb = packed(&vec![b'a'; 40 << 20]);
        assert!(bomb.len() < 300 << 10);
        let mut unpacker = Unpacker::default();
        let (found, most) = unpack(&mut unpacker, &bomb, bomb.len(), 39 << 20..(39 << 20) + 1000);
        assert_eq!(found, Unpacked::Piece(vec![b'a'; 1000]));
        assert!(most <= 2 * BUFFER, "{most}");
    }

    #[test]
    fn what_can_be_read_of_what_is_cut_off_or_damaged_is_there() {
        let text: Vec<u8> = (0..20_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        let whole = packed(&text);
        let cut = &whole[..whole.len() / 2];
        let (found, _) = unpack(&mut Unpacker::default(), cut, 1000, 0..1 << 20);
        let Unpacked::Broken(read, "cut off") = found else { panic!("{found:?}") };
        assert!(read.len() > 10_000 && text.starts_with(&read));
        let mut wrong = whole.clone();
        let sum = wrong.len() - 8;
        wrong[sum] ^= 0xff;
        let (found, _) = unpack(&mut Unpacker::default(), &wrong, 1000, 0..1 << 20);
        assert_eq!(found, Unpacked::Broken(text, "damaged"));
    }

    #[test]
    fn what_follows_the_last_member_and_is_none_is_left_alone() {
        let (first, second) = (packed(b"one "), packed(b"two"));
        let whole = [first.clone(), second.clone()].concat();
        let end = |packed: &[u8], step| unpack(&mut Unpacker::default(), packed, step, 0..100).0;
        for rest in [&[0; 1][..], &[0; 512], b"garbage that is longer than any header", &[0x1f]] {
            let padded = [&whole[..], rest].concat();
            for step in [1, 7, padded.len()] {
                assert_eq!(end(&padded, step), Unpacked::Last(b"one two".to_vec()), "{rest:?} by {step}");
            }
        }
        assert_eq!(end(&[&packed(b"")[..], &[0; 100]].concat(), 5), Unpacked::Last(vec![]));
        // A member that is none any more is not just something else.
        assert_eq!(
            end(&[&first[..], &second[..5]].concat(), 9),
            Unpacked::Broken(b"one ".to_vec(), "cut off")
        );
        let wrong = [&first[..], &[0x1f, 0x8b, 99, 0, 0, 0, 0, 0, 0, 0]].concat();
        assert_eq!(end(&wrong, 9), Unpacked::Broken(b"one ".to_vec(), "damaged"));
    }

    #[test]
    fn who_asks_twice_gets_the_same_twice() {
        let packed = packed(b"what is in it");
        let mut unpacker = Unpacker::default();
        for _ in 0..2 {
            let (found, _) = unpack(&mut unpacker, &packed, 10, 5..10);
            assert_eq!(found, Unpacked::Piece(b"is in".to_vec()));
        }
    }
}
