//! Drop links: strangers send files straight to the bucket by presigned parts. The gateway decides about keys, sizes
//! and quotas, and completes what the provider says has arrived.

use std::sync::Arc;
use std::time::Duration;

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
use super::routes::{Door, Unlock, is_unlocked, try_password};
use super::secret::token_hash;
use super::store::{Drop, Incoming, NewIncoming, new_id};
use super::visitor::Visitor;
use crate::error::{Error, Kind, Result};
use crate::s3::{CompletedPart, Method, PartLink, PresignRequest, PutOptions, Store, Upload};

/// A part's URL can be begun to be used for so long.
const LIFE: Duration = Duration::from_mins(15);
/// URLs that are handed out at once.
const AT_ONCE: usize = 32;
/// The smallest part but the last.
const PART: i64 = 16 << 20;
const MOST_PARTS: i64 = 10_000;
/// The longest name that a file keeps, in bytes.
const NAME: usize = 200;

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
    let storage = storage(&app, &link).await.map(|origin| format!(" {origin}")).unwrap_or_default();
    let policy = format!("; script-src 'self'; connect-src 'self'{storage}");
    let page = DropPage {
        words,
        token: &token,
        name: &link.name,
        until: page::time(link.expires),
        files_left: link.max_files.map(|most| (most - link.files).max(0)),
        room_left: link.max_bytes.map(|most| page::size((most - link.bytes).max(0))),
    };
    page::html(StatusCode::OK, &page, &policy)
}

/// Where parts go; bucket names in hosts are left out as for downloads.
async fn storage(app: &App, link: &Drop) -> Option<String> {
    let store = app.connections.store(&link.profile).await.ok()?;
    let upload =
        Upload { bucket: link.bucket.clone(), key: "x".into(), upload_id: "x".into(), started: None };
    let signed = store.presign(&part_request(&upload, 1, 1)).await.ok()?;
    page::storage_origin(&signed.url, &link.bucket)
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

fn count_of_parts(file: &Incoming) -> i64 {
    (file.size + file.part_size - 1).div_euclid(file.part_size).max(1)
}

async fn begin(app: &App, link: &Drop, visitor: &Visitor, wanted: &Start) -> Result<Incoming> {
    let store = app.connections.store(&link.profile).await?;
    let id = new_id()?;
    let name = clean(&wanted.name);
    let key = format!("{}{}/{name}", link.prefix, new_id()?);
    let options = PutOptions::default();
    let upload = store.create_upload(&link.bucket, &key, &options).await?;
    let smallest = (wanted.size + MOST_PARTS - 1).div_euclid(MOST_PARTS);
    let part_size = PART.max((smallest + (1 << 20) - 1).div_euclid(1 << 20) << 20);
    let incoming = Incoming {
        id,
        drop_link: link.id.clone(),
        key,
        upload_id: upload.upload_id.clone(),
        name: name.clone(),
        size: wanted.size,
        part_size,
        is_done: false,
    };
    let new = NewIncoming { incoming, now: now() };
    if let Err(error) = app.store.add_incoming(&new, &app.event(visitor, "start", &name)).await {
        let _ = store.abort_upload(&upload).await;
        return Err(error);
    }
    Ok(new.incoming)
}

/// What a file may be called below the key that the gateway chose: its folders and name without anything that leads
/// elsewhere or cannot be seen.
fn clean(name: &str) -> String {
    let parts = name.split(['/', '\\']).map(|part| {
        let kept: String = part.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
        kept.trim().to_owned()
    });
    let mut parts: Vec<String> = parts.filter(|part| !matches!(part.as_str(), "" | "." | "..")).collect();
    // Folders from the left go first: the name itself says most.
    while parts.len() > 1 && parts.iter().map(|part| part.len() + 1).sum::<usize>() > NAME * 2 {
        parts.remove(0);
    }
    for part in &mut parts {
        let mut end = part.len().min(NAME);
        while !part.is_char_boundary(end) {
            end -= 1;
        }
        part.truncate(end);
    }
    if parts.is_empty() { "file".to_owned() } else { parts.join("/") }
}

/// Characters that turn the direction of text around, or have no width.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
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
    if file.is_done || wanted.parts.len() > AT_ONCE {
        return refused(StatusCode::CONFLICT, if file.is_done { "done" } else { "too-many" });
    }
    match urls(&app, &link, &file, &wanted.parts).await {
        Ok(answer) => {
            if app.store.touch(&file.id, now()).await.is_err() {
                return said(Refusal::Away);
            }
            answer
        }
        Err(error) => failed(&app, &link, &error),
    }
}

async fn urls(app: &App, link: &Drop, file: &Incoming, wanted: &[i64]) -> Result<Response> {
    let store = app.connections.store(&link.profile).await?;
    let upload = upload_of(link, file);
    let count = count_of_parts(file);
    if wanted.is_empty() {
        let arrived: Vec<u32> =
            arrived(&store, &upload, file).await?.iter().map(|part| part.number).collect();
        return Ok(
            Json(json!({ "part_size": file.part_size, "parts": count, "arrived": arrived })).into_response()
        );
    }
    let mut urls = serde_json::Map::new();
    for number in wanted {
        let part = u32::try_from(*number).ok().filter(|_| (1..=count).contains(number));
        let Some(part) = part else { return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, "part")) };
        let signed = store.presign(&part_request(&upload, part, length_of(file, *number))).await?;
        urls.insert(number.to_string(), signed.url.into());
    }
    Ok(Json(json!({ "urls": urls })).into_response())
}

