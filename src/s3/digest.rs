//! What bytes are proved by: the digests that travel beside a body, that a provider keeps, or that an ETag is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, checksum_combine};
use md5::{Digest as _, Md5};

/// A digest's algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// CRC-64/NVME, which AWS keeps with every object.
    Crc64Nvme,
    /// CRC-32 (ISO-HDLC, as in zip).
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// MD5: `Content-MD5`, and the ETag of a single unencrypted PUT.
    Md5,
}

impl Algorithm {
    /// Those of which a provider may keep the value of a whole object, the most telling first.
    pub const KEPT: [Self; 3] = [Self::Crc64Nvme, Self::Crc32, Self::Crc32c];

    /// The name in `x-amz-checksum-*`, in `--json` and in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc64Nvme => "crc64nvme",
            Self::Crc32 => "crc32",
            Self::Crc32c => "crc32c",
            Self::Md5 => "md5",
        }
    }

    /// The algorithm called `name`, in either case.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Crc64Nvme, Self::Crc32, Self::Crc32c, Self::Md5];
        all.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// A CRC and its width in bytes.
    fn crc(self) -> Option<(CrcAlgorithm, usize)> {
        match self {
            Self::Crc64Nvme => Some((CrcAlgorithm::Crc64Nvme, 8)),
            Self::Crc32 => Some((CrcAlgorithm::Crc32IsoHdlc, 4)),
            Self::Crc32c => Some((CrcAlgorithm::Crc32Iscsi, 4)),
            Self::Md5 => None,
        }
    }
}

/// A digest of some bytes, most significant byte first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Digest {
    /// How it was made.
    pub algorithm: Algorithm,
    value: Vec<u8>,
}

impl Digest {
    /// Reads what [`Digest::base64`] wrote. `None` for anything else, also for the composite values of multipart
    /// uploads (`...-3`), which say nothing about the bytes as a whole.
    pub fn from_base64(algorithm: Algorithm, text: &str) -> Option<Self> {
        let value = STANDARD.decode(text).ok()?;
        let width = algorithm.crc().map_or(16, |(_, width)| width);
        (value.len() == width).then_some(Self { algorithm, value })
    }

    /// The MD5 that an ETag is, if it is one.
    pub fn from_etag(etag: &str) -> Option<Self> {
        let hex = etag.as_bytes();
        if hex.len() != 32 {
            return None;
        }
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let value: Option<Vec<u8>> =
            hex.chunks(2).map(|pair| Some(digit(&pair[0])? << 4 | digit(&pair[1])?)).collect();
        Some(Self { algorithm: Algorithm::Md5, value: value? })
    }

    /// As headers carry it.
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.value)
    }

    /// As ETags carry it.
    pub fn hex(&self) -> String {
        self.value
            .iter()
            .fold(String::with_capacity(2 * self.value.len()), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// The raw bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.value
    }

    /// The digest of these bytes followed by `length` more whose digest is `next`. `None` where there is no such
    /// arithmetic (MD5, two algorithms).
    pub fn followed_by(&self, next: &Self, length: u64) -> Option<Self> {
        let (crc, width) = self.algorithm.crc().filter(|_| self.algorithm == next.algorithm)?;
        Some(Self::of_crc(self.algorithm, checksum_combine(crc, self.number(), next.number(), length), width))
    }

    fn number(&self) -> u64 {
        self.value.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn of_crc(algorithm: Algorithm, crc: u64, width: usize) -> Self {
        Self { algorithm, value: crc.to_be_bytes()[8 - width..].to_vec() }
    }
}

/// The ETag of a multipart upload by AWS's formula: the MD5 of the parts' MD5s, and their number.
pub fn multipart_etag<'a>(parts: impl IntoIterator<Item = &'a Digest>) -> String {
    let (mut whole, mut count) = (Md5::new(), 0);
    for part in parts {
        whole.update(&part.value);
        count += 1;
    }
    format!("{}-{count}", Digest { algorithm: Algorithm::Md5, value: whole.finalize().to_vec() }.hex())
}

/// Makes a [`Digest`] of bytes as they pass.
#[derive(Clone, Debug)]
pub struct Hasher(State);

#[derive(Clone, Debug)]
enum State {
    Crc(Box<crc_fast::Digest>, Algorithm, usize),
    Md5(Md5),
}

impl Hasher {
    /// Nothing hashed yet.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm.crc() {
            Some((crc, width)) => State::Crc(Box::new(crc_fast::Digest::new(crc)), algorithm, width),
            None => State::Md5(Md5::new()),
        })
    }

    /// The digest of `bytes`.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Digest {
        let mut hasher = Self::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc(digest, ..) => digest.update(bytes),
            State::Md5(digest) => digest.update(bytes),
        }
    }

    /// The digest of all of them.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Crc(digest, algorithm, width) => Digest::of_crc(algorithm, digest.finalize(), width),
            State::Md5(digest) => Digest { algorithm: Algorithm::Md5, value: digest.finalize().to_vec() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_everybody_else() {
        // The check values of the CRC catalogue, of RFC 1321, over "123456789".
        for (algorithm, hex) in [
            (Algorithm::Crc64Nvme, "ae8b14860a799888"),
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
        ] {
            let digest = Hasher::of(algorithm, b"123456789");
            assert_eq!(digest.hex(), hex);
            assert_eq!(Digest::from_base64(algorithm, &digest.base64()), Some(digest));
        }
    }

    #[test]
    fn parts_make_the_whole() {
        for algorithm in Algorithm::KEPT {
            let (first, second) = (Hasher::of(algorithm, b"1234"), Hasher::of(algorithm, b"56789"));
            assert_eq!(first.followed_by(&second, 5), Some(Hasher::of(algorithm, b"123456789")));
        }
        let md5 = |text: &str| Hasher::of(Algorithm::Md5, text.as_bytes());
        assert_eq!(md5("a").followed_by(&md5("b"), 1), None);
        assert_eq!(multipart_etag([&md5("a"), &md5("b")]), "96e024ba2074fe77e8e965ba43a704be-2");
    }

    #[test]
    fn only_whole_digests_are_read() {
        let md5 = Hasher::of(Algorithm::Md5, b"x");
        assert_eq!(Digest::from_etag(&md5.hex()), Some(md5));
        for odd in ["", "9dd4e461268c8034f5c8564e155c67a6-2", "9dd4e461268c8034f5c8564e155c67zz", "0123"] {
            assert_eq!(Digest::from_etag(odd), None, "{odd}");
        }
        assert_eq!(Digest::from_base64(Algorithm::Crc32, "yZRlqg==-2"), None);
        assert_eq!(Digest::from_base64(Algorithm::Crc32, "AAAA"), None);
    }
}
