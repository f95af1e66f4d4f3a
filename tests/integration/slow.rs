//! The browser over a slow line, 64 kbit/s. A second is the bytes that such a line carries in it: nothing here waits for
//! a clock.

use vt100::Screen;

use crate::browser::start;
use crate::pty::{Session, Size};
use crate::support::World;

/// Bytes that the line carries in a second.
const SECOND: usize = 64_000 / 8;
/// How often a held key repeats in a second.
const REPEATS: usize = 30;
const SIZES: [Size; 2] = [(120, 30), (80, 24)];

/// Names that have nothing in common, so that a list that moves is drawn anew.
fn name(n: usize) -> String {
    let mut random = fastrand::Rng::with_seed(n as u64);
    let rest: String = (0..20).map(|_| random.lowercase()).collect();
    format!("{n:03}{rest}")
}

/// A browser in a folder of many objects, the cursor on the first of them.
fn open(world: &World, size: Size) -> Session {
    for n in 0..400 {
        world.backend.put("box", &format!("many/{}", name(n)), "x");
        world.backend.put("box", &format!("many/{:03}/inner-{}", n % 20, name(n)), "x");
    }
    let session = start(world, size);
    session.wait_for("many/");
    session.keys("\t\r");
    session.wait_for("019/");
    session
}

fn shows(text: &str) -> impl Fn(&Screen) -> bool {
    move |screen| screen.contents().contains(text)
}

/// Types a key and waits for what it does; the bytes that were drawn for it.
fn cost(session: &Session, key: &str, done: impl Fn(&Screen) -> bool) -> usize {
    let before = session.bytes();
    session.keys(key);
    session.wait_until(key, done);
    session.bytes() - before
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_drawn_in_a_quarter_of_a_second() {
    let world = World::new().await;
    for size in SIZES {
        let session = open(&world, size);
        let row = |row: u16| move |screen: &Screen| screen.cursor_position().0 == row;
        let moves: Vec<usize> = (2..12).map(|n| cost(&session, "j", row(n))).collect();
        // The first one may have met the end of the listing's own frame.
        let held = moves[1..].iter().sum::<usize>() / (moves.len() - 1);
        assert!(held < SECOND / REPEATS, "{size:?}: a held key does not keep up: {moves:?}");
        let mut costs = vec![
            cost(&session, "g\r", shows("inner-")),
            cost(&session, "\x7f", shows("019/")),
            cost(&session, "/", shows("~letters):")),
        ];
        for typed in ["2", "25", "25a"] {
            costs.push(cost(&session, &typed[typed.len() - 1..], shows(&format!("~letters): {typed}"))));
        }
        assert!(costs.iter().all(|cost| *cost < SECOND / 2), "{size:?}: {costs:?}");
        let all = moves.iter().chain(&costs);
        let average = all.clone().sum::<usize>() / all.count();
        assert!(average < SECOND / 4, "{size:?}: {average} bytes a key: {moves:?}, {costs:?}");
    }
}

/// Puts the cursor into the last row of the pane; the bytes of a frame in which everything moves up by a row, and the
/// number of the name in the last row then.
fn at_the_bottom(session: &Session, size: Size) -> (usize, usize) {
    // Twenty folders, then the names; five rows are frame, message and keys.
    let bottom = usize::from(size.1) - 5;
    session.keys(&"j".repeat(bottom + 40));
    let at = bottom + 40 - 20;
    session.wait_until("the cursor in the last row", shows(&name(at)));
    let frames: usize = (1..=4).map(|n| cost(session, "j", shows(&name(at + n)))).sum();
    (frames / 4, at + 4)
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_do_not_queue_for_a_terminal_that_takes_nothing() {
    let world = World::new().await;
    for size in SIZES {
        let session = open(&world, size);
        let (frame, at) = at_the_bottom(&session, size);
        let before = session.bytes();
        session.throttle();
        for _ in 0..200 {
            session.keys("j");
        }
        session.release();
        session.wait_until("the last of 200 steps", shows(&name(at + 200)));
        let drawn = session.bytes() - before;
        assert!(drawn < 20 * frame, "{size:?}: {drawn} bytes for 200 steps of {frame} bytes each");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_key_gets_no_further_ahead_of_a_slow_line_the_longer_it_is_held() {
    let world = World::new().await;
    for size in SIZES {
        let session = open(&world, size);
        let (frame, mut at) = at_the_bottom(&session, size);
        session.throttle();
        let mut backlogs = Vec::new();
        for repeats in [REPEATS, 5 * REPEATS] {
            for _ in 0..repeats {
                at += 1;
                session.keys("j");
                session.carry(SECOND / REPEATS, shows(&name(at)));
            }
            let before = session.bytes();
            while !session.carry(SECOND / 100, shows(&name(at))) {}
            backlogs.push(session.bytes() - before);
        }
        // What a pty holds, and a frame or two; 150 frames less what was carried meanwhile are five times as much.
        let is_short = |backlog: &usize| *backlog < 2 * SECOND;
        assert!(backlogs.iter().all(is_short), "{size:?}: {backlogs:?} bytes behind, {frame} a frame");
    }
}
