//! The bytes that ask a terminal to set its clipboard (OSC 52), and their wrappings for multiplexers. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The most bytes that are asked for: 100,000 in base64 with the sequence around them, the convention that hterm
/// began. Terminals cut or drop what is longer.
pub(super) const MAX: usize = 74_994;

/// The most bytes of one device control string; screen drops longer ones.
const SCREEN_CHUNK: usize = 240;

/// For a terminal that is spoken to directly. Ends in BEL: a string terminator would end a wrapping too early, and
/// every terminal takes it.
pub(super) fn bare(text: &str) -> Vec<u8> {
    format!("\x1b]52;c;{}\x07", STANDARD.encode(text)).into_bytes()
}

/// For GNU screen: in pieces that it passes on unread.
pub(super) fn screen(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in bare(text).chunks(SCREEN_CHUNK - 4) {
        out.extend_from_slice(b"\x1bP");
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\x1b\\");
    }
    out
}

/// For a tmux that cannot be asked to do it: once passed through, once for tmux itself to pass on. Which of them
/// arrives is a matter of its options; both carry the same.
pub(super) fn tmux(text: &str) -> Vec<u8> {
    let bare = bare(text);
    let mut out = b"\x1bPtmux;".to_vec();
    for byte in &bare {
        if *byte == 0x1b {
            out.push(0x1b);
        }
        out.push(*byte);
    }
    out.extend_from_slice(b"\x1b\\");
    out.extend_from_slice(&bare);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bare_sequence_is_exact() {
        assert_eq!(bare("https://x/?a=1"), b"\x1b]52;c;aHR0cHM6Ly94Lz9hPTE=\x07");
    }

    #[test]
    fn screen_gets_small_pieces_that_add_up() {
        let text = "u".repeat(2000);
        let sequence = screen(&text);
        let pieces: Vec<&[u8]> = split(&sequence);
        assert!(pieces.len() > 10);
        assert!(pieces.iter().all(|piece| piece.len() + 4 <= SCREEN_CHUNK));
        assert_eq!(pieces.concat(), bare(&text));
    }

    fn split(mut bytes: &[u8]) -> Vec<&[u8]> {
        let mut pieces = Vec::new();
        while let Some(rest) = bytes.strip_prefix(b"\x1bP") {
            let end = rest.windows(2).position(|pair| pair == b"\x1b\\").expect("an end");
            pieces.push(&rest[..end]);
            bytes = &rest[end + 2..];
        }
        assert!(bytes.is_empty());
        pieces
    }

    #[test]
    fn tmux_gets_doubled_escapes_and_the_bare_form() {
        assert_eq!(tmux("a"), b"\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\\x1b]52;c;YQ==\x07");
    }
}
