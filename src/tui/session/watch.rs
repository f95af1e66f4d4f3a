//! When a dialog has been seen: its frame has arrived at the terminal, and has been there long enough.

use tokio::time::Instant;

use super::super::dialog::Unseen;

/// Follows a dialog that has not been seen from the frame it is drawn in to the moment when it may be answered.
#[derive(Debug, Default)]
pub(super) struct Watch {
    unseen: Option<Unseen>,
    /// When the terminal showed it.
    shown: Option<Instant>,
}

impl Watch {
    /// A frame was drawn with this dialog on top.
    pub(super) fn drawn(&mut self, unseen: Option<Unseen>) {
        if self.unseen != unseen {
            *self = Self { unseen, shown: None };
        }
    }

    /// Whether the frame that shows it has yet to arrive.
    pub(super) fn awaits_frame(&self) -> bool {
        self.unseen.is_some() && self.shown.is_none()
    }

    /// The frame has arrived.
    pub(super) fn shown(&mut self, now: Instant) {
        if self.awaits_frame() {
            self.shown = Some(now);
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
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const STAND: Duration = Duration::from_millis(300);

    fn unseen(number: u64, stand: Duration) -> Option<Unseen> {
        Some(Unseen { number, stand })
    }

    #[test]
    fn a_dialog_is_seen_so_long_after_the_first_frame_that_shows_it_arrived() {
        let (start, mut watch) = (Instant::now(), Watch::default());
        watch.drawn(unseen(1, STAND));
        assert!(watch.awaits_frame() && watch.due().is_none(), "nothing counts before it is shown");
        watch.shown(start);
        watch.drawn(unseen(1, STAND));
        watch.shown(start + STAND);
        assert_eq!((watch.due(), watch.seen_at_once()), (Some((start + STAND, 1)), None));
    }

    #[test]
    fn what_covers_a_dialog_takes_its_time_away() {
        let (start, mut watch) = (Instant::now(), Watch::default());
        watch.drawn(unseen(1, STAND));
        watch.shown(start);
        watch.drawn(unseen(2, STAND));
        assert!(watch.awaits_frame());
        watch.drawn(None);
        assert!(!watch.awaits_frame() && watch.due().is_none());
        watch.drawn(unseen(1, STAND));
        watch.shown(start + STAND);
        assert_eq!(watch.due(), Some((start + STAND * 2, 1)));
    }

    #[test]
    fn what_need_not_stand_is_seen_when_it_is_shown() {
        let mut watch = Watch::default();
        watch.drawn(unseen(3, Duration::ZERO));
        assert_eq!(watch.seen_at_once(), None);
        watch.shown(Instant::now());
        assert_eq!(watch.seen_at_once(), Some(3));
    }
}
