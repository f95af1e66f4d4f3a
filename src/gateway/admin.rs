//! The admin listener: links are made, listed, changed and ended here, by whoever has the token.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hmac::digest::CtOutput;
use secrecy::SecretString;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::api::{ArrivedView, DropRequest, DropView, ExtendRequest, Password, ShareRequest, ShareView};
use super::app::{App, Shared, now};
use super::secret::{LONGEST_PASSWORD, new_token, token_hash};
use super::store::{Drop, Event, Item, Lock, NewShare, Share, new_id};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};

/// The largest request.
const BODY: usize = 1 << 20;
/// The longest life of a link: ten years.
const LONGEST: i64 = 10 * 366 * 24 * 3600;
/// Objects of one share.
const MOST_ITEMS: usize = 1000;
/// How often a counted download can be begun again.
const AGAIN: i64 = 3;
/// Rows of a list.
const LISTED: i64 = 10_000;
/// Events that are told.
const EVENTS: i64 = 10_000;

/// Everything that whoever has the token can ask for.
pub(super) fn routes(app: Shared) -> Router {
    Router::new()
        .route("/api/shares", get(shares).post(create_share))
        .route("/api/shares/{id}", get(share))
        .route("/api/shares/{id}/events", get(share_events))
        .route("/api/shares/{id}/revoke", post(revoke))
        .route("/api/shares/{id}/extend", post(extend))
        .route("/api/drops", get(drops).post(create_drop))
        .route("/api/drops/{id}", get(drop_link))
        .route("/api/drops/{id}/events", get(drop_events))
        .route("/api/drops/{id}/close", post(close))
        .route("/metrics", get(metrics))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard))
        .route("/health", get(health))
        .with_state(app)
}

/// Compared by their hashes, in a time that says nothing about them.
fn is_same(given: &str, token: &str) -> bool {
    let hash = |text: &str| CtOutput::<Sha256>::new(Sha256::digest(text.as_bytes()));
    hash(given) == hash(token)
}

async fn guard(State(app): State<Shared>, request: Request<Body>, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if !is_same(given, &app.admin_token) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "the token is not the gateway's" })))
            .into_response();
    }
    next.run(request).await
}

async fn health(State(app): State<Shared>) -> Response {
    match app.store.ping().await {
        Ok(()) => "ok\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response(),
    }
}

async fn metrics(State(app): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.text()).into_response()
}

fn answer(result: Result<impl serde::Serialize>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => {
            let status = match error.kind() {
                Kind::NotFound => StatusCode::NOT_FOUND,
                Kind::Usage => StatusCode::UNPROCESSABLE_ENTITY,
                Kind::Exists | Kind::Changed => StatusCode::CONFLICT,
                Kind::Denied | Kind::Credentials => StatusCode::FORBIDDEN,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            (status, Json(json!({ "error": error.message(), "hint": error.hint() }))).into_response()
        }
    }
}

/// What whoever has the token did.
fn event(kind: &str) -> Event {
    Event { happened: now(), kind: kind.to_owned(), ..Event::default() }
}

fn unknown(what: &str, id: &str) -> Error {
    Error::new(Kind::NotFound, format!("there is no {what} {id}"))
}

fn lasting(expires_in: i64) -> Result<i64> {
    if (1..=LONGEST).contains(&expires_in) {
        return Ok(now() + expires_in);
    }
    Err(Error::new(Kind::Usage, "a link lasts between a second and ten years"))
}

fn at_least_one(name: &str, number: Option<i64>) -> Result<()> {
    match number {
        Some(number) if number < 1 => Err(Error::new(Kind::Usage, format!("{name} must be at least 1"))),
        _ => Ok(()),
    }
}

async fn lock(app: &App, password: Option<Password>) -> Result<Lock> {
    let password = match password {
        None => None,
        Some(Password(text)) if text.is_empty() || text.len() > LONGEST_PASSWORD => {
            return Err(Error::new(Kind::Usage, format!("a password has 1 to {LONGEST_PASSWORD} bytes")));
        }
        Some(Password(text)) => Some(app.hashing.hash(SecretString::from(text)).await?),
    };
    Ok(Lock { password, rev: 1, until: 0 })
}

/// A token and what the store keeps of it.
fn token(app: &App, id: &str) -> Result<(String, String, String)> {
    let token = new_token()?;
    let hash = token_hash(&token).ok_or_else(|| Error::new(Kind::Internal, "a token has no hash"))?;
    let sealed = app.keys.seal(id, token.as_bytes())?;
    Ok((token, hash, sealed))
}

fn url(app: &App, kind: char, id: &str, sealed: &str) -> String {
    app.keys.open(id, sealed).map(|token| app.link(kind, &token)).unwrap_or_default()
}

