//! The terminal: taken over, given back whatever happens, and written to in one piece a frame.
//!
//! Nobody waits for what the terminal answers: a reply is heard as keys are.

mod editor;
mod guard;
mod input;
mod jobs;
mod output;
mod pipe;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use crossterm::style::force_color_output;
use ratatui::Frame;
use ratatui::layout::{Rect, Size};

pub(crate) use editor::Editor;
pub(crate) use guard::Guard;
pub(crate) use input::{ASK_ATTRIBUTES, ASK_STATUS, Heard, Input, LONGEST_PASTE, Ready, Reply};
use output::{Output, Screen};
use pipe::Pipe;

use crate::error::{Error, Kind, Result};
use crate::sanitize::display_safe;

/// Puts raw bytes on the terminal between two frames.
pub(crate) type RawWriter = Arc<dyn Fn(&[u8]) -> io::Result<()> + Send + Sync>;

/// Whether the browser can run here.
///
/// # Errors
/// `Kind::Usage` if stdin or stdout is not a terminal, or `TERM` is unset or `dumb`.
pub(crate) fn check_tty() -> Result<()> {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    check(terminal, std::env::var("TERM").ok().as_deref())
}

fn check(terminal: bool, term: Option<&str>) -> Result<()> {
    let hint = "the subcommands work without one: see `twinpail --help`";
    if !terminal {
        let message = "the browser needs a terminal on standard input and output";
        return Err(Error::new(Kind::Usage, message).with_hint(hint));
    }
    match term {
        None | Some("" | "dumb") => {
            let message = "the browser needs a terminal that can place text: TERM is unset or `dumb`";
            Err(Error::new(Kind::Usage, message).with_hint(hint))
        }
        Some(_) => Ok(()),
    }
}

/// The terminal while it is ours. Dropping it gives it back.
pub(crate) struct Terminal {
    inner: ratatui::Terminal<Screen>,
    output: Output,
    guard: Guard,
    /// `None`: there is no terminal (tests).
    pipe: Option<Pipe>,
}

impl Terminal {
    /// Takes the terminal over: raw mode, alternate screen, no cursor, bracketed paste, and the mouse if it is
    /// wanted. Call it on the thread that draws: a panic there gives the terminal back before it is reported.
    ///
    /// # Errors
    /// The terminal's.
    pub(crate) fn take_over(mouse: bool) -> Result<Self> {
        // crossterm's own answer to NO_COLOR cancels bold and reverse; the theme has no colours then.
        force_color_output(true);
        let pipe = output::stdout_file().and_then(Pipe::new).map_err(failed)?;
        let output = Output::over_pipe(pipe.clone());
        let guard = Guard::new(mouse, pipe.clone());
        guard.enter().map_err(failed)?;
        guard.restore_on_panic();
        let inner = ratatui::Terminal::new(Screen::new(output.clone(), None)).map_err(failed)?;
        Ok(Self { inner, output, guard, pipe: Some(pipe) })
    }

    /// A terminal of a fixed size that keeps what is written: one element a write.
    #[cfg(test)]
    pub(crate) fn counting(size: Size) -> (Self, Arc<std::sync::Mutex<Vec<Vec<u8>>>>) {
        let (output, writes) = Output::memory();
        let inner = ratatui::Terminal::new(Screen::new(output.clone(), Some(size))).expect("a size");
        (Self { inner, output, guard: Guard::inert(), pipe: None }, writes)
    }

    /// Whether the terminal has taken everything that was sent to it: a frame for one that has not would only have to
    /// wait, and be old when it is seen.
    pub(crate) fn is_free(&self) -> bool {
        self.pipe.as_ref().is_none_or(Pipe::is_free)
    }

    /// Ends when it may have become free.
    pub(crate) async fn freed(&self) {
        match &self.pipe {
            Some(pipe) => pipe.freed().await,
            None => std::future::pending().await,
        }
    }

    /// Draws a frame and sends what changed in one piece; nothing if nothing changed.
    pub(crate) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Result<()> {
        self.inner.draw(render).map_err(failed)?;
        self.output.commit().map_err(failed)
    }

    /// Makes the next frame draw every cell.
    pub(crate) fn repaint(&mut self) -> Result<()> {
        let Size { width, height } = self.inner.size().map_err(failed)?;
        self.inner.backend_mut().forget();
        self.inner.resize(Rect::new(0, 0, width, height)).map_err(failed)
    }

