//! Drop links: strangers send files straight to the bucket by presigned parts. The gateway decides about keys, sizes
//! and quotas, and completes what the provider says has arrived.

mod file;

use axum::Json;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::app::{App, Shared, now};
use super::metrics::count;
use super::page::{self, DropPage, LockedPage, Refusal};
use super::secret::token_hash;
use super::store::{Drop, Incoming, Stage};
use super::unlock::{Door, Unlock, is_unlocked, try_password};
use super::visitor::Visitor;
use crate::error::{Error, Kind, Result};

pub(super) use file::sweep;
use file::{MOST_PARTS, PART, begin, count_of_parts, finish, throw_away, urls};

/// URLs that are handed out at once.
const AT_ONCE: usize = 32;

/// What the page of a drop link asks for.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/d/{token}", get(show))
        .route("/d/{token}/unlock", post(unlock))
        .route("/d/{token}/start", post(start))
        .route("/d/{token}/parts", post(parts))
        .route("/d/{token}/complete", post(complete))
        .route("/d/{token}/abort", post(abort))
}

async fn find(app: &App, token: &str) -> std::result::Result<Drop, Refusal> {
    let Some(hash) = token_hash(token) else { return Err(Refusal::NotFound) };
    let link = app.store.drop_by_token(&hash).await.map_err(|_| {
        count(&app.metrics.store_failures);
        Refusal::Away
    })?;
    let link = link.ok_or(Refusal::NotFound)?;
    match link {
        link if link.closed.is_some() => Err(Refusal::Revoked),
        link if link.is_over(now()) => Err(Refusal::Expired),
        link => Ok(link),
    }
}

async fn show(
    State(app): State<Shared>,
    Path(token): Path<String>,
    axum::Extension(visitor): axum::Extension<Visitor>,
) -> Response {
    let words = visitor.language.words();
    let link = match find(&app, &token).await {
        Ok(link) => link,
        Err(refusal) => return page::refusal(refusal, visitor.language),
    };
    if !is_unlocked(&app, &visitor, &link.id, &link.lock) {
        return page::html(StatusCode::OK, &LockedPage { words, kind: 'd', token: &token, wrong: false }, "");
    }
    count(&app.metrics.views);
    if app.is_first_visit(&link.id, &visitor) {
        app.write_down(&link.id, app.event(&visitor, "view", "")).await;
    }
    let storage = app.storage_origin(&link.profile, &link.bucket).await;
    let storage = storage.map(|origin| format!(" {origin}")).unwrap_or_default();
    let policy = format!("; script-src 'self'; connect-src 'self'{storage}");
    let page = DropPage {
        words,
        token: &token,
        name: if link.name.is_empty() { words.send_files } else { &link.name },
        until: page::time(link.expires),
        files_left: link.max_files.map(|most| (most - link.files).max(0)),
        room_left: link.max_bytes.map(|most| page::size((most - link.bytes).max(0))),
    };
    page::html(StatusCode::OK, &page, &policy)
}

async fn unlock(
    State(app): State<Shared>,
    Path(token): Path<String>,
    axum::Extension(visitor): axum::Extension<Visitor>,
    Form(given): Form<Unlock>,
) -> Response {
    match find(&app, &token).await {
        Ok(link) => {
            let door = Door { kind: 'd', token: &token, id: &link.id, lock: &link.lock };
            try_password(&app, &visitor, &door, given).await
        }
        Err(refusal) => page::refusal(refusal, visitor.language),
    }
}

/// An answer that the page's script understands.
fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

fn said(refusal: Refusal) -> Response {
    match refusal {
        Refusal::NotFound => refused(StatusCode::NOT_FOUND, "not-found"),
        Refusal::Away => refused(StatusCode::SERVICE_UNAVAILABLE, "away"),
        Refusal::Foreign => refused(StatusCode::FORBIDDEN, "foreign"),
        Refusal::SlowDown(seconds) => {
            let mut response = refused(StatusCode::TOO_MANY_REQUESTS, "slow-down");
            response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
            response
        }
        Refusal::Expired | Refusal::Revoked | Refusal::Exhausted | Refusal::Changed => {
            refused(StatusCode::GONE, "over")
        }
    }
}

fn failed(app: &App, link: &Drop, error: &Error) -> Response {
    tracing::error!(%error, drop = link.id, "a file could not be taken in");
    if error.kind() == Kind::NotFound {
        return refused(StatusCode::NOT_FOUND, "not-found");
    }
    count(&app.metrics.storage_failures);
    refused(StatusCode::SERVICE_UNAVAILABLE, "away")
}

/// The drop link, for whoever may send.
async fn open(app: &App, token: &str, visitor: &Visitor) -> std::result::Result<Drop, Response> {
    let link = find(app, token).await.map_err(said)?;
    if is_unlocked(app, visitor, &link.id, &link.lock) {
        Ok(link)
    } else {
        Err(refused(StatusCode::FORBIDDEN, "locked"))
    }
}

#[derive(Deserialize)]
struct Start {
    /// Perhaps with folders before it.
    name: String,
    size: i64,
}

#[derive(Serialize)]
struct Started {
    id: String,
    part_size: i64,
    parts: i64,
}

