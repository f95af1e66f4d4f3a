//! The admin listener: links are made, listed, changed and ended here, by whoever has the token.

mod drops;
mod shares;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hmac::digest::CtOutput;
use secrecy::SecretString;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::api::Password;
use super::app::{App, Shared, now};
use super::secret::{LONGEST_PASSWORD, new_token, token_hash};
use super::store::{Event, Lock};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};

/// The largest request.
const BODY: usize = 1 << 20;
/// The longest life of a link: ten years.
const LONGEST: i64 = 10 * 366 * 24 * 3600;
/// Rows of a list.
const LISTED: i64 = 10_000;
/// Events that are told.
const EVENTS: i64 = 10_000;

/// Everything that whoever has the token can ask for.
pub(super) fn routes(app: Shared) -> Router {
    Router::new()
        .route("/api/shares", get(shares::shares).post(shares::create_share))
        .route("/api/shares/{id}", get(shares::share))
        .route("/api/shares/{id}/events", get(shares::share_events))
        .route("/api/shares/{id}/revoke", post(shares::revoke))
        .route("/api/shares/{id}/extend", post(shares::extend))
        .route("/api/drops", get(drops::drops).post(drops::create_drop))
        .route("/api/drops/{id}", get(drops::drop_link))
        .route("/api/drops/{id}/events", get(drops::drop_events))
        .route("/api/drops/{id}/close", post(drops::close))
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

/// Empty for a link that was sealed for another one, or was changed.
fn url(app: &App, kind: char, id: &str, sealed: &str) -> String {
    let token = app.keys.open(id, sealed);
    if token.is_none() {
        tracing::error!(id, "the sealed link in the store was changed");
    }
    token.map(|token| app.link(kind, &token)).unwrap_or_default()
}

fn remote(app: &App, text: &str) -> Result<Remote> {
    match Location::parse(text, app.connections.config().names())? {
        Location::Remote(remote) => Ok(remote),
        other => Err(Error::new(Kind::Usage, format!("{other} is not in a bucket"))
            .with_hint("write PROFILE:BUCKET/KEY, with a profile of the gateway")),
    }
}

/// Text for pages: without what cannot be seen, and not endless.
fn visible(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect::<String>().trim().to_owned()
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