    /// The current size; the last known one if the terminal does not tell.
    pub(crate) fn size(&self) -> Size {
        self.inner.size().unwrap_or_default()
    }

    /// For the clipboard: bytes that belong to no frame, in one piece, never in the middle of a frame.
    pub(crate) fn raw_writer(&self) -> RawWriter {
        let output = self.output.clone();
        Arc::new(move |bytes| output.write_raw(bytes))
    }

    /// For exits that do not unwind (signals): gives the terminal back.
    pub(crate) fn guard(&self) -> Guard {
        self.guard.clone()
    }

    /// Stops this process and its group as Ctrl-Z would, and comes back after `fg`; whether it could: where no shell waits,
    /// nobody could continue them.
    pub(crate) fn suspend(&mut self) -> Result<bool> {
        if !jobs::can_stop() {
            return Ok(false);
        }
        self.guard.restore_now();
        let stopped = jobs::stop();
        self.retake()?;
        stopped.map_err(failed)
    }

    /// Takes the terminal again after a shell has had it, perhaps without a word (SIGSTOP).
    pub(crate) fn retake(&mut self) -> Result<()> {
        self.guard.note_settings();
        self.come_back()
    }

    /// Gives the terminal away with `text` as plain lines on the ordinary screen, where a mouse can select them.
    pub(crate) fn print_plain(&mut self, text: &str) -> Result<()> {
        self.guard.restore_now();
        let mut lines: String = text.lines().map(|line| display_safe(line).into_owned() + "\n").collect();
        lines.push_str("\nPress Enter to return to twinpail. ");
        self.output.write_raw(lines.as_bytes()).map_err(failed)
    }

    /// Gives the terminal to the user's editor with a file.
    ///
    /// # Errors
    /// The outer one is the terminal's, the inner one says why there is no editor; then the terminal is taken again.
    pub(crate) fn edit(&mut self, file: &Path) -> Result<Result<Editor>> {
        self.guard.restore_now();
        let editor = Editor::start(file);
        if editor.is_err() {
            self.come_back()?;
        }
        Ok(editor)
    }

    /// Stops this process and its group while the terminal is given away.
    pub(crate) fn stop() -> Result<()> {
        jobs::stop().map(drop).map_err(failed)
    }

    /// Takes the terminal again after it was given away.
    pub(crate) fn come_back(&mut self) -> Result<()> {
        self.guard.enter().map_err(failed)?;
        self.repaint()
    }

    /// Asks the terminal something, behind all that was drawn so far. Its reply is heard as keys are.
    pub(crate) fn ask(&self, question: &[u8]) -> Result<()> {
        self.output.write_raw(question).map_err(failed)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.guard.restore_now();
    }
}

