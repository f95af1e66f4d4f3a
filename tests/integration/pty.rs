//! The program in a terminal: a real pty, a terminal emulator behind it, and waiting for what a user would wait for:
//! the screen. No sleeps; whatever does not come within half a minute fails with the screen in the message.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{MouseProtocolMode, Parser, Screen};

const DEADLINE: Duration = Duration::from_secs(30);

/// Columns and rows.
pub(crate) type Size = (u16, u16);

/// What the terminal was told besides text.
#[derive(Default)]
struct Told {
    clipboard: Vec<String>,
    /// Questions (`ESC [ 6 n` and the like), which the program should not ask; after a copy it may ask for attributes.
    questions: Vec<String>,
    answers: Vec<u8>,
}

impl vt100::Callbacks for Told {
    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], data: &[u8]) {
        let text = base64::engine::general_purpose::STANDARD.decode(data).expect("OSC 52 carries base64");
        self.clipboard.push(String::from_utf8(text).expect("text"));
    }

    fn unhandled_csi(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, params: &[&[u16]], c: char) {
        let answer: &[u8] = match (c, params) {
            ('n', [[6]]) => b"\x1b[1;1R",
            // Behind everything that was drawn before: nothing that anybody waits for at the start.
            ('n', [[5]]) => {
                self.answers.extend_from_slice(b"\x1b[0n");
                return;
            }
            ('c', _) => b"\x1b[?62;52c",
            _ => return,
        };
        if c != 'c' || self.clipboard.is_empty() {
            self.questions.push(format!("{params:?}{c}"));
        }
        self.answers.extend_from_slice(answer);
    }
}

struct Seen {
    parser: Parser<Told>,
    bytes: usize,
    /// Whether any byte was not ASCII.
    beyond_ascii: bool,
    ended: bool,
    /// Nobody looks any longer.
    left: bool,
}

/// The line to the terminal: the bytes that it still carries; `None`: as many as come.
type Line = (Mutex<Option<usize>>, Condvar);

/// A program in a terminal of its own. Ends with it.
pub(crate) struct Session {
    /// `None`: somebody waits for its end.
    child: Option<Box<dyn Child + Send + Sync>>,
    master: Box<dyn MasterPty + Send>,
    keyboard: Arc<Mutex<Box<dyn Write + Send>>>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    line: Arc<Line>,
    modes: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has cells")
}

