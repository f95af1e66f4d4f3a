//! Drop links: made, listed, ended.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;

use super::{
    EVENTS, LISTED, answer, at_least_one, event, lasting, lock, reachable, remote, token, unknown, url,
    visible,
};
use crate::error::{Error, Kind, Result};
use crate::gateway::api::{ArrivedView, DropRequest, DropView};
use crate::gateway::app::{App, Shared, now};
use crate::gateway::store::{Drop, Stage, new_id};
use crate::links::preflight;
use crate::location::{Location, Remote};
use crate::s3::{Method, PresignRequest};

/// How long a provider may take to say what browsers may do.
const PREFLIGHT: Duration = Duration::from_secs(5);

pub(super) async fn create_drop(State(app): State<Shared>, Json(wanted): Json<DropRequest>) -> Response {
    answer(new_drop(&app, wanted).await)
}

async fn new_drop(app: &App, wanted: DropRequest) -> Result<DropView> {
    let expires = lasting(wanted.expires_in)?;
    at_least_one("max_files", wanted.max_files)?;
    at_least_one("max_bytes", wanted.max_bytes)?;
    let place = remote(app, &wanted.location)?;
    if !place.is_prefix() {
        return Err(Error::new(Kind::Usage, format!("{place} is not a prefix"))
            .with_hint("write a `/` at its end: files go below it"));
    }
    app.connections.config().profile(&place.profile)?.writable(&format!("take files in at {place}"))?;
    reachable(app, &place).await?;
    let id = new_id()?;
    let (_, token_hash, token_sealed) = token(app, &id)?;
    let name = wanted.name.filter(|name| !name.trim().is_empty()).unwrap_or_default();
    let new = Drop {
        lock: lock(app, wanted.password).await?,
        id,
        token_sealed,
        profile: place.profile,
        bucket: place.bucket,
        prefix: place.key,
        name: visible(&name),
        note: visible(&wanted.note),
        created: now(),
        expires,
        max_files: wanted.max_files,
        max_bytes: wanted.max_bytes,
        files: 0,
        bytes: 0,
        closed: None,
    };
    app.store.add_drop(&new, &token_hash, &event("create")).await?;
    Ok(DropView { warning: warning(app, &new).await, ..one_drop(app, &new.id).await? })
}

/// Asks the provider as a sender's browser will. That it may not send is told, but refuses nothing: the rule can be set
/// later, and perhaps it is only from here that nobody answers.
async fn warning(app: &App, link: &Drop) -> String {
    let origin = &app.serve.public_url;
    let asked = async {
        let store = app.connections.store(&link.profile).await?;
        let request = PresignRequest {
            bucket: link.bucket.clone(),
            key: format!("{}x", link.prefix),
            method: Method::Put,
            expires: Duration::from_secs(1),
            ..PresignRequest::default()
        };
        preflight(store.http(), origin, Method::Put, &store.presign(&request).await?).await
    };
    match tokio::time::timeout(PREFLIGHT, asked).await {
        Ok(Ok(cors)) if cors.allowed => String::new(),
        Ok(Ok(cors)) => format!(
            "senders' browsers may not send there: the bucket's CORS rules do not allow it. This one does:\n{}",
            cors.rule
        ),
        Ok(Err(_)) | Err(_) => format!(
            "whether senders' browsers may send there could not be asked; the bucket's CORS rules must allow PUT for {origin}"
        ),
    }
}

fn drop_view(app: &App, link: &Drop, whole: bool) -> DropView {
    let place =
        Remote { profile: link.profile.clone(), bucket: link.bucket.clone(), key: link.prefix.clone() };
    let state = match link {
        link if link.closed.is_some() => "closed",
        link if link.is_over(now()) => "expired",
        _ => "open",
    };
    DropView {
        id: link.id.clone(),
        url: if whole { url(app, 'd', &link.id, &link.token_sealed) } else { String::new() },
        location: Location::Remote(place).exact(),
        name: link.name.clone(),
        note: link.note.clone(),
        password: link.lock.password.is_some(),
        created: link.created,
        expires: link.expires,
        max_files: link.max_files,
        max_bytes: link.max_bytes,
        files: link.files,
        bytes: link.bytes,
        state: state.to_owned(),
        arrived: Vec::new(),
        warning: String::new(),
    }
}

async fn one_drop(app: &App, id: &str) -> Result<DropView> {
    let link = app.store.drop_link(id).await?.ok_or_else(|| unknown("drop link", id))?;
    let arrived = app.store.arrived(id).await?.into_iter().map(|file| {
        let place = Remote { profile: link.profile.clone(), bucket: link.bucket.clone(), key: file.key };
        ArrivedView {
            location: Location::Remote(place).exact(),
            name: file.name,
            size: file.size,
            done: file.stage == Stage::Done,
        }
    });
    Ok(DropView { arrived: arrived.collect(), ..drop_view(app, &link, true) })
}

pub(super) async fn drops(State(app): State<Shared>) -> Response {
    let drops = app.store.drops(LISTED).await;
    answer(drops.map(|drops| drops.iter().map(|link| drop_view(&app, link, false)).collect::<Vec<_>>()))
}

pub(super) async fn drop_link(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    answer(one_drop(&app, &id).await)
}

pub(super) async fn drop_events(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let events = async {
        app.store.drop_link(&id).await?.ok_or_else(|| unknown("drop link", &id))?;
        app.store.events(&id, EVENTS).await
    };
    answer(events.await)
}

pub(super) async fn close(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let closed = async {
        if !app.store.close_drop(&id, &event("close")).await? {
            app.store.drop_link(&id).await?.ok_or_else(|| unknown("drop link", &id))?;
        }
        one_drop(&app, &id).await
    };
    answer(closed.await)
}