fn failed(error: impl Into<io::Error>) -> Error {
    let error = error.into();
    Error::new(Kind::Local, format!("cannot use the terminal: {error}")).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::layout::{Position, Rect};
    use ratatui::style::Style;
    use ratatui::text::{Line, Span};
    use ratatui::widgets::{Paragraph, Widget as _};

    const SIZE: Size = Size { width: 80, height: 24 };
    const BEGIN: &[u8] = b"\x1b[?2026h";
    const END: &[u8] = b"\x1b[?2026l";

    fn text(frame: &mut Frame<'_>, text: &str) {
        frame.render_widget(Paragraph::new(text.to_owned()), frame.area());
    }

    #[test]
    fn a_frame_is_one_synchronised_write() {
        let (mut terminal, writes) = Terminal::counting(Size { width: 250, height: 80 });
        let page = format!("{}\n", "x".repeat(250)).repeat(80);
        terminal.draw(|frame| text(frame, &page)).unwrap();
        let writes = writes.lock().unwrap();
        assert_eq!(writes.len(), 1);
        assert!(writes[0].starts_with(BEGIN) && writes[0].ends_with(END));
        assert_eq!(String::from_utf8_lossy(&writes[0]).matches('x').count(), 250 * 80);
    }

    proptest! {
        #[test]
        fn whatever_comes_after_whatever_is_what_a_terminal_shows(
            frames in proptest::collection::vec(proptest::collection::vec(("[a日é ]{0,3}", 0_u8..3), 0..12), 2..5),
        ) {
            let size = Size { width: 12, height: 2 };
            let (mut terminal, writes) = Terminal::counting(size);
            let mut shown = vt100::Parser::new(2.try_into().unwrap(), 12.try_into().unwrap(), 0);
            for frame in &frames {
                let styles = [Style::new(), Style::new().dim(), Style::new().red()];
                let spans = frame.iter().map(|(text, style)| Span::styled(text, styles[usize::from(*style)]));
                let line: Line<'_> = spans.collect();
                terminal.draw(|frame| frame.render_widget(line.clone(), frame.area())).unwrap();
                shown.process(&std::mem::take(&mut *writes.lock().unwrap()).concat());
                let mut wanted = ratatui::buffer::Buffer::empty(Rect::new(0, 0, size.width, size.height));
                line.render(wanted.area, &mut wanted);
                let mut covered = 0;
                for x in 0..size.width {
                    if covered > 0 {
                        covered -= 1;
                        continue;
                    }
                    let (wanted, cell) = (&wanted[(x, 0)], shown.screen().cell(0, x).unwrap());
                    let contents = if cell.has_contents() { cell.contents() } else { " " };
                    prop_assert_eq!(contents, wanted.symbol(), "column {}", x);
                    covered = u16::from(cell.is_wide());
                }
            }
        }
    }

    #[test]
    fn an_unchanged_frame_is_no_byte() {
        let (mut terminal, writes) = Terminal::counting(SIZE);
        for _ in 0..3 {
            terminal.draw(|frame| text(frame, "the same")).unwrap();
        }
        assert_eq!(writes.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_cursor_that_moves_is_written_and_one_that_rests_is_not() {
        let (mut terminal, writes) = Terminal::counting(SIZE);
        for x in [3, 3, 4] {
            terminal
                .draw(|frame| {
                    text(frame, "input");
                    frame.set_cursor_position(Position::new(x, 0));
                })
                .unwrap();
        }
        let writes = writes.lock().unwrap();
        assert_eq!(writes.len(), 2);
        assert!(writes[0].windows(6).any(|bytes| bytes == b"\x1b[?25h"));
        assert!(writes[1].windows(6).any(|bytes| bytes == b"\x1b[1;5H"), "{:?}", writes[1]);
    }

    #[test]
    fn a_change_costs_few_bytes() {
        let (mut terminal, writes) = Terminal::counting(SIZE);
        terminal.draw(|frame| text(frame, "10 %")).unwrap();
        terminal.draw(|frame| text(frame, "11 %")).unwrap();
        let writes = writes.lock().unwrap();
        assert!(writes[1].len() < 60, "{} bytes", writes[1].len());
    }

    #[test]
    fn repainting_writes_every_cell_and_asks_nothing() {
        let (mut terminal, writes) = Terminal::counting(SIZE);
        terminal.draw(|frame| text(frame, "all-of-it")).unwrap();
        terminal.repaint().unwrap();
        terminal.draw(|frame| text(frame, "all-of-it")).unwrap();
        let writes = writes.lock().unwrap();
        assert!(writes[1].windows(9).any(|bytes| bytes == b"all-of-it"));
        assert!(!writes.concat().windows(4).any(|bytes| bytes == b"\x1b[6n"));
    }

    #[test]
    fn raw_bytes_go_out_alone() {
        let (mut terminal, writes) = Terminal::counting(SIZE);
        let raw = terminal.raw_writer();
        terminal.draw(|frame| text(frame, "frame")).unwrap();
        raw(b"\x1b]52;c;YQ==\x1b\\").unwrap();
        assert_eq!(writes.lock().unwrap()[1], b"\x1b]52;c;YQ==\x1b\\");
    }

    #[test]
    fn a_terminal_without_cells_is_survived() {
        let (mut terminal, _) = Terminal::counting(Size::ZERO);
        terminal.draw(|frame| text(frame, "nowhere")).unwrap();
        terminal.repaint().unwrap();
    }

    #[test]
    fn without_a_usable_terminal_the_command_line_is_named() {
        assert!(check(true, Some("xterm-256color")).is_ok());
        for (terminal, term) in [(false, Some("xterm")), (true, Some("dumb")), (true, Some("")), (true, None)]
        {
            let error = check(terminal, term).unwrap_err();
            assert_eq!(error.kind(), Kind::Usage);
            assert!(error.hint().unwrap().contains("twinpail --help"));
        }
    }
}
