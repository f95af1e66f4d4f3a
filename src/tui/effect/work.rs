//! Work that needs nobody outside, only time: arranging and comparing listings, laying out what is viewed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Effects, blocking};
use crate::tui::dialog::Laying;
use crate::tui::listing::{Arranging, Comparing, Renewal};
use crate::tui::message::{Event, PaneId};

impl Effects {
    pub(super) fn arrange(&self, pane: PaneId, generation: u64, work: Arranging) {
        let newest = Arc::clone(&self.arranging[pane as usize]);
        newest.store(generation, Ordering::Relaxed);
        let tell = self.teller(move |done| Event::Arranged { pane, generation, done });
        self.runtime.spawn_blocking(move || {
            work.run(|| newest.load(Ordering::Relaxed) == generation, tell);
        });
    }

    pub(super) fn renew(&self, pane: PaneId, generation: u64, work: Renewal) {
        let tell = self.teller(move |listing| Event::Renewed { pane, generation, listing });
        self.runtime.spawn_blocking(move || tell(Box::new(work.run())));
    }

    pub(super) fn compare(&self, number: u64, work: Comparing) {
        let newest = Arc::clone(&self.comparing);
        newest.store(number, Ordering::Relaxed);
        let tell = self.teller(move |differences| Event::Compared { number, differences });
        self.runtime.spawn_blocking(move || {
            if let Some(differences) = work.run(|| newest.load(Ordering::Relaxed) == number) {
                tell(differences);
            }
        });
    }

    pub(super) fn lay_out(&self, work: Laying) {
        let (view, number) = (work.view, work.number);
        self.spawn(async move {
            let laid = blocking(move || Ok(Box::new(work.run()))).await;
            Event::LaidOut { view, number, laid }
        });
    }
}
