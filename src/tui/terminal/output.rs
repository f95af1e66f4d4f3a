//! Bytes on their way to the terminal: a frame gathers in memory and leaves in one write.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::super::text;
use super::pipe::Pipe;
use crate::sanitize::is_screen_ascii;

/// A first frame of a large terminal fits without growing.
const CAPACITY: usize = 64 * 1024;

/// The buffer and what is behind it; clones share both.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<Parts>>);

struct Parts {
    frame: Vec<u8>,
    sink: Sink,
}

enum Sink {
    Terminal(Pipe),
    #[cfg(test)]
    Memory(Arc<Mutex<Vec<Vec<u8>>>>),
}

impl Sink {
    fn write(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        match self {
            Sink::Terminal(pipe) => pipe.send(bytes),
            #[cfg(test)]
            Sink::Memory(writes) => {
                writes.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
                Ok(())
            }
        }
    }
}

impl Output {
    fn over(sink: Sink) -> Self {
        Self(Arc::new(Mutex::new(Parts { frame: Vec::with_capacity(CAPACITY), sink })))
    }

    pub(super) fn over_pipe(pipe: Pipe) -> Self {
        Self::over(Sink::Terminal(pipe))
    }

    #[cfg(test)]
    pub(super) fn memory() -> (Self, Arc<Mutex<Vec<Vec<u8>>>>) {
        let writes = Arc::default();
        (Self::over(Sink::Memory(Arc::clone(&writes))), writes)
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the gathered frame as one synchronised update; an empty one sends nothing.
    pub(super) fn commit(&self) -> io::Result<()> {
        let mut parts = self.lock();
        let Parts { frame, sink } = &mut *parts;
        if frame.is_empty() {
            return Ok(());
        }
        frame.extend_from_slice(ansi(EndSynchronizedUpdate).as_bytes());
        let frame = std::mem::replace(frame, Vec::with_capacity(CAPACITY));
        sink.write(if is_screen_ascii() { in_ascii(frame) } else { frame })
    }

    /// Sends bytes that belong to no frame.
    pub(super) fn write_raw(&self, bytes: &[u8]) -> io::Result<()> {
        self.lock().sink.write(bytes.to_vec())
    }
}

/// What the backend writes to: only gathers.
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut parts = self.lock();
        if parts.frame.is_empty() {
            parts.frame.extend_from_slice(ansi(BeginSynchronizedUpdate).as_bytes());
        }
        parts.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Names have escapes by now; whatever else is not ASCII (a symbol, what somebody types) keeps its cells.
fn in_ascii(frame: Vec<u8>) -> Vec<u8> {
    if frame.is_ascii() {
        return frame;
    }
    let text = String::from_utf8_lossy(&frame);
    let cells = |c: char| unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() { out.push(c) } else { out.extend(std::iter::repeat_n('?', cells(c))) }
    }
    out.into_bytes()
}

/// A second, unbuffered handle on stdout.
pub(super) fn stdout_file() -> io::Result<File> {
    again(io::stdout())
}

/// A second handle on the terminal that children do not get: one that outlives us would hold it open.
pub(super) fn again(handle: impl AsFd) -> io::Result<File> {
    Ok(File::from(rustix::io::fcntl_dupfd_cloexec(handle, 0)?))
}

/// The bytes of a crossterm command.
pub(super) fn ansi(command: impl crossterm::Command) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = command.write_ansi(&mut text);
    text
}

/// ratatui's backend without the bytes that say what the terminal knows already: an unchanged frame is empty.
/// It remembers the cursor instead of asking for it.
pub(super) struct Screen {
    backend: CrosstermBackend<Output>,
    fixed: Option<Size>,
    shown: Option<bool>,
    at: Option<Position>,
}

impl Screen {
    /// `fixed` stands for the terminal's own size.
    pub(super) fn new(output: Output, fixed: Option<Size>) -> Self {
        // Hidden from the start: taking the terminal over hides it.
        Self { backend: CrosstermBackend::new(output), fixed, shown: Some(false), at: None }
    }

    /// The terminal's state is unknown from here on.
    pub(super) fn forget(&mut self) {
        (self.shown, self.at) = (None, None);
    }
}

impl Backend for Screen {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        // One style after the other: from row to row it would change more often than it costs to move.
        let (mut cells, mut styles) = (Vec::new(), Vec::new());
        let mut wide = None;
        for (x, y, cell) in content {
            let style = cell.style();
            let place = match wide {
                // The second half of a wide character is only written right behind the first.
                Some((at, place)) if at == (x, y) => place,
                _ => styles.iter().position(|known| *known == style).unwrap_or_else(|| {
                    styles.push(style);
                    styles.len() - 1
                }),
            };
            wide = (text::width(cell.symbol()) > 1).then_some(((x + 1, y), place));
            cells.push((place, (x, y, cell)));
        }
        if cells.is_empty() {
            return Ok(());
        }
        cells.sort_by_key(|(place, _)| *place);
        self.at = None;
        self.backend.draw(cells.into_iter().map(|(_, cell)| cell))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.shown == Some(false) {
            return Ok(());
        }
        self.shown = Some(false);
        self.backend.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.shown == Some(true) {
            return Ok(());
        }
        self.shown = Some(true);
        self.backend.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.at.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.at == Some(position) {
            return Ok(());
        }
        self.at = Some(position);
        self.backend.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.backend.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.backend.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.fixed.map_or_else(|| self.backend.size(), Ok)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.backend.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.backend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ascii_keeps_its_cells() {
        let frame = "\x1b[1;1H\u{e9}\u{65e5}e\u{301}\u{2502}\x1b[0m".as_bytes().to_vec();
        assert_eq!(in_ascii(frame), b"\x1b[1;1H???e?\x1b[0m");
    }
}
