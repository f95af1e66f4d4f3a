//! The browser over a slow line, 64 kbit/s. A second is the bytes that such a line carries in it: nothing here waits for
//! a clock.

use std::collections::VecDeque;

use vt100::Screen;

use crate::browser::{start, until};
use crate::pty::{Session, Size};
use crate::support::World;

/// Bytes that the line carries in a second.
const SECOND: usize = 64_000 / 8;
/// How often a held key repeats in a second.
const REPEATS: usize = 30;
/// Bytes that a pty and a frame on its way into it hold at most: Linux takes no more once 8 KiB wait in its buffers, but
/// then all of the write that comes before, and its line discipline and the reader hold some besides.
const HELD_BY_PTY: usize = 24 << 10;
/// Steps that are typed while the line carries nothing.
const STEPS: usize = 150;
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

/// A row down, which is over, and would have had its frame, before anything else is typed: the server is asked again.
async fn step(world: &World, session: &Session) {
    world.backend.faults().take_requests();
    session.keys("jR");
    until("keys wait for the terminal", || !world.backend.faults().take_requests().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_do_not_queue_for_a_terminal_that_takes_nothing() {
    let world = World::new().await;
    for size in SIZES {
        let session = open(&world, size);
        let (frame, at) = at_the_bottom(&session, size);
        assert!(STEPS * frame > HELD_BY_PTY * 3 / 2, "{size:?}: {frame} bytes a step say nothing");
        let before = session.bytes();
        session.throttle();
        for _ in 0..STEPS {
            step(&world, &session).await;
        }
        session.release();
        session.wait_until("the last step", shows(&name(at + STEPS)));
        let drawn = session.bytes() - before;
        assert!(drawn < HELD_BY_PTY, "{size:?}: {drawn} bytes for {STEPS} steps of {frame} bytes each");
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
                step(&world, &session).await;
                session.carry(SECOND / REPEATS, shows(&name(at)));
            }
            let before = session.bytes();
            while !session.carry(SECOND / 100, shows(&name(at))) {}
            backlogs.push(session.bytes() - before);
        }
        // 150 frames less what was carried meanwhile are twice as much at the smaller size.
        let is_short = |backlog: &usize| *backlog < HELD_BY_PTY;
        assert!(backlogs.iter().all(is_short), "{size:?}: {backlogs:?} bytes behind, {frame} a frame");
    }
}

/// How long a key is held: long beside what a pty holds, which differs from kernel to kernel and is seen late however
/// little is drawn.
const HELD: usize = 9;

/// A line with a delay: what is typed arrives so much later, and what is drawn is seen so much later; each way carries so
/// many bytes a tick. Its clock is its own.
struct Far<'a> {
    session: &'a Session,
    tick: usize,
    /// When keys arrive, they, and what the screen shows once they are obeyed.
    typed: VecDeque<(usize, String, String)>,
    /// What the screen is to show after all that has arrived.
    due: Option<String>,
}

impl<'a> Far<'a> {
    /// Ticks of a second, bytes that each way carries in one, and ticks that it takes.
    const TICKS: usize = 100;
    const CARRIES: usize = SECOND / Self::TICKS;
    const DELAY: usize = Self::TICKS / 5;

    fn new(session: &'a Session) -> Self {
        session.throttle();
        Self { session, tick: 0, typed: VecDeque::new(), due: None }
    }

    fn press(&mut self, keys: &str, shown: &str) {
        self.typed.push_back((self.tick + Self::DELAY, keys.to_owned(), shown.to_owned()));
    }

    /// A hundredth of a second more.
    fn pass(&mut self) {
        self.tick += 1;
        let mut room = Self::CARRIES;
        let tick = self.tick;
        while let Some((_, keys, shown)) =
            self.typed.pop_front_if(|(due, keys, _)| *due <= tick && keys.len() <= room)
        {
            room -= keys.len();
            self.session.keys(&keys);
            self.due = Some(shown);
        }
        if let Some(due) = &self.due
            && self.session.carry(Self::CARRIES, shows(due))
        {
            self.due = None;
        }
    }

    /// Until everything typed is obeyed and seen: the seconds since the start.
    fn settle(&mut self) -> f64 {
        while self.due.is_some() || !self.typed.is_empty() {
            self.pass();
        }
        (self.tick + Self::DELAY) as f64 / Self::TICKS as f64
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_typed_ahead_over_a_far_line_are_all_obeyed_and_frames_in_between_are_not_drawn() {
    let world = World::new().await;
    for size in SIZES {
        let session = open(&world, size);
        let (frame, at) = at_the_bottom(&session, size);
        let before = session.bytes();
        let mut far = Far::new(&session);
        for n in 1..=HELD * REPEATS {
            far.press("j", &name(at + n));
            for _ in 0..Far::TICKS / REPEATS {
                far.pass();
            }
        }
        let seen = far.settle();
        let (drawn, all) = (session.bytes() - before, HELD * REPEATS * frame);
        assert!(drawn < all * 2 / 3, "{size:?}: {drawn} bytes of {all}: every frame is drawn");
        // Drawing every frame would take twelve seconds more at the smaller size.
        assert!(seen < HELD as f64 + 4.0, "{size:?}: seen only after {seen} s");
        // What somebody types at once who knows where they are.
        let mut far = Far::new(&session);
        for (keys, shown) in [("g", "000/"), ("/", "~letters):"), ("25", "~letters): 25"), ("\ra", "marked")]
        {
            far.press(keys, shown);
        }
        let seen = far.settle();
        assert!(seen < 2.0, "{size:?}: {seen} s from six keys to their screen");
    }
}
