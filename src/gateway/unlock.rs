//! Passwords of shares and drop links: asked for, tried, remembered in a cookie.

use axum::http::StatusCode;
use axum::response::Response;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::app::{App, now};
use super::metrics::count;
use super::page::{self, LockedPage, Refusal, see_other, set_cookie};
use super::secret::{Busy, LONGEST_PASSWORD};
use super::store::{Lock, Table};
use super::visitor::Visitor;

/// The cookie that says that the password was given.
fn unlock_cookie(id: &str) -> String {
    format!("__Host-tp-unlock-{id}")
}

/// Whether the visitor has given the password, if there is one.
pub(super) fn is_unlocked(app: &App, visitor: &Visitor, id: &str, lock: &Lock) -> bool {
    lock.password.is_none()
        || visitor
            .cookie(&unlock_cookie(id))
            .is_some_and(|cookie| app.keys.is_unlocked(cookie, id, lock.rev, now()))
}

/// A password that was typed.
#[derive(Deserialize)]
pub(super) struct Unlock {
    password: SecretString,
}

/// The share or drop link whose password is asked for.
pub(super) struct Door<'a> {
    pub(super) kind: char,
    pub(super) token: &'a str,
    pub(super) id: &'a str,
    pub(super) lock: &'a Lock,
}

/// Tries a password: few at a time, fewer a household, and with a growing wait for everybody after wrong ones.
pub(super) async fn try_password(app: &App, visitor: &Visitor, door: &Door<'_>, given: Unlock) -> Response {
    match tried(app, visitor, door, given).await {
        Ok(response) => response,
        Err(refusal) => {
            if matches!(refusal, Refusal::SlowDown(_)) {
                count(&app.metrics.throttled);
            }
            page::refusal(refusal, visitor.language)
        }
    }
}

async fn tried(app: &App, visitor: &Visitor, door: &Door<'_>, given: Unlock) -> Result<Response, Refusal> {
    let back = format!("/{}/{}", door.kind, door.token);
    let Some(phc) = door.lock.password.clone() else { return Ok(see_other(&back)) };
    let table = if door.kind == 's' { Table::Share } else { Table::Drop };
    if let Some(seconds) = app.limits.password(door.id, visitor.household()) {
        return Err(Refusal::SlowDown(seconds));
    }
    let now = now();
    if door.lock.until > now {
        return Err(Refusal::SlowDown(u64::try_from(door.lock.until - now).unwrap_or(1)));
    }
    let fits = given.password.expose_secret().len() <= LONGEST_PASSWORD;
    let right =
        fits && app.hashing.is_right(given.password, phc).await.map_err(|Busy| Refusal::SlowDown(2))?;
    let away = |_| Refusal::Away;
    if !right {
        count(&app.metrics.wrong_passwords);
        let event = app.event(visitor, "unlock-failed", "");
        app.store.wrong_password(table, door.id, &event).await.map_err(away)?;
        let words = visitor.language.words();
        let page = LockedPage { words, kind: door.kind, token: door.token, wrong: true };
        return Ok(page::html(StatusCode::FORBIDDEN, &page, ""));
    }
    count(&app.metrics.unlocks);
    let event = app.event(visitor, "unlock", "");
    app.store.right_password(table, door.id, &event).await.map_err(away)?;
    let cookie = app.keys.unlocked(door.id, door.lock.rev, now);
    let mut response = see_other(&back);
    set_cookie(response.headers_mut(), &unlock_cookie(door.id), &cookie, 15 * 60);
    Ok(response)
}
