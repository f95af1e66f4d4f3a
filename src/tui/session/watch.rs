//! Follows a dialog that has not been seen from the frame it is drawn in to the moment when it may be answered. Time is
//! data here.

use std::time::Duration;

use tokio::time::Instant;

use crate::tui::dialog::Unseen;

/// A terminal that has not said by then whether it shows a frame is not waited for any longer.
const LATE: Duration = Duration::from_secs(2);

/// The dialog on top, and what the terminal says of what it shows.
#[derive(Debug, Default)]
pub(super) struct Watch {
    unseen: Option<Unseen>,
    /// When the terminal was asked whether it shows it.
    asked: Option<Instant>,
    /// When the terminal showed it.
    shown: Option<Instant>,
    /// The terminal has answered such a question before.
    answers: bool,
    /// Questions that it has not answered yet.
    pending: u32,
}

impl Watch {
    /// A frame was drawn with this dialog on top; whether the terminal is to be asked when it shows it.
    pub(super) fn drawn(&mut self, unseen: Option<Unseen>, now: Instant) -> bool {
        if self.unseen != unseen {
            (self.unseen, self.asked, self.shown) = (unseen, None, None);
        }
        let asks = self.awaits_frame() && self.answers && self.asked.is_none();
        if asks {
            self.asked = Some(now);
        }
        asks
    }

    /// The terminal is asked.
    pub(super) fn asks(&mut self) {
        self.pending += 1;
    }

    /// It has answered. It does so in the order of what it is sent.
    pub(super) fn answered(&mut self) {
        self.answers = true;
        self.pending = self.pending.saturating_sub(1);
    }

    /// Whether an answer is on its way, as far as that is known.
    pub(super) fn expects_reply(&self) -> bool {
        self.pending > 0 && self.answers
    }

    /// Whether the frame that shows it has yet to arrive.
    pub(super) fn awaits_frame(&self) -> bool {
        self.unseen.is_some() && self.shown.is_none()
    }

    /// Whether it has: the terminal says so, where it answers; else it has taken everything (`is_free`).
    pub(super) fn has_shown(&self, is_free: bool, now: Instant) -> bool {
        match self.asked {
            Some(asked) if now < asked + LATE => self.pending == 0,
            _ => is_free,
        }
    }

    /// When the terminal is not waited for any longer.
    pub(super) fn late(&self) -> Option<Instant> {
        self.asked.filter(|_| self.awaits_frame()).map(|asked| asked + LATE)
    }

    /// The frame has arrived.
    pub(super) fn shown(&mut self, now: Instant) {
        if self.awaits_frame() {
            self.shown = Some(now);
            // What was not answered until now is not going to be.
            self.pending = 0;
        }
    }

    /// The number of a dialog that only has to be shown, once it is.
    pub(super) fn seen_at_once(&self) -> Option<u64> {
        self.unseen
            .filter(|unseen| self.shown.is_some() && unseen.stand.is_zero())
            .map(|unseen| unseen.number)
    }

    /// When it will have been seen, and its number.
    pub(super) fn due(&self) -> Option<(Instant, u64)> {
        let (unseen, shown) = self.unseen.zip(self.shown)?;
        Some((shown + unseen.stand, unseen.number))
    }

    /// It has been.
    pub(super) fn seen(&mut self) {
        (self.unseen, self.asked, self.shown) = (None, None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAND: Duration = Duration::from_millis(300);

    fn unseen(number: u64, stand: Duration) -> Unseen {
        Unseen { number, stand }
    }

    #[test]
    fn a_dialog_is_seen_so_long_after_the_first_frame_that_shows_it_arrived() {
        let (start, mut watch) = (Instant::now(), Watch::default());
        watch.drawn(Some(unseen(1, STAND)), start);
        assert!(watch.awaits_frame() && watch.due().is_none(), "nothing counts before it is shown");
        watch.shown(start);
        watch.drawn(Some(unseen(1, STAND)), start);
        watch.shown(start + STAND);
        assert_eq!((watch.due(), watch.seen_at_once()), (Some((start + STAND, 1)), None));
    }

    #[test]
    fn what_covers_a_dialog_takes_its_time_away() {
        let (start, mut watch) = (Instant::now(), Watch::default());
        watch.drawn(Some(unseen(1, STAND)), start);
        watch.shown(start);
        watch.drawn(Some(unseen(2, STAND)), start);
        assert!(watch.awaits_frame());
        watch.drawn(None, start);
        assert!(!watch.awaits_frame() && watch.due().is_none());
        watch.drawn(Some(unseen(1, STAND)), start);
        watch.shown(start + STAND);
        assert_eq!(watch.due(), Some((start + STAND * 2, 1)));
    }

    #[test]
    fn what_need_not_stand_is_seen_when_it_is_shown() {
        let (start, mut watch) = (Instant::now(), Watch::default());
        watch.drawn(Some(unseen(3, Duration::ZERO)), start);
        assert_eq!(watch.seen_at_once(), None);
        watch.shown(start);
        assert_eq!(watch.seen_at_once(), Some(3));
    }

    #[test]
    fn a_terminal_that_answers_shows_a_frame_when_it_says_so_and_not_when_it_has_taken_it() {
        let (mut watch, now) = (Watch::default(), Instant::now());
        watch.asks();
        watch.answered();
        assert!(watch.drawn(Some(unseen(7, STAND)), now));
        watch.asks();
        assert!(!watch.drawn(Some(unseen(7, STAND)), now), "one question a dialog");
        assert!(!watch.has_shown(true, now));
        watch.answered();
        assert!(watch.has_shown(false, now));
        watch.shown(now);
        assert_eq!(watch.due(), Some((now + STAND, 7)));
    }

    #[test]
    fn what_was_asked_for_an_older_dialog_is_no_answer_for_a_newer_one() {
        let (mut watch, now) = (Watch::default(), Instant::now());
        watch.asks();
        watch.answered();
        for number in [1, 2] {
            assert!(watch.drawn(Some(unseen(number, STAND)), now));
            watch.asks();
        }
        watch.answered();
        assert!(!watch.has_shown(true, now));
        watch.answered();
        assert!(watch.has_shown(true, now));
    }

    #[test]
    fn a_terminal_that_never_answered_or_answers_no_more_shows_what_it_has_taken() {
        let (mut watch, now) = (Watch::default(), Instant::now());
        watch.asks();
        assert!(!watch.drawn(Some(unseen(1, STAND)), now));
        assert!(!watch.has_shown(false, now) && watch.has_shown(true, now));
        watch.answered();
        assert!(watch.drawn(Some(unseen(2, STAND)), now));
        watch.asks();
        assert!(!watch.has_shown(true, now) && watch.has_shown(true, now + LATE));
        assert_eq!(watch.late(), Some(now + LATE));
    }
}