fn pty_size((cols, rows): Size) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Session {
    /// Starts twinpail with `home` as its whole world: no variable of this process but `PATH` reaches it.
    pub(crate) fn start(args: &[&str], env: &[(&str, &str)], home: &Path, size: Size) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_twinpail"));
        command.args(args);
        Self::run(command, env, home, size)
    }

    /// Starts a shell with `script`, in which `"$0" "$@"` is twinpail with those arguments.
    pub(crate) fn script(script: &str, args: &[&str], env: &[(&str, &str)], home: &Path, size: Size) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_twinpail")]);
        command.args(args);
        Self::run(command, env, home, size)
    }

    pub(crate) fn run(mut command: CommandBuilder, env: &[(&str, &str)], home: &Path, size: Size) -> Self {
        command.env_clear();
        command.cwd(home);
        for (name, value) in [
            ("PATH", std::env::var("PATH").unwrap_or_default().as_str()),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ] {
            command.env(name, value);
        }
        for name in [
            "HOME",
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
            "XDG_DATA_HOME",
            "XDG_RUNTIME_DIR",
        ] {
            command.env(name, home);
        }
        for (name, value) in env {
            command.env(name, value);
        }
        let pair = native_pty_system().openpty(pty_size(size)).expect("a pty");
        let modes = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        // The terminal ends when the program does only if nobody else holds it.
        drop(pair.slave);
        let parser = Parser::new_with_callbacks(cells(size.1), cells(size.0), 0, Told::default());
        let seen = Arc::new((
            Mutex::new(Seen { parser, bytes: 0, beyond_ascii: false, ended: false, left: false }),
            Condvar::new(),
        ));
        let keyboard = Arc::new(Mutex::new(pair.master.take_writer().expect("a keyboard")));
        let reader = pair.master.try_clone_reader().expect("a screen");
        let line = Arc::new((Mutex::new(None), Condvar::new()));
        std::thread::spawn({
            let (seen, line, keyboard) = (Arc::clone(&seen), Arc::clone(&line), Arc::clone(&keyboard));
            move || watch(reader, &seen, &line, &keyboard)
        });
        Self { child: Some(child), master: pair.master, keyboard, seen, line, modes }
    }

    /// Types `text`, raw: `\r` is Enter, `\x1b` Esc.
    pub(crate) fn keys(&self, text: &str) {
        let mut keyboard = lock(&self.keyboard);
        keyboard.write_all(text.as_bytes()).and_then(|()| keyboard.flush()).expect("the program reads keys");
    }

    /// Types `text` once the status line offers `hint`: a question offers its keys as soon as it takes them.
    pub(crate) fn answer(&self, hint: &str, text: &str) {
        self.wait_until(&format!("{hint:?} offered"), |screen| {
            let rows = screen.contents();
            rows.trim_end().lines().last().is_some_and(|last| last.contains(hint))
        });
        self.keys(text);
    }

    /// Bytes that have come out of the line so far.
    pub(crate) fn bytes(&self) -> usize {
        lock(&self.seen.0).bytes
    }

    /// Whether the terminal got any byte that is not ASCII.
    pub(crate) fn beyond_ascii(&self) -> bool {
        lock(&self.seen.0).beyond_ascii
    }

    /// From now on the line carries only what [`Session::carry`] says. What is on its way already still arrives.
    pub(crate) fn throttle(&self) {
        *lock(&self.line.0) = Some(0);
    }

    /// A throttled line carries so many bytes more; waits until it has, or until there is nothing left to carry as the
    /// screen is as `expected`. Returns whether it is.
    pub(crate) fn carry(&self, bytes: usize, expected: impl Fn(&Screen) -> bool) -> bool {
        *lock(&self.line.0) = Some(bytes);
        self.line.1.notify_all();
        let is_there = |seen: &Seen| expected(seen.parser.screen());
        self.wait("bytes", |seen| is_there(seen) || *lock(&self.line.0) == Some(0));
        is_there(&lock(&self.seen.0))
    }

    /// The line carries again whatever comes.
    pub(crate) fn release(&self) {
        *lock(&self.line.0) = None;
        self.line.1.notify_all();
    }

    /// Waits until `text` is on the screen.
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait_until(&format!("{text:?} on the screen"), |screen| screen.contents().contains(text));
    }

    /// Waits until the screen is as `expected` says; `what` is that in words.
    pub(crate) fn wait_until(&self, what: &str, expected: impl Fn(&Screen) -> bool) {
        self.wait(what, |seen| expected(seen.parser.screen()));
    }

    /// Waits until something was copied after the first `before` times, and returns the newest.
    pub(crate) fn clipboard(&self, before: usize) -> String {
        self.wait("something on the clipboard", |seen| seen.parser.callbacks().clipboard.len() > before);
        lock(&self.seen.0).parser.callbacks().clipboard.last().cloned().unwrap_or_default()
    }

    /// What the screen shows.
    pub(crate) fn screen(&self) -> String {
        lock(&self.seen.0).parser.screen().contents()
    }

    /// Another size, as if a window was dragged.
    pub(crate) fn resize(&self, size: Size) {
        lock(&self.seen.0).parser.set_size(cells(size.1), cells(size.0));
        self.master.resize(pty_size(size)).expect("a new size");
    }

    /// Closes the terminal's end of the line, as when a connection breaks.
    pub(crate) fn hang_up(mut self) {
        lock(&self.seen.0).left = true;
        // Something to draw, so that what reads the screen lets go of it.
        let rows = lock(&self.seen.0).parser.screen().size().0;
        self.resize((40, rows.into()));
        self.keys(" ");
        self.wait("the last frame", |seen| seen.ended);
        self.child = None;
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id();
        let sent = std::process::Command::new("kill").args(["-s", name, &id]).status().expect("kill");
        assert!(sent.success(), "kill -s {name}");
    }

    fn id(&self) -> String {
        let id = self.child.as_ref().and_then(|child| child.process_id());
        id.expect("it runs").to_string()
    }

    /// Waits for the end and returns the exit code.
    pub(crate) fn exit_code(&mut self) -> u32 {
        self.wait("the end", |seen| seen.ended);
        self.child.as_mut().expect("it runs").wait().expect("an exit code").exit_code()
    }

    /// Waits for the end, whatever the terminal still shows or takes, and returns the exit code.
    pub(crate) fn exit_code_unseen(&mut self) -> u32 {
        let id = self.id();
        let mut child = self.child.take().expect("it runs");
        let (sender, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait().expect("an exit code").exit_code()));
        ended.recv_timeout(DEADLINE).unwrap_or_else(|_| {
            let _ = std::process::Command::new("kill").args(["-s", "KILL", &id]).status();
            panic!("it did not end")
        })
    }

    /// Fails unless the terminal, after the end, is as it was before, and was never asked anything.
    pub(crate) fn assert_restored(&self) {
        let seen = lock(&self.seen.0);
        let screen = seen.parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is on");
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None, "the mouse is taken");
        assert!(!screen.inverse() && !screen.bold(), "attributes are on");
        assert_eq!(modes(&*self.master), self.modes, "the line settings differ");
        assert_eq!(seen.parser.callbacks().questions, Vec::<String>::new(), "it waited for the terminal");
    }

    fn wait(&self, what: &str, done: impl Fn(&Seen) -> bool) {
        let until = Instant::now() + DEADLINE;
        let (mutex, changed) = &*self.seen;
        let mut seen = lock(mutex);
        while !done(&seen) {
            let left = until.saturating_duration_since(Instant::now());
            let contents = || seen.parser.screen().contents();
            assert!(!seen.ended, "it ended before {what}:\n{}", contents());
            assert!(!left.is_zero(), "waited in vain for {what}:\n{}", contents());
            seen = changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        // What reads the terminal must not wait for a line that nobody opens any more.
        self.release();
    }
}

