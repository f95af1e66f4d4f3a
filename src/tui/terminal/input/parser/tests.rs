use super::*;
use crate::tui::terminal::input::Reply;
use KeyModifiers as M;
use crossterm::event::{Event, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

fn key(code: KeyCode, held: M) -> Heard {
    keys::key(code, held)
}

fn typed(text: &str) -> Vec<Heard> {
    text.chars().map(|c| key(KeyCode::Char(c), M::NONE)).collect()
}

fn mouse(kind: MouseEventKind, column: u16, row: u16, modifiers: M) -> Heard {
    Heard::Input(Event::Mouse(MouseEvent { kind, column, row, modifiers }))
}

fn pasted(text: &str) -> Heard {
    Heard::Pasted { text: text.to_owned(), cut: false }
}

/// What is heard of pieces that come one shortly after the other, and then nothing for long.
fn heard<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Heard> {
    let (mut parser, mut heard, mut now) = (Parser::default(), VecDeque::new(), Instant::now());
    for piece in pieces {
        now += Duration::from_millis(40);
        parser.expire(now, &mut heard);
        parser.feed(piece, now, &mut heard);
    }
    while let Some(deadline) = parser.deadline() {
        parser.expire(deadline, &mut heard);
    }
    heard.into()
}

fn whole(bytes: &[u8]) -> Vec<Heard> {
    heard([bytes])
}

/// A sequence, and what it is.
type Row = (&'static [u8], Vec<Heard>);

fn one(code: KeyCode, held: M) -> Vec<Heard> {
    vec![key(code, held)]
}

fn table() -> Vec<Row> {
    [keyboard(), marked_keys(), others(), replies(), broken()].concat()
}

/// Keys in the forms that terminals have sent for ever.
fn keyboard() -> Vec<Row> {
    let c = KeyCode::Char;
    vec![
        (b"q", one(c('q'), M::NONE)),
        (b"Q", one(c('Q'), M::SHIFT)),
        ("é".as_bytes(), one(c('é'), M::NONE)),
        ("日".as_bytes(), one(c('日'), M::NONE)),
        ("🦀".as_bytes(), one(c('🦀'), M::NONE)),
        (b"\r", one(KeyCode::Enter, M::NONE)),
        (b"\t", one(KeyCode::Tab, M::NONE)),
        (b"\x7f", one(KeyCode::Backspace, M::NONE)),
        (b"\x03", one(c('c'), M::CONTROL)),
        (b"\x00", one(c(' '), M::CONTROL)),
        (b"\x1b", one(KeyCode::Esc, M::NONE)),
        (b"\x1b\x1b", [one(KeyCode::Esc, M::NONE), one(KeyCode::Esc, M::NONE)].concat()),
        (b"\x1by", one(c('y'), M::ALT)),
        ("\x1bé".as_bytes(), one(c('é'), M::ALT)),
        (b"\x1b\r", one(KeyCode::Enter, M::ALT)),
        (b"\x1b[", one(c('['), M::ALT)),
        (b"\x1bO", one(c('O'), M::ALT | M::SHIFT)),
        (b"\x1b]", one(c(']'), M::ALT)),
        (b"\x1b[A", one(KeyCode::Up, M::NONE)),
        (b"\x1b[B", one(KeyCode::Down, M::NONE)),
        (b"\x1b[1;5B", one(KeyCode::Down, M::CONTROL)),
        (b"\x1b[1;6:2D", one(KeyCode::Left, M::CONTROL | M::SHIFT)),
        (b"\x1b[1;1:3B", vec![]),
        (b"\x1b[a", one(KeyCode::Up, M::SHIFT)),
        (b"\x1bOa", one(KeyCode::Up, M::CONTROL)),
        (b"\x1b[H", one(KeyCode::Home, M::NONE)),
        (b"\x1b[Z", one(KeyCode::BackTab, M::SHIFT)),
        (b"\x1b[3~", one(KeyCode::Delete, M::NONE)),
        (b"\x1b[5~", one(KeyCode::PageUp, M::NONE)),
        (b"\x1b[15~", one(KeyCode::F(5), M::NONE)),
        (b"\x1b[21~", one(KeyCode::F(10), M::NONE)),
        (b"\x1b[24~", one(KeyCode::F(12), M::NONE)),
        (b"\x1b[25;2~", one(KeyCode::F(13), M::SHIFT)),
        (b"\x1b[34~", one(KeyCode::F(20), M::NONE)),
        (b"\x1b[3^", one(KeyCode::Delete, M::CONTROL)),
        (b"\x1b[3$", one(KeyCode::Delete, M::SHIFT)),
        (b"\x1b[[E", one(KeyCode::F(5), M::NONE)),
        (b"\x1bOP", one(KeyCode::F(1), M::NONE)),
        (b"\x1bO1;2R", one(KeyCode::F(3), M::SHIFT)),
        (b"\x1b[1;2R", one(KeyCode::F(3), M::SHIFT)),
        (b"\x1b[1;3S", one(KeyCode::F(4), M::ALT)),
        (b"\x1bOM", one(KeyCode::Enter, M::NONE)),
        (b"\x1bOw", one(c('7'), M::NONE)),
    ]
}

/// Keys by their code points.
fn marked_keys() -> Vec<Row> {
    let c = KeyCode::Char;
    vec![
        (b"\x1b[97u", one(c('a'), M::NONE)),
        (b"\x1b[97;5u", one(c('a'), M::CONTROL)),
        (b"\x1b[97:65;2u", one(c('A'), M::SHIFT)),
        (b"\x1b[97;2;65u", one(c('A'), M::SHIFT)),
        (b"\x1b[27u", one(KeyCode::Esc, M::NONE)),
        (b"\x1b[9;2u", one(KeyCode::BackTab, M::SHIFT)),
        (b"\x1b[57404u", one(c('5'), M::NONE)),
        (b"\x1b[57441u", vec![]),
        (b"\x1b[97;1:3u", vec![]),
        (b"\x1b[27;5;120~", one(c('x'), M::CONTROL)),
        (b"\x1b[27;2;13~", one(KeyCode::Enter, M::SHIFT)),
    ]
}

/// The mouse, the focus, and what is pasted.
fn others() -> Vec<Row> {
    let left = MouseButton::Left;
    vec![
        (b"\x1b[<0;3;4M", vec![mouse(MouseEventKind::Down(left), 2, 3, M::NONE)]),
        (b"\x1b[<0;3;4m", vec![mouse(MouseEventKind::Up(left), 2, 3, M::NONE)]),
        (b"\x1b[<32;3;4M", vec![mouse(MouseEventKind::Drag(left), 2, 3, M::NONE)]),
        (b"\x1b[<81;300;4M", vec![mouse(MouseEventKind::ScrollDown, 299, 3, M::CONTROL)]),
        (b"\x1b[32;3;4M", vec![mouse(MouseEventKind::Down(left), 2, 3, M::NONE)]),
        (b"\x1b[M #$", vec![mouse(MouseEventKind::Down(left), 2, 3, M::NONE)]),
        (b"\x1b[I", vec![Heard::Input(Event::FocusGained)]),
        (b"\x1b[O", vec![Heard::Input(Event::FocusLost)]),
        (b"\x1b[200~d y\r\x1b[B\x1b[201~", vec![pasted("d y\r\x1b[B")]),
        ("\x1b[200~日\x1b[201~".as_bytes(), vec![pasted("日")]),
        (b"\x1b[200~a\x1b\x1b[201b\x1b[201~", vec![pasted("a\x1b\x1b[201b")]),
    ]
}

fn replies() -> Vec<Row> {
    vec![
        (b"\x1b[?62;22;52c", vec![Heard::Reply(Reply::Attributes { clipboard: true })]),
        (b"\x1b[?1;2c", vec![Heard::Reply(Reply::Attributes { clipboard: false })]),
        (b"\x1b[?152;520c", vec![Heard::Reply(Reply::Attributes { clipboard: false })]),
        (b"\x1b[0n", vec![Heard::Reply(Reply::Ready)]),
        // Late replies to others' questions: cursor, secondary attributes, modes, keyboard, window, colours,
        // clipboard, name and version, tertiary attributes, terminfo, pictures.
        (b"\x1b[24;80R", vec![]),
        (b"\x1b[1;1R", vec![]),
        (b"\x1b[?24;80R", vec![]),
        (b"\x1b[>41;354;0c", vec![]),
        (b"\x1b[?2026;2$y", vec![]),
        (b"\x1b[4;1$y", vec![]),
        (b"\x1b[?31u", vec![]),
        (b"\x1b[?997;1n", vec![]),
        (b"\x1b[8;24;80t", vec![]),
        (b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\", vec![]),
        (b"\x1b]10;rgb:ffff/ffff/ffff\x07", vec![]),
        (b"\x1b]52;c;ZGVsZXRlIG1l\x07", vec![]),
        ("\x1b]2;título\x1b\\".as_bytes(), vec![]),
        (b"\x1bP>|XTerm(379)\x1b\\", vec![]),
        (b"\x1bP!|00000000\x1b\\", vec![]),
        (b"\x1bP1+r544e=787465726d\x1b\\", vec![]),
        (b"\x1b_Gi=31;OK\x1b\\", vec![]),
        (b"\x1b^dy\x1b\\", vec![]),
        (b"\x1bXdy\x1b\\", vec![]),
    ]
}

/// What ends nothing, and what was never complete.
fn broken() -> Vec<Row> {
    let c = KeyCode::Char;
    vec![
        (b"\x1b]11;rgb:1e1e", vec![]),
        (b"\x1b]11;rg\x1b[B", one(KeyCode::Down, M::NONE)),
        (b"\x1b[12\x1b[B", one(KeyCode::Down, M::NONE)),
        (b"\x1b[12\x18", vec![]),
        (b"\x1b[12", vec![]),
        (b"\x1b[12\r", one(KeyCode::Enter, M::NONE)),
        (b"\xe6\x97", vec![]),
        (b"\xe6q", one(c('q'), M::NONE)),
        (b"\x9b\xff\xc0\xc2\x9b", vec![]),
    ]
}

#[test]
fn a_sequence_is_what_it_is_wherever_it_is_cut() {
    for (bytes, expected) in table() {
        assert_eq!(whole(bytes), expected, "{:?}", bytes.escape_ascii().to_string());
        let (mut ends, every) = (Vec::new(), heard(bytes.chunks(1)));
        for at in 1..bytes.len() {
            ends.push(heard([&bytes[..at], &bytes[at..]]));
        }
        for cut in ends.into_iter().chain([every]) {
            assert_eq!(cut, expected, "cut: {:?}", bytes.escape_ascii().to_string());
        }
    }
}

#[test]
fn what_comes_behind_a_complete_sequence_is_typed() {
    let complete = |bytes: &[u8]| {
        let mut parser = Parser::default();
        parser.feed(bytes, Instant::now(), &mut VecDeque::new());
        parser.state == State::Ground
    };
    for (bytes, mut expected) in table().into_iter().filter(|(bytes, _)| complete(bytes)) {
        expected.extend(typed("dy"));
        assert_eq!(whole(&[bytes, b"dy"].concat()), expected, "{:?}", bytes.escape_ascii().to_string());
    }
}

#[test]
fn esc_is_a_key_once_nothing_has_followed_for_50_milliseconds() {
    let (mut parser, mut heard, start) = (Parser::default(), VecDeque::new(), Instant::now());
    parser.feed(b"\x1b", start, &mut heard);
    assert_eq!(parser.deadline(), Some(start + LONE_ESC));
    parser.expire(start + Duration::from_millis(49), &mut heard);
    assert!(heard.is_empty());
    parser.expire(start + LONE_ESC, &mut heard);
    assert_eq!(heard.pop_front(), Some(key(KeyCode::Esc, M::NONE)));
    assert_eq!(parser.deadline(), None, "nothing is waited for");
    parser.feed(b"[", start + LONE_ESC, &mut heard);
    assert_eq!(Vec::from(heard), typed("["));
}

#[test]
fn a_sequence_that_has_begun_outlasts_a_slow_line() {
    let (mut parser, mut heard, mut now) = (Parser::default(), VecDeque::new(), Instant::now());
    for piece in [&b"\x1b["[..], b"1", b";5", b"B"] {
        parser.feed(piece, now, &mut heard);
        now += Duration::from_millis(900);
        parser.expire(now, &mut heard);
    }
    assert_eq!(Vec::from(heard), [key(KeyCode::Down, M::CONTROL)]);
}

#[test]
fn half_a_mebibyte_is_pasted_whole_and_more_than_a_mebibyte_is_cut() {
    let paste = |text: &str| {
        let bytes = ["\x1b[200~", text, "\x1b[201~q"].concat();
        let mut heard = heard(bytes.as_bytes().chunks(4095));
        assert_eq!(heard.pop(), typed("q").pop());
        heard
    };
    let half = "x".repeat(LONGEST_PASTE / 2);
    assert_eq!(paste(&half), [pasted(&half)]);
    let long = "é".repeat(LONGEST_PASTE);
    let expected = Heard::Pasted { text: "é".repeat(LONGEST_PASTE / 2), cut: true };
    assert_eq!(paste(&long), [expected]);
    let odd = format!("x{long}");
    let expected = Heard::Pasted { text: odd.chars().take(LONGEST_PASTE / 2).collect(), cut: true };
    assert_eq!(paste(&odd), [expected], "no half of a character");
}

#[test]
fn esc_ends_a_paste_that_does_not_end_and_its_rest_is_no_command() {
    let (mut parser, mut heard, mut now) = (Parser::default(), VecDeque::new(), Instant::now());
    parser.feed(b"\x1b[200~dy", now, &mut heard);
    assert_eq!(parser.deadline(), None, "a paste may pause");
    parser.feed(b"\x1b", now, &mut heard);
    now += ESC_WITHIN;
    parser.expire(now, &mut heard);
    parser.feed(b"dy\r", now, &mut heard);
    assert_eq!(heard.drain(..).collect::<Vec<_>>(), [key(KeyCode::Esc, M::NONE)]);
    let mut ended = Parser { state: State::Unwanted { end: 1 }, at: Some(now) };
    ended.feed(b"[201~q", now, &mut heard);
    assert_eq!(heard.drain(..).collect::<Vec<_>>(), typed("q"), "its end did come");
    now += STALLED;
    parser.expire(now, &mut heard);
    parser.feed(b"q", now, &mut heard);
    assert_eq!(Vec::from(heard), typed("q"), "nothing more came");
}

/// Bytes that mean something more often than chance.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = table().into_iter().map(|(bytes, _)| bytes.to_vec()).collect::<Vec<_>>();
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..6),
        proptest::sample::select(pieces),
        proptest::sample::select(vec![b"\x1b[200~".to_vec(), b"\x1b[M".to_vec(), b"\x1b".to_vec()]),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn the_same_bytes_are_the_same_however_they_are_cut(
        bytes in bytes(),
        cuts in proptest::collection::vec(0..64_usize, 0..6),
    ) {
        let mut pieces: Vec<&[u8]> = vec![&bytes];
        for cut in cuts {
            let last = pieces.pop().unwrap_or_default();
            let (before, after) = last.split_at(cut.min(last.len()));
            pieces.extend([before, after]);
        }
        let (mut parser, mut all, now) = (Parser::default(), VecDeque::new(), Instant::now());
        for piece in pieces {
            parser.feed(piece, now, &mut all);
        }
        let (mut other, mut whole) = (Parser::default(), VecDeque::new());
        other.feed(&bytes, now, &mut whole);
        prop_assert_eq!(all, whole);
        prop_assert_eq!(parser.state, other.state);
    }

    #[test]
    fn after_whatever_bytes_and_a_pause_a_key_is_a_key(bytes in bytes()) {
        let (mut parser, mut heard, now) = (Parser::default(), VecDeque::new(), Instant::now());
        parser.feed(&bytes, now, &mut heard);
        if matches!(parser.state, State::Paste { .. }) {
            // A paste ends when its end comes, or Esc.
            parser.feed(b"\x1b", now, &mut heard);
        }
        for _ in 0..3 {
            if let Some(deadline) = parser.deadline() {
                parser.expire(deadline, &mut heard);
            }
        }
        heard.clear();
        parser.feed(b"q", now, &mut heard);
        prop_assert_eq!(Vec::from(heard), typed("q"));
    }
}
