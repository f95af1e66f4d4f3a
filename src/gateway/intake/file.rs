//! One file that comes in: its key, its parts, its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::{Start, refused};
use crate::error::{Kind, Result};
use crate::gateway::app::{App, Shared, now};
use crate::gateway::metrics::count;
use crate::gateway::store::{Drop, Event, Incoming, NewIncoming, Stage, new_id};
use crate::gateway::visitor::Visitor;
use crate::s3::{CompletedPart, Method, PartLink, PresignRequest, PutOptions, Store, Upload};

/// A part's URL can be begun to be used for so long.
const LIFE: Duration = Duration::from_mins(15);
/// The smallest part but the last.
pub(super) const PART: i64 = 16 << 20;
pub(super) const MOST_PARTS: i64 = 10_000;
/// The longest name that a file keeps, in bytes.
const NAME: usize = 200;

pub(super) fn count_of_parts(file: &Incoming) -> i64 {
    (file.size + file.part_size - 1).div_euclid(file.part_size).max(1)
}

pub(super) async fn begin(app: &App, link: &Drop, visitor: &Visitor, wanted: &Start) -> Result<Incoming> {
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
        stage: Stage::Open,
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

pub(super) async fn urls(app: &App, link: &Drop, file: &Incoming, wanted: &[i64]) -> Result<Response> {
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

pub(super) fn part_request(upload: &Upload, number: u32, length: u64) -> PresignRequest {
    PresignRequest {
        bucket: upload.bucket.clone(),
        key: upload.key.clone(),
        method: Method::Put,
        expires: LIFE,
        content_length: Some(length),
        part: Some(PartLink { upload_id: upload.upload_id.clone(), number }),
        ..PresignRequest::default()
    }
}

/// The parts that the provider has, as long as they must be. One that was sent twice may be listed twice.
async fn arrived(store: &Store, upload: &Upload, file: &Incoming) -> Result<Vec<CompletedPart>> {
    let parts = store.list_parts(upload).await?;
    let whole = parts.into_iter().filter(|part| part.size == length_of(file, i64::from(part.number)));
    let by_number: BTreeMap<u32, String> = whole.map(|part| (part.number, part.etag)).collect();
    Ok(by_number.into_iter().map(|(number, etag)| CompletedPart { number, etag }).collect())
}

/// Completes a file; false if something of it is missing. To be run in a task of its own: a visitor who has waited long
/// enough must not end it half-way.
pub(super) async fn finish(app: Shared, link: Drop, file: Incoming, event: Event) -> Result<bool> {
    if !app.store.begin_finishing(&file.id, now()).await? {
        return Ok(false);
    }
    match finished(&app, &link, &file).await {
        Ok(true) => {
            if app.store.finish_incoming(&file, &event).await? {
                count(&app.metrics.uploads);
            }
            Ok(true)
        }
        Ok(false) => app.store.stop_finishing(&file.id, Stage::Open).await.map(|()| false),
        Err(error) => {
            // Other failures leave open whether the provider did it.
            let gone = error.kind() == Kind::NotFound;
            let stage = if gone { Stage::Open } else { Stage::Unsettled };
            app.store.stop_finishing(&file.id, stage).await?;
            Err(error)
        }
    }
}

/// Completes what the provider says has arrived; false if something is missing.
async fn finished(app: &App, link: &Drop, file: &Incoming) -> Result<bool> {
    let store = app.connections.store(&link.profile).await?;
    let upload = upload_of(link, file);
    let parts = match arrived(&store, &upload, file).await {
        Ok(parts) => parts,
        // Completed before, and only the answer was lost?
        Err(error) if error.kind() == Kind::NotFound => {
            return if is_there(&store, link, file).await? { Ok(true) } else { Err(error) };
        }
        Err(error) => return Err(error),
    };
    if i64::try_from(parts.len()) != Ok(count_of_parts(file)) {
        return Ok(false);
    }
    match store.complete_upload(&upload, &parts, &PutOptions::default()).await {
        Ok(_) => Ok(store.head(&link.bucket, &file.key, None).await?.size == size_of(file)),
        // Done by an attempt whose answer was lost?
        Err(error) if error.kind() == Kind::NotFound && is_there(&store, link, file).await? => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether the whole file is in the bucket. Without the right to list, what is not there is denied.
async fn is_there(store: &Store, link: &Drop, file: &Incoming) -> Result<bool> {
    match store.head(&link.bucket, &file.key, None).await {
        Ok(there) => Ok(there.size == size_of(file)),
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Denied) => Ok(false),
        Err(error) => Err(error),
    }
}

fn size_of(file: &Incoming) -> u64 {
    u64::try_from(file.size).unwrap_or(0)
}

/// Aborts a file that does not come any more; false if it has come after all, or is about to.
pub(super) async fn throw_away(app: &App, link: &Drop, file: &Incoming, event: &Event) -> Result<bool> {
    let store = app.connections.store(&link.profile).await?;
    match store.abort_upload(&upload_of(link, file)).await {
        Err(error) if error.kind() != Kind::NotFound => return Err(error),
        _ => {}
    }
    // Where a completion was faster there is nothing to abort, but an object that takes its room.
    if is_there(&store, link, file).await? {
        let event = Event { kind: "complete".to_owned(), ..event.clone() };
        if app.store.finish_incoming(file, &event).await? {
            count(&app.metrics.uploads);
        }
        return Ok(false);
    }
    app.store.forget_incoming(file, event).await
}

/// Throws away what nobody has gone on with since `before`, and what came too late.
pub(in crate::gateway) async fn sweep(app: &Arc<App>, before: i64) -> Result<()> {
    for file in app.store.stale(before, now()).await? {
        let Some(link) = app.store.drop_link(&file.drop_link).await? else { continue };
        let event =
            Event { happened: now(), kind: "abort".to_owned(), item: file.name.clone(), ..Event::default() };
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
            stage: Stage::Open,
        };
        for size in [0, 1, PART - 1, PART, PART + 1, PART * 3] {
            let file = file(size, PART);
            let sum: u64 = (1..=count_of_parts(&file)).map(|number| length_of(&file, number)).sum();
            assert_eq!(sum, u64::try_from(size).unwrap());
            assert_eq!(length_of(&file, count_of_parts(&file) + 1), 0);
        }
    }
}