/// Line settings, as text: whether there is echo, whole lines, signals.
fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

/// The terminal: shows what comes, answers what is asked, until the program ends.
fn watch(
    mut reader: impl Read,
    seen: &(Mutex<Seen>, Condvar),
    line: &Line,
    keyboard: &Mutex<Box<dyn Write + Send>>,
) {
    let mut bytes = [0; 4096];
    let room = || {
        let left = line.1.wait_while(lock(&line.0), |left| *left == Some(0));
        left.unwrap_or_else(PoisonError::into_inner).map_or(4096, |left| left.min(4096))
    };
    // Linux answers EIO, others 0 bytes, when the last program is gone.
    while let Ok(count @ 1..) = reader.read(&mut bytes[..room()]) {
        if let Some(left) = &mut *lock(&line.0) {
            *left = left.saturating_sub(count);
        }
        let mut now = lock(&seen.0);
        now.bytes += count;
        now.beyond_ascii |= !bytes[..count].is_ascii();
        now.parser.process(&bytes[..count]);
        let answers = std::mem::take(&mut now.parser.callbacks_mut().answers);
        if now.left {
            break;
        }
        drop(now);
        if !answers.is_empty() {
            let _ = lock(keyboard).write_all(&answers);
        }
        seen.1.notify_all();
    }
    drop(reader);
    lock(&seen.0).ended = true;
    seen.1.notify_all();
}

/// A shell stands in for the program: what the harness promises the other tests.
fn shell(script: &str, home: &Path) -> Session {
    let mut command = CommandBuilder::new("/bin/sh");
    command.args(["-c", script]);
    Session::run(command, &[("WORD", "given")], home, (40, 10))
}

#[test]
fn the_harness_sees_the_screen_the_clipboard_and_the_end() {
    let home = tempfile::tempdir().unwrap();
    let script = r#"printf 'ready %s' "$WORD"; read line; printf '\033]52;c;YQ==\a'; read line; stty size; read l; exit 3"#;
    let mut session = shell(script, home.path());
    session.wait_for("ready given");
    session.keys("\r");
    assert_eq!(session.clipboard(0), "a");
    session.resize((60, 20));
    session.keys("\r");
    session.wait_for("20 60");
    assert!(session.screen().contains("ready"));
    session.keys("\r");
    assert_eq!(session.exit_code(), 3);
    session.assert_restored();
}

#[test]
#[should_panic(expected = "alternate screen")]
fn the_harness_notices_a_terminal_that_is_not_given_back() {
    let home = tempfile::tempdir().unwrap();
    let mut session = shell(r"printf '\033[?1049h'; exit 0", home.path());
    session.exit_code();
    session.assert_restored();
}

#[test]
#[should_panic(expected = "line settings")]
fn the_harness_notices_raw_mode_left_on() {
    let home = tempfile::tempdir().unwrap();
    let mut session = shell("stty raw -echo", home.path());
    session.exit_code();
    session.assert_restored();
}

#[test]
fn the_harness_sends_signals() {
    let home = tempfile::tempdir().unwrap();
    let mut session =
        shell("trap 'exit 143' TERM; printf waiting; while :; do read l || :; done", home.path());
    session.wait_for("waiting");
    session.signal("TERM");
    session.keys("\r");
    assert_eq!(session.exit_code(), 143);
}
