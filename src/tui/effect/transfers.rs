//! Orders to the engine; what they change is known at once.

use super::super::message::{Effect, Event, Touches};
use super::{Effects, blocking};
use crate::error::Result;
use crate::location::Location;
use crate::transfer::{Engine, Verb};

/// Where what is not offered any more is found.
const DECLINED: &str =
    "not asked about again; `twinpail transfers ls` lists them, `resume` goes on with them";

impl Effects {
    /// Effects on transfers.
    pub(super) fn order(&mut self, effect: Effect) -> Vec<Event> {
        match effect {
            Effect::Submit { request, touches } => {
                let id = self.engine.submit(*request);
                return vec![Event::Submitted { id, touches }, Event::Progress(self.snapshot())];
            }
            Effect::Pause(id) => return self.tell(|engine| engine.pause(id)),
            Effect::Resume(id) => return self.tell(|engine| engine.resume(id)),
            Effect::CancelTransfer(id) => return self.tell(|engine| engine.cancel(id)),
            Effect::Retry(id, only) => return self.tell(|engine| engine.retry(id, only)),
            Effect::Failures(id) => return vec![Event::Failures(id, self.engine.failures(id))],
            Effect::Prioritize(id, by) => return self.tell(|engine| engine.prioritize(id, by)),
            Effect::Limit(id, rate) => return self.tell(|engine| engine.limit(id, rate)),
            Effect::FindUnfinished => {
                let engine = self.engine.clone();
                self.spawn(async move {
                    let found = blocking(move || Ok(engine.unfinished())).await;
                    Event::Unfinished(found.unwrap_or_default())
                });
            }
            Effect::ResumeUnfinished(unfinished) => {
                let _inside = self.runtime.enter();
                let id = self.engine.resume_unfinished(&unfinished);
                let undoable = unfinished.request.verb == Verb::Move;
                let items = unfinished.request.items.iter();
                let places = items.flat_map(|item| [Some(&item.to), undoable.then_some(&item.from)]);
                let places = places.flatten().filter_map(Location::parent).collect();
                let verb = unfinished.request.verb;
                let touches =
                    Touches { places, undoable, verb, moved: unfinished.moved, ..Touches::default() };
                return vec![Event::Submitted { id, touches }, Event::Progress(self.snapshot())];
            }
            Effect::ForgetUnfinished(ids) => {
                let engine = self.engine.clone();
                self.spawn(async move { Event::Said(forget(&engine, &ids).await) });
            }
            Effect::DeclineUnfinished(ids) => {
                let engine = self.engine.clone();
                self.spawn(async move {
                    let declined = blocking(move || ids.iter().try_for_each(|id| engine.decline(id))).await;
                    Event::Said(declined.map(|()| DECLINED.to_owned()))
                });
            }
            Effect::ForgetFinished => return self.tell(Engine::forget_finished),
            Effect::SkipSame(id) => return self.tell(|engine| engine.skip_same(id)),
            Effect::Answer(id, answer) => return self.tell(|engine| engine.answer(id, answer)),
            _ => {}
        }
        Vec::new()
    }

    fn tell(&self, order: impl FnOnce(&Engine)) -> Vec<Event> {
        let _inside = self.runtime.enter();
        order(&self.engine);
        vec![Event::Progress(self.snapshot())]
    }
}

/// Forgets all of them, whatever becomes of one; what happened, in words.
async fn forget(engine: &Engine, ids: &[String]) -> Result<String> {
    let mut failed = Ok(());
    for id in ids {
        let done =
            engine.forget(id).await.map_err(|error| error.context(format!("transfer {id} left something")));
        failed = failed.and(done);
    }
    let what = if ids.len() == 1 { "transfer is" } else { "transfers are" };
    failed.map(|()| format!("{} {what} forgotten", ids.len()))
}
