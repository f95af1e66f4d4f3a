//! The question of a job: what is to become of a target that exists. What was answered once is not asked again, also not
//! after the program was killed.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::super::journal::{JobLine, absolute};
use super::super::pace::cancelled;
use super::super::types::{Answer, Conflict, Event, Likeness, OnConflict};
use super::{Job, lock};
use crate::error::Result;

/// What the user said to a question.
#[derive(Clone, Copy, Debug)]
pub(in crate::transfer) enum Reply {
    /// What to do.
    Answer(Answer),
    /// Skip it, and all further ones, where both sides are the same; ask about the others.
    SkipSame,
}

/// Finds out how the two sides of a conflict compare, once.
struct Comparison<F> {
    work: Pin<Box<F>>,
    known: Option<Likeness>,
}

impl<F: Future<Output = Likeness>> Comparison<F> {
    async fn get(&mut self) -> Likeness {
        if let Some(known) = self.known {
            return known;
        }
        let found = self.work.as_mut().await;
        self.known = Some(found);
        found
    }
}

impl Job {
    /// Asks what to do about an existing target, one question at a time. `likeness` finds out how both sides compare;
    /// it is dropped as soon as that does not matter any more.
    pub(in crate::transfer) async fn ask(
        &self,
        conflict: Conflict,
        likeness: impl Future<Output = Likeness>,
    ) -> Result<OnConflict> {
        let mut comparison = Comparison { work: Box::pin(likeness), known: None };
        if self.is_skipped(&mut comparison).await? {
            return Ok(OnConflict::Skip);
        }
        let mut settled = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(cancelled()),
            settled = self.settled.lock() => settled,
        };
        if let Some(choice) = settled.or_else(|| self.answered(&conflict)) {
            return Ok(choice);
        }
        loop {
            if self.is_skipped(&mut comparison).await? {
                return Ok(OnConflict::Skip);
            }
            let reply = self.put(&conflict, &mut comparison).await?;
            // So that the answer outlives the program, also that of a job that would not be worth a record.
            self.journaled().await;
            match reply {
                Reply::SkipSame => {
                    self.skips_same.store(true, Ordering::Relaxed);
                    self.note(&JobLine::SkipSame);
                }
                Reply::Answer(answer) => {
                    let conflict = Box::new(in_full(&conflict));
                    self.note(&JobLine::Answered(conflict, answer.choice, answer.all));
                    if answer.all {
                        *settled = Some(answer.choice);
                    }
                    return Ok(answer.choice);
                }
            }
        }
    }

    /// Whether a target stays because it is the same, as the user said.
    async fn is_skipped<F: Future<Output = Likeness>>(&self, comparison: &mut Comparison<F>) -> Result<bool> {
        if !self.skips_same.load(Ordering::Relaxed) {
            return Ok(false);
        }
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(cancelled()),
            likeness = comparison.get() => Ok(likeness == Likeness::Same),
        }
    }

    /// What was answered to this very question in an earlier run, or to all of them.
    fn answered(&self, conflict: &Conflict) -> Option<OnConflict> {
        let before = lock(&self.before);
        let conflict = in_full(conflict);
        let one = before.answers.get(&conflict.source).filter(|(asked, _)| *asked == conflict);
        before.answer_to_all.or(one.map(|(_, choice)| *choice))
    }

    /// Puts the question; meanwhile both sides are compared.
    async fn put<F: Future<Output = Likeness>>(
        &self,
        conflict: &Conflict,
        comparison: &mut Comparison<F>,
    ) -> Result<Reply> {
        let (sender, mut receiver) = oneshot::channel();
        *lock(&self.question) = Some(sender);
        *lock(&self.likeness) = Some(comparison.known.unwrap_or_default());
        self.asking.store(true, Ordering::Relaxed);
        let _ = self.events.send(Event::Conflict { id: self.id, conflict: Box::new(conflict.clone()) });
        let reply = loop {
            let is_known = comparison.known.is_some();
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => break Err(cancelled()),
                reply = &mut receiver => break reply.map_err(|_| cancelled()),
                likeness = comparison.get(), if !is_known => *lock(&self.likeness) = Some(likeness),
            }
        };
        self.asking.store(false, Ordering::Relaxed);
        *lock(&self.likeness) = None;
        reply
    }

    /// The user's word on the open question.
    pub(in crate::transfer) fn reply(&self, reply: Reply) {
        if let Some(question) = lock(&self.question).take() {
            let _ = question.send(reply);
        }
    }
}

/// The same conflict, whatever folder the next run is started in.
fn in_full(conflict: &Conflict) -> Conflict {
    let (source, target) = (absolute(&conflict.source), absolute(&conflict.target));
    Conflict { source, target, ..conflict.clone() }
}