fn remote(app: &App, text: &str) -> Result<Remote> {
    match Location::parse(text, app.connections.config().names())? {
        Location::Remote(remote) => Ok(remote),
        other => Err(Error::new(Kind::Usage, format!("{other} is not in a bucket"))
            .with_hint("write PROFILE:BUCKET/KEY, with a profile of the gateway")),
    }
}

async fn create_share(State(app): State<Shared>, Json(wanted): Json<ShareRequest>) -> Response {
    answer(new_share(&app, wanted).await)
}

async fn new_share(app: &App, wanted: ShareRequest) -> Result<ShareView> {
    let expires = lasting(wanted.expires_in)?;
    at_least_one("max", wanted.max)?;
    let again = wanted.again.unwrap_or(AGAIN);
    if !(0..=1000).contains(&again) {
        return Err(Error::new(Kind::Usage, "again is between 0 and 1000"));
    }
    let places: Vec<Remote> = wanted.locations.iter().map(|text| remote(app, text)).collect::<Result<_>>()?;
    let Some(first) = places.first() else { return Err(Error::new(Kind::Usage, "nothing to share")) };
    let is_prefix = |place: &Remote| place.key.is_empty() || place.key.ends_with('/');
    let below = if let [place] = places.as_slice()
        && is_prefix(place)
    {
        Some((place.bucket.clone(), place.key.clone()))
    } else {
        None
    };
    if below.is_none() && places.iter().any(is_prefix) {
        return Err(Error::new(Kind::Usage, "a prefix is shared alone")
            .with_hint("share it by itself, or name the objects in it"));
    }
    if places.iter().any(|place| place.profile != first.profile) {
        return Err(Error::new(Kind::Usage, "the objects of one share are of one profile"));
    }
    if places.len() > MOST_ITEMS {
        return Err(Error::new(Kind::Usage, format!("a share has at most {MOST_ITEMS} objects"))
            .with_hint("share their prefix"));
    }
    let items = if below.is_some() {
        reachable(app, first).await.map(|()| Vec::new())?
    } else {
        items(app, &places).await?
    };
    let name = wanted.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| title(first, &items));
    let id = new_id()?;
    let (_, token_hash, token_sealed) = token(app, &id)?;
    let share = Share {
        lock: lock(app, wanted.password).await?,
        id,
        token_sealed,
        profile: first.profile.clone(),
        below,
        name: visible(&name),
        note: visible(&wanted.note),
        created: now(),
        expires,
        max: wanted.max,
        used: 0,
        again,
        revoked: None,
    };
    let new = NewShare { share, token_hash, items };
    app.store.add_share(&new, &event("create")).await?;
    Ok(view(app, &new.share, Some(&new.items)))
}

/// Text for pages: without what cannot be seen, and not endless.
fn visible(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect::<String>().trim().to_owned()
}

fn title(first: &Remote, items: &[Item]) -> String {
    match items {
        [one] => one.name.clone(),
        [] => first.key.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned(),
        several => format!("{} and {} more", several[0].name, several.len() - 1),
    }
}

/// Whether there is anything that can be listed.
async fn reachable(app: &App, place: &Remote) -> Result<()> {
    let store = app.connections.store(&place.profile).await?;
    let request = crate::s3::ListRequest {
        bucket: place.bucket.clone(),
        prefix: place.key.clone(),
        recursive: true,
        max_keys: Some(1),
        ..crate::s3::ListRequest::default()
    };
    store.list(&request).await.map(drop)
}

/// The objects as they are now; names that are equal are told apart.
async fn items(app: &App, places: &[Remote]) -> Result<Vec<Item>> {
    let mut items: Vec<Item> = Vec::with_capacity(places.len());
    for place in places {
        let store = app.connections.store(&place.profile).await?;
        let info = store.head(&place.bucket, &place.key, None).await?;
        let plain = visible(place.key.rsplit('/').next().unwrap_or(&place.key));
        let mut name = if plain.is_empty() { "file".to_owned() } else { plain.clone() };
        let mut number = 1;
        while items.iter().any(|item| item.name == name) {
            number += 1;
            name = match plain.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) {
                Some((stem, ending)) => format!("{stem} ({number}).{ending}"),
                None => format!("{plain} ({number})"),
            };
        }
        items.push(Item {
            bucket: place.bucket.clone(),
            key: place.key.clone(),
            version: info.version_id,
            etag: info.etag,
            size: i64::try_from(info.size).unwrap_or(i64::MAX),
            name,
        });
    }
    Ok(items)
}