async fn start(
    State(app): State<Shared>,
    Path(token): Path<String>,
    axum::Extension(visitor): axum::Extension<Visitor>,
    Json(wanted): Json<Start>,
) -> Response {
    let link = match open(&app, &token, &visitor).await {
        Ok(link) => link,
        Err(response) => return response,
    };
    // Of nothing there are no parts; an empty file is sent as one empty part.
    if wanted.size < 0 || wanted.size > PART * MOST_PARTS * 32 {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "size");
    }
    match app.store.reserve(&link.id, wanted.size, now()).await {
        Ok(true) => {}
        Ok(false) => return refused(StatusCode::INSUFFICIENT_STORAGE, "full"),
        Err(_) => return said(Refusal::Away),
    }
    match begin(&app, &link, &visitor, &wanted).await {
        Ok(file) => {
            let parts = count_of_parts(&file);
            Json(Started { id: file.id, part_size: file.part_size, parts }).into_response()
        }
        Err(error) => {
            if let Err(error) = app.store.give_back(&link.id, wanted.size).await {
                tracing::error!(%error, drop = link.id, "room could not be given back");
            }
            failed(&app, &link, &error)
        }
    }
}

#[derive(Deserialize)]
struct Wanted {
    id: String,
    /// Parts whose URLs are wanted; none: only tell what has arrived.
    #[serde(default)]
    parts: Vec<i64>,
}

async fn parts(
    State(app): State<Shared>,
    Path(token): Path<String>,
    axum::Extension(visitor): axum::Extension<Visitor>,
    Json(wanted): Json<Wanted>,
) -> Response {
    let (link, file) = match file_of(&app, &token, &visitor, &wanted.id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let is_done = match file.stage {
        Stage::Unsettled => match completed(&app, &visitor, &link, file.clone()).await {
            Ok(done) => done,
            Err(error) => return failed(&app, &link, &error),
        },
        stage => stage == Stage::Done,
    };
    if is_done || wanted.parts.len() > AT_ONCE {
        return refused(StatusCode::CONFLICT, if is_done { "done" } else { "too-many" });
    }
    match urls(&app, &link, &file, &wanted.parts).await {
        Ok(answer) => {
            if app.store.touch(&file.id, now()).await.is_err() {
                return said(Refusal::Away);
            }
            answer
        }
        // The answer to its completion may have been lost.
        Err(error) if error.kind() == Kind::NotFound => match completed(&app, &visitor, &link, file).await {
            Ok(true) => refused(StatusCode::CONFLICT, "done"),
            Ok(false) => failed(&app, &link, &error),
            Err(other) => failed(&app, &link, &other),
        },
        Err(error) => failed(&app, &link, &error),
    }
}

async fn file_of(
    app: &App,
    token: &str,
    visitor: &Visitor,
    id: &str,
) -> std::result::Result<(Drop, Incoming), Response> {
    let link = open(app, token, visitor).await?;
    match app.store.incoming(&link.id, id).await {
        Ok(Some(file)) => Ok((link, file)),
        Ok(None) => Err(refused(StatusCode::NOT_FOUND, "not-found")),
        Err(_) => Err(said(Refusal::Away)),
    }
}

#[derive(Deserialize)]
struct One {
    id: String,
}

async fn complete(
    State(app): State<Shared>,
    Path(token): Path<String>,
    axum::Extension(visitor): axum::Extension<Visitor>,
    Json(one): Json<One>,
) -> Response {
    let (link, file) = match file_of(&app, &token, &visitor, &one.id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    if file.stage == Stage::Done {
        return Json(json!({ "done": true })).into_response();
    }
    match completed(&app, &visitor, &link, file).await {
        Ok(true) => Json(json!({ "done": true })).into_response(),
        Ok(false) => refused(StatusCode::CONFLICT, "missing"),
        Err(error) => failed(&app, &link, &error),
    }
}

/// Completes a file whether or not the visitor waits for it.
async fn completed(app: &Shared, visitor: &Visitor, link: &Drop, file: Incoming) -> Result<bool> {
    let event = app.event(visitor, "complete", &file.name);
    tokio::spawn(finish(Shared::clone(app), link.clone(), file, event))
        .await
        .map_err(|error| Error::new(Kind::Internal, format!("a task failed: {error}")))?
}

async fn abort(
    State(app): State<Shared>,
    Path(token): Path<String>,
    axum::Extension(visitor): axum::Extension<Visitor>,
    Json(one): Json<One>,
) -> Response {
    let (link, file) = match file_of(&app, &token, &visitor, &one.id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    match file.stage {
        // What has arrived after all is found out by throwing it away.
        Stage::Open | Stage::Unsettled => {}
        Stage::Finishing => return refused(StatusCode::CONFLICT, "finishing"),
        Stage::Done => return refused(StatusCode::CONFLICT, "done"),
    }
    match throw_away(&app, &link, &file, &app.event(&visitor, "abort", &file.name)).await {
        Ok(false) => refused(StatusCode::CONFLICT, "done"),
        Ok(true) => Json(json!({ "gone": true })).into_response(),
        Err(error) => failed(&app, &link, &error),
    }
}