fn length_of(file: &Incoming, number: i64) -> u64 {
    let from = (number - 1) * file.part_size;
    u64::try_from((file.size - from).clamp(0, file.part_size)).unwrap_or(0)
}

fn upload_of(link: &Drop, file: &Incoming) -> Upload {
    Upload {
        bucket: link.bucket.clone(),
        key: file.key.clone(),
        upload_id: file.upload_id.clone(),
        started: None,
    }
}

fn part_request(upload: &Upload, number: u32, length: u64) -> PresignRequest {
    PresignRequest {
        bucket: upload.bucket.clone(),
        key: upload.key.clone(),
        method: Method::Put,
        expires: LIFE,
        version_id: None,
        content_type: None,
        content_length: Some(length),
        content_disposition: None,
        part: Some(PartLink { upload_id: upload.upload_id.clone(), number }),
        signed_at: None,
    }
}

/// The parts that the provider has, as long as they must be.
async fn arrived(store: &Store, upload: &Upload, file: &Incoming) -> Result<Vec<CompletedPart>> {
    let parts = store.list_parts(upload).await?;
    let whole = parts.into_iter().filter(|part| part.size == length_of(file, i64::from(part.number)));
    Ok(whole.map(|part| CompletedPart { number: part.number, etag: part.etag }).collect())
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
    if file.is_done {
        return Json(json!({ "done": true })).into_response();
    }
    match finished(&app, &link, &file).await {
        Ok(true) => {
            let event = app.event(&visitor, "complete", &file.name);
            match app.store.finish_incoming(&file, &event).await {
                Ok(first) => {
                    if first {
                        count(&app.metrics.uploads);
                    }
                    Json(json!({ "done": true })).into_response()
                }
                Err(_) => said(Refusal::Away),
            }
        }
        Ok(false) => refused(StatusCode::CONFLICT, "missing"),
        Err(error) => failed(&app, &link, &error),
    }
}

/// Completes what the provider says has arrived; false if something is missing.
async fn finished(app: &App, link: &Drop, file: &Incoming) -> Result<bool> {
    let store = app.connections.store(&link.profile).await?;
    let upload = upload_of(link, file);
    let size = u64::try_from(file.size).unwrap_or(0);
    let parts = match arrived(&store, &upload, file).await {
        Ok(parts) => parts,
        // Completed before, and only the answer was lost?
        Err(error) if error.kind() == Kind::NotFound => {
            let there = store.head(&link.bucket, &file.key, None).await?;
            return Ok(there.size == size);
        }
        Err(error) => return Err(error),
    };
    if i64::try_from(parts.len()) != Ok(count_of_parts(file)) {
        return Ok(false);
    }
    store.complete_upload(&upload, &parts, &PutOptions::default()).await?;
    Ok(store.head(&link.bucket, &file.key, None).await?.size == size)
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
    if file.is_done {
        return refused(StatusCode::CONFLICT, "done");
    }
    match throw_away(&app, &link, &file, &app.event(&visitor, "abort", &file.name)).await {
        Ok(()) => Json(json!({ "gone": true })).into_response(),
        Err(error) => failed(&app, &link, &error),
    }
}

/// Aborts a file that does not come any more.
pub(super) async fn throw_away(
    app: &App,
    link: &Drop,
    file: &Incoming,
    event: &super::store::Event,
) -> Result<()> {
    let store = app.connections.store(&link.profile).await?;
    match store.abort_upload(&upload_of(link, file)).await {
        Err(error) if error.kind() != Kind::NotFound => return Err(error),
        _ => {}
    }
    app.store.forget_incoming(file, event).await.map(drop)
}

/// Throws away what nobody has gone on with since `before`, and what came too late.
pub(super) async fn sweep(app: &Arc<App>, before: i64) -> Result<()> {
    for file in app.store.stale(before, now()).await? {
        let Some(link) = app.store.drop_link(&file.drop_link).await? else { continue };
        let event = super::store::Event {
            happened: now(),
            kind: "abort".to_owned(),
            item: file.name.clone(),
            ..super::store::Event::default()
        };
        if let Err(error) = throw_away(app, &link, &file, &event).await {
            tracing::warn!(%error, drop = link.id, "an unfinished file could not be thrown away");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_and_show_what_they_are() {
        for (name, wanted) in [
            ("a.txt", "a.txt"),
            ("photos/2026/a.jpg", "photos/2026/a.jpg"),
            ("../../etc/passwd", "etc/passwd"),
            ("/abs//x", "abs/x"),
            ("a\\..\\b", "a/b"),
            ("", "file"),
            ("../..", "file"),
            ("cr\r\nlf\0.txt", "crlf.txt"),
            ("evil\u{202e}gpj.exe", "evilgpj.exe"),
            (" spaced ", "spaced"),
        ] {
            assert_eq!(clean(name), wanted, "{name:?}");
        }
        assert!(clean(&"é".repeat(500)).len() <= NAME);
        assert!(clean(&"folder/".repeat(500)).len() <= NAME * 3);
    }

    #[test]
    fn parts_cover_a_file_exactly() {
        let file = |size, part_size| Incoming {
            id: String::new(),
            drop_link: String::new(),
            key: String::new(),
            upload_id: String::new(),
            name: String::new(),
            size,
            part_size,
            is_done: false,
        };
        for size in [0, 1, PART - 1, PART, PART + 1, PART * 3] {
            let file = file(size, PART);
            let sum: u64 = (1..=count_of_parts(&file)).map(|number| length_of(&file, number)).sum();
            assert_eq!(sum, u64::try_from(size).unwrap());
            assert_eq!(length_of(&file, count_of_parts(&file) + 1), 0);
        }
    }
}