/// A share as it is told; with its items its URL too.
fn view(app: &App, share: &Share, items: Option<&[Item]>) -> ShareView {
    let at = |bucket: &str, key: &str| {
        let place = Remote { profile: share.profile.clone(), bucket: bucket.to_owned(), key: key.to_owned() };
        Location::Remote(place).exact()
    };
    let locations = match (&share.below, items) {
        (Some((bucket, prefix)), _) => vec![at(bucket, prefix)],
        (None, items) => items.unwrap_or_default().iter().map(|item| at(&item.bucket, &item.key)).collect(),
    };
    let state = match share {
        share if share.revoked.is_some() => "revoked",
        share if share.expires <= now() => "expired",
        share if share.is_exhausted() => "exhausted",
        _ => "open",
    };
    ShareView {
        id: share.id.clone(),
        url: items.map(|_| url(app, 's', &share.id, &share.token_sealed)).unwrap_or_default(),
        locations,
        name: share.name.clone(),
        note: share.note.clone(),
        password: share.lock.password.is_some(),
        created: share.created,
        expires: share.expires,
        max: share.max,
        used: share.used,
        state: state.to_owned(),
    }
}

async fn shares(State(app): State<Shared>) -> Response {
    let shares = app.store.shares(LISTED).await;
    answer(shares.map(|shares| shares.iter().map(|share| view(&app, share, None)).collect::<Vec<_>>()))
}

async fn one_share(app: &App, id: &str) -> Result<ShareView> {
    let share = app.store.share(id).await?.ok_or_else(|| unknown("share", id))?;
    let items = app.store.items(id).await?;
    Ok(view(app, &share, Some(&items)))
}

async fn share(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    answer(one_share(&app, &id).await)
}

async fn share_events(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let events = async {
        app.store.share(&id).await?.ok_or_else(|| unknown("share", &id))?;
        app.store.events(&id, EVENTS).await
    };
    answer(events.await)
}

async fn revoke(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let revoked = async {
        if !app.store.revoke(&id, &event("revoke")).await? {
            app.store.share(&id).await?.ok_or_else(|| unknown("share", &id))?;
        }
        one_share(&app, &id).await
    };
    answer(revoked.await)
}

async fn extend(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Json(wanted): Json<ExtendRequest>,
) -> Response {
    let extended = async {
        at_least_one("max", wanted.max)?;
        let expires = wanted.expires_in.map(lasting).transpose()?;
        if expires.is_none() && wanted.max.is_none() {
            return Err(Error::new(Kind::Usage, "nothing to change"));
        }
        if !app.store.extend(&id, expires, wanted.max, &event("extend")).await? {
            app.store.share(&id).await?.ok_or_else(|| unknown("share", &id))?;
            return Err(Error::new(Kind::Changed, format!("share {id} was revoked"))
                .with_hint("what was withdrawn stays so; make a new one"));
        }
        one_share(&app, &id).await
    };
    answer(extended.await)
}

async fn create_drop(State(app): State<Shared>, Json(wanted): Json<DropRequest>) -> Response {
    answer(new_drop(&app, wanted).await)
}

async fn new_drop(app: &App, wanted: DropRequest) -> Result<DropView> {
    let expires = lasting(wanted.expires_in)?;
    at_least_one("max_files", wanted.max_files)?;
    at_least_one("max_bytes", wanted.max_bytes)?;
    let place = remote(app, &wanted.location)?;
    if !place.key.is_empty() && !place.key.ends_with('/') {
        return Err(Error::new(Kind::Usage, format!("{place} is not a prefix"))
            .with_hint("write a `/` at its end: files go below it"));
    }
    app.connections.config().profile(&place.profile)?.writable(&format!("take files in at {place}"))?;
    reachable(app, &place).await?;
    let id = new_id()?;
    let (_, token_hash, token_sealed) = token(app, &id)?;
    let name = wanted.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "Send files".to_owned());
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
    one_drop(app, &new.id).await
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
            done: file.is_done,
        }
    });
    Ok(DropView { arrived: arrived.collect(), ..drop_view(app, &link, true) })
}

async fn drops(State(app): State<Shared>) -> Response {
    let drops = app.store.drops(LISTED).await;
    answer(drops.map(|drops| drops.iter().map(|link| drop_view(&app, link, false)).collect::<Vec<_>>()))
}

async fn drop_link(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    answer(one_drop(&app, &id).await)
}

async fn drop_events(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let events = async {
        app.store.drop_link(&id).await?.ok_or_else(|| unknown("drop link", &id))?;
        app.store.events(&id, EVENTS).await
    };
    answer(events.await)
}

async fn close(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let closed = async {
        if !app.store.close_drop(&id, &event("close")).await? {
            app.store.drop_link(&id).await?.ok_or_else(|| unknown("drop link", &id))?;
        }
        one_drop(&app, &id).await
    };
    answer(closed.await)
}
